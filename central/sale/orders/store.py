"""The rows of orders: every change is conditional, hits one row, and leaves an event behind."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from central.errors import Conflict, NotFound
from central.foundation.db.engine import change, rows
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.foundation.story import GENESIS, broken, link
from central.sale.orders.model import (
    Happening,
    Order,
    OrderId,
    Payment,
    Refund,
    Unit,
    UnitId,
)
from central.sale.orders.states import (
    ORDER,
    UNIT,
    OrderEvent,
    OrderState,
    PaymentState,
    RefundState,
    UnitEvent,
    UnitState,
)
from central.supply.product_types.model import Fulfilment
from edge.contract.money import Money

_ORDER = (
    "SELECT id, channel, seller, buyer, sku, quantity, type, type_version, price, currency, locale,"
    " state, refunded, placed_at_s, pay_until_s, paid_at_s, ended_at_s, journal_id FROM sale_order"
)
_UNIT = (
    "SELECT id, order_id, n, sku, fulfilment, price, state, cost_account, cost, delivered_at_s,"
    " refund, voucher_id, (SELECT coalesce(sum(p.amount), 0) FROM unit_refund p"
    " WHERE p.unit = order_unit.id), type_version FROM order_unit"
)
_PAYMENT = (
    "SELECT number, order_id, channel, amount, currency, description, state, created_at_s,"
    " expires_at_s, attempts, last_code, channel_number, qr_text, payer FROM payment"
)
_REFUND = (
    "SELECT number, order_id, payment, channel, amount, currency, total, reason, asked_by, state,"
    " attempts, last_code, asked_at_s, done_at_s FROM refund"
)


# --- reading -------------------------------------------------------------------------------------


def get(order: str) -> Order:
    """Return an order; NotFound if there is none of this number."""
    found = _orders("WHERE id = ?", (order,))
    if not found:
        raise NotFound(Saying("no-order", order=order))
    return found[0]


def by_token(token: str) -> Order:
    """Return the order that a token shows; NotFound, in the same words, for every wrong one."""
    found = _orders("WHERE token_hash = ?", (token_hash(token),))
    if not found:
        raise NotFound(N_("There is no such order."))
    return found[0]


def newest(
    count: int, states: Iterable[OrderState] = (), before: OrderId | None = None,
    of: str | None = None,
) -> list[Order]:  # fmt: skip
    """Return the newest orders, all or those in some states, the newest first.

    Args:
        before: Only those that were placed before this one; NotFound if there is none.
        of: Only those that this agent has bought or sold.
    """
    wanted = sorted(str(state) for state in states)
    parts: list[str] = []
    values: list[Any] = [*wanted]
    if wanted:
        parts.append(f"state IN ({', '.join('?' for _ in wanted)})")
    if before is not None:
        # Orders of one second are told apart by their ids: no page misses one or has it twice.
        parts.append("(placed_at_s, id) < (?, ?)")
        values += [get(before).placed_at_s, before]
    if of is not None:
        parts.append("(buyer = ? OR seller = ?)")
        values += [of, of]
    where = f"WHERE {' AND '.join(parts)} " if parts else ""
    return _orders(f"{where}ORDER BY placed_at_s DESC, id DESC LIMIT ?", (*values, count))


def counts() -> dict[OrderState, int]:
    """Return how many orders are in each state that has any."""
    found = rows("SELECT state, count(*) FROM sale_order GROUP BY state")
    return {OrderState(state): int(n) for state, n in found}


def units(order: str) -> list[Unit]:
    """Return the units of an order, by their numbers."""
    return _units("WHERE order_id = ? ORDER BY n", (order,))


def type_versions(order: Order) -> dict[str, int]:
    """Return in which version of its type each SKU of an order's units was sold."""
    found = {one.sku: one.type_version for one in units(order.id)}
    return {sku: version for sku, version in found.items() if version is not None}


def unit(unit_id: str) -> Unit:
    """Return a unit; NotFound if there is none."""
    found = _units("WHERE id = ?", (unit_id,))
    if not found:
        raise NotFound(Saying("no-unit-of-order", unit=unit_id))
    return found[0]


def unit_of(order: str, unit_id: str) -> Unit:
    """Return a unit of an order; NotFound if it has none of this number."""
    found = _units("WHERE id = ? AND order_id = ?", (unit_id, order))
    if not found:
        raise NotFound(Saying("order-no-unit", unit=unit_id, order=order))
    return found[0]


def payments(order: str) -> list[Payment]:
    """Return the payments of an order, in the order in which they were asked for."""
    return _payments("WHERE order_id = ? ORDER BY created_at_s, number", (order,))


def payment(number: str) -> Payment:
    """Return a payment; NotFound if there is none."""
    found = _payments("WHERE number = ?", (number,))
    if not found:
        raise NotFound(Saying("no-payment", number=number))
    return found[0]


def refunds(order: str) -> list[Refund]:
    """Return the refunds of an order, in the order in which they were asked for."""
    return _refunds("WHERE order_id = ? ORDER BY asked_at_s, number", (order,))


def refund(number: str) -> Refund:
    """Return a refund; NotFound if there is none."""
    found = _refunds("WHERE number = ?", (number,))
    if not found:
        raise NotFound(Saying("no-refund", number=number))
    return found[0]


def paid_by(payment_number: str) -> int | None:
    """Return what has come by a payment, minor units; None if nothing has."""
    [(paid,)] = rows("SELECT paid FROM payment WHERE number = ?", (payment_number,))
    return None if paid is None else int(paid)


def story(order: str) -> list[Happening]:
    """Return what happened to an order, first things first."""
    found = rows(
        "SELECT at_s, unit, who, event, state, detail FROM order_event WHERE order_id = ?"
        " ORDER BY n",
        (order,),
    )
    return [Happening(*row) for row in found]


def broken_stories() -> list[str]:
    """Return orders whose story was altered: an event does not follow the one before."""
    return broken(
        rows(
            "SELECT order_id, n, unit, at_s, who, event, state, detail, hash FROM order_event"
            " ORDER BY order_id, n"
        )
    )


def token_hash(token: str) -> bytes:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


# --- changing ------------------------------------------------------------------------------------


def move_order(
    order: Order, event: OrderEvent, at_s: int, who: str, detail: str = "", **changes: object
) -> Order:
    """Let something happen to an order, in the caller's transaction.

    Raises:
        Conflict: this does not happen to it where it is, or something else has happened meanwhile.
    """
    to = ORDER.get((order.state, event))
    if to is None:
        raise Conflict(Saying("order-is", order=order.id, state=str(order.state)))
    sets = "".join(f", {name} = ?" for name in changes)
    hit = rows(
        f"UPDATE sale_order SET state = ?{sets} WHERE id = ? AND state = ? RETURNING id",
        (str(to), *changes.values(), order.id, str(order.state)),
    )
    if not hit:
        raise Conflict(Saying("order-moved", order=order.id))
    note(order.id, "", at_s, who, str(event), str(to), detail)
    return get(order.id)


def move_unit(
    one: Unit, event: UnitEvent, at_s: int, who: str, detail: str = "", **changes: object
) -> Unit:
    """Let something happen to a unit, in the caller's transaction; Conflict as ``move_order``."""
    to = UNIT.get((one.state, event))
    if to is None:
        raise Conflict(Saying("unit-is", unit=one.id, state=str(one.state)))
    sets = "".join(f", {name} = ?" for name in changes)
    hit = rows(
        f"UPDATE order_unit SET state = ?{sets} WHERE id = ? AND state = ? RETURNING id",
        (str(to), *changes.values(), one.id, str(one.state)),
    )
    if not hit:
        raise Conflict(Saying("unit-moved", unit=one.id))
    note(one.order, one.id, at_s, who, str(event), str(to), detail)
    return unit(one.id)


def note(  # noqa: PLR0913, PLR0917 - the columns of a line of a story
    order: OrderId, unit_id: str, at_s: int, who: str, event: str, state: str, detail: str = ""
) -> None:
    """Write down what happened; the row is chained to the one before."""
    found = rows(
        "SELECT n, hash FROM order_event WHERE order_id = ? ORDER BY n DESC LIMIT 1", (order,)
    )
    n, chain = (int(found[0][0]) + 1, bytes(found[0][1])) if found else (1, GENESIS)
    told = [unit_id, at_s, who, event, state, detail]
    change(
        "INSERT INTO order_event (order_id, n, unit, at_s, who, event, state, detail, hash)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (order, n, *told, link(chain, [order, n, *told])),
    )


def was_seen(one: Unit) -> bool:
    """Whether the buyer has ever looked at a unit, be it at a key that was replaced since."""
    found = rows(
        "SELECT 1 FROM order_event WHERE order_id = ? AND unit = ? AND event = ? LIMIT 1",
        (one.order, one.id, str(UnitEvent.REVEALED)),
    )
    return bool(found)


def add_refunded(order: OrderId, minor: int) -> None:
    """Count what goes back; the schema refuses more than the price."""
    [_] = rows(
        "UPDATE sale_order SET refunded = refunded + ? WHERE id = ? RETURNING id", (minor, order)
    )


def _orders(where: str, values: tuple[Any, ...]) -> list[Order]:
    return [
        Order._make(
            (OrderId(row[0]), *row[1:8], Money(row[8], row[9]), row[10], OrderState(row[11]),
             *row[12:])
        )
        for row in rows(f"{_ORDER} {where}", values)
    ]  # fmt: skip


def _units(where: str, values: tuple[Any, ...]) -> list[Unit]:
    return [
        Unit._make(
            (UnitId(row[0]), OrderId(row[1]), row[2], row[3], Fulfilment(row[4]), row[5],
             UnitState(row[6]), *row[7:12], int(row[12]), row[13])
        )
        for row in rows(f"{_UNIT} {where}", values)
    ]  # fmt: skip


def _payments(where: str, values: tuple[Any, ...]) -> list[Payment]:
    return [
        Payment._make(
            (row[0], OrderId(row[1]), row[2], Money(row[3], row[4]), row[5], PaymentState(row[6]),
             *row[7:])
        )
        for row in rows(f"{_PAYMENT} {where}", values)
    ]  # fmt: skip


def _refunds(where: str, values: tuple[Any, ...]) -> list[Refund]:
    return [
        Refund._make(
            (row[0], OrderId(row[1]), row[2], row[3], Money(row[4], row[5]), Money(row[6], row[5]),
             row[7], row[8], RefundState(row[9]), *row[10:])
        )
        for row in rows(f"{_REFUND} {where}", values)
    ]  # fmt: skip
