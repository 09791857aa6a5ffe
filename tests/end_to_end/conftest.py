"""What stands ready for several of these tests: the demo, and a database on either engine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.central.builders import Database
from tests.central.postgres import PostgresServer, PostgresUnavailable
from tests.end_to_end.demo_run import DemoRun, the_demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoRun:
    """The demo, played once for the whole run: in each process of it, it is the same one."""
    place = tmp_path_factory.getbasetemp()
    return the_demo(place.parent if "PYTEST_XDIST_WORKER" in os.environ else place)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for the whole run (each process of it)."""
    try:
        server = PostgresServer()
    except PostgresUnavailable as exc:
        pytest.skip(f"no PostgreSQL: {exc}")
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Where a hub may keep what it knows; nothing is there yet. Its keys lie beside the file."""
    file = tmp_path / "hub" / "hub.db"
    file.parent.mkdir(mode=0o700)
    if request.param == "sqlite":
        yield Database("", file)
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.create()
    yield Database(server.dsn(name), file)
    server.drop(name)
