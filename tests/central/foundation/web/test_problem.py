"""How a "no" is said: the same document for every error, and nothing in it that was sent."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from central.errors import ChannelRefused, ChannelUnknown, HubError, RequestInvalid
from central.foundation.db.engine import change
from central.foundation.language.said import Saying
from central.foundation.people import login
from central.foundation.web.problem import problem_response, titles
from edge.contract.problem import CONTENT_TYPE
from tests import builders as b
from tests.central.builders import Database, an_app, as_person, fill_in

MARK = "x7Kq9ZmarkerQ"
"""Whatever is sent bears this, and no answer may."""
MEMBERS = {
    "type", "title", "status", "detail", "instance", "errors", "retry_after_s", "limit_bytes",
    "said",
}  # fmt: skip


@pytest.fixture
def app(sqlite_database: Database) -> Any:
    return an_app(sqlite_database)


def problem_of(response: Any, status: int, slug: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(response.data)
    assert response.status_code == found["status"] == status
    assert response.content_type == CONTENT_TYPE
    assert found["type"] == f"/problems/{slug}"
    assert found["title"]
    assert set(found) <= MEMBERS
    assert MARK not in response.text
    assert "Traceback" not in response.text
    return found


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("GET", f"/v1/{MARK}", 404, "not-found"),
        ("GET", "/v1/vouchers/000000abcdef", 404, "not-found"),
        ("GET", f"/v1/vouchers/{MARK}", 422, "request-invalid"),
        ("GET", f"/v1/redemptions?limit={MARK}", 422, "request-invalid"),
        ("GET", "/v1/redemptions?limit=0", 422, "request-invalid"),
        ("GET", f"/v1/ledger/accounts/{MARK}/statement", 422, "request-invalid"),
        ("GET", "/v1/ledger/accounts/2310.NO/statement?first=20260401&last=20260402", 404,
         "not-found"),
        ("DELETE", "/v1/units", 405, "method-not-allowed"),
        ("POST", "/v1/units", 405, "method-not-allowed"),
    ],
)  # fmt: skip
def test_a_program_is_told_what_is_wrong(
    app: Any, method: str, path: str, status: int, slug: str
) -> None:
    key = login.add_api_key("erp", "admin", b.NOW_S)
    headers = {"Authorization": f"Bearer {key}", "X-Note": MARK}
    response = app.test_client().open(path, method=method, headers=headers, data=MARK)
    problem_of(response, status, slug)


def test_every_fault_of_a_query_is_named(app: Any) -> None:
    key = login.add_api_key("erp", "admin", b.NOW_S)
    path = f"/v1/ledger/accounts/2310.S0412/statement?first={MARK}"
    response = app.test_client().get(path, headers={"Authorization": f"Bearer {key}"})
    found = problem_of(response, 422, "request-invalid")
    assert [error["where"] for error in found["errors"]] == ["first", "last"]


def test_what_may_be_done_instead_is_told(app: Any) -> None:
    response = app.test_client().delete("/health")
    problem_of(response, 405, "method-not-allowed")
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"


def test_an_unknown_key_is_not_repeated(app: Any) -> None:
    response = app.test_client().get("/v1/units", headers={"Authorization": f"Bearer {MARK}"})
    problem_of(response, 401, "not-identified")


def test_a_program_reads_a_problem_in_its_language_and_as_data(app: Any) -> None:
    fault = Saying("line", line=4, what=Saying("row-gap"))
    problem = RequestInvalid(fault).problem()
    for language, said in (
        ("zh-CN", "第 4 行：余额与上一行不衔接"),
        ("", "line 4: its balance does not follow from the line before"),
    ):
        headers = {"Accept-Language": language} if language else {}
        with app.test_request_context("/v1/x", headers=headers):
            found = json.loads(problem_response(problem).data)
        assert found["detail"] == said
        assert found["said"] == {
            "slug": "line", "values": {"line": 4, "what": {"slug": "row-gap", "values": {}}},
        }  # fmt: skip


@pytest.mark.parametrize("size", [(1 << 20) + 1, 5 << 20])
def test_a_body_that_is_too_large_is_refused(app: Any, size: int) -> None:
    for path in ("/edge/v1/push", "/edge/v1/pull", "/edge/v1/enrolments", "/login"):
        response = app.test_client().post(path, data=MARK + "x" * size)
        problem_of(response, 413, "request-too-large")


def test_an_error_that_nobody_expected_tells_nothing_inside(
    app: Any, caplog: pytest.LogCaptureFixture
) -> None:
    key = login.add_api_key("erp", "admin", b.NOW_S)
    change("DROP TABLE alarm")
    with caplog.at_level(logging.ERROR):
        response = app.test_client().get("/v1/alarms", headers={"Authorization": f"Bearer {key}"})
    found = problem_of(response, 500, "internal")
    assert found["instance"].startswith("urn:uuid:")
    assert "alarm" not in response.text
    assert found["instance"] in caplog.text
    assert "no such table: alarm" in caplog.text


@pytest.mark.parametrize("path", ["/nothing-here", "/ledger/2310.NOBODY"])
def test_a_person_is_told_on_a_page(app: Any, path: str) -> None:
    response = as_person(app).get(path, headers={"Accept": "text/html"})
    assert response.status_code == 404
    assert response.content_type == "text/html; charset=utf-8"
    assert "There is no such thing here" in response.text
    assert "Back to the overview" in response.text


def test_a_page_repeats_nothing_as_markup(app: Any) -> None:
    client = as_person(app)
    attack = "<script>alert(1)</script>"
    for path in (f"/{attack}", f"/ledger/{attack}", f"/login?next={attack}", f"/ledger?x={attack}"):
        response = client.get(path, headers={"Accept": "text/html"})
        assert attack not in response.text
    failed = fill_in(app.test_client(), "/login", name=attack, password=attack)
    assert attack not in failed.text


def test_what_does_not_say_that_it_is_a_browser_gets_the_document(app: Any) -> None:
    for accept in (None, "*/*", "application/json", "application/problem+json", "garbage"):
        headers = {} if accept is None else {"Accept": accept}
        problem_of(as_person(app).get("/nothing-here", headers=headers), 404, "not-found")
    api = app.test_client().get("/v1/units", headers={"Accept": "text/html"})
    problem_of(api, 401, "not-identified")


def test_every_problem_has_a_page_that_its_type_leads_to(app: Any) -> None:
    client = app.test_client()
    for slug in titles():
        for locale, told in (("zh-CN", "重发同一请求有用吗"), ("en", "send the same again")):
            response = client.get(f"/problems/{slug}", headers={"Accept-Language": locale})
            assert response.status_code == 200, slug
            assert slug in response.text
            assert told in response.text
    problem_of(client.get("/problems/no-such"), 404, "not-found")


def test_every_error_has_a_slug_of_its_own_kind() -> None:
    slugs = set(titles())
    assert {"not-found", "conflict", "key-reused", "internal", "request-too-large"} <= slugs
    assert all(slug == slug.lower() and " " not in slug for slug in slugs)


def test_every_error_says_with_which_status_it_is_answered() -> None:
    def below(kind: type[HubError]) -> list[type[HubError]]:
        return [kind, *(deeper for sub in kind.__subclasses__() for deeper in below(sub))]

    for kind in below(HubError):
        if issubclass(kind, ChannelRefused | ChannelUnknown):
            problem = kind("CODE", "a sentence").problem()
        else:
            problem = kind("a sentence").problem()
        assert (problem.slug, problem.status, problem.title) == (kind.slug, kind.status, kind.title)
        assert 400 <= problem.status < 600
        assert problem.detail == "a sentence"
