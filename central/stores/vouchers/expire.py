"""Vouchers whose time is over: what is left on them, and whose it is.

A batch has expired once its last day is over *and* every till that takes its vouchers has told
all it did until then: a till that was cut off may still report who came in time. What is left
moves from 2020 to 2021 and stays owed. Only a policy of the product, agreed by a person, makes it
ours after some days (rule 18). Whoever is reported even later is honoured all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from central.errors import NotFound, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.language.words import N_
from central.money.ledger import rules
from central.money.ledger.closes import open_day
from central.money.ledger.store import post
from central.money.settlement.payable.watermark import Watermark, final_through_s
from central.stores.vouchers.tables import Voucher
from edge.contract.ids import ProductId, StoreGroup
from edge.contract.money import Money
from edge.contract.voucher_token import DAY_S, DAY_ZERO_S

ACTOR = "expiry"
REASON_CHARS = 500

LEFT = (
    "SELECT coalesce(sum(v.face_minor - v.face_minor / v.capacity * coalesce(c.covered, 0)), 0)"
    " FROM voucher v LEFT JOIN (SELECT voucher_id, sum(covered) AS covered FROM redemption_entry"
    " WHERE covered > 0 GROUP BY voucher_id) c ON c.voucher_id = v.id"
)
"""What is left on vouchers, minor units. Face values are whole multiples of capacities."""
NOT_REFUNDED = "NOT EXISTS (SELECT 1 FROM voucher_refund r WHERE r.voucher_id = v.id)"
"""Nothing is owed of a voucher whose price went back."""


class Gone(NamedTuple):
    """That what is left on a voucher does not stand at 2020 any more.

    Args:
        is_ours: It is not owed to anybody: it was broken, or its price went back to the buyer.
    """

    is_ours: bool


class Policy(NamedTuple):
    """What becomes of what is left on a product's expired vouchers.

    Args:
        after_days: So many days after their expiry it is ours; None: never.
    """

    product: ProductId
    after_days: int | None
    reason: str
    agreed_by: str
    agreed_at_s: int


class Swept(NamedTuple):
    """What a run has done.

    Args:
        waiting: Batches whose last day is over and whose tills have not told everything yet.
    """

    expired: int
    broken: int
    waiting: int


def gone(voucher: Voucher) -> Gone | None:
    """Return where a voucher's worth has gone; None if it is owed as it was sold."""
    if rows("SELECT 1 FROM voucher_refund WHERE voucher_id = ?", (voucher.id,)):
        return Gone(is_ours=True)
    found = rows("SELECT broken_at_s FROM expired_batch WHERE batch = ?", (voucher.batch,))
    return Gone(found[0][0] is not None) if found else None


def agree_breakage(
    product: ProductId, after_days: int | None, reason: str, by: str, at_s: int
) -> None:
    """Agree what becomes of what nobody comes for. It counts for batches that are not broken yet.

    Raises:
        NotFound: there is no such product.
        RequestInvalid: no reason, or no such number of days.
    """
    if not 1 <= len(reason.strip()) <= REASON_CHARS:
        raise RequestInvalid(N_("Say why, in at most 500 characters."))
    if after_days is not None and not 0 <= after_days <= 36500:
        raise RequestInvalid(N_("Days after the expiry are 0 to 36500."))

    def work() -> None:
        if not rows("SELECT 1 FROM product WHERE id = ?", (product,)):
            raise NotFound(f"There is no product {product}.")
        change(
            "INSERT INTO breakage_policy (product, after_days, reason, agreed_by, agreed_at_s)"
            " VALUES (?, ?, ?, ?, ?)",
            (product, after_days, reason.strip(), by, at_s),
        )

    money_transaction(work)


def policies() -> dict[ProductId, Policy]:
    """Return the policies in force. A product without one keeps what is left for its holders."""
    found = rows(
        "SELECT product, after_days, reason, agreed_by, agreed_at_s FROM breakage_policy"
        " WHERE id IN (SELECT max(id) FROM breakage_policy GROUP BY product) ORDER BY product"
    )
    return {ProductId(row[0]): Policy(*row) for row in found}


def sweep(
    marks: Mapping[StoreGroup, Watermark], at_s: int, *, currency: str, timezone: str
) -> Swept:
    """Expire and break what is due. Again is harmless; call it outside of a transaction.

    Args:
        marks: How far every till's journal is known, by store group.
    """
    day = rules.business_day(at_s, timezone)
    due = _due_to_expire(at_s)
    known = [
        batch
        for batch, scope, over_at_s in due
        if over_at_s <= final_through_s(marks, scope, scope, at_s)
    ]
    for batch in known:
        money_transaction(lambda batch=batch: _expire(batch, at_s, day, currency))  # type: ignore[misc]
    broken = 0
    for policy in policies().values():
        if policy.after_days is None:
            continue
        for (batch,) in rows(
            "SELECT DISTINCT e.batch FROM expired_batch e JOIN voucher v ON v.batch = e.batch"
            " WHERE e.product = ? AND broken_at_s IS NULL"
            " GROUP BY e.batch HAVING max(expires_day) <= ?",
            (policy.product, _day_of(at_s) - policy.after_days),
        ):
            money_transaction(lambda batch=batch: _break(batch, at_s, day, currency))  # type: ignore[misc]
            broken += 1
    return Swept(len(known), broken, len(due) - len(known))


def _due_to_expire(at_s: int) -> list[tuple[str, StoreGroup, int]]:
    """Return batches whose last day is over: their group, and since when they are not good."""
    found = rows(
        "SELECT batch, max(scope), max(expires_day) FROM voucher WHERE expires_day <= ?"
        " AND NOT EXISTS (SELECT 1 FROM expired_batch e WHERE e.batch = voucher.batch)"
        " GROUP BY batch ORDER BY batch",
        (_day_of(at_s),),
    )
    return [
        (batch, StoreGroup(scope), DAY_ZERO_S + expires * DAY_S) for batch, scope, expires in found
    ]


def _day_of(at_s: int) -> int:
    return (at_s - DAY_ZERO_S) // DAY_S


def _expire(batch: str, at_s: int, day: int, currency: str) -> None:
    product, left = _left(batch)
    added = rows(
        "INSERT INTO expired_batch (batch, product, expired_at_s) VALUES (?, ?, ?)"
        " ON CONFLICT (batch) DO NOTHING RETURNING batch",
        (batch, product, at_s),
    )
    if added and left:
        amount = Money(int(left), currency)
        post(rules.vouchers_expired(product, batch, amount, open_day(day), ACTOR), at_s)


def _break(batch: str, at_s: int, day: int, currency: str) -> None:
    product, left = _left(batch)
    changed = rows(
        "UPDATE expired_batch SET broken_at_s = ? WHERE batch = ? AND broken_at_s IS NULL"
        " RETURNING batch",
        (at_s, batch),
    )
    if changed and left:
        amount = Money(int(left), currency)
        post(rules.breakage(product, batch, amount, open_day(day), ACTOR), at_s)


def _left(batch: str) -> tuple[int, int]:
    [(product,)] = rows("SELECT max(product) FROM voucher WHERE batch = ?", (batch,))
    [(left,)] = rows(f"{LEFT} WHERE v.batch = ? AND {NOT_REFUNDED}", (batch,))
    return int(product), int(left)


def left_by_account() -> dict[str, int]:
    """Return what accounts 2020 and 2021 must hold by what is left on the vouchers, by code."""
    select = LEFT.replace("SELECT ", "SELECT v.product, e.batch IS NOT NULL, ", 1)
    found = rows(
        f"{select} LEFT JOIN expired_batch e ON e.batch = v.batch WHERE e.broken_at_s IS NULL"
        f" AND {NOT_REFUNDED} GROUP BY v.product, e.batch IS NOT NULL"
    )
    return {
        f"{'2021' if is_expired else '2020'}.{product}": int(left)
        for product, is_expired, left in found
    }
