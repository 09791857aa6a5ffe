"""Puts a unit together and serves it: the only module that knows all others."""

from __future__ import annotations

import datetime as dt
import gc
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import waitress
from flask import Blueprint, Flask

from edge import __version__
from edge.attached import reports
from edge.bundles.identity import load_or_make
from edge.bundles.store import BundleStore
from edge.care import pages as care_pages
from edge.care.doctor import examine
from edge.carried import routes as file_routes
from edge.config import EdgeConfig
from edge.contract.ids import VoucherId
from edge.contract.lease import Lease, LeaseRequest
from edge.core import Core, Parts, build_clock
from edge.db import Store
from edge.devices.pictures.decoder import PictureDecoder
from edge.devices.scanners.inbox import LOOKERS_MAX
from edge.errors import ConfigInvalid, EdgeError, NotEnrolled, StoreUnavailable
from edge.redemption import api, kiosk, pages, scans
from edge.service.notify import Notifier
from edge.service.watchdog import SelfTest, Watchdog
from edge.sync.borrow import borrow
from edge.web.problem import register_problems
from edge.web.session import SESSION_S, Clerks, guard, load_or_make_api_key
from edge.web.words import N_

log = logging.getLogger(__name__)


class Service(NamedTuple):
    """How the service manager hears of a unit."""

    notifier: Notifier
    watchdog: Watchdog


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
        self.clock = build_clock(config, parts)
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

    def let_go(self) -> None:
        """Answer the screens that wait for a scan: the server does not end before they are."""
        if self.core:
            self.core.scanners.inbox.close()

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
                self.flask, self.config.api.host, self.config.api.port,
                # Each screen that waits for a scan holds a thread, and must not hold up a till.
                self.config.api.threads + LOOKERS_MAX,
            )  # fmt: skip
        except BaseException:
            self.stop()
            raise
        try:
            self.start()
            gc.freeze()  # no scan waits while everything that stays anyway is looked through
            ready(f"http://{self.config.api.host}:{port}")
            server.run()
        finally:
            server.close()
            self.stop()

    def under_service(self, notify_socket: str, watchdog_s: float | None) -> Service:
        """Return what tells the service manager how this unit is.

        Args:
            notify_socket: Where it listens; empty where there is none.
            watchdog_s: How long it waits for a sign of life; None if it does not.
        """
        notifier = Notifier(notify_socket)
        check = SelfTest(self.store if self.core else None)
        return Service(notifier, Watchdog(check, notifier, watchdog_s))

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

    def borrow(self, lease_id: bytes, voucher_id: VoucherId, amount: int, life_s: int) -> Lease:
        """Have the hub lend part of a voucher to this unit.

        Raises:
            EdgeError: this unit has no hub, or the hub does not answer, or does not lend it.
        """
        if self.core is None or self.core.client is None:
            raise self.broken or ConfigInvalid(N_("No hub is set: hub.url"))
        unit = self.core.journal.unit
        wanted = LeaseRequest(unit, lease_id, voucher_id, amount, life_s)
        return borrow(wanted, self.core.client, self.core.bundles, self.config.hub.timeout_s)

    def wake_printer(self) -> None:
        """Say that a paper is owed."""
        if self.core:
            self.core.receipts.wake()

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
                self.decoder, core.scanners.inbox, core.health.lamps,
            )  # fmt: skip
            app.register_blueprint(pages.blueprint(unit, locale))
            app.register_blueprint(
                api.blueprint(
                    core.redeemer, core.journal, core.spool, core.key_papers, self, locale
                )
            )
            app.register_blueprint(api.voids_blueprint(core.voider, core.spool, locale))
            app.register_blueprint(scans.blueprint(core.scanners))
            app.register_blueprint(file_routes.blueprint(core.desk, core.health.lamps, locale))
        else:
            app.register_blueprint(pages.unenrolled_blueprint(locale, self._why))
            app.register_blueprint(api.closed_blueprint(self._why, self.status))
        app.register_blueprint(
            care_pages.blueprint(
                # A printer serves one at a time: here it is its thread that asks, not the doctor.
                lambda: examine(
                    self.config,
                    reports(
                        self.config,
                        core.receipts.last_seen if core else None,
                        core.scanners.seen if core else None,
                    ),
                    parts.wall_s(),
                ),
                locale, is_enrolled=core is not None,
            )
        )  # fmt: skip
        is_kiosk = self.config.kiosk.page
        if is_kiosk:
            app.register_blueprint(self._kiosk(parts, locale))
        pages.install_templates(app, locale, core.unit_name if core else "", kiosk=is_kiosk)
        return app

    def _kiosk(self, parts: Parts, locale: str) -> Blueprint:
        core = self.core
        if core is None:
            return kiosk.blueprint(None, locale, list)
        there = kiosk.Kiosk(
            core.redeemer, core.bundles, core.scanners.inbox, core.scanners.seen, parts.steady_s
        )
        return kiosk.blueprint(there, locale, Clerks(core.store, parts.steady_s).names)

    def _why(self) -> EdgeError:
        assert self.broken is not None, "only called while something is wrong"
        return self.broken


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


def private_directory(path: Path) -> None:
    """Make the directory of a unit's files, for its owner only.

    Raises:
        ConfigInvalid: it cannot be made.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise ConfigInvalid(f"{path} cannot be made: {exc.strerror}") from exc
