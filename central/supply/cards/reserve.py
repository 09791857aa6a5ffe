"""Gives keys to units of orders: kept for a while, handed over for good, given back, replaced.

Call each function in the transaction of the event that it belongs to. Nothing here looks first
and changes then: a change is one conditional UPDATE … RETURNING, and what it has hit is the
answer. A reservation whose moment has passed is free by the query itself; no worker frees it.
"""

from __future__ import annotations

from collections.abc import Sequence

from central.errors import Conflict, NotFound
from central.foundation.db.engine import HUB, change, is_sqlite, rows
from central.money.ledger.rules import stock_used
from central.money.ledger.store import post
from central.supply.cards.model import HandedOver, Reserved, Shortage
from central.supply.cards.store import get_batch, get_key, key_of_unit
from edge.contract.money import Money

DAY_S = 86400
UNITS_MAX = 1000
"""Units that one call reserves for."""
_FOR_EVER = 1 << 40
_FREE = "state IN ('available', 'reserved') AND reserved_until_s <= ?"


def reserve(
    sku: str, units: Sequence[str], until_s: int, now_s: int, *, min_days_left: int = 0
) -> list[Reserved] | Shortage:
    """Keep one key for each unit until a moment; all of them or none.

    The keys that expire soonest go first. A unit that holds one already gets a new term: asking
    again is harmless.

    Args:
        units: Ids of the units of an order, each once.
        until_s: From then on they are free again, unless they were handed over.
        min_days_left: A key that expires within so many days is not sold.

    Raises:
        Conflict: one of them has its key already.
        ValueError: no unit, too many, or one twice.
    """
    if not 1 <= len(units) <= UNITS_MAX or len(set(units)) != len(units):
        raise ValueError(f"a call reserves for 1 to {UNITS_MAX} units, each once")
    if until_s <= now_s:
        raise ValueError("a reservation ends after now")
    marks = ", ".join("?" * len(units))
    if served := rows(f"SELECT unit FROM card_handover WHERE unit IN ({marks})", tuple(units)):
        raise Conflict(f"The unit {served[0][0]} has its key already.")
    give_back(units, now_s)
    good_until_s = now_s + min_days_left * DAY_S
    wanted, kept = list(units), list[Reserved]()
    for batch in _batches_with_keys(sku, good_until_s, now_s):
        found = _claim(batch, wanted, until_s, now_s)
        kept += found
        claimed = {one.unit for one in found}
        wanted = [unit for unit in wanted if unit not in claimed]
        if not wanted:
            return kept
    give_back([one.unit for one in kept], now_s)
    return Shortage(sku, len(units), len(kept))


def give_back(units: Sequence[str], now_s: int) -> int:
    """Let go of what is reserved for these units; return how many keys that were."""
    if not units:
        return 0
    marks = ", ".join("?" * len(units))
    freed = rows(
        "UPDATE card_key SET state = 'available', unit = NULL, reserved_until_s = 0,"
        f" changed_at_s = ? WHERE unit IN ({marks}) AND state = 'reserved' RETURNING id",
        (now_s, *units),
    )
    return len(freed)


def hand_over(unit: str, now_s: int) -> HandedOver | None:
    """Give a unit the key that is reserved for it, for good; None if it holds none (any more).

    A reservation that has lapsed counts as long as nobody else has taken the key. Asking again
    returns what the unit has got. The cost is the order's to post: ``cost_posted`` tells us.
    """
    sold = rows(
        "UPDATE card_key SET state = 'sold', reserved_until_s = 0, changed_at_s = ?"
        " WHERE unit = ? AND state = 'reserved' AND NOT EXISTS"
        " (SELECT 1 FROM card_handover h WHERE h.unit = card_key.unit) RETURNING id",
        (now_s, unit),
    )
    if not sold:
        return handed_over(unit)
    [(key,)] = sold
    return write_handover(unit, key, now_s)


def handed_over(unit: str) -> HandedOver | None:
    """Return what a unit has got: its newest key; None if it has got none."""
    found = rows(
        "SELECT h.unit, h.key_id, k.sku, h.account, h.cost, h.currency FROM card_handover h"
        " JOIN card_key k ON k.id = h.key_id WHERE h.unit = ? AND NOT EXISTS"
        " (SELECT 1 FROM card_handover later WHERE later.replaces = h.key_id)",
        (unit,),
    )
    if not found:
        return None
    [(_, key, sku, account, minor, currency)] = found
    return HandedOver(unit, key, sku, account, Money(minor, currency))


def write_handover(unit: str, key: int, now_s: int, replaces: int | None = None) -> HandedOver:
    """Note that a sold key is a unit's. The schema lets it be so once for each of both."""
    batch = get_batch(get_key(key).batch)
    account = f"1310.{batch.sku}" if batch.kind == "stock" else batch.paid_from
    cost = batch.unit_cost
    change(
        "INSERT INTO card_handover (key_id, unit, replaces, account, cost, currency, at_s)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (key, unit, replaces, account, cost.minor, cost.currency, now_s),
    )
    return HandedOver(unit, key, batch.sku, account, cost)


def cost_posted(units: Sequence[str], journal_id: int) -> int:
    """Note that an order's journal has taken the cost of what its units got; return how many.

    Until then the daily proof counts their cost as still in the stock account.
    """
    marks = ", ".join("?" * len(units))
    noted = rows(
        f"UPDATE card_handover SET journal_id = ? WHERE unit IN ({marks})"
        " AND journal_id IS NULL RETURNING key_id",
        (journal_id, *units),
    )
    return len(noted)


def replace(
    unit: str, now_s: int, *, day: int, actor: str, min_days_left: int = 0
) -> HandedOver | Shortage:
    """Give a unit another key for the one that it has, which is sold to nobody else.

    The cost of the new key is posted here: the order has paid for the first one.

    Raises:
        NotFound: the unit has no key.
        Conflict: it has got another one meanwhile.
    """
    old = key_of_unit(unit)
    if old is None:
        raise NotFound(f"The unit {unit} has no key that could be replaced.")
    claimed: list[Reserved] = []
    for batch in _batches_with_keys(old.sku, now_s + min_days_left * DAY_S, now_s):
        if claimed := _claim(batch, [unit], now_s + DAY_S, now_s):
            break
    if not claimed:
        return Shortage(old.sku, 1, 0)
    new = claimed[0].key
    if not _moved("'replaced'", old.id, "state IN ('sold', 'revealed')", now_s):
        raise Conflict(f"The key of unit {unit} has been replaced meanwhile.")
    if not _moved("'sold', reserved_until_s = 0", new, "state = 'reserved'", now_s):
        raise Conflict(f"The key {new} is not reserved any more.")
    given = write_handover(unit, new, now_s, replaces=old.id)
    if given.cost.minor and given.account.startswith("1310."):
        posting = stock_used(f"card-{new}", given.sku, given.cost, day, actor)
        journal_id = post(posting, now_s).id
        change("UPDATE card_handover SET journal_id = ? WHERE key_id = ?", (journal_id, new))
    return given


def _moved(to: str, key: int, still: str, now_s: int) -> bool:
    sql = (
        f"UPDATE card_key SET state = {to}, changed_at_s = ? WHERE id = ? AND {still} RETURNING id"
    )
    return bool(rows(sql, (now_s, key)))


def _batches_with_keys(sku: str, good_until_s: int, now_s: int) -> list[int]:
    """Return the batches that have free keys of a SKU, those first that expire soonest."""
    found = rows(
        "SELECT b.id FROM card_batch b WHERE b.sku = ? AND b.state = 'stocked'"
        " AND b.kind = 'stock' AND (b.expires_at_s IS NULL OR b.expires_at_s > ?)"
        " AND EXISTS (SELECT 1 FROM card_key k WHERE k.batch_id = b.id"
        f" AND k.{_FREE}) ORDER BY coalesce(b.expires_at_s, ?), b.id",
        (sku, good_until_s, now_s, _FOR_EVER),
    )
    return [batch for (batch,) in found]


def _claim(batch: int, units: Sequence[str], until_s: int, now_s: int) -> list[Reserved]:
    """Reserve free keys of one batch, one for each unit as far as they go."""
    wanted = ", ".join(f"({n}, ?)" for n in range(1, len(units) + 1))
    # Two who come at once pass over what the other one has in his hands.
    skip = "" if is_sqlite(HUB.obj) else "FOR UPDATE SKIP LOCKED"
    found = rows(
        f"WITH wanted (n, unit) AS (VALUES {wanted}), free AS ("
        " SELECT f.id, row_number() OVER (ORDER BY f.reserved_until_s, f.id) AS n FROM ("
        f"  SELECT id, reserved_until_s FROM card_key WHERE batch_id = ? AND {_FREE}"
        f"  ORDER BY reserved_until_s, id LIMIT ? {skip}) AS f)"
        " UPDATE card_key SET state = 'reserved', unit = wanted.unit, reserved_until_s = ?,"
        " changed_at_s = ? FROM free, wanted WHERE card_key.id = free.id AND wanted.n = free.n"
        f" AND card_key.{_FREE} RETURNING card_key.id, card_key.unit",
        (*units, batch, now_s, len(units), until_s, now_s, now_s),
    )
    return [Reserved(unit, key, until_s) for key, unit in found]
