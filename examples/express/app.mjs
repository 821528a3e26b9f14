// An Express application that gives its users CloudFront's signed cookies when they log in.

import { createHash, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";

import { getSignedCookies } from "@aws-sdk/cloudfront-signer";
import express from "express";

const PASSWORD = process.env.PASSWORD;
if (!PASSWORD) throw new Error("PASSWORD is not set; it is what people log in with");
const SITE = process.env.SITE ?? "http://localhost:8080"; // as the browser sees it
const KEY_ID = "K1";
const PRIVATE_KEY = readFileSync("keys/K1.private.pem", "utf8");
const LIFETIME = 3600;

// Session cookies (no maxAge), for this host alone (no domain), unseen by scripts and by other sites, and
// sent with nothing but what they are for.
const ATTRIBUTES = { path: "/private", httpOnly: true, secure: true, sameSite: "lax" };
const NAMES = ["Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"].map((name) => `CloudFront-${name}`);

const app = express();
app.use(express.urlencoded({ extended: false }));

app.get("/", (_, response) => {
  response.type("html").send(`<!doctype html>
    <html lang="en">
      <meta charset="utf-8" />
      <title>Pictures</title>
      <img id="picture" src="/private/image1.svg" alt="For those who logged in" />
      <form action="/login" method="post">
        <label>Password <input name="password" type="password" /></label>
        <button id="log-in">Log in</button>
      </form>
      <form action="/logout" method="post"><button id="log-out">Log out</button></form>
    </html>`);
});

app.post("/login", (request, response) => {
  if (!isRight(request.body.password)) {
    response.status(403).type("text").send("That is not the password.\n");
    return;
  }
  // A custom policy, because a canned one covers no pattern. Where viewers keep their address, bind the pass
  // to it: app.set("trust proxy", "loopback") above, and here IpAddress: { "AWS:SourceIp": request.ip }.
  const end = Math.floor(Date.now() / 1000) + LIFETIME;
  const Condition = { DateLessThan: { "AWS:EpochTime": end } };
  const policy = JSON.stringify({ Statement: [{ Resource: `${SITE}/private/*`, Condition }] });
  const cookies = getSignedCookies({
    policy,
    keyPairId: KEY_ID,
    privateKey: PRIVATE_KEY,
    algorithm: "SHA256",
  });
  for (const [name, value] of Object.entries(cookies)) {
    // The values are made of letters that cookies may hold: encoding them again would break them.
    response.cookie(name, value, { ...ATTRIBUTES, encode: String });
  }
  response.redirect(303, "/");
});

app.post("/logout", (_, response) => {
  for (const name of NAMES) response.clearCookie(name, ATTRIBUTES);
  response.redirect(303, "/");
});

function isRight(password) {
  const [given, right] = [password ?? "", PASSWORD].map((text) => createHash("sha256").update(String(text)).digest());
  return timingSafeEqual(given, right);
}

app.listen(3000, "127.0.0.1");
