"""``tearoff-hub cards`` as an operator types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from central.supply.cards.vault.keys import locks
from tests import builders as b
from tests.central.builders import Database, a_config, furnish, write_keys
from tests.central.supply.cards.builders import SKU, a_file, a_vault, add_sku, secret
from tests.central.test_cli import Hub


@pytest.fixture
def hub(sqlite_database: Database) -> Hub:
    config = a_config(sqlite_database)
    write_keys(config.data_dir / "keys")
    furnish()
    add_sku()
    return Hub(config.data_dir, f"issuer={b.ISSUER}")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "supplier.txt"
    found.write_bytes(a_file([secret(1), "库存不足", secret(2), secret(1)]))
    return found


def take(hub: Hub, file: Path, *more: str) -> str:
    return hub.do(
        "cards", "import", SKU, str(file), "--supplier", "kasushou", "--cost", "9.50",
        "--layout", "secret", *more,
    )  # fmt: skip


def test_a_file_goes_into_stock_and_the_stock_is_proven(hub: Hub, file: Path) -> None:
    assert "tearoff-hub cards make-keys" in hub.fail(
        "cards", "import", SKU, str(file), "--supplier", "k", "--cost", "1"
    )
    hub.do("cards", "make-keys")
    told = take(hub, file, "--expires", "2099-12-31")
    assert "batch 1  GAME-100  staged  2 kept of 4 lines" in told
    assert "lines 2 (error-text), 4 (twice)" in told
    assert "batch 1  GAME-100  stocked" in told
    assert secret(1) not in told
    assert "2 free" in hub.do("cards", "stock")
    [line] = hub.do("cards", "stock", "--json").splitlines()
    assert json.loads(line)["cost"] == {"CNY": 1900}
    assert "0 accesses" in hub.do("cards", "check")
    assert "taken in before" in hub.fail(
        "cards", "import", SKU, str(file), "--supplier", "k", "--cost", "1", "--layout", "secret"
    )


def test_a_file_is_looked_at_first(hub: Hub, file: Path) -> None:
    hub.do("cards", "make-keys")
    assert "Nothing is in stock yet: tearoff-hub cards stock-batch 1" in take(hub, file, "--look")
    assert hub.do("cards", "stock") == "There is no key.\n"
    hub.do("cards", "discard", "1")
    take(hub, file, "--look", "--prepaid")
    assert "fall below its floor" in hub.fail("cards", "stock-batch", "2")
    assert "discarded" in hub.do("cards", "batches")
    assert "9.x" in hub.fail("cards", "import", SKU, str(file), "--supplier", "k", "--cost", "9.x")


def test_bait_and_its_alerts(hub: Hub, file: Path) -> None:
    hub.do("cards", "make-keys")
    take(hub, file)
    assert hub.do("cards", "bait", "1", "--count", "2") == "2 planted.\n"
    assert "2 free" in hub.do("cards", "stock")
    assert hub.do("cards", "alerts") == ""


def test_a_lock_is_changed(hub: Hub, file: Path) -> None:
    hub.do("cards", "make-keys")
    take(hub, file)
    result = hub.invoke("cards", "rotate-key")
    assert result.stdout == "1 data keys are locked with cards-lock-002.key.\n"
    assert locks(hub.directory / "keys") == [1, 2]
    result = hub.invoke("cards", "rotate-key", "--continue")
    assert result.stdout == "0 data keys are locked with cards-lock-002.key.\n"
    assert a_vault(hub.directory).newest_lock() == 2
    told = hub.do("cards", "rotate-key", "--make-only")
    assert told == "cards-lock-003.key is made; go on with --continue.\n"
