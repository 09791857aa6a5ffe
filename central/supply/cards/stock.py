"""What is in stock, what it has cost, and the proof that the ledger says the same."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from central.foundation.db.engine import rows
from central.foundation.language.said import Saying
from central.money.ledger.balance import balance
from central.supply.cards.access import log
from central.supply.cards.model import Batch
from edge.contract.money import Money

_SUPPLIERS = frozenset({"1040", "2210"})
"""Prepaid to a supplier, and owed to him; behind the point stands his id."""
_IN_STOCK = "k.state IN ('available', 'reserved', 'quarantined')"


class Stock(NamedTuple):
    """The keys of one SKU.

    Args:
        free: What could be sold now: expired keys and live reservations are not in it.
        cost: What those that are in stock have cost, by currency.
    """

    sku: str
    free: int
    reserved: int
    quarantined: int
    expired: int
    sold: int
    cost: tuple[Money, ...]


class Difference(NamedTuple):
    """The ledger and the vault do not agree about one stock account."""

    account: str
    ledger: Money
    vault: Money


def stock_of(sku: str, now_s: int, *, min_days_left: int = 0) -> int:
    """Return how many keys of a SKU could be sold now."""
    [(free,)] = rows(
        "SELECT count(*) FROM card_batch b JOIN card_key k ON k.batch_id = b.id"
        " AND k.state IN ('available', 'reserved') AND k.reserved_until_s <= ?"
        " WHERE b.sku = ? AND b.state = 'stocked' AND b.kind = 'stock'"
        " AND (b.expires_at_s IS NULL OR b.expires_at_s > ?)",
        (now_s, sku, now_s + min_days_left * 86400),
    )
    return int(free)


def supplier_of(batch: Batch) -> str:
    """Return the supplier whom a batch names: by the account that it was paid from, or as its
    source if he is one of ours; empty if it names none."""
    heading, _, owner = batch.paid_from.partition(".")
    if heading in _SUPPLIERS:
        return owner
    known = rows("SELECT 1 FROM supplier WHERE id = ?", (batch.source,))
    return batch.source if known else ""


def stocks(now_s: int) -> list[Stock]:
    """Return every SKU that has, or has had, keys."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    cost: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    found = rows(
        "SELECT b.sku, k.state, b.kind, b.expires_at_s, b.unit_cost, b.currency, count(*)"
        " FROM card_batch b JOIN card_key k ON k.batch_id = b.id"
        " WHERE b.state = 'stocked' GROUP BY b.id, b.sku, k.state, b.kind, b.expires_at_s,"
        " b.unit_cost, b.currency"
    )
    for sku, state, kind, expires_at_s, unit_cost, currency, count in found:
        is_there = state in {"available", "reserved", "quarantined"}
        has_expired = expires_at_s is not None and expires_at_s <= now_s
        what = "expired" if is_there and has_expired else state
        counts[sku][what] += count
        if is_there and kind == "stock" and unit_cost:
            cost[sku][currency] += unit_cost * count
    lapsed = dict(
        rows(
            "SELECT b.sku, count(*) FROM card_batch b JOIN card_key k ON k.batch_id = b.id"
            " AND k.state = 'reserved' AND k.reserved_until_s <= ?"
            " WHERE b.expires_at_s IS NULL OR b.expires_at_s > ? GROUP BY b.sku",
            (now_s, now_s),
        )
    )
    return [
        Stock(
            sku,
            free=n["available"] + lapsed.get(sku, 0),
            reserved=n["reserved"] - lapsed.get(sku, 0),
            quarantined=n["quarantined"],
            expired=n["expired"],
            sold=n["sold"] + n["revealed"] + n["replaced"],
            cost=tuple(Money(minor, code) for code, minor in sorted(cost[sku].items())),
        )
        for sku, n in sorted(counts.items())
    ]


def differences() -> list[Difference]:
    """Return where unsold keys × cost is not what the stock account holds; nothing if all agree.

    A key that was handed over counts until its order has posted the cost (``cost_posted``). Call
    it in ``reading`` where others write meanwhile.
    """
    expected: dict[tuple[str, str], int] = defaultdict(int)
    for sku, currency, minor in rows(
        "SELECT b.sku, b.currency, sum(b.unit_cost) FROM card_batch b"
        f" JOIN card_key k ON k.batch_id = b.id AND {_IN_STOCK}"
        " WHERE b.state = 'stocked' AND b.kind = 'stock' GROUP BY b.sku, b.currency"
    ):
        expected[f"1310.{sku}", currency] += int(minor)
    for account, currency, minor in rows(
        "SELECT account, currency, sum(cost) FROM card_handover"
        " WHERE journal_id IS NULL AND substr(account, 1, 5) = '1310.' GROUP BY account, currency"
    ):
        expected[account, currency] += int(minor)
    for code, currency in rows(
        "SELECT code, currency FROM account WHERE substr(code, 1, 5) = '1310.'"
    ):
        expected[code, currency] += 0
    found = []
    for (account, currency), minor in sorted(expected.items()):
        posted = balance(account).posted
        if posted != minor:
            found.append(Difference(account, Money(posted, currency), Money(minor, currency)))
    return found


def findings() -> list[str]:
    """Return what does not hold in the vault, one sentence each; for the proofs of every day."""
    told: list[str] = [
        Saying("vault-differs", account=d.account, ledger=str(d.ledger), vault=str(d.vault))
        for d in differences()
    ]
    told += [
        Saying("vault-nobodys", key=key, state=state)
        for key, state in rows(
            "SELECT k.id, k.state FROM card_key k LEFT JOIN card_handover h ON h.key_id = k.id"
            " AND h.unit = k.unit WHERE k.state IN ('sold', 'revealed', 'replaced')"
            " AND h.key_id IS NULL ORDER BY k.id LIMIT 20"
        )
    ]
    return told + log.verify()[2]
