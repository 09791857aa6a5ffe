"""The wire to a printer at TCP, a serial line, or the kernel's USB printer device.

All three are a descriptor that never blocks and one loop around ``poll``: each write and each
read ends by its deadline, whatever the printer does. pyserial and python-escpos leave a silent
serial line blocked for ever, which is why neither is used here (docs/decisions/0022).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import socket
import stat
import sys
import termios
import time
from collections.abc import Callable

from edge.devices.finding import Said
from edge.devices.printers.address import Address, known_baud
from edge.devices.printers.link import EMPTY_PAUSE_S, Link
from edge.devices.printers.unreachable import NotReached, TakesNothing
from edge.devices.profiles.model import Link as LinkTable
from edge.errors import N_

READ_BYTES = 64


class DescriptorWire:
    """Where such a printer is. Implements ``link.Wire``."""

    def __init__(self, address: Address, table: LinkTable, steady_s: Callable[[], float]) -> None:
        self._address, self._table, self._steady_s = address, table, steady_s

    def open(self) -> Link:
        """Open it."""
        return _open(self._address, self._table, self._steady_s)

    def close(self) -> None:
        """Do nothing: nothing was taken from the system."""


class DescriptorLink(Link):
    """An open wire that is a descriptor.

    Args:
        descriptor: Does not block.
        ends_with_nothing: Whether a read of no bytes means that the other end has gone.
        bytes_per_s: Of a slow wire; None if the wire is faster than any printer.
        is_empty: Whether the system has passed on all that was written.
    """

    def __init__(
        self,
        descriptor: int,
        close: Callable[[], None],
        steady_s: Callable[[], float],
        *,
        ends_with_nothing: bool = True,
        bytes_per_s: float | None = None,
        is_empty: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__(steady_s)
        self._descriptor = descriptor
        self._close = close
        self._ends_with_nothing = ends_with_nothing
        self._bytes_per_s = bytes_per_s
        self._is_empty = is_empty

    def close(self) -> None:
        """Close it."""
        with contextlib.suppress(OSError):  # a device that was pulled out
            self._close()

    def drain(self, wait_s: float) -> bool:
        """Wait until the system has passed on what was written; say whether it has in the time.

        Closing drops what a serial line or a USB printer has not taken yet.
        """
        deadline = self._steady_s() + wait_s
        while not self._is_empty():
            if self._steady_s() >= deadline:
                return False
            time.sleep(EMPTY_PAUSE_S)
        return True

    def transfer_s(self, count: int) -> float:
        """Return how long so many bytes are on their way after they were written."""
        return count / self._bytes_per_s if self._bytes_per_s else 0.0

    def write(self, data: bytes, wait_s: float) -> None:
        """Write all of it."""
        deadline = self._steady_s() + wait_s
        at = 0
        while at < len(data):
            self._wait(select.POLLOUT, deadline)
            with contextlib.suppress(BlockingIOError):
                at += os.write(self._descriptor, data[at:])

    def read_some(self, wait_s: float) -> bytes | None:
        """Return what comes next."""
        deadline = self._steady_s() + wait_s
        while True:
            try:
                self._wait(select.POLLIN, deadline)
                data = os.read(self._descriptor, READ_BYTES)
            except TimeoutError:
                return None
            except BlockingIOError:
                continue
            if data:
                return data
            if self._ends_with_nothing:
                raise ConnectionError("closed by the printer")
            time.sleep(EMPTY_PAUSE_S)

    def _wait(self, event: int, deadline: float) -> None:
        poll = select.poll()
        poll.register(self._descriptor, event)
        left_ms = (deadline - self._steady_s()) * 1000
        events = poll.poll(max(0.0, left_ms)) if left_ms > 0 else []
        if not events:
            raise TakesNothing if event == select.POLLOUT else TimeoutError
        if events[0][1] & (select.POLLERR | select.POLLNVAL):
            raise ConnectionError("the line to the printer broke")


def _open(address: Address, table: LinkTable, steady_s: Callable[[], float]) -> Link:
    if address.kind == "tcp":
        return _tcp(address, table, steady_s)
    flags = os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(address.at, flags)
    try:
        if address.kind == "serial":
            baud = address.baud or table.baud
            _set_up_serial(descriptor, baud, table)
        elif not stat.S_ISCHR(os.fstat(descriptor).st_mode):
            raise NotReached(Said(N_("that is no device, but a file or a directory")))
    except termios.error as exc:
        os.close(descriptor)
        raise NotReached(Said(N_("that is no serial line"))) from exc
    except BaseException:
        os.close(descriptor)
        raise
    if address.kind == "usb":
        return DescriptorLink(
            descriptor, lambda: os.close(descriptor), steady_s, ends_with_nothing=False,
            is_empty=lambda: _takes_more(descriptor),
        )  # fmt: skip
    bits = 1 + table.data_bits + (table.parity != "none") + table.stop_bits
    return DescriptorLink(
        descriptor, lambda: _close_serial(descriptor), steady_s, bytes_per_s=baud / bits,
        is_empty=lambda: _unsent(descriptor) == 0,
    )  # fmt: skip


def _tcp(address: Address, table: LinkTable, steady_s: Callable[[], float]) -> Link:
    connection = socket.create_connection((address.at, address.port), table.connect_ms / 1000)
    connection.settimeout(0)
    return DescriptorLink(connection.fileno(), connection.close, steady_s)


def _set_up_serial(descriptor: int, baud: int, table: LinkTable) -> None:
    """Raw, with the speed and form of the profile, and not shared with anybody."""
    # Without the lock two readers silently share the bytes that come in.
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    _, _, control, _, _, _, characters = termios.tcgetattr(descriptor)
    control &= ~(termios.CSIZE | termios.PARENB | termios.PARODD | termios.CSTOPB | termios.CRTSCTS)
    control |= termios.CREAD | termios.CLOCAL
    control |= termios.CS8 if table.data_bits == 8 else termios.CS7
    control |= termios.PARENB if table.parity != "none" else 0
    control |= termios.PARODD if table.parity == "odd" else 0
    control |= termios.CSTOPB if table.stop_bits == 2 else 0
    control |= termios.CRTSCTS if table.flow == "rtscts" else 0
    taken = termios.IXON | termios.IXOFF if table.flow == "xonxoff" else 0
    speed = getattr(termios, f"B{known_baud(baud)}")
    characters[termios.VMIN], characters[termios.VTIME] = 1, 0
    attributes = [taken, 0, control, 0, speed, speed, characters]
    termios.tcsetattr(descriptor, termios.TCSANOW, attributes)
    termios.tcflush(descriptor, termios.TCIFLUSH)  # answers to whoever was here before


def _takes_more(descriptor: int) -> bool:
    """The kernel's USB printer device takes more once the last write has gone out."""
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(0))


def _unsent(descriptor: int) -> int:
    """Return how many bytes wait in the kernel."""
    answer = fcntl.ioctl(descriptor, termios.TIOCOUTQ, bytes(4))
    return int.from_bytes(answer, sys.byteorder)


def _close_serial(descriptor: int) -> None:
    # Closing waits for the line to drain, up to 30 s if the printer has stopped it.
    with contextlib.suppress(termios.error, OSError):
        if _unsent(descriptor):
            termios.tcflush(descriptor, termios.TCOFLUSH)
    os.close(descriptor)
