"""Catalogue and prices on the command line: from a file with a type to a price with its reasons."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from central.foundation.db.engine import open_database
from tests.central.builders import close_hub
from tests.central.supply.catalogue.builders import fill_shelf
from tests.central.supply.product_types.builders import a_body
from tests.central.test_cli import Hub

TYPE = {
    "id": "course", "names": {"zh": "课程", "en": "Course"}, "fulfilment": "link",
    "body": a_body(delivery="{link}"),
}  # fmt: skip
SKUS = (
    "sku,sku_zh,sku_en,item,item_zh,item_en,type\n"
    "PY-1,一,One,python,课,Python,course\nPY-2,二,Two,python,课,Python,{kind}\n"
)
PRICES = "book,sku,min_qty,price\nretail,KEY-50,1,50.00\nretail,{sku},10,45.00\n"


@pytest.fixture
def run(tmp_path: Path) -> Any:
    hub = Hub(tmp_path / "hub")
    hub.do("init")
    hub.do("products", "add", "7", "--zh", "午餐券", "--en", "Lunch", "--worth", "88.00")
    open_database("", hub.directory / "hub.db")
    fill_shelf()
    close_hub()

    def run_(*words: str, code: int = 0) -> Result:
        result = hub.invoke(*words)
        assert result.exit_code == code, result.output
        return result

    return run_


def test_a_type_comes_from_a_file_and_its_skus_from_a_table(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "type.json"
    file.write_text(json.dumps(TYPE))
    assert run("catalogue", "put-type", str(file)).output == "course version 1\n"
    assert "version 1" in run("catalogue", "put-type", str(file)).output
    file.write_text(json.dumps({**TYPE, "body": a_body(delivery="Go: {link}")}))
    assert "version 2" in run("catalogue", "put-type", str(file)).output
    file.write_text(json.dumps({**TYPE, "fulfilment": "manual"}))
    assert "stays" in run("catalogue", "put-type", str(file), code=1).output
    file.write_text("{}")
    run("catalogue", "put-type", str(file), code=1)
    table = tmp_path / "skus.csv"
    table.write_text(SKUS.format(kind="set"))
    assert "line 3" in run("catalogue", "import", str(table), "--confirm", code=1).output
    table.write_text(SKUS.format(kind="course"))
    assert "taken in" not in run("catalogue", "import", str(table)).output
    assert "PY-1" not in run("catalogue", "list").output
    assert "2 SKUs taken in" in run("catalogue", "import", str(table), "--confirm").output
    assert run("catalogue", "offer", "PY-1").output == "PY-1 live\n"
    assert run("catalogue", "retire", "PY-1").output == "PY-1 retired\n"
    run("catalogue", "add-category", "vr", "--zh", "虚拟", "--en", "VR", "--parent", "games")
    assert "course" in run("catalogue", "types").output
    assert len(json.loads(run("catalogue", "types", "--json").output)) == 4


def test_prices_are_set_and_explained(run: Any, tmp_path: Path) -> None:
    run("prices", "add-book", "retail", "--zh", "零售", "--en", "Retail")
    run("prices", "add-book", "city", "--zh", "市代", "--en", "City", "--level", "city")
    run("prices", "add-book", "two", "--zh", "x", "--en", "x", "--level", "city", "--agent", "C1",
        code=1)  # fmt: skip
    assert "city" in run("prices", "books").output
    table = tmp_path / "prices.csv"
    table.write_text(PRICES.format(sku="GONE"))
    assert "line 3: There is no such SKU." in run("prices", "import", str(table), code=1).output
    table.write_text(PRICES.format(sku="KEY-50"))
    assert "1: 50.00, 10: 45.00" in run("prices", "import", str(table)).output
    run("prices", "quote", "KEY-50", code=1)
    assert "1 prices set" in run("prices", "import", str(table), "--confirm").output
    run("prices", "set", "city", "KEY-50", "40.00")
    run("prices", "set-floor", "KEY-50", "42.00")
    told = run("prices", "quote", "KEY-50", "--quantity", "10", "--level", "city").output
    assert told.splitlines()[0] == "KEY-50 × 10: CNY 420.00 (CNY 42.00 each)"
    assert "Not below the floor" in told
    run("prices", "set-floor", "KEY-50", "none")
    found = json.loads(run("prices", "quote", "KEY-50", "--json").output)
    assert found["quote"]["unit_minor"] == 5_000
