"""R11: five hundred purchases through faults and dying processes; each bought once, to the fen."""

from __future__ import annotations

import os
import random
import signal
import time

import pytest

from central.foundation.db.engine import HUB, is_sqlite, open_database, rows
from tests.central.builders import Database, close_hub
from tests.central.supply.suppliers import swarm
from tests.central.supply.suppliers.market import SKU, TOP_UP, Market

PURCHASES = {"sqlite": 500, "postgres": 120}
KILLS = 16


def assert_sound(found: swarm.Outcome) -> None:
    assert (found.doubles, found.lost, found.twice, found.money) == ([], [], [], [])


def test_purchases_through_a_swarm_of_faults_and_crashes(market: Market) -> None:
    count = PURCHASES["sqlite" if is_sqlite(HUB.obj) else "postgres"]
    swarm.furnish(market)
    found = swarm.run(market, count, seed=20261128)
    assert found.units == count
    assert found.deaths > count // 20
    assert found.faults > count // 8
    assert found.states["sourced"] > count // 2
    assert_sound(found)


def spawn(market: Market, database: Database) -> int:
    """Fork a worker; its clock runs two hundred times as fast, so that leases pass."""
    close_hub()
    pid = os.fork()
    if pid:
        return pid
    try:
        open_database(database.dsn, database.sqlite_file)
        market.clock.run(200)
        buyer = market.buyer()
        while True:
            if not buyer.step():
                time.sleep(0.002)
    finally:
        os._exit(0)


@pytest.mark.kill
def test_purchases_through_real_kills(market: Market, hub_database: Database) -> None:
    swarm.furnish(market)
    market.world.faults.swarm(7, 300)
    chance = random.Random(11)
    units: list[str] = []
    kills = tried = 0
    # On a busy machine some are killed before they have begun; then there are more of them.
    while kills < KILLS or tried <= KILLS:
        assert kills < 5 * KILLS, "they have worked"
        kills += 1
        for _ in range(4):
            sku = SKU if chance.random() < 0.6 else TOP_UP
            units.append(market.want(f"O-K-{len(units)}/1", sku))
        pid = spawn(market, hub_database)
        time.sleep(chance.uniform(0.02, 0.15))
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        assert os.WIFSIGNALED(status), "it worked until it was killed"
        open_database(hub_database.dsn, hub_database.sqlite_file)
        HUB.connect(reuse_if_open=True)
        market.clock.at_s += 60
        swarm.refresh(market)
        [(tried,)] = rows("SELECT count(*) FROM supplier_attempt WHERE state <> 'planned'")
    faults = len(market.world.books.rows("SELECT 1 FROM request WHERE fault <> ''"))
    swarm.settle_down(market)
    found = swarm.counted(market, units, kills, faults)
    assert_sound(found)
