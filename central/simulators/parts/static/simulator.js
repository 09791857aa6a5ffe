// The page is read again and the part that changes is replaced, unless somebody is using it.
const read = async () => {
  const live = document.querySelector("#live");
  if (live.contains(document.activeElement) || document.hidden) return;
  const answer = await fetch(location.href);
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.querySelector("header time").textContent = fresh.querySelector("time").textContent;
  const now = fresh.querySelector("#live");
  if (now.innerHTML !== live.innerHTML) live.replaceChildren(...now.childNodes);
};
const again = () => setTimeout(() => read().catch(() => {}).finally(again), 2000);
again();
