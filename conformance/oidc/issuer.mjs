// `gatepass issue`, on a free port of the loopback, with people who log in elsewhere.

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync, openSync, closeSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { setting } from "../node/setting.mjs";
import { CLIENT_ID, CLIENT_SECRET } from "./provider.mjs";

const PATIENCE = 20_000;

export const ORIGIN = "https://media.example.com";
export const URL_ = `${ORIGIN}/_gatepass`;

export class Issuer {
  #folder = mkdtempSync(join(tmpdir(), "gatepass-oidc-"));
  #child;

  static async start(provider, port) {
    const self = new Issuer();
    self.port = port;
    const write = (name, text) => writeFileSync(join(self.#folder, name), text, { mode: 0o600 });
    write("issuer.secret", "0123456789abcdef0123456789abcdef0123456789abcdef\n");
    write("oidc.secret", `${CLIENT_SECRET}\n`);
    write("issuer.toml", configuration(provider, port));
    const words = ["keys", "new", "--type", "p256", "--id", "K1"];
    self.#run(words);
    await self.#serve();
    return self;
  }

  log() {
    return readFileSync(join(this.#folder, "log"), "utf8");
  }

  async stop() {
    const ended = new Promise((resolve) => this.#child.once("close", resolve));
    this.#child.kill("SIGTERM");
    const code = await ended;
    rmSync(this.#folder, { recursive: true });
    return code;
  }

  #run(words) {
    const { status, stderr } = spawnSync(setting("GATEPASS_BIN"), words, { cwd: this.#folder });
    if (status !== 0) throw new Error(`gatepass ${words.join(" ")} said:\n${stderr}`);
  }

  async #serve() {
    const log = openSync(join(this.#folder, "log"), "a");
    const words = ["issue", "--config", "issuer.toml"];
    const stdio = ["ignore", log, log];
    this.#child = spawn(setting("GATEPASS_BIN"), words, { cwd: this.#folder, stdio });
    closeSync(log);
    const deadline = Date.now() + PATIENCE;
    while (!(await isAnswered(this.port))) {
      if (this.#child.exitCode !== null || Date.now() > deadline) {
        throw new Error(`gatepass ${words.join(" ")} did not come up; it said:\n${this.log()}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

function configuration(provider, port) {
  return `
[issuer]
listen = "127.0.0.1:${port}"
url = "${URL_}"
trusted-proxies = ["127.0.0.1"]
return-to = ["${ORIGIN}"]
secret = { file = "issuer.secret" }

[[signing-key]]
key-pair-id = "K1"
private-key = { file = "K1.private.pem" }

[[entitlement]]
id = "films"
for = { groups = ["members"] }
resources = ["${ORIGIN}/films/*"]
lifetime-seconds = 600

[login.oidc]
issuer = "${provider.issuer}"
client-id = "${CLIENT_ID}"
client-secret = { file = "oidc.secret" }
scopes = ["email", "groups"]
claims = ["groups"]
end-session = true
label = "the test's provider"
`;
}

export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function isAnswered(port) {
  try {
    await fetch(`http://127.0.0.1:${port}/`, { redirect: "manual" });
    return true;
  } catch {
    return false;
  }
}
