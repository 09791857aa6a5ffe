"""A vault with keys of its own, a SKU that sells cards, and files of cards."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from central.foundation.db.engine import HUB, change, is_sqlite, money_transaction, rows
from central.supply.cards.access.log import Asker
from central.supply.cards.intake.read_file import Layout, from_bytes
from central.supply.cards.intake.take import stock, take_in
from central.supply.cards.model import Batch, Intake
from central.supply.cards.vault.keys import Vault, make_keys
from edge.contract.money import Money
from tests import builders as b
from tests.central.builders import TODAY

SKU = "GAME-100"
OTHER_SKU = "GAME-200"
LI = Asker("li", "192.0.2.7")
CENTS = 950
"""What one key costs."""


def a_vault(directory: Path) -> Vault:
    """A vault with the keys that ``init`` makes."""
    keys = directory / "keys"
    keys.mkdir(mode=0o700, exist_ok=True)
    make_keys(keys)
    return Vault(keys)


def add_sku(sku: str = SKU, fulfilment: str = "local_key") -> None:
    """Put a SKU into the catalogue that is delivered as a key."""

    def work() -> None:
        known = rows("SELECT 1 FROM product_type WHERE id = ?", (fulfilment,))
        if not known:
            change(
                "INSERT INTO product_type (id, name_zh, name_en, fulfilment, made_by, made_at_s)"
                " VALUES (?, '卡', 'Card', ?, 'test', 0)",
                (fulfilment, fulfilment),
            )
        change(
            "INSERT INTO item (id, type, fulfilment, name_zh, name_en) VALUES (?, ?, ?, '卡', 'C')",
            (sku, fulfilment, fulfilment),
        )
        change(
            "INSERT INTO sku (id, item, fulfilment, name_zh, name_en, state, made_by, made_at_s,"
            " changed_at_s) VALUES (?, ?, ?, '卡', 'Card', 'live', 'test', 0, 0)",
            (sku, sku, fulfilment),
        )

    money_transaction(work)


def an_intake(sku: str = SKU, cents: int = CENTS, expires_at_s: int | None = None) -> Intake:
    """Keys of a supplier, on account."""
    return Intake(sku, "kasushou", "2210.kasushou", Money(cents, "CNY"), expires_at_s)


def secret(n: int) -> str:
    """A secret that is its own, 19 characters."""
    return f"TK{n:05}-ZQXJ-W{n:05}K"


def a_file(secrets: Iterable[str]) -> bytes:
    """The file of these lines."""
    return "\n".join(secrets).encode()


def stocked(
    vault: Vault, numbers: Iterable[int] = range(3), *, intake: Intake | None = None
) -> Batch:  # fmt: skip
    """Put secrets into stock, and return their batch."""
    content = a_file(secret(n) for n in numbers)
    source = from_bytes("keys.txt", content, Layout.SECRET)
    batch = take_in(source, intake or an_intake(), vault, LI, b.NOW_S)
    return money_transaction(lambda: stock(batch.id, b.NOW_S, day=TODAY, actor="li"))


def without_rules(table: str) -> None:
    """Take a table's rules away, as somebody could who may write to the database."""
    if is_sqlite(HUB.obj):
        for (name,) in rows("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            change(f"DROP TRIGGER {name}")
    else:
        change(f"ALTER TABLE {table} DISABLE TRIGGER USER")
