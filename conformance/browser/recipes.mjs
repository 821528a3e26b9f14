// The recipes' pages as a person meets them, in a real browser. `recipes.py` starts their servers.

import { setting } from "../node/setting.mjs";
import { check, close, fails, folder } from "./checks.mjs";
import { startBrowser } from "./page.mjs";
import { paste, pasted } from "./pasted.mjs";

const PATIENCE = 20_000;
const EXPRESS = setting("GATEPASS_EXPRESS_URL");
const PLAYER = setting("GATEPASS_PLAYER_URL");
const BUCKET = setting("GATEPASS_BUCKET_URL");
const MEDIA = PLAYER.replace("localhost", "127.0.0.1");
const PLAYERS = ["hls", "dash", "videojs", "element"];
const PASTED = ["hls.js", "video.js", "dashjs", "the element"];

process.exit(await main());

async function main() {
  try {
    const browser = await startBrowser();
    await visit(browser, "express", logsIn);
    await Promise.all(PLAYERS.map((name) => visit(browser, `player-${name}`, (page) => plays(page, name))));
    const lines = pasted(`${MEDIA}film/`);
    await check("the page on players has lines for each of them", () => `${Object.keys(lines)}` === `${PASTED}`);
    await Promise.all(PASTED.map((name) => visit(browser, `pasted-${name}`, (page) => playsAsPasted(page, name, lines[name]))));
    await visit(browser, "player-elsewhere", elsewhere);
    await visit(browser, "bucket", fromTheBucket);
    await browser.close();
  } catch (error) {
    fails(error.message);
  }
  return close("recipes");
}

async function visit(browser, name, story) {
  const context = await browser.newContext();
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  try {
    await story(page, context);
  } catch (error) {
    const picture = `${folder}/recipe-${name}.png`;
    await page.screenshot({ path: picture });
    fails(`${error.message}\n    what the page showed: ${picture}`);
  } finally {
    await context.close();
  }
}

async function logsIn(page, context) {
  await page.goto(EXPRESS);
  await check("before the login the picture is not seen", () => shows(page, "#picture", false));
  await page.fill("[name=password]", setting("GATEPASS_PASSWORD"));
  await page.click("#log-in");
  await check("after the login it is", () => shows(page, "#picture", true));
  await check("the pass is session cookies, HttpOnly, Secure, for this host and path", async () => {
    const cookies = (await context.cookies(`${EXPRESS}private/`)).map(
      ({ domain, path, expires, httpOnly, secure, sameSite }) =>
        [domain, path, expires, httpOnly, secure, sameSite].join(),
    );
    const right = cookies.every((cookie) => cookie === "localhost,/private,-1,true,true,Lax");
    return (cookies.length === 4 && right) || cookies.join(" ");
  });
  await check("scripts don't see it", async () => {
    const seen = await page.evaluate(() => document.cookie);
    return seen === "" || seen;
  });
  await page.click("#log-out");
  await check("after the logout the picture is gone", () => shows(page, "#picture", false));
  const tab = await context.newPage();
  await tab.goto(`${EXPRESS}private/image1.svg`);
  await check("who opens it is sent to log in", async () => tab.url().startsWith(`${EXPRESS}?return-to=`) || tab.url());
}

async function plays(page, name) {
  const refused = page.waitForResponse((answer) => answer.url().includes("/film/") && answer.status() === 403);
  await openPlayer(page, "", name);
  await refused;
  await check(`${name}: without a pass nothing is seen`, async () => {
    const width = await page.evaluate(() => document.querySelector("video").videoWidth);
    return width === 0 || `a picture ${width} wide`;
  });
  await openPlayer(page, setting("GATEPASS_TICKET"), name);
  // Chromium's contexts are private windows, where other sites' cookies are blocked, but for partitioned ones.
  await check(`${name}: with one it plays, from another site`, () => isSeen(page));
}

/// The lines of the page on players, before there are cookies and once there are.
async function playsAsPasted(page, name, html) {
  const refused = page.waitForResponse((answer) => answer.url().includes("/film/") && answer.status() === 403);
  const empty = `${PLAYER}players.js`; // shown as text: a page of that site without a script of its own
  await page.goto(empty);
  await paste(page, html);
  await refused;
  await page.goto(PLAYER);
  await page.evaluate((ticket) => begin(ticket), setting("GATEPASS_TICKET"));
  await page.goto(empty);
  await paste(page, html);
  await page.evaluate(() => {
    const film = document.querySelector("video");
    film.muted = true;
    film.play().catch(() => {}); // it plays once there is something to play
  });
  await check(`${name}: as it is pasted from the page on players, it plays with a pass`, () => isSeen(page));
}

/// A page of a third site may ask as it likes; CORS lets it read nothing.
async function elsewhere(page) {
  await page.goto(EXPRESS);
  await check("a site that is not listed can't even fetch a refusal", async () => {
    const told = await page.evaluate(
      (url) => fetch(url, { credentials: "include" }).then(({ status }) => status, ({ name }) => name),
      `${MEDIA}film/film.m3u8`,
    );
    return told === "TypeError" || told;
  });
}

async function fromTheBucket(page, context) {
  await page.goto(BUCKET);
  await check("the bucket's picture is not seen without a pass", () => shows(page, "img", false));
  const pairs = setting("GATEPASS_BUCKET_COOKIE").split("; ").map((pair) => pair.split(/=(.*)/s));
  await context.addCookies(pairs.map(([name, value]) => ({ name, value, url: BUCKET, httpOnly: true })));
  await page.reload();
  await check("with one it is", () => shows(page, "img", true));
  await check("the bucket itself shows it to nobody", async () => {
    const answer = await context.request.get(setting("GATEPASS_BUCKET_DIRECT"));
    return answer.status() === 403 || `it answered ${answer.status()}`;
  });
}

async function openPlayer(page, ticket, name) {
  await page.goto(PLAYER);
  await page.fill("#ticket", ticket);
  await page.click(`[data-player=${name}]`);
}

/// Waits until a film runs, with a picture.
function isSeen(page) {
  return until(page, () => {
    // video.js moves the element into one of its own.
    const film = document.querySelector("video");
    return film.readyState >= 2 && film.videoWidth > 0 && film.currentTime > 0.3;
  });
}

function shows(page, selector, seen) {
  return until(
    page,
    ({ selector, seen }) => {
      const picture = document.querySelector(selector);
      return picture?.complete && (picture.naturalWidth > 0) === seen;
    },
    { selector, seen },
  );
}

async function until(page, proof, argument) {
  try {
    await page.waitForFunction(proof, argument, { timeout: PATIENCE });
    return true;
  } catch (error) {
    return error.message.split("\n")[0];
  }
}
