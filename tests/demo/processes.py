"""Hub, units and printers as processes of their own, talked to over HTTP only."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import urllib3

T = TypeVar("T")

READY_S = 60.0
_PATIENCE = [1.0]
"""How many times as long everything may take: an emulated machine is slow."""
_PORTS_TRIED = 1000
_PROMISES: list[socket.socket] = []
_BIN = Path(sys.executable).parent


class DidNotHappen(Exception):
    """Something that was waited for did not come about in time."""


def free_port(wanted: int) -> int:
    """Return the wanted port, or the next one that nobody listens at and nobody was promised.

    It is promised until this process ends: an abstract socket of its name keeps it from others
    that ask here, so that a program which is started or started again later still finds it free.
    Ports of this range are none that the kernel gives to connections on their way out.
    """
    for port in range(wanted, wanted + _PORTS_TRIED):
        promise = socket.socket(socket.AF_UNIX)
        try:
            promise.bind(f"\0tearoff port {port}")
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        except OSError:
            promise.close()
            continue
        _PROMISES.append(promise)
        return port
    raise DidNotHappen(f"no port from {wanted} on is free")


def be_patient(times: float) -> None:
    """Wait so many times as long for everything."""
    _PATIENCE[0] = times


def wait_until(what: str, holds: Callable[[], Any], timeout_s: float = READY_S) -> Any:
    """Return what ``holds`` returns once that is true; DidNotHappen after the time-out."""
    timeout_s *= _PATIENCE[0]
    deadline = time.monotonic() + timeout_s
    while True:
        found = holds()
        if found:
            return found
        if time.monotonic() > deadline:
            raise DidNotHappen(f"not within {timeout_s:.0f} s: {what}")
        time.sleep(0.02)


class Process:
    """One program of ours, with its log in a file. Killed for sure when the demo ends."""

    def __init__(self, name: str, url: str, log: Path, command: list[str]) -> None:
        self.name = name
        self.url = url
        self.log = log
        self._command = [str(_BIN / command[0]), *command[1:]]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process else None

    def start(self, ready: str) -> None:
        """Start it and wait until its log says so."""
        begin = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip

        def is_ready() -> bool:
            assert self._process is not None
            if self._process.poll() is not None:
                raise DidNotHappen(f"{self.name} ended: {self.log.read_text()[-2000:]}")
            return ready in self.log.read_text("utf-8", "replace")[begin:]

        wait_until(f"{self.name} is ready", is_ready)

    def stop(self) -> None:
        """End it as a person would."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, how)
        try:
            self._process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process = None
        # A process that it has begun may hold the port a moment longer.
        wait_until(f"nobody listens at {self.url}", lambda: not _listens(self.url))


def _listens(url: str) -> bool:
    parts = urlsplit(url)
    if not parts.port:
        return False
    try:
        socket.create_connection((parts.hostname or "", parts.port), timeout=1).close()
    except OSError:
        return False
    return True


def run(command: list[str], timeout_s: float = 60) -> str:
    """Run one of our commands to its end and return what it printed; DidNotHappen if it failed."""
    done = subprocess.run(
        [str(_BIN / command[0]), *command[1:]],
        capture_output=True,
        check=False,
        timeout=timeout_s * _PATIENCE[0],
    )
    if done.returncode:
        raise DidNotHappen(f"{' '.join(command)}: {done.stderr.decode()[-2000:]}")
    return done.stdout.decode()


def together(*works: Callable[[], T]) -> list[T]:
    """Do several things side by side; return what each returned, raise what one raised."""
    with ThreadPoolExecutor(len(works)) as pool:
        return [doing.result() for doing in [pool.submit(work) for work in works]]


class Http:
    """JSON over HTTP with an API key."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self._key = key
        self._pool = urllib3.PoolManager(retries=False)

    def get(self, path: str) -> dict[str, Any]:
        """Return the JSON answer; DidNotHappen if there is none, or none but a problem."""
        status, found = self.ask("GET", path)
        if status >= 400:
            raise DidNotHappen(f"GET {self.url}{path}: {status} {found}")
        return found

    def ask(
        self, method: str, path: str, body: Any = None, *, key: str = "", timeout_s: float = 10
    ) -> tuple[int, dict[str, Any]]:
        """Return status and JSON answer of any request."""
        headers = {"Authorization": f"Bearer {self._key}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if key:
            headers["Idempotency-Key"] = key
        try:
            answer = self._pool.request(
                method, self.url + path, headers=headers, timeout=timeout_s * _PATIENCE[0],
                body=None if body is None else json.dumps(body),
            )  # fmt: skip
            found: dict[str, Any] = answer.json()
        except (urllib3.exceptions.HTTPError, ValueError) as exc:
            raise DidNotHappen(f"{method} {self.url}{path}: {type(exc).__name__}") from exc
        return answer.status, found

    def answers(self, path: str = "/health") -> bool:
        """Say whether anybody is there."""
        try:
            return self.ask("GET", path, timeout_s=1)[0] == 200
        except DidNotHappen:
            return False


class Aside(threading.Thread):
    """A request that is under way while something happens to its receiver."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self.result: Any = None
        self.error: Exception | None = None

    def run(self) -> None:
        """Do the work; keep what came of it."""
        try:
            self.result = self._work()
        except DidNotHappen as exc:
            self.error = exc
