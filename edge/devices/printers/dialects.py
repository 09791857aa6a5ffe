"""How a printer is asked whether it can print, and whether it has: by the dialect it answers.

A socket that took the bytes says nothing about paper. So the printer is asked first, and at the
end for something that it answers only once everything before it was processed.

Sources: Epson's "ESC/POS Command Reference" (DLE EOT, GS r); Star's "Line Mode Command
Specifications" (ESC ACK SOH, ETB, Automatic Status Back).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from edge.devices.ports import PrinterState
from edge.devices.printers.link import Link
from edge.devices.profiles import PrinterProfile


class Dialect(Protocol):
    """Questions to a printer at an open link. A method may raise OSError: it has gone."""

    def state(self, link: Link) -> PrinterState:
        """Return how it is; UNKNOWN if it does not answer in time."""

    def confirm(self, link: Link, wait_s: float) -> bool:
        """Ask for the sign that all before was processed; say whether it came in time."""


def dialect_of(profile: PrinterProfile, steady_s: Callable[[], float]) -> Dialect | None:
    """Return the dialect of a profile; None for a printer that answers nothing."""
    io_s = profile.link.io_ms / 1000
    match profile.status_query.dialect:
        case "epson":
            return Epson(io_s)
        case "star":
            return Star(io_s, steady_s)
        case _:
            return None


class Epson:
    """ESC/POS: DLE EOT before, GS r after."""

    _ASK_OFFLINE = b"\x10\x04\x02"  # DLE EOT 2: why it is off line
    _ASK_PAPER = b"\x10\x04\x04"  # DLE EOT 4: the paper sensors
    _ASK_DONE = b"\x1dr\x01"  # GS r 1: answered in order with the data
    _OFFLINE_BITS = (
        (0x04, PrinterState.COVER_OPEN),
        (0x20, PrinterState.PAPER_END),
        (0x40, PrinterState.ERROR),
    )
    _PAPER_BITS = ((0x60, PrinterState.PAPER_END), (0x0C, PrinterState.PAPER_LOW))

    def __init__(self, io_s: float) -> None:
        self._io_s = io_s

    def state(self, link: Link) -> PrinterState:
        """Ask why it is off line, then for its paper."""
        offline = self._ask(link, self._ASK_OFFLINE)
        if offline is None:
            return PrinterState.UNKNOWN
        for bits, state in self._OFFLINE_BITS:
            if offline & bits:
                return state
        paper = self._ask(link, self._ASK_PAPER)
        if paper is None:
            return PrinterState.UNKNOWN
        return next((state for bits, state in self._PAPER_BITS if paper & bits), PrinterState.READY)

    def confirm(self, link: Link, wait_s: float) -> bool:
        """Ask for the status that is answered in turn."""
        link.write(self._ASK_DONE, self._io_s)
        return link.read(lambda byte: byte & 0x90 == 0, wait_s) is not None

    def _ask(self, link: Link, question: bytes) -> int | None:
        link.write(question, self._io_s)
        # A status byte of DLE EOT has these bits fixed; anything else is not an answer.
        return link.read(lambda byte: byte & 0x93 == 0x12, self._io_s)


class Star:
    """Star Line Mode: the real-time status before; after the body an ETB, which it counts.

    The count stands in the status, so it is asked again until the count is another one.
    """

    _ASK = b"\x1b\x06\x01"  # ESC ACK SOH
    _COUNT = b"\x17"  # ETB: counted when everything before it was processed
    _LENGTH_MIN = 8
    _ASK_AGAIN_S = 0.25

    def __init__(self, io_s: float, steady_s: Callable[[], float]) -> None:
        self._io_s = io_s
        self._steady_s = steady_s
        self._count: int | None = None

    def state(self, link: Link) -> PrinterState:
        """Ask for the status, and remember its count."""
        status = self._ask(link, self._io_s)
        if status is None:
            return PrinterState.UNKNOWN
        self._count = status[7]
        return _star_state(status)

    def confirm(self, link: Link, wait_s: float) -> bool:
        """Send what it counts, and ask until it has."""
        deadline = self._steady_s() + wait_s
        link.write(self._COUNT, self._io_s)
        while (left := deadline - self._steady_s()) > 0:
            status = self._ask(link, min(left, self._ASK_AGAIN_S))
            if status and status[7] != self._count:
                return True
        return False

    def _ask(self, link: Link, wait_s: float) -> bytes | None:
        link.write(self._ASK, self._io_s)
        deadline = self._steady_s() + wait_s
        status = b""
        while (left := deadline - self._steady_s()) > 0:
            data = link.read_some(left)
            if data is None:
                return None
            status += data
            while status and not _is_star_header(status[0]):
                status = status[1:]
            if len(status) >= max(self._LENGTH_MIN, _star_length(status)):
                return status
        return None


def _is_star_header(byte: int) -> bool:
    return byte & 0x91 == 0x01


def _star_length(status: bytes) -> int:
    """Return the length that the first byte of a status tells: its bits 3 to 1, and 5 to it."""
    return (status[0] >> 2 & 0x08 | status[0] >> 1 & 0x07) if status else 0


def _star_state(status: bytes) -> PrinterState:
    if status[2] & 0x20:
        return PrinterState.COVER_OPEN
    if status[5] & 0x08:
        return PrinterState.PAPER_END
    if status[3] & 0x2C or status[4] & 0x0A:
        return PrinterState.ERROR
    return PrinterState.PAPER_LOW if status[5] & 0x04 else PrinterState.READY
