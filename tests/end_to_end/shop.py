"""A hub with a store and something to sell, at a port of this machine; and units that join it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from central.foundation.db.engine import open_database
from central.stores.units import enrol as hub_enrol
from central.stores.units import steer
from edge.app import Unit
from edge.bundles.identity import load_or_make
from edge.bundles.store import BundleStore
from edge.clock.trusted_time import TrustedClock
from edge.config import ApiSection, EdgeConfig, HubSection, PrinterSection, UnitSection
from edge.contract.ids import StoreId, UnitId
from edge.core import BUILT_AT_S, Parts
from edge.db import Store
from edge.sync import enrol as unit_enrol
from edge.sync.hub_client import HubClient
from tests import builders as b
from tests.central.builders import CURRENCY, KEYRING, Database, an_app, an_order, close_hub, sell
from tests.edge.builders import Clock

GOOD_FOR_EVER: dict[str, Any] = {"not_before_day": 0, "expires_day": 0xFFFF}
"""Days of a voucher that is to be good whatever the real clock says."""


class Shop:
    """The hub's own app, served; and what its operator does.

    Args:
        app: As ``central.app.build`` makes it.
    """

    def __init__(self, app: Any) -> None:
        self.app = app
        self._server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def enrol(self, directory: Path, parts: Parts, store: StoreId = b.STORE) -> UnitId:
        """Make a unit of a directory, as ``tearoff-unit enrol`` and the operator do it."""
        directory.mkdir(mode=0o700)
        keys = load_or_make(directory / "unit.key")
        clock = TrustedClock(parts.wall_s, parts.steady_s, BUILT_AT_S)
        client = HubClient(self.url, keys.sign, keys.sign_public.hex(), clock)
        at_s = int(parts.wall_s())
        attempt = unit_enrol.begin(client, keys, hub_enrol.invite(store, at_s).code)
        [waiting] = hub_enrol.waiting()
        # Here two people compare what their screens show; a number that differs ends it.
        number = attempt.comparison_number
        assert waiting.comparison_number == number
        hub_enrol.confirm(waiting.id, number, KEYRING, currency=CURRENCY, at_s=at_s)
        message = unit_enrol.wait_for_operator(client, attempt, timeout_s=1)
        assert message is not None
        database = Store(directory / "unit.db")
        try:
            return BundleStore(database, keys).enrol(message, attempt.offer.bundle_key).unit
        finally:
            database.close()

    def close(self) -> None:
        """Be gone: nobody listens any more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Say nothing of requests."""


@contextmanager
def a_shop(directory: Path, now_s: Callable[[], int] = lambda: b.NOW_S) -> Iterator[Shop]:
    """A hub on SQLite with two stores and three products, served until the end."""
    directory.mkdir(mode=0o700)
    open_database("", directory / "hub.db")
    shop = Shop(an_app(Database("", directory / "hub.db"), now_s))
    # A till need not wait for long in a shop; a test must not depend on how busy this machine is.
    # No share of what is at risk is drawn to go on line: a test would fail by chance.
    steer.set_policy(b.GROUP, {"online_timeout_ms": 10_000, "online_permille": 0})
    try:
        yield shop
    finally:
        shop.close()
        close_hub()


def sell_texts(count: int, product: Any = None, **bent: Any) -> list[str]:
    """Sell vouchers of one order; return their tokens."""
    order = an_order(*(() if product is None else (product,)), vouchers=count, **bent)
    return [voucher.text for voucher in sell(order)]


def a_unit_config(
    directory: Path, *, hub: str = "", printer: str = "", port: int = 0, timeout_s: int = 10,
    phone_url: str = "",
) -> EdgeConfig:  # fmt: skip
    """Settings of a unit with a hub and a printer at these addresses; none where empty."""
    return EdgeConfig(
        unit=UnitSection(data_dir=directory, locale="en"),
        hub=HubSection(url=hub, timeout_s=timeout_s, phone_url=phone_url),
        api=ApiSection(port=port),
        printer=PrinterSection(to=printer),
    )


@contextmanager
def a_joined_unit(
    shop: Shop, directory: Path, clock: Clock | None = None, **settings: Any
) -> Iterator[Unit]:
    """A unit that was enrolled at the shop; its threads are not started.

    Args:
        clock: One that the test moves; else it stands still.
        settings: For ``a_unit_config``; the hub is the shop's own address unless it is given.
    """
    clock = clock or Clock()
    parts = Parts(clock.wall_s, clock.steady_s)
    shop.enrol(directory, parts)
    unit = Unit(a_unit_config(directory, **{"hub": shop.url, **settings}), parts)
    try:
        yield unit
    finally:
        unit.stop()
