"""One till: the real core of a unit on a simulated disk, clock and network.

What ``edge.core.Core`` does for a real one, without threads and without HTTP: here the scheduler
calls what the threads would have called.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from edge.bundles.identity import UnitKeys
from edge.bundles.store import BundleStore
from edge.clock.trusted_time import TrustedClock
from edge.contract.ids import Epoch, Seq, UnitId
from edge.contract.sync_message import UnitState
from edge.core import BUILT_AT_S
from edge.db import Store
from edge.devices.paper import Row
from edge.devices.ports import Outcome, Printed, PrinterState
from edge.errors import JournalBroken
from edge.journal.anchor import AnchorFile
from edge.journal.store import Journal
from edge.peers.contact import Me
from edge.peers.neighbourhood import Neighbourhood
from edge.peers.own import SentJournal
from edge.peers.shelf import PeerShelf
from edge.receipt.key_papers import KeyPapers
from edge.receipt.spool import Spool
from edge.redemption.guarantee import Leases, Online
from edge.redemption.lan import Lan
from edge.redemption.papers import Papers
from edge.redemption.phone import PhoneDesk
from edge.redemption.ports import Guarantor
from edge.redemption.print_receipts import ReceiptPrinter
from edge.redemption.redeem import Redeemer
from edge.redemption.void import Voider
from edge.sync.exchange import Exchange
from edge.sync.hub_client import HubClient
from edge.sync.plan import Breaker
from edge.sync.reserve import HubReserver
from edge.sync.worker import SyncWorker
from edge.web.words import translate
from tests import builders as b
from tests.edge import builders as e
from tests.simulation.disk import Crash, Disk, FaultyAnchor, FaultyStore, copy_files
from tests.simulation.lan.node import PORT, Lane, LanNode


class Hardware:
    """The clocks of a machine. The true time is the world's.

    Args:
        true_s: The world's time.
        drift_ppm: How much too fast its quartz is.
    """

    def __init__(self, true_s: Callable[[], float], drift_ppm: int) -> None:
        self._true_s = true_s
        self._drift_ppm = drift_ppm
        self._wall_off_s = 0.0
        self.powered_at_s = true_s()

    @property
    def wall_off_s(self) -> float:
        """By how much the wall clock is wrong."""
        return self._wall_off_s

    def wall_s(self) -> float:
        """Read the wall clock."""
        return self._true_s() + self._wall_off_s

    def steady_s(self) -> float:
        """Read the counter that never steps."""
        return (self._true_s() - self.powered_at_s) * (1 + self._drift_ppm / 1e6)

    def set_wall(self, off_s: float) -> None:
        """Let somebody set the wall clock wrong by so much."""
        self._wall_off_s = off_s

    def cut_power(self, *, has_rtc: bool) -> None:
        """Begin to count anew; without a battery the wall clock begins at 1970."""
        self.powered_at_s = self._true_s()
        if not has_rtc:
            self._wall_off_s = 1.0 - self._true_s()


class Network(Protocol):
    """What carries a machine's questions to the hub."""

    def ask(self, machine: Machine, path: str, body: bytes, timeout_s: float) -> bytes:
        """Return the answer, or raise what ``HubClient.post`` raises."""


class Wire(HubClient):
    """``HubClient`` without HTTP: the simulated network in its place."""

    def __init__(self, network: Network, machine: Machine) -> None:
        self._network, self._machine = network, machine

    def post(self, path: str, body: bytes, timeout_s: float) -> bytes:
        """Ask the hub."""
        return self._network.ask(self._machine, path, body, timeout_s)


class Paper(NamedTuple):
    """A receipt that came out."""

    epoch: Epoch
    seq: Seq
    text: str


class TillPrinter:
    """A printer that prints, and perhaps says so. Implements ``devices.ports.Printer``."""

    columns = 32
    why = ""

    def __init__(self) -> None:
        self.papers: list[str] = []
        self.next: Printed | None = Printed.CONFIRMED
        """How the next paper ends; None: the unit dies while it comes out."""

    def state(self) -> PrinterState:
        """It has paper."""
        return PrinterState.READY

    def print(self, rows: Sequence[Row]) -> Outcome:
        """Print, unless nothing is to be written."""
        ends, self.next = self.next, Printed.CONFIRMED
        if ends is Printed.NOTHING_WRITTEN:
            return Outcome(ends, "off")
        self.papers.append("\n".join(getattr(row, "text", "") or "" for row in rows))
        if ends is None:
            raise Crash
        return Outcome(ends)

    def close(self) -> None:
        """There is nothing to give back."""


FITTINGS: list[Callable[[Machine], None]] = []
"""What is done to every machine that starts: how a bug gets into one."""


class Machine:
    """A till that can be started, killed, copied, and set back.

    Args:
        name: Of the machine; two may claim to be one unit.
        who: The unit that it claims to be, and its keys.
        boots: Returns eight bytes for each start.
        lane: Its way to the other units of the store; None if it has none.

    Attributes:
        is_up: It runs. ``broken`` says why it does not, if it cannot.
        life: Counts its starts.
    """

    def __init__(
        self, name: str, who: tuple[UnitId, UnitKeys], directory: Path, hardware: Hardware, *,
        network: Network, boots: Callable[[], bytes], lane: Lane | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self.unit, self.keys = who
        self.directory = directory
        self.hardware = hardware
        self.disk = Disk()
        self.printer = TillPrinter()
        self.is_up = False
        self.broken = ""
        self.life = 0
        self._network = network
        self._boots = boots
        self._lane = lane
        self.node: LanNode | None = None

    def start(self) -> None:
        """Start on the files that are there.

        Raises:
            Crash: it dies while it comes up. EdgeError: the disk does not let it.
        """
        self.life += 1
        self.disk.is_off = False
        self.store = self.make_store()
        try:
            self._compose()
        except BaseException as exc:
            self.store.die()
            if isinstance(exc, JournalBroken):
                self.broken = str(exc)
            raise
        self.is_up = True
        self.broken = ""
        if self.node:
            self.node.start()

    def _compose(self) -> None:
        self.bundles = BundleStore(self.store, self.keys)
        word = self.bundles.word
        assert word is not None, "it was enrolled before the world began"
        boots = self._boots
        boot = boots()
        self.clock = TrustedClock(self.hardware.wall_s, self.hardware.steady_s, BUILT_AT_S)
        with self.store.reading():
            newest = self.store.rows(
                "SELECT wall_s FROM journal ORDER BY epoch DESC, seq DESC LIMIT 1"
            )
        moments = [word.pulled_at_s or 0, word.enrolment.issued_at_s, *(row[0] for row in newest)]
        self.clock.raise_floor(max(moments))
        self.anchor = self.make_anchor()
        self.journal = Journal(
            self.store, self.anchor, self.clock, self.unit, boot=boot,
            first_epoch=word.enrolment.first_epoch,
        )  # fmt: skip
        self.spool = Spool(self.store, boot)
        self.spool.recover()
        self.breaker = Breaker()
        self.wire = wire = Wire(self._network, self)
        self.reserver = HubReserver(wire, self.bundles, self.breaker)
        exchange = Exchange(self.journal, self.bundles, self.keys, wire, 10.0)
        self.shelf = PeerShelf(self.store, lambda: self.clock.now().at_s) if self._lane else None
        self.sync = SyncWorker(exchange, self.breaker, 30.0, self._figures, self.shelf)
        lan = self._join_peers()
        guarantors: list[Guarantor] = [
            Online(self.reserver, self.unit),
            PhoneDesk("https://hub.example/h/", self.clock, lambda _: (boots() + boots()).hex()),
            Leases(self.bundles, self.journal, self.clock),
            *([lan] if lan else []),
        ]
        self.redeemer = Redeemer(
            self.journal, self.bundles, self.spool, self.clock, guarantors, self._recorded,
            neighbours=lan,
        )  # fmt: skip
        self.voider = Voider(self.journal, self.bundles, self.spool, self._recorded)
        key_papers = KeyPapers(self.spool, self.keys.key_paper_key())
        papers = Papers(self.journal, self.bundles, key_papers, translate)
        self.receipts = ReceiptPrinter(self.spool, papers, self.printer)
        for fit in FITTINGS:
            fit(self)

    def _join_peers(self) -> Lan | None:
        """Be among the other units of the store, as ``edge.core`` does it."""
        word, lane, shelf = self.bundles.word, self._lane, self.shelf
        if lane is None or word is None or shelf is None:
            return None
        enrolled = word.enrolment
        me = Me(enrolled.issuer, enrolled.store, enrolled.unit, self.keys.sign)
        own = SentJournal(self.journal, self.keys, enrolled.issuer)
        core = Neighbourhood(me, own, shelf, lane.randbytes)
        number, is_twin = self.name.strip("K'"), self.name.endswith("'")
        self.node = LanNode(
            self, lane, (f"10.0.{int(is_twin)}.{number}", PORT), core, self.bundles, self._is_sure,
            self.clock.steady_s, lambda: self.clock.now().at_s * 1000,
        )  # fmt: skip
        return Lan(self.node, shelf, self.bundles, lane.randbytes(32))

    def _is_sure(self) -> bool:
        word = self.bundles.word
        return self.journal.gap is None and word is not None and word.state is UnitState.ACTIVE

    def _recorded(self) -> None:
        if self.node:
            self.node.appended()

    def make_store(self) -> FaultyStore:
        """Open its database."""
        return FaultyStore(self.directory / "unit.db", self.disk)

    def make_anchor(self) -> AnchorFile:
        """Return its anchor."""
        return FaultyAnchor(self.directory / "anchor", self.keys.anchor_key(), self.disk)

    def _figures(self) -> Mapping[str, str | int]:
        complete = self.journal.complete_through()
        where: dict[str, str | int] = {"peers_at": self.node.address} if self.node else {}
        if complete is None:
            return where
        tail, at_s = complete
        return where | {"journal_epoch": tail.epoch, "journal_seq": tail.seq, "journal_at_s": at_s}

    def die(self) -> None:
        """Be gone in the middle of whatever it did."""
        if self.is_up:
            self._be_off()
            self.anchor.close()
            self.store.die()

    def stop(self) -> None:
        """End properly."""
        if self.is_up:
            self._be_off()
            self.journal.close()
            self.store.close()

    def _be_off(self) -> None:
        self.is_up = False
        if self.node:
            self.node.stop()

    def tidy(self) -> None:
        """Do what the tidying thread does while nobody waits."""
        self.store.checkpoint_if_worthwhile()


_ENROLLED: dict[UnitId, Path] = {}


def enrolled_files(unit: UnitId, keys: UnitKeys, directory: Path) -> Path:
    """Return the files of a unit that has just been enrolled; made once in a process."""
    if unit not in _ENROLLED or not _ENROLLED[unit].exists():
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        store = Store(directory / "unit.db")
        enrolment = b.an_enrolment(unit=unit, sign_key=keys.sign_public)
        message = e.an_enrolment_message(enrolment)
        bundle_key = e.BUNDLE_KEY.public_key().public_bytes_raw()
        BundleStore(store, keys).enrol(message, bundle_key)
        store.close()
        _ENROLLED[unit] = directory
    return _ENROLLED[unit]


def new_files(unit: UnitId, keys: UnitKeys, templates: Path, directory: Path) -> None:
    """Give a machine the files of a unit that has just been enrolled."""
    copy_files(enrolled_files(unit, keys, templates / unit), directory)
