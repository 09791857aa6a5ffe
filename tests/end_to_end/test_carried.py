"""A unit that no network ever reaches: enrolled, supplied and heard of by files alone.

Real processes and a directory in the place of the stick; two people compare digits.
"""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path

import pytest

from tests.central.builders import Database
from tests.demo.processes import Http, free_port, run
from tests.end_to_end.test_by_commands import Start, _start, options

pytestmark = pytest.mark.slow

__all__ = ["_start"]


def test_a_unit_lives_by_a_stick_alone(database: Database, tmp_path: Path, start: Start) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    port = free_port(8500)
    hub = [
        "tearoff-hub",
        *options(data_dir=database.sqlite_file.parent, database=database.dsn, port=port),
    ]
    run([*hub, "init"])
    run([*hub, "stores", "add", "S0001", "My shop"])
    run([*hub, "products", "add", "1", "--zh", "午餐券", "--en", "Lunch", "--worth", "88"])
    unit_port = free_port(8600)
    unit = ["tearoff-unit", *options(unit__data_dir=tmp_path / "till", api__port=unit_port)]

    # The machine asks; headquarters sees the same digits and says yes.
    asked = run([*unit, "bundle", "request", "--to", str(stick / "request.txt")])
    digits = asked.rpartition("same:")[2].strip()
    waiting = run([*hub, "bundle", "request", str(stick / "request.txt"), "--store", "S0001"])
    assert digits in waiting
    name = run([*hub, "units", "confirm", waiting.split()[0], "--number", digits]).strip()
    vouchers = tmp_path / "vouchers"
    run([*hub, "issue", "--product", "1", "--count", "2", "--out", str(vouchers)])

    # Its first file makes a unit of it, because the hub's digits are the hub's.
    made = run([*hub, "bundle", "export", name, "--to", str(stick)])
    check = made.rpartition("file:")[2].strip()
    taken = run([*unit, "bundle", "import", str(stick), "--hub-check", check])
    assert f"This is unit {name}" in taken
    assert "epoch-keys" in taken

    # It redeems, and gives its journal out while it runs.
    url = f"http://127.0.0.1:{unit_port}"
    start("till", url, "The unit listens", *unit, "run")
    till = Http(url, run([*unit, "api-key"]).strip())
    seen = run(["tearoff-unit", "scan-image", *map(str, sorted(vouchers.glob("*.png"))), "--json"])
    first, other = (json.loads(line)["text"] for line in seen.splitlines())
    redeem = partial(till.ask, "POST", "/v1/redemptions")
    assert redeem({"scan": first}, key="1")[0] == 201
    assert redeem({"scan": first}, key="2")[1]["reason"] == "already-redeemed"
    run([*unit, "bundle", "export", str(stick)])
    [journal] = stick.glob("*.vxj")
    assert journal.name == f"{name}-1-3.vxj"
    told = run([*hub, "bundle", "import", str(journal)])
    assert re.search(r"1 applied, 2 recorded; acknowledged up to 1/3", told)
    assert "nothing" in run([*hub, "bundle", "import", str(journal)]) or "1 applied" in told

    # The next file says so, and the hub's books say what the store is owed.
    run([*hub, "bundle", "export", name, "--to", str(stick)])
    assert "up to 1/3" in run([*unit, "bundle", "import", str(stick)])
    status = till.get("/v1/status")
    assert (status["journal"]["unsent"], status["journal"]["acked"]["seq"]) == (0, 3)
    statement = json.loads(run([*hub, "statement", "S0001", "--json"]))
    assert [line["change"] for line in statement["lines"]] == [8800]
    assert redeem({"scan": other}, key="3")[0] == 201
