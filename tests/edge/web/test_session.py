"""Who may do what: the API key, the PIN, and a walk over every route there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.routing import Rule

from edge.app import Unit
from edge.db import Store
from edge.errors import ConfigInvalid, NotPermitted, RequestInvalid
from edge.web.session import PIN_DIGITS, Clerks, For, load_or_make_api_key
from tests.edge.builders import Clock, a_unit, with_key

ANYBODY = {
    "static", "pages.login", "pages.language", "pages.problem", "api.openapi",
}  # fmt: skip
"""The only endpoints that answer without a key or a PIN."""


def path_of(rule: Rule) -> str:
    """A path that leads to a route."""
    return re.sub(r"<int[^>]*>", "1", re.sub(r"<(?:path:)?\w+>", "x", rule.rule))


def routes_of(unit: Unit) -> list[tuple[str, str, str]]:
    """Endpoint, method and path of every route."""
    return [
        (rule.endpoint, method, path_of(rule))
        for rule in unit.flask.url_map.iter_rules()
        for method in sorted(rule.methods or ())
    ]


def test_every_route_but_a_few_wants_a_key_or_a_pin(unit: Unit) -> None:
    visitor = unit.flask.test_client()
    open_to_all = set()
    for endpoint, method, path in routes_of(unit):
        response = visitor.open(path, method=method)
        is_shown_the_door = response.status_code == 401 or (
            response.status_code == 302 and response.location == "/login"
        )
        if not is_shown_the_door:
            open_to_all.add(endpoint)
    assert open_to_all == ANYBODY


def test_every_route_says_whom_it_is_for(unit: Unit) -> None:
    for endpoint, view in unit.flask.view_functions.items():
        whom = getattr(view, "allowed_for", None)
        assert endpoint == "static" or isinstance(whom, For), endpoint
        assert (whom is For.ANYBODY) == (endpoint in ANYBODY - {"static"}), endpoint


def test_a_route_that_says_nothing_answers_nobody(unit: Unit) -> None:
    unit.flask.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    assert with_key(unit).get("/forgotten").status_code == 401
    assert unit.flask.test_client().get("/forgotten").status_code == 401


def test_the_routes_of_a_unit_that_is_not_enrolled_are_guarded_too(tmp_path: Path) -> None:
    with a_unit(tmp_path / "unit") as unit:
        open_to_all = {
            endpoint
            for endpoint, method, path in routes_of(unit)
            if unit.flask.test_client().open(path, method=method).status_code != 401
        }
    assert open_to_all == {
        "static",
        "pages.clerk",
        "pages.language",
        "pages.problem",
        "care.doctor",
    }


WRONG_KEYS = [
    None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic {key}", "{key}", "Bearer {key}x",
    "Bearer {upper}", "Bearer {short}", "Token {key}", "Bearer \xff",
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG_KEYS)
def test_without_the_right_key_the_api_is_closed(unit: Unit, wrong: str | None) -> None:
    key = unit.api_key
    headers = {} if wrong is None else {
        "Authorization": wrong.format(key=key, upper=key.swapcase(), short=key[:-1])
    }  # fmt: skip
    response = unit.flask.test_client().get("/v1/status", headers=headers)
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert response.content_type == "application/problem+json"
    assert key.encode() not in response.data


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_with_the_right_key_it_is_open(unit: Unit, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {unit.api_key}"}
    assert unit.flask.test_client().get("/v1/status", headers=headers).status_code == 200


def test_the_key_of_a_pos_opens_no_clerks_page(unit: Unit) -> None:
    response = with_key(unit).get("/recent")
    assert (response.status_code, response.location) == (302, "/login")
    assert with_key(unit).post("/redeem", data={"scan": "x"}).status_code == 401


# --- the API key's file --------------------------------------------------------------------------


def test_the_api_key_is_made_once_private_and_long(tmp_path: Path) -> None:
    path = tmp_path / "api.key"
    key = load_or_make_api_key(path)
    assert load_or_make_api_key(path) == key
    assert len(key) >= 43, "256 bits"
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o604])
def test_an_api_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "api.key"
    load_or_make_api_key(path)
    path.chmod(mode)
    with pytest.raises(ConfigInvalid, match="chmod 600"):
        load_or_make_api_key(path)


@pytest.mark.parametrize("content", [b"", b"\n", b"  ", b"short\n", b"\xff\xfe\x00"])
def test_an_api_key_that_is_none_opens_nothing(tmp_path: Path, content: bytes) -> None:
    """The power failed after the file was made: an empty key would let everybody in."""
    path = tmp_path / "api.key"
    path.touch(mode=0o600)
    path.write_bytes(content)
    with pytest.raises(ConfigInvalid, match=r"api\.key"):
        load_or_make_api_key(path)


def test_a_directory_that_is_not_there_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="cannot be made"):
        load_or_make_api_key(tmp_path / "missing" / "api.key")


# --- PINs ----------------------------------------------------------------------------------------


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock()


@pytest.fixture(name="clerks")
def _clerks(tmp_path: Path, clock: Clock) -> Iterator[Clerks]:
    store = Store(tmp_path / "unit.db")
    yield Clerks(store, clock.steady_s)
    store.close()


def other_than(pin: str) -> str:
    return f"{(int(pin) + 1) % 10**PIN_DIGITS:0{PIN_DIGITS}d}"


def test_a_pin_opens_for_its_clerk_only(clerks: Clerks) -> None:
    pins = {name: clerks.add(name) for name in ("li", "王")}
    assert clerks.names() == ["li", "王"]
    assert all(len(pin) == PIN_DIGITS and pin.isdecimal() for pin in pins.values())
    assert clerks.check("li", pins["li"])
    assert not clerks.check("li", other_than(pins["li"]))
    assert not clerks.check("nobody", pins["li"])
    assert not clerks.check("li", "")


def test_a_new_pin_ends_the_old_one(clerks: Clerks) -> None:
    old = clerks.add("li")
    new = clerks.add("li")
    assert clerks.check("li", new)
    assert old == new or not clerks.check("li", old)


def test_pins_are_kept_as_hashes_only(clerks: Clerks, tmp_path: Path) -> None:
    pin = clerks.add("li")
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"li" in content
    assert pin.encode() not in content


@pytest.mark.parametrize("name", ["", "l" * 65, "li\n", "\x00"])
def test_a_name_that_is_none_gets_no_pin(clerks: Clerks, name: str) -> None:
    with pytest.raises(RequestInvalid, match="1 to 64"):
        clerks.add(name)


def test_too_many_wrong_pins_lock_and_the_lock_ends(clerks: Clerks, clock: Clock) -> None:
    pin = clerks.add("li")
    for _ in range(5):
        assert not clerks.check("li", other_than(pin))
    with pytest.raises(NotPermitted) as caught:
        clerks.check("li", pin)
    assert caught.value.extra["retry_after_s"] in {30, 31}
    clock.pass_s(30)
    assert clerks.check("li", pin)
    assert not clerks.check("li", other_than(pin)), "a right one has wiped the slate"


def test_each_further_wrong_pin_locks_longer_up_to_an_hour(clerks: Clerks, clock: Clock) -> None:
    pin = clerks.add("li")
    for _ in range(5):
        clerks.check("li", other_than(pin))
    waits = []
    for _ in range(7):
        with pytest.raises(NotPermitted) as caught:
            clerks.check("li", pin)
        wait = caught.value.extra["retry_after_s"] - 1
        waits.append(wait)
        clock.pass_s(wait)
        clerks.check("li", other_than(pin))
    assert waits == [30, 60, 120, 240, 480, 960, 1920]
