// Keeps a viewer's passes fresh: one tab asks each issuer, before they end, until the session ends.
(() => {
  const url = new URL("renew", document.currentScript.src);
  const wait = (seconds) => new Promise((go) => setTimeout(go, seconds * 1000));
  const renew = async () => {
    for (let failed = 0; ; ) {
      const answer = await fetch(url, { method: "POST", credentials: "include" }).catch(() => 0);
      if (answer.status === 401 || answer.status === 403) break;
      const told = answer.ok && (await answer.json().catch(() => 0));
      failed = told ? 0 : failed + 1;
      await wait(told ? told["renew-in-seconds"] : Math.min(2 ** failed, 60));
    }
    dispatchEvent(new Event("gatepass-ended"));
  };
  navigator.locks ? navigator.locks.request(`gatepass-renewal ${url}`, renew) : renew();
})();
