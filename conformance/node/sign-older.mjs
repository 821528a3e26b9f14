// Signs with aws-sdk 2 and aws-cloudfront-sign: a signer's name and its parameters in, as a line of
// JSON; what it made, out.

import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { setting } from "./setting.mjs";

// Version 2 is at its end, and would say so on every start.
process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = "1";
const require = createRequire(join(setting("GATEPASS_NODE_MODULES"), "package.json"));
const { Signer } = require("aws-sdk/clients/cloudfront");
const { getSignedCookies, getSignedUrl } = require("aws-cloudfront-sign");

const signers = {
  "aws-sdk 2"({ url, keyPairId, privateKey, ...terms }) {
    const signer = new Signer(keyPairId, privateKey);
    return { url: signer.getSignedUrl({ url, ...terms }), cookies: signer.getSignedCookie({ url, ...terms }) };
  },
  "aws-cloudfront-sign"({ url, resource, ...terms }) {
    return { url: getSignedUrl(url, terms), cookies: getSignedCookies(resource, terms) };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { signer, ...parameters } = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(signers[signer](parameters))}\n`);
}
