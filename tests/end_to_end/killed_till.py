"""A till whose unit is killed: what was asked and told, what its disk holds, what it printed."""

from __future__ import annotations

import hashlib
import re
import statistics
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from edge.bundles.identity import load_or_make
from edge.devices.simulated.printer import SimulatedPrinter
from edge.journal.anchor import AnchorFile
from edge.journal.model import AnchorState, Mark
from tests.demo.processes import DidNotHappen, Http, free_port, wait_until
from tests.end_to_end.forked import ForkedUnit

STORE_NAME = "静安店"
"""Stands at the head of every receipt."""
SAID_FOR_EVER = ("entry", "accepted", "mode", "amount", "worth_minor", "remaining", "reason")
"""What an answer must say each time; only the receipt of it goes on."""
_MEASURED = 5

Told = tuple[int, dict[str, Any]]


class Asked(NamedTuple):
    """A POS presents a voucher."""

    scan: str
    key: str

    @property
    def request(self) -> bytes:
        """What the journal knows the request by."""
        return hashlib.sha256(b"VX1 request\0" + self.key.encode()).digest()[:16]


class Till:
    """A unit, its printer, and everything that anybody was told.

    Args:
        directory: The unit's own; it has been enrolled and has pulled.
        texts: Vouchers that nobody has used yet.

    Attributes:
        told: The last answer to each request; each was given twice at least.
        redeem_s: How long a redemption takes here and now; ``paper_s`` how long its paper after
            it, ``start_s`` a start.
    """

    def __init__(
        self, directory: Path, printer: SimulatedPrinter, texts: list[str], hub_url: str = ""
    ) -> None:
        self.directory = directory
        self.printer = printer
        self.told: dict[Asked, Told] = {}
        self._texts = iter(texts)
        port = free_port(8300)
        settings = {
            "unit.data_dir": directory, "api.port": port, "printer.to": printer.url,
            "hub.url": hub_url,
        }  # fmt: skip
        args = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
        self.process = ForkedUnit([*args, "run"], directory.parent / "unit.log")
        self.api = Http(f"http://127.0.0.1:{port}", (directory / "api.key").read_text().strip())
        self._pool = ThreadPoolExecutor(4)
        self._measure()

    def new(self, scan: str = "") -> Asked:
        """Somebody presents a voucher: a new one unless it is given, with a key of its own."""
        scan = scan or next(self._texts)
        return Asked(scan, f"{scan[:40]} {time.monotonic_ns()}")

    def ask(self, asked: Asked) -> Told | None:
        """Return what is told; None if nobody answers."""
        try:
            answer = self.api.ask("POST", "/v1/redemptions", {"scan": asked.scan}, key=asked.key)
        except DidNotHappen:
            return None
        assert answer[0] in {201, 409}, answer
        return answer

    def kill_during(self, delay_s: float, *asked: Asked) -> list[Told | None]:
        """Ask everything at once, kill the unit so much later, return what was told before."""
        asking = [self._pool.submit(self.ask, one) for one in asked]
        time.sleep(delay_s)  # the moment is what is tested
        self.process.kill()
        return [one.result() for one in asking]

    def ask_again(self, asked: Asked, before: Told | None) -> None:
        """Ask twice with the same key; what was told before is told again."""
        again, once_more = self.ask(asked), self.ask(asked)
        assert again is not None
        for other in (before, once_more):
            assert other is None or _for_ever(other) == _for_ever(again)
        self.told[asked] = again

    def rest(self, *, sends: bool) -> None:
        """Wait until every paper is out, and everything is sent if there is a hub."""

        def is_done() -> bool:
            status = self.api.get("/v1/status")
            owed, unsent = status["printer"]["papers_owed"], status["journal"]["unsent"]
            return owed == 0 and not (sends and unsent)

        wait_until("nothing is left to do", is_done)

    def close(self) -> None:
        """End everything."""
        self.process.kill()
        self._pool.shutdown()

    def _measure(self) -> None:
        self.process.start()
        self.process.kill()
        began = time.monotonic()
        self.process.start()
        self.start_s = time.monotonic() - began
        redeem, paper = [], []
        for count in range(1, _MEASURED + 1):
            asked, began = self.new(), time.monotonic()
            told = self.ask(asked)
            answered = time.monotonic()
            self.printer.wait_for_papers(count)
            paper.append(time.monotonic() - answered)
            redeem.append(answered - began)
            self.ask_again(asked, told)
        self.redeem_s, self.paper_s = statistics.median(redeem), statistics.median(paper)


def _for_ever(told: Told) -> tuple[int, list[Any]]:
    return told[0], [told[1].get(name) for name in SAID_FOR_EVER]


# --- the disk ------------------------------------------------------------------------------------


def anchor_of(directory: Path) -> Mark:
    """Return what the anchor of a unit says."""
    state, mark = AnchorFile(
        directory / "anchor", load_or_make(directory / "unit.key").anchor_key()
    ).read()
    assert state is AnchorState.GOOD
    return mark


# --- the paper -----------------------------------------------------------------------------------


class Receipts(NamedTuple):
    """What can be read on all paper that a printer ever gave out.

    Args:
        begun: How often there is a receipt of (entry, copy); 0 is the original.
        whole: Entries of which there is one from head to foot.
    """

    begun: Counter[tuple[int, int]]
    whole: set[tuple[int, str]]


def receipts_on(printer: SimulatedPrinter) -> Receipts:
    """Read the whole roll; what was torn off may hang above the next receipt."""
    roll = "\n".join(paper.text for paper in [*printer.papers(), printer.open_paper()])
    begun: Counter[tuple[int, int]] = Counter()
    whole: set[tuple[int, str]] = set()
    for receipt in roll.split(STORE_NAME)[1:]:
        entry = re.search(r"/1/(\d+) [0-9a-f]{8}\b", receipt)
        code = re.search(r"\[QR\] S0412-K1/1/(\d+) ([0-9a-f]{64})", receipt)
        copy = re.search(r"COPY (\d+)", receipt)
        if entry:
            begun[int(entry[1]), int(copy[1]) if copy else 0] += 1
        if code:
            whole.add((int(code[1]), code[2]))
    return Receipts(begun, whole)
