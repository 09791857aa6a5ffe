"""The machine pays through our adapters at the channel simulator, on its worst days."""

from __future__ import annotations

import pytest

from central.foundation.db.engine import money_transaction
from central.money.channels.model import Payee
from central.money.ledger import store as ledger
from central.money.ledger.balance import balance
from central.money.ledger.posting import Posting, credit, debit
from central.money.ledger.rules import business_day
from central.money.payouts import store
from central.money.payouts.model import Limits, State
from central.money.payouts.pay_out import Machine
from central.money.payouts.payees import set_payee
from central.money.payouts.request import Wanted, request_payout
from central.simulators.channel import buyer, keys
from edge.contract.money import Money
from tests.builders import NOW_S
from tests.central.books import assert_sound
from tests.central.builders import ZONE, Database
from tests.central.channel import ALIPAY, CHANNELS, WECHAT, Served

TODAY = 20260411
PAYOUTS = 60
MINOR = 12_000
PAYEE = {WECHAT: keys.OPENID, ALIPAY: "2088123456789012"}
ROUNDS_MAX = 60


def owe(account: str, channel: str) -> None:
    """Owe a party something, and let the channel hold the money for it."""
    total = PAYOUTS * MINOR
    legs = (debit(f"1020.{channel}", total), credit(account, total))
    posting = Posting(f"earned:{account}", "test", account, "CNY", legs, TODAY, "test")
    money_transaction(lambda: ledger.post(posting, NOW_S))
    set_payee(account, channel, Payee(PAYEE[channel], "王小明"), NOW_S, by="li")


@pytest.mark.parametrize("name", CHANNELS)
@pytest.mark.parametrize("seed", [1, 2])
def test_through_a_swarm_of_faults_each_payout_moves_its_money_once(
    hub_database: Database, channel: Served, name: str, seed: int
) -> None:
    account = f"2110.{name}"
    owe(account, name)
    store.set_limits(Limits(two_person_above=PAYOUTS * MINOR), NOW_S, "boss")
    rich = "wechat/OPERATION" if name == WECHAT else "alipay/BASIC"
    before = channel.balance(rich)
    wanted = {
        request_payout(
            Wanted(account, f"n{n}", Money(MINOR, "CNY"), "佣金"), NOW_S, day=TODAY, actor="test"
        ).no
        for n in range(PAYOUTS)
    }
    channel.world.faults.swarm(seed, 300)
    machine = Machine(
        channel.channels().payouts, channel.clock, lambda at_s: business_day(at_s, ZONE),
        jitter=lambda: 0.5,
    )  # fmt: skip
    for _ in range(ROUNDS_MAX):
        machine.run_due()
        for row in channel.world.books.rows(
            "SELECT number FROM transfer WHERE state = 'WAIT_USER_CONFIRM'"
        ):
            buyer.confirm(channel.world, row["number"])
        if {p.state for p in store.newest(PAYOUTS)} == {State.PAID}:
            break
        channel.forward(900)
    paid = store.newest(PAYOUTS)
    assert {p.state for p in paid} == {State.PAID}
    assert max(p.attempts for p in paid) > 3, "something went wrong on the way"
    moved = channel.world.books.rows("SELECT number, amount FROM transfer")
    assert sorted(row["number"] for row in moved) == sorted(wanted)
    assert before - channel.balance(rich) == PAYOUTS * MINOR
    assert balance(account) == (0, 0)
    assert balance(f"1020.{name}").posted == 0
    assert_sound()
