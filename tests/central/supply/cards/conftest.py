"""A vault, and a SKU to sell."""

from __future__ import annotations

from pathlib import Path

import pytest

from central.supply.cards.vault.keys import Vault
from tests.central.builders import Database
from tests.central.supply.cards.builders import a_vault, add_sku


@pytest.fixture
def vault(hub_database: Database, tmp_path: Path) -> Vault:
    """A vault above a database with one SKU, on both engines."""
    add_sku()
    return a_vault(tmp_path)
