// The till: a scanner types anywhere, the answer comes without leaving the page, and it can be
// heard. Without this file the same forms work by loading the page again.

import { drawText } from "./draw.js";
import { listen } from "./scans.js";
import { sound } from "./sound.js";

const form = document.getElementById("scan-form");
const scan = document.getElementById("scan");
const uses = document.getElementById("uses");
const picture = document.getElementById("picture");
const pictureForm = document.getElementById("picture-form");
const place = document.getElementById("answer");
const said = document.getElementById("said");
const strip = document.getElementById("strip");

// No amount and no number of uses is as long as this: a scan went into its field.
const LONGER_THAN_A_NUMBER = 12;
const VOUCHER = /(?:\]Q1)?(?:\\000026)?(?:9\d{217}(?:\d{8})?|8\d{17}|7\d{200,})\s*$/;
// A scanner may fire twice at one code; a person does not scan the same within this.
const SAME_SCAN_MS = 1500;
const PATIENCE_MS = 15000;

// --- showing -------------------------------------------------------------------------------------

function show(content) {
  place.replaceChildren(content);
  const answer = place.querySelector(".answer");
  drawAll();
  said.textContent = [...answer.querySelectorAll("h1, p, dl")].map((part) => part.innerText).join(" ");
  sound(answer.dataset.look);
  (answer.querySelector("#amount") || scan).focus();
}

function drawAll() {
  for (const one of place.querySelectorAll("[data-qr]")) one.replaceChildren(drawText(one.dataset.qr));
}

function html(text) {
  const parts = document.createElement("template");
  parts.innerHTML = text;
  return parts.content;
}

function copyOf(id) {
  return document.getElementById(id).content.cloneNode(true);
}

function fault(problem) {
  const content = copyOf("fault");
  if (problem) {
    content.querySelector("h1").textContent = problem.title;
    content.querySelector("p").textContent = problem.detail || "";
  }
  show(content);
}

// --- asking --------------------------------------------------------------------------------------

// What was asked last. The same again is sent with the same key, and gets the same answer.
const NOTHING = { text: null, body: null, until: 0 };
let last = NOTHING;

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function send(url, body) {
  const text = body.get("scan");
  place.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(url, {
      method: "POST", body, signal: AbortSignal.timeout(PATIENCE_MS),
      headers: { "X-Fragment": "1", "Accept-Language": document.documentElement.lang },
    });
    if (response.redirected || response.status === 401) { location.reload(); return; }
    if (last.body === body) last.until = Date.now() + SAME_SCAN_MS;
    if (response.ok) { show(html(await response.text())); return; }
    const problem = await response.json();
    if (problem.type !== "/problems/scan-taken") fault(problem); // else another screen shows it
  } catch {
    last = { text, body, until: Infinity };
    scan.value = text || "";
    fault();
  } finally {
    place.removeAttribute("aria-busy");
  }
}

// One after the other: what is scanned while an answer is awaited waits its turn.
let turn = Promise.resolve();
function ask(url, body) {
  turn = turn.then(() => send(url, body));
}

form.noValidate = true; // a scanner that ends with two line ends must not open a hint
// The clerk typed "2" uses and did not leave the field: what is before the voucher stays in it.
function takeScanFrom(field) {
  if (field.value.length <= LONGER_THAN_A_NUMBER) return false;
  const found = VOUCHER.exec(field.value);
  scan.value = found ? found[0] : field.value;
  field.value = found ? field.value.slice(0, found.index) : "";
  return true;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  takeScanFrom(uses);
  const text = scan.value.trim();
  if (!text) return;
  if (text !== last.text || Date.now() > last.until) {
    const body = new FormData(form);
    body.set("key", newKey());
    body.set("basket", newKey());
    last = { text, body, until: Infinity };
  }
  form.reset();
  ask(form.action, last.body);
});

// What the unit's own scanners read is redeemed as if it had been typed into the field.
listen(async ({ number, text }) => {
  const body = new FormData(form);
  body.set("scan", text);
  body.set("scanned", number);
  body.set("key", newKey());
  body.set("basket", newKey());
  last = { text, body, until: Infinity };
  form.reset();
  ask(form.action, body);
  await turn;
});

// The forms inside of the answer: an amount, or taking it back.
place.addEventListener("submit", (event) => {
  event.preventDefault();
  const body = new FormData(event.target, event.submitter);
  const field = event.target.querySelector("#amount");
  if (field && takeScanFrom(field)) { form.requestSubmit(); return; }
  if (field && !body.get("all") && !field.value.trim()) { field.focus(); return; }
  last = { text: body.get("scan"), body, until: Infinity };
  ask(event.target.action, body);
});

picture.addEventListener("change", () => {
  if (!picture.files.length) return;
  const body = new FormData(pictureForm);
  body.set("key", newKey());
  body.set("basket", newKey());
  picture.value = "";
  ask(pictureForm.action, body);
});

function clear() {
  last = NOTHING;
  form.reset();
  show(copyOf("ready"));
}
form.addEventListener("reset", () => setTimeout(() => scan.focus()));
form.querySelector("[type=reset]").addEventListener("click", clear);
place.addEventListener("click", (event) => {
  if (event.target.closest("[data-cancel]")) { event.preventDefault(); clear(); }
});

// --- the keyboard --------------------------------------------------------------------------------

// A wedge scanner is a keyboard: what it types belongs into the scan field, wherever the focus is.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") { clear(); return; }
  const inField = event.target.closest("input:not([type=file]), select, textarea");
  if (!inField && /^[0-9\]\\]$/.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey) {
    scan.focus();
  }
});

drawAll();
// The browser moves the focus to the field with its next frame; a scanner does not wait for it.
if (document.activeElement === document.body) scan.focus();

// --- the status strip ----------------------------------------------------------------------------

let shown = strip.innerHTML;
setInterval(async () => {
  if (document.hidden) return;
  try {
    const response = await fetch(strip.dataset.url, { headers: { "X-Fragment": "1" } });
    if (!response.ok || response.redirected) return;
    const fresh = await response.text();
    if (fresh !== shown) { shown = fresh; strip.innerHTML = fresh; }
  } catch { /* the next round tells */ }
}, 2000);
