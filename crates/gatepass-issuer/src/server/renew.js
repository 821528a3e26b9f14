// Keeps a viewer's passes fresh: one tab asks, before they end, until the session ends.
(() => {
  const url = new URL("renew", document.currentScript.src);
  const wait = (seconds) => new Promise((go) => setTimeout(go, seconds * 1000));
  const renew = async () => {
    for (let failed = 0; ; ) {
      const answer = await fetch(url, { method: "POST", credentials: "include" }).catch(() => null);
      if (answer && (answer.status === 401 || answer.status === 403)) break;
      failed = answer && answer.ok ? 0 : failed + 1;
      await wait(failed ? Math.min(2 ** failed, 60) : (await answer.json())["renew-in-seconds"]);
    }
    dispatchEvent(new Event("gatepass-ended"));
  };
  navigator.locks ? navigator.locks.request("gatepass-renewal", renew) : renew();
})();
