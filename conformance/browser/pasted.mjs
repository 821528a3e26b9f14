// The lines of `docs/players.md` in a page on another site than the film's, as if somebody had pasted them.

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { setting } from "../node/setting.mjs";

const PAPER = new URL("../../docs/players.md", import.meta.url);
const FILM = "https://media.example.com/films/";
const CDN = /https:\/\/cdn\.jsdelivr\.net\/npm\/([a-z.]+)@\d+\/([^"]+)/;

/// The paper's pages by the player that they are for. A film that is `hosted` elsewhere takes the paper's place.
export function pasted(hosted) {
  const blocks = readFileSync(PAPER, "utf8").matchAll(/```html\n([\s\S]*?)```/g);
  return Object.fromEntries(
    [...blocks].map(([, html]) => [html.match(CDN)?.[1] ?? "the element", html.replaceAll(FILM, hosted)]),
  );
}

/// Lets a page that is open hold these lines alone, with libraries from where ours are.
export async function paste(page, html) {
  await page.route(CDN, (route) => {
    const [, name, path] = route.request().url().match(CDN);
    return route.fulfill({ path: join(setting("GATEPASS_NODE_MODULES"), "node_modules", name, path) });
  });
  await page.setContent(`<!doctype html><html lang="en"><title>Pasted</title>${html}</html>`);
}
