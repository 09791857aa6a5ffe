"""The wire to a printer: TCP, a serial line, or the kernel's USB printer device.

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
from typing import NamedTuple, Self
from urllib.parse import parse_qsl

from edge.devices.profiles.model import Link as LinkTable
from edge.errors import ConfigInvalid

FORMS = "tcp://HOST:PORT, serial:/dev/PATH, serial:/dev/PATH?baud=115200 or usb:/dev/usb/lp0"
READ_BYTES = 64
_BAUDS = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)
_EMPTY_PAUSE_S = 0.02
"""A USB printer may say that there is an answer and then give none."""


class Address(NamedTuple):
    """Where a printer is.

    Args:
        kind: ``tcp``, ``serial`` or ``usb``.
        at: Host, or path of a device.
        port: TCP port; 0 for the others.
        baud: Bits a second; None for what the profile says.
    """

    kind: str
    at: str
    port: int = 0
    baud: int | None = None


def parse_address(text: str) -> Address:
    """Return the address that a setting names.

    Raises:
        ConfigInvalid: it is none; the message names the forms there are.
    """
    kind, colon, rest = text.partition(":")
    if kind == "tcp":
        return Address("tcp", *parse_tcp(text))
    if not colon or kind not in {"serial", "usb"}:
        raise ConfigInvalid(f"a printer is at {FORMS}, not {text!r}")
    path, _, query = rest.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    baud = options.pop("baud", None) if kind == "serial" else None
    if options or not path.startswith("/") or not path.isprintable():
        raise ConfigInvalid(f"a printer is at {FORMS}, not {text!r}")
    if baud is not None and (not baud.isascii() or not baud.isdecimal() or len(baud) > 7):
        raise ConfigInvalid(f"baud is a number, not {baud!r}")
    return Address(kind, path, 0, None if baud is None else _known_baud(int(baud)))


def parse_tcp(url: str) -> tuple[str, int]:
    """Return host and port of ``tcp://HOST:PORT``; ConfigInvalid for anything else."""
    host, _, port = url.removeprefix("tcp://").rpartition(":")
    host = host.strip("[]")
    if not (url.startswith("tcp://") and _is_host(host) and _is_port(port)):
        raise ConfigInvalid(f"a printer is at tcp://HOST:PORT, not {url!r}")
    return host, int(port)


class Link:
    """An open wire. Not for several threads.

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
        self._descriptor = descriptor
        self._close = close
        self._steady_s = steady_s
        self._ends_with_nothing = ends_with_nothing
        self._bytes_per_s = bytes_per_s
        self._is_empty = is_empty

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close it; what the kernel still holds for a printer that takes nothing is dropped."""
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
            time.sleep(_EMPTY_PAUSE_S)
        return True

    def transfer_s(self, count: int) -> float:
        """Return how long so many bytes are on their way after they were written."""
        return count / self._bytes_per_s if self._bytes_per_s else 0.0

    def write(self, data: bytes, wait_s: float) -> None:
        """Write all of it.

        Raises:
            TimeoutError: the other end took only a part within the time.
            OSError: it has gone.
        """
        deadline = self._steady_s() + wait_s
        at = 0
        while at < len(data):
            self._wait(select.POLLOUT, deadline)
            with contextlib.suppress(BlockingIOError):
                at += os.write(self._descriptor, data[at:])

    def read(self, is_answer: Callable[[int], bool], wait_s: float) -> int | None:
        """Return the first byte that is an answer; None if there is none within the time.

        Raises:
            OSError: the other end has gone.
        """
        deadline = self._steady_s() + wait_s
        while (left := deadline - self._steady_s()) > 0:
            data = self.read_some(left)
            if data is None:
                return None
            for byte in data:
                if is_answer(byte):
                    return byte
        return None

    def read_some(self, wait_s: float) -> bytes | None:
        """Return what comes next; None if nothing comes within the time.

        Raises:
            OSError: the other end has gone.
        """
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
            time.sleep(_EMPTY_PAUSE_S)

    def _wait(self, event: int, deadline: float) -> None:
        poll = select.poll()
        poll.register(self._descriptor, event)
        left_ms = (deadline - self._steady_s()) * 1000
        events = poll.poll(max(0.0, left_ms)) if left_ms > 0 else []
        if not events:
            raise TimeoutError("the printer takes nothing" if event == select.POLLOUT else "")
        if events[0][1] & (select.POLLERR | select.POLLNVAL):
            raise ConnectionError("the line to the printer broke")


def open_link(
    address: Address, table: LinkTable, steady_s: Callable[[], float] = time.monotonic
) -> Link:
    """Open the wire to a printer, for this process alone where the system can do that.

    Raises:
        OSError: nobody is there, or somebody else has it.
    """
    if address.kind == "tcp":
        return _tcp(address, table, steady_s)
    flags = os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(address.at, flags)
    try:
        if address.kind == "serial":
            baud = address.baud or table.baud
            _set_up_serial(descriptor, baud, table)
        elif not stat.S_ISCHR(os.fstat(descriptor).st_mode):
            raise OSError(0, "it is no device")
    except termios.error as exc:
        os.close(descriptor)
        raise OSError(exc.args[0], "it is no serial line") from exc
    except BaseException:
        os.close(descriptor)
        raise
    if address.kind == "usb":
        return Link(
            descriptor, lambda: os.close(descriptor), steady_s, ends_with_nothing=False,
            is_empty=lambda: _takes_more(descriptor),
        )  # fmt: skip
    bits = 1 + table.data_bits + (table.parity != "none") + table.stop_bits
    return Link(
        descriptor, lambda: _close_serial(descriptor), steady_s, bytes_per_s=baud / bits,
        is_empty=lambda: _unsent(descriptor) == 0,
    )  # fmt: skip


def _tcp(address: Address, table: LinkTable, steady_s: Callable[[], float]) -> Link:
    connection = socket.create_connection((address.at, address.port), table.connect_ms / 1000)
    connection.settimeout(0)
    return Link(connection.fileno(), connection.close, steady_s)


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
    speed = getattr(termios, f"B{_known_baud(baud)}")
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


def _known_baud(baud: int) -> int:
    if baud not in _BAUDS:
        raise ConfigInvalid(f"baud is one of {', '.join(map(str, _BAUDS))}, not {baud}")
    return baud


def _is_host(text: str) -> bool:
    try:
        text.encode("idna")  # as the socket will
    except UnicodeError:
        return False
    return text != "" and text.isprintable() and " " not in text


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 5 and 1 <= int(text) <= 65535
