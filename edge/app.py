"""Puts a unit together: the only module that knows all others, and the only one with a clock."""

from __future__ import annotations

import datetime as dt
import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import waitress
from flask import Flask

from edge import __version__
from edge.bundles.identity import UnitKeys, load_or_make
from edge.bundles.store import BundleStore, HubWord
from edge.care.health import Health
from edge.clock.trusted_time import TrustedClock
from edge.config import EdgeConfig
from edge.db import Store
from edge.devices.decoder import PictureDecoder
from edge.devices.ports import NoPrinter, Printer
from edge.devices.printer_escpos import EscposPrinter, parse_tcp
from edge.devices.profiles import printer_profile
from edge.errors import ConfigInvalid, EdgeError, NotEnrolled, StoreUnavailable
from edge.journal.anchor import AnchorFile
from edge.journal.store import Journal
from edge.receipt.spool import Spool
from edge.redemption import api, pages
from edge.redemption.ports import NoReserver, Reserver
from edge.redemption.print_receipts import ReceiptPrinter
from edge.redemption.redeem import Redeemer
from edge.redemption.void import Voider
from edge.sync.exchange import Exchange
from edge.sync.hub_client import HubClient
from edge.sync.plan import Breaker
from edge.sync.reserve import HubReserver
from edge.sync.worker import SyncWorker
from edge.web.problem import register_problems
from edge.web.session import SESSION_S, Clerks, guard, load_or_make_api_key
from edge.web.words import N_, translate

log = logging.getLogger(__name__)

BUILT_AT_S = 1767225600
"""No unit of this version has run before 2026: the floor of its clock."""
IDLE_S = 1.0
"""How often the store is looked at for something to copy while nobody waits."""


def wall_s() -> float:
    """Read the system clock."""
    return time.time()  # noqa: TID251 - the one place


def steady_s() -> float:
    """Read a counter of seconds that never steps and runs on through suspend."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a test may put in place of the real thing."""

    wall_s: Callable[[], float] = wall_s
    steady_s: Callable[[], float] = steady_s
    printer: Printer | None = None
    reserver: Reserver | None = None


class Unit:
    """One unit, put together. ``start`` begins its work, ``stop`` ends it.

    Raises:
        AlreadyRunning, ConfigInvalid: it cannot run at all.

    A unit whose journal is damaged, or that is not enrolled, still comes up: it answers every
    redemption with the reason, and its page says what to do.
    """

    def __init__(self, config: EdgeConfig, parts: Parts | None = None) -> None:
        parts = parts or Parts()
        self.config = config
        private_directory(config.unit.data_dir)
        self.keys = load_or_make(config.data("unit.key"))
        self.api_key = load_or_make_api_key(config.data("api.key"))
        self.clock = TrustedClock(parts.wall_s, parts.steady_s, BUILT_AT_S)
        self.decoder = PictureDecoder()
        self.store: Store | None = None
        self.core: Core | None = None
        self.broken: EdgeError | None = None
        """Why this unit redeems nothing, if so."""
        try:
            self.store = Store(config.data("unit.db"))
            bundles = BundleStore(self.store, self.keys)
            if bundles.word is None:
                self.broken = NotEnrolled(
                    N_("Enrol it with the code that headquarters gives you."),
                    command="tearoff-unit enrol --hub URL --code CODE",
                )
            else:
                self.core = Core(config, parts, self.store, bundles, self.keys, self.clock)
        except StoreUnavailable as exc:
            log.error("the unit starts without redeeming: %s %s", exc, dict(exc.extra))  # noqa: TRY400
            self.broken = exc
        except ConfigInvalid:
            if self.store:
                self.store.close()
            raise
        self.flask = self._build_flask(parts)

    def start(self) -> None:
        """Start the threads: printing, pushing, pulling, tidying."""
        if self.core:
            self.core.start()

    def stop(self) -> None:
        """Stop the threads and close the files."""
        if self.core:
            self.core.stop()
        self.decoder.stop()
        if self.store:
            self.store.close()

    def serve(self, ready: Callable[[str], None]) -> None:
        """Serve the API and pages until the process is told to end.

        Args:
            ready: Called with the address once connections are accepted.

        Raises:
            ConfigInvalid: nobody can listen at the address that is set.
        """
        try:
            server, port = listen(
                self.flask, self.config.api.host, self.config.api.port, self.config.api.threads
            )
        except BaseException:
            self.stop()
            raise
        try:
            self.start()
            ready(f"http://{self.config.api.host}:{port}")
            server.run()
        finally:
            server.close()
            self.stop()

    def sync_now(self) -> dict[str, bool]:
        """Push and pull once, here and now.

        Raises:
            EdgeError: this unit has no hub, or cannot do anything at all.
        """
        if self.broken:
            raise self.broken
        if self.core is None or self.core.health.sync is None:
            raise ConfigInvalid(N_("No hub is set: hub.url"))
        return self.core.health.sync.sync_now()

    def status(self) -> dict[str, Any]:
        """Return what ``GET /v1/status`` says."""
        now = self.clock.now()
        body: dict[str, Any] = {
            "software": __version__,
            "enrolled": self.core is not None,
            "problem": self.broken.slug if self.broken else None,
            "clock": {
                "at_s": now.at_s, "uncertainty_s": now.uncertainty_s, "source": str(now.source),
            },
        }  # fmt: skip
        return body | self.core.health.status() if self.core else body

    def _build_flask(self, parts: Parts) -> Flask:
        app = Flask("edge", root_path=str(Path(__file__).parent / "web"))
        app.json.sort_keys = False  # type: ignore[attr-defined]
        app.secret_key = self.keys.session_key()
        app.config.update(
            SESSION_COOKIE_NAME="tearoff",
            SESSION_COOKIE_SAMESITE="Strict",
            SESSION_COOKIE_HTTPONLY=True,
            PERMANENT_SESSION_LIFETIME=dt.timedelta(seconds=SESSION_S),
            MAX_CONTENT_LENGTH=pages.PICTURE_BYTES_MAX + 64 * 1024,
            # It also bounds what the parser holds of a file: a piece of 64 KiB and the rest of the
            # last one. With less a photograph is "too large", whether it is or not.
            MAX_FORM_MEMORY_SIZE=256 * 1024,
        )
        locale = self.config.unit.locale
        register_problems(app, locale)
        guard(app, self.api_key)
        core = self.core
        if core and self.store:
            clerks = Clerks(self.store, parts.steady_s)
            unit = pages.Unit(
                core.redeemer, core.voider, core.journal, core.bundles, core.spool, clerks,
                self.decoder, core.health.lamps,
            )  # fmt: skip
            app.register_blueprint(pages.blueprint(unit, locale))
            app.register_blueprint(
                api.blueprint(core.redeemer, core.journal, core.spool, self, locale)
            )
        else:
            app.register_blueprint(pages.unenrolled_blueprint(locale, self._why))
            app.register_blueprint(api.closed_blueprint(self._why, self.status))
        pages.install_templates(app, locale, core.unit_name if core else "")
        return app

    def _why(self) -> EdgeError:
        assert self.broken is not None, "only called while something is wrong"
        return self.broken


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
        clock.raise_floor(_newest_known_s(store, word))
        anchor = AnchorFile(config.anchor_path, keys.anchor_key())
        enrolled = word.enrolment
        self.unit_name = str(enrolled.unit)
        self.journal = Journal(
            store, anchor, clock, enrolled.unit, boot=boot, first_epoch=enrolled.first_epoch
        )
        self.spool = Spool(store, boot)
        breaker = Breaker()
        self.receipts = ReceiptPrinter(
            self.spool, self.journal, bundles, parts.printer or build_printer(config), translate
        )
        self.health = Health(self.journal, bundles, self.spool, self.receipts, breaker)
        reserver = parts.reserver or NoReserver()
        if config.hub.url:
            client = HubClient(config.hub.url, keys.sign, enrolled.unit, clock, config.hub.ca_file)
            reserver = parts.reserver or HubReserver(client, bundles, breaker)
            exchange = Exchange(self.journal, bundles, keys, client, config.hub.timeout_s)
            self.health.sync = SyncWorker(
                exchange, breaker, config.hub.sync_every_s, self.health.figures
            )
        self.redeemer = Redeemer(self.journal, bundles, self.spool, clock, reserver, self._recorded)
        self.voider = Voider(self.journal, bundles, self.spool, self._recorded)
        self._stopping = threading.Event()
        self._tidier = threading.Thread(target=self._tidy, name="tidy", daemon=True)

    def start(self) -> None:
        """Start the threads."""
        self.receipts.start()
        if self.health.sync:
            self.health.sync.start()
        self._tidier.start()

    def stop(self) -> None:
        """Stop the threads that were started."""
        self._stopping.set()
        if self._tidier.is_alive():
            self._tidier.join(timeout=5)
            self.receipts.stop()
            if self.health.sync:
                self.health.sync.stop()
        self.journal.close()

    def _recorded(self) -> None:
        self.receipts.wake()
        if self.health.sync:
            self.health.sync.wake()

    def _tidy(self) -> None:
        while not self._stopping.wait(IDLE_S):
            try:
                self.store.checkpoint_if_worthwhile()
            except StoreUnavailable:
                log.exception("the checkpoint failed")


def listen(app: Flask, host: str, port: int, threads: int) -> tuple[Any, int]:
    """Return a server that accepts connections already, and its port; ``run`` lets it answer.

    Raises:
        ConfigInvalid: nobody can listen there.
    """
    try:
        server = waitress.create_server(app, host=host, port=port, threads=threads, ident=None)
    except (OSError, ValueError) as exc:  # a name that nobody knows is a ValueError
        why = getattr(exc, "strerror", None) or str(exc)
        raise ConfigInvalid(f"{host}, port {port}, cannot be listened at: {why}") from exc
    several = getattr(server, "effective_listen", ())  # localhost may be two addresses
    return server, several[0][1] if several else server.effective_port


def build_printer(config: EdgeConfig) -> Printer:
    """Return the printer that the settings name."""
    if not config.printer.to:
        return NoPrinter()
    host, port = parse_tcp(config.printer.to)
    return EscposPrinter(host, port, printer_profile(config.printer.profile))


def _newest_known_s(store: Store, word: HubWord) -> int:
    """Return the newest moment that has certainly passed, as far as the database knows."""
    with store.reading():
        rows = store.rows("SELECT wall_s FROM journal ORDER BY epoch DESC, seq DESC LIMIT 1")
    moments = [word.pulled_at_s or 0, word.enrolment.issued_at_s]
    return max(moments + [wall_s for (wall_s,) in rows if isinstance(wall_s, int)])


def private_directory(path: Path) -> None:
    """Make the directory of a unit's files, for its owner only.

    Raises:
        ConfigInvalid: it cannot be made.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise ConfigInvalid(f"{path} cannot be made: {exc.strerror}") from exc
