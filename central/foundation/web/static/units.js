// A unit that has been given its code shows a number; it appears here without loading the page.
// Without this file the page says where to look for it.

const waiting = document.getElementById("waiting");
let shown = waiting.innerHTML.trim();

setInterval(async () => {
  if (document.hidden || waiting.contains(document.activeElement)) return;
  try {
    const response = await fetch(waiting.dataset.url);
    if (!response.ok || response.redirected) return;
    const fresh = (await response.text()).trim();
    if (fresh !== shown) { shown = fresh; waiting.innerHTML = fresh; }
  } catch { /* the next round tells */ }
}, 3000);
