"""The parts of a unit that redeems, put together; the only module with a clock."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from edge.attached import build_printer, profiles_in_use
from edge.bundles.identity import UnitKeys
from edge.bundles.store import BundleStore, HubWord
from edge.care.health import Health
from edge.carried.desk import Desk
from edge.clock import keep
from edge.clock.trusted_time import TrustedClock
from edge.config import EdgeConfig
from edge.contract.sync_message import UnitState
from edge.db import Store
from edge.devices.ports import Printer
from edge.devices.scanners.build import scanners_of
from edge.devices.scanners.gather import Scanners
from edge.errors import StoreUnavailable
from edge.journal.anchor import AnchorFile
from edge.journal.store import Journal
from edge.peers.contact import Me
from edge.peers.neighbourhood import Neighbourhood
from edge.peers.node import PeerNode, Where, addresses_in, random_bytes
from edge.peers.own import SentJournal
from edge.peers.shelf import PeerShelf
from edge.receipt.key_papers import KeyPapers
from edge.receipt.spool import Spool
from edge.redemption.guarantee import Leases, Online
from edge.redemption.lan import Lan
from edge.redemption.papers import Papers
from edge.redemption.phone import PhoneDesk
from edge.redemption.ports import Guarantor, Reserver
from edge.redemption.print_receipts import ReceiptPrinter
from edge.redemption.redeem import Redeemer
from edge.redemption.void import Voider
from edge.sync.exchange import Exchange
from edge.sync.hub_client import HubClient
from edge.sync.plan import Breaker
from edge.sync.reserve import HubReserver
from edge.sync.worker import SyncWorker
from edge.web.words import translate

log = logging.getLogger(__name__)

BUILT_AT_S = 1767225600
"""No unit of this version has run before 2026: the floor of its clock."""
DAY_S = 86400.0
IDLE_S = 1.0
"""How often the store is looked at for something to copy while nobody waits."""


def wall_s() -> float:
    """Read the system clock."""
    return time.time()  # noqa: TID251 - the one place


def steady_s() -> float:
    """Read a counter of seconds that never steps and runs on through suspend."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def machine_start() -> str:
    """Return what names this start of the machine, which ``steady_s`` counts from; or nothing."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except (OSError, ValueError):
        return ""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a test may put in place of the real thing."""

    wall_s: Callable[[], float] = wall_s
    steady_s: Callable[[], float] = steady_s
    printer: Printer | None = None
    reserver: Reserver | None = None
    machine_start: Callable[[], str] = machine_start


def build_clock(config: EdgeConfig, parts: Parts) -> TrustedClock:
    """Return the clock that the settings describe."""
    return TrustedClock(
        parts.wall_s, parts.steady_s, BUILT_AT_S,
        drift_ppm=config.clock.drift_ppm, has_battery=config.clock.battery,
    )  # fmt: skip


class Core:
    """The parts of a unit that is enrolled and whose journal can be trusted."""

    def __init__(
        self, config: EdgeConfig, parts: Parts, store: Store, bundles: BundleStore,
        keys: UnitKeys, clock: TrustedClock,
    ) -> None:  # fmt: skip
        word = bundles.word
        assert word is not None, "the core of an enrolled unit"
        self.store = store
        self.bundles = bundles
        boot = secrets.token_bytes(8)
        self._clock = clock
        self._machine_start = parts.machine_start()
        clock.raise_floor(_newest_known_s(store, word))
        clock.recall(
            keep.read(store), self._machine_start, word.trust.expires_at_s if word.trust else None
        )
        anchor = AnchorFile(config.anchor_path, keys.anchor_key())
        enrolled = word.enrolment
        self.unit_name = str(enrolled.unit)
        self.journal = Journal(
            store, anchor, clock, enrolled.unit, boot=boot, first_epoch=enrolled.first_epoch
        )
        self.spool = Spool(store, boot)
        self.key_papers = KeyPapers(self.spool, keys.key_paper_key())
        breaker = Breaker()
        self.papers = Papers(
            self.journal, bundles, self.key_papers, translate,
            opens_drawer=config.printer.drawer == "accepted",
        )  # fmt: skip
        printer = parts.printer or build_printer(config)
        self.receipts = ReceiptPrinter(self.spool, self.papers, printer)
        self.scanners = Scanners(scanners_of(config), parts.steady_s, _chance)
        self.health = Health(
            self.journal, bundles, self.spool, self.receipts, breaker, profiles_in_use(config)
        )
        self.health.scanners = self.scanners
        self.shelf = PeerShelf(store, lambda: clock.now().at_s)
        reserver = parts.reserver
        self.client: HubClient | None = None
        if config.hub.url:
            self.client = client = HubClient(
                config.hub.url, keys.sign, enrolled.unit, clock, config.hub.ca_file
            )
            reserver = reserver or HubReserver(client, bundles, breaker)
            exchange = Exchange(self.journal, bundles, keys, client, config.hub.timeout_s)
            self.health.sync = SyncWorker(
                exchange, breaker, config.hub.sync_every_s, self.health.figures, self.shelf
            )
        self.desk = Desk(self.journal, bundles, keys, self.health.figures, self.receipts.owe)
        guarantors: list[Guarantor] = [Online(reserver, enrolled.unit)] if reserver else []
        phone_url = config.hub.phone_url or (config.hub.url and f"{config.hub.url.rstrip('/')}/h/")
        if phone_url:
            guarantors.append(PhoneDesk(phone_url, clock))
        guarantors.append(Leases(bundles, self.journal, clock))
        lan = self._join_peers(config, keys, clock)
        if lan:
            guarantors.append(lan)
        self.redeemer = Redeemer(
            self.journal, bundles, self.spool, clock, guarantors, self._recorded, neighbours=lan
        )
        self.voider = Voider(self.journal, bundles, self.spool, self._recorded)
        self._stopping = threading.Event()
        self._tidier = threading.Thread(target=self._tidy, name="tidy", daemon=True)

    def _join_peers(self, config: EdgeConfig, keys: UnitKeys, clock: TrustedClock) -> Lan | None:
        """Be among the other units of the store, unless the settings say otherwise."""
        word = self.bundles.word
        if not config.peers.host or word is None:
            return None
        enrolled = word.enrolment
        me = Me(enrolled.issuer, enrolled.store, enrolled.unit, keys.sign)
        core = Neighbourhood(
            me, SentJournal(self.journal, keys, enrolled.issuer), self.shelf, random_bytes
        )
        where = Where(
            config.peers.host, config.peers.port, config.peers.announce,
            urlsplit(config.hub.url).hostname or "", addresses_in(config.peers.static),
            config.peers.discover,
        )  # fmt: skip
        self.health.peers = PeerNode(
            core, self.bundles, where, self._is_sure, clock.steady_s,
            lambda: clock.now().at_s * 1000,
        )  # fmt: skip
        return Lan(self.health.peers, self.shelf, self.bundles, secrets.token_bytes(32))

    def _is_sure(self) -> bool:
        """Say whether what this unit says of its journal is all there is to say."""
        word, gap = self.bundles.word, self.journal.gap
        return gap is None and word is not None and word.state is UnitState.ACTIVE

    def start(self) -> None:
        """Start the threads."""
        self.receipts.start()
        self.scanners.start()
        if self.health.peers:
            self.health.peers.start()
        if self.health.sync:
            self.health.sync.start()
        self._tidier.start()

    def stop(self) -> None:
        """Stop the threads that were started."""
        self._stopping.set()
        self.scanners.stop()
        if self._tidier.is_alive():
            self._tidier.join(timeout=5)
            self.receipts.stop()
            if self.health.sync:
                self.health.sync.stop()
            if self.health.peers:
                self.health.peers.stop()
        self.receipts.close()
        self._keep_time()
        self.journal.close()

    def _recorded(self) -> None:
        self.receipts.wake()
        if self.health.peers:
            self.health.peers.appended()
        if self.health.sync:
            self.health.sync.wake()

    def _tidy(self) -> None:
        kept_at_s = forgot_at_s = self._clock.steady_s()
        while not self._stopping.wait(IDLE_S):
            try:
                self.store.checkpoint_if_worthwhile()
                if self._clock.steady_s() - forgot_at_s >= DAY_S:
                    forgot_at_s = self._clock.steady_s()
                    self.shelf.forget_old()
            except StoreUnavailable:
                log.exception("the checkpoint failed")
            if self._clock.steady_s() - kept_at_s >= keep.KEEP_EVERY_S:
                kept_at_s = self._clock.steady_s()
                self._keep_time()

    def _keep_time(self) -> None:
        try:
            keep.write(self.store, self._clock.to_keep(self._machine_start))
        except StoreUnavailable as exc:
            log.warning("the time was not kept for the next start: %s", exc.detail)


def _newest_known_s(store: Store, word: HubWord) -> int:
    """Return the newest moment that has certainly passed, as far as the database knows."""
    with store.reading():
        rows = store.rows("SELECT wall_s FROM journal ORDER BY epoch DESC, seq DESC LIMIT 1")
    moments = [word.pulled_at_s or 0, word.enrolment.issued_at_s]
    return max(moments + [wall_s for (wall_s,) in rows if isinstance(wall_s, int)])


def _chance() -> float:
    """Draw a number from 0 to 1."""
    return secrets.randbelow(1 << 20) / (1 << 20)
