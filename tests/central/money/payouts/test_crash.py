"""Two hundred payouts through kills and faults: each is moved once and posted once (R9)."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from central.foundation.db.engine import HUB, open_database, rows
from central.money.ledger.audit import audit
from central.money.ledger.balance import Balance, balance
from central.money.payouts import store
from central.money.payouts.model import State
from central.money.payouts.pay_out import Machine
from tests.builders import NOW_S
from tests.central.builders import Database, close_hub
from tests.central.money.payouts.bank import PretendBank
from tests.central.money.payouts.builders import an_agent, ask_for

PAYOUTS, KILLS = 200, 100
AWAITED = 30
"""So many are open whenever a worker is to be killed: a fast machine is asked for more of them."""
FAULTS = ("before", "after", "lost")


def spawn(database: Database, directory: Path, seed: int, start_s: int) -> int:
    """Fork a worker that works until it is killed or nothing is left; return its process id.

    Its clock runs two thousand times as fast, so that leases and pauses pass, and no day does.
    """
    close_hub()
    pid = os.fork()
    if pid:
        return pid
    try:
        chance = random.Random(seed)
        bank = PretendBank(
            directory / "bank.db",
            lambda: chance.choice(FAULTS) if chance.random() < 0.2 else "",
        )
        open_database(database.dsn, database.sqlite_file)
        began = time.monotonic()
        machine = Machine(
            {"bank": bank}, lambda: start_s + int((time.monotonic() - began) * 2000),
            lambda _: 20260411, chance.random,
        )  # fmt: skip
        while set(store.counts()) != {State.PAID}:
            if not machine.step():
                time.sleep(0.002)
    finally:
        os._exit(0)


def left() -> int:
    return sum(number for state, (number, _) in store.counts().items() if not state.is_final)


@pytest.mark.kill
def test_two_hundred_payouts_through_a_hundred_kills(
    hub_database: Database, tmp_path: Path
) -> None:
    chance = random.Random(20261125)
    asked, kills, rounds = 0, 0, 0
    while kills < KILLS or asked < PAYOUTS or left() > 0:
        missing = max(PAYOUTS - asked, AWAITED - left()) if kills < KILLS else 0
        for number in range(asked, asked + missing):
            an_agent(f"2110.A{number}", 10_000)
            ask_for(1000 + number, f"2110.A{number}")
        asked += max(missing, 0)
        rounds += 1
        assert rounds < 1000, store.counts()
        pid = spawn(hub_database, tmp_path, rounds, NOW_S + rounds * 150)
        if kills < KILLS:
            time.sleep(chance.uniform(0.005, 0.06))
            os.kill(pid, signal.SIGKILL)
            kills += 1
        os.waitpid(pid, 0)
        open_database(hub_database.dsn, hub_database.sqlite_file)
        HUB.connect(reuse_if_open=True)
    book = PretendBank(tmp_path / "bank.db").book()
    assert len(book) == asked
    assert sum(book.values()) == sum(range(1000, 1000 + asked))
    assert kills == KILLS
    for number in range(asked):
        assert balance(f"2110.A{number}") == Balance(9000 - number, 0)
    assert rows("SELECT count(*) FROM journal WHERE kind = 'payout-committed'") == [(asked,)]
    assert audit() == []
