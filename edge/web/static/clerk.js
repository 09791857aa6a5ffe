// The till: a scanner types anywhere, the answer comes without leaving the page, and it can be
// heard. Without this file the same forms work by loading the page again.

const form = document.getElementById("scan-form");
const scan = document.getElementById("scan");
const amount = document.getElementById("amount");
const uses = document.getElementById("uses");
const go = document.getElementById("go");
const answer = document.getElementById("answer");
const next = document.getElementById("next");
const strip = document.getElementById("strip");
const picture = document.getElementById("picture");

// --- sound: two rising notes, a low buzz, or one note that asks ----------------------------------

let audio;
function note(frequency, at, length, type) {
  const oscillator = audio.createOscillator();
  const volume = audio.createGain();
  oscillator.type = type;
  oscillator.frequency.value = frequency;
  volume.gain.setValueAtTime(0.2, audio.currentTime + at);
  volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + at + length);
  oscillator.connect(volume).connect(audio.destination);
  oscillator.start(audio.currentTime + at);
  oscillator.stop(audio.currentTime + at + length);
}
function sound(look) {
  try {
    audio = audio || new AudioContext();
    if (look === "good") { note(660, 0, 0.12, "sine"); note(990, 0.12, 0.25, "sine"); }
    if (look === "bad") { note(160, 0, 0.5, "square"); }
    if (look === "ask") { note(520, 0, 0.3, "triangle"); }
  } catch { /* a till without a loudspeaker still shows the answer */ }
}

// --- asking and answering ------------------------------------------------------------------------

function show(html) {
  const parts = document.createElement("template");
  parts.innerHTML = html;
  const key = parts.content.querySelector("#fresh");
  if (key) { next.replaceChildren(...key.childNodes); key.remove(); }
  answer.replaceChildren(parts.content);
  const shown = answer.querySelector(".answer");
  sound(shown.dataset.look);
  const again = shown.dataset.reason;
  if (again === "amount-missing" || again === "amount-mismatch" || again === "insufficient-value") {
    amount.value = "";
    amount.focus();
  } else {
    form.reset();
    scan.focus();
  }
}

async function send(url, body) {
  go.disabled = true;
  try {
    const response = await fetch(url, { method: "POST", body, headers: { "X-Fragment": "1" } });
    if (response.redirected) { location.reload(); return; }
    show(await response.text());
  } catch {
    show(`<section class="answer bad" data-look="bad"><div class="answer-icon">✕</div><h1>${
      document.documentElement.lang === "en" ? "The unit does not answer" : "终端无响应"}</h1></section>`);
  } finally {
    go.disabled = false;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (scan.value.trim()) send(form.action, new FormData(form));
});

picture.addEventListener("change", async () => {
  if (!picture.files.length) return;
  const body = new FormData(form);
  body.set("picture", picture.files[0]);
  await send(picture.dataset.url, body);
  picture.value = "";
});

// A wedge scanner is a keyboard: what it types belongs into the scan field, wherever the focus is.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") { form.reset(); scan.focus(); return; }
  const inField = event.target.closest("input, select, textarea");
  if (!inField && /^[0-9\]\\]$/.test(event.key) && !event.ctrlKey && !event.metaKey) {
    scan.focus();
  }
});
// No amount has so many digits: this is a scan that went into the wrong field.
for (const field of [amount, uses]) {
  field.addEventListener("input", () => {
    if (field.value.length > 12) { scan.value = field.value; field.value = ""; scan.focus(); }
  });
}
form.addEventListener("reset", () => setTimeout(() => scan.focus()));

// --- the status strip ----------------------------------------------------------------------------

setInterval(async () => {
  if (document.hidden) return;
  try {
    const response = await fetch(strip.dataset.url, { headers: { "X-Fragment": "1" } });
    if (response.ok && !response.redirected) strip.innerHTML = await response.text();
  } catch { /* the next round tells */ }
}, 2000);
