// The certified OpenID Connect provider `oidc-provider`, on a free port of the loopback, with its
// own development pages for logging in. It can be told to change its keys, to lie, and to be down.

import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { setting } from "../node/setting.mjs";

const library = (path) => import(pathToFileURL(join(setting("GATEPASS_NODE_MODULES"), path)));
const { Provider } = await library("node_modules/oidc-provider/lib/index.js");
const { SignJWT, decodeJwt, importJWK } = await library("node_modules/jose/dist/webapi/index.js");

export const CLIENT_ID = "gatepass";
export const CLIENT_SECRET = "a client's secret: with + and %, 32 bytes and more";

/// Everybody who can log in, by what they type, and what is said of them.
const PEOPLE = {
  ada: { email: "ada@example.com", email_verified: true, groups: ["members"] },
  eve: { email: "eve@example.com", email_verified: false, groups: [] },
};

export class LoginService {
  /// What was asked, as `METHOD /path`.
  asked = [];
  /// Changes an ID token's claims before it is signed once more; null leaves it alone.
  lie = null;
  /// Another header for the same lie.
  lieHeader = {};
  #server;
  #handle;
  #redirectUri;
  #afterLogout;
  #keys;

  static async start(redirectUri, afterLogout) {
    const self = new LoginService();
    self.#redirectUri = redirectUri;
    self.#afterLogout = afterLogout;
    self.#server = createServer((request, answer) => self.#answer(request, answer));
    await new Promise((resolve) => self.#server.listen(0, "127.0.0.1", resolve));
    self.port = self.#server.address().port;
    self.issuer = `http://127.0.0.1:${self.port}`;
    self.rotate("RS256");
    return self;
  }

  /// Takes a new key, and forgets the old one.
  rotate(algorithm) {
    this.#keys = { keys: [newKey(algorithm)] };
    const provider = new Provider(this.issuer, this.#configuration(algorithm));
    this.#handle = provider.callback();
  }

  /// Stops listening: whoever comes is refused a connection.
  async goDown() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async comeUp() {
    await new Promise((resolve) => this.#server.listen(this.port, "127.0.0.1", resolve));
  }

  count(request) {
    return this.asked.filter((one) => one === request).length;
  }

  /// A logout token for a person, as the provider would send it.
  async logoutToken(claims) {
    const key = this.#keys.keys[0];
    const event = { "http://schemas.openid.net/event/backchannel-logout": {} };
    const whole = { iss: this.issuer, aud: CLIENT_ID, jti: randomUUID(), events: event, ...claims };
    return new SignJWT(whole)
      .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: "logout+jwt" })
      .setIssuedAt()
      .setExpirationTime("2 minutes")
      .sign(await importJWK(key, key.alg));
  }

  #configuration(algorithm) {
    return {
      jwks: this.#keys,
      clients: [
        {
          client_id: CLIENT_ID,
          client_secret: CLIENT_SECRET,
          redirect_uris: [this.#redirectUri],
          post_logout_redirect_uris: [this.#afterLogout],
          id_token_signed_response_alg: algorithm,
        },
      ],
      cookies: { keys: ["only for this test"] },
      claims: { openid: ["sub"], email: ["email", "email_verified"], groups: ["groups"] },
      // So that claims of scopes come from userinfo alone, as they do by default.
      conformIdTokenClaims: true,
      enabledJWA: { idTokenSigningAlgValues: ["RS256", "ES256", "PS256", "EdDSA", "Ed25519", "HS256"] },
      findAccount: (_, id) => {
        const claims = PEOPLE[id];
        return claims && { accountId: id, claims: () => ({ sub: id, ...claims }) };
      },
      pkce: { required: () => true },
      ttl: { AccessToken: 60, AuthorizationCode: 60, Grant: 600, IdToken: 60, Interaction: 600, Session: 600 },
      renderError: (ctx, out) => {
        ctx.body = JSON.stringify(out);
      },
    };
  }

  async #answer(request, answer) {
    const path = request.url.split("?")[0];
    this.asked.push(`${request.method} ${path}`);
    if (this.lie !== null && path === "/token") this.#tamper(answer);
    this.#handle(request, answer);
  }

  /// Holds the answer of the token endpoint back until its ID token is another one.
  #tamper(answer) {
    const end = answer.end.bind(answer);
    answer.end = async (body, ...rest) => {
      const tokens = JSON.parse(body);
      if (tokens.id_token === undefined) return end(body, ...rest);
      const key = this.#keys.keys[0];
      const claims = { ...decodeJwt(tokens.id_token) };
      delete claims.at_hash;
      this.lie(claims);
      const header = { alg: key.alg, kid: key.kid, ...this.lieHeader };
      tokens.id_token =
        header.alg === "none"
          ? `${base64(header)}.${base64(claims)}.`
          : await new SignJWT(claims)
              .setProtectedHeader(header)
              .sign(header.alg === key.alg ? await importJWK(key, key.alg) : Buffer.from(CLIENT_SECRET));
      const text = JSON.stringify(tokens);
      answer.setHeader("content-length", Buffer.byteLength(text));
      return end(text);
    };
  }
}

function base64(value) {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function newKey(algorithm) {
  const kinds = {
    RS256: ["rsa", { modulusLength: 2048 }],
    PS256: ["rsa", { modulusLength: 2048 }],
    ES256: ["ec", { namedCurve: "P-256" }],
    EdDSA: ["ed25519", {}],
  };
  const { privateKey } = generateKeyPairSync(...kinds[algorithm]);
  return { ...privateKey.export({ format: "jwk" }), alg: algorithm, use: "sig", kid: randomUUID() };
}
