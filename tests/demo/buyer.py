"""A buyer with a browser and a phone: knows what the shop's pages show him, and nothing else."""

from __future__ import annotations

import html
import re
import time
from typing import NamedTuple
from urllib.parse import unquote, urljoin

import numpy as np
import requests

from edge.devices.pictures.still import read_gray
from tests.demo.processes import DidNotHappen, wait_until

CODE = "open sesame"
TIMEOUT_S = 30
PIXELS = 6
"""Of a module of a code on the phone's camera."""
_HIDDEN = re.compile(r'name="(csrf_token|key)" value="([^"]+)"')
_PRICE = re.compile(r'class="good-price">([0-9,.]+) CNY<')
_NUMBER = re.compile(r"<h1>[^<]*<code>([^<]+)</code></h1>")
_QR = re.compile(r'src="(data:image/svg[^"]+)"')
_SHOWN = re.compile(r"<pre[^>]*data-copy>(.*?)</pre>", re.DOTALL)
_RUN = re.compile(r"([Mmh])(-?[0-9.]+)(?:[ ]?(-?[0-9.]+))?")


class Placed(NamedTuple):
    """An order that waits for its money.

    Args:
        page: Address of its page.
        number: Of the order, as its page says.
        price_minor: What the shop asked for it.
        code: What its QR code says.
    """

    page: str
    number: str
    price_minor: int
    code: str


class Shown(NamedTuple):
    """What a buyer has got: the last state he saw, what was shown, and after how long."""

    state: str
    text: str
    seconds: float


class Buyer:
    """A session of cookies, and eyes for a page."""

    def __init__(self, url: str, contact: str) -> None:
        self._url, self._contact = url, contact
        self._session = requests.Session()

    def order(self, sku: str, channel: str) -> Placed:
        """Find something in the shop, order it, and ask to pay."""
        if f'"/shop/{sku}"' not in self._get("/shop").text:
            raise DidNotHappen(f"the shop does not show {sku}")
        piece = self._get(f"/shop/{sku}")
        price = _PRICE.search(piece.text)
        if price is None:
            raise DidNotHappen(f"the shop shows no price of {sku}")
        typed = {"quantity": "1", "contact": self._contact, "code": CODE}
        page = self._post(piece, f"/shop/{sku}", typed).url
        paying = self._post(self._get(page), f"{page}/pay", {"channel": channel})
        minor = int(price[1].replace(",", "").replace(".", ""))
        [number] = _NUMBER.findall(paying.text)
        return Placed(page, number, minor, scanned(paying.text))

    def wait_for(self, placed: Placed) -> Shown:
        """Look at the order until it is done, then let it be shown."""
        began = time.monotonic()
        state = wait_until(f"{placed.page} is done", lambda: self._done(placed.page))
        seconds = time.monotonic() - began
        looked = self._post(
            self._get(placed.page), f"{placed.page}/units/1", {"code": CODE, "consent": "yes"}
        )
        found = _SHOWN.search(looked.text)
        return Shown(state, html.unescape(found[1]).strip() if found else "", round(seconds, 2))

    def _done(self, page: str) -> str:
        state = str(self._get(f"{page}/state").json()["state"])
        return "" if state in {"pending", "serving"} else state

    def _get(self, path: str) -> requests.Response:
        return self._kept(self._session.get(urljoin(self._url, path), timeout=TIMEOUT_S))

    def _post(self, seen: requests.Response, path: str, typed: dict[str, str]) -> requests.Response:
        """Send the form of a page that was seen, with what it hides."""
        hidden = dict(_HIDDEN.findall(seen.text))
        answer = self._session.post(
            urljoin(self._url, path), data=hidden | typed, timeout=TIMEOUT_S
        )
        return self._kept(answer)

    @staticmethod
    def _kept(answer: requests.Response) -> requests.Response:
        if answer.status_code != 200:
            raise DidNotHappen(f"{answer.url}: {answer.status_code} {answer.text[-500:]}")
        return answer


def scanned(page: str) -> str:
    """Return what a phone reads from the code on a page; DidNotHappen if there is none."""
    found = _QR.search(page)
    if found is None:
        raise DidNotHappen("the page shows no code to pay with")
    svg = unquote(html.unescape(found[1]))
    [side] = re.findall(r"M0 0h([0-9]+)v", svg)
    [drawn] = re.findall(r"class='qrline'[^>]* d='([^']+)'", svg)
    modules = np.full((int(side), int(side)), 255, np.uint8)
    x, y = 0, 0.0
    for how, first, second in _RUN.findall(drawn):
        if how == "h":
            modules[int(y), x : x + int(first)] = 0
            x += int(first)
        else:
            x = int(first) if how == "M" else x + int(first)
            y = float(second) if how == "M" else y + float(second)
    reading = read_gray(modules.repeat(PIXELS, 0).repeat(PIXELS, 1), ("qr",))
    if reading is None:
        raise DidNotHappen("the code to pay with cannot be read")
    return reading.text
