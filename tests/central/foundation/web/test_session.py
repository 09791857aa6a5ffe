"""Logging in and out, and the language, as a browser does it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pyotp
import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from central.foundation.people import login
from central.foundation.web.own_path import own_path
from tests import builders as b
from tests.central.builders import Database, an_app, as_person, csrf_token, fill_in

ELSEWHERE = [
    "//evil.example", "https://evil.example", "http:evil.example", "/\\evil.example",
    "\\\\evil.example", "/\t/evil.example", "/\n/evil.example", "/\r\n/evil.example",
    "\t//evil.example", " //evil.example", "///evil.example", "javascript:alert(1)",
    "evil.example", "", "/%2f%2fevil.example", "/./\\evil.example",
]  # fmt: skip


@pytest.fixture
def app(sqlite_database: Database) -> Any:
    return an_app(sqlite_database)


def log_in(client: FlaskClient, name: str, password: str, query: str = "") -> Any:
    return fill_in(client, f"/login{query}", name=name, password=password)


def leads_elsewhere(location: str) -> bool:
    """Say whether a browser would leave: it drops tabs and line ends, and takes \\ for /."""
    seen = re.sub(r"[\t\r\n]", "", location).strip().replace("\\", "/")
    parts = urlsplit(seen)
    return bool(parts.scheme or parts.netloc) or not seen.startswith("/")


def test_the_right_password_opens_the_door(app: Any) -> None:
    client = app.test_client()
    password = login.add_person("wang", "admin", b.NOW_S)
    assert client.get("/").status_code == 302
    response = log_in(client, "wang", password)
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    page = client.get("/")
    assert page.status_code == 200
    assert "wang" in page.text


def test_one_is_led_to_where_one_wanted_to_go(app: Any) -> None:
    client = app.test_client()
    password = login.add_person("wang", "admin", b.NOW_S)
    asked = client.get("/ledger").headers["Location"]
    response = log_in(client, "wang", password, asked.removeprefix("/login"))
    assert response.headers["Location"] == "/ledger"


@pytest.mark.parametrize("name", ["wang", "nobody", "", "x" * 100_000])
def test_a_wrong_password_or_name_looks_the_same(app: Any, name: str) -> None:
    login.add_person("wang", "admin", b.NOW_S)
    client = as_person(app)  # for the language only
    client.post("/logout", data={"csrf_token": csrf_token(client)})
    response = client.post(
        "/login", data={"csrf_token": csrf_token(client), "name": name, "password": "wrong"},
        headers={"Accept-Language": "en"},
    )  # fmt: skip
    assert response.status_code == 401
    assert "Name or password is wrong." in response.text
    assert client.get("/").status_code == 302


def test_guessing_is_slowed_down(app: Any) -> None:
    client = app.test_client()
    token = csrf_token(client)
    form = {"csrf_token": token, "name": "nobody", "password": "wrong"}
    told = [client.post("/login", data=form).status_code for _ in range(11)]
    assert told == [401] * 10 + [429]
    last = client.post("/login", data=form)
    assert last.json is not None
    assert last.json["type"] == "/problems/too-many-tries"
    assert 0 < int(last.headers["Retry-After"]) <= 60
    assert client.get("/login").status_code == 200, "looking at the page is no guess"


def test_a_session_ends_with_the_log_out(app: Any) -> None:
    client = as_person(app)
    response = fill_in(client, "/logout", page="/")
    assert response.headers["Location"] == "/login"
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("path", ["/login", "/logout", "/language", "/units/invite"])
def test_a_form_without_its_token_is_refused(app: Any, path: str) -> None:
    """Somebody else's page could send it with this browser's cookie."""
    for data in ({}, {"csrf_token": "forged"}):
        response = as_person(app).post(path, data=data)
        assert response.status_code == 400
        assert "/problems/bad-request" in response.text


def test_a_token_is_good_for_its_own_session_only(app: Any) -> None:
    stolen = csrf_token(as_person(app), "/")
    response = as_person(app).post("/logout", data={"csrf_token": stolen})
    assert response.status_code == 400


@pytest.mark.parametrize("target", ELSEWHERE)
def test_nobody_is_led_to_another_host(app: Any, target: str) -> None:
    client = app.test_client()
    password = login.add_person("wang", "admin", b.NOW_S)
    token = csrf_token(client)
    changed = client.post("/language", data={"csrf_token": token, "locale": "en", "back": target})
    form = {"csrf_token": token, "name": "wang", "password": password}
    entered = client.post("/login", query_string={"next": target}, data=form)
    for response in (changed, entered):
        assert response.status_code == 302
        assert not leads_elsewhere(response.headers["Location"])


@settings(max_examples=500)
@given(st.text(alphabet="/\\\t\r\n :a", max_size=6))
def test_no_path_of_ours_leads_elsewhere(target: str) -> None:
    assert not leads_elsewhere(own_path(target))


def test_the_language_can_be_chosen_and_stays(app: Any) -> None:
    client = app.test_client()
    assert 'lang="zh-CN"' in client.get("/login").text
    response = fill_in(client, "/language", locale="en", back="/login")
    assert response.headers["Location"] == "/login"
    assert 'lang="en"' in client.get("/login").text
    fill_in(client, "/language", locale="xx", back="/login")
    assert 'lang="en"' in client.get("/login").text


def test_the_language_outlives_the_log_in_and_the_log_out(app: Any) -> None:
    client = app.test_client()
    password = login.add_person("wang", "admin", b.NOW_S)
    fill_in(client, "/language", locale="en", back="/login")
    log_in(client, "wang", password)
    assert 'lang="en"' in client.get("/").text
    fill_in(client, "/logout")
    assert 'lang="en"' in client.get("/login").text


@pytest.mark.parametrize(
    ("accepted", "shown"),
    [("en", "en"), ("zh-CN", "zh-CN"), ("fr, en;q=0.5", "en"), ("fr", "zh-CN"), ("", "zh-CN"),
     ("en-GB", "en"), ("zh", "zh-CN"), ("zh-TW,zh;q=0.9,en;q=0.5", "zh-CN")],
)  # fmt: skip
def test_a_browser_is_spoken_to_in_its_own_language(app: Any, accepted: str, shown: str) -> None:
    page = app.test_client().get("/login", headers={"Accept-Language": accepted})
    assert f'<html lang="{shown}">' in page.text


def test_a_cookie_is_for_the_server_only(sqlite_database: Database) -> None:
    for url, is_secure in (("https://hub.example", True), ("", False)):
        client = an_app(sqlite_database, url=url).test_client()
        cookie = client.get("/login").headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert ("Secure" in cookie) == is_secure


def test_a_cookie_that_names_nobody_is_no_error(app: Any) -> None:
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = "999"
    assert client.get("/units").status_code == 302


def in_english(app: Any) -> FlaskClient:
    """A browser of somebody who reads English."""
    client: FlaskClient = app.test_client()
    with client.session_transaction() as session:
        session["locale"] = "en"
    return client


def switched_on(client: FlaskClient, password: str) -> pyotp.TOTP:
    """Set the second factor up on the account's page, as somebody with an app does."""
    fill_in(client, "/account/second-factor", "/account", password=password)
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", client.get("/account").text)
    assert secret is not None
    app = pyotp.TOTP(secret[1])
    page = fill_in(client, "/account/second-factor/confirm", "/account", code=app.at(b.NOW_S))
    assert len(re.findall(r"<code>(?:[a-z2-7]{4}-){3}[a-z2-7]{4}</code>", page.text)) == 10
    return app


def test_with_a_second_factor_the_password_alone_opens_nothing(app: Any) -> None:
    client = in_english(app)
    password = login.add_person("wang", "admin", b.NOW_S)
    log_in(client, "wang", password)
    phone = switched_on(client, password)
    other = app.test_client()
    response = log_in(other, "wang", password, "?next=/ledger")
    assert response.headers["Location"] == "/login/code?next=/ledger"
    assert other.get("/ledger").status_code == 302
    wrong = fill_in(other, "/login/code?next=/ledger", code="000000")
    assert wrong.status_code == 401
    right = fill_in(other, "/login/code?next=/ledger", code=phone.at(b.NOW_S + 30))
    assert right.headers["Location"] == "/ledger"
    assert other.get("/ledger").status_code == 200


def test_the_second_step_needs_the_first(app: Any) -> None:
    client = in_english(app)
    assert client.get("/login/code").headers["Location"] == "/login?next=/"
    with client.session_transaction() as session:
        session["half_way"] = ["1.0", b.NOW_S + 60]
    assert client.get("/login/code").status_code == 302


def test_the_second_step_waits_five_minutes(sqlite_database: Database) -> None:
    password = login.add_person("wang", "admin", b.NOW_S)
    at_s = [b.NOW_S]
    app = an_app(sqlite_database, lambda: at_s[0])
    client = in_english(app)
    log_in(client, "wang", password)
    switched_on(client, password)
    other = app.test_client()
    log_in(other, "wang", password)
    assert other.get("/login/code").status_code == 200
    at_s[0] += 301
    assert other.get("/login/code").headers["Location"] == "/login?next=/"


def test_a_changed_password_ends_other_sessions(app: Any) -> None:
    password = login.add_person("wang", "admin", b.NOW_S)
    here, there = in_english(app), in_english(app)
    log_in(here, "wang", password)
    log_in(there, "wang", password)
    new = "correct horse battery"
    for fields, said in (
        ({"password": "wrong", "new": new, "again": new}, "The password is wrong."),
        ({"password": password, "new": new, "again": "other horse"}, "differ"),
        ({"password": password, "new": "short", "again": "short"}, "12 to 128 characters"),
    ):
        fill_in(here, "/account/password", "/account", **fields)
        assert said in here.get("/account").text
    fill_in(here, "/account/password", "/account", password=password, new=new, again=new)
    assert "The password is changed" in here.get("/account").text
    assert there.get("/").status_code == 302, "logged out"
    assert log_in(there, "wang", new).status_code == 302


def test_it_is_switched_off_by_password_and_code(app: Any) -> None:
    client = in_english(app)
    password = login.add_person("wang", "admin", b.NOW_S)
    log_in(client, "wang", password)
    phone = switched_on(client, password)
    where = "/account/second-factor/remove"
    fill_in(client, where, "/account", password=password, code="000000")
    assert "Nothing has changed" in client.get("/account").text
    fill_in(client, where, "/account", password=password, code=phone.at(b.NOW_S + 30))
    assert "the password alone lets you in" in client.get("/account").text


def test_where_it_is_required_nobody_gets_past_his_account_without(
    sqlite_database: Database,
) -> None:
    password = login.add_person("wang", "admin", b.NOW_S)
    client = in_english(an_app(sqlite_database, second_factor_required=True))
    log_in(client, "wang", password)
    for path in ("/", "/ledger", "/units"):
        assert client.get(path).headers["Location"] == "/account", path
    refused: Any = client.get("/v1/units").json
    assert refused["type"].endswith("/not-permitted")
    assert "asks it of everybody" in client.get("/account").text
    switched_on(client, password)
    assert client.get("/ledger").status_code == 200
