// A page that a kiosk was left by goes back to the kiosk when nobody uses it any more.

const meta = document.querySelector("meta[name=kiosk]");
const AWAY_MS = Number(meta.dataset.seconds) * 1000;
let timer;

function again() {
  clearTimeout(timer);
  timer = setTimeout(() => location.replace(meta.content), AWAY_MS);
}

for (const event of ["keydown", "pointerdown", "pointermove"]) document.addEventListener(event, again);
again();
