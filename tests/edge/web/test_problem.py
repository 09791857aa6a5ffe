"""Errors as problem details: one form for all, and nothing of the inside."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask

from edge.app import Unit
from edge.errors import (
    ConfigInvalid,
    DiskFull,
    EdgeError,
    HubRefused,
    NotPermitted,
    UnitStopped,
)
from edge.web.advice import ADVICE, AGAIN
from edge.web.problem import TITLES, register_problems, titles
from edge.web.words import translate
from tests.edge.builders import with_key

SECRET = "K_master=deadbeef at /var/lib/tearoff-unit"


def raising(error: Exception) -> Flask:
    """An app whose only page raises this."""
    app = Flask("boom")

    def boom() -> str:
        raise error

    app.add_url_rule("/", "boom", boom)
    register_problems(app, "zh-CN")
    return app


def problem_of(app: Flask, language: str = "en") -> tuple[int, dict[str, Any]]:
    response = app.test_client().get("/", headers={"Accept-Language": language})
    assert response.content_type == "application/problem+json"
    return response.status_code, json.loads(response.data)


@pytest.mark.parametrize(
    "error", [RuntimeError(SECRET), KeyError(SECRET), AssertionError(SECRET), OSError(5, SECRET),
              RecursionError(SECRET)],
    ids=lambda e: type(e).__name__,
)  # fmt: skip
def test_an_error_that_nobody_thought_of_tells_nothing_of_the_inside(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    status, problem = problem_of(raising(error))
    assert (status, problem["type"]) == (500, "/problems/internal")
    assert problem["instance"].startswith("urn:uuid:")
    assert SECRET not in json.dumps(problem)
    assert problem["instance"] in caplog.text, "so that support finds it"
    assert SECRET in caplog.text


KNOWN: list[tuple[EdgeError, int, str]] = [
    (DiskFull("No room."), 507, "disk-full"),
    (UnitStopped("Stopped.", state="revoked"), 403, "unit-stopped"),
    (ConfigInvalid("hub.url"), 500, "config-invalid"),
    (HubRefused("No.", hub="unknown-unit"), 502, "hub-refused"),
]


@pytest.mark.parametrize(("error", "status", "slug"), KNOWN, ids=lambda v: str(v)[:20])
def test_our_own_errors_are_told_with_their_details(
    error: EdgeError, status: int, slug: str
) -> None:
    found, problem = problem_of(raising(error))
    assert (found, problem["status"], problem["type"]) == (status, status, f"/problems/{slug}")
    assert (problem["title"], problem["detail"]) == (error.title, error.detail)
    assert all(problem[name] == value for name, value in error.extra.items())


def test_a_wait_is_told_in_its_header_too() -> None:
    app = raising(NotPermitted("Wait.", retry_after_s=31))
    response = app.test_client().get("/")
    assert response.headers["Retry-After"] == "31"
    assert json.loads(response.data)["retry_after_s"] == 31


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [("GET", "/nowhere", 404, "not-found"), ("DELETE", "/v1/status", 405, "method-not-allowed"),
     ("GET", "/problems/no-such", 404, "not-found"), ("GET", "/v1/", 404, "not-found"),
     ("POST", "/picture", 401, "not-permitted")],
)  # fmt: skip
def test_errors_of_http_are_problems_too(
    unit: Unit, method: str, path: str, status: int, slug: str
) -> None:
    response = with_key(unit).open(path, method=method)
    assert (response.status_code, response.content_type) == (status, "application/problem+json")
    assert json.loads(response.data)["type"] == f"/problems/{slug}"


def test_a_body_that_is_too_large_is_a_413(unit: Unit) -> None:
    with unit.flask.test_client() as client:
        with client.session_transaction() as session:
            session["clerk"] = "li"
        # Bytes, not a file: the client would leave its copy of a large one open.
        head = b'--x\r\nContent-Disposition: form-data; name="picture"; filename="x.png"\r\n\r\n'
        body = head + bytes(17 << 20) + b"\r\n--x--\r\n"
        response = client.post(
            "/picture", data=body, content_type="multipart/form-data; boundary=x"
        )
    assert response.status_code == 413
    assert json.loads(response.data)["type"] == "/problems/request-too-large"


def test_every_problem_has_a_page_that_the_unit_serves_itself(unit: Unit) -> None:
    client = unit.flask.test_client()
    for slug in titles():
        for language in ("zh-CN", "en"):
            response = client.get(f"/problems/{slug}", headers={"Accept-Language": language})
            assert response.status_code == 200, slug
            assert slug in response.text
            assert translate(language, AGAIN[ADVICE[slug].again]) in response.text


def test_no_two_errors_share_a_slug_unless_one_is_a_kind_of_the_other() -> None:
    owners: dict[str, type[EdgeError]] = {}

    def walk(kind: type[EdgeError]) -> None:
        if kind.slug in owners:
            assert issubclass(kind, owners[kind.slug])
        owners.setdefault(kind.slug, kind)
        for sub in kind.__subclasses__():
            walk(sub)

    walk(EdgeError)
    assert set(owners) | set(TITLES) == set(titles())


def test_a_person_gets_a_page_and_a_program_gets_json(unit: Unit) -> None:
    for accept, content_type in (
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"),
        ("application/json", "application/problem+json"),
        ("*/*", "application/problem+json"),
    ):
        response = unit.flask.test_client().get("/nowhere", headers={"Accept": accept})
        assert (response.status_code, response.content_type) == (404, content_type)


def test_the_page_is_in_the_language_that_was_chosen_and_says_what_to_do(unit: Unit) -> None:
    client = unit.flask.test_client()
    client.post("/language", data={"locale": "zh-CN"})
    headers = {"Accept": "text/html", "Accept-Language": "en"}
    response = client.post("/redeem", headers=headers)
    assert (response.status_code, response.headers["Content-Language"]) == (401, "zh-CN")
    assert translate("zh-CN", ADVICE["not-permitted"].person) in response.text
    assert "/problems/not-permitted" in response.text


def test_the_api_answers_json_whatever_the_browser(unit: Unit) -> None:
    response = unit.flask.test_client().get("/v1/status", headers={"Accept": "text/html"})
    assert response.content_type == "application/problem+json"
