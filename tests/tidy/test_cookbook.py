"""The page for POS vendors: its calls are sent to a unit over HTTP, and answered as it says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from edge.app import Unit
from edge.core import Parts
from tests import builders as b
from tests.edge.builders import Clock, a_coffee_card, a_gift_card, a_rig, a_unit, voucher
from tests.tidy.test_house import ROOT

PAGE = ROOT / "docs/how-to/redeem-from-a-pos.md"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
CALLS = [
    (call, json.loads(answer))
    for (kind, call), (next_kind, answer) in pairwise(BLOCKS)
    if (kind, next_kind) == ("sh", "json")
]
SCANS = {
    "LUNCH": b.a_token(),
    "COFFEE": b.a_token(**a_coffee_card(voucher_id=voucher(8))),
    "GIFT": b.a_token(**a_gift_card(voucher_id=voucher(9))),
}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """The data of a unit that is enrolled and has pulled."""
    with a_rig(tmp_path / "unit"):
        pass
    return tmp_path / "unit"


@pytest.fixture
def served(directory: Path) -> Iterator[tuple[Unit, str]]:
    """That unit, and where it listens."""
    with a_unit(directory) as unit:
        # A server that another thread can stop; waitress polls what was closed under it.
        server = make_server("127.0.0.1", 0, unit.flask, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield unit, f"http://127.0.0.1:{server.port}"
        server.shutdown()
        thread.join()
        server.server_close()


def test_every_call_is_answered_as_the_page_says(served: tuple[Unit, str]) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("no curl: apt-get install curl")
    unit, address = served
    variables = {"UNIT": address, "KEY": unit.api_key, **SCANS, "PATH": str(Path(curl).parent)}
    assert len(CALLS) >= 8
    for call, shown in CALLS:
        said = subprocess.run(
            ["sh", "-ec", call], env=variables, capture_output=True, check=True, timeout=30
        )
        assert as_shown(json.loads(said.stdout), shown) == shown, call


def as_shown(answer: Any, shown: Any) -> Any:
    """Return the part of an answer that the page shows, with its dots where it has some."""
    if isinstance(shown, dict) and isinstance(answer, dict):
        return {k: as_shown(answer[k], v) for k, v in shown.items() if k in answer}
    return shown if shown == "…" and isinstance(answer, str) else answer


def test_the_unit_lives_in_another_program(
    directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [snippet] = [text for kind, text in BLOCKS if kind == "python"]
    settings = tmp_path / "unit.toml"
    settings.write_text(f'[unit]\ndata_dir = "{directory}"\n')
    snippet = snippet.replace("/etc/tearoff/unit.toml", str(settings))
    clock = Clock()
    exec(
        snippet.replace("Unit(config)", "Unit(config, parts)"),
        {"LUNCH": SCANS["LUNCH"], "parts": Parts(clock.wall_s, clock.steady_s)},
    )
    assert capsys.readouterr().out == "True None\n"
