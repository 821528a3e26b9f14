// What a person and their browser see of a gate with an issuer: Chromium, `gatepass serve` and `gatepass
// issue`, over TLS, with passes of twenty seconds.
//
//     cargo xtask test issuer             # runs this with all that it needs

import { check, close, fails, folder } from "../browser/checks.mjs";
import { startBrowser } from "../browser/page.mjs";
import { LoginService } from "../oidc/provider.mjs";
import { byPassword, byProvider, navigation } from "./logins.mjs";
import { Media } from "./media.mjs";
import { Neighbour } from "./neighbour.mjs";
import { notRenewed, renewed } from "./playback.mjs";
import { Visitor } from "./visitor.mjs";

process.exit(await main());

async function main() {
  const media = await Media.prepare();
  const login = `${media.url}/login/oidc`;
  const provider = await LoginService.start(`${login}/callback`, `${login}/logged-out`);
  const neighbour = await Neighbour.start(media.folder);
  try {
    await media.start(provider);
    await wideDomains(media, provider);
    const browser = await startBrowser(["--host-resolver-rules=MAP *.example.com 127.0.0.1"]);
    const place = { browser, media, neighbour };
    // They wait for passes to end, so they wait together.
    await Promise.all([renewed, notRenewed, byPassword, byProvider, navigation].map((story) => visit(story, place)));
    await browser.close();
  } catch (error) {
    fails(error.message);
  }
  await neighbour.stop();
  await provider.goDown();
  await media.stop();
  return close("issuer");
}

async function visit(story, place) {
  const visitor = await Visitor.open(place.browser, place.media);
  try {
    await story(visitor, place);
  } catch (error) {
    const picture = `${folder}/issuer-${story.name}.png`;
    await visitor.page.screenshot({ path: picture }).catch(() => {});
    const journal = place.media.log("issue").split("\n").slice(-15).join("\n    ");
    fails(`${story.name}: ${error.message}\n    what the page showed: ${picture}\n    ${journal}`);
  } finally {
    await visitor.close();
  }
}

/// What the user's document warns of: cookies that all hosts of a domain receive.
async function wideDomains(media, provider) {
  const checked = (cookies) => {
    media.write("wide.toml", media.issuerFile(provider, cookies));
    return media.run(["issue", "--config", "wide.toml", "--check"]);
  };
  await check("the issuer's own configuration is well-formed", async () => {
    const { status, said } = checked("{}");
    return status === 0 || said;
  });
  await check("a Domain that is wider than need be is refused", async () => {
    const { status, said } = checked('{ domain = "example.com" }');
    return (status === 2 && said.includes("example.com") && said.includes("force")) || `${status}: ${said}`;
  });
  await check("unless it is forced, and then it is warned of", async () => {
    const { status, said } = checked('{ domain = "example.com", force = true }');
    return (status === 0 && said.includes("example.com")) || `${status}: ${said}`;
  });
}
