"""Units as processes of their own that start quickly, and that are killed.

A server process has read the libraries already and forks one that runs the very command line of
``tearoff-unit``, from its first line on. What is saved is the second that Python takes to read
them, a hundred times; what is killed is a process like any other.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.demo.processes import DidNotHappen, wait_until

_READ_ALREADY = ["edge.cli", "escpos.printer"]
_FORKSERVER = multiprocessing.get_context("forkserver")


class ForkedUnit:
    """``tearoff-unit ARGS`` as a process.

    Args:
        log: Where it writes what it says; each start continues it.
    """

    def __init__(self, args: list[str], log: Path) -> None:
        self._args = args
        self._log = log
        self._process: ForkServerProcess | None = None
        self._log_begin = 0

    def start(self) -> None:
        """Start it and wait until it listens."""
        self.begin()
        wait_until("the unit listens", self._is_ready)

    def begin(self) -> None:
        """Start it."""
        assert self._process is None, "it runs"
        self._log_begin = self._log.stat().st_size if self._log.exists() else 0
        _FORKSERVER.set_forkserver_preload(_READ_ALREADY)
        self._process = _FORKSERVER.Process(target=_run, args=(self._args, str(self._log)))
        self._process.start()

    def kill(self) -> None:
        """End it as a power cut would: nothing of it runs any more when this returns."""
        if self._process is None:
            return
        self._process.kill()
        self._process.join()
        self._process.close()
        self._process = None

    def _is_ready(self) -> bool:
        assert self._process is not None
        said = self._log.read_text("utf-8", "replace") if self._log.exists() else ""
        if self._process.exitcode is not None:
            raise DidNotHappen(f"the unit ended: {said[-2000:]}")
        return "The unit listens" in said[self._log_begin :]


def _run(args: list[str], log: str) -> None:
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(handle, stream)
    from edge.cli import main  # noqa: PLC0415 - the server process has read it

    sys.exit(main(args, prog_name="tearoff-unit"))
