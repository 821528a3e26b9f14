// Signed URLs and cookies by @aws-sdk/cloudfront-signer.
//
//   node sign.mjs cookies|url URL SECONDS     KEY_ID and PRIVATE_KEY name the key

import { readFileSync } from "node:fs";

import { getSignedCookies, getSignedUrl } from "@aws-sdk/cloudfront-signer";

const [kind, url, seconds] = process.argv.slice(2);
const expires = Math.floor(Date.now() / 1000) + Number(seconds);
const signer = {
  keyPairId: process.env.KEY_ID,
  privateKey: readFileSync(process.env.PRIVATE_KEY, "utf8"),
  algorithm: "SHA256",
};

if (kind === "url") {
  console.log(getSignedUrl({ ...signer, url, dateLessThan: expires * 1000 }));
} else {
  // A policy of one's own, because for `url` and `dateLessThan` alone the SDK signs a canned one, which
  // never fits a pattern: https://github.com/aws/aws-sdk-js-v3/issues/4516
  const Condition = { DateLessThan: { "AWS:EpochTime": expires } };
  const policy = JSON.stringify({ Statement: [{ Resource: url, Condition }] });
  const cookies = getSignedCookies({ ...signer, policy });
  const pairs = Object.entries(cookies).map(([name, value]) => `${name}=${value}`);
  console.log(`Cookie: ${pairs.join("; ")}`);
}
