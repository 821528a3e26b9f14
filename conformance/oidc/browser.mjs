// A browser without a screen: it follows redirects one at a time, fills in forms, and keeps cookies
// by host and path. It finds hosts where it is told to, whatever their names are.

import { request } from "node:http";

export class Browser {
  /// Origins that are somewhere on this machine: `https://media.example.com` → a port.
  #places;
  #cookies = [];

  constructor(places) {
    this.#places = places;
  }

  /// A second browser with the same cookies, as a thief's or a second tab's.
  copy() {
    const other = new Browser(this.#places);
    other.#cookies = this.#cookies.map((cookie) => ({ ...cookie }));
    return other;
  }

  cookies(url) {
    const { hostname, pathname } = new URL(url);
    const reaches = ({ path }) =>
      pathname === path || pathname.startsWith(path.endsWith("/") ? path : `${path}/`);
    return this.#cookies.filter((cookie) => cookie.host === hostname && reaches(cookie));
  }

  /// One request, one answer; nothing is followed.
  ask(url, { method = "GET", form, headers = {} } = {}) {
    const { origin, hostname, port, pathname, search, host } = new URL(url);
    const body = form === undefined ? undefined : new URLSearchParams(form).toString();
    const cookie = this.cookies(url).map(({ name, value }) => `${name}=${value}`).join("; ");
    const all = { host, ...headers };
    if (cookie !== "") all.cookie = cookie;
    // A form of the page that is asked.
    if (method === "POST") all.origin ??= origin;
    if (body !== undefined) {
      all["content-type"] = "application/x-www-form-urlencoded";
      all["content-length"] = Buffer.byteLength(body);
    }
    const place = { host: "127.0.0.1", port: this.#places[origin] ?? port, path: pathname + search };
    return new Promise((resolve, reject) => {
      const asked = request({ ...place, method, headers: all, timeout: 20_000 }, (answer) => {
        const parts = [];
        answer.on("data", (part) => parts.push(part));
        answer.on("error", reject);
        answer.on("end", () => {
          const lines = answer.headers["set-cookie"] ?? [];
          lines.forEach((line) => this.#keep(hostname, line));
          const to = answer.headers.location;
          const location = to === undefined ? undefined : new URL(to, url).href;
          const text = Buffer.concat(parts).toString();
          resolve({ url, status: answer.statusCode, headers: answer.headers, lines, location, text });
        });
      });
      asked.on("timeout", () => asked.destroy(new Error(`${url} did not answer`)));
      asked.on("error", reject);
      asked.end(body);
    });
  }

  /// Asks and follows, until a page comes or `until` says of a URL that it is far enough.
  async go(url, until = () => false) {
    let answer = await this.ask(url);
    for (let hops = 0; answer.location !== undefined && !until(answer.location); hops += 1) {
      if (hops > 10) throw new Error(`${url} redirects without end`);
      answer = await this.ask(answer.location);
    }
    return answer;
  }

  #keep(host, line) {
    const [pair, ...attributes] = line.split(/;\s*/);
    const [name, value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
    const said = Object.fromEntries(
      attributes.map((one) => [one.split("=")[0].toLowerCase(), one.split("=").slice(1).join("=")]),
    );
    const path = said.path ?? "/";
    const isIt = (cookie) => cookie.host === host && cookie.name === name && cookie.path === path;
    this.#cookies = this.#cookies.filter((cookie) => !isIt(cookie));
    const isGone = said["max-age"] === "0" || (said.expires && new Date(said.expires) < new Date());
    if (!isGone) this.#cookies.push({ host, name, value, path, said });
  }
}
