// The next scan of the unit's own scanners. The unit answers as soon as there is one; a page that
// is hidden does not ask, so that another screen gets it.

const WAIT_S = 20;
const PATIENCE_MS = (WAIT_S + 15) * 1000;
const PAUSE_MS = 1000;

// The same page asks under the same name after it was loaded anew: its older question is void.
function name() {
  let found = sessionStorage.getItem("looker");
  if (!found) {
    const bytes = crypto.getRandomValues(new Uint8Array(12));
    found = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    sessionStorage.setItem("looker", found);
  }
  return found;
}

function visible() {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    document.addEventListener("visibilitychange", function seen() {
      if (document.hidden) return;
      document.removeEventListener("visibilitychange", seen);
      resolve();
    });
  });
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function next(url) {
  const leaving = new AbortController();
  const leave = () => { if (document.hidden) leaving.abort(); };
  document.addEventListener("visibilitychange", leave);
  const patience = setTimeout(() => leaving.abort(), PATIENCE_MS);
  const asked = performance.now();
  try {
    const response = await fetch(`${url}?looker=${name()}&wait_s=${WAIT_S}`, { signal: leaving.signal });
    if (response.status === 401 || response.redirected) { location.reload(); return null; }
    if (response.status === 200) return await response.json();
    // It did not wait: too many screens do, or the unit is about to stop.
    if (performance.now() - asked < PAUSE_MS) await pause(PAUSE_MS);
  } catch {
    await pause(PAUSE_MS);
  } finally {
    clearTimeout(patience);
    document.removeEventListener("visibilitychange", leave);
  }
  return null;
}

// Calls take with each scan, and asks for the next one when it is done with it.
export async function listen(take, url = "/v1/scans/next") {
  for (;;) {
    await visible();
    const found = await next(url);
    if (found) await take(found);
  }
}
