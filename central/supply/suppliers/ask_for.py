"""What an order does: ask for a unit, see where its purchase is, and take the wish back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from central.errors import Conflict, KeyReused, RequestInvalid
from central.foundation.db.engine import money_transaction
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.foundation.seal import Seal
from central.money.ledger.rules.write import Cost
from central.supply.suppliers.model import E4, Attempt, Kind, Purchase, total
from central.supply.suppliers.records import accounts, purchases
from central.supply.suppliers.records.purchases import PurchaseRow
from edge.contract.money import Money, parse_decimal


class Wanted(NamedTuple):
    """What is to be bought for a unit of an order.

    Args:
        unit: Its name, unique for ever: one purchase a unit.
        sell_net: Price of one piece less commissions and the payment's fee.
        inputs: What the buyer has given, by the names of the type's fields: ``{"phone": …}``.
    """

    unit: str
    sku: str
    kind: Kind
    quantity: int
    sell_net: Money
    inputs: Mapping[str, str] = {}


class Bought(NamedTuple):
    """Where a unit's purchase is.

    Args:
        cost: What completion takes it from: ``1310.<sku>`` for keys, ``1040.<supplier>`` or
            ``2210.<supplier>`` for a top-up. None until it is sourced, or if it was free.
    """

    unit: str
    state: Purchase
    cost: Cost | None
    supplier: str
    attempts: int


def ask_for(wanted: Wanted, seal: Seal, at_s: int, who: str) -> PurchaseRow:
    """Write down what is to be bought. Call it in the transaction that sells it.

    The same unit with the same wish again is the same purchase.

    Raises:
        KeyReused: the unit has another wish.
        RequestInvalid: a figure is out of range, or a name too long.
    """
    if not 1 <= len(wanted.unit) <= 64 or not 1 <= wanted.quantity <= 10_000:
        raise RequestInvalid(N_("A unit has a name of 1 to 64 characters; 1 to 10,000 are bought."))
    minor = wanted.sell_net.minor
    if minor < 0:
        raise RequestInvalid(N_("What is sold is not sold for less than nothing."))
    per_minor = E4 // parse_decimal("1", wanted.sell_net.currency).minor
    known = purchases.find(wanted.unit)
    row = PurchaseRow(
        wanted.unit, wanted.sku, wanted.kind, wanted.quantity, minor * per_minor,
        wanted.sell_net.currency, seal.close(dict(wanted.inputs), f"purchase:{wanted.unit}"),
        Purchase.OPEN, at_s, who, at_s, None,
    )  # fmt: skip
    if known is None:
        purchases.insert(row)
        return row
    same = known._replace(inputs=row.inputs)[:7] == row[:7]
    if not same or seal.open(known.inputs, known.place) != dict(wanted.inputs):
        raise KeyReused(f"The unit {wanted.unit} was asked for with something else.")
    return known


def bought(unit: str) -> Bought:
    """Return where a unit's purchase is.

    Raises:
        NotFound: nothing was to be bought for it.
    """
    purchase, tries = purchases.get(unit), purchases.attempts(unit)
    winner = next((a for a in tries if a.state is Attempt.SUCCEEDED), None)
    if winner is None:
        return Bought(unit, purchase.state, None, "", len(tries))
    account = accounts.account(winner.account)
    assert winner.charged_e4 is not None, "a success has its price"
    minor = total(winner.charged_e4, purchase.currency).minor
    source = f"1310.{purchase.sku}" if purchase.kind is Kind.KEY else account.source
    cost = Cost(source, minor) if minor else None
    return Bought(unit, purchase.state, cost, account.supplier, len(tries))


def cancel(unit: str, at_s: int) -> None:
    """Buy no more for a unit: it is refunded. What comes from now on is late.

    Raises:
        Conflict: it is bought, or nobody knows yet whether it is.
    """

    def write() -> None:
        tries = purchases.attempts(unit)
        if any(a.state.is_live for a in tries):
            raise Conflict(Saying("purchase-unknown", unit=unit))
        ends = frozenset({Purchase.OPEN, Purchase.EXHAUSTED, Purchase.HELD, Purchase.CANCELLED})
        if not purchases.settle(unit, Purchase.CANCELLED, at_s, ends):
            raise Conflict(Saying("purchase-made", unit=unit))

    money_transaction(write)
