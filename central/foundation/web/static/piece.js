// Says what the chosen quantity costs together. Without it the order's own page does, before it is paid.
const total = document.getElementById("total");
const quantity = document.querySelector("input[name=quantity]");

if (total && quantity) {
  const places = Number(total.dataset.places);
  const ladder = total.dataset.ladder.trim().split(" ").map((rung) => rung.split(":").map(Number));
  quantity.addEventListener("input", () => {
    const count = Number(quantity.value);
    const rung = ladder.findLast(([least]) => least <= count);
    const isThere = rung && quantity.validity.valid && quantity.value !== "";
    total.textContent = isThere ? amount(rung[1] * count, places) : "–";
  });
}

function amount(minor, places) {
  const digits = String(minor).padStart(places + 1, "0");
  return places ? `${digits.slice(0, -places)}.${digits.slice(-places)}` : digits;
}
