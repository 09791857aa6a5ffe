// What stays on this phone: its own key, its vouchers with the keys of their codes, and how far
// its clock is off. Keys are kept as keys, which no script can read.
const NAME = "tearoff-holder";
let opened;

function database() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("voucher", { keyPath: "id" });
      request.result.createObjectStore("phone");
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

async function run(store, mode, work) {
  const transaction = (await database()).transaction(store, mode);
  return new Promise((resolve, reject) => {
    const request = work(transaction.objectStore(store));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error);
    transaction.onerror = () => reject(transaction.error);
  });
}

export const keepVoucher = (voucher) => run("voucher", "readwrite", (s) => s.put(voucher));
export const vouchers = () => run("voucher", "readonly", (s) => s.getAll());
export const keep = (name, value) => run("phone", "readwrite", (s) => s.put(value, name));
export const kept = (name) => run("phone", "readonly", (s) => s.get(name));

/** Returns this phone's key; makes it when it is first needed. */
export async function phoneKey() {
  const before = await kept("key");
  if (before) return before;
  const pair = await crypto.subtle.generateKey(
    { name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"],
  );
  const point = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const made = { sign: pair.privateKey, point: base64(point) };
  await keep("key", made);
  navigator.storage?.persist?.(); // ask that it is not thrown away when the phone is full
  return made;
}

export function base64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}

export function fromBase64(text) {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}
