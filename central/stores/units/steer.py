"""What a store group's units are told to do: their policy, and what stands on their receipts."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.feed import next_change
from central.stores.units.tables import PolicyRow, ReceiptTemplateRow, Store
from edge.contract.bundle import LOCALES, ReceiptTemplate
from edge.contract.ids import StoreGroup, StoreId, parse_store_id
from edge.contract.policy import Mode, Policy, SoloLimits

STORE_ID_CHARS = 26
"""A unit's name is its store's and ``-K99999``, in 32 characters."""
DEFAULT_FLOORS = {Mode.SOLO: (50_000, 20_000, 5_000, 0)}
"""Minor units that one unit may accept alone at once: 500.00 while its status is fresh."""
DEFAULT_SOLO = SoloLimits(count=500, sum_minor=2_000_000, per_10_min=120, hours=72)


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
        raise RequestInvalid("A store has a name of 1 to 64 characters and a group 1 to 65535.")

    def write() -> None:
        if Store.get_or_none(Store.id == store) is not None:
            raise Conflict(f"There is a store {store} already.")
        Store.create(id=store, name=name, store_group=group, timezone=timezone, created_at_s=at_s)
        if PolicyRow.get_or_none(PolicyRow.store_group == group) is None:
            n = next_change()
            PolicyRow.create(store_group=group, body=_policy_json({}), changed_n=n)
            _remember(group, n, _policy_json({}))
            template = json.dumps({"locales": list(LOCALES), "header": {}, "footer": {}})
            ReceiptTemplateRow.create(store_group=group, body=template, changed_n=n)

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


def set_policy(group: StoreGroup, changes: dict[str, object]) -> None:
    """Change some members of a group's policy: modes, floors, solo, online_timeout_ms, void_s.

    Raises:
        NotFound: no such group; RequestInvalid: a member that a policy does not have, or a value
            that no unit could read.
    """
    unknown = set(changes) - set(json.loads(_policy_json({})))
    if unknown:
        raise RequestInvalid(f"A policy has no {', '.join(sorted(unknown))}.")

    def write() -> None:
        row = PolicyRow.get_or_none(PolicyRow.store_group == group)
        if row is None:
            raise NotFound(f"There is no policy for store group {group}.")
        body = json.loads(row.body) | changes
        try:
            # The units' own reader: one wrong word would stop every pull of the group.
            Policy.from_body(_policy(body, 0, "XXX", 0).to_body())
        except (KeyError, TypeError, ValueError) as exc:
            raise RequestInvalid("No unit could read this policy.") from exc
        row.body = json.dumps(body)
        row.changed_n = next_change()
        row.save()
        _remember(group, row.changed_n, row.body)

    money_transaction(write)


def template_of(group: StoreGroup) -> ReceiptTemplate:
    """Return the receipt template of a group."""
    row = ReceiptTemplateRow.get_or_none(ReceiptTemplateRow.store_group == group)
    if row is None:
        raise NotFound(f"There is no receipt template for store group {group}.")
    body = json.loads(row.body)
    return ReceiptTemplate(
        version=row.changed_n,
        locales=tuple(body["locales"]),
        header={k: tuple(v) for k, v in body["header"].items()},
        footer={k: tuple(v) for k, v in body["footer"].items()},
    )


def set_template(group: StoreGroup, template: ReceiptTemplate) -> None:
    """Change what stands on a group's receipts; the version given is ignored.

    Raises:
        NotFound: no such group; RequestInvalid: a language that nobody translates into.
    """
    try:
        ReceiptTemplate.from_body(template.to_body())
    except ValueError as exc:
        raise RequestInvalid("No unit could read this receipt template.") from exc
    body = {
        "locales": list(template.locales),
        "header": {k: list(v) for k, v in template.header.items()},
        "footer": {k: list(v) for k, v in template.footer.items()},
    }

    def write() -> None:
        changed = (
            ReceiptTemplateRow.update(body=json.dumps(body), changed_n=next_change())
            .where(ReceiptTemplateRow.store_group == group)
            .execute()
        )
        if changed != 1:
            raise NotFound(f"There is no receipt template for store group {group}.")

    money_transaction(write)


def _remember(group: StoreGroup, version: int, body: str) -> None:
    """Keep a policy for as long as somebody may ask what was in force."""
    change(
        "INSERT INTO policy_version (store_group, version, body) VALUES (?, ?, ?)",
        (group, version, body),
    )


def _policy(body: dict[str, Any], version: int, currency: str, at_s: int) -> Policy:
    return Policy(
        version=version,
        currency=currency,
        modes=frozenset(Mode[name] for name in body["modes"]),
        floors={Mode[name]: tuple(limits) for name, limits in body["floors"].items()},
        solo=SoloLimits(**body["solo"]),
        online_timeout_ms=body["online_timeout_ms"],
        void_s=body["void_s"],
        issued_at_s=at_s,
    )


def _policy_json(changes: dict[str, object]) -> str:
    body = {
        "modes": [Mode.ONLINE.name, Mode.SOLO.name],
        "floors": {mode.name: list(limits) for mode, limits in DEFAULT_FLOORS.items()},
        "solo": dataclasses.asdict(DEFAULT_SOLO),
        "online_timeout_ms": 800,
        "void_s": 900,
    }
    return json.dumps(body | changes)
