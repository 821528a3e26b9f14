// Walks the demo's story in a real browser: what a person sees, and what the cookies are.
//
// Two walks, each with a demo of its own: one with passes that last, so that a slow machine has
// time to look around; one with passes of a few seconds, to see them expire.

import { check, close, fails, folder } from "./checks.mjs";
import { startDemo } from "./demo-process.mjs";
import { DemoPage, startBrowser } from "./page.mjs";

const COOKIES = ["CloudFront-Key-Pair-Id", "CloudFront-Policy", "CloudFront-Signature"];
const PRIVATE_PAGE = "/private/index.html";
const PRIVATE_PICTURES = ["private-picture-1", "private-picture-2"];
const PRIVATE = [...PRIVATE_PICTURES, "film"];
const MISSING_KEY =
  '<?xml version="1.0" encoding="UTF-8"?><Error><Code>MissingKey</Code>' +
  "<Message>Missing Key-Pair-Id query parameter or cookie value</Message></Error>";

try {
  const browser = await startBrowser();
  await walk(browser, "visit", ["--pass-seconds", "120"], visit);
  await walk(browser, "expiry", ["--pass-seconds", "8"], expiry);
  await browser.close();
} catch (error) {
  fails(error.message);
}
process.exit(close());

async function walk(browser, name, flags, story) {
  const demo = await startDemo(flags);
  const page = await DemoPage.open(browser, demo.url);
  try {
    await story(page);
  } catch (error) {
    const picture = `${folder}/${name}.png`;
    await page.screenshot(picture);
    fails(`${error.message}\n    what the page showed: ${picture}\n${demo.said()}`);
  } finally {
    await page.close();
    await demo.stop();
  }
}

async function visit(page) {
  await withoutAPass(page);
  await page.press("get-pass");
  await withAPass(page);
  await theCookies(page);
  await page.press("drop-pass");
  await refused(page, "after the pass was dropped");
  await check("dropping the pass takes its cookies out of the browser", async () => {
    const left = await page.passCookies();
    return left.length === 0 || `left are ${names(left)}`;
  });
  await throughTheLoginPage(page);
}

async function withoutAPass(page) {
  await check("the public picture answers 200", () => page.answers("public-picture", 200));
  await check("the public picture is seen", () => page.shows("public-picture", true));
  await refused(page, "without a pass");
  await check("a script that fetches gets 403 and CloudFront's exact words", async () => {
    const { status, type, body } = await page.fetch(await page.path("private-picture-1"));
    return (
      (status === 403 && body === MISSING_KEY && type.startsWith("text/xml")) ||
      `it got ${status}, ${type}: ${body}`
    );
  });
}

async function refused(page, when) {
  for (const name of PRIVATE) {
    await check(`${name} is refused ${when}`, () => page.answers(name, 403));
  }
  for (const name of PRIVATE_PICTURES) {
    await check(`${name} is not seen ${when}`, () => page.shows(name, false));
  }
}

async function withAPass(page) {
  for (const name of PRIVATE) {
    await check(`${name} is admitted with a pass`, () => page.answers(name, 200));
  }
  for (const name of PRIVATE_PICTURES) {
    await check(`${name} is seen with a pass`, () => page.shows(name, true));
  }
  await check("the film plays", () => page.filmPlays());
  await check("the countdown falls", () => page.countdownFalls());
  await check("asked why, it says that the pass is admitted", () => page.saysWhy("admitted"));
}

async function theCookies(page) {
  await check("the pass is three cookies, named as CloudFront names them", async () => {
    const found = names(await page.passCookies());
    return found === COOKIES.join() || `the browser holds ${found}`;
  });
  await check("each is HttpOnly and Secure, and ends with the browser", async () => {
    const odd = (await page.passCookies()).filter(
      ({ httpOnly, secure, expires }) => !httpOnly || !secure || expires !== -1,
    );
    return odd.length === 0 || JSON.stringify(odd);
  });
  await check("scripts can't see them", async () => {
    const seen = await page.documentCookie();
    return !seen.includes("CloudFront") || `document.cookie is ${seen}`;
  });
  await check("the page says which cookies there are, and that scripts see none", async () => {
    const [named, seen] = [await page.text("cookie-names"), await page.text("script-sees")];
    return (
      (COOKIES.every((name) => named.includes(name)) && !seen.includes("CloudFront-")) ||
      `it names ${named}, and says of scripts: ${seen}`
    );
  });
}

async function throughTheLoginPage(page) {
  const { status, tab } = await page.openTab(PRIVATE_PAGE);
  await check("a person who opens a private page is sent to log in", async () => {
    const { pathname, searchParams } = new URL(tab.url());
    const back = searchParams.get("return-to");
    return (
      (status === 302 && pathname === "/login.html" && back === PRIVATE_PAGE) ||
      `answered ${status}, and led to ${tab.url()}`
    );
  });
  await check("and comes back to it with a pass", async () => {
    const back = tab.waitForResponse((answer) => new URL(answer.url()).pathname === PRIVATE_PAGE);
    await tab.click("[data-test='login-get-pass']");
    const answer = await back;
    return answer.status() === 200 || `coming back was answered ${answer.status()}`;
  });
}

async function expiry(page) {
  await page.press("get-pass");
  await check("a pass of eight seconds opens what is private", () =>
    page.answers("private-picture-1", 200),
  );
  await refused(page, "once the pass has expired");
  await check("asked why, it says that the pass has expired", () =>
    page.saysWhy("refused", "expired"),
  );
}

function names(cookies) {
  return cookies
    .map(({ name }) => name)
    .sort()
    .join();
}
