"""A hub is restored from an old copy: the units send again what it has forgotten, nothing is lost.

Real processes; the copy is taken and put back as an operator does it. SQLite, whose copy is a file.
"""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path

import pytest

from tests.central.builders import Database
from tests.demo.processes import run, wait_until
from tests.end_to_end.test_by_commands import Start, _start, a_hub, a_till

pytestmark = pytest.mark.slow

__all__ = ["_start"]


def test_a_hub_from_an_old_copy_gets_everything_again(tmp_path: Path, start: Start) -> None:
    (tmp_path / "hub").mkdir()
    hub = a_hub(Database("", tmp_path / "hub" / "hub.db"), start)
    till = a_till(hub, tmp_path / "till", start)
    vouchers = tmp_path / "vouchers"
    run([*hub.command, "issue", "--product", "1", "--count", "4", "--out", str(vouchers)])
    run([*till.command, "sync-now"])
    pictures = [str(picture) for picture in sorted(vouchers.glob("*.png"))]
    seen = run(["tearoff-unit", "scan-image", *pictures, "--json"]).splitlines()
    texts = [json.loads(line)["text"] for line in seen]
    redeem = partial(till.api.ask, "POST", "/v1/redemptions")

    def sold(numbers: range) -> None:
        for number in numbers:
            assert redeem({"scan": texts[number]}, key=f"k{number}")[0] == 201
        wait_until("all is sent", lambda: till.api.get("/v1/status")["journal"]["unsent"] == 0)

    # Two are sold, a copy is taken, two more are sold; then the disk of the hub dies.
    sold(range(2))
    hub.serving.stop()
    shutil.copytree(tmp_path / "hub", tmp_path / "copy")
    hub.serving.start("The hub listens at")
    wait_until("the hub is back", hub.api.answers)
    sold(range(2, 4))
    head = till.api.get("/v1/status")["journal"]
    hub.serving.stop()
    shutil.rmtree(tmp_path / "hub")
    (tmp_path / "copy").rename(tmp_path / "hub")
    hub.serving.start("The hub listens at")

    # Nobody scans anything: the till finds out by itself.
    def is_whole() -> bool:
        [unit] = hub.api.get("/v1/units")["units"]
        return bool(
            unit["acked"]["seq"] == head["seq"] and unit["acked"]["head_hex"] == head["hash"]
        )

    wait_until("the hub has all of it again", is_whole)
    statement = json.loads(run([*hub.command, "statement", "S0001", "--json"]))
    assert [line["change"] for line in statement["lines"]] == [8800] * 4
    assert json.loads(run([*hub.command, "audit", "--json"]))["findings"] == []
    assert redeem({"scan": texts[3]}, key="again")[1]["reason"] == "already-redeemed"
