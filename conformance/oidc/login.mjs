// People log in at the certified provider `oidc-provider`, and those who must not get in don't.
//
// The provider runs in this process, so that it can be made to change its keys, to lie in its ID
// tokens, and to be away. Browsers are cookie jars; a real one has a stage of its own.

import { Browser } from "./browser.mjs";
import { check, close, fails } from "../node/checks.mjs";
import { Issuer, ORIGIN, URL_, freePort } from "./issuer.mjs";
import { LoginService } from "./provider.mjs";

const LOGIN = `${URL_}/login/oidc`;
const CALLBACK = `${LOGIN}/callback`;
const FILMS = `${ORIGIN}/films/`;

const port = await freePort();
const provider = await LoginService.start(CALLBACK, `${LOGIN}/logged-out`);
const places = { [ORIGIN]: port };
const issuer = await Issuer.start(provider, port);
try {
  await withoutAProvider();
  await somebodyLogsIn();
  await othersDoNot();
  await keysChange();
  await lies();
  await keysRest();
  await logout();
  await logoutFromThere();
  await theLog();
} catch (error) {
  fails(`${error.message}\n    what the issuer said:\n${issuer.log()}`);
} finally {
  await issuer.stop();
  await provider.goDown();
}
process.exit(close("oidc"));

function begin(returnTo = FILMS) {
  return `${LOGIN}?return-to=${encodeURIComponent(returnTo)}`;
}

function isCallback(url) {
  return url.startsWith(CALLBACK);
}

/// A browser goes to the provider, and somebody logs in there: gives the callback's URL.
async function untilCallback(browser, who = "ada", returnTo = FILMS) {
  let page = await browser.go(begin(returnTo), isCallback);
  // Who is logged in at the provider already is not asked again.
  while (page.location === undefined) {
    const form = /<form[^>]* action="([^"]+)"/.exec(page.text);
    if (form === null) throw new Error(`no form at ${page.url}, ${page.status}: ${page.text.slice(0, 2_000)}`);
    const prompt = /name="prompt" value="([^"]+)"/.exec(page.text)[1];
    const fields = { prompt, login: who, password: "any" };
    const url = new URL(form[1], page.url).href;
    page = await browser.ask(url, { method: "POST", form: fields });
    if (!isCallback(page.location)) page = await browser.go(page.location, isCallback);
  }
  return page.location;
}

async function logIn(browser, who = "ada") {
  return browser.ask(await untilCallback(browser, who));
}

/// Whether the browser holds what opens the films.
function holdsPass(browser) {
  return browser.cookies(`${FILMS}a.mp4`).some(({ name }) => name.startsWith("CloudFront-Signature"));
}

/// Whether an answer logged nobody in, and says so in a plain page.
function isRefusal(answer, browser, statuses) {
  const problems = [];
  if (!statuses.includes(answer.status)) problems.push(`status ${answer.status}`);
  if (holdsPass(browser)) problems.push("the browser holds a pass");
  if (answer.lines.some((line) => line.startsWith("CloudFront") && !line.includes("Max-Age=0")))
    problems.push("a pass was set");
  if (!(answer.headers["content-type"] ?? "").startsWith("text/")) problems.push("no page");
  if (/<script>x|the-code|eyJ/.test(answer.text)) problems.push("the page echoes what was sent");
  return problems.length === 0 || `${problems.join(", ")}: ${answer.text.slice(0, 600)}`;
}

async function withoutAProvider() {
  await provider.goDown();
  const browser = new Browser(places);
  await check("an issuer starts while the provider is away, and says so to who logs in", async () =>
    isRefusal(await browser.ask(begin()), browser, [503]),
  );
  await provider.comeUp();
  // A provider that was away is left alone for five seconds.
  await new Promise((resolve) => setTimeout(resolve, 6_000));
}

async function somebodyLogsIn() {
  const browser = new Browser(places);
  await check("a browser is sent away with PKCE, a state and a nonce", async () => {
    const { location } = await browser.ask(begin());
    const asked = new URL(location).searchParams;
    const isLong = ["state", "nonce", "code_challenge"].every((name) => asked.get(name)?.length === 43);
    return (isLong && asked.get("code_challenge_method") === "S256") || location;
  });
  const callback = await untilCallback(browser);
  await check("its attempt is a cookie for this host alone, and no script", async () => {
    const [cookie] = browser.cookies(CALLBACK).filter(({ name }) => name.includes("oidc"));
    const { secure, httponly, path, samesite, domain } = cookie.said;
    const isGood = cookie.name.startsWith("__Host-") && secure === "" && httponly === "" && path === "/";
    return (isGood && samesite === "Lax" && domain === undefined) || JSON.stringify(cookie);
  });
  const before = browser.copy();
  const back = await browser.ask(callback);
  await check("somebody who logs in is sent where they wanted to go", async () =>
    (back.status === 303 && back.location === FILMS) || `${back.status} ${back.location} ${back.text}`,
  );
  await check("and holds a pass for the films, since userinfo has the group", async () =>
    (holdsPass(browser) && provider.count("GET /me") === 1) || JSON.stringify(back.lines),
  );
  await check("nothing of the attempt is left", async () => {
    const left = browser.cookies(CALLBACK).filter(({ name, value }) => callback.includes(value) || name.includes("oidc-"));
    // The first check left an attempt of its own.
    return left.length === 1 || JSON.stringify(left);
  });
  const fresh = new Browser(places);
  await check("a callback counts once: not for the same browser", async () => {
    const again = await browser.ask(callback);
    const isNew = again.lines.some((line) => line.startsWith("CloudFront-Signature"));
    return (again.status === 400 && !isNew) || `${again.status} ${again.lines}`;
  });
  await check("not with the cookies of before: the provider takes a code once", async () =>
    isRefusal(await before.ask(callback), before, [400, 502]),
  );
  await check("and not for another browser", async () =>
    isRefusal(await fresh.ask(callback), fresh, [400]),
  );
}

async function othersDoNot() {
  const [ada, eve] = [new Browser(places), new Browser(places)];
  await ada.ask(begin());
  const evil = await untilCallback(eve, "eve");
  await check("nobody is logged in to another's account by a link", async () =>
    isRefusal(await ada.ask(evil), ada, [400]),
  );
  await check("who is in no group that may gets no pass", async () =>
    isRefusal(await eve.ask(evil), eve, [403]),
  );
  const tabs = new Browser(places);
  const [first, second] = await Promise.all([tabs.ask(begin(`${FILMS}a`)), tabs.ask(begin(`${FILMS}b`))]);
  await check("two tabs log in side by side", async () => {
    const places = [];
    for (const { location } of [first, second]) {
      let page = await tabs.go(location, isCallback);
      if (page.location === undefined) page = { location: await untilCallbackFrom(tabs, page) };
      places.push((await tabs.ask(page.location)).location);
    }
    return (places[0] === `${FILMS}a` && places[1] === `${FILMS}b`) || places.join(" ");
  });
  await check("nobody is sent elsewhere afterwards", async () => {
    const lured = new Browser(places);
    const answer = await lured.ask(begin("https://evil.example/"));
    if (answer.location === undefined) return answer.status === 400 || `${answer.status}`;
    const back = await lured.ask(await untilCallback(lured, "ada", "https://evil.example/"));
    return back.location === undefined || !back.location.includes("evil") || back.location;
  });
  const shy = new Browser(places);
  const page = await shy.go(begin(), isCallback);
  const uid = new URL(page.url).pathname;
  const aborted = await shy.go(new URL(`${uid}/abort`, page.url).href, isCallback);
  await check("who calls it off reads so", async () => {
    const answer = await shy.ask(`${aborted.location}&error_description=<script>x`);
    return isRefusal(answer, shy, [403]) === true
      ? /called it off/.test(answer.text) || answer.text
      : isRefusal(answer, shy, [403]);
  });
  await check("an answer that names another provider is refused", async () => {
    const browser = new Browser(places);
    const callback = new URL(await untilCallback(browser));
    callback.searchParams.set("iss", "https://evil.example");
    return isRefusal(await browser.ask(callback.href), browser, [400]);
  });
  await check("one that names none is, too, since this provider always does", async () => {
    const browser = new Browser(places);
    const callback = new URL(await untilCallback(browser));
    callback.searchParams.delete("iss");
    return isRefusal(await browser.ask(callback.href), browser, [400]);
  });
}

/// The same from a page at the provider on.
async function untilCallbackFrom(browser, page) {
  while (page.location === undefined) {
    const form = /<form[^>]* action="([^"]+)"/.exec(page.text);
    const prompt = /name="prompt" value="([^"]+)"/.exec(page.text)[1];
    const url = new URL(form[1], page.url).href;
    page = await browser.ask(url, { method: "POST", form: { prompt, login: "ada", password: "any" } });
    if (!isCallback(page.location)) page = await browser.go(page.location, isCallback);
  }
  return page.location;
}

async function lies() {
  const now = () => Math.floor(Date.now() / 1_000);
  const cases = [
    ["the same token, signed once more, is good", () => {}, {}, true],
    ["a wrong nonce", (claims) => (claims.nonce = "other")],
    ["no nonce", (claims) => delete claims.nonce],
    ["another audience", (claims) => (claims.aud = "other")],
    ["several audiences, and no party", (claims) => (claims.aud = [claims.aud, "other"])],
    ["another issuer", (claims) => (claims.iss = "https://evil.example")],
    ["a token that has ended", (claims) => (claims.exp = now() - 90)],
    ["a token of tomorrow", (claims) => (claims.iat = now() + 86_400)],
    ["nobody", (claims) => delete claims.sub],
    ["another person than userinfo has", (claims) => (claims.sub = "eve")],
    ["no signature", () => {}, { alg: "none" }],
    ["a signature by the shared secret", () => {}, { alg: "HS256" }],
    ["a key that is not the provider's", () => {}, { kid: "other" }],
  ];
  for (const [what, lie, header = {}, isGood = false] of cases) {
    const browser = new Browser(places);
    const callback = await untilCallback(browser);
    [provider.lie, provider.lieHeader] = [lie, header];
    const answer = await browser.ask(callback);
    provider.lie = null;
    await check(isGood ? what : `refused: ${what}`, async () =>
      isGood
        ? holdsPass(browser) || `${answer.status} ${answer.text}`
        : isRefusal(answer, browser, [400, 403, 502]),
    );
  }
}

async function keysChange() {
  provider.rotate("ES256");
  const browser = new Browser(places);
  await logIn(browser);
  await check("a new key counts as soon as a token is signed by it", async () =>
    (holdsPass(browser) && provider.count("GET /jwks") === 2) || provider.asked.join(" "),
  );
}

async function keysRest() {
  await check("another unknown key in the same minute has nobody asked", async () => {
    const asked = provider.count("GET /jwks");
    return asked === 2 || `${asked} times`;
  });
}

async function logout() {
  const browser = new Browser(places);
  await logIn(browser);
  const out = `${URL_}/logout?return-to=${encodeURIComponent(`${FILMS}bye`)}`;
  const answer = await browser.ask(out, { method: "POST" });
  const onward = /href="([^"]*session[^"]*end[^"]*)"/.exec(answer.text)?.[1].replace(/&#x2f;/g, "/").replace(/&amp;/g, "&");
  await check("who logs out holds no pass, and a page goes on to the provider to log out there", async () => {
    const isOnward = answer.status === 200 && onward?.startsWith(`${provider.issuer}/session/end?`);
    return (!holdsPass(browser) && isOnward && answer.text.includes("http-equiv")) || `${answer.status} ${answer.text}`;
  });
  const page = await browser.ask(onward);
  const form = /action="([^"]+)"[^]*?name="xsrf" value="([^"]+)"/.exec(page.text);
  const confirmed = await browser.ask(form[1], { method: "POST", form: { xsrf: form[2], logout: "yes" } });
  const back = await browser.ask(confirmed.location);
  await check("the provider lets them go where they wanted", async () =>
    back.location === `${FILMS}bye` || `${confirmed.location} ${back.location}`,
  );
  await check("and asks for a password again", async () => {
    const again = await browser.go(begin(), isCallback);
    return again.text.includes('name="password"') || again.text;
  });
}

async function logoutFromThere() {
  const [ada, later] = [new Browser(places), new Browser(places)];
  await logIn(ada);
  const renew = (browser) => browser.ask(`${URL_}/renew`, { method: "POST" });
  const end = async (claims) => {
    const form = { logout_token: await provider.logoutToken(claims) };
    return new Browser(places).ask(`${LOGIN}/backchannel-logout`, { method: "POST", form });
  };
  await check("a logout token that names nobody, or is for another, ends nothing", async () => {
    const answers = [await end({}), await end({ sub: "ada", aud: "other" }), await end({ sub: "ada", nonce: "n" })];
    const isGood = answers.every(({ status }) => status === 400) && (await renew(ada)).status === 200;
    return isGood || answers.map(({ status }) => status).join(" ");
  });
  await check("the provider ends the sessions of a person", async () => {
    const [ended, renewed] = [await end({ sub: "ada" }), await renew(ada)];
    return (ended.status === 200 && renewed.status === 401) || `${ended.status} ${renewed.status}`;
  });
  await check("and not those that begin later", async () => {
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await logIn(later);
    const { status } = await renew(later);
    return status === 200 || `${status}`;
  });
}

async function theLog() {
  await check("the log has no code, no token and no secret", async () => {
    const log = issuer.log();
    const found = /code=|eyJ[A-Za-z0-9_-]{10}|CloudFront-Signature|client's secret/.exec(log);
    return found === null || `${found[0]} in:\n${log}`;
  });
}
