// The login page: takes a pass, then goes back to where the viewer came from.
"use strict";

const HOME = "/private/index.html";

// The path to return to, or null when `text` is not a path of this site.
// Going to whatever a query says would make this page an open redirect.
function safeReturnTo(text, origin) {
  // One slash first; the second character decides between a path and a host.
  if (!/^\/(?![/\\])/.test(text)) return null;
  // URL parsers drop tabs and line ends and turn "\" into "/".
  if (/[\u0000-\u0020\u007f-\u00a0\u2028\u2029\ufeff\\]/.test(text)) return null;
  let url;
  try {
    url = new URL(text, origin);
  } catch {
    return null;
  }
  if (url.origin !== origin) return null;
  // "/.//host" has become "//host".
  if (url.pathname.startsWith("//")) return null;
  // Not back to this page itself.
  if (url.pathname === "/login.html") return null;
  return url.pathname + url.search + url.hash;
}

function start() {
  const asked = new URLSearchParams(location.search).get("return-to");
  const safe = asked === null ? HOME : safeReturnTo(asked, location.origin);
  const target = safe ?? "/";
  const button = document.getElementById("login-pass");
  const state = document.getElementById("login-state");

  document.getElementById("refused").hidden = safe !== null;
  document.getElementById("target-line").hidden = safe === null;
  document.getElementById("target").textContent = target;
  if (safe !== null) button.textContent = "Get a pass and go back";

  button.addEventListener("click", async () => {
    state.textContent = "Taking a pass.";
    try {
      const answer = await fetch("/demo/pass", {
        method: "POST",
        headers: { "X-Gatepass-Demo": "1" },
        cache: "no-store",
      });
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
      location.replace(new URL(target, location.origin).href);
    } catch (error) {
      state.textContent = `No pass: ${error.message}.`;
    }
  });
}

if (typeof document !== "undefined") start();
if (typeof module !== "undefined") module.exports = { safeReturnTo };
