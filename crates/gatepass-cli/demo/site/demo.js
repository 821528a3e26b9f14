// The demo page. No libraries; everything comes from this server.
"use strict";

const PASS_COOKIES = ["CloudFront-Policy", "CloudFront-Signature", "CloudFront-Key-Pair-Id"];
const PROBE = "/private/picture-1.svg";
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const byId = (id) => document.getElementById(id);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// An element with a class, and text or children.
function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

// A request that no cache answers: only then is each verdict the gate's own.
async function ask(path, signal) {
  const answer = await fetch(path, { cache: "no-store", signal });
  // A gate may send a page request elsewhere; for content that is a refusal.
  return { answer, status: answer.redirected ? 302 : answer.status, good: answer.ok && !answer.redirected };
}

// ---------------------------------------------------------------- tiles

const WORDS = { 200: "admitted", 302: "sent to the login page", 403: "refused", 404: "not found" };

function showStatus(tile, status) {
  tile.dataset.status = String(status);
  const badge = tile.querySelector(".badge");
  badge.textContent = status ? String(status) : "no answer";
  badge.title = WORDS[status] ?? "";
}

// The state that lies over a picture or the film. Without words: none.
function cover(tile, title, text) {
  const media = tile.querySelector(".media");
  media.querySelector(".cover")?.remove();
  if (!title) return;
  const face = make("div", "cover");
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 48 48");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", "M10 42V21a14 14 0 0 1 28 0v21zM24 7v35M19 27v4M29 27v4");
  svg.append(path);
  face.append(svg, make("strong", "", title), make("span", "", text));
  media.append(face);
}

function refusal(status, name) {
  if (status === 403 || status === 302) return ["Refused (403)", `The gate did not admit ${name}.`];
  if (status === 0) return ["No answer", "Is the demo still running?"];
  return [`Answered ${status}`, `The edge has no ${name} to give.`];
}

class Picture {
  constructor(tile) {
    this.tile = tile;
    this.path = tile.dataset.path;
    this.image = tile.querySelector("img");
    this.turn = 0;
    this.blob = null;
  }

  async check() {
    const turn = ++this.turn;
    let status = 0;
    let body = null;
    try {
      const got = await ask(this.path);
      status = got.status;
      if (got.good) body = await got.answer.blob();
    } catch {
      status = 0;
    }
    if (turn !== this.turn) return;
    if (this.blob) URL.revokeObjectURL(this.blob);
    this.blob = body && URL.createObjectURL(body);
    if (this.blob) this.image.src = this.blob;
    else this.image.removeAttribute("src");
    this.image.hidden = !this.blob;
    if (this.blob) cover(this.tile);
    else cover(this.tile, ...refusal(status, "this picture"));
    showStatus(this.tile, status);
  }
}

// ----------------------------------------------------------------- film

class Refused extends Error {
  constructor(status, name) {
    super(`${name}: ${status}`);
    this.status = status;
    this.name = name;
  }
}

// The few lines of a playlist that this film uses.
function readPlaylist(text, base) {
  const list = { init: null, segments: [], length: 0 };
  let seconds = 0;
  for (const raw of text.split("\n")) {
    const line = raw.trim();
    if (line.startsWith("#EXT-X-MAP:")) {
      const uri = /URI="([^"]+)"/.exec(line);
      if (uri) list.init = new URL(uri[1], base);
    } else if (line.startsWith("#EXTINF:")) {
      seconds = parseFloat(line.slice(8));
    } else if (line && !line.startsWith("#")) {
      list.segments.push(new URL(line, base));
      list.length += seconds;
    }
  }
  return list;
}

// The codecs string stands in the init segment: three bytes of the "avcC" box.
function codecsOf(init) {
  const bytes = new Uint8Array(init);
  for (let i = 0; i + 8 < bytes.length; i++) {
    if (bytes[i] === 0x61 && bytes[i + 1] === 0x76 && bytes[i + 2] === 0x63 && bytes[i + 3] === 0x43) {
      const hex = [...bytes.subarray(i + 5, i + 8)].map((b) => b.toString(16).padStart(2, "0"));
      return `avc1.${hex.join("")}`;
    }
  }
  return "avc1.4d401e";
}

const Source = self.MediaSource ?? self.ManagedMediaSource;

class Film {
  constructor(tile) {
    this.tile = tile;
    this.path = tile.dataset.path;
    this.video = byId("video");
    this.state = byId("film-state");
    this.play = byId("play");
    this.list = byId("requests");
    this.run = null; // the AbortController of the present run
    this.eager = false; // ask for the next segment now
    this.wanted = !calm.matches; // should it play?
    this.segment = "";
    this.url = null;

    this.video.muted = true;
    this.play.addEventListener("click", () => {
      this.wanted = this.video.paused;
      if (this.wanted) this.video.play().catch(() => {});
      else this.video.pause();
      this.showPlay();
    });
    for (const kind of ["play", "pause", "playing"]) this.video.addEventListener(kind, () => this.showPlay());
  }

  say(state, text) {
    this.state.dataset.state = state;
    if (this.state.textContent !== text) this.state.textContent = text;
  }

  showPlay() {
    this.play.hidden = !this.run;
    this.play.textContent = this.video.paused ? "Play" : "Pause";
    if (this.run && this.segment) {
      if (this.video.paused) this.say("paused", "Paused");
      else this.say("playing", "Playing");
    }
  }

  log(name, status) {
    this.list.querySelector(".none")?.remove();
    const line = make("li", "", make("code", "", name), make("span", "status", status ? String(status) : "-"));
    line.dataset.status = String(status);
    this.list.append(line);
    while (this.list.children.length > 9) this.list.firstChild.remove();
  }

  async get(url, signal, type) {
    const name = url.pathname.split("/").pop();
    let got;
    try {
      got = await ask(url, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      this.log(name, 0);
      throw new Refused(0, name);
    }
    this.log(name, got.status);
    if (!got.good) throw new Refused(got.status, name);
    showStatus(this.tile, got.status);
    return type === "text" ? got.answer.text() : got.answer.arrayBuffer();
  }

  // Starts, unless it runs already.
  start() {
    if (this.run) return;
    this.run = new AbortController();
    this.segment = "";
    this.eager = false;
    const run = this.run;
    if (this.state.dataset.state === "idle") this.say("loading", "Loading");
    const work = Source ? this.feed(run.signal) : this.native(run.signal);
    work.catch((error) => this.end(run, error));
  }

  end(run, error) {
    if (this.run !== run) return;
    run.abort();
    this.run = null;
    this.video.pause();
    if (error instanceof Refused) {
      const [title, text] = refusal(error.status, error.name);
      cover(this.tile, title, text);
      showStatus(this.tile, error.status);
      this.say(error.status === 403 || error.status === 302 ? "refused" : "error", title);
    } else {
      cover(this.tile, "Cannot play", "This browser does not play the film.");
      this.say("error", `Cannot play: ${error.message}`);
    }
    this.showPlay();
  }

  // When the pass may be gone: find out now, not at the next segment.
  hurry() {
    if (this.run) this.eager = true;
    else this.start();
  }

  async feed(signal) {
    const base = new URL(this.path, location.origin);
    let list = readPlaylist(await this.get(base, signal, "text"), base);
    const init = await this.get(list.init, signal);
    const type = `video/mp4; codecs="${codecsOf(init)}"`;
    if (!Source.isTypeSupported(type)) throw new Error(type);

    const source = new Source();
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = URL.createObjectURL(source);
    this.video.src = this.url;
    await new Promise((done, fail) => {
      source.addEventListener("sourceopen", done, { once: true });
      signal.addEventListener("abort", fail, { once: true });
    });
    source.duration = Infinity;
    const buffer = source.addSourceBuffer(type);
    const settle = (work) =>
      new Promise((done, fail) => {
        buffer.onupdateend = done;
        buffer.onerror = () => fail(new Error("a segment cannot be decoded"));
        work();
      });
    await settle(() => buffer.appendBuffer(init));

    for (let round = 0, offset = 0; ; round++) {
      if (round > 0) list = readPlaylist(await this.get(base, signal, "text"), base);
      for (const url of list.segments) {
        await this.room(buffer, signal);
        const bytes = await this.get(url, signal);
        const now = this.video.currentTime;
        if (now > 10) await settle(() => buffer.remove(0, now - 6));
        if (buffer.timestampOffset !== offset) buffer.timestampOffset = offset;
        await settle(() => buffer.appendBuffer(bytes));
        if (!this.segment) {
          const first = buffer.buffered.length ? buffer.buffered.start(0) : 0;
          if (first > this.video.currentTime) this.video.currentTime = first;
          cover(this.tile);
          this.segment = url.pathname;
          if (this.wanted) await this.video.play().catch(() => {});
          this.showPlay();
        }
        this.segment = url.pathname;
      }
      offset += list.length;
    }
  }

  // Waits until less than one segment is left to play.
  async room(buffer, signal) {
    for (;;) {
      if (signal.aborted) throw new Error("stopped");
      const ranges = buffer.buffered;
      const end = ranges.length ? ranges.end(ranges.length - 1) : 0;
      if (this.eager || end - this.video.currentTime < 1.5) break;
      await sleep(100);
    }
    this.eager = false;
  }

  // No media source: the browser fetches the film itself. It does not tell the
  // status of what it fetches, so the playlist is asked for beside it.
  async native(signal) {
    const base = new URL(this.path, location.origin);
    await this.get(base, signal, "text");
    if (!this.video.canPlayType("application/vnd.apple.mpegurl")) throw new Error("no HLS");
    this.video.loop = true;
    this.video.src = `${base.pathname}?round=${Date.now()}`;
    cover(this.tile);
    this.segment = base.pathname;
    if (this.wanted) await this.video.play().catch(() => {});
    this.showPlay();
    for (;;) {
      for (let i = 0; i < 20 && !this.eager; i++) await sleep(100);
      this.eager = false;
      await this.get(base, signal, "text");
    }
  }
}

// ------------------------------------------------------------- the pass

const tiles = [...document.querySelectorAll('[data-kind="picture"]')].map((tile) => new Picture(tile));
const privateTiles = tiles.filter((picture) => picture.path.startsWith("/private/"));
const film = new Film(document.querySelector('[data-kind="film"]'));
const gate = byId("gate");

// until: when the pass ends, by this page's clock, in milliseconds; 0 without one.
const pass = { until: 0, seconds: 60, turn: 0 };

function setGate(state, text, more) {
  gate.dataset.state = state;
  byId("gate-state").textContent = text;
  byId("gate-more").textContent = more;
}

function showNames(names) {
  const lines = names.map((name) => make("li", "", make("code", "", name)));
  byId("cookie-names").replaceChildren(...(lines.length ? lines : [make("li", "none", "none")]));
}

// Shows names only: other programs on this host may have cookies too.
function showScriptSees() {
  const names = document.cookie.split(";").map((pair) => pair.split("=")[0].trim()).filter(Boolean);
  const ours = names.filter((name) => name.startsWith("CloudFront-"));
  const line = byId("script-sees");
  line.dataset.sees = ours.length ? "some" : "none";
  if (ours.length) line.textContent = `holds ${ours.join(", ")}`;
  else if (names.length) line.textContent = `holds none of them (${names.length} of other programs)`;
  else line.textContent = "is empty";
}

function showCountdown() {
  const left = Math.max(0, pass.until - Date.now());
  const seconds = Math.ceil(left / 1000);
  const number = byId("countdown");
  if (number.dataset.seconds !== String(seconds)) {
    number.dataset.seconds = String(seconds);
    number.textContent = String(seconds);
  }
  const share = Math.min(100, (left / (pass.seconds * 1000)) * 100);
  byId("ring").setAttribute("stroke-dasharray", `${share.toFixed(2)} 100`);
}

function tick() {
  if (!pass.until) return;
  showCountdown();
  if (Date.now() >= pass.until) {
    pass.until = 0;
    pass.turn++;
    setGate("ended", "The pass has ended.", "Everything private is refused again.");
    close(pass.turn);
  }
}

// How far the server's clock is ahead of this page's, in milliseconds. The Date
// header counts whole seconds, so a small difference is none.
function ahead(answer) {
  const difference = Date.parse(answer.headers.get("Date") ?? "") - Date.now();
  return Math.abs(difference) > 2000 ? difference : 0;
}

function open(expires, seconds, resource, names, answer) {
  const now = Date.now();
  const byServer = expires * 1000 - ahead(answer);
  const sane = byServer > now && byServer <= now + (seconds + 5) * 1000;
  pass.until = sane ? byServer : now + seconds * 1000;
  pass.seconds = seconds;
  pass.turn++;
  setGate("open", "You hold a pass.", "The gate admits you until it ends.");
  showNames(names);
  if (resource) byId("resource").textContent = resource;
  showScriptSees();
  showCountdown();
  film.start();
  for (const picture of privateTiles) picture.check();
  again();
}

// Asks for everything private again until it is refused: the clocks of the page
// and the server may differ by a moment.
async function close(turn) {
  showScriptSees();
  for (let i = 0; i < 6 && turn === pass.turn; i++) {
    film.hurry();
    await Promise.all(privateTiles.map((picture) => picture.check()));
    await sleep(i === 0 ? 400 : 1000);
    const still = privateTiles.some((picture) => picture.tile.dataset.status === "200");
    if (!still && !film.run) break;
  }
  if (turn === pass.turn) again();
}

async function getPass() {
  try {
    const answer = await fetch("/demo/pass", { method: "POST", headers: { "X-Gatepass-Demo": "1" }, cache: "no-store" });
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    const given = await answer.json();
    open(given.expires, given.seconds, given.resource, given.cookies ?? PASS_COOKIES, answer);
  } catch (error) {
    byId("gate-more").textContent = `No pass: ${error.message}.`;
  }
}

async function dropPass() {
  try {
    const answer = await fetch("/demo/pass", { method: "DELETE", headers: { "X-Gatepass-Demo": "1" }, cache: "no-store" });
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  } catch (error) {
    byId("gate-more").textContent = `Not dropped: ${error.message}.`;
    return;
  }
  pass.until = 0;
  pass.turn++;
  setGate("none", "You hold no pass.", "Everything private is refused.");
  showNames([]);
  showCountdown();
  await close(pass.turn);
}

// The end of a decoded policy, in epoch seconds.
function endOf(policy) {
  const statement = [].concat(policy?.Statement ?? [])[0];
  const end = Number(statement?.Condition?.DateLessThan?.["AWS:EpochTime"]);
  return Number.isFinite(end) ? { end, resource: statement.Resource } : null;
}

// A page that is loaded anew may hold a pass already, and cannot see it: ask.
async function resume() {
  try {
    const { answer, good } = await ask(`/demo/why?path=${encodeURIComponent(PROBE)}`);
    if (!good) return false;
    const report = await answer.json();
    const found = report.admitted && endOf(report.policy);
    const left = found ? Math.ceil(found.end - (Date.now() + ahead(answer)) / 1000) : 0;
    if (left <= 0) return false;
    open(found.end, Math.max(60, left), found.resource, report.cookies ?? PASS_COOKIES, answer);
    return true;
  } catch {
    return false;
  }
}

// ------------------------------------------------------------------ why

const report = byId("why-report");
let whyTurn = 0;

function showReport(data, path) {
  const parts = [];
  const verdict = make("div", "verdict");
  verdict.dataset.admitted = String(Boolean(data.admitted));
  const title = data.admitted ? "Admitted" : "Refused";
  const codes = data.admitted ? [] : [data.reason, data.code].filter(Boolean);
  verdict.append(make("strong", "", title), ...codes.map((code) => make("code", "", code)));
  verdict.append(make("span", "when", `asked at ${new Date().toLocaleTimeString("en-US", { hour12: false })}`));
  parts.push(verdict);
  parts.push(make("p", "asked", make("code", "", data.url ?? path)));
  if (data.message) parts.push(make("p", "message", data.message));
  if (data.hint) parts.push(make("p", "hint", data.hint));

  if (data.rules?.length) {
    const rules = make("ol", "rules");
    for (const rule of data.rules) {
      const line = make("li", "", make("span", "outcome", rule.outcome), make("span", "rule", rule.name));
      line.dataset.outcome = rule.outcome;
      if (rule.detail) line.append(make("span", "detail", rule.detail));
      rules.append(line);
    }
    parts.push(make("h3", "", "The rules, in order"), rules);
  }
  if (data.diagnoses?.length) {
    parts.push(make("h3", "", "Worth knowing"), make("ul", "diagnoses", ...data.diagnoses.map((text) => make("li", "", text))));
  }
  if (data.policy) {
    parts.push(make("h3", "", "The policy, decoded"));
    const code = make("pre", "", JSON.stringify(data.policy, null, 2));
    code.tabIndex = 0;
    parts.push(code);
  }
  report.replaceChildren(...parts);
  report.dataset.admitted = String(Boolean(data.admitted));
}

async function why(path) {
  const turn = ++whyTurn;
  try {
    const { answer, good, status } = await ask(`/demo/why?path=${encodeURIComponent(path)}`);
    if (!good) throw new Error(`the server answered ${status}`);
    const data = await answer.json();
    if (turn !== whyTurn) return;
    showReport(data, path);
  } catch (error) {
    if (turn !== whyTurn) return;
    report.replaceChildren(make("p", "message", `No report: ${error.message}.`));
  }
  report.hidden = false;
}

// The report on the screen follows the pass.
function again() {
  if (!report.hidden) why(byId("why-path").value);
}

byId("why-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  await why(byId("why-path").value);
  report.scrollIntoView({ block: "nearest", behavior: calm.matches ? "auto" : "smooth" });
});

for (const button of document.querySelectorAll(".why-this")) {
  button.addEventListener("click", async () => {
    byId("why-path").value = button.closest(".tile").dataset.path;
    await why(byId("why-path").value);
    byId("why-section").scrollIntoView({ block: "start", behavior: calm.matches ? "auto" : "smooth" });
    report.focus({ preventScroll: true });
  });
}

// ---------------------------------------------------------------- lines

async function showLines() {
  const place = byId("lines");
  try {
    const { answer, good, status } = await ask("/demo/lines");
    if (!good) throw new Error(`the server answered ${status}`);
    const { curl } = await answer.json();
    place.replaceChildren(
      ...curl.map((text, index) => {
        const code = make("code", "");
        // Break lines after slashes rather than within words.
        for (const part of text.split(/(?<=\/)(?=[^/])/)) code.append(part, document.createElement("wbr"));
        const copy = make("button", "copy", "Copy");
        copy.type = "button";
        copy.setAttribute("aria-label", `Copy line ${index + 1}`);
        copy.addEventListener("click", async () => {
          try {
            await navigator.clipboard.writeText(text);
            copy.textContent = "Copied";
          } catch {
            getSelection().selectAllChildren(code);
            copy.textContent = "Selected";
          }
          setTimeout(() => (copy.textContent = "Copy"), 1500);
        });
        return make("li", text.startsWith("#") ? "comment" : "", code, copy);
      }),
    );
  } catch (error) {
    place.replaceChildren(make("li", "none", `not available: ${error.message}`));
  }
}

// ---------------------------------------------------------------- start

byId("get-pass").addEventListener("click", getPass);
byId("drop-pass").addEventListener("click", dropPass);
setInterval(tick, 200);

async function start() {
  showScriptSees();
  showLines();
  for (const picture of tiles) if (!privateTiles.includes(picture)) picture.check();
  if (await resume()) return;
  for (const picture of privateTiles) picture.check();
  film.start();
}

// A page that comes back from the browser's history: the pass may have changed.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

start();
