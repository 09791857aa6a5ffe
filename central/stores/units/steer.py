"""What a store group's units are told to do: their policy."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.feed import next_change
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.stores.units.peers import stores_changed
from central.stores.units.receipt_template import first_template
from central.stores.units.tables import PolicyRow, Store
from edge.contract.ids import StoreGroup, StoreId, parse_store_id
from edge.contract.policy import Mode, Policy, SoloLimits
from edge.contract.refusal import Refusal

STORE_ID_CHARS = 26
"""A unit's name is its store's and ``-K99999``, in 32 characters."""
DEFAULT_FLOORS = {
    Mode.LAN: (200_000, 200_000, 100_000, 50_000),
    Mode.DEGRADED: (50_000, 20_000, 5_000, 0),
    Mode.SOLO: (50_000, 20_000, 5_000, 0),
}
"""Minor units accepted at once without the hub: alone 500.00 while the status is fresh; with every
unit of the store 2000.00, for what only the hub knows (a suspension) may be missing."""
DEFAULT_SOLO = SoloLimits(count=500, sum_minor=2_000_000, per_10_min=120, hours=72)
VERSIONS_SHOWN = 50


class PolicyVersion(NamedTuple):
    """One change of a policy.

    Args:
        changed_by: Empty for one that is older than this record, and for the first.
        back_to: The earlier version that was put back; None for a new one.
    """

    version: int
    changed_by: str
    changed_at_s: int
    back_to: int | None


class Policies(NamedTuple):
    """A store group, and the newest change of its policy."""

    group: StoreGroup
    stores: tuple[str, ...]
    newest: PolicyVersion


def add_store(store: StoreId, name: str, group: StoreGroup, timezone: str, at_s: int) -> None:
    """Add a store; its group gets a policy and a receipt template if it has none.

    Raises:
        RequestInvalid: an id, name or group that cannot be; Conflict: the id is taken.
    """
    try:
        parse_store_id(store)
    except ValueError as exc:
        raise RequestInvalid(str(exc)) from exc
    if len(store) > STORE_ID_CHARS:
        raise RequestInvalid(f"A store id has at most {STORE_ID_CHARS} characters.")
    if not 1 <= len(name) <= 64 or not name.isprintable() or not 1 <= group <= 0xFFFF:
        raise RequestInvalid(N_("A store has a name of 1 to 64 characters and a group 1 to 65535."))

    def write() -> None:
        if Store.get_or_none(Store.id == store) is not None:
            raise Conflict(f"There is a store {store} already.")
        Store.create(id=store, name=name, store_group=group, timezone=timezone, created_at_s=at_s)
        stores_changed(store)
        if PolicyRow.get_or_none(PolicyRow.store_group == group) is None:
            n = next_change()
            PolicyRow.create(store_group=group, body=_policy_json({}), changed_n=n)
            _remember(group, PolicyVersion(n, "", at_s, None), _policy_json({}))
            first_template(group, n, at_s)

    money_transaction(write)


def policy_of(group: StoreGroup, currency: str, at_s: int) -> Policy:
    """Return the policy of a group; its version is the number of its newest change."""
    row = PolicyRow.get_or_none(PolicyRow.store_group == group)
    if row is None:
        raise NotFound(f"There is no policy for store group {group}.")
    return _policy(json.loads(row.body), row.changed_n, currency, at_s)


def policy_at(group: StoreGroup, version: int, currency: str) -> Policy | None:
    """Return the policy of a group as it was in this version; None if it had no such one."""
    found = rows(
        "SELECT body FROM policy_version WHERE store_group = ? AND version = ?", (group, version)
    )
    return _policy(json.loads(found[0][0]), version, currency, 0) if found else None


def set_policy(  # noqa: PLR0913 - most say how the change came about
    group: StoreGroup, changes: Mapping[str, object], *, by: str = "", at_s: int = 0,
    based_on: int | None = None, back_to: int | None = None,
    check: Callable[[Policy], None] = lambda _policy: None,
) -> int:  # fmt: skip
    """Change some members of a group's policy: modes, floors, solo, online_timeout_ms,
    void_s, overrides, online_permille. Return the new version.

    Args:
        based_on: The version that the change was made from; None to change it whatever it is.
        back_to: The earlier version that this one repeats, if it does.
        check: Raises for a policy that units could read and nobody would want.

    Raises:
        NotFound: no such group. RequestInvalid: a member that a policy does not have, or a value
            that no unit could read. Conflict: somebody else has changed it since ``based_on``.
    """
    unknown = set(changes) - set(json.loads(_policy_json({})))
    if unknown:
        raise RequestInvalid(f"A policy has no {', '.join(sorted(unknown))}.")

    def write() -> int:
        row = PolicyRow.get_or_none(PolicyRow.store_group == group)
        if row is None:
            raise NotFound(f"There is no policy for store group {group}.")
        if based_on is not None and row.changed_n != based_on:
            raise Conflict(N_("Somebody else has changed this policy meanwhile. Look again."))
        body = json.loads(row.body) | dict(changes)
        check(policy_from_body(body))
        told, version = json.dumps(body), next_change()
        changed = (
            PolicyRow.update(body=told, changed_n=version)
            .where(PolicyRow.store_group == group, PolicyRow.changed_n == row.changed_n)
            .execute()
        )
        assert changed == 1, "serializable: nobody else has changed it"
        _remember(group, PolicyVersion(version, by, at_s, back_to), told)
        return int(version)

    return int(money_transaction(write))


def put_back(
    group: StoreGroup, version: int, *, by: str, at_s: int, based_on: int | None = None
) -> int:
    """Put an earlier version into force again, as a new one; return that.

    Raises:
        NotFound: there was no such version. Conflict: somebody has changed it since ``based_on``.
    """
    was = policy_at(group, version, "XXX")
    if was is None:
        raise NotFound(Saying("policy-no-version", version=version))
    return set_policy(group, body_of(was), by=by, at_s=at_s, based_on=based_on, back_to=version)


def versions(group: StoreGroup, limit: int = VERSIONS_SHOWN) -> list[PolicyVersion]:
    """Return the newest changes of a group's policy, newest first."""
    found = rows(
        "SELECT version, changed_by, changed_at_s, back_to FROM policy_version"
        " WHERE store_group = ? ORDER BY version DESC LIMIT ?",
        (group, limit),
    )
    return [PolicyVersion(*row) for row in found]


def all_policies() -> list[Policies]:
    """Return every store group with the newest change of its policy."""
    stores: dict[int, list[str]] = {}
    for group, name in rows("SELECT store_group, name FROM store ORDER BY store_group, id"):
        stores.setdefault(group, []).append(name)
    return [
        Policies(StoreGroup(group), tuple(names), versions(StoreGroup(group), 1)[0])
        for group, names in stores.items()
    ]


def policy_from_body(body: Mapping[str, Any]) -> Policy:
    """Return the policy that JSON describes; RequestInvalid if no unit could read it."""
    try:
        # The units' own reader: one wrong word would stop every pull of the group.
        return Policy.from_body(_policy(body, 0, "XXX", 0).to_body())
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        raise RequestInvalid(N_("No unit could read this policy.")) from exc


def body_of(policy: Policy) -> dict[str, Any]:
    """Return a policy as JSON has it: names instead of numbers, no version."""
    return {
        "modes": sorted(mode.name for mode in policy.modes),
        "floors": {mode.name: list(row) for mode, row in sorted(policy.floors.items())},
        "solo": dataclasses.asdict(policy.solo),
        "online_timeout_ms": policy.online_timeout_ms,
        "void_s": policy.void_s,
        "overrides": {str(reason): most for reason, most in sorted(policy.overrides.items())},
        "online_permille": policy.online_permille,
    }


def renew(at_s: int) -> None:
    """Give every policy a new version that says the same; call it in a transaction."""
    for row in PolicyRow.select().order_by(PolicyRow.store_group):
        before, row.changed_n = row.changed_n, next_change()
        row.save()
        again = PolicyVersion(row.changed_n, "", at_s, before)
        _remember(StoreGroup(row.store_group), again, row.body)


def _remember(group: StoreGroup, version: PolicyVersion, body: str) -> None:
    """Keep a policy for as long as somebody may ask what was in force."""
    change(
        "INSERT INTO policy_version"
        " (store_group, version, body, changed_by, changed_at_s, back_to)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (group, version.version, body, version.changed_by, version.changed_at_s, version.back_to),
    )


def _policy(body: Mapping[str, Any], version: int, currency: str, at_s: int) -> Policy:
    return Policy(
        version=version,
        currency=currency,
        modes=frozenset(Mode[name] for name in body["modes"]),
        floors={Mode[name]: tuple(limits) for name, limits in body["floors"].items()},
        solo=SoloLimits(**body["solo"]),
        online_timeout_ms=body["online_timeout_ms"],
        void_s=body["void_s"],
        issued_at_s=at_s,
        overrides={Refusal(slug): most for slug, most in body.get("overrides", {}).items()},
        online_permille=body.get("online_permille", 0),
    )


def _policy_json(changes: dict[str, object]) -> str:
    body = {
        "modes": [mode.name for mode in Mode],
        "floors": {mode.name: list(limits) for mode, limits in DEFAULT_FLOORS.items()},
        "solo": dataclasses.asdict(DEFAULT_SOLO),
        "online_timeout_ms": 800,
        "void_s": 900,
        "overrides": {},
        "online_permille": 50,
    }
    return json.dumps(body | changes)
