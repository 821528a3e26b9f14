// Runs `http-cache-tests` through a cache and prints its score.
//
// For Gatepass the score may not fall: `score.json` lists what passed when it was last kept, and
// each of these is a check. A test that times out on a busy machine gets a second try, alone.
//
//   node tests.mjs gatepass             # each test in score.json has to pass
//   node tests.mjs gatepass --update    # keeps the score as it is now
//   node tests.mjs nginx                # the harness, checked against figures that are known

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startFront } from "./front.mjs";
import { Score } from "./score.mjs";
import { published, run, startOrigin, tests } from "./suite.mjs";

const FILE = new URL("score.json", import.meta.url);
const [front = "gatepass", flag] = process.argv.slice(2);

process.exit(await main());

async function main() {
  const kept = front === "gatepass" && flag !== "--update" ? readScore() : {};
  const score = await scored(idsOf(kept));
  console.log(`\n${score.table()}\n`);
  const list = (title, wanted) => {
    console.log(title);
    for (const { id } of tests.filter(wanted)) {
      if (!score.passed(id)) console.log(`  ${id}: ${score.reason(id)}`);
    }
  };
  list("required tests that did not pass:", ({ kind }) => kind === "required");
  list("likewise, of the others on partial content:", (test) => test.partial && test.kind !== "required");
  console.log(`\n${front}: ${score.summary()}`);
  if (flag === "--update") {
    writeFileSync(FILE, `${JSON.stringify(score.kept(), null, 2)}\n`);
    console.log("cache: the score is kept");
    return 0;
  }
  if (front === "gatepass") return held(score, kept);
  compare(score, new Score(published(front)));
  return 0;
}

/// Says how our figures for a known cache compare with those of the suite's authors.
function compare(ours, theirs) {
  const differ = tests.filter(({ id }) => ours.passed(id) !== theirs.passed(id));
  console.log(`the suite's own figures for it: ${theirs.summary()}`);
  console.log(`${tests.length - differ.length} of ${tests.length} tests came out the same`);
  if (differ.length > 0) console.log(`different: ${differ.map(({ id }) => id).join(", ")}`);
}

/// Runs every test, and once more those that failed although they passed when the score was kept.
async function scored(again) {
  const folder = mkdtempSync(join(tmpdir(), "gatepass-cache-"));
  const stops = [];
  try {
    const origin = await startOrigin(folder);
    stops.push(origin.stop);
    const cache = await startFront(front, folder, origin.port);
    stops.push(cache.stop);
    const score = new Score(await run(cache.url, tests));
    const lost = tests.filter(({ id }) => again.has(id) && !score.passed(id));
    if (lost.length === 0) return score;
    console.log(`a second try for ${lost.map(({ id }) => id).join(", ")}`);
    const needed = new Set(lost.flatMap(({ id, depends_on = [] }) => [id, ...depends_on]));
    return score.with(await run(cache.url, tests.filter(({ id }) => needed.has(id))));
  } finally {
    for (const stop of stops.reverse()) await stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function readScore() {
  return JSON.parse(readFileSync(FILE, "utf8"));
}

function idsOf(lists) {
  return new Set(Object.values(lists).flat());
}

/// Holds the score against the one that was kept, and gives the exit code.
function held(score, kept) {
  const before = idsOf(kept);
  const lost = [...before].filter((id) => !score.passed(id));
  const gained = [...idsOf(score.kept())].filter((id) => !before.has(id));
  for (const id of lost) console.log(`FAILED ${id}: ${score.reason(id)}`);
  if (gained.length > 0) console.log(`passed, and not kept yet (--update): ${gained.join(", ")}`);
  console.log(`cache: ${before.size - lost.length} passed, ${lost.length} failed`);
  return lost.length === 0 ? 0 : 1;
}
