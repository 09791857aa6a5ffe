// Codes that rotate every 30 seconds: RFC 6238, with a key that no script can read.
export const STEP_S = 30;
const QR_DIGITS = 8;
const SHORT_DIGITS = 6;

/** Keeps a seed as a key that signs and does nothing else. */
export function seedKey(bytes, hash = "SHA-256") {
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash }, false, ["sign"]);
}

/** Returns the code of a time step (RFC 4226 §5.3), zero-padded. */
export async function codeOf(key, step, digits) {
  const counter = new DataView(new ArrayBuffer(8));
  counter.setBigUint64(0, BigInt(step));
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, counter.buffer));
  const offset = mac[mac.length - 1] & 15;
  const number = new DataView(mac.buffer).getUint32(offset) & 0x7fffffff;
  return String(number % 10 ** digits).padStart(digits, "0");
}

/** Returns what QR and number show at a moment, null if there is no key for it. */
export async function shownAt(atS, token, epochs) {
  const step = Math.floor(atS / STEP_S);
  const epoch = epochs.find((one) => one.from_s <= atS && atS < one.until_s);
  if (!epoch) return null;
  return {
    step,
    qr: token + (await codeOf(epoch.key, step, QR_DIGITS)),
    short: epoch.static + (await codeOf(epoch.key, step, SHORT_DIGITS)),
  };
}
