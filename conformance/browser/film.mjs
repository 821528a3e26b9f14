// Plays an HLS film in a real browser: from a private bucket, over TLS and HTTP/2, with cookies.
//
// `film.py` starts the servers and fills the bucket; this watches as a viewer does, by hls.js.

import { execFileSync } from "node:child_process";

import { setting } from "../node/setting.mjs";
import { check, close, fails, folder } from "./checks.mjs";
import { startBrowser } from "./page.mjs";

const URL_OF_FILM = setting("GATEPASS_FILM_URL");
const PATIENCE = 20_000;
const SHORT = 9;

process.exit(await main());

async function main() {
  try {
    const browser = await startBrowser();
    await visit(browser, "stranger", stranger);
    await visit(browser, "viewer", viewer);
    await visit(browser, "ending", ending);
    await browser.close();
  } catch (error) {
    fails(error.message);
  }
  return close("film");
}

async function visit(browser, name, story) {
  // The certificate signs itself; what is looked at here is what is spoken behind it.
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  try {
    await story(page, context);
  } catch (error) {
    const picture = `${folder}/film-${name}.png`;
    await page.screenshot({ path: picture });
    fails(`${error.message}\n    what the page showed: ${picture}`);
  } finally {
    await context.close();
  }
}

async function stranger(page) {
  await page.goto(URL_OF_FILM);
  await check("without a pass the player is told 403", () => isRefused(page));
  await check("and shows nothing", async () => {
    const width = await page.evaluate(() => document.querySelector("video").videoWidth);
    return width === 0 || `a picture ${width} wide`;
  });
}

async function viewer(page, context) {
  await givePass(context, "1h");
  const answers = [];
  page.on("response", (answer) => answers.push(answer));
  await page.goto(URL_OF_FILM);
  await check("with a pass the film plays", () => plays(page, 0.3));
  await check("it has not loaded its end yet", async () => {
    const early = named(answers, "segment-5");
    return early.length === 0 || "the last segment came before anyone asked for it";
  });
  await page.evaluate(() => (document.querySelector("video").currentTime = 10.2));
  await check("after a seek it plays there", () => plays(page, 10.4));
  await check("the end was fetched for it", async () => {
    const status = named(answers, "segment-5").map((answer) => answer.status());
    return status.includes(200) || `it was answered ${status}`;
  });
  await page.evaluate(() => (document.querySelector("video").currentTime = 4.1));
  await check("and back again", () => plays(page, 4.3));
  await check("everything came over HTTP/2", async () => {
    const spoken = await page.evaluate(() =>
      performance.getEntriesByType("resource").map(({ name, nextHopProtocol }) => [name, nextHopProtocol]),
    );
    const other = spoken.filter(([, protocol]) => protocol !== "h2");
    return (spoken.length > 3 && other.length === 0) || `of ${spoken.length}: ${other}`;
  });
  await check("a second viewer gets it from the cache", async () => {
    const second = await context.newPage();
    const found = second.waitForResponse((answer) => answer.url().endsWith("segment-0.m4s"));
    await second.goto(URL_OF_FILM);
    const said = (await (await found).allHeaders())["x-cache"];
    await second.close();
    return said?.startsWith("Hit") || `X-Cache was ${said}`;
  });
}

async function ending(page, context) {
  await givePass(context, `${SHORT}s`);
  await page.goto(URL_OF_FILM);
  await check(`with a pass of ${SHORT} seconds it plays`, () => plays(page, 0.2));
  await page.evaluate(() => document.querySelector("video").pause());
  await page.waitForTimeout(SHORT * 1000);
  // It may never come to play, so nobody waits for that.
  await page.evaluate(() => {
    document.querySelector("video").currentTime = 10.2;
    document.querySelector("video").play().catch(() => {});
  });
  await check("once the pass has ended, a seek is refused", () => isRefused(page));
  await check("so is the playlist", async () => {
    const status = await page.evaluate(async () => (await fetch("film/film.m3u8", { cache: "no-store" })).status);
    return status === 403 || `it was answered ${status}`;
  });
}

function named(answers, name) {
  return answers.filter((answer) => answer.url().includes(name));
}

/// Waits until the film runs at this second, with a picture.
function plays(page, second) {
  return until(
    page,
    (second) => {
      const film = document.querySelector("video");
      return film.readyState >= 2 && film.videoWidth > 0 && film.currentTime > second && film.currentTime < second + 4;
    },
    second,
  );
}

/// Waits until the player has met a 403.
function isRefused(page) {
  return until(page, () => globalThis.statuses.includes(403));
}

async function until(page, proof, argument) {
  try {
    await page.waitForFunction(proof, argument, { timeout: PATIENCE });
    return true;
  } catch {
    return page.evaluate(() => {
      const { currentTime, readyState, videoWidth } = document.querySelector("video");
      return JSON.stringify({ currentTime, readyState, videoWidth, met: globalThis.statuses });
    });
  }
}

/// Gives the browser the three cookies of a pass for the film.
async function givePass(context, until) {
  const resource = new URL("film/*", URL_OF_FILM).href;
  const words = ["sign", "cookies", "--resource", resource, "--date-less-than", until, "--custom"];
  const signer = ["--key-pair-id", setting("GATEPASS_KEY_ID"), "--private-key", setting("GATEPASS_KEY")];
  const said = execFileSync(setting("GATEPASS_BIN"), [...words, ...signer, "--output", "json"]);
  const cookies = Object.entries(JSON.parse(said)).map(([name, value]) => ({
    name,
    value,
    url: URL_OF_FILM,
    httpOnly: true,
    secure: true,
  }));
  await context.addCookies(cookies);
}
