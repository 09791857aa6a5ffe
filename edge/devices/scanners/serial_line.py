"""A scanner at a serial line: a UART, a USB-serial adapter, or USB-COM."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import fcntl
import os
import select
import termios
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from edge.devices.ports import ScannerLost
from edge.devices.profiles import ScannerProfile
from edge.devices.scanners.attached import attached_at
from edge.devices.scanners.frame import Framer, FrameRules, Terminator
from edge.devices.scanners.ssi import SsiReader

if TYPE_CHECKING:
    import serial

READ_BYTES = 4096
ANSWER_WAIT_S_MAX = 1.0
"""For each command of the set-up; a module at 9600 baud answers within 50 ms."""
TRIES = 2
WAKE_S = 0.1
"""How soon a command goes out that somebody asks for while the line is being read."""
_ANSWERS = {"setup_answer", "ack", "nak"}
"""Keys of a profile's commands that nobody gives."""
PARITIES = {"none": "N", "even": "E", "odd": "O"}


class Reader(Protocol):
    """Turns bytes into codes, and says what the scanner is to be answered."""

    idle_s: float

    @property
    def is_waiting(self) -> bool:
        """Whether a silence would mean something."""

    def feed(self, chunk: bytes) -> tuple[list[bytes], bytes]:
        """Return codes and answer."""

    def silence(self) -> tuple[list[bytes], bytes]:
        """Return what the silence has ended, and the answer."""


class LineReader:
    """Codes that end with a line end or a silence, each acknowledged if the profile says so."""

    def __init__(self, rules: FrameRules, ack: bytes) -> None:
        self._framer = Framer(rules)
        self._ack = ack
        self.idle_s = rules.idle_s

    @property
    def is_waiting(self) -> bool:
        """Whether part of a code is held."""
        return self._framer.is_waiting

    def feed(self, chunk: bytes) -> tuple[list[bytes], bytes]:
        """Return the codes that these bytes complete."""
        codes = self._framer.feed(chunk)
        return codes, self._ack * len(codes)

    def silence(self) -> tuple[list[bytes], bytes]:
        """Return what the silence has ended."""
        codes = self._framer.silence()
        return codes, self._ack * len(codes)


def reader_of(profile: ScannerProfile) -> Reader:
    """Return what reads the stream of such a scanner."""
    if profile.frame.protocol == "ssi":
        return SsiReader()
    frame = profile.frame
    rules = FrameRules(
        Terminator(frame.terminator), frame.idle_ms / 1000, frame.strip,
        frame.length_min, frame.length_max,
    )  # fmt: skip
    return LineReader(rules, profile.commands.ack)


class SerialScanner:
    """A scanner behind a serial port that no other program may use meanwhile.

    Args:
        path: Best one below ``/dev/serial/by-id``, which stays the same at another socket.
        baud: Instead of the profile's, if not 0.
    """

    def __init__(self, path: str, profile: ScannerProfile, baud: int = 0) -> None:
        self.path = path
        self.profile = profile
        self._baud = baud or profile.link.baud
        self._port: serial.Serial | None = None
        self._reader = reader_of(profile)
        self._asked: deque[bytes] = deque(maxlen=64)
        self._lock = threading.Lock()

    def attached(self) -> str | None:
        """Name the hardware behind the path."""
        return attached_at(self.path)

    def open(self) -> None:
        """Open the port and set the scanner up."""
        try:
            import serial  # noqa: PLC0415 - a unit without such a scanner needs no pyserial
        except ImportError as exc:
            raise ScannerLost("pyserial is not installed: the extra tearoff[serial]") from exc

        link = self.profile.link
        self._reader = reader_of(self.profile)
        try:
            self._port = serial.Serial(
                self.path, self._baud, bytesize=link.data_bits, parity=PARITIES[link.parity],
                stopbits=link.stop_bits, rtscts=link.flow == "rtscts",
                xonxoff=link.flow == "xonxoff", timeout=0, write_timeout=1.0, exclusive=True,
            )  # fmt: skip
        except (serial.SerialException, OSError, ValueError) as exc:
            raise ScannerLost(why_not_opened(exc, self.path)) from exc
        with contextlib.suppress(OSError):  # where it is not known, the lock above still holds
            fcntl.ioctl(self._port.fileno(), termios.TIOCEXCL)
        self._set_up()
        # What was read before somebody looked is not what is being shown now.
        self._port.reset_input_buffer()

    def read(self, wait_s: float) -> Sequence[bytes]:
        """Return the codes that came."""
        until_s = time.monotonic() + wait_s
        while True:
            self._send_what_is_asked()
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                return []
            quiet_s = self._reader.idle_s if self._reader.is_waiting else min(left_s, WAKE_S)
            chunk = self._chunk(quiet_s)
            if chunk:
                codes, answer = self._reader.feed(chunk)
            elif self._reader.is_waiting:
                codes, answer = self._reader.silence()
            else:
                continue
            if answer:
                self._write(answer)
            if codes:
                return codes

    def close(self) -> None:
        """Let the port go."""
        port, self._port = self._port, None
        if port:
            with contextlib.suppress(OSError):  # it may be unplugged
                port.close()

    def commands(self) -> Mapping[str, tuple[bytes, ...]]:
        """Return what it can be told, by name, as its profile says."""
        found = {
            item.name: getattr(self.profile.commands, item.name)
            for item in dataclasses.fields(self.profile.commands)
            if item.name not in _ANSWERS
        }
        found = {name: c if isinstance(c, tuple) else (c,) for name, c in found.items()}
        return {name: commands for name, commands in found.items() if any(commands)}

    def tell(self, commands: Iterable[bytes]) -> None:
        """Send commands as soon as the port is read; from any thread."""
        with self._lock:
            self._asked.extend(commands)

    def _open_port(self) -> serial.Serial:
        if self._port is None:
            raise ScannerLost("it is not open")
        return self._port

    def _chunk(self, wait_s: float) -> bytes:
        port = self._open_port()
        ready, _, _ = select.select([port.fileno()], [], [], wait_s)
        try:
            return bytes(port.read(READ_BYTES)) if ready else b""
        except OSError as exc:  # pyserial's own words for it are about threads and ports
            raise ScannerLost("it was unplugged, or its line broke") from exc

    def _write(self, data: bytes) -> None:
        port = self._open_port()
        if port.write(data) != len(data):
            raise ScannerLost("it takes no more bytes")

    def _send_what_is_asked(self) -> None:
        while True:
            with self._lock:
                if not self._asked:
                    return
                command = self._asked.popleft()
            self._write(command)

    def _set_up(self) -> None:
        commands = self.profile.commands
        with self._lock:
            self._asked.clear()  # whatever it was, it was meant for the one before
        for number, command in enumerate(commands.setup, start=1):
            for _ in range(TRIES):
                self._write(command)
                if self._is_answered(commands.setup_answer):
                    break
            else:
                told = f"command {number} of {len(commands.setup)} of its set-up"
                raise ScannerLost(f"it does not answer to {told}; is the profile the right one?")

    def _is_answered(self, answer: bytes) -> bool:
        heard = bytearray()
        until_s = time.monotonic() + min(self.profile.link.io_ms / 1000, ANSWER_WAIT_S_MAX)
        while answer not in heard:
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                return False
            heard += self._chunk(left_s)
            del heard[:-READ_BYTES]
        return True


def why_not_opened(exc: Exception, path: str) -> str:
    """Return what an operator can do about a device that cannot be opened."""
    code = getattr(exc, "errno", None)
    if code in {errno.EACCES, errno.EPERM}:
        return "this user may not use it; add him to its group: " + _group_of(path)
    if code in {errno.EBUSY, errno.EAGAIN} or "exclusively lock" in str(exc):
        return "another program has it open"
    if code in {errno.ENOENT, errno.ENODEV, errno.ENXIO}:
        return "there is no such device: is it plugged in?"
    if code == errno.ENOTTY or "Inappropriate ioctl" in str(exc):  # as pyserial says it
        return "no scanner can be there: it is no serial line and no keyboard"
    return os.strerror(code) if code else str(exc)[:120]


def _group_of(path: str) -> str:
    import grp  # noqa: PLC0415

    try:
        return grp.getgrgid(os.stat(path).st_gid).gr_name  # noqa: PTH116
    except (OSError, KeyError):
        return "dialout or input"
