"""A small Star printer in Line Mode: what our profile sends is read, anything else is an error.

Written from Star's "Line Mode Command Specifications", apart from the code that it checks.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from edge.devices.simulated.escpos_head import PrintHead, rows_of_columns
from edge.devices.simulated.escpos_paper import Align, Cut, Drawer, Image, Paper, QrCode, TextStyle

WIDTH_DOTS = 576
ASK, COUNT = b"\x1b\x06\x01", b"\x17"


class StarReader:
    """Puts papers together. Raises ValueError for a command that our profile has no use for."""

    def __init__(self) -> None:
        self.head = PrintHead(WIDTH_DOTS)
        self.papers: list[Paper] = []
        self.drawers = 0
        self.times = (1, 1)
        self.spacing_dots = 32
        self.qr = b""
        self.module = 0

    def take(self, data: bytes) -> int:
        """Take complete commands and return how many bytes they were; the rest has not ended."""
        at = 0
        while at < len(data):
            for pattern, act in COMMANDS:
                if found := pattern.match(data, at):
                    end = act(self, found)
                    if end is None or end > len(data):
                        return at
                    at = end
                    break
            else:
                if len(data) - at < 8:
                    return at
                raise ValueError(f"unknown at {at}: {data[at : at + 8].hex()}")
        return at

    def text(self, found: re.Match[bytes]) -> int:
        for byte in found.group():
            style = TextStyle(*self.times)
            self.head.put(chr(byte), (12, 24), style, self.spacing_dots)
        return found.end()

    def line_feed(self, found: re.Match[bytes]) -> int:
        self.head.end_line(self.spacing_dots)
        return found.end()

    def reset(self, found: re.Match[bytes]) -> int:
        self.times, self.spacing_dots, self.head.align = (1, 1), 32, Align.LEFT
        return found.end()

    def size(self, found: re.Match[bytes]) -> int:
        self.times = (found[2][0] + 1, found[1][0] + 1)  # height comes first
        return found.end()

    def align(self, found: re.Match[bytes]) -> int:
        assert self.head.is_at_start
        self.head.align = Align(found[1][0])
        return found.end()

    def three_mm(self, found: re.Match[bytes]) -> int:
        self.spacing_dots = 24
        return found.end()

    def four_mm(self, found: re.Match[bytes]) -> int:
        self.spacing_dots = 32
        return found.end()

    def strip(self, found: re.Match[bytes]) -> int | None:
        width = int.from_bytes(found[1], "little")
        columns = found.string[found.end() : found.end() + 3 * width]
        if len(columns) < 3 * width:
            return None
        assert self.head.put_image(Image(0, width, 24, rows_of_columns(columns, 3)))
        return found.end() + 3 * width

    def qr_set_up(self, found: re.Match[bytes]) -> int:
        assert found[1] in {b"0\x02", b"1\x00"} or found[1][:1] == b"2"
        if found[1][:1] == b"2":
            self.module = found[1][1]
        return found.end()

    def qr_store(self, found: re.Match[bytes]) -> int | None:
        length = int.from_bytes(found[1], "little")
        self.qr = found.string[found.end() : found.end() + length]
        return found.end() + length if len(self.qr) == length else None

    def qr_print(self, found: re.Match[bytes]) -> int:
        assert self.head.is_at_start
        self.head.strips.append(QrCode(self.qr, self.module, "L", self.head.align))
        return found.end()

    def cut(self, found: re.Match[bytes]) -> int:
        self.papers.append(Paper(WIDTH_DOTS, tuple(self.head.strips), (Cut(True, 0),)))
        self.head.strips = []
        return found.end()

    def drawer(self, found: re.Match[bytes]) -> int:
        self.drawers += 1
        return found.end()


Act = Callable[[StarReader, "re.Match[bytes]"], "int | None"]
COMMANDS: list[tuple[re.Pattern[bytes], Act]] = [
    (re.compile(pattern, re.DOTALL), act)
    for pattern, act in (
        (rb"[\x20-\x7e]+", StarReader.text),
        (rb"\n", StarReader.line_feed),
        (rb"\x1b@", StarReader.reset),
        (rb"\x1bi([\x00-\x05])([\x00-\x05])", StarReader.size),
        (rb"\x1b\x1da([\x00-\x02])", StarReader.align),
        (rb"\x1b0", StarReader.three_mm),
        (rb"\x1bz\x01", StarReader.four_mm),
        (rb"\x1bX(..)", StarReader.strip),
        (rb"\x1b\x1dyS(..)", StarReader.qr_set_up),
        (rb"\x1b\x1dyD1\x00(..)", StarReader.qr_store),
        (rb"\x1b\x1dyP", StarReader.qr_print),
        (rb"\x1bd[\x00-\x03]", StarReader.cut),
        (rb"\x07", StarReader.drawer),
    )
]


def read_star(data: bytes) -> StarReader:
    """Read a complete stream."""
    reader = StarReader()
    assert reader.take(data) == len(data), "it ends with a whole command"
    return reader


class StarPrinter:
    """It at a TCP port. ``status`` is bytes 3 to 6 of what it answers; None: it answers nothing."""

    def __init__(self, status: bytes | None = b"\x00\x00\x00\x00", *, counts: bool = True) -> None:
        self.status = status
        self.counts = counts
        self.count = 0
        self.reader = StarReader()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with connection:
                    self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        waiting = b""
        while data := connection.recv(4096):
            waiting += data
            while waiting:
                if waiting.startswith(ASK):
                    waiting = waiting[len(ASK) :]
                    if self.status is not None:
                        count = bytes([self.count])
                        connection.sendall(b"\x0f\x06" + self.status + b"\x00" + count)
                elif waiting.startswith(COUNT):
                    waiting = waiting[1:]
                    self.count += 2 * self.counts
                elif taken := self.reader.take(waiting.partition(ASK)[0].partition(COUNT)[0]):
                    waiting = waiting[taken:]
                else:
                    break


def opened(reader: StarReader) -> list[Drawer]:
    """The drawers that it opened."""
    return [Drawer(2, 0, 0)] * reader.drawers
