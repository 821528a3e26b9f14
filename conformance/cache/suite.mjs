// The suite `http-cache-tests`, as its own command line runs it: its tests, its origin, its client.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { setting } from "../node/setting.mjs";
import { freePort, start } from "./server.mjs";

const modules = setting("GATEPASS_NODE_MODULES");
const place = join(modules, "node_modules/http-cache-tests");
const { default: groups } = await part("tests/index.mjs");
const { setBaseUrl, setFetch, setUseBrowserCache } = await part("client/config.mjs");
const { makeCacheTest, testResults } = await part("client/test.mjs");

/// How many tests are under way at once. They mostly wait.
const AT_A_TIME = 60;

/// The tests that are for caches like ours, each with its group and kind.
export const tests = groups.flatMap(({ name, id, tests }) =>
  tests
    .filter(({ browser_only }) => browser_only !== true)
    .map((test) => ({ kind: "required", ...test, group: name, partial: id === "partial" })),
);

/// Starts the origin that the tests talk to, and to which the cache forwards.
export async function startOrigin(folder) {
  const port = await freePort();
  const settings = {
    npm_config_protocol: "http",
    npm_config_port: `${port}`,
    npm_config_pidfile: join(folder, "origin.pid"),
  };
  const server = await start(
    process.execPath,
    ["--no-warnings", join(place, "server/server.mjs")],
    port,
    settings,
  );
  return { ...server, port };
}

/// Runs tests through the cache at `url`: by id, true or what went wrong.
export async function run(url, wanted) {
  setFetch(createRequire(join(modules, "package.json"))("node-fetch"));
  setBaseUrl(url);
  setUseBrowserCache(false);
  // The client writes into what it is given, so that a test runs only once from it.
  const waiting = structuredClone(wanted);
  const work = async () => {
    for (let test = waiting.shift(); test !== undefined; test = waiting.shift()) {
      delete testResults[test.id];
      await makeCacheTest(test);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return Object.fromEntries(wanted.map(({ id }) => [id, testResults[id]]));
}

/// What the suite's authors found for a cache, by test id.
export function published(cache) {
  return JSON.parse(readFileSync(join(place, "results", `${cache}.json`), "utf8"));
}

function part(path) {
  return import(pathToFileURL(join(place, path)).href);
}
