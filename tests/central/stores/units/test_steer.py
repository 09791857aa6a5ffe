"""What a store group's units are told to do."""

from __future__ import annotations

from typing import Any

import pytest

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.feed import newest_change
from central.stores.units import steer
from central.stores.units.receipt_template import set_template, template_of
from edge.contract.ids import StoreGroup, StoreId
from edge.contract.policy import Mode, Policy
from tests import builders as b
from tests.central.builders import CURRENCY, OTHER_STORE, ZONE, Database, furnish

NOBODY = StoreGroup(77)


@pytest.fixture(autouse=True)
def hub(hub_database: Database) -> None:
    furnish()


def policy() -> Policy:
    return steer.policy_of(b.GROUP, CURRENCY, b.NOW_S)


@pytest.mark.parametrize(
    ("store", "name", "group"),
    [
        ("s0412", "Lower case", 1), ("", "Nothing", 1), ("S 1", "Gap", 1), ("店", "No ASCII", 1),
        ("S" * 27, "Too long for its units", 1), ("S1", "", 1), ("S1", "x" * 65, 1),
        ("S1", "line\nbreak", 1), ("S1", "nul\x00", 1), ("S1", "Group 0 is all", 0),
        ("S1", "Too large", 65536), ("S1", "Negative", -1),
    ],
)  # fmt: skip
def test_a_store_that_cannot_be_is_refused(store: str, name: str, group: int) -> None:
    with pytest.raises(RequestInvalid):
        steer.add_store(StoreId(store), name, StoreGroup(group), ZONE, b.NOW_S)


def test_a_store_is_added_once() -> None:
    with pytest.raises(Conflict):
        steer.add_store(b.STORE, "Again", b.GROUP, ZONE, b.NOW_S)


def test_a_second_store_of_a_group_leaves_its_policy_as_it_is() -> None:
    steer.set_policy(b.GROUP, {"void_s": 60})
    before = policy()
    steer.add_store(StoreId("S0413"), "Second", b.GROUP, ZONE, b.NOW_S)
    assert policy() == before


def test_a_new_group_may_work_without_the_hub_within_limits() -> None:
    assert policy().modes == set(Mode)
    assert policy().floors == {
        Mode.LAN: (200_000, 200_000, 100_000, 50_000),
        Mode.DEGRADED: (50_000, 20_000, 5_000, 0),
        Mode.SOLO: (50_000, 20_000, 5_000, 0),
    }
    assert policy().currency == CURRENCY


def test_a_change_of_policy_has_a_higher_version_and_changes_nothing_else() -> None:
    before = policy()
    changes: dict[str, object] = {
        "void_s": 60,
        "modes": ["ONLINE"],
        "floors": {"LAN": [1, 1, 1, 0]},
    }
    steer.set_policy(b.GROUP, changes)
    after = policy()
    assert after.version == newest_change() > before.version
    assert (after.void_s, after.modes) == (60, frozenset({Mode.ONLINE}))
    assert after.floors == {Mode.LAN: (1, 1, 1, 0)}
    assert after.solo == before.solo


def test_what_was_in_force_can_still_be_asked_for() -> None:
    """An entry bears the version it was decided by; a dispute comes weeks later."""
    first = policy()
    steer.set_policy(b.GROUP, {"floors": {"SOLO": [1, 1, 1, 0]}})
    second = policy()
    for version in (first, second):
        found = steer.policy_at(b.GROUP, version.version, CURRENCY)
        assert found is not None
        assert found.to_body() == {**version.to_body(), 2: 0}
    assert steer.policy_at(b.GROUP, second.version + 1, CURRENCY) is None
    assert steer.policy_at(NOBODY, first.version, CURRENCY) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"no_such_member": 1},
        {"modes": ["TELEPATHY"]},
        {"modes": 5},
        {"floors": {"SOLO": [1, 2, 3]}},
        {"floors": {"SOLO": [1, 2, 3, "many"]}},
        {"floors": {"SOLO": [1, 2, 3, -4]}},
        {"floors": {"TELEPATHY": [1, 2, 3, 4]}},
        {"solo": {"count": 1}},
        {"solo": {"count": 1, "sum_minor": 1, "per_10_min": 1, "hours": "all"}},
        {"void_s": "soon"},
        {"void_s": 86_401},
        {"online_timeout_ms": -1},
    ],
    ids=str,
)
def test_a_policy_that_no_unit_could_read_is_refused(changes: dict[str, Any]) -> None:
    """One wrong word would make every pull of the group fail, and no unit would hear of the
    correction."""
    before = policy()
    with pytest.raises(RequestInvalid):
        steer.set_policy(b.GROUP, changes)
    assert policy() == before


def test_one_group_is_steered_without_the_other() -> None:
    other = StoreGroup(5)
    before = steer.policy_of(other, CURRENCY, b.NOW_S), template_of(other)
    steer.set_policy(b.GROUP, {"void_s": 60})
    set_template(b.GROUP, b.a_receipt_template(), by="ann", at_s=b.NOW_S)
    assert (steer.policy_of(other, CURRENCY, b.NOW_S), template_of(other)) == before
    assert OTHER_STORE


def test_a_group_without_a_store_has_nothing_to_steer() -> None:
    for work in (
        lambda: steer.policy_of(NOBODY, CURRENCY, b.NOW_S),
        lambda: template_of(NOBODY),
        lambda: steer.set_policy(NOBODY, {"void_s": 60}),
        lambda: set_template(NOBODY, b.a_receipt_template(), by="ann", at_s=b.NOW_S),
    ):
        with pytest.raises(NotFound):
            work()
