"""The policy of a store group as a person looks at it: who has it, and what was changed when."""

from __future__ import annotations

import json
from typing import NamedTuple

from central.errors import NotFound
from central.foundation.db.engine import rows
from central.foundation.language.words import N_
from central.stores.policies.words import Difference, differences
from central.stores.units.steer import Policies, PolicyVersion, all_policies, policy_at, versions
from edge.contract.ids import StoreGroup
from edge.contract.policy import Policy


class UnitHas(NamedTuple):
    """A unit, and the version that it said it has with its last pull.

    Args:
        version: 0 if it has none, None if it has never said.
    """

    unit: str
    store: str
    version: int | None
    heard_at_s: int | None


class Change(NamedTuple):
    """One change, with what it says differently from the version before it."""

    made: PolicyVersion
    differences: tuple[Difference, ...]


def policies_of(group: int) -> Policies:
    """Return a store group with its newest change; NotFound if there is no such group."""
    for found in all_policies():
        if found.group == group:
            return found
    raise NotFound(N_("There is no such store group."))


def who_has(group: StoreGroup) -> list[UnitHas]:
    """Return the units of a group that were not revoked, with the version that each has."""
    found = rows(
        "SELECT unit.id, store.name, unit.health, unit.heard_at_s FROM unit"
        " JOIN store ON store.id = unit.store_id"
        " WHERE store.store_group = ? AND unit.state <> 'revoked' ORDER BY unit.id",
        (group,),
    )
    return [
        UnitHas(unit, store, _version_in(health), heard_at_s)
        for unit, store, health, heard_at_s in found
    ]


def history(group: StoreGroup, currency: str) -> list[Change]:
    """Return the newest changes, newest first; the first policy of all differs from nothing."""
    made = versions(group)
    policies = [_at(group, one.version, currency) for one in made]
    earlier: list[Policy | None] = [*policies[1:], None]
    return [
        Change(one, tuple(differences(before, policy, currency)) if before else ())
        for one, policy, before in zip(made, policies, earlier, strict=True)
    ]


def _at(group: StoreGroup, version: int, currency: str) -> Policy:
    found = policy_at(group, version, currency)
    assert found is not None, "versions come from the same table"
    return found


def _version_in(health: str) -> int | None:
    told = json.loads(health).get("policy")
    return told if isinstance(told, int) else None
