"""Nets what an owner's stores are owed, those that owe us among them, and what he owes himself.

What is left stands on one account of his (2320), and is paid from there. So a payout that fails
takes nothing back: the next one is of all that stands there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from central.errors import NotFound
from central.foundation.db.engine import change, rows
from central.foundation.language.said import Saying
from central.money.ledger import rules
from central.money.ledger.balance import balance
from central.money.ledger.store import post
from central.money.settlement.payable.pay import Figure, mark_paid
from central.money.settlement.tables import StatementRow
from edge.contract.ids import StoreId
from edge.contract.money import Money


class Part(NamedTuple):
    """A statement that was netted, and what it brought; less than nothing if it asked back."""

    statement: str
    store: StoreId
    minor: int


class Netting(NamedTuple):
    """What was netted for one owner at once. It is never changed.

    Args:
        gross: What his stores' statements came to together.
        set_off: What of it he owed us (1110).
    """

    no: str
    owner: str
    gross: Money
    set_off: Money
    journal_id: int
    netted_at_s: int
    netted_by: str
    parts: tuple[Part, ...] = ()

    @property
    def due(self) -> Money:
        """What was left for him."""
        return self.gross - self.set_off


def counted(figures: Sequence[Figure]) -> list[Figure]:
    """Return which figures of one owner are netted: but for those the ledger does not cover."""
    return [one for one in figures if one.amount.minor <= max(0, one.covered)]


def net(owner: str, figures: Sequence[Figure], at_s: int, *, day: int, actor: str) -> str | None:
    """Net the figures of one owner's stores; None if they come to nothing or less.

    Their statements are paid by it. Call it in the transaction that read them.
    """
    some = [one for one in counted(figures) if one.statement_ids]
    gross = sum(one.amount.minor for one in some)
    if gross <= 0:
        return None
    ids = sorted(no for one in some for no in one.statement_ids)
    no = f"NT{hashlib.sha256(' '.join(ids).encode()).hexdigest()[:30]}"
    currency = some[0].amount.currency
    set_off = min(gross, max(0, balance(f"1110.{owner}").posted))
    netted = rules.Netted(
        no, owner, {one.store: one.amount.minor for one in some}, set_off, currency
    )
    journal_id = post(rules.stores_netted(netted, day, actor), at_s).id
    change(
        "INSERT INTO netting (no, owner, currency, gross, set_off, journal_id, netted_at_s,"
        " netted_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (no, owner, currency, gross, set_off, journal_id, at_s, actor),
    )
    mark_paid(ids, no, at_s)
    return no


def netting(no: str) -> Netting:
    """Return one netting with its parts; NotFound if there is none of this number."""
    found = nettings(no=no)
    if not found:
        raise NotFound(Saying("no-netting", number=no))
    parts = (
        Part(row.no, StoreId(row.store_id), row.due - _disputed(row.no))
        for row in StatementRow.select()
        .where(StatementRow.payout_no == no)
        .order_by(StatementRow.store_id, StatementRow.n)
    )
    return found[0]._replace(parts=tuple(parts))


def nettings(*, no: str | None = None, limit: int = 50) -> list[Netting]:
    """Return what was netted, the newest first, without its parts."""
    return [
        Netting(number, owner, Money(gross, currency), Money(set_off, currency), *rest)
        for number, owner, currency, gross, set_off, *rest in rows(
            "SELECT no, owner, currency, gross, set_off, journal_id, netted_at_s, netted_by"
            " FROM netting WHERE no = coalesce(?, no) ORDER BY netted_at_s DESC, no LIMIT ?",
            (no, limit),
        )
    ]


def owed() -> dict[str, Money]:
    """Return what stands for each owner and no payout holds, if anything does."""
    found = rows("SELECT code, currency FROM account WHERE substr(code, 1, 5) = '2320.'")
    all_of_it = {
        code.partition(".")[2]: Money(balance(code).available, currency) for code, currency in found
    }
    return {owner: money for owner, money in all_of_it.items() if money.minor > 0}


def _disputed(no: str) -> int:
    [(minor,)] = rows(
        "SELECT coalesce(sum(due), 0) FROM disputed_line WHERE statement_no = ?", (no,)
    )
    return int(minor)
