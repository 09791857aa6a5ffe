"""A serial plug made of a pseudo terminal: what the simulated printer has beside its TCP port.

It behaves as a connection to one client who never goes: a serial line does not tell who is there.
"""

from __future__ import annotations

import contextlib
import os
import pty
import select
import tty
from pathlib import Path


class SerialPlug:
    """A line whose other end is at a path. Methods as those of a socket.

    Args:
        path: A symbolic link is made here, as udev makes one for a real plug.

    Raises:
        OSError: there is something else at the path.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._end, self._other_end = pty.openpty()
        # Raw before anybody opens it: a terminal echoes. The other end stays open in here,
        # because a line without any reader hangs up.
        tty.setraw(self._other_end)
        os.set_blocking(self._end, False)
        self._wait_s = 0.0
        if path.is_symlink():  # of a simulator that was killed
            path.unlink()
        try:
            path.symlink_to(os.ttyname(self._other_end))
        except OSError:
            self._close()
            raise

    def fileno(self) -> int:
        """Return the descriptor to wait at."""
        return self._end

    def settimeout(self, wait_s: float) -> None:
        """Set how long ``sendall`` waits for room."""
        self._wait_s = wait_s

    def setsockopt(self, *_: object) -> None:
        """Do nothing: a line has no connection to reset."""

    def recv(self, count: int) -> bytes:
        """Return what has arrived, at most so many bytes."""
        return os.read(self._end, count)

    def sendall(self, data: bytes) -> None:
        """Send all of it; TimeoutError if nobody takes it."""
        while data:
            poll = select.poll()
            poll.register(self._end, select.POLLOUT)
            if not poll.poll(self._wait_s * 1000):
                raise TimeoutError
            data = data[os.write(self._end, data) :]

    def close(self) -> None:
        """Do nothing: the line outlives each client."""

    def unplug(self) -> None:
        """Take it out of the machine."""
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        self._close()

    def _close(self) -> None:
        os.close(self._end)
        os.close(self._other_end)
