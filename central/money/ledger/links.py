"""From a journal to what it is about: the order, redemption, payout, statement, case or bill line.

Only reads, and knows pages by their names alone: the rooms above the ledger are nothing to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from central.foundation.db.engine import rows
from central.foundation.language.words import N_
from central.foundation.people.roles import Permission
from central.money.ledger.statement import Journal


class Link(NamedTuple):
    """A page that says more about a journal.

    Args:
        words: What it is.
        endpoint, values: The page.
        permission: Who may see it.
    """

    words: str
    name: str
    endpoint: str
    values: Mapping[str, str | int]
    permission: Permission


_UNIT = re.compile(r"(O[0-9A-Z]{15})-[0-9]+", re.ASCII)
_VOUCHER = re.compile(r"[0-9a-f]{12}", re.ASCII)


def links_of(journal: Journal) -> list[Link]:
    """Return the pages behind a journal, the nearest first, none twice."""
    found: dict[tuple[str, str], Link] = {}
    for finder in (_entered, _sold, _redeemed, _settled, _paid_out, _billed):
        for link in finder(journal):
            found.setdefault((link.endpoint, link.name), link)
    return list(found.values())


def _entered(journal: Journal) -> Iterator[Link]:
    for (number,) in rows("SELECT id FROM manual_entry WHERE journal_id = ?", (journal.id,)):
        values = {"number": number}
        yield Link(N_("Manual entry"), str(number), "entries.one", values, Permission.LEDGER_READ)


def _sold(journal: Journal) -> Iterator[Link]:
    names = {journal.ref, *journal.idem.split(":")}
    orders = {match[1] for name in names if (match := _UNIT.fullmatch(name))}
    for sql in (
        "SELECT id FROM sale_order WHERE id = ?",
        "SELECT order_id FROM refund WHERE number = ?",
        "SELECT order_id FROM payment WHERE number = ?",
    ):
        orders |= {order for name in names for (order,) in rows(sql, (name,))}
    for order in sorted(orders):
        values = {"order_id": order}
        yield Link(N_("Order"), order, "orders.one", values, Permission.ORDERS_READ)
    for unit in sorted(names):
        if rows("SELECT 1 FROM supplier_purchase WHERE unit = ?", (unit,)):
            values = {"unit": unit}
            yield Link(N_("Purchase"), unit, "suppliers.one", values, Permission.SUPPLIERS_READ)


def _redeemed(journal: Journal) -> Iterator[Link]:
    is_voucher = _VOUCHER.fullmatch(journal.ref) is not None
    if is_voucher and rows("SELECT 1 FROM voucher WHERE id = ?", (int(journal.ref, 16),)):
        values = {"voucher": journal.ref}
        yield Link(N_("Voucher"), journal.ref, "vouchers.show", values, Permission.VOUCHERS_READ)
    for (case,) in rows(
        "SELECT id FROM conflict_case WHERE claim_journal_id = ? OR outcome_journal_id = ?",
        (journal.id, journal.id),
    ):
        yield Link(
            N_("Case"), str(case), "cases.one", {"case_id": case}, Permission.REDEMPTIONS_READ
        )


def _settled(journal: Journal) -> Iterator[Link]:
    """The line leads on to the signed entry of the till."""
    for no, n in rows(
        "SELECT statement_no, n FROM statement_line WHERE journal_id = ?", (journal.id,)
    ):
        yield Link(
            N_("Line of a statement"), f"{no} / {n}", "statements.line", {"no": no, "n": n},
            Permission.SETTLEMENT_READ,
        )  # fmt: skip
    if rows("SELECT 1 FROM statement WHERE no = ?", (journal.ref,)):
        values = {"no": journal.ref}
        yield Link(
            N_("Statement"), journal.ref, "statements.one", values, Permission.SETTLEMENT_READ
        )


def _paid_out(journal: Journal) -> Iterator[Link]:
    if rows("SELECT 1 FROM payout WHERE no = ?", (journal.ref,)):
        values = {"no": journal.ref}
        yield Link(N_("Payout"), journal.ref, "payouts.one", values, Permission.PAYOUTS_READ)


def _billed(journal: Journal) -> Iterator[Link]:
    """The line of a bill that proves one of its entries, by the page of the bill's day."""
    for account, day, n in rows(
        "SELECT account, day, p.n FROM entry e JOIN proof p ON p.entry_id = e.id"
        " JOIN bill ON bill.id = p.bill_id WHERE e.journal_id = ? ORDER BY bill.id, p.n LIMIT 20",
        (journal.id,),
    ):
        channel = account.partition(".")[2]
        has_page = rows(
            "SELECT 1 FROM bill WHERE account = ? AND day = ? AND kind = 'flow'",
            (f"1020.{channel}", day),
        )
        page = "reconciliation.settlement" if has_page else "reconciliation.show"
        values = {"channel": channel, "day": day} if has_page else {}
        yield Link(
            N_("Line of a bill"), f"{account} {day} / {n}", page, values,
            Permission.SETTLEMENT_READ,
        )  # fmt: skip
