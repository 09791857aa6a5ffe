"""Keeps keys that have arrived, sealed, until a vault takes them; the same key never twice."""

from __future__ import annotations

from central.foundation.db.engine import change, rows
from central.supply.suppliers.ports import Arrival, Key
from central.supply.suppliers.records.seal import Seal


class HeldKeys:
    """``KeysArrived`` by two tables of this room. A vault that has its own replaces it."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    posts_stock = False

    def take(self, arrival: Arrival, at_s: int) -> str:
        """Keep the keys; ``key-known`` if one of them is."""
        prints = [
            self._seal.print_of(arrival.sku, key.secret, key.number) for key in arrival.keys
        ]  # fmt: skip
        marks = ", ".join("?" for _ in prints)
        known = rows(
            f"SELECT 1 FROM supplier_key_print WHERE sku = ? AND print IN ({marks}) LIMIT 1",
            (arrival.sku, *prints),
        )
        if known:
            return "key-known"
        for print_ in prints:
            change(
                "INSERT INTO supplier_key_print (sku, print, attempt) VALUES (?, ?, ?)",
                (arrival.sku, print_, arrival.attempt),
            )
        sealed = self._seal.close(
            [[key.secret, key.number, key.expires_at] for key in arrival.keys],
            _place(arrival.attempt),
        )
        change(
            "INSERT INTO supplier_arrival (attempt, sku, unit, count, sealed, arrived_at_s)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (arrival.attempt, arrival.sku, arrival.unit, len(arrival.keys), sealed, at_s),
        )
        return ""

    def of_unit(self, unit: str) -> tuple[Key, ...]:
        """Return the keys that a unit is to be delivered; empty if none have arrived."""
        found = rows("SELECT attempt, sealed FROM supplier_arrival WHERE unit = ?", (unit,))
        return tuple(
            Key(*entry)
            for attempt, sealed in found
            for entry in self._seal.open_list(sealed, _place(attempt))
        )


def in_stock(sku: str) -> int:
    """Return how many keys have come too late for their unit and wait to be sold."""
    [(count,)] = rows(
        "SELECT coalesce(sum(count), 0) FROM supplier_arrival WHERE sku = ? AND unit IS NULL",
        (sku,),
    )
    return int(count)


def _place(attempt: int) -> str:
    return f"arrival:{attempt}"
