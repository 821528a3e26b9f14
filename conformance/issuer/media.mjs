// A host that is guarded, and the neighbours that it has: `gatepass serve` over TLS, `gatepass issue`
// behind it as in examples/issuer, and passes that live for seconds.

import { spawn, spawnSync } from "node:child_process";
import { closeSync, cpSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { setting } from "../node/setting.mjs";
import { freePort } from "../oidc/issuer.mjs";
import { CLIENT_ID, CLIENT_SECRET } from "../oidc/provider.mjs";
import { layFilm } from "./film.mjs";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const PATIENCE = 20_000;
const ENTITLEMENTS = ["films", "pictures"];

export const HOST = "media.example.com";
export const PASSWORD = "correct horse battery staple";
export const PEOPLE = ["ada", "bob", "cem", "dan"];
/// Seconds that a pass lives.
export const PASS = 20;
/// Seconds before its end at which the script renews.
export const BEFORE = 4;
/// Seconds before its end at which the edge sends pages to the renewal.
export const PAGES_BEFORE = 8;
/// Seconds after the login at which a session ends, whatever happens.
export const SESSION = 70;

export class Media {
  folder = mkdtempSync(join(tmpdir(), "gatepass-issuer-"));
  #children = [];

  /// Takes ports and makes a certificate; nothing listens yet.
  static async prepare() {
    const self = new Media();
    [self.port, self.issuerPort] = [await freePort(), await freePort()];
    self.origin = `https://${HOST}:${self.port}`;
    self.url = `${self.origin}/_gatepass`;
    self.#makeCertificate();
    return self;
  }

  async start(provider) {
    const site = join(this.folder, "site");
    cpSync(join(PROJECT, "examples/issuer/site"), site, { recursive: true });
    layFilm(site, SESSION + 10);
    this.write("issuer.secret", "0123456789abcdef0123456789abcdef0123456789abcdef\n");
    this.write("oidc.secret", `${CLIENT_SECRET}\n`);
    this.write("issuer.toml", this.issuerFile(provider));
    this.write("gatepass.toml", this.#edgeFile());
    this.call(["keys", "new", "--type", "p256", "--id", "K1", "--out", "keys"]);
    for (const name of PEOPLE) {
      this.call(["users", "add", name, "--group", "members", "--password-stdin"], `${PASSWORD}\n`);
    }
    await this.#serve(["issue", "--config", "issuer.toml"], this.issuerPort);
    await this.#serve(["serve", "--config", "gatepass.toml"], this.port);
  }

  write(name, text) {
    writeFileSync(join(this.folder, name), text, { mode: 0o600 });
  }

  /// Runs `gatepass`: what it said, and its exit code.
  run(words, input = "") {
    const { status, stdout, stderr } = spawnSync(setting("GATEPASS_BIN"), words, { cwd: this.folder, input });
    return { status, said: `${stdout}${stderr}` };
  }

  /// The same, if it has to go well.
  call(words, input) {
    const { status, said } = this.run(words, input);
    if (status !== 0) throw new Error(`gatepass ${words.join(" ")} ended with ${status} and said:\n${said}`);
    return said;
  }

  log(name) {
    return readFileSync(join(this.folder, `${name}.log`), "utf8");
  }

  async stop() {
    for (const child of this.#children) {
      const ended = new Promise((resolve) => child.once("close", resolve));
      if (child.exitCode === null && child.kill("SIGTERM")) await ended;
    }
    rmSync(this.folder, { recursive: true });
  }

  #makeCertificate() {
    const made = spawnSync(
      setting("GATEPASS_TOOL_OPENSSL"),
      [
        ...["req", "-x509", "-nodes", "-days", "2", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
        ...["-subj", `/CN=${HOST}`, "-addext", "subjectAltName=DNS:*.example.com,DNS:*.media.example.com"],
        ...["-keyout", "key.pem", "-out", "cert.pem"],
      ],
      { cwd: this.folder },
    );
    if (made.status !== 0) throw new Error(`openssl made no certificate: ${made.stderr}`);
  }

  async #serve(words, port) {
    const log = openSync(join(this.folder, `${words[0]}.log`), "a");
    const stdio = ["ignore", log, log];
    const child = spawn(setting("GATEPASS_BIN"), words, { cwd: this.folder, stdio });
    closeSync(log);
    this.#children.unshift(child);
    const deadline = Date.now() + PATIENCE;
    while (!(await isAnswered(port))) {
      if (child.exitCode !== null || Date.now() > deadline) {
        throw new Error(`gatepass ${words.join(" ")} did not come up; it said:\n${this.log(words[0])}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /// `issuer.toml`; `cookies` says how they are laid.
  issuerFile(provider, cookies = "{}") {
    const entitlements = ENTITLEMENTS.map(
      (name) => `
[[entitlement]]
id = "${name}"
for = { groups = ["members"] }
resources = ["${this.origin}/${name}/*"]
lifetime-seconds = ${PASS}
cookies = ${cookies}
`,
    );
    return `
[issuer]
listen = "127.0.0.1:${this.issuerPort}"
url = "${this.url}"
trusted-proxies = ["127.0.0.1"]
secret = { file = "issuer.secret" }
renew-before-seconds = ${BEFORE}

[issuer.session]
absolute-seconds = ${SESSION}

[[signing-key]]
key-pair-id = "K1"
private-key = { file = "keys/K1.private.pem" }
${entitlements.join("")}
[login.users]
file = "users.toml"

[login.oidc]
issuer = "${provider.issuer}"
client-id = "${CLIENT_ID}"
client-secret = { file = "oidc.secret" }
scopes = ["email", "groups"]
claims = ["groups"]
label = "the film club"
`;
  }

  #edgeFile() {
    const guarded = ENTITLEMENTS.map(
      (name) => `
[[distribution.behavior]]
path-pattern = "/${name}/*"
origin = "site"
trusted-key-groups = ["signers"]
on-denied = { redirect-pages-to = "/_gatepass/login" }
renew = { pages-at = "/_gatepass/renew", before-seconds = ${PAGES_BEFORE} }
response-headers = { Cache-Control = "private, no-cache" }
`,
    );
    return `
[edge]
listen = "127.0.0.1:${this.port}"
access-log = { file = "access.log", format = "json" }
tls = [{ certificate = "cert.pem", key = "key.pem" }]

[[public-key]]
id = "K1"
file = "keys/K1.public.pem"

[[key-group]]
id = "signers"
public-keys = ["K1"]

[[distribution]]
id = "media"
aliases = ["${HOST}"]
default-root-object = "index.html"

[[distribution.origin]]
id = "site"
directory = "site"

[[distribution.origin]]
id = "issuer"
http = "http://127.0.0.1:${this.issuerPort}"

[[distribution.behavior]]
path-pattern = "/_gatepass/*"
origin = "issuer"
cache-policy = "CachingDisabled"
origin-request-policy = "AllViewer"
allowed-methods = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
${guarded.join("")}
[distribution.default-behavior]
origin = "site"
`;
  }
}

function isAnswered(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("error", () => resolve(false));
    socket.once("connect", () => (socket.destroy(), resolve(true)));
  });
}
