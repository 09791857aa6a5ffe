"""Who should bear it: the table, row by row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.stores.cases.liability import Circumstances, Question, suggest
from central.stores.redemptions.conflict import CaseOutcome
from edge.contract.policy import EXACT, Mode
from edge.contract.refusal import Refusal
from edge.contract.status import Staleness
from tests import builders as b

HOUR_S = 3600
POLICY = b.a_policy(
    modes=frozenset({Mode.ONLINE, Mode.SOLO}), floors={Mode.SOLO: (50_000, 20_000, 5_000, 0)}
)
LIMIT_S = POLICY.solo.hours * HOUR_S


def known(**bent: Any) -> Circumstances:
    """A lunch of 88.00, taken alone while the status was fresh, within every limit."""
    values: dict[str, Any] = {
        "mode": Mode.SOLO, "worth_minor": 8800, "is_online_only": False, "policy": POLICY,
        "status_age_s": 60, "is_forked": False, "reserve_minor": 0, **bent,
    }  # fmt: skip
    return Circumstances(**values)


@pytest.mark.parametrize(
    ("bent", "outcome", "because"),
    [
        ({}, CaseOutcome.PLATFORM, None),
        ({"reserve_minor": 8799}, CaseOutcome.PLATFORM, None),
        ({"reserve_minor": 8800}, CaseOutcome.RESERVE, None),
        ({"status_age_s": None}, CaseOutcome.PLATFORM, None),
        # It kept to what it was told, to the fen and to the second.
        ({"worth_minor": 50_000}, CaseOutcome.PLATFORM, None),
        ({"worth_minor": 20_000, "status_age_s": 86_399}, CaseOutcome.PLATFORM, None),
        # It went beyond.
        ({"worth_minor": 50_001}, CaseOutcome.STORE, Question.WITHIN_FLOOR),
        ({"worth_minor": 20_001, "status_age_s": 900}, CaseOutcome.STORE, Question.WITHIN_FLOOR),
        ({"worth_minor": 1, "status_age_s": 3 * 86_400}, CaseOutcome.STORE, Question.WITHIN_FLOOR),
        ({"worth_minor": 50_001, "status_age_s": None}, CaseOutcome.STORE, Question.WITHIN_FLOOR),
        ({"mode": Mode.DEGRADED}, CaseOutcome.STORE, Question.MODE_ALLOWED),
        ({"is_online_only": True}, CaseOutcome.STORE, Question.OFFLINE_ALLOWED),
        ({"is_forked": True}, CaseOutcome.STORE, Question.ONE_JOURNAL),
        ({"is_forked": True, "policy": None}, CaseOutcome.STORE, Question.ONE_JOURNAL),
        # Nobody knows any more what it was told.
        ({"policy": None}, None, Question.POLICY_KNOWN),
        # The hub itself has let it through.
        ({"mode": Mode.ONLINE, "is_online_only": True}, CaseOutcome.PLATFORM, None),
        ({"mode": Mode.ONLINE, "worth_minor": 10**9, "status_age_s": 10**9},
         CaseOutcome.PLATFORM, None),
    ],
    ids=str,
)  # fmt: skip
def test_who_should_bear_it(
    bent: dict[str, Any], outcome: CaseOutcome | None, because: Question | None
) -> None:
    found = suggest(known(**bent))
    assert (found.outcome, found.because) == (outcome, because)


def test_offline_for_too_long_is_the_store_s_even_without_a_floor() -> None:
    policy = b.a_policy(modes=frozenset({Mode.SOLO}), floors={})
    for age_s, outcome in ((LIMIT_S, CaseOutcome.PLATFORM), (LIMIT_S + 1, CaseOutcome.STORE)):
        found = suggest(known(policy=policy, status_age_s=age_s))
        assert found.outcome is outcome
    assert found.because is Question.STATUS_RECENT


def test_each_check_says_what_was_and_what_was_allowed() -> None:
    found = {check.question: check for check in suggest(known(status_age_s=1000)).checks}
    floor, recent = found[Question.WITHIN_FLOOR], found[Question.STATUS_RECENT]
    assert (floor.passed, floor.found, floor.limit) == (True, 8800, 20_000)
    assert (recent.passed, recent.found, recent.limit) == (True, 1000, LIMIT_S)
    unknown = {c.question: c for c in suggest(known(status_age_s=None)).checks}
    assert unknown[Question.STATUS_RECENT].passed is None


@given(
    mode=st.sampled_from(Mode), worth=st.integers(1, 100_000),
    age=st.none() | st.integers(0, 10**6),
    online_only=st.booleans(), reserve=st.integers(0, 100_000),
)  # fmt: skip
def test_a_store_that_kept_to_the_policy_never_bears_it(
    mode: Mode, worth: int, age: int | None, online_only: bool, reserve: int
) -> None:
    here = known(
        mode=mode, worth_minor=worth, status_age_s=age, is_online_only=online_only,
        reserve_minor=reserve,
    )  # fmt: skip
    broke_a_rule = (
        mode not in POLICY.modes
        or (mode not in EXACT and online_only)
        or (mode not in EXACT and age is not None and age > LIMIT_S)
        or (mode is Mode.SOLO and worth > (here.floor or 0))
    )
    assert (suggest(here).outcome is CaseOutcome.STORE) == broke_a_rule
    assert here.age in {None, *Staleness}


def test_a_store_whose_supervisor_overruled_within_the_policy_has_done_as_told() -> None:
    policy = replace(POLICY, overrides={Refusal.OVER_FLOOR_LIMIT: 100_000})
    beyond = {"worth_minor": 60_000, "policy": policy}
    assert suggest(known(**beyond)).outcome is CaseOutcome.STORE
    assert suggest(known(**beyond, is_overruled=True)).outcome is CaseOutcome.PLATFORM
    more = {"worth_minor": 100_001, "policy": policy, "is_overruled": True}
    assert suggest(known(**more)).outcome is CaseOutcome.STORE
