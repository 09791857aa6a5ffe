"""Reads calls and callbacks, the newest first, and what each is about."""

from __future__ import annotations

from typing import Any, NamedTuple

from central.foundation.db.engine import rows
from central.foundation.language.words import N_
from central.foundation.people.roles import Permission

SHOWN = 100
STATES = ("sent", "unknown", "refused", "answered")
"""Where a call may be; the first two are those that nobody has an answer to."""


class About(NamedTuple):
    """A page that a number leads to; it is shown to whoever may see it."""

    label: str
    endpoint: str
    values: dict[str, str]
    permission: Permission


class Callback(NamedTuple):
    """A callback that was verified, however often it came.

    Args:
        sender: A channel, or a supplier's account.
        what: The sender's own word.
        amount_minor: None where it tells none.
    """

    id: int
    sender: str
    is_supplier: bool
    what: str
    number: str
    amount_minor: int | None
    currency: str | None
    received_at_s: int
    deliveries: int
    outcome: str


class Called(NamedTuple):
    """A call of a channel: its row was there before it was sent."""

    id: int
    channel: str
    kind: str
    number: str
    state: str
    attempts: int
    last_code: str
    first_sent_at_s: int
    sent_at_s: int
    answered_at_s: int | None


def callbacks(number: str = "") -> list[Callback]:
    """Return the newest callbacks of channels and suppliers, all or those about a number."""
    found = [
        Callback(*row)
        for row in _newest(
            "SELECT id, channel, FALSE, event_type, number, amount_minor, currency, received_at_s,"
            " deliveries, '' FROM channel_inbox",
            "number = ?",
            number,
        )
    ] + [
        Callback(*row)
        for row in _newest(
            "SELECT id, account, TRUE, status, client_ref, NULL, NULL, received_at_s, deliveries,"
            " outcome FROM supplier_inbox",
            "client_ref = ?",
            number,
        )
    ]
    found.sort(key=lambda one: (-one.received_at_s, one.is_supplier, -one.id))
    return found[:SHOWN]


def calls(number: str = "", state: str = "") -> list[Called]:
    """Return the newest calls of channels; those about a number, or in a state, if one is given."""
    where = [(text, value) for text, value in (("number = ?", number), ("state = ?", state))
             if value]  # fmt: skip
    conditions = _where([text for text, _ in where])
    found = rows(
        "SELECT id, channel, kind, number, state, attempts, last_code, first_sent_at_s,"  # noqa: S608
        f" sent_at_s, answered_at_s FROM channel_call{conditions}"
        " ORDER BY id DESC LIMIT ?",
        (*(value for _, value in where), SHOWN),
    )
    return [Called(*row) for row in found]


def counts() -> dict[str, int]:
    """Return how many calls are in each state."""
    found = dict(rows("SELECT state, count(*) FROM channel_call GROUP BY state"))
    return {state: int(found.get(state, 0)) for state in STATES}


def about(number: str) -> About | None:
    """Return the page of what a number is of; None if it is of nothing that has one."""
    if rows("SELECT 1 FROM payout WHERE no = ?", (number,)):
        return About(N_("Payout"), "payouts.one", {"no": number}, Permission.PAYOUTS_READ)
    for table in ("payment", "refund"):
        order = rows(f"SELECT order_id FROM {table} WHERE number = ?", (number,))  # noqa: S608
        if order:
            values = {"order_id": str(order[0][0])}
            return About(N_("Order"), "orders.one", values, Permission.ORDERS_READ)
    unit = rows("SELECT unit FROM supplier_attempt WHERE client_ref = ?", (number,))
    if unit:
        values = {"unit": str(unit[0][0])}
        return About(N_("Purchase"), "suppliers.one", values, Permission.SUPPLIERS_READ)
    return None


def _newest(sql: str, condition: str, number: str) -> list[tuple[Any, ...]]:
    where = _where([condition] if number else [])
    values = (number, SHOWN) if number else (SHOWN,)
    return rows(f"{sql}{where} ORDER BY id DESC LIMIT ?", values)


def _where(conditions: list[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""
