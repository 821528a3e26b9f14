// The demo's page as a person meets it. Everything on it is found by its data-test name.

import { createRequire } from "node:module";
import { join } from "node:path";

import { setting } from "../node/setting.mjs";

const require = createRequire(join(setting("GATEPASS_NODE_MODULES"), "package.json"));
const { chromium } = require("playwright-core");

const PATIENCE = 20_000;

export function startBrowser(args = []) {
  return chromium.launch({
    args,
    executablePath: setting("GATEPASS_TOOL_CHROMIUM"),
    // Its only page is ours, and containers mostly forbid what the sandbox is made of.
    chromiumSandbox: false,
  });
}

export class DemoPage {
  #context;
  #page;
  #url;

  /// Opens the demo in a browser profile that knows nothing yet.
  static async open(browser, url) {
    const self = new DemoPage();
    self.#context = await browser.newContext();
    self.#context.setDefaultTimeout(PATIENCE);
    self.#page = await self.#context.newPage();
    self.#url = url;
    await self.#page.goto(url);
    return self;
  }

  close() {
    return this.#context.close();
  }

  screenshot(path) {
    return this.#page.screenshot({ path, fullPage: true });
  }

  press(name) {
    return this.#found(name).click();
  }

  text(name) {
    return this.#found(name).innerText();
  }

  /// Waits until a tile shows what the server answered.
  answers(name, status) {
    return this.#until(
      ({ name, status }) =>
        document.querySelector(`[data-test="${name}"]`).dataset.status === String(status),
      { name, status },
      `${name} did not come to show ${status}`,
    );
  }

  /// Waits until a tile's picture is there to be seen, or isn't.
  shows(name, seen) {
    return this.#until(
      ({ name, seen }) => {
        const picture = document.querySelector(`[data-test="${name}"] img`);
        return (picture.checkVisibility() && picture.naturalWidth > 0) === seen;
      },
      { name, seen },
      seen ? `${name} did not appear` : `${name} did not vanish`,
    );
  }

  /// The path that a tile is fetched from.
  path(name) {
    return this.#found(name).getAttribute("data-path");
  }

  filmPlays() {
    return this.#until(
      () => {
        const film = document.querySelector('[data-test="film"] video');
        return film.readyState >= 2 && film.currentTime > 0.2 && film.videoWidth > 0;
      },
      undefined,
      "it did not come to play",
    );
  }

  async countdownFalls() {
    const before = Number(await this.text("countdown"));
    return this.#until(
      (before) => Number(document.querySelector('[data-test="countdown"]').innerText) < before,
      before,
      `it stayed at ${before}`,
    );
  }

  /// Asks the gate why, and waits for a report that holds all these words.
  async saysWhy(...words) {
    await this.press("why");
    const said = await this.#until(
      (words) => {
        const report = document.querySelector('[data-test="why-report"]').innerText.toLowerCase();
        return words.every((word) => report.includes(word));
      },
      words,
      "the report says something else",
    );
    return said === true || `${said}: ${await this.text("why-report")}`;
  }

  /// What a script on the page gets when it fetches.
  fetch(path) {
    return this.#page.evaluate(async (path) => {
      const answer = await fetch(path, { cache: "no-store" });
      const type = answer.headers.get("content-type") ?? "";
      return { status: answer.status, type, body: await answer.text() };
    }, path);
  }

  /// Opens a path in a new tab: the first answer's status, and the tab where it led.
  async openTab(path) {
    const tab = await this.#context.newPage();
    const landing = await tab.goto(new URL(path, this.#url).href);
    const first = (await landing.request().redirectedFrom()?.response()) ?? landing;
    return { status: first.status(), tab };
  }

  cookies() {
    return this.#context.cookies();
  }

  async passCookies() {
    return (await this.cookies()).filter(({ name }) => name.startsWith("CloudFront-"));
  }

  documentCookie() {
    return this.#page.evaluate(() => document.cookie);
  }

  #found(name) {
    return this.#page.locator(`[data-test="${name}"]`);
  }

  async #until(proof, argument, otherwise) {
    try {
      await this.#page.waitForFunction(proof, argument, { timeout: PATIENCE });
      return true;
    } catch (error) {
      return `${otherwise} (${error.message.split("\n")[0]})`;
    }
  }
}
