// A film that is longer than its passes: renewed by a script, one tab at a time, while the key is changed.

import { check } from "../browser/checks.mjs";
import { plays } from "./logins.mjs";
import { BEFORE, PASS, SESSION } from "./media.mjs";
import { pause, until } from "./visitor.mjs";

const FILM = "/films/index.html";
/// The public name is the browser's alone: it has a port that DNS knows nothing of.
const rotate = ({ issuerPort }) => [
  ...["keys", "rotate", "--issuer", "issuer.toml", "--edge", "gatepass.toml"],
  ...["--probe-issuer", `http://127.0.0.1:${issuerPort}/_gatepass`],
];
/// From one renewal to the next, and a little for a machine that has much to do.
const TURN = PASS - BEFORE + 6;

/// Plays across three renewals and to the end of the session.
export async function renewed(visitor, { media }) {
  const { page: other } = visitor;
  const began = Date.now();
  await visitor.logIn("cem", FILM);
  await until(() => visitor.renewals(other).length > 0, 10, () => "no renewal");
  // The other tab holds the lock by now; it is never to be stopped by more than its own film.
  await other.evaluate(() => document.querySelector("video").pause());
  const tab = await visitor.context.newPage();
  await visitor.go(FILM, tab);
  await check("in a second tab the film plays", () => until(() => plays(tab, 0.2), 20, () => "it does not"));
  const old = await visitor.keyId(FILM);
  await rotates(media);
  // A renewal before the issuer has read its file again would be by the old key.
  await pause(1.5);
  await isRenewed(visitor, visitor.renewals().length + 1, "the first renewal");
  await check("the first renewal came from the tab that was there first, and not from both", async () =>
    visitor.renewals(tab).length === 0 || `${visitor.renewals(tab).length} from the second`,
  );
  await check("the new pass is signed by the new key", async () => {
    const id = await visitor.keyId(FILM);
    return (old === "K1" && id !== undefined && id !== old) || id;
  });
  await check("the old key is not dropped while its passes live", async () => {
    const { status, said } = media.run(rotate(media));
    return (status === 1 && said.startsWith("3 of 4")) || `${status}: ${said}`;
  });
  await other.close();
  await check("when that tab is closed, the second takes over", () =>
    until(() => visitor.renewals(tab).length > 0, 5, () => "it did not"),
  );
  await isRenewed(visitor, visitor.renewals().length + 1, "the second renewal");
  await isRenewed(visitor, visitor.renewals().length + 1, "the third renewal");
  await check("without its old key the gate goes on with the new one", async () => {
    const inAnHour = String(Math.floor(Date.now() / 1_000) + 3_600);
    const said = media.call([...rotate(media), "--now", inAnHour]);
    return said.startsWith("4 of 4") || said;
  });
  await pause(5);
  await check("the film went on through three renewals, and no piece of it was refused", async () => {
    const passed = (Date.now() - began) / 1_000;
    const at = await tab.evaluate(() => document.querySelector("video").currentTime);
    const pieces = visitor.segments();
    const refused = pieces.filter(({ status }) => status !== 200 && status !== 206);
    const isGood = passed > 2 * PASS && at > 1.5 * PASS && pieces.length > PASS && refused.length === 0;
    const all = refused.map(({ path, status }) => `${path} ${status}`).join(" ");
    return isGood || `after ${passed} s it is at ${at}; of ${pieces.length} pieces refused: ${all}`;
  });
  await check("no renewal was refused, and none came more often than it should", async () => {
    const all = visitor.renewals();
    const most = Math.ceil((Date.now() - began) / 1_000 / (PASS - BEFORE - 1)) + 3;
    const isGood = all.every(({ status }) => status === 200) && all.length <= most;
    return isGood || all.map(({ status, at }) => `${status} after ${(at - began) / 1_000}`).join(", ");
  });
  await check("at the session's end the script stops, and the page says so", () =>
    until(() => tab.locator("#end").isVisible(), SESSION, () => "the page says nothing"),
  );
  const asked = visitor.renewals().length;
  await check("the session lasted as long as it may, and no longer", async () => {
    const lasted = (Date.now() - began) / 1_000;
    return (lasted > SESSION - 1 && lasted < SESSION + 15) || `${lasted} s`;
  });
  await check("then pieces are refused", async () => {
    const status = await visitor.fetch("/films/film.m3u8", {}, tab);
    return status === 403 || status;
  });
  await pause(2);
  await check("and nobody asks any more", async () => visitor.renewals().length === asked || "the script does");
}

/// The same film without the script. Else nobody would know that it was the script that helped.
export async function notRenewed(visitor) {
  await visitor.context.route("**/renew.js", (route) => route.abort());
  await visitor.logIn("dan", FILM);
  await check("without the script the film begins as well", () =>
    until(() => plays(visitor.page, 0.2), 20, () => "it does not"),
  );
  await check("and is refused when its pass has ended", () =>
    until(() => visitor.segments().some(({ status }) => status === 403), PASS + 15, () => "it is not"),
  );
}

async function isRenewed(visitor, count, name) {
  await check(`${name} comes in time`, () =>
    until(() => visitor.renewals().length >= count, TURN, () => `after ${TURN} s there were ${visitor.renewals().length}`),
  );
}

/// The first two steps: the new key is trusted beside the old one, then signs.
async function rotates(media) {
  await check("while it plays, a new key is trusted beside the old one", async () => {
    const said = media.call(rotate(media));
    return said.startsWith("1 of 4") || said;
  });
  await pause(1.5);
  await check("and then signs", async () => {
    const said = media.call([...rotate(media), "--trusted"]);
    return said.startsWith("2 of 4") || said;
  });
}
