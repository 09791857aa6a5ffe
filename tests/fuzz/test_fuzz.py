"""A few hundred alterations of each seed on every run; ``./run fuzz`` does a million."""

from __future__ import annotations

import pytest

from edge.contract import canonical
from edge.contract.signed import MessageInvalid
from edge.errors import ConfigInvalid
from tests.fuzz.feed import feed
from tests.fuzz.mutate import mutate
from tests.fuzz.targets import TARGETS, Target

EACH = 300


@pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))
def test_a_parser_takes_or_refuses_and_nothing_else(target: Target) -> None:
    fed = feed(target, 0, EACH)
    assert fed.defects == []
    assert fed.taken + fed.refused == EACH


@pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))
def test_every_seed_is_taken_as_it_is(target: Target) -> None:
    """Otherwise nothing beyond the first check was ever fed."""
    taken = 0
    for seed in target.seeds:
        try:
            target.parse(seed)
        except target.refusals:
            continue
        taken += 1
    assert taken >= 1


@pytest.mark.parametrize("name", ["printer profile", "settings"])
def test_toml_nested_without_end_is_no_toml(name: str) -> None:
    """tomllib has no limit of its own, and what it raises is no TOMLDecodeError."""
    with pytest.raises(ConfigInvalid):
        TARGETS[name].parse(b"[unit]\ndata_dir = " + b"[" * 5000)


def test_a_receipt_template_whose_lines_are_a_number_is_malformed() -> None:
    body = {1: 1, 2: ["en"], 3: {"en": 7}, 4: {}}
    with pytest.raises(MessageInvalid):
        TARGETS["receipt template"].parse(canonical.encode(body))


def test_a_parser_that_falls_over_is_found() -> None:
    def parse(data: bytes) -> int:
        return 1 // (data[0] - 7)

    found = feed(Target("broken", (b"\x07\x00",), parse, (IndexError,)), 0, 300)
    assert [type(defect.error) for defect in found.defects] == [ZeroDivisionError] * 5


def test_the_same_number_is_the_same_alteration() -> None:
    seeds = TARGETS["push"].seeds
    assert [mutate(n, seeds) for n in range(50)] == [mutate(n, seeds) for n in range(50)]
