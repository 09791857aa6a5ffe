"""Takes commissions back when a sale is refunded: of what is pending, of the wallet, or as a debt.

Nothing is posted here: the refund's own journal takes it in (``rules.Refunded``).
"""

from __future__ import annotations

import json
from typing import NamedTuple

from central.errors import KeyReused, NotFound, SharingRefused
from central.money.ledger import rules
from central.money.ledger.balance import balance
from central.money.ledger.rules import Clawed
from central.money.sharing.claw import claw
from central.money.sharing.earn import commissions_of
from central.money.sharing.tables import ClawedBack, CommissionRow, SharedSale
from edge.contract.money import Money


class Refund(NamedTuple):
    """Part or all of a shared sale goes back to the customer.

    Args:
        ref: The refund's own number.
        sale: The ref under which the sale was shared.
    """

    ref: str
    sale: str
    amount: Money


class TakenBack(NamedTuple):
    """What agents give back.

    Args:
        clawed: From whom, how much, and from where.
        created: False if it was taken back before, and this is what came out of it then.
    """

    ref: str
    clawed: tuple[Clawed, ...]
    created: bool


def claw_back(refund: Refund, at_s: int, *, reopen: bool = False) -> TakenBack:
    """Take back what agents have of the part that is refunded.

    Call it in the transaction that posts the refund. What an agent has not got any more becomes a
    receivable, which his next commission meets first.

    Args:
        reopen: The refunded part can be used again: a redemption was taken back, and what was
            earned by it goes back to its promise.

    Raises:
        NotFound: no such sale was shared.
        SharingRefused: more is refunded than is left of the sale, or in another currency.
        KeyReused: the refund's number was used for another refund.
    """
    sale = SharedSale.get_or_none(SharedSale.ref == refund.sale)
    if sale is None:
        raise NotFound(f"No sale was shared under {refund.sale}.")
    known = ClawedBack.get_or_none(ClawedBack.refund == refund.ref)
    if known is not None:
        if (known.sale, known.minor) != (refund.sale, refund.amount.minor):
            raise KeyReused(f"{refund.ref} is another refund.")
        before = tuple(Clawed(*one) for one in json.loads(known.taken))
        return TakenBack(refund.ref, before, created=False)
    if refund.amount.currency != sale.currency or not 0 < refund.amount.minor <= sale.left_minor:
        raise SharingRefused(
            f"Of {refund.sale} {Money(sale.left_minor, sale.currency)} are left to be refunded."
        )
    if reopen and sale.promise is None:
        raise SharingRefused("Only what was used of a promise can be used again.")
    taken = _take(sale, refund.amount.minor, sale.promise if reopen else None)
    ClawedBack.create(
        refund=refund.ref, sale=refund.sale, minor=refund.amount.minor,
        taken=json.dumps(taken), at_s=at_s,
    )  # fmt: skip
    return TakenBack(refund.ref, taken, created=True)


def _take(sale: SharedSale, minor: int, promise: str | None) -> tuple[Clawed, ...]:
    """Take ``minor`` out of a sale, and put it back into its promise if one is named."""
    kept = commissions_of(sale.ref)
    parts = claw([row.kept_minor for row in kept], minor, sale.left_minor)
    undone = (
        SharedSale.update(left_minor=SharedSale.left_minor - minor)
        .where(SharedSale.ref == sale.ref, SharedSale.left_minor == sale.left_minor)
        .execute()
    )
    assert undone == 1, "nobody else writes while this transaction does"
    taken = []
    for row, part in zip(kept, parts, strict=True):
        if not part:
            continue
        _lessen(row, part)
        if promise is not None:
            _promise_again(promise, row.agent, part)
        if row.state != "promised":  # of a promise nothing was posted yet
            taken.append(_from(row, part))
    if promise is not None:
        more = {"left_minor": SharedSale.left_minor + minor}
        changed = SharedSale.update(**more).where(SharedSale.ref == promise).execute()
        assert changed == 1, "a redemption names its promise"
    return tuple(taken)


def _from(row: CommissionRow, part: int) -> Clawed:
    """Say from where: a commission that was released is in the wallet, or was paid out of it."""
    if row.state == "pending":
        return Clawed(row.agent, pending=part)
    wallet = balance(f"2110.{row.agent}").available
    return rules.claw(row.agent, part, pending=0, available=max(0, wallet))


def _lessen(row: CommissionRow, part: int) -> None:
    is_gone = part == row.kept_minor and row.state != "promised"
    changed = (
        CommissionRow.update(
            kept_minor=CommissionRow.kept_minor - part, state="clawed" if is_gone else row.state
        )
        .where(
            CommissionRow.sale == row.sale,
            CommissionRow.agent == row.agent,
            CommissionRow.state == row.state,
            CommissionRow.kept_minor == row.kept_minor,
        )
        .execute()
    )
    assert changed == 1, "nobody else writes while this transaction does"


def _promise_again(promise: str, agent: str, part: int) -> None:
    changed = (
        CommissionRow.update(kept_minor=CommissionRow.kept_minor + part)
        .where(
            CommissionRow.sale == promise,
            CommissionRow.agent == agent,
            CommissionRow.state == "promised",
        )
        .execute()
    )
    assert changed == 1, "who has earned of a promise was promised something"
