"""A supervisor lets a voucher be accepted that would be refused: with PIN, reason and a limit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.contract.journal_entry import Override
from edge.contract.policy import Mode
from edge.contract.refusal import Refusal
from edge.journal.store import Recorded
from edge.web.session import Clerks
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import Clock, a_rig
from tests.edge.redemption.test_pages import Till, a_till

FLOOR = Refusal.OVER_FLOOR_LIMIT
POLICY = b.a_policy(
    version=2, floors={Mode.SOLO: (5000, 5000, 5000, 0)},
    overrides={FLOOR: 9000, Refusal.CODE_REQUIRED: 9000, Refusal.EXPIRED: 9000},
)  # fmt: skip
CARD = b.a_token(**e.a_gift_card(voucher_id=e.voucher(60)))
GOOD = {"supervisor": "wang", "why": "a guest of the house"}


class Scene:
    """A till whose policy lets a supervisor overrule the floor up to 90.00."""

    def __init__(self, till: Till, pins: dict[str, str]) -> None:
        self.till, self.pins = till, pins

    def scan(self, text: str = CARD, **form: Any) -> Any:
        return self.till.scan(text, **{"amount": "60", **form})

    def overrule(self, text: str = CARD, **bent: Any) -> Any:
        form = {**GOOD, "pin": self.pins["wang"], **bent}
        return self.scan(text, **form)

    def newest(self) -> Recorded:
        return self.till.core.journal.newest(1)[0]


@pytest.fixture(name="scene")
def _scene(tmp_path: Path) -> Iterator[Scene]:
    with a_rig(tmp_path / "unit") as rig:
        rig.take(e.a_policy_message(POLICY))
        clerks = Clerks(rig.store, Clock().steady_s)
        pins = {"li": clerks.add("li"), "wang": clerks.add("wang", is_supervisor=True)}
    with a_till(tmp_path / "unit", pins["li"]) as till:
        yield Scene(till, pins)


def test_a_supervisor_overrules_a_limit_and_the_entry_says_who_what_and_why(scene: Scene) -> None:
    refused = scene.scan()
    assert refused.reason == [str(FLOOR)]
    assert "wang" in refused.section
    assert 'name="pin"' in refused.section
    accepted = scene.overrule()
    assert accepted.look == "good"
    entry = scene.newest().entry
    assert entry.override == Override(FLOOR, "wang", "a guest of the house")
    assert entry.mode is Mode.SOLO
    assert type(entry).decode(entry.encode()) == entry


@pytest.mark.parametrize(
    "bent",
    [
        {"pin": "000000"},
        {"supervisor": "li"},
        {"supervisor": "nobody"},
        {"why": " "},
        {"why": "x" * 101},
        {"why": "a\x07bell"},
    ],
    ids=["wrong PIN", "a clerk's name", "nobody", "no reason", "too long", "not printable"],
)
def test_without_a_supervisors_pin_and_reason_nothing_is_accepted_or_recorded(
    scene: Scene, bent: dict[str, str]
) -> None:
    before = scene.till.scans()
    assert scene.overrule(**bent).look == "bad"
    assert scene.till.scans() == before


def test_a_clerks_own_pin_is_no_supervisors(scene: Scene) -> None:
    assert scene.overrule(supervisor="li", pin=scene.pins["li"]).look == "bad"


def test_no_more_than_the_policy_lets_him(scene: Scene) -> None:
    refused = scene.scan(amount="90.01")
    assert refused.reason == [str(FLOOR)]
    assert 'name="pin"' not in refused.section
    told = scene.overrule(amount="90.01")
    assert told.reason == [str(FLOOR)]
    assert scene.newest().entry.override is None


@pytest.mark.parametrize(
    "text",
    [
        b.a_token(**e.a_gift_card(voucher_id=e.voucher(61), expires_day=1, not_before_day=0)),
        b.a_token(key="thief", **e.a_gift_card(voucher_id=e.voucher(62))),
    ],
    ids=["expired", "forged"],
)
def test_what_a_voucher_is_nobody_overrules(scene: Scene, text: str) -> None:
    """Not even if the policy names it."""
    refused = scene.scan(text)
    assert 'name="pin"' not in refused.section
    assert scene.overrule(text).look == "bad"


def test_an_overrule_that_was_not_needed_leaves_no_trace(scene: Scene) -> None:
    assert scene.overrule(amount="10").look == "good"
    assert scene.newest().entry.override is None


def test_what_is_overruled_counts_towards_the_other_limits(scene: Scene) -> None:
    scene.overrule()
    assert scene.till.core.journal.risk.sum_minor == 6000


def test_a_till_without_a_supervisor_offers_nothing(tmp_path: Path) -> None:
    with a_rig(tmp_path / "unit") as rig:
        rig.take(e.a_policy_message(POLICY))
    with a_till(tmp_path / "unit") as till:
        refused = till.scan(CARD, amount="60")
        assert refused.reason == [str(FLOOR)]
        assert 'name="pin"' not in refused.section
