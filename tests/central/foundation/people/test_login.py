"""Passwords and API keys."""

from __future__ import annotations

import pytest

from central.errors import Conflict, RequestInvalid
from central.foundation.people import login
from central.foundation.people.roles import ROLES, Permission, may
from central.foundation.people.tables import ApiKey, Person
from tests.builders import NOW_S
from tests.central.builders import Database


def test_a_password_opens_for_its_own_name_only(hub_database: Database) -> None:
    password = login.add_person("wang", "finance", NOW_S)
    login.add_person("li", "viewer", NOW_S)
    found = login.person_with_password("wang", password)
    assert found is not None
    assert (found.name, found.role) == ("wang", "finance")
    for name, tried in (("wang", password + "x"), ("wang", ""), ("li", password), ("no", password)):
        assert login.person_with_password(name, tried) is None


def test_passwords_are_not_kept(sqlite_database: Database) -> None:
    password = login.add_person("wang", "admin", NOW_S)
    person = Person.get()
    assert password not in repr(list(Person.select().tuples()))
    assert person.password_hash.startswith("$argon2id$")


def test_somebody_who_has_left_does_not_get_in(sqlite_database: Database) -> None:
    password = login.add_person("wang", "admin", NOW_S)
    Person.update(active=False).execute()
    assert login.person_with_password("wang", password) is None


def test_a_name_that_nobody_has_costs_a_hash_too(sqlite_database: Database) -> None:
    """So that how long it takes tells nobody which names there are."""
    login.add_person("wang", "admin", NOW_S)
    known = Person.get().password_hash.split("$")[:4]
    assert login._NOBODY.split("$")[:4] == known


def test_a_broken_hash_lets_nobody_in(sqlite_database: Database) -> None:
    password = login.add_person("wang", "admin", NOW_S)
    Person.update(password_hash="").execute()
    assert login.person_with_password("wang", password) is None


def test_an_api_key_has_its_role(hub_database: Database) -> None:
    key = login.add_api_key("erp", "finance", NOW_S)
    assert key.startswith(login.KEY_PREFIX)
    assert login.role_of_api_key(key) == "finance"
    for other in ("", key[:-1], key + "x", key.upper(), login.KEY_PREFIX):
        assert login.role_of_api_key(other) is None


def test_api_keys_are_not_kept(sqlite_database: Database) -> None:
    key = login.add_api_key("erp", "admin", NOW_S)
    [row] = ApiKey.select().dicts()
    assert key not in repr(row)
    assert key.removeprefix(login.KEY_PREFIX) not in repr(row)


@pytest.mark.parametrize("add", [login.add_person, login.add_api_key])
@pytest.mark.parametrize(
    ("name", "role"),
    [("", "admin"), ("x" * 65, "admin"), ("a\nb", "admin"), ("a\x00b", "admin"), ("wang", "god"),
     ("wang", "")],
)  # fmt: skip
def test_a_name_or_role_that_cannot_be_is_refused(
    sqlite_database: Database, add: object, name: str, role: str
) -> None:
    with pytest.raises(RequestInvalid):
        add(name, role, NOW_S)  # type: ignore[operator]
    assert Person.select().count() == ApiKey.select().count() == 0


@pytest.mark.parametrize("add", [login.add_person, login.add_api_key])
def test_a_name_is_given_once(hub_database: Database, add: object) -> None:
    add("wang", "viewer", NOW_S)  # type: ignore[operator]
    with pytest.raises(Conflict):
        add("wang", "admin", NOW_S)  # type: ignore[operator]


def test_what_each_role_may_do() -> None:
    allowed = {role: {str(p) for p in permissions} for role, permissions in ROLES.items()}
    assert allowed == {
        "admin": {str(p) for p in Permission},
        "finance": {
            "policies.read", "redemptions.read", "ledger.read", "ledger.close", "ledger.enter",
            "ledger.confirm", "agents.read", "sharing.read", "payouts.read", "payouts.request",
            "payouts.release", "settlement.read", "settlement.manage", "cases.decide",
            "orders.read", "orders.refund", "customers.read", "jobs.read", "cards.read",
            "catalogue.read", "prices.read", "prices.manage", "cost.see", "suppliers.read",
        },
        "shop": {
            "orders.read", "orders.place", "catalogue.read", "prices.read",
        },
        "agent": {
            "orders.read", "orders.place", "orders.goods", "catalogue.read", "prices.read",
        },
        "viewer": {
            "units.read", "policies.read", "vouchers.read", "redemptions.read", "ledger.read",
            "agents.read", "sharing.read", "payouts.read", "settlement.read", "orders.read",
            "customers.read", "jobs.read", "cards.read", "catalogue.read", "prices.read",
            "suppliers.read",
        },
    }  # fmt: skip
    assert not any(may("nobody", p) for p in Permission)
