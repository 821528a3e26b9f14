// Sets the cookies for a film on one site that is played on another.

import { readFileSync } from "node:fs";

import { getSignedCookies } from "@aws-sdk/cloudfront-signer";
import express from "express";

const MEDIA = process.env.MEDIA ?? "http://127.0.0.1:8080"; // as the browser sees it
const TICKET = process.env.TICKET;
if (!TICKET) throw new Error("TICKET is not set; it is what the player's site shows for its viewers");
const PRIVATE_KEY = readFileSync("keys/K1.private.pem", "utf8");

// `SameSite=None` lets the cookies travel from another site, and asks for `Secure`. `Partitioned` keeps
// them apart for each site that plays the film; browsers that block other cookies let these through.
const ATTRIBUTES = { path: "/film", httpOnly: true, secure: true, sameSite: "none", partitioned: true };

const app = express();
// JSON alone: for that, browsers ask the edge first whether this site may.
app.use(express.json());

app.post("/session", (request, response) => {
  // Here the ticket is one secret. In earnest it is what your site signed for this viewer, a minute ago.
  if (request.body?.ticket !== TICKET) {
    response.sendStatus(403);
    return;
  }
  const lifetime = Number(process.env.LIFETIME ?? 3600);
  const Condition = { DateLessThan: { "AWS:EpochTime": Math.floor(Date.now() / 1000) + lifetime } };
  const policy = JSON.stringify({ Statement: [{ Resource: `${MEDIA}/film/*`, Condition }] });
  const cookies = getSignedCookies({ policy, keyPairId: "K1", privateKey: PRIVATE_KEY });
  for (const [name, value] of Object.entries(cookies)) {
    response.cookie(name, value, { ...ATTRIBUTES, encode: String });
  }
  response.sendStatus(204);
});

app.listen(3000, "127.0.0.1");
