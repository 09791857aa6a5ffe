"""``docs/reference/reliability.md`` lists what there is."""

from __future__ import annotations

import re
from pathlib import Path

from tests.simulation.bugs.found import FOUND_AT
from tests.simulation.power import DAMAGES
from tests.simulation.rules.judge import RULES

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "reliability.md"


def rows(heading: str) -> dict[str, str]:
    """The first two columns of the table under a heading."""
    part = PAGE.read_text("utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    found = re.findall(r"^\| `?([^|`]+?)`? \| ([^|]+?) \|$", part, re.MULTILINE)
    return dict(found[1:] if found[0][0] in {"rule", "mistake"} else found)


def test_every_rule_is_told() -> None:
    assert rows("What must hold") == RULES


def test_every_mistake_is_told_with_its_seed() -> None:
    told = {name: int(seed) for name, seed in rows("Mistakes that are planted").items()}
    assert told == FOUND_AT


def test_every_damage_is_told() -> None:
    text = " ".join(PAGE.read_text("utf-8").split())
    assert ", ".join(DAMAGES) in text
