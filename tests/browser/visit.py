"""How a page is opened, and what every page must be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

from tests.demo.scenario import Stage, Till

LOCALES = ("zh-CN", "en")
WIDTHS = (320, 768, 1280, 1920)
HEIGHT = 800
LOOPBACK = "127.0.0.1"
PATIENCE_MS = 20_000
"""A healthy page does everything at once; a machine that is busy may take a little."""
TARGET_PX = 44
TEXT_PX = 16

_AXE = Axe()
_AXE_OPTIONS = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
}
# The hundredth row of a table is like the tenth, and takes as long.
_AXE_CONTEXT = {"exclude": ["tbody tr:nth-child(n+11)"]}
# Chromium says this of the page itself when that is an error page, as some here are meant to be.
_ERROR_PAGE = re.compile(
    r"Failed to load resource: the server responded with a status of (4\d\d|503)"
)

_SPY = """
// Every note that the page plays.
window.heard = [];
window.OscillatorNode = class extends OscillatorNode {
  constructor(context, how) { super(context, how); window.heard.push(how.frequency); }
};
// How long after Enter another answer is on the screen.
window.waited = [];
let asked;
addEventListener("keydown", (event) => {
  if (event.key === "Enter") asked = performance.now();
}, true);
addEventListener("DOMContentLoaded", () => {
  const place = document.getElementById("answer");
  if (!place) return;
  new MutationObserver(() => requestAnimationFrame(() => {
    window.waited.push(performance.now() - asked);
  })).observe(place, { childList: true });
});
"""

_UNTIDY = r"""
() => {
  const wide = document.documentElement.scrollWidth - innerWidth;
  const found = wide > 0 ? [`the page is ${wide} px too wide`] : [];
  const name = (e) => `${e.tagName.toLowerCase()}.${e.className.baseVal ?? e.className} `
    + `"${(e.innerText || "").slice(0, 30)}"`;
  const heard = new Set(); // what is there for those who hear the page only
  for (const e of document.querySelectorAll("body, body *")) {
    const style = getComputedStyle(e);
    const box = e.getBoundingClientRect();
    if (heard.has(e.parentElement) || style.clipPath !== "none" || style.opacity === "0") {
      heard.add(e);
      continue;
    }
    // A field scrolls what one types.
    if (!box.width || !box.height || e.closest(".skip, svg, select, input")) continue;
    if (box.right > innerWidth + 1 || box.left < -1) found.push(`${name(e)} sticks out`);
    if (style.display === "inline") continue;
    if (e.scrollWidth > e.clientWidth + 1) found.push(`${name(e)} does not fit`);
    if (style.overflowY === "hidden" && e.scrollHeight > e.clientHeight + 1) {
      found.push(`${name(e)} is cut off`);
    }
  }
  return found;
}
"""

_SMALL = r"""
([target, text]) => {
  const found = [];
  const seen = (e) => e.checkVisibility({ opacityProperty: true }) && !e.closest(".unseen, .skip");
  const targets = "a[href], button, summary, input, select, label.button";
  for (const e of document.querySelectorAll(targets)) {
    const box = e.getBoundingClientRect();
    if (!seen(e) || !box.width || e.type === "file") continue;
    if (box.width < target || box.height < target) {
      found.push(`${e.outerHTML.slice(0, 60)}: ${box.width} × ${box.height}`);
    }
  }
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = words.nextNode(); node; node = words.nextNode()) {
    const size = parseFloat(getComputedStyle(node.parentElement).fontSize);
    if (node.data.trim() && seen(node.parentElement) && size < text) {
      found.push(`"${node.data.trim().slice(0, 30)}" is ${size} px`);
    }
  }
  return found;
}
"""

_FOCUS = """
() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const box = e.getBoundingClientRect();
  const shell = (e.type === "file" && e.parentElement.querySelector("label")) || e;
  const ring = getComputedStyle(shell);
  e.dataset.visited = "yes";
  return { name: e.outerHTML.slice(0, 80), shown: box.width > 0 && ring.outlineStyle !== "none" };
}
"""
_NOT_VISITED = """
() => [...document.querySelectorAll("a[href], button, summary, input, select")]
  .filter((e) => e.checkVisibility() && e.type !== "hidden" && !e.dataset.visited)
  .map((e) => e.outerHTML.slice(0, 80))
"""


class Stock:
    """Vouchers by what they are; each is taken once."""

    def __init__(self, sold: dict[str, list[dict[str, Any]]]) -> None:
        self._sold = sold

    def take(self, what: str) -> dict[str, Any]:
        """Return one that nobody has had yet."""
        return self._sold[what].pop()

    def text(self, what: str) -> str:
        """Return what is printed on such a one."""
        return str(self.take(what)["text"])


class Visits:
    """Opens pages, watches them, and fails the test if they complain.

    Whoever has logged in once stays so, and a browser that is open stays open: each new one costs
    half a second.
    """

    def __init__(self, browser: Browser, stage: Stage) -> None:
        self._browser = browser
        self._stage = stage
        self._cookies: dict[str, Any] = {}
        self._open: dict[tuple[Any, ...], Watched] = {}

    @contextmanager
    def anybody(
        self,
        address: str,
        *,
        locale: str = "en",
        script: bool = True,
        cookies: Any = None,
        meant: str = "",
    ) -> Iterator[Page]:
        """Open pages of an address, in a browser of its own unless there are cookies to share.

        Args:
            meant: What the browser complains of because the test wants it so.
        """
        key = (address, locale, script)
        shared = self._open.get(key) if cookies else None
        watched = shared or Watched(
            self._browser.new_context(
                base_url=address, locale=locale, viewport={"width": 1280, "height": HEIGHT},
                color_scheme="light", reduced_motion="reduce", java_script_enabled=script,
                storage_state=cookies,
            ),
            with_spy=script,
        )  # fmt: skip
        if cookies:
            self._open[key] = watched
        watched.begin(meant)
        page = watched.context.new_page()
        try:
            yield page
        finally:
            page.close()
            if not cookies:
                watched.context.close()
        fail_with(watched.complaints)

    @contextmanager
    def clerk(self, till: Till, path: str = "/", **how: Any) -> Iterator[Page]:
        """Open a page of a till as its clerk."""
        address = till.unit.url
        if address not in self._cookies:
            with self.anybody(address) as page:
                page.goto("/login")
                log_in_at_till(page, till.pin)
                self._cookies[address] = page.context.storage_state()
        with self.anybody(address, cookies=self._cookies[address], **how) as page:
            page.goto(path)
            yield page

    @contextmanager
    def operator(
        self, path: str = "/", *, address: str = "", password: str = "", **how: Any
    ) -> Iterator[Page]:
        """Open a page of the hub as its admin."""
        address = address or self._stage.hub.url
        if address not in self._cookies:
            with self.anybody(address) as page:
                page.goto("/login")
                log_in_at_hub(page, password or self._stage.admin_password)
                self._cookies[address] = page.context.storage_state()
        with self.anybody(address, cookies=self._cookies[address], **how) as page:
            page.goto(path)
            yield page


class Watched:
    """A browser window's worth of pages, and what they complain of."""

    def __init__(self, context: BrowserContext, *, with_spy: bool) -> None:
        self.context = context
        self.complaints: list[str] = []
        self._meant = ""
        context.set_default_timeout(PATIENCE_MS)
        if with_spy:
            context.add_init_script(_SPY)
        context.on("console", self._said)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on("request", self._asked)

    def begin(self, meant: str) -> None:
        """Forget what was before."""
        self.complaints.clear()
        self._meant = meant

    def _said(self, message: ConsoleMessage) -> None:
        page = message.page.url if message.page else ""
        is_of_the_page = message.location["url"] == page
        if is_of_the_page and _ERROR_PAGE.match(message.text):
            return
        is_meant = self._meant and self._meant in message.text
        if message.type in {"error", "warning"} and not is_meant:
            self.complaints.append(f"{page}: {message.text}")

    def _asked(self, request: Request) -> None:
        if urlsplit(request.url).hostname not in {LOOPBACK, None}:
            self.complaints.append(f"a request leaves this machine: {request.url}")


def scan(page: Page, text: str) -> None:
    """Scan into the field that has the focus."""
    page.keyboard.insert_text(text)
    page.keyboard.press("Enter")


def log_in_at_till(page: Page, pin: str) -> None:
    page.fill("#pin", pin)
    page.keyboard.press("Enter")
    page.wait_for_url("**/")


def log_in_at_hub(page: Page, password: str, name: str = "admin") -> None:
    page.fill("[name=name]", name)
    page.fill("[name=password]", password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/")


def fail_with(faults: list[str]) -> None:
    """Fail if there is anything to complain of, with all of it."""
    if faults:
        raise AssertionError("\n".join(faults))


# --- what every page must be ---------------------------------------------------------------------


class Pictures:
    """Looks at a page in every way, and keeps pictures of it if somebody wants to look too."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        if folder:
            folder.mkdir(parents=True, exist_ok=True)

    def look(self, page: Page, name: str, locale: str, *, is_till: bool = False) -> None:
        """Assert that a page is well at every width, for eyes and for ears.

        axe-core looks at it in Chinese, dark and narrow, and in English, light and wide: whether
        a word is there depends on the language alone, and its contrast on the colours alone.

        Args:
            is_till: It is for fingers and from two metres: no small button, no small text.
        """
        assert page.locator("html").get_attribute("lang") == locale
        faults: list[str] = []
        scheme: Literal["light", "dark"] = "light" if locale == "en" else "dark"
        page.emulate_media(color_scheme=scheme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            found = list(page.evaluate(_UNTIDY))
            if is_till:
                found += page.evaluate(_SMALL, [TARGET_PX, TEXT_PX])
            if width == (1280 if locale == "en" else 320):
                found += serious(page)
            faults += [f"{name} {locale} {scheme} {width}: {fault}" for fault in found]
        self._keep(page, f"{name}-{locale}")
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 1280, "height": HEIGHT})
        fail_with(faults)

    def _keep(self, page: Page, name: str) -> None:
        if self._folder is None:
            return
        for scheme, width in (("light", 1280), ("dark", 320), ("dark", 1280), ("light", 320)):
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            page.set_viewport_size({"width": width, "height": HEIGHT})
            page.screenshot(path=self._folder / f"{name}-{scheme}-{width}.png", full_page=True)


def serious(page: Page) -> list[str]:
    """Return what axe-core finds serious or critical."""
    violations = _AXE.run(page, context=_AXE_CONTEXT, options=_AXE_OPTIONS).response["violations"]
    return [
        f"{v['id']} ({v['impact']}): {node['html'][:120]} {node['failureSummary']}"
        for v in violations
        if v["impact"] in {"serious", "critical"}
        for node in v["nodes"]
    ]


def walk(page: Page) -> list[str]:
    """Press Tab until the page has been walked through; return what cannot be reached or seen."""
    faults = []
    page.evaluate("document.activeElement.blur(); getSelection().removeAllRanges()")
    rounds = 0
    while rounds < 2:  # it may have begun in the middle
        page.keyboard.press("Tab")
        stop = page.evaluate(_FOCUS)
        if stop is None:
            rounds += 1
        elif not stop["shown"]:
            faults.append(f"the focus is not seen on {stop['name']}")
    return faults + [f"not reached: {name}" for name in page.evaluate(_NOT_VISITED)]
