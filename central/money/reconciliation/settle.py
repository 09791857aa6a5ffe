"""Posts what a day's bills of movements settle, once; and shows it before."""

from __future__ import annotations

from typing import NamedTuple

from central.errors import Conflict, NotFound
from central.foundation.db.engine import change, money_transaction, reading, rows
from central.money.channels.model import FundAccount
from central.money.ledger import rules
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

    Raises:
        NotFound: its bills of movements were not taken.
        Conflict: payments in it differ from our books, or the two bills tell different fees.
        PostingRefused: the day is closed.
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
        raise NotFound(f"The bills of movements of {channel} of {iso(day)} were not taken.")
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
        raise Conflict(
            f"{still_open} of its payments and refunds differ from our books. Resolve them first."
        )
    all_of_it = together(proposal for *_, proposal in found)
    if not all_of_it.fees_agree:
        shown = decimal_text(all_of_it.fee, found[0][1].fee.currency)
        raise Conflict(
            f"The balance shows fees of {shown}, and the bill of payments names"
            f" {_fee_text(all_of_it.fee_e5)}. Ask the channel."
        )


def _post(bill_id: int, one: Settlement, proposal: Proposal, by: By) -> None:
    suffix = "" if one.part in {FundAccount.BASIC, ""} else f":{one.part}"
    if one.journals:  # what came over midnight, after the first
        suffix += f":{len(one.journals) + 1}"
    posting = rules.channel_settled(one.channel, one.gross, one.fee, one.day, by.actor, part=suffix)
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
