"""A PostgreSQL server of the tests' own: Debian's programs, loopback, a directory of its own."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import psycopg

from tests.memory import GIB, roomy_memory

HOST = "127.0.0.1"
TEMPLATE = "hub_template"
_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "100",
    # What a test of durability would need is not needed here: nobody pulls the plug.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
}
_DURABLE = {
    "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "autovacuum": "on",
    "shared_buffers": "256MB",
}  # fmt: skip


class PostgresUnavailable(RuntimeError):
    """There are no programs, or the server does not start; the text says which."""


class PostgresServer:
    """One running server. ``stop`` ends it; it also ends if this process dies.

    Args:
        place: Where its files go; without it, into memory if there is room.
        durable: Flush what is committed, as a server that is used does.
    """

    def __init__(self, place: Path | None = None, *, durable: bool = False) -> None:
        self._settings = _SETTINGS | (_DURABLE if durable else {})
        self._programs = _programs()
        self._names = (f"hub_{number}" for number in itertools.count(1))
        self._prefix = _as_somebody_else()
        self._place = Path(
            tempfile.mkdtemp(prefix="tearoff-postgres-", dir=place or roomy_memory(2 * GIB))
        )
        owner = _owner()
        if owner is not None:
            os.chown(self._place, owner.pw_uid, owner.pw_gid)
        try:
            self._run("initdb", "-D", "data", "-U", "hub", "-A", "trust", "-E", "UTF8",
                      "--no-locale", "--no-sync")  # fmt: skip
            self._start()
        except BaseException:
            shutil.rmtree(self._place, ignore_errors=True)
            raise

    def dsn(self, database: str) -> str:
        """Return the address of one database."""
        return f"postgresql://hub@{HOST}:{self.port}/{database}"

    def create(self, template: str = "template0") -> str:
        """Make a database like another one; return its name."""
        name = next(self._names)
        self._ask(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def rename(self, name: str, new: str) -> None:
        """Give a database another name."""
        self._ask(f"ALTER DATABASE {name} RENAME TO {new}")

    def drop(self, name: str) -> None:
        """Remove a database and whoever is still connected to it."""
        self._ask(f"DROP DATABASE {name} WITH (FORCE)")

    def stop(self) -> None:
        """End the server and remove everything it has written."""
        self._process.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        shutil.rmtree(self._place, ignore_errors=True)

    def _start(self) -> None:
        for _ in range(5):  # somebody else may take the port between our look and the start
            self.port = _free_port()
            settings = [f"-c{name}={value}" for name, value in self._settings.items()]
            command = ["postgres", "-D", "data", "-p", str(self.port), *settings]
            with (self._place / "log").open("ab") as log:
                self._process = subprocess.Popen(
                    self._command(*command), cwd=self._place, stdout=log, stderr=log
                )
            if self._is_up():
                return
            self._process.kill()
            self._process.wait(10)
        log_text = (self._place / "log").read_text("utf-8", "replace")
        raise PostgresUnavailable(f"the server does not start: {log_text[-500:]}")

    def _is_up(self) -> bool:
        command = ["pg_isready", "-q", "-h", HOST, "-p", str(self.port), "-t", "1"]
        for _ in range(2000):
            if self._process.poll() is not None:
                return False
            if (
                subprocess.run(self._command(*command), cwd=self._place, check=False).returncode
                == 0
            ):
                return True
        return False

    def _run(self, *command: str) -> None:
        done = subprocess.run(
            self._command(*command), cwd=self._place, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise PostgresUnavailable(f"{command[0]} failed: {done.stderr[-500:]}")

    def _command(self, program: str, *args: str) -> list[str]:
        return [*self._prefix, str(self._programs / program), *args]

    def _ask(self, sql: str) -> None:
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(sql.encode())


def _programs() -> Path:
    found = sorted(
        (path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")),
        key=lambda path: int(path.parent.name) if path.parent.name.isdigit() else 0,
    )
    if not found:
        raise PostgresUnavailable("there is no /usr/lib/postgresql/*/bin/postgres")
    return found[-1]


def _owner() -> pwd.struct_passwd | None:
    """Return whom the server runs as; None for ourselves. It refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise PostgresUnavailable("there is neither a user postgres nor a user nobody")


def _as_somebody_else() -> list[str]:
    if shutil.which("setpriv") is None:
        raise PostgresUnavailable("there is no setpriv (Debian: util-linux)")
    command = ["setpriv", "--pdeathsig=INT"]  # a killed test run leaves no server behind
    owner = _owner()
    if owner is not None:
        command += [f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
    return command


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
