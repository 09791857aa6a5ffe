// Verifies one sale of a till that has no network: asks the holder, then the hub, and shows the
// hub's grant for the till to scan.
import { ask, now, Refused } from "./ask.js";
import { drawDigits } from "./draw.js";
import { money, nameOf, say, showMessage, word } from "./show.js";

const REQUEST = /^#g=([A-Za-z0-9_-]{40,240})$/;
const at = (id) => document.getElementById(id);

/** Returns what a till asks for, null if a fragment is something else. */
export function askedIn(hash) {
  const text = REQUEST.exec(hash)?.[1];
  if (!text) return null;
  const bytes = Uint8Array.from(
    atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0),
  );
  const voucher = voucherIn(bytes);
  return voucher === null ? null : { text, hash, voucher };
}

// Canonical CBOR: the keys 1 to 6 in order; 5 is the voucher's number (RFC 8949 §3).
function voucherIn(bytes) {
  let place = 1;
  function head() {
    const first = bytes[place];
    place += 1;
    const small = first & 31;
    if (small < 24) return small;
    let value = 0;
    for (let left = 2 ** (small - 24); left > 0; left -= 1) {
      value = value * 256 + bytes[place];
      place += 1;
    }
    return value;
  }
  for (let key = 1; key <= 5 && place < bytes.length; key += 1) {
    if (head() !== key) return null;
    const kind = bytes[place] >> 5;
    const value = head();
    if (key === 5) return value.toString(16).padStart(12, "0");
    if (kind === 2 || kind === 3) place += value;
  }
  return null;
}

/** Goes through with it; `done` leads back to the voucher. */
export async function grant(request, vouchers, done) {
  const voucher = vouchers.find((one) => one.id === request.voucher);
  if (!voucher) {
    showMessage("grant_wrong_phone", "grant_wrong_phone_help");
    return;
  }
  showMessage("loading", "");
  try {
    const question = { token: voucher.link, request: request.text };
    const asked = await ask("/h/grants", question);
    if (!(await agrees(voucher, asked))) {
      done();
      return;
    }
    showMessage("loading", "");
    const given = await ask("/h/grants", { ...question, agreed: true });
    if (given.refusal) refuse(given.refusal, done);
    else await show(given, done);
  } catch (error) {
    if (error instanceof Refused) refuse("other", done);
    else showMessage("no_network", "no_network_help", () => location.reload());
  }
}

function part(tag, text, classes = "") {
  const one = document.createElement(tag);
  one.textContent = text;
  one.className = classes;
  return one;
}

function agrees(voucher, asked) {
  at("message").hidden = true;
  at("name").textContent = word("grant_ask");
  at("worth").textContent = voucher.kind === "multi"
    ? `${nameOf(voucher)} × ${asked.amount}`
    : money(asked.worth_minor, voucher.currency);
  const yes = part("button", word("grant_agree"));
  const no = part("button", word("grant_no"), "secondary");
  yes.type = no.type = "button";
  const place = at("grant");
  place.replaceChildren(
    part("p", `${word("grant_at")} ${asked.store} · ${asked.unit}`), part("p", nameOf(voucher)), yes, no,
  );
  place.hidden = false;
  yes.focus();
  return new Promise((resolve) => {
    yes.onclick = () => { place.hidden = true; resolve(true); };
    no.onclick = () => { place.hidden = true; resolve(false); };
  });
}

function refuse(refusal, done) {
  const reason = word(`refusal_${refusal}`) ? `refusal_${refusal}` : "refusal_other";
  showMessage("grant_refused", reason, done);
}

async function show(given, done) {
  at("message").hidden = true;
  at("name").textContent = word("grant_show");
  at("worth").textContent = "";
  const qr = part("div", "");
  qr.id = "granted";
  qr.dataset.shown = given.grant;
  qr.setAttribute("role", "img");
  qr.setAttribute("aria-label", word("grant_show"));
  qr.append(drawDigits(given.grant));
  const left = part("p", "");
  const back = part("button", word("grant_back"), "secondary");
  back.type = "button";
  back.onclick = done;
  at("grant").replaceChildren(qr, left, part("p", word("bright"), "soft"), back);
  at("grant").hidden = false;
  navigator.wakeLock?.request("screen").catch(() => {});
  const beat = async () => {
    const seconds = Math.ceil(given.expires_at_s - (await now()).atS);
    if (seconds > 0) {
      left.textContent = say("grant_left", { seconds });
      return;
    }
    clearInterval(timer);
    at("grant").hidden = true;
    showMessage("grant_refused", "grant_over", done);
  };
  const timer = setInterval(beat, 1000);
  await beat();
}
