"""The hub's database, on both engines: every test that asks for ``hub_database`` runs twice."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from flask_openapi3 import blueprint, utils
from pydantic import BaseModel
from werkzeug.routing import Rule

from central.foundation.db.engine import open_database
from tests.central.builders import Database, close_hub
from tests.central.channel import Served, Server, served, serving
from tests.central.postgres import TEMPLATE, PostgresServer, PostgresUnavailable

Anew = Callable[[], None]
ENGINES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session", autouse=True)
def described_once() -> Iterator[None]:
    """Describe each shape once: most tests build an app, and half of that time was this."""
    describe = utils.get_model_schema

    told: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}

    def answers_of(answers: dict[str, Any], schemas: dict[str, Any], operation: Any) -> None:
        key = repr(answers)
        if key not in told:
            shapes: dict[str, Any] = {}
            utils.get_responses(answers, shapes, operation)
            told[key] = (operation.responses, shapes)
        operation.responses = dict(told[key][0])
        schemas.update(told[key][1])

    @cache
    def text_of(model: type[BaseModel], mode: str) -> str:
        return json.dumps(describe(model, mode))  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            utils, "get_model_schema",
            lambda model, mode="validation": json.loads(text_of(model, mode)),
        )  # fmt: skip
        patch.setattr(blueprint, "get_responses", answers_of)
        yield


@pytest.fixture(scope="session", autouse=True)
def addresses_compiled_once() -> Iterator[None]:
    """Compile what makes each route's addresses once: half of what was left of building an app."""
    compile_ = Rule._compile_builder
    made: dict[tuple[Any, ...], Callable[..., tuple[str, str]]] = {}

    def once(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        if rule.defaults:
            return compile_(rule, append_unknown)
        key = (*rule._trace, append_unknown)  # it takes the rule itself as an argument
        if key not in made:
            made[key] = compile_(rule, append_unknown)
        return made[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", once)
        yield


@pytest.fixture(scope="session", autouse=True)
def keys_proven_once() -> Iterator[None]:
    """Read each private RSA key once: that it is one is proven each time, in some 40 ms."""
    read = serialization.load_pem_private_key

    @cache
    def once(content: bytes, password: bytes | None = None, **how: Any) -> Any:
        return read(content, password, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serialization, "load_pem_private_key", once)
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for the whole run (each process of it), with a migrated template."""
    try:
        server = PostgresServer()
    except PostgresUnavailable as exc:
        pytest.skip(f"no PostgreSQL: {exc}")
    try:
        first = server.create()
        open_database(server.dsn(first), Path("/nonexistent"))
        close_hub()
        server.rename(first, TEMPLATE)
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file."""
    file = tmp_path_factory.mktemp("template") / "hub.db"
    open_database("", file)
    close_hub()
    return file


@pytest.fixture
def postgres_database(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Database]:
    """A fresh database of the server, migrated and open."""
    name = postgres_server.create(TEMPLATE)
    dsn = postgres_server.dsn(name)
    open_database(dsn, tmp_path / "hub.db")
    yield Database(dsn, tmp_path / "hub.db")
    close_hub()
    postgres_server.drop(name)


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """A fresh SQLite file, migrated and open."""
    file = tmp_path / "hub.db"
    shutil.copy(sqlite_template, file)
    open_database("", file)
    yield Database("", file)
    close_hub()


@pytest.fixture(params=ENGINES)
def hub_database(request: pytest.FixtureRequest) -> Database:
    """A fresh database, on SQLite and on PostgreSQL."""
    found = request.getfixturevalue(f"{request.param}_database")
    assert isinstance(found, Database)
    return found


@pytest.fixture
def anew(request: pytest.FixtureRequest, hub_database: Database, tmp_path: Path) -> Iterator[Anew]:
    """A function that goes back to the hub as it is at its first call, on a copy each time."""
    made: list[str] = []
    numbers = itertools.count(1)

    def go_back() -> None:
        close_hub()
        if not hub_database.is_postgres:
            copy = tmp_path / f"hub-{next(numbers)}.db"
            shutil.copy(hub_database.sqlite_file, copy)
            open_database("", copy)
            return
        server = request.getfixturevalue("postgres_server")
        made.append(server.create(hub_database.dsn.rpartition("/")[2]))
        open_database(server.dsn(made[-1]), tmp_path)
        if len(made) > 2:
            server.drop(made.pop(0))

    yield go_back
    close_hub()
    for name in made:
        request.getfixturevalue("postgres_server").drop(name)


@pytest.fixture(scope="session")
def channel_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A channel simulator for the whole run (each process of it): its keys take a second."""
    with serving(tmp_path_factory.mktemp("simulator") / "channel") as found:
        yield found


@pytest.fixture
def channel(channel_server: Server, tmp_path: Path) -> Iterator[Served]:
    """A channel simulator with books and keys of this test's own."""
    with served(channel_server, tmp_path / "channel") as found:
        yield found
