"""Posts what a day's bills of movements settle, once; and shows it before."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from central.errors import Conflict, NotFound
from central.foundation.db.engine import change, money_transaction, reading, rows
from central.foundation.language.said import Saying
from central.money.channels.model import FundAccount
from central.money.ledger import rules
from central.money.ledger.closes import open_day
from central.money.ledger.store import post
from central.money.reconciliation.match import Pass
from central.money.reconciliation.model import BillKind, By
from central.money.reconciliation.settled.propose import (
    NOTHING,
    Proposal,
    together,
)
from central.money.reconciliation.settled.waiting import proposed
from central.money.reconciliation.take import mark, match_again, prove
from central.money.reconciliation.unproven import BALANCE, CLEARING
from edge.contract.money import Money, decimal_text


class Settlement(NamedTuple):
    """What one bill of movements settles.

    Args:
        part: Of which of our accounts with the channel.
        gross: What leaves 1010.
        net: What 1020 grows by.
        fee: What 5030 grows by.
        lines: Movements that it takes together.
        open: Payments and refunds in it that still differ from our books: resolve them first.
        fee_told: The fee by the bill of payments, text with five decimals.
        journals: What has been posted, the oldest first; nothing yet if empty.
    """

    channel: str
    day: int
    part: str
    gross: Money
    net: Money
    fee: Money
    lines: int
    open: int
    fee_told: str
    journals: tuple[int, ...]


class Standing(StrEnum):
    """How far a channel's day is."""

    NO_BILL = "no-bill"
    """The bill of payments and refunds was not taken."""
    NO_MOVEMENTS = "no-movements"
    """Not all of the bills of movements were."""
    DIFFERS = "differs"
    """What came into the balance is of payments that differ from our books."""
    FEES_DIFFER = "fees-differ"
    READY = "ready"
    """Both bills prove one another; nothing has been posted yet."""
    SETTLED = "settled"


def standing(channel: str, day: int) -> Standing:
    """Return how far a channel's day is. It only reads, in the caller's transaction."""
    taken = {
        kind: (count, parts)
        for kind, count, parts in rows(
            "SELECT kind, count(*), max(parts) FROM bill WHERE account IN (?, ?) AND day = ?"
            " GROUP BY kind",
            (f"{CLEARING}{channel}", f"{BALANCE}{channel}", day),
        )
    }
    if "trade" not in taken:
        return Standing.NO_BILL
    count, parts = taken.get("flow", (0, 1))
    if count < parts:
        return Standing.NO_MOVEMENTS
    found = _propose(channel, day)
    if not any(proposal.trades or proposal.flows for *_, proposal in found):
        return Standing.SETTLED
    if any(one.open for _, one, _ in found):
        return Standing.DIFFERS
    is_told_alike = together(proposal for *_, proposal in found).fees_agree
    return Standing.READY if is_told_alike else Standing.FEES_DIFFER


def settlements(channel: str, day: int) -> list[Settlement]:
    """Return what the bills of a day would settle, and what they have settled.

    Raises:
        NotFound: its bills of movements were not taken.
    """
    return reading(lambda: [one for _, one, _ in _propose(channel, day)])


def settle(channel: str, day: int, by: By) -> list[Settlement]:
    """Post what the bills of a day settle; again posts nothing.

    1010 falls by what was paid less what was refunded, 1020 grows by what has come, and the rest
    is the channel's fee. Lines and entries are matched first, and what it takes is proven by it.
    If the day is closed by now it is posted on the first open one, with its own in the memo.

    Raises:
        NotFound: its bills of movements were not taken.
        Conflict: payments in it differ from our books, or the two bills tell different fees.
    """

    def work() -> list[Settlement]:
        for (bill_id,) in rows(
            "SELECT id FROM bill WHERE account IN (?, ?) AND day = ? ORDER BY id",
            (f"{CLEARING}{channel}", f"{BALANCE}{channel}", day),
        ):
            match_again(bill_id, by)
        found = _propose(channel, day)
        _check(found)
        for bill_id, one, proposal in found:
            if proposal.trades or proposal.flows:
                _post(bill_id, one, proposal, by)
                match_again(bill_id, by)
        return [one for _, one, _ in _propose(channel, day)]

    return money_transaction(work)


_Found = list[tuple[int, Settlement, Proposal]]


def _propose(channel: str, day: int) -> _Found:
    bills = rows(
        "SELECT id, part FROM bill WHERE account = ? AND day = ? AND kind = 'flow' ORDER BY id",
        (f"{BALANCE}{channel}", day),
    )
    if not bills:
        raise NotFound(Saying("movements-not-taken", channel=channel, day=iso(day)))
    [(currency,)] = rows(
        "SELECT coalesce(min(currency), 'CNY') FROM bill_line l JOIN bill ON bill.id = l.bill_id"
        " WHERE account IN (?, ?) AND day = ?",
        (f"{CLEARING}{channel}", f"{BALANCE}{channel}", day),
    )
    proposals = proposed(channel, day)
    found: _Found = []
    for bill_id, part in bills:
        of_it = proposals.get(bill_id, NOTHING)
        gross, net, fee = (Money(m, currency) for m in (of_it.gross, of_it.net, of_it.fee))
        still_open = sum(trade.is_open for trade in of_it.trades)
        told = _fee_text(of_it.fee_e5)
        one = Settlement(
            channel, day, part, gross, net, fee, len(of_it.flows), still_open, told,
            _journals(bill_id),
        )  # fmt: skip
        found.append((bill_id, one, of_it))
    return found


def _journals(bill_id: int) -> tuple[int, ...]:
    """Return what a bill of movements has settled already, the oldest first."""
    found = rows(
        "SELECT journal_id FROM settled WHERE flow_bill_id = ? AND journal_id IS NOT NULL"
        " UNION SELECT e.journal_id FROM bill_line l JOIN proof p ON p.bill_id = l.bill_id"
        " AND p.n = l.n JOIN entry e ON e.id = p.entry_id"
        " WHERE l.bill_id = ? AND proves = 'settlement'",
        (bill_id, bill_id),
    )
    return tuple(sorted(int(journal) for (journal,) in found))


def _check(found: _Found) -> None:
    still_open = sum(one.open for _, one, _ in found)
    if still_open:
        raise Conflict(Saying("differ-first", count=still_open))
    all_of_it = together(proposal for *_, proposal in found)
    if not all_of_it.fees_agree:
        shown = decimal_text(all_of_it.fee, found[0][1].fee.currency)
        raise Conflict(Saying("fees-differ-ask", shown=shown, named=_fee_text(all_of_it.fee_e5)))


def _post(bill_id: int, one: Settlement, proposal: Proposal, by: By) -> None:
    suffix = "" if one.part in {FundAccount.BASIC, ""} else f":{one.part}"
    if one.journals:  # what came over midnight, after the first
        suffix += f":{len(one.journals) + 1}"
    posting = rules.channel_settled(one.channel, one.gross, one.fee, one.day, by.actor, part=suffix)
    if (day := open_day(one.day)) != one.day:
        posting = posting._replace(effective=day, memo=f"of {one.day}")
    journal_id = post(posting, by.at_s).id if posting.legs else None
    for trade in proposal.trades:
        change(
            "INSERT INTO settled (bill_id, n, flow_bill_id, journal_id) VALUES (?, ?, ?, ?)",
            (trade.bill_id, trade.n, bill_id, journal_id),
        )
    mark(proposal.flows, bill_id, str(Pass.SETTLEMENT), by)
    entries = rows(
        "SELECT entry.id FROM entry JOIN account ON account.id = account_id"
        " WHERE journal_id = ? AND code = ?",
        (journal_id, f"{BALANCE}{one.channel}"),
    )
    prove((entry for (entry,) in entries), bill_id, proposal.flows[0], BillKind.FLOW)


def _fee_text(fee_e5: int) -> str:
    sign = "-" if fee_e5 < 0 else ""
    return f"{sign}{abs(fee_e5) // 100_000}.{abs(fee_e5) % 100_000:05d}"


def iso(day: int) -> str:
    """Return a day as people write it, 2026-04-11."""
    return f"{day // 10000}-{day // 100 % 100:02d}-{day % 100:02d}"
