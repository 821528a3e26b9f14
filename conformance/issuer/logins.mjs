// People log in, see what they may, and log out; others don't.

import { check } from "../browser/checks.mjs";
import { BEFORE, HOST, PAGES_BEFORE, PASS } from "./media.mjs";
import { Visitor, pause, shows, until } from "./visitor.mjs";

const PICTURE = "/pictures/gate.svg";
const LOGIN = "/_gatepass/login";

/// Signs in by the users file; then all that begins and ends with a session.
export async function byPassword(visitor, { browser, media, neighbour }) {
  await visitor.go(PICTURE);
  await check("who opens a picture without a pass is sent to log in", () => isAt(visitor, media, LOGIN));
  await visitor.logIn("ada", PICTURE);
  await check("a name and a password lead back to the picture, and it is there", () => isPicture(visitor.page));
  await areGood(visitor, "by password");
  await visitor.go("/");
  await check("the open page shows it, too", () => shows(visitor.page, "#picture", true));
  await check("the film is one click away", async () => {
    await visitor.page.click("text=The film");
    return until(() => plays(visitor.page, 0.2), 20, () => "it does not play");
  });
  await aCopiedUrl(browser, media);
  await theNeighbour(visitor, media, neighbour);
  await logsOut(visitor, browser, media);
}

/// Signs in at the provider, by a link on the login page.
export async function byProvider(visitor, { media }) {
  const { page } = visitor;
  await visitor.go(PICTURE);
  await page.click("text=Continue with the film club");
  await page.fill("[name=login]", "ada");
  await page.fill("[name=password]", "any");
  await page.click("[type=submit]");
  await page.click("text=Continue");
  await page.waitForURL(`${media.origin}${PICTURE}`);
  await check("who logs in at the provider is back at the picture, and it is there", () => isPicture(page));
  await areGood(visitor, "by the provider");
  await visitor.go("/");
  await check("the open page shows it", () => shows(page, "#picture", true));
  await visitor.go("/films/index.html");
  await check("and the film plays", () => until(() => plays(page, 0.2), 20, () => "it does not play"));
}

/// A page whose pass is about to end goes by way of the renewal, and comes back.
export async function navigation(visitor, { media }) {
  const path = "/films/index.html?scene=2&cut=a%26b";
  await visitor.context.route("**/renew.js", (route) => route.abort());
  await visitor.logIn("bob", path);
  const before = await visitor.cookie("CloudFront-Policy", path);
  const early = await chain(await visitor.go(path));
  await check("a page is not renewed before its time", async () => early.length === 1 || early.join(" "));
  const end = await visitor.end(path);
  await pause(end - Date.now() / 1_000 - 6);
  const late = await chain(await visitor.go(path));
  await check("a page whose pass is about to end goes by way of the renewal, and comes back", async () => {
    const way = [`302 ${path}`, "303 /_gatepass/renew", `200 ${path}`];
    const isIt = late.length === 3 && late.every((step, nth) => step.startsWith(way[nth]));
    return (isIt && visitor.page.url() === `${media.origin}${path}`) || late.join(" → ");
  });
  await check("with a fresh pass, and the old page's address", async () => {
    const later = (await visitor.end(path)) - end;
    const fresh = (await visitor.cookie("CloudFront-Policy", path)) !== before;
    return (fresh && later >= PASS - PAGES_BEFORE) || `it ends ${later} s later`;
  });
}

/// Where a navigation led, one line a step.
async function chain(landing) {
  const steps = [];
  for (let request = landing.request(); request; request = request.redirectedFrom()) {
    const { pathname, search } = new URL(request.url());
    steps.unshift(`${(await request.response()).status()} ${pathname}${search}`);
  }
  return steps;
}

async function areGood(visitor, how) {
  await check(`${how}: passes and session are session cookies, Secure, HttpOnly, of this host alone`, async () => {
    const wanted = ["/films", "/pictures", "/"];
    const cookies = await visitor.context.cookies();
    const ours = cookies.filter(({ name, domain }) =>
      domain.endsWith(HOST) && (name.startsWith("CloudFront-") || name === "__Host-gatepass-session"),
    );
    const bad = ours.filter(({ domain, path, expires, httpOnly, secure, sameSite }) =>
      !(domain === HOST && wanted.includes(path) && expires === -1 && httpOnly && secure && sameSite === "Lax"),
    );
    const places = new Set(ours.map(({ path }) => path));
    return (places.size === 3 && ours.length === 2 * 3 + 1 && bad.length === 0) || JSON.stringify(cookies, withoutValues);
  });
  await check(`${how}: no cookie at all is there for scripts`, async () => {
    const all = await visitor.context.cookies();
    const open = all.filter(({ domain, httpOnly, secure }) => domain.endsWith(HOST) && !(httpOnly && secure));
    const seen = await visitor.page.evaluate(() => document.cookie);
    return (seen === "" && open.length === 0) || `${seen} ${JSON.stringify(open, withoutValues)}`;
  });
}

async function aCopiedUrl(browser, media) {
  const other = await Visitor.open(browser, media);
  await other.go(PICTURE);
  await check("another browser with the copied URL sees a login, and no picture", () => isAt(other, media, LOGIN));
  await check("and is refused where nobody can log in", async () => {
    await other.go("/");
    const statuses = [await other.fetch(PICTURE), await other.fetch("/films/film.m3u8")];
    return statuses.every((status) => status === 403) || statuses.join(" ");
  });
  await other.close();
}

/// The attack of a sibling host: `attic.example.com` beside, and one beneath.
async function theNeighbour(visitor, media, neighbour) {
  const page = await visitor.context.newPage();
  for (const host of ["attic.example.com", `attic.${HOST}`]) {
    await page.goto(`https://${host}:${neighbour.port}/`);
    await check(`${host} receives no cookie`, async () =>
      neighbour.cookies.length === 0 || neighbour.cookies.join(" "),
    );
  }
  // Else nobody would know whether it would have seen one.
  await page.goto(`${media.origin}/`);
  await page.evaluate(() => (document.cookie = "wide=1; Domain=example.com; Secure"));
  await page.goto(`https://attic.example.com:${neighbour.port}/`);
  await check("of one that is laid as wide as the document warns of, it would hear", async () =>
    neighbour.cookies.join() === "wide" || `it heard of ${neighbour.cookies}`,
  );
  await check("its scripts read nothing here", async () => {
    const asked = [PICTURE, "/_gatepass/renew"].map((path) => visitor.fetch(path, { credentials: "include" }, page));
    const told = await Promise.all(asked);
    return told.every((status) => status === "TypeError") || told.join(" ");
  });
  await check("nor do they sign anybody out", async () => {
    const options = { method: "POST", mode: "no-cors", credentials: "include" };
    await visitor.fetch("/_gatepass/logout", options, page);
    await visitor.fetch("/_gatepass/renew", options, page);
    const told = visitor.answers.filter((one) => one.page === page && one.method === "POST");
    const statuses = told.map(({ status }) => status).join();
    const isIn = await visitor.cookie("__Host-gatepass-session", "/");
    return (statuses === "403,403" && isIn !== undefined) || `${statuses}, and a session: ${isIn !== undefined}`;
  });
  await check("and it shows no login page of ours in a frame", async () => {
    await page.setContent(`<iframe src="${media.url}/login"></iframe>`);
    await pause(1);
    const [, frame] = page.frames();
    const text = await frame.evaluate(() => document.body.innerText).catch(() => "");
    return !/sign/i.test(text) || text;
  });
  await page.close();
}

async function logsOut(visitor, browser, media) {
  const tab = await visitor.context.newPage();
  await visitor.go("/films/index.html", tab);
  await visitor.go("/");
  const session = (await visitor.cookies("/")).find(({ name }) => name === "__Host-gatepass-session");
  await visitor.page.click("#log-out");
  await visitor.page.waitForURL(`${media.origin}/`);
  await check("after the logout the picture is gone", () => shows(visitor.page, "#picture", false));
  await check("and so are session and passes, at every path", async () => {
    const all = await visitor.context.cookies();
    const left = all.filter(({ name }) => /^CloudFront-|session/.test(name));
    return left.length === 0 || JSON.stringify(left, withoutValues);
  });
  await check("who opens the picture is asked to log in", async () => {
    await visitor.go(PICTURE);
    return isAt(visitor, media, LOGIN);
  });
  const thief = await Visitor.open(browser, media);
  await thief.context.addCookies([session]);
  await thief.go(LOGIN);
  await check("a session that was copied before is none any more", async () => {
    const asks = await thief.page.locator("[name=password]").count();
    await thief.go("/");
    const status = await thief.fetch("/_gatepass/renew", { method: "POST" });
    return (asks === 1 && status === 401) || `${asks} forms, and the renewal said ${status}`;
  });
  await check("it gets no pass by the page's way of renewing either", async () => {
    await thief.go("/_gatepass/renew?return-to=/pictures/gate.svg");
    const passes = (await thief.cookies(PICTURE)).filter(({ name }) => name.startsWith("CloudFront-"));
    return (passes.length === 0 && (await isAt(thief, media, LOGIN)) === true) || thief.page.url();
  });
  await thief.close();
  await check("a player in another tab hears that the session has ended", () =>
    until(() => tab.locator("#end").isVisible(), PASS - BEFORE + 5, () => "it did not"),
  );
  const heard = visitor.renewals().length;
  await pause(3);
  await check("and its script asks no more", async () => visitor.renewals().length === heard || "it still asks");
}

function isAt(visitor, media, path) {
  const url = visitor.page.url();
  return url.startsWith(`${media.origin}${path}`) || url;
}

async function isPicture(page) {
  const [type, width] = await page.evaluate(() => {
    const root = document.documentElement;
    return [document.contentType, root.getBoundingClientRect?.().width ?? 0];
  });
  return (type === "image/svg+xml" && width > 0) || `${page.url()}: ${type}, ${width} wide`;
}

/// Whether the film on a page has got as far as a second.
export function plays(page, second) {
  return page.evaluate((second) => {
    const film = document.querySelector("video");
    return film !== null && film.readyState >= 2 && film.videoWidth > 0 && film.currentTime > second;
  }, second);
}

/// Values of cookies are nobody's business, not even in a failure.
function withoutValues(key, value) {
  return key === "value" ? undefined : value;
}
