// Somebody with a browser of their own: what they do, and what can be seen of it from outside.

import { PASSWORD } from "./media.mjs";

const PATIENCE = 30_000;

export class Visitor {
  /// Every answer of the guarded host: `{ page, method, path, status }`.
  answers = [];
  #media;

  /// Opens a browser profile that knows nothing yet.
  static async open(browser, media) {
    const self = new Visitor();
    self.#media = media;
    // The certificate signs itself; what is looked at here is what is spoken behind it.
    self.context = await browser.newContext({ ignoreHTTPSErrors: true });
    self.context.setDefaultTimeout(PATIENCE);
    self.context.on("response", (answer) => self.#note(answer));
    self.page = await self.context.newPage();
    return self;
  }

  close() {
    return this.context.close();
  }

  go(path, page = this.page) {
    return page.goto(`${this.#media.origin}${path}`);
  }

  /// Goes somewhere without a pass, and types name and password where that leads.
  async logIn(name, path) {
    await this.go(path);
    await this.page.fill("[name=name]", name);
    await this.page.fill("[name=password]", PASSWORD);
    await this.page.click("button[type=submit]");
    await this.page.waitForURL(`${this.#media.origin}${path}`);
  }

  /// The cookies that would go along to a path.
  cookies(path) {
    return this.context.cookies(`${this.#media.origin}${path}`);
  }

  /// The value of the cookie that goes along to a path.
  async cookie(name, path) {
    return (await this.cookies(path)).find((cookie) => cookie.name === name)?.value;
  }

  /// The key that signed the pass for a path.
  keyId(path) {
    return this.cookie("CloudFront-Key-Pair-Id", path);
  }

  /// The epoch second at which the pass for a path ends.
  async end(path) {
    const policy = await this.cookie("CloudFront-Policy", path);
    const base64 = policy.replaceAll("-", "+").replaceAll("_", "=").replaceAll("~", "/");
    const { Statement } = JSON.parse(Buffer.from(base64, "base64").toString());
    return Statement[0].Condition.DateLessThan["AWS:EpochTime"];
  }

  /// What a script on the page is answered.
  fetch(path, options = {}, page = this.page) {
    const asked = [`${this.#media.origin}${path}`, { cache: "no-store", ...options }];
    return page.evaluate(async ([url, options]) => {
      const answer = await fetch(url, options).catch(({ name }) => ({ status: name }));
      return answer.status;
    }, asked);
  }

  /// How often scripts renewed, on one page or on any.
  renewals(page) {
    const isIt = (one) => one.method === "POST" && one.path === "/_gatepass/renew";
    return this.answers.filter((one) => isIt(one) && (page === undefined || one.page === page));
  }

  /// What was answered of the film itself.
  segments() {
    return this.answers.filter(({ path }) => /\.m4s$|\.mp4$|\.m3u8$/.test(path));
  }

  #note(answer) {
    const { pathname, origin } = new URL(answer.url());
    if (origin !== this.#media.origin) return;
    const request = answer.request();
    const page = request.isNavigationRequest() ? null : request.frame().page();
    this.answers.push({ page, method: request.method(), path: pathname, status: answer.status(), at: Date.now() });
  }
}

/// Waits until something is so.
export async function until(proof, seconds, otherwise) {
  const deadline = Date.now() + seconds * 1_000;
  for (;;) {
    if (await proof()) return true;
    if (Date.now() > deadline) return otherwise();
    await pause(0.1);
  }
}

export function pause(seconds) {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
}

/// Waits until an element is there, and says whether a picture in it is to be seen.
export async function shows(page, selector, seen) {
  const proof = ({ selector, seen }) => {
    const picture = document.querySelector(selector);
    return picture?.complete && (picture.naturalWidth > 0) === seen;
  };
  try {
    await page.waitForFunction(proof, { selector, seen }, { timeout: PATIENCE });
    return true;
  } catch (error) {
    return `${page.url()}: ${error.message.split("\n")[0]}`;
  }
}
