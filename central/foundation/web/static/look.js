// What stands beside a form follows the form; nothing is saved by it.
// Without this file a button of the form does the same.

const form = document.querySelector("form[data-picture]");
const picture = document.getElementById("picture");
let waiting = 0;
let asked = 0;

function typed() {
  const data = new FormData(form);
  for (const secret of ["password", "code"]) data.delete(secret);
  return data;
}

async function look() {
  const mine = ++asked;
  picture.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(form.dataset.picture, { method: "POST", body: typed() });
    if (mine !== asked || !response.ok || response.redirected) return;
    picture.innerHTML = await response.text();
  } catch { /* the next change tells */ } finally {
    if (mine === asked) picture.removeAttribute("aria-busy");
  }
}

form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(look, 400);
});
