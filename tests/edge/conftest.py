"""What most tests of the unit begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from edge.app import Unit
from tests.edge.builders import Rig, a_rig, a_unit, with_key


@pytest.fixture(name="rig")
def _rig(tmp_path: Path) -> Iterator[Rig]:
    """An enrolled unit's core that has pulled everything once."""
    with a_rig(tmp_path / "unit") as rig:
        yield rig


@pytest.fixture(name="unit")
def _unit(tmp_path: Path) -> Iterator[Unit]:
    """A whole unit with its HTTP that is enrolled and has pulled everything once; not started."""
    with a_rig(tmp_path / "unit"):
        pass
    with a_unit(tmp_path / "unit") as unit:
        yield unit


@pytest.fixture(name="pos")
def _pos(unit: Unit) -> FlaskClient:
    """A POS that shows the unit's API key."""
    return with_key(unit)
