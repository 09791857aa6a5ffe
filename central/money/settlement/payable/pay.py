"""What stores are to be paid now, and what was paid. The payout machine calls this.

One figure a store: fees, corrections and decided cases are in its statements, and statements that
ask money back are set off against those that bring some. What an owner's stores come to is netted
by ``net``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from central.errors import Conflict, NotFound
from central.money.ledger.balance import balance
from central.money.settlement import store as books
from central.money.settlement.model import Payable, State, Statement
from central.money.settlement.statements.movements import open_claims
from central.money.settlement.states import Event
from central.money.settlement.tables import StatementRow
from edge.contract.ids import StoreId
from edge.contract.money import Money


class Figure(NamedTuple):
    """What the payable statements of one store come to.

    Args:
        covered: What the ledger says may be paid at most: what is owed, less holds and less what
            is claimed for double redemptions.
    """

    store: StoreId
    account: str
    amount: Money
    covered: int
    statement_ids: tuple[str, ...]

    @property
    def is_ready(self) -> bool:
        """Whether it is paid: more than nothing, and no more than is owed."""
        return 0 < self.amount.minor <= self.covered


def figures(at_s: int) -> list[Figure]:
    """Return a figure for each store that has payable statements which no payout has taken."""
    found = books.read(
        StatementRow.select()
        .where(
            StatementRow.state == str(State.PAYABLE), StatementRow.payout_no.is_null(),
            StatementRow.payable_at_s <= at_s,
        )
        .order_by(StatementRow.store_id, StatementRow.n)
    )  # fmt: skip
    parties: dict[tuple[StoreId, str], list[Statement]] = {}
    for one in found:
        parties.setdefault((one.store, one.currency), []).append(one)
    return [_figure(store, currency, all_) for (store, currency), all_ in parties.items()]


def payables(at_s: int) -> list[Payable]:
    """Return what each store is to be paid now.

    Left out are stores that come to nothing or less, and those to whom the ledger owes less than
    their statements say, because something was taken back since: the next statement sets it off.
    Call it in the transaction that takes them.
    """
    return [
        Payable(one.store, one.account, one.amount, one.statement_ids)
        for one in figures(at_s)
        if one.is_ready
    ]


def take(statement_ids: Sequence[str], payout_no: str) -> None:
    """Let a payout take statements, so that no other one does. Again with the same one: nothing.

    Call it in the transaction that writes the payout.

    Raises:
        NotFound: there is no such statement. Conflict: it is not payable, or another payout's.
    """
    for no in statement_ids:
        mine = (StatementRow.payout_no.is_null()) | (StatementRow.payout_no == payout_no)
        changed = (
            StatementRow.update(payout_no=payout_no)
            .where(StatementRow.no == no, StatementRow.state == str(State.PAYABLE), mine)
            .execute()
        )
        if changed != 1:
            raise _taken(no, payout_no)


def give_back(payout_no: str) -> None:
    """Make what a payout has taken payable again: it has definitely failed.

    Raises:
        Conflict: it was paid.
    """
    if StatementRow.get_or_none(
        StatementRow.payout_no == payout_no, StatementRow.state == str(State.PAID)
    ):
        raise Conflict(f"What the payout {payout_no} was for is paid.")
    StatementRow.update(payout_no=None).where(StatementRow.payout_no == payout_no).execute()


def mark_paid(statement_ids: Sequence[str], payout_no: str, at_s: int) -> None:
    """Note that statements were paid by a payout. Again with the same one: nothing.

    Call it in the transaction that posts the payment: all of them are paid, or none.

    Raises:
        NotFound: there is no such statement. Conflict: it is not payable, or another payout's.
    """
    for no in statement_ids:
        mine = (StatementRow.payout_no.is_null()) | (StatementRow.payout_no == payout_no)
        if books.move(no, Event.PAY, mine, payout_no=payout_no, paid_at_s=at_s):
            continue
        found = books.statement(no)
        if (found.state, found.payout_no) != (State.PAID, payout_no):
            raise _taken(no, payout_no)


def _taken(no: str, payout_no: str) -> Conflict | NotFound:
    found = books.statement(no)  # NotFound if there is none
    if found.payout_no not in {None, payout_no}:
        return Conflict(f"The statement {no} is the payout {found.payout_no}'s.")
    return books.cannot(no, "paid")


def _figure(store: StoreId, currency: str, found: Sequence[Statement]) -> Figure:
    account = f"2310.{store}"
    return Figure(
        store,
        account,
        Money(sum(one.pays for one in found), currency),
        balance(account).available - open_claims(account),
        tuple(one.no for one in found),
    )
