// The holder's page: opens the link it was given, keeps the voucher, and shows its codes.
import { ask, now, Refused, wokeUp } from "./ask.js";
import { seedKey } from "./codes.js";
import { fromBase64, keep, kept, keepVoucher, vouchers } from "./keep.js";
import { grant, askedIn } from "./grant.js";
import { showMessage, showOthers, showVoucher, speak, tick } from "./show.js";

const TOKEN = /^#([A-Za-z0-9_-]{32})$/;
let all = [];
let chosen = null;
let isOnline = true;

const current = () => all.find((one) => one.id === chosen) ?? null;

/** Fetches a voucher by the secret of its link, and keeps it. */
async function fetchVoucher(token, before) {
  const epochs = before?.epochs ?? [];
  const have = epochs.length ? epochs[epochs.length - 1].until_s : 0;
  const said = await ask("/h/open", { token, have_until_s: have });
  const fresh = [];
  for (const { seed, ...row } of said.codes) {
    fresh.push({ ...row, key: await seedKey(fromBase64(seed)) });
  }
  const nowS = said.hub_time_s;
  await keepVoucher({
    ...said.voucher, link: token, fetched_at_ms: Date.now(),
    epochs: [...epochs.filter((one) => one.until_s > nowS), ...fresh],
  });
  await keep("chosen", said.voucher.id);
  await reload(said.voucher.id);
}

async function reload(id) {
  all = await vouchers();
  chosen = id ?? (await kept("chosen")) ?? all[0]?.id ?? null;
  if (!current()) chosen = all[0]?.id ?? null;
  draw();
}

function draw() {
  if (!current()) return;
  showVoucher(current());
  showOthers(all, chosen, async (id) => {
    await keep("chosen", id);
    await reload(id);
    await refresh();
    scrollTo(0, 0);
  });
}

/** Asks what has become of the voucher on the screen; without a network it stays as it was. */
async function refresh() {
  const voucher = current();
  if (!voucher) return;
  try {
    await fetchVoucher(voucher.link, voucher);
    isOnline = true;
  } catch (error) {
    if (error instanceof Refused) explain(error, () => location.reload());
    else isOnline = false;
  }
}

/** Shows why the hub has refused; the voucher that is not ours any more leaves the screen. */
function explain(error, again) {
  const told = { "on-another-phone": "other_phone", "not-found": "no_link" }[error.slug];
  if (!told) {
    isOnline = false;
    return;
  }
  chosen = null;
  showMessage(told, `${told}_help`, again);
}

async function openLink(token) {
  try {
    const before = (await vouchers()).find((one) => one.link === token);
    await fetchVoucher(token, before);
    // It stays in the address only until it is kept: a kept page opens without it.
    history.replaceState(null, "", location.pathname);
  } catch (error) {
    if (error instanceof Refused && ["on-another-phone", "not-found", "request-invalid"].includes(error.slug)) {
      explain(error, () => location.reload());
      if (error.slug === "request-invalid") showMessage("no_link", "no_link_help");
      return;
    }
    await reload(null);
    isOnline = false;
    if (!current()) showMessage("no_network", "no_network_help", () => location.reload());
  }
}

async function beat() {
  if (current()) await tick(current(), await now(), isOnline);
}

/** Takes the till's link from whoever has it in another app. */
function paste() {
  const form = document.getElementById("paste");
  form.hidden = !current();
  form.onsubmit = (event) => {
    event.preventDefault();
    const request = askedIn(new FormData(form).get("link").trim().replace(/^[^#]*/, ""));
    if (request) location.hash = request.hash; // the page loads anew and asks
    else form.querySelector("input").select();
  };
}

async function loadWords() {
  const answer = await fetch("/h/words.json");
  const { words, first } = await answer.json();
  const asked = navigator.languages.map((tag) => tag.toLowerCase().split("-")[0]);
  const known = Object.keys(words);
  const match = asked.map((tag) => known.find((one) => one.split("-")[0] === tag)).find(Boolean);
  const before = localStorage.getItem("language");
  return { words, locale: known.includes(before) ? before : match ?? first };
}

async function begin() {
  const { words, locale } = await loadWords();
  speak(words, locale);
  document.getElementById("language").onclick = () => {
    const other = document.documentElement.lang === "en" ? "zh-CN" : "en";
    localStorage.setItem("language", other);
    speak(words, other);
    if (current()) { draw(); beat(); } else location.reload();
  };
  if (!globalThis.isSecureContext || !globalThis.crypto?.subtle || !globalThis.indexedDB) {
    showMessage("not_safe", "not_safe_help");
    return;
  }
  if ("serviceWorker" in navigator) navigator.serviceWorker.register("/h/worker.js", { scope: "/h/" });
  const token = TOKEN.exec(location.hash)?.[1];
  const request = askedIn(location.hash);
  if (request) {
    all = await vouchers();
    await grant(request, all, () => { location.href = location.pathname; });
    return;
  }
  if (token) {
    showMessage("loading", "");
    await openLink(token);
  } else if (location.hash.length > 1) {
    showMessage("no_link", "no_link_help");
    return;
  } else {
    await reload(null);
    if (!current()) showMessage("empty", "empty_help");
    else refresh();
  }
  paste();
  await beat();
  setInterval(beat, 1000);
  setInterval(refresh, 60000);
}

addEventListener("online", refresh);
addEventListener("offline", () => { isOnline = false; });
addEventListener("hashchange", () => location.reload());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "visible") return;
  wokeUp();
  refresh();
  navigator.wakeLock?.request("screen").catch(() => {}); // a dark screen cannot be scanned
});
begin();
