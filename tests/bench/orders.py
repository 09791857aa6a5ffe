"""What a rush of buyers costs: 2,000 orders of 500 keys from four processes, to the ledger.

python -m tests.bench.orders                SQLite
python -m tests.bench.orders --postgres     the same on PostgreSQL

Each buyer places an order, pays it, and is served; the channel's word is made up here, so that
what is measured is ours. It fails if a key has two units, if one is sold that is not there, or if
the books do not agree afterwards.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from central.errors import OutOfStock
from central.foundation.db.engine import money_transaction, open_database, rows
from central.foundation.seal import Seal
from central.insight.proofs import prove_all
from central.money.channels.gather import Channels
from central.money.channels.model import Payment, PaymentState
from central.sale.orders import pay, serve, store
from central.sale.orders.limits import Limits
from central.sale.orders.model import Wanted
from central.sale.orders.office import Office
from central.sale.orders.place import place
from central.supply.catalogue import shelf
from central.supply.prices import books
from central.supply.prices.model import Mode, Tier
from central.supply.prices.wanted import Change
from central.supply.prices.wanted import Wanted as Price
from tests import builders as b
from tests.bench.cards import a_database, tell
from tests.central.builders import CURRENCY, KEYRING, ZONE, bytes_named, close_hub, furnish
from tests.central.money.sharing.outside import OUTSIDE
from tests.central.supply.cards.builders import a_vault, an_intake, stocked
from tests.central.supply.catalogue.builders import KEY, fill_shelf
from tests.central.supply.prices.builders import a_book

PROCESSES, BUYERS, KEYS = 4, 2000, 500
MANY = Limits(contact_orders=10**6, address_orders=10**6, stock_percent=100, stock_least=10**6)


class Times(NamedTuple):
    """What one buyer has waited for, milliseconds; of one who came too late, for the refusal."""

    placed_ms: float
    served_ms: float | None


def an_office() -> Office:
    """What selling needs; no channel is called."""
    return Office(
        currency=CURRENCY, timezone=ZONE, now_s=lambda: b.NOW_S, seal=Seal(bytes_named("seal")),
        outside=OUTSIDE, cost_of=lambda *_: None, channels=Channels(), keyring=KEYRING,
        limits=MANY,
    )  # fmt: skip


def buy(office: Office, n: int) -> Times:
    """Let one buyer go from the shelf to his key."""
    began = time.perf_counter()
    wanted = Wanted(
        f"b{n}", KEY, 1, {"account": "li"}, "open sesame", f"b{n}@example.com", f"10.0.0.{n}"
    )
    try:
        order = place(wanted, office).order
    except OutOfStock:
        return Times((time.perf_counter() - began) * 1000, None)
    placed_ms = (time.perf_counter() - began) * 1000
    began = time.perf_counter()
    number = f"P{order.id[1:]}01"
    money_transaction(lambda: pay.insert_payment(number, order, "web", b.NOW_S))
    said = Payment(number, PaymentState.PAID, order.price, f"CH{number}")
    money_transaction(lambda: pay.take_money(number, said, b.NOW_S, office))
    for unit in store.units(order.id):
        serve.serve(unit.id, office)
    assert store.get(order.id).state == "completed"
    return Times(placed_ms, (time.perf_counter() - began) * 1000)


def rush(dsn: str, file: Path, first: int, count: int) -> list[Times]:
    """Let some buyers come one after the other; run in a process of its own."""
    open_database(dsn, file)
    office = an_office()
    found = [buy(office, n) for n in range(first, first + count)]
    close_hub()
    return found


def furnish_shop(directory: Path) -> None:
    """Put 500 keys on a shelf with a price."""
    furnish()
    fill_shelf()
    books.add_book(a_book(), by="bench", at_s=b.NOW_S)
    wanted = Price(Mode.LADDER, (Tier(1, 4_900),))
    books.set_price(Change("retail", KEY, wanted), by="bench", now_s=b.NOW_S)
    stocked(a_vault(directory), range(KEYS), intake=an_intake(KEY))
    assert shelf.offered(KEY).sku.state == "live"


def measure(dsn: str, directory: Path) -> None:
    """Let them all come at once, and prove what became of it."""
    furnish_shop(directory)
    close_hub()
    file = directory / "hub.db"
    began = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        share = BUYERS // PROCESSES
        asked = [(dsn, file, first, share) for first in range(0, BUYERS, share)]
        found = [one for part in pool.starmap(rush, asked) for one in part]
    took_s = time.perf_counter() - began
    open_database(dsn, file)
    served = [one.served_ms for one in found if one.served_ms is not None]
    [(keys, units)] = rows("SELECT count(DISTINCT key_id), count(DISTINCT unit) FROM card_handover")
    assert (len(served), keys, units) == (KEYS, KEYS, KEYS), (len(served), keys, units)
    report = prove_all(b.NOW_S, CURRENCY)
    assert report.is_good, report.said
    tell(
        f"{BUYERS} buyers of {KEYS} keys, {PROCESSES} processes",
        f"0 doubles, 0 oversold, books agree; {BUYERS / took_s:.0f} buyers/s",
    )
    for name, waits in (("place or refuse", [one.placed_ms for one in found]),
                        ("pay, hand over, post", served)):  # fmt: skip
        ordered = sorted(waits)
        p50, p99 = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
        tell(name, f"p50 {p50:.1f} ms, p99 {p99:.0f} ms, max {ordered[-1]:.0f} ms")


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--postgres", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        with a_database(directory, postgres=chosen.postgres) as dsn:
            measure(dsn, directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
