"""Policies at headquarters: read in words, changed by a form, tried out, put back."""

from __future__ import annotations

import re
from typing import Any

import pyotp
import pytest

from central.foundation.people import login, second_factor
from central.foundation.people.tables import Person
from central.foundation.seal import PEOPLE_KEY
from central.foundation.seal import load as load_seal
from central.foundation.web.session import LoggedIn
from central.stores.policies.form import typed_of
from central.stores.units import steer
from central.stores.units.tables import Unit
from edge.contract.policy import Mode, SoloLimits
from edge.contract.refusal import Refusal
from tests import builders as b
from tests.central.builders import CURRENCY, Database, an_app, as_person, csrf_token, enrolled

PAGE = f"/policies/{b.GROUP}"
PASSWORD = "correct horse battery"


@pytest.fixture
def app(sqlite_database: Database) -> Any:
    built = an_app(sqlite_database)
    built.config["RATELIMIT_ENABLED"] = False
    return built


def policy() -> Any:
    return steer.policy_of(b.GROUP, CURRENCY, 0)


def somebody(app: Any, role: str = "admin", locale: str = "en") -> Any:
    """A browser of somebody with a password."""
    client = as_person(app, role, locale)
    person = Person.select().order_by(Person.id.desc()).get()
    login.change_password(person, PASSWORD)
    with client.session_transaction() as session:
        session["_user_id"] = LoggedIn(Person.get_by_id(person.id)).id
    return client


def sent(client: Any, path: str = PAGE, **bent: Any) -> Any:
    """Send the form as a browser does, filled in as it begins but for what is bent."""
    typed = typed_of(policy(), CURRENCY)
    fields = {
        "csrf_token": csrf_token(client, PAGE), "based_on": str(typed.based_on),
        "tick": sorted(typed.ticked), "password": PASSWORD, "do": "save", **typed.fields,
    }  # fmt: skip
    return client.post(path, data=fields | bent)


def told(text: str) -> str:
    found = re.search(r'<p class="notice bad" role="status">([^<]*)</p>', text)
    return found[1] if found else ""


def test_a_change_is_a_new_version_that_says_who_and_what(app: Any) -> None:
    enrolled()
    client, before = somebody(app), policy()
    Unit.update(health=f'{{"policy": {before.version}}}').execute()
    assert f'<span class="tag good">● {before.version}</span>' in client.get(PAGE).text
    answer = sent(
        client, tick=["ONLINE", "LAN", "SOLO"], floor_SOLO_fresh="300", floor_SOLO_stale="100",
        floor_LAN_fresh="", floor_LAN_stale="", floor_LAN_old="", floor_LAN_expired="",
        count="7", sum="1000.50", hours="24", void_minutes="1.5", permille="0",
        **{"over_over-floor-limit": "800"},
    )  # fmt: skip
    assert answer.status_code == 302, told(answer.text)
    after = policy()
    assert after.version > before.version
    assert after.modes == {Mode.ONLINE, Mode.LAN, Mode.SOLO}
    assert after.floors == {
        Mode.SOLO: (30_000, 10_000, 5_000, 0), Mode.DEGRADED: before.floors[Mode.DEGRADED],
    }  # fmt: skip
    assert after.solo == SoloLimits(7, 100_050, 120, 24)
    assert (after.void_s, after.online_permille) == (90, 0)
    assert after.overrides == {Refusal.OVER_FLOOR_LIMIT: 80_000}
    text = client.get(PAGE).text
    assert "Vouchers accepted alone: 500 → 7" in text
    assert steer.versions(b.GROUP)[0].changed_by.startswith("admin")
    assert f'<span class="tag ask">▲ {before.version}</span>' in text  # the till has the old one
    again = f"{PAGE}/versions/{before.version}"
    old = client.get(f"{PAGE}?version={before.version}").text
    assert "This is version" in old
    for fields, in_force in (({"password": "wrong"}, after), ({"password": PASSWORD}, before)):
        proof = {"csrf_token": csrf_token(client, PAGE), "based_on": str(after.version)}
        client.post(again, data=proof | fields)
        assert steer.body_of(policy()) == steer.body_of(in_force)
    assert steer.versions(b.GROUP)[0].back_to == before.version
    assert policy().version > after.version


def test_whoever_changes_it_shows_who_he_is_once_more(app: Any, sqlite_database: Database) -> None:
    client, before = somebody(app), policy()
    assert "Password or code is wrong." in told(sent(client, count="1", password="wrong").text)
    person = Person.select().order_by(Person.id.desc()).get()
    seal = load_seal(sqlite_database.sqlite_file.parent / "keys", PEOPLE_KEY)
    secret = pyotp.TOTP(second_factor.begin(person.id, person.name, seal).secret)
    assert second_factor.confirm(person.id, secret.at(b.NOW_S - 30), seal, b.NOW_S - 30)
    assert "Password or code is wrong." in told(sent(client, count="1").text)
    assert policy() == before
    assert sent(client, count="1", code=secret.at(b.NOW_S)).status_code == 302
    assert policy().solo.count == 1


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"tick": []}, "Choose at least one guarantee"),
    ({"floor_SOLO_old": "999999"}, "the older the status, the lower the limit"),
    ({"floor_SOLO_old": ""}, "fill in all four limits"),
    ({"floor_SOLO_old": "much"}, "“much” is not an amount"),
    ({"floor_SOLO_fresh": "99999999999999"}, "is too much"),
    ({"count": "-1"}, "Vouchers accepted alone: a whole number"),
    ({"count": "²"}, "Vouchers accepted alone: a whole number"),
    ({"hours": "721"}, "Hours without headquarters: a whole number from 0 to 720"),
    ({"timeout_ms": "99"}, "100 to 10000 ms"),
    ({"void_minutes": "1441"}, "a number from 0 to 1440"),
    ({"void_minutes": "1e3"}, "a number from 0 to 1440"),
    ({"permille": "1001"}, "from 0 to 1000"),
    ({"over_velocity": "x"}, "is not an amount"),
    ({"based_on": "1"}, "Somebody else has changed this policy meanwhile"),
]


def test_what_is_wrong_is_said_and_what_was_typed_stays(app: Any) -> None:
    client, before = somebody(app), policy()
    for bent, said in WRONG:
        answer = sent(client, **bent)
        assert answer.status_code == 400
        assert said in told(answer.text)
        for name, value in bent.items():
            assert name in {"tick", "based_on"} or f'value="{value}"' in answer.text
        assert policy() == before


def test_the_till_is_asked_by_what_is_typed_and_nothing_is_saved(app: Any) -> None:
    """The same limits, either side of them, by the tills' own decision."""
    client, before = somebody(app), policy()

    def said(**bent: Any) -> str:
        fields = {"amount": "500.00", "network": "alone", "staleness": "fresh", **bent}
        return str(sent(client, f"{PAGE}/answer", **fields).text)

    assert "Accepted" in said()
    over = said(amount="500.01")
    assert "over-floor-limit" in over
    assert "Connect this unit to the network" in over
    assert "A supervisor may" not in over
    assert "A supervisor may" in said(amount="500.01", **{"over_over-floor-limit": "501"})
    assert "over-floor-limit" in said(staleness="stale")
    assert "Accepted" in said(amount="5000", network="phone", staleness="expired")
    assert "over-floor-limit" in said(amount="5000", network="phone", tick=["SOLO"])
    assert "offline-too-long" in said(silent_h="73")
    assert "offline-count" in said(accepted="500")
    assert "offline-sum" in said(accepted_sum="19600")
    assert "velocity" in said(accepted="120", recent="120")
    assert "online-required" in said(tick=["online_only", "SOLO"])
    assert "Say how much" in said(amount="0")
    assert "50 are drawn" in said(network="degraded")
    chinese = somebody(app, locale="zh-CN")
    assert (
        "脱机" in sent(chinese, f"{PAGE}/answer", amount="501").text
        or "总部" in chinese.get(PAGE).text
    )
    assert policy() == before


def test_who_may_only_read_has_no_way_to_change_it(app: Any) -> None:
    client = as_person(app, "viewer", "zh-CN")
    text = client.get(PAGE).text
    assert "核销策略" in client.get("/policies").text
    assert 'value="save"' not in text
    assert client.post(PAGE, data={"csrf_token": csrf_token(client, PAGE)}).status_code == 403
    assert client.get("/policies/77").status_code == 404
    assert client.get(f"{PAGE}?version=999999").status_code == 404
