"""An agent who has earned something, and a machine that pays it out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from central.foundation.db.engine import money_transaction
from central.money.channels.model import Payee
from central.money.ledger import store as ledger
from central.money.ledger.posting import Posting, credit, debit
from central.money.ledger.rules import business_day
from central.money.payouts.pay_out import Machine
from central.money.payouts.payees import set_payee
from central.money.payouts.request import Wanted, request_payout
from central.money.payouts.store import Payout
from edge.contract.money import Money
from tests.builders import NOW_S
from tests.central.builders import ZONE
from tests.central.money.payouts.bank import PretendBank

TODAY = 20260411
AGENT = "2110.A7"


def cny(minor: int) -> Money:
    return Money(minor, "CNY")


def earn(account: str = AGENT, minor: int = 50_000) -> None:
    """Give a party something that it is owed, and the channel the money to pay it."""
    legs = (debit("1020.bank", minor), credit(account, minor))
    posting = Posting(f"earned:{account}", "brought-in", account, "CNY", legs, TODAY, "test")
    money_transaction(lambda: ledger.post(posting, NOW_S))


def an_agent(account: str = AGENT, minor: int = 50_000, address: str = "") -> str:
    """Return a party that is owed something and has said where it is to go."""
    earn(account, minor)
    payee = Payee(address or f"openid-{account}", "张三")
    set_payee(account, "bank", payee, NOW_S, by="li")
    return account


def ask_for(minor: int = 8800, account: str = AGENT, key: str = "april", **how: Any) -> Payout:
    """Ask for a payout."""
    at_s, actor = how.pop("at_s", NOW_S), how.pop("actor", "finance")
    wanted = Wanted(account, key, cny(minor), "佣金", **how)
    return request_payout(wanted, at_s, day=TODAY, actor=actor)


@dataclass
class Clock:
    """Moves only when it is told to."""

    now: int = NOW_S

    def __call__(self) -> int:
        return self.now


@dataclass
class Office:
    """A machine, its channel, and the clock of both."""

    bank: PretendBank
    clock: Clock = field(default_factory=Clock)

    @property
    def machine(self) -> Machine:
        """The machine, as it stands after a restart."""
        return Machine(
            {"bank": self.bank}, self.clock, lambda at_s: business_day(at_s, ZONE),
            jitter=lambda: 0.5,
        )  # fmt: skip

    def work(self, hours: float = 0) -> None:
        """Let some time pass, and then do all that is due."""
        self.clock.now += int(hours * 3600)
        self.machine.run_due()


def an_office(directory: Path, **how: Any) -> Office:
    """A machine with a pretend bank."""
    return Office(PretendBank(directory / "bank.db", **how))
