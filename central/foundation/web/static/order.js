// Loads an order's page anew once something has happened to it, and copies what was delivered.
const order = document.getElementById("order");
const PAUSE_MS = 3000;

async function look() {
  try {
    const answer = await fetch(order.dataset.url, { headers: { Accept: "application/json" } });
    if (answer.ok && (await answer.json()).story !== Number(order.dataset.story) && !isTyping()) {
      location.reload();
      return;
    }
  } catch {
    // Without a network there is nothing new; the next look may find some.
  }
  setTimeout(look, PAUSE_MS);
}

function isTyping() {
  return document.querySelector("[data-copy]") || document.activeElement?.matches("input");
}

if (order) setTimeout(look, PAUSE_MS);
for (const button of document.querySelectorAll("button[data-copies]")) {
  const text = document.getElementById(button.dataset.copies);
  const said = document.getElementById(`${button.dataset.copies}-said`);
  button.hidden = false;
  button.addEventListener("click", async () => {
    said.textContent = (await copy(text)) ? button.dataset.done : button.dataset.failed;
  });
}

// Where the page is not served by TLS there is no clipboard; the text is marked, to be copied by hand.
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(text);
    return false;
  }
}
