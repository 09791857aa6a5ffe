"""Rule sets from draft to being in force; what was used stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from central.errors import Conflict, HubError, NotFound, RequestInvalid
from central.foundation.db.engine import rows
from central.money.sharing import rule_sets
from central.money.sharing.model import DEFAULT_SCOPE, LevelLine, RuleRef, RuleSet, Scope
from central.money.sharing.rule_body import to_body
from central.money.sharing.rule_sets import Draft, RuleVersion
from tests import builders as b
from tests.central.builders import Database, at_once
from tests.central.money.sharing.builders import (
    LEVELS,
    a_rule,
    a_sale,
    activated,
    complete,
    fixed,
    ratio,
)

NOW_S = b.NOW_S
V1 = RuleRef(DEFAULT_SCOPE, 1)
BODY = to_body(a_rule())


def drafted(scope: str = "default", rule: RuleSet | None = None, **bent: str) -> RuleVersion:
    wanted = Draft(to_body(rule or a_rule()), **bent)
    return rule_sets.draft(scope, wanted, LEVELS, by="wang", at_s=NOW_S)


def activate(ref: RuleRef, from_s: int | None = None) -> RuleVersion:
    return rule_sets.activate(ref, from_s, by="li", now_s=NOW_S)


def scopes_at(at_s: int, *scopes: str) -> RuleRef | None:
    found = rule_sets.in_force([Scope(s) for s in scopes], at_s)
    return found.ref if found else None


def refused(kind: type[HubError], why: str, work: Callable[[], Any]) -> None:
    before = rows("SELECT * FROM sharing_rule ORDER BY scope, version")
    with pytest.raises(kind, match=why):
        work()
    assert rows("SELECT * FROM sharing_rule ORDER BY scope, version") == before


def test_a_draft_shares_nothing_until_it_is_activated(hub_database: Database) -> None:
    found = drafted(note=" Spring. ")
    assert (found.ref, found.state, found.from_s, found.note) == (V1, "draft", None, "Spring.")
    assert (found.drafted_by, found.rule) == ("wang", a_rule())
    assert scopes_at(NOW_S, "default") is None
    active = activate(V1)
    assert (active.state, active.from_s, active.activated_by) == ("active", NOW_S, "li")
    assert scopes_at(NOW_S, "default") == V1
    assert scopes_at(NOW_S - 1, "default") is None


def test_a_version_is_in_force_until_another_begins(hub_database: Database) -> None:
    for hours in (0, 2, 1):
        activate(drafted().ref, NOW_S + hours * 3600)
    told = [scopes_at(NOW_S + seconds, "default") for seconds in (3599, 3600, 7199, 7200)]
    assert [ref and ref.version for ref in told] == [1, 3, 3, 2]


def test_the_narrowest_scope_decides_unless_it_inherits(hub_database: Database) -> None:
    activate(drafted().ref)
    activate(drafted("category:drinks").ref)
    own = activate(drafted("product:7").ref).ref
    all_three = ("product:7", "category:drinks", "default")
    assert scopes_at(NOW_S, *all_three) == own
    assert scopes_at(NOW_S, "product:8", "category:drinks", "default") == ("category:drinks", 1)
    assert scopes_at(NOW_S, "product:8", "default") == V1
    activate(drafted("product:7", RuleSet("CNY", inherits=True)).ref, NOW_S + 60)
    assert scopes_at(NOW_S + 59, *all_three) == own
    assert scopes_at(NOW_S + 60, *all_three) == ("category:drinks", 1)


def test_a_draft_is_edited_and_thrown_away(hub_database: Database) -> None:
    drafted()
    other = a_rule(ratio(10_000))
    found = rule_sets.edit(V1, Draft(to_body(other)), LEVELS, by="li", at_s=NOW_S + 5)
    assert (found.rule, found.drafted_by, found.drafted_at_s) == (other, "li", NOW_S + 5)
    rule_sets.discard(V1)
    assert rule_sets.everything() == []


def test_what_is_active_is_neither_edited_nor_thrown_away(hub_database: Database) -> None:
    activate(drafted().ref)
    edit = Draft(to_body(a_rule(fixed(1))))
    refused(Conflict, "Only a draft", lambda: rule_sets.edit(V1, edit, LEVELS, by="x", at_s=NOW_S))
    refused(Conflict, "Only a draft", lambda: rule_sets.discard(V1))
    refused(Conflict, "active already", lambda: activate(V1, NOW_S + 9))


def test_a_version_that_has_not_begun_is_withdrawn(hub_database: Database) -> None:
    activate(drafted().ref, NOW_S + 60)
    refused(Conflict, "not begun", lambda: rule_sets.withdraw(V1, now_s=NOW_S + 60))
    found = rule_sets.withdraw(V1, now_s=NOW_S + 59)
    assert (found.state, found.from_s, found.activated_by) == ("draft", None, None)
    refused(Conflict, "not begun", lambda: rule_sets.withdraw(V1, now_s=NOW_S))


def test_a_rule_set_is_activated_now_or_later(hub_database: Database) -> None:
    drafted()
    refused(RequestInvalid, "now or later", lambda: activate(V1, NOW_S - 1))
    refused(RequestInvalid, "millennium", lambda: activate(V1, 2**40))


def test_two_versions_do_not_begin_in_the_same_second(hub_database: Database) -> None:
    activate(drafted().ref, NOW_S + 60)
    second = drafted().ref
    refused(Conflict, "same second", lambda: activate(second, NOW_S + 60))
    activate(drafted("product:7").ref, NOW_S + 60)


def test_what_goes_beyond_what_is_usual_needs_somebody_who_says_why(
    hub_database: Database,
) -> None:
    drafted(rule=a_rule(paid_levels=3))
    refused(RequestInvalid, "must say why", lambda: activate(V1))
    ref = drafted(rule=a_rule(paid_levels=3), answered_for="Counsel has agreed.").ref
    assert activate(ref).answered_for == "Counsel has agreed."


@pytest.mark.parametrize(
    ("scope", "wanted", "why"),
    [
        ("everything", Draft(BODY), "default, category:"),
        ("default", Draft({**BODY, "currency": "?"}), "three capital letters"),
        ("default", Draft({**BODY, "total_ppm": 60_000}), "more than the cap"),
        ("default", Draft(to_body(a_rule(LevelLine({"emperor": 5})))), "no such level"),  # type: ignore[dict-item]
        ("default", Draft(BODY, note="x" * 501), "500 printable"),
        ("default", Draft(BODY, answered_for="\x07"), "500 printable"),
    ],
)
def test_what_cannot_be_a_rule_set_is_no_draft(
    hub_database: Database, scope: str, wanted: Draft, why: str
) -> None:
    refused(RequestInvalid, why, lambda: rule_sets.draft(scope, wanted, LEVELS, by="x", at_s=NOW_S))


def test_what_is_not_there_is_not_found(hub_database: Database) -> None:
    for work in (
        lambda: rule_sets.get(V1),
        lambda: activate(V1),
        lambda: rule_sets.withdraw(V1, now_s=NOW_S),
        lambda: rule_sets.discard(V1),
        lambda: rule_sets.edit(V1, Draft(BODY), LEVELS, by="x", at_s=NOW_S),
    ):
        refused(NotFound, "no rule set default v1", work)


def test_a_version_that_was_used_says_so(hub_database: Database) -> None:
    activated(a_rule())
    assert not rule_sets.get(V1).is_used
    complete(a_sale())
    assert rule_sets.get(V1).is_used
    assert [v.ref for v in rule_sets.versions(DEFAULT_SCOPE)] == [V1]


def test_many_who_draft_at_once_get_versions_of_their_own(hub_database: Database) -> None:
    told = at_once(6, lambda _: drafted().ref.version)
    assert sorted(n for n in told if isinstance(n, int)) == [1, 2, 3, 4, 5, 6], told


def test_of_many_who_activate_one_draft_one_does(hub_database: Database) -> None:
    drafted()
    told = at_once(6, lambda n: activate(V1, NOW_S + n))
    assert sum(isinstance(one, RuleVersion) for one in told) == 1, told
    assert sum(isinstance(one, Conflict) for one in told) == 5, told
