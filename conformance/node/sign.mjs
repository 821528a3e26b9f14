// Signs with @aws-sdk/cloudfront-signer: its parameters in, as a line of JSON; what it made, out.

import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { setting } from "./setting.mjs";

const require = createRequire(join(setting("GATEPASS_NODE_MODULES"), "package.json"));
const { getSignedCookies, getSignedUrl } = require("@aws-sdk/cloudfront-signer");

for await (const line of createInterface({ input: process.stdin })) {
  const parameters = JSON.parse(line);
  const answer = { url: getSignedUrl(parameters), cookies: getSignedCookies(parameters) };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
