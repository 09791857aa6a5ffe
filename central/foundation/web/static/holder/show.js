// Puts a voucher, a message, or a notice on the page, in the language that was chosen.
import { STEP_S, shownAt } from "./codes.js";
import { drawDigits } from "./draw.js";

const at = (id) => document.getElementById(id);
let words = {};
let locale = "zh-CN";

/** Sets the language; everything that never changes is written at once. */
export function speak(all, chosen) {
  locale = chosen;
  words = all[chosen];
  document.documentElement.lang = chosen;
  document.title = `${words.title} · Tearoff`;
  for (const one of document.querySelectorAll("[data-word]")) {
    one.textContent = words[one.dataset.word];
  }
  at("language").textContent = chosen === "en" ? "中文" : "English";
  at("language").lang = chosen === "en" ? "zh-CN" : "en";
  at("language").hidden = false;
  at("qr").setAttribute("aria-label", words.show);
}

export const word = (name) => words[name] ?? "";

export function say(name, values = {}) {
  return words[name].replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

export function money(minor, currency) {
  const format = new Intl.NumberFormat(locale, { style: "currency", currency });
  return format.format(minor / 10 ** format.resolvedOptions().maximumFractionDigits);
}

const day = (atS) => new Intl.DateTimeFormat(locale, { dateStyle: "long", timeZone: "UTC" })
  .format(atS * 1000);
const moment = (atMs) => new Intl.DateTimeFormat(locale, {
  dateStyle: "short", timeStyle: "short",
}).format(atMs);

/** Shows that something is in the way, and perhaps a button that tries again. */
export function showMessage(title, help, again = null) {
  at("name").textContent = words[title];
  at("worth").textContent = "";
  at("message-text").textContent = help ? words[help] : "";
  at("message").hidden = false;
  at("code").hidden = true;
  at("facts").hidden = true;
  at("again").hidden = !again;
  at("again").onclick = again;
  notices([]);
}

/** Shows what a voucher is and is worth; the codes are shown by `tick`. */
export function showVoucher(voucher) {
  at("message").hidden = true;
  at("facts").hidden = false;
  at("name").textContent = nameOf(voucher);
  const worth = at("worth");
  if (voucher.kind === "stored-value") {
    worth.textContent = `${words.left} ${money(voucher.remaining, voucher.currency)}`;
  } else if (voucher.kind === "multi") {
    worth.textContent = `${words.uses_left} ${voucher.remaining} ${words.of} ${voucher.capacity}`;
  } else {
    worth.textContent = voucher.status === "valid" ? words.once : "";
  }
  at("validity-is").textContent = voucher.until_s === null ? words.for_ever : words.until;
  at("validity").textContent = voucher.until_s === null ? "" : day(voucher.until_s - 1);
  const { all, names, more } = voucher.stores;
  at("where-is").textContent = all ? words.everywhere : words.where;
  const rest = more ? [say("more", { count: more })] : [];
  at("where").textContent = all ? "" : [...names, ...rest].join(locale === "en" ? ", " : "、");
}

export function nameOf(voucher) {
  return voucher.names[locale] ?? Object.values(voucher.names)[0] ?? words.title;
}

/** Returns why a voucher shows no code, null if it does. */
function obstacle(voucher, atS) {
  if (voucher.status !== "valid") return `status_${voucher.status}`;
  if (voucher.until_s !== null && atS >= voucher.until_s) return "status_expired";
  return atS < voucher.from_s ? "not_yet" : null;
}

/** Shows the code of this moment, and what there is to say about the clock and the network. */
export async function tick(voucher, time, isOnline) {
  const obstructs = obstacle(voucher, time.atS);
  const shown = obstructs ? null : await shownAt(time.atS, voucher.token, voucher.epochs);
  at("code").hidden = !shown;
  if (shown && at("qr").dataset.shown !== shown.qr) {
    at("qr").replaceChildren(drawDigits(shown.qr));
    at("qr").dataset.shown = shown.qr;
    at("short").textContent = shown.short.replace(/(\d{6})(?=\d)/g, "$1 ");
    at("short").dataset.shown = shown.short;
  }
  const left = STEP_S - Math.floor(time.atS % STEP_S);
  at("bar").value = left;
  at("changes").textContent = say("changes", { seconds: left });
  const told = [];
  if (obstructs) told.push(["bad", words[obstructs]]);
  else if (!shown) told.push(["ask", words.no_codes]);
  const seconds = Math.round(Math.abs(time.offS));
  if (!time.known) told.push(["ask", words.clock_unchecked]);
  else if (seconds >= 15) {
    told.push(["ask", say(time.offS > 0 ? "clock_behind" : "clock_ahead", { seconds })]);
  }
  if (!isOnline) told.push(["ask", say("offline", { at: moment(voucher.fetched_at_ms) })]);
  notices(told);
}

function notices(told) {
  const place = at("notices");
  const text = JSON.stringify(told);
  if (place.dataset.told === text) return; // who hears the page hears each only once
  place.dataset.told = text;
  place.replaceChildren(...told.map(([look, sentence]) => {
    const one = document.createElement("p");
    one.className = `notice ${look}`;
    one.textContent = sentence;
    return one;
  }));
}

/** Lists the vouchers on this phone, if there are several. */
export function showOthers(all, chosen, choose) {
  at("others").hidden = all.length < 2;
  at("list").replaceChildren(...all.map((voucher) => {
    const row = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "secondary";
    button.textContent = `${nameOf(voucher)} · ${voucher.id.slice(-4)}`;
    if (voucher.id === chosen) button.setAttribute("aria-current", "true");
    button.onclick = () => choose(voucher.id);
    row.append(button);
    return row;
  }));
}
