"""R11: many purchases through a swarm of faults and dying processes, counted in the shops' books.

    .venv/bin/python -m tests.central.supply.suppliers.swarm 10000 7 150

runs it long, with 150 of 1,000 requests going wrong; the suite runs it short.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from central.errors import HubError
from central.foundation.db.engine import open_database
from central.money.ledger.audit import audit
from central.supply.suppliers.ask_for import bought
from central.supply.suppliers.hooks import receive
from central.supply.suppliers.model import Attempt, Kind, Purchase, client_ref
from central.supply.suppliers.records import purchases
from central.supply.suppliers.records.purchases import AttemptRow
from tests.central.builders import close_hub
from tests.central.supply.suppliers.market import (
    SKU,
    TOP_UP,
    Market,
    a_market,
    a_street,
    keys_sold,
    prepaid,
    stock_up_catalogue,
)

SHOPS = {"kasu-1": "kasushou", "kasu-2": "kasushou", "mei": "meihu", "dujiao": "dujiao_next",
         "reload": "reloadly"}  # fmt: skip
FUNDS = 1_000_000_00


class Died(BaseException):
    """The process ended here."""


class Outcome(NamedTuple):
    """What is counted at the end."""

    units: int
    deaths: int
    faults: int
    states: Counter[str]
    doubles: list[str]
    lost: list[str]
    twice: list[str]
    money: list[str]


def furnish(market: Market) -> None:
    """Open the shops, each a little dearer than the one before."""
    for n, (name, protocol) in enumerate(SHOPS.items()):
        market.open(name, protocol, 70_000 + 2_500 * n, 1_000_000, balance_e4=10**12,
                    deadline_ms=60)  # fmt: skip


def run(market: Market, count: int, seed: int, per_mille: int = 500) -> Outcome:
    """Buy so many units while everything goes wrong, then let it be quiet, and count."""
    chance = random.Random(seed)
    market.world.faults.swarm(seed, per_mille)
    units: list[str] = []
    deaths = 0

    def crash(_where: str) -> None:
        if chance.random() < 0.02:
            raise Died

    buyer = market.buyer(crash)
    while len(units) < count:
        for _ in range(min(20, count - len(units))):
            sku = SKU if chance.random() < 0.6 else TOP_UP
            units.append(market.want(f"O-{seed}-{len(units)}/1", sku, chance.choice((1, 1, 2))))
        for _ in range(3):
            market.clock.at_s += chance.choice((1, 5, 20, 60))
            while True:
                try:
                    buyer.run_due()
                    break
                except Died:
                    deaths += 1
                    buyer = market.buyer(crash)  # a new process
            call_back(market)
        refresh(market)
    faults = len(market.world.books.rows("SELECT 1 FROM request WHERE fault <> ''"))
    settle_down(market)
    return counted(market, units, deaths, faults)


def call_back(market: Market) -> None:
    """Let the shops call; what is refused is refused."""
    for url, body, headers in market.deliver():
        account = url.rpartition("/")[2]
        try:
            receive(market.adapter(account), account, f"/hooks/supplier/{account}", headers, body,
                    market.clock())  # fmt: skip
        except HubError:
            continue


def refresh(market: Market) -> None:
    """Put prices back, as shops do after a rise, so that they can be bought from again."""
    for n, name in enumerate(SHOPS):
        market.world.books.run(
            "UPDATE product SET price_e4 = ?, stock = 1000000 WHERE shop = ?", 70_000 + 2_500 * n,
            name,
        )  # fmt: skip


def settle_down(market: Market) -> None:
    """Nothing goes wrong any more; two days pass, quickly at first."""
    market.world.faults.clear()
    for seconds in [20] * 40 + [300] * 20 + [4000] * 6 + [30_000] * 6:
        market.work(seconds)
        call_back(market)


def counted(  # noqa: C901, PLR0912 - a list of questions
    market: Market, units: list[str], deaths: int, faults: int
) -> Outcome:
    """Hold our books against the shops'."""
    by_ref = {row["ref"]: row for row in market.bought_at()}
    states: Counter[str] = Counter()
    doubles, lost, twice, money = [], [], [], []
    spent: Counter[str] = Counter()
    seen: dict[str, str] = {}
    for unit in units:
        purchase, tries = purchases.get(unit), purchases.attempts(unit)
        states[str(purchase.state)] += 1
        # By the shops' own books and the references alone.
        theirs = [by_ref[r] for n in range(1, 30) if (r := client_ref(unit, n)) in by_ref]
        if len(theirs) > 1:
            stories = [(t.account, t.client_ref, purchases.story(t.id)) for t in tries]
            doubles.append(f"{unit}: {stories} {theirs}")
        if purchase.state is Purchase.OPEN:
            lost.append(f"{unit} is still open: {tries[-1] if tries else None}")
        lost += [f"{unit}: {wrong}" for wrong in _unmatched(tries, theirs)]
        if purchase.state is not Purchase.SOURCED:
            continue
        winner = next(t.client_ref for t in tries if t.state is Attempt.SUCCEEDED)
        row = by_ref.get(winner)
        if row is None:
            continue  # said above
        if bought(unit).cost is None:
            money.append(f"{unit} cost nothing")
        if purchase.kind is Kind.KEY:
            spent[row["shop"]] += -(-row["total_e4"] // 100)
            keys = market.keys_of(unit)
            if keys != keys_sold(row):
                twice.append(f"{unit} has other keys than it bought")
            for key in keys:
                if key in seen:
                    twice.append(f"{key} for {seen[key]} and {unit}")
                seen[key] = unit
        elif bought(unit).cost[1] != -(-row["total_e4"] // 100):  # type: ignore[index]
            money.append(f"{unit}: {bought(unit)} but {row['total_e4']}")
    for shop in SHOPS:
        if FUNDS - prepaid(shop) != spent[shop]:
            money.append(f"{shop}: {FUNDS - prepaid(shop)} booked, {spent[shop]} sold")
        flow = market.world.books.rows("SELECT sum(change_e4) AS s FROM flow WHERE shop = ?", shop)
        total = sum(row["total_e4"] for row in by_ref.values() if row["shop"] == shop)
        if -(flow[0]["s"] or 0) != total:
            money.append(f"{shop}: its own books do not agree")
    money += [str(found) for found in audit()]
    return Outcome(len(units), deaths, faults, states, doubles, lost, twice, money)


def _unmatched(tries: list[AttemptRow], theirs: list[dict[str, Any]]) -> list[str]:
    """What a shop sold and we do not know of, or the other way round."""
    ours = {t.client_ref for t in tries if t.state in {Attempt.SUCCEEDED, Attempt.HELD}}
    sold = {row["ref"] for row in theirs}
    wrong = [f"{ref} was sold to us and nobody knows" for ref in sold - ours]
    succeeded = {t.client_ref for t in tries if t.state is Attempt.SUCCEEDED}
    return wrong + [f"{ref} was never sold to us" for ref in succeeded - sold]


def main() -> None:
    """Run it long."""
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        open_database("", Path(folder) / "hub.db")
        stock_up_catalogue()
        began = time.monotonic()
        with a_street(Path(folder) / "shops") as street, a_market(street) as market:
            furnish(market)
            found = run(market, count, seed, int(sys.argv[3]))
        close_hub()
    sys.stdout.write(f"{found}\n{time.monotonic() - began:.0f} s\n")
    sys.exit(bool(found.doubles or found.lost or found.twice or found.money))


if __name__ == "__main__":
    main()
