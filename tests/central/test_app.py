"""The hub as a whole: it starts, it is closed by default, its pages stand, its servers may fall."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from pydantic import BaseModel

from central import app as hub
from central.errors import ConfigInvalid
from central.foundation.db.engine import CONNECTIONS_MAX, HUB, rows
from central.foundation.people import login
from tests import builders as b
from tests.central.builders import (
    KEYRING,
    Database,
    a_config,
    an_app,
    as_person,
    at_once,
    close_hub,
    write_keys,
)


def test_a_hub_without_keys_does_not_start(sqlite_database: Database) -> None:
    close_hub()
    with pytest.raises(ConfigInvalid, match="tearoff-hub init"):
        hub.build(a_config(sqlite_database))


def test_starting_publishes_the_keys(hub_database: Database) -> None:
    config = a_config(hub_database)
    write_keys(config.data_dir / "keys")
    close_hub()
    hub.build(config, lambda: b.NOW_S)
    assert rows("SELECT issuer, kid FROM issuer_key") == [(b.ISSUER, 1)]


def test_what_is_served_has_its_settings(sqlite_database: Database) -> None:
    config = a_config(sqlite_database)
    write_keys(config.data_dir / "keys")
    close_hub()
    # Without jobs: their threads would go on in whatever database the next tests open.
    served = hub.create(config.model_copy(update={"jobs": False}))
    assert served.test_client().get("/health").status_code == 200


def test_health_needs_the_database(hub_database: Database) -> None:
    client = an_app(hub_database).test_client()
    assert client.get("/health").json["status"] == "ok"


@pytest.mark.parametrize("path", ["/login", "/health", "/v1/units", "/nothing-here", "/units"])
def test_every_answer_says_what_a_browser_may_do_with_it(
    sqlite_database: Database, path: str
) -> None:
    headers = an_app(sqlite_database).test_client().get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "Strict-Transport-Security" not in headers


def test_https_is_for_ever(sqlite_database: Database) -> None:
    client = an_app(sqlite_database, url="https://hub.example").test_client()
    headers = client.get("/login", base_url="https://hub.example").headers
    assert int(headers["Strict-Transport-Security"].partition("max-age=")[2].split(";")[0]) > 10**6


def test_what_somebody_has_seen_is_not_kept_by_a_shared_cache(sqlite_database: Database) -> None:
    headers = as_person(an_app(sqlite_database)).get("/units").headers
    assert "no-store" in headers["Cache-Control"]


def test_pages_load_nothing_from_elsewhere(sqlite_database: Database) -> None:
    """A head office behind a firewall has no CDN; and the policy would forbid it."""
    page = as_person(an_app(sqlite_database)).get("/").text
    for part in page.split('"'):
        assert not part.startswith(("http://", "https://", "//")), part
    assert "<script" not in page
    assert "style=" not in page


@pytest.mark.postgres
def test_a_restart_of_the_server_costs_one_answer_at_most(postgres_database: Database) -> None:
    built = an_app(postgres_database)
    key = login.add_api_key("erp", "admin", b.NOW_S)
    client, headers = built.test_client(), {"Authorization": f"Bearer {key}"}
    assert client.get("/v1/units", headers=headers).status_code == 200
    rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    HUB.close()
    told = [client.get("/v1/units", headers=headers).status_code for _ in range(3)]
    assert told[1:] == [200, 200]


@pytest.mark.postgres
def test_a_connection_that_breaks_in_use_is_replaced(postgres_database: Database) -> None:
    client = an_app(postgres_database).test_client()
    assert client.get("/health").status_code == 200
    rows("SELECT 1")
    HUB.connection().pgconn.finish()
    told = [client.get("/health").status_code for _ in range(3)]
    assert told[1:] == [200, 200]


@pytest.mark.postgres
def test_more_requests_than_connections_wait_for_one(postgres_database: Database) -> None:
    built = an_app(postgres_database)
    told = at_once(
        CONNECTIONS_MAX + 8,
        lambda _: [built.test_client().get("/health").status_code for _ in range(3)],
    )
    assert told == [[200] * 3] * (CONNECTIONS_MAX + 8)


def test_the_api_is_described_as_openapi_3_1(sqlite_database: Database) -> None:
    document: dict[str, Any] = an_app(sqlite_database).test_client().get("/openapi.json").json
    assert document["openapi"].startswith("3.1")
    schemathesis.openapi.from_dict(document).validate()
    for path, methods in document["paths"].items():
        for operation in methods.values():
            answers = operation["responses"]
            good = answers.get("200") or answers["201"]
            assert "content" in good, path
            assert path == "/health" or {"401", "403"} <= set(answers)


def test_the_description_is_the_api_s_and_no_page_s(sqlite_database: Database) -> None:
    built = an_app(sqlite_database)
    described = set(built.test_client().get("/openapi.json").json["paths"])
    routes = {
        re.sub(r"<(?:[^:>]+:)?(\w+)>", r"{\1}", rule.rule)
        for rule in built.url_map.iter_rules()
        if rule.rule.startswith("/v1/")
    }
    assert described == routes | {"/health"}
    assert KEYRING.issuer not in str(described)


def test_no_shape_hides_another_of_its_name_in_the_description() -> None:
    """The description knows shapes by their bare names."""
    shapes = [s for s in every_shape(BaseModel) if s.__module__.startswith("central.")]
    names = [shape.__name__ for shape in shapes]
    assert len(names) > 50
    assert sorted(names) == sorted(set(names))


def test_no_choice_hides_another_of_its_name_in_the_description() -> None:
    """Nor the choices that shapes have in them."""
    found: dict[str, set[str]] = {}
    for shape in every_shape(BaseModel):
        if shape.__module__.endswith((".api", ".api_json", ".shapes")):
            for name, choice in shape.model_json_schema().get("$defs", {}).items():
                found.setdefault(name, set()).add(str(choice.get("enum")))
    assert len(found) > 5
    assert {name: told for name, told in found.items() if len(told) > 1} == {}


def every_shape(base: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for shape in base.__subclasses__():
        yield shape
        yield from every_shape(shape)
