// The kiosk: idle, an answer for some seconds, idle again; or out of order, until it is not.

import { listen } from "./scans.js";
import { sound } from "./sound.js";

const { next, state, typed, redeem, silence } = document.body.dataset;
const place = document.getElementById("kiosk-place");
const said = document.getElementById("said");

// How long an answer stays when nobody does anything; a refusal takes longer to read.
const STAYS_MS = { good: 6000, bad: 9000, ask: 9000, back: 6000 };
const AMOUNT_STAYS_MS = 40000;
const PATIENCE_MS = 15000;
const STATE_MS = 2000;
const SILENT_MAX = 2;

// --- showing -------------------------------------------------------------------------------------

let idleTimer;
let why = null; // why it is out of order; empty if it is not, null before anybody has said

function show(content) {
  place.replaceChildren(content);
  const section = place.firstElementChild;
  const words = section.querySelectorAll("h1, p, dl");
  said.textContent = [...words].map((part) => part.innerText).join(" ");
  return section;
}

function rest(ms) {
  clearTimeout(idleTimer);
  idleTimer = setTimeout(idle, ms);
}

function idle() {
  clearTimeout(idleTimer);
  const section = show(document.getElementById(why ? "out" : "idle").content.cloneNode(true));
  if (why) section.querySelector(".answer-detail").textContent = why;
}

function answer(text) {
  const parts = document.createElement("template");
  parts.innerHTML = text;
  const section = show(parts.content);
  const field = section.querySelector("#amount");
  if (field) {
    section.querySelector(".pad-place").append(document.getElementById("pad").content.cloneNode(true));
    field.focus();
  }
  sound(section.dataset.look);
  rest(field ? AMOUNT_STAYS_MS : STAYS_MS[section.dataset.look]);
}

// --- redeeming -----------------------------------------------------------------------------------

async function send(body) {
  place.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(redeem, {
      method: "POST", body, signal: AbortSignal.timeout(PATIENCE_MS),
      headers: { "X-Fragment": "1", "Accept-Language": document.documentElement.lang },
    });
    if (!response.ok) throw new Error(response.status);
    answer(await response.text());
  } catch {
    // The same scan again has the same answer; without one nobody may think that it was taken.
    silent = SILENT_MAX;
    stop(silence);
  } finally {
    place.removeAttribute("aria-busy");
  }
}

listen(({ number }) => send(new URLSearchParams({ scan: number })), next);

place.addEventListener("submit", (event) => {
  event.preventDefault();
  const body = new FormData(event.target, event.submitter);
  if (!body.get("all") && !body.get("amount").trim()) { place.querySelector("#amount").focus(); return; }
  send(new URLSearchParams(body));
});

place.addEventListener("click", (event) => {
  if (event.target.closest("[data-cancel]")) { idle(); return; }
  const key = event.target.closest("[data-key]")?.dataset.key;
  const field = place.querySelector("#amount");
  if (!key || !field) return;
  field.value = key === "back" ? field.value.slice(0, -1) : (field.value + key).slice(0, field.maxLength);
  field.focus();
  rest(AMOUNT_STAYS_MS);
});

// --- a scanner that is a keyboard types into no field --------------------------------------------

let keys = "";
let keysTimer;
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") { idle(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("#amount") && keys.length < 12) rest(AMOUNT_STAYS_MS);
  if (event.key === "Enter" && keys.length >= 12) {
    event.preventDefault();
    fetch(typed, { method: "POST", body: new URLSearchParams({ text: keys }) }).catch(() => {});
    keys = "";
    const field = place.querySelector("#amount");
    if (field) field.value = "";
  } else if (event.key.length === 1) {
    keys += event.key;
    clearTimeout(keysTimer);
    keysTimer = setTimeout(() => { keys = ""; }, 500); // a person types more slowly
  }
});

// --- is it in order? -----------------------------------------------------------------------------

let silent = 0;

function stop(reason) {
  if (why === reason) return;
  why = reason;
  // An answer that is being read stays as long as it may; the resting screen changes at once.
  if (!why || !place.querySelector(".answer:not(.kiosk-out)") || silent >= SILENT_MAX) idle();
}

async function look() {
  try {
    const response = await fetch(state, {
      signal: AbortSignal.timeout(STATE_MS * 2),
      headers: { "Accept-Language": document.documentElement.lang },
    });
    if (!response.ok) throw new Error(response.status);
    silent = 0;
    stop((await response.json()).why);
  } catch {
    silent += 1;
    if (silent >= SILENT_MAX) stop(silence);
  }
  setTimeout(look, STATE_MS);
}
look();
