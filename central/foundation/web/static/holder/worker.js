// Keeps the page on the phone, so that it opens without a network. It keeps no voucher.
const KEPT = "holder-1";
const PARTS = [
  "/h/", "/h/words.json", "/h/manifest.webmanifest", "/static/icon.svg",
  "/static/holder/holder.css", "/static/holder/page.js", "/static/holder/ask.js",
  "/static/holder/codes.js", "/static/holder/grant.js", "/static/holder/draw.js", "/static/holder/keep.js",
  "/static/holder/show.js", "/static/vendor/qrcode-generator-2.0.4.js",
];

addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(KEPT);
    await cache.addAll(PARTS.map((part) => new Request(part, { cache: "reload" })));
    await skipWaiting();
  })());
});

addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name !== KEPT) await caches.delete(name);
    await clients.claim();
  })());
});

// With a network the newest page, and kept for later; without, or with a slow one, the kept page.
addEventListener("fetch", (event) => {
  const path = new URL(event.request.url).pathname;
  if (event.request.method !== "GET" || !PARTS.includes(path)) return;
  event.respondWith((async () => {
    const cache = await caches.open(KEPT);
    const held = await cache.match(path);
    const fresh = fetch(path, { signal: AbortSignal.timeout(held ? 2500 : 20000) })
      .then(async (answer) => {
        if (answer.ok) await cache.put(path, answer.clone());
        return answer.ok || !held ? answer : held;
      });
    return held ? fresh.catch(() => held) : fresh;
  })());
});
