// The demo's film of twelve seconds, over and over, as long as a check needs.

import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { setting } from "../node/setting.mjs";

const FILM = fileURLToPath(new URL("../../crates/gatepass-cli/demo/site/private/film", import.meta.url));

/// Lays the film and its player where examples/issuer has them: segments of `seconds` in all, each asked
/// for under a name of its own, so that no browser has one already.
export function layFilm(site, seconds) {
  const films = join(site, "films");
  const [head, ...pieces] = readFileSync(join(FILM, "film.m3u8"), "utf8").split(/(?=#EXTINF)/);
  const last = pieces.length - 1;
  pieces[last] = pieces[last].replace("#EXT-X-ENDLIST\n", "");
  let [list, length] = [head, 0];
  for (let round = 0; length < seconds; round += 1) {
    if (round > 0) list += "#EXT-X-DISCONTINUITY\n";
    for (const piece of pieces) {
      const [, duration, name] = /#EXTINF:([\d.]+),\n(.+)\n/.exec(piece);
      cpSync(join(FILM, name), join(films, `${round}-${name}`));
      list += piece.replace(name, `${round}-${name}`);
      length += Number(duration);
    }
  }
  writeFileSync(join(films, "film.m3u8"), `${list}#EXT-X-ENDLIST\n`);
  cpSync(join(FILM, "init.mp4"), join(films, "init.mp4"));
  cpSync(join(setting("GATEPASS_NODE_MODULES"), "node_modules/hls.js/dist/hls.min.js"), join(site, "hls.min.js"));
}
