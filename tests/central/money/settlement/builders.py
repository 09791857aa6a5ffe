"""Days in the life of a store, and what settlement makes of them."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from central.foundation.db.engine import money_transaction
from central.money.ledger import rules, store
from central.money.settlement import store as books
from central.money.settlement.fees.agree import agree
from central.money.settlement.model import FeeModel, Line, Statement, Tier
from central.money.settlement.payable.pay import mark_paid, payables, take
from central.money.settlement.payable.release import release
from central.money.settlement.statements.answer import confirm
from central.money.settlement.statements.issue import issue_due
from central.stores.settlement_facts import SettlementFacts
from edge.contract.money import Money
from edge.contract.sync_message import Pull
from tests import builders as b
from tests.central.builders import CURRENCY, TODAY, ZONE, Till

FACTS = SettlementFacts(CURRENCY)
ACCOUNT = f"2310.{b.STORE}"


def at(day: int, hour: int, minute: int = 0) -> int:
    """Return a moment in Shanghai, Unix seconds."""
    date = dt.datetime.strptime(str(day), "%Y%m%d").date()  # noqa: DTZ007 - a zone follows
    return int(dt.datetime.combine(date, dt.time(hour, minute), ZoneInfo(ZONE)).timestamp())


def day_of(offset: int) -> int:
    """Return the business day so many days after today."""
    moment = dt.datetime.fromtimestamp(b.NOW_S, ZoneInfo(ZONE)) + dt.timedelta(days=offset)
    return int(moment.strftime("%Y%m%d"))


def issue(day: int = TODAY) -> list[Statement]:
    """Issue what is due when a day's statement is."""
    run = issue_due(FACTS, at(rules.day_after(day), 10, 30), "test")
    assert run.problems == ()
    return list(run.issued)


def lines(no: str) -> list[tuple[str, int, int, int, int]]:
    """Return kind, gross, fee, net and due of each line."""
    return [_short(line) for line in books.lines_of(no)]


def _short(line: Line) -> tuple[str, int, int, int, int]:
    return (str(line.kind), line.gross, line.fee, line.net, line.due)


def charge(
    *tiers: tuple[int, int], fixed: int = 0, first: int = TODAY, store: str = b.STORE
) -> None:
    """Let a store pay fees."""
    model = FeeModel(0, first, CURRENCY, fixed, tuple(Tier(*tier) for tier in tiers))
    agree(FACTS, store, model, currency=CURRENCY, by="test", at_s=b.NOW_S)


def everything_is_known(*tills: Till, at_s: int) -> None:
    """Let units say that the hub has all that they have."""
    from central.stores.edge_api import note_health  # noqa: PLC0415

    for till in tills:
        told = {
            "journal_epoch": till.epoch, "journal_seq": len(till.raws), "journal_at_s": at_s,
        }  # fmt: skip
        note_health(Pull(till.unit, b"", bytes(16), told), at_s, is_recent=True)


def make_payable(*tills: Till, at_s: int) -> list[str]:
    """Confirm whatever was issued, and let it be final."""
    for one in books.statements():
        if one.state == "issued":
            confirm(one.no, "test", at_s)
    everything_is_known(*tills, at_s=at_s)
    return release(FACTS, at_s)


def pay(at_s: int, no: str = "P1") -> dict[str, int]:
    """Pay everybody what is to be paid, as a payout does it; return how much."""

    def work() -> dict[str, int]:
        paid = {}
        for number, one in enumerate(payables(at_s)):
            payout = rules.Payout(f"{no}-{number}", one.account, "web", one.amount)
            day = rules.business_day(at_s, ZONE)
            take(one.statement_ids, payout.no)
            held = store.hold(rules.payout_requested(payout, day, "test"), at_s)
            posted = rules.payout_paid(payout, day, "test")
            store.commit(posted.idem, held.id, at_s, day=day, actor="test", legs=posted.legs)
            mark_paid(one.statement_ids, payout.no, at_s)
            paid[str(one.party)] = one.amount.minor
        return paid

    return money_transaction(work)


def adjust(minor: int, at_s: int, no: str = "A1") -> None:
    """Let somebody post something else to what the store is owed."""
    day, amount = rules.business_day(at_s, ZONE), Money(abs(minor), CURRENCY)
    source, to = (ACCOUNT, "1030.main") if minor > 0 else ("1030.main", ACCOUNT)
    posting = rules.transferred(no, source, to, amount, day, "test")
    money_transaction(lambda: store.post(posting, at_s))
