"""What a customer has on his balance, and how it came there, as the ledger says."""

from __future__ import annotations

from typing import NamedTuple

from central.foundation.db.engine import reading
from central.money.ledger import balance as ledger
from central.money.ledger import rules
from central.money.ledger.statement import statement
from central.sale.customers.model import CustomerId

DAYS = (20000101, 99991231)
PER_PAGE = 50


class Line(NamedTuple):
    """One change of a balance, minor units.

    Args:
        order: What was paid, or what it came back from; empty for a top-up.
        left: What was there afterwards.
    """

    at_s: int
    kind: str
    order: str
    change: int
    left: int


class Shown(NamedTuple):
    """A balance and a page of its statement, the newest change first; pages from 1."""

    available: int
    lines: list[Line]
    page: int
    pages: int


def available(customer: CustomerId) -> int:
    """Return what a customer can spend, minor units."""
    return ledger.balance(rules.balance_account(customer)).available


def shown(customer: CustomerId, page: int = 1) -> Shown:
    """Return a balance with a page of its statement."""

    def work() -> Shown:
        account = rules.balance_account(customer)
        found = statement(account, *DAYS)
        lines: list[Line] = []
        left = 0
        for one in found.lines if found else ():
            left += one.change
            lines.append(Line(one.at_s, one.kind, _order(one.kind, one.ref), one.change, left))
        lines.reverse()
        pages = max(1, -(-len(lines) // PER_PAGE))
        at = min(page, pages)
        some = lines[(at - 1) * PER_PAGE : at * PER_PAGE]
        return Shown(ledger.balance(account).available, some, at, pages)

    return reading(work)


def _order(kind: str, ref: str) -> str:
    if kind == "bought":
        return ref
    # The number of a refund is that of its order, with a letter and a count of its own.
    return f"O{ref[1:16]}" if kind == "refund-confirmed" else ""
