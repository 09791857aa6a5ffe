"""Who may import whom: the contracts in pyproject.toml hold, and would notice if they did not."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

PLANTED = [
    ("edge/redemption/redeem.py", "import central.errors", "The unit never needs the hub"),
    ("central/errors.py", "import edge.errors", "The hub needs of the unit the contract alone"),
    ("edge/contract/money.py", "import flask", "The contract needs four libraries"),
    ("edge/redemption/decide.py", "import time", "A rule reads no clock"),
    ("edge/journal/store.py", "import edge.redemption.decide", "The rooms of the unit"),
    ("central/foundation/feed.py", "import central.money.ledger.store", "The wings of the hub"),
    (
        "central/simulators/channel/world.py",
        "import central.money.channels.yuan",
        "A simulator shares nothing with what talks to it",
    ),
    ("central/stores/keys/trust.py", "import central.stores.units.bundle", "No circles"),
]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-logo", "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(folder)},
    )


def test_every_import_keeps_to_the_house() -> None:
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(("file", "line", "contract"), PLANTED, ids=[p[2] for p in PLANTED])
def test_a_planted_import_is_noticed(tmp_path: Path, file: str, line: str, contract: str) -> None:
    for half in ("edge", "central"):
        shutil.copytree(ROOT / half, tmp_path / half, ignore=shutil.ignore_patterns("*.pyc"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / file).open("a") as source:
        source.write(f"\n{line}\n")
    result = lint(tmp_path)
    broken = [row for row in result.stdout.splitlines() if " BROKEN" in row]
    assert result.returncode == 1
    assert any(row.startswith(contract) for row in broken), broken
