"""An ESC/POS printer at a TCP port, asked before and after whether it prints.

A socket that took the bytes says nothing about paper. So the printer is asked for its state
first, and at the end for a status that it answers only once everything before it was processed
(``GS r 1``). Every step has a deadline.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence

from edge.devices.escpos_bytes import escpos_bytes
from edge.devices.paper import Row
from edge.devices.ports import Outcome, Printed, PrinterState
from edge.devices.profiles import PrinterProfile
from edge.errors import ConfigInvalid

CHUNK_BYTES = 512
"""Small enough that a printer which stops is noticed within one chunk."""

_ASK_OFFLINE = b"\x10\x04\x02"  # DLE EOT 2: why it is off line
_ASK_PAPER = b"\x10\x04\x04"  # DLE EOT 4: the paper sensors
_ASK_DONE = b"\x1dr\x01"  # GS r 1: answered in order with the data

_OFFLINE_BITS = (
    (0x04, PrinterState.COVER_OPEN),
    (0x20, PrinterState.PAPER_END),
    (0x40, PrinterState.ERROR),
)
_PAPER_BITS = ((0x60, PrinterState.PAPER_END), (0x0C, PrinterState.PAPER_LOW))


class EscposPrinter:
    """A printer at ``tcp://host:port``. Opens a connection for each paper and closes it.

    Args:
        steady_s: Reads a steady counter of seconds, for the deadlines.
    """

    def __init__(
        self,
        host: str,
        port: int,
        profile: PrinterProfile,
        steady_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.columns = profile.columns
        self._address = (host, port)
        self._profile = profile
        self._steady_s = steady_s

    def state(self) -> PrinterState:
        """Ask the printer how it is.

        Of one that by its profile never answers, more than that it is there cannot be known.
        """
        try:
            with self._connect() as connection:
                return self._state(connection) if self._profile.answers else PrinterState.READY
        except OSError:
            return PrinterState.UNREACHABLE

    def print(self, rows: Sequence[Row]) -> Outcome:
        """Put rows on paper and wait until the printer says that it has."""
        body = escpos_bytes(rows, self._profile)
        try:
            connection = self._connect()
        except OSError:
            return Outcome(Printed.NOTHING_WRITTEN, PrinterState.UNREACHABLE)
        with connection:
            if self._profile.answers:
                try:
                    state = self._state(connection)
                except OSError:
                    state = PrinterState.UNREACHABLE
                if not state.can_print:
                    return Outcome(Printed.NOTHING_WRITTEN, state)
            return self._send(connection, body)

    def _send(self, connection: socket.socket, body: bytes) -> Outcome:
        try:
            for at in range(0, len(body), CHUNK_BYTES):
                connection.sendall(body[at : at + CHUNK_BYTES])
            if not self._profile.answers:
                return Outcome(Printed.SENT)
            connection.sendall(_ASK_DONE)
            answer = self._read(connection, lambda b: b & 0x90 == 0)
        except OSError as exc:
            return Outcome(Printed.UNCERTAIN, f"the connection broke: {exc.strerror or exc}")
        if answer is None:
            return Outcome(Printed.UNCERTAIN, "the printer did not say that it was done")
        return Outcome(Printed.CONFIRMED)

    def _state(self, connection: socket.socket) -> PrinterState:
        # A status byte of DLE EOT has these bits fixed; anything else is not an answer.
        def is_status(byte: int) -> bool:
            return byte & 0x93 == 0x12

        connection.sendall(_ASK_OFFLINE)
        offline = self._read(connection, is_status)
        if offline is None:
            return PrinterState.UNKNOWN
        for bits, state in _OFFLINE_BITS:
            if offline & bits:
                return state
        connection.sendall(_ASK_PAPER)
        paper = self._read(connection, is_status)
        if paper is None:
            return PrinterState.UNKNOWN
        return next((state for bits, state in _PAPER_BITS if paper & bits), PrinterState.READY)

    def _read(self, connection: socket.socket, is_answer: Callable[[int], bool]) -> int | None:
        """Return the first byte that is an answer, None if none comes within the deadline."""
        deadline = self._steady_s() + self._profile.io_ms / 1000
        while (left := deadline - self._steady_s()) > 0:
            connection.settimeout(left)
            try:
                data = connection.recv(64)
            except TimeoutError:
                return None
            if not data:
                raise ConnectionError("closed by the printer")
            for byte in data:
                if is_answer(byte):
                    return byte
        return None

    def _connect(self) -> socket.socket:
        connection = socket.create_connection(self._address, self._profile.connect_ms / 1000)
        connection.settimeout(self._profile.io_ms / 1000)
        return connection


def parse_tcp(url: str) -> tuple[str, int]:
    """Return host and port of ``tcp://HOST:PORT``; ConfigInvalid for anything else."""
    host, _, port = url.removeprefix("tcp://").rpartition(":")
    host = host.strip("[]")
    if not (url.startswith("tcp://") and _is_host(host) and _is_port(port)):
        raise ConfigInvalid(f"a printer is at tcp://HOST:PORT, not {url!r}")
    return host, int(port)


def _is_host(text: str) -> bool:
    try:
        text.encode("idna")  # as the socket will
    except UnicodeError:
        return False
    return text != "" and text.isprintable() and " " not in text


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 5 and 1 <= int(text) <= 65535
