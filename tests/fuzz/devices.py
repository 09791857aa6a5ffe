"""What scanners and printers send: bytes of anybody who can print a code or plug something in."""

from __future__ import annotations

from collections.abc import Callable

from edge.devices.escpos_bytes import escpos_bytes
from edge.devices.paper import Row
from edge.devices.printers.dialects import Epson, Star
from edge.devices.printers.link import Link
from edge.devices.profiles import ScannerProfile, load
from edge.devices.scanners.admit import read_text
from edge.devices.scanners.frame import RAW_BYTES_MAX
from edge.devices.scanners.serial_line import reader_of
from edge.devices.scanners.ssi import DECODE_DATA, packet
from edge.devices.simulated.escpos_commands import Commands
from edge.devices.simulated.escpos_paper import WIDTH_80_MM_DOTS
from edge.devices.simulated.escpos_reader import EscposReader

TOKEN = b"9" * 226


class AnswersLink(Link):
    """A printer that answers the same bytes, a few at a time, whatever it is asked; then nothing.

    Its clock goes on by itself: whoever asks for ever would never end.
    """

    def __init__(self, answers: bytes) -> None:
        self.now_s = 0.0
        super().__init__(self.steady_s)
        self._answers = answers

    def steady_s(self) -> float:
        self.now_s += 0.01
        return self.now_s

    def write(self, data: bytes, wait_s: float) -> None:
        pass

    def read_some(self, wait_s: float) -> bytes | None:
        some, self._answers = self._answers[:5], self._answers[5:]
        return some or None

    def close(self) -> None:
        pass


def epson(answers: bytes) -> None:
    link, dialect = AnswersLink(answers), Epson(1.0)
    dialect.state(link)
    dialect.confirm(link, 1.0)


def star(answers: bytes) -> None:
    link = AnswersLink(answers)
    dialect = Star(1.0, link.steady_s)
    dialect.state(link)
    dialect.confirm(link, 1.0)


def scanner(profile: ScannerProfile) -> Callable[[bytes], None]:
    """Feed what such a scanner sends, cut up anyhow, and what the intake makes of it."""

    def read(data: bytes) -> None:
        reader = reader_of(profile)
        step = 1 + (data[0] if data else 0)
        codes = []
        for at in range(0, len(data), step):
            codes += reader.feed(data[at : at + step])[0]
        codes += reader.silence()[0]
        assert not reader.is_waiting, "nothing is held after a silence"
        for code in codes:
            assert len(code) <= RAW_BYTES_MAX + 1
            text = read_text(code)
            assert all(char.isprintable() or not char.isascii() for char in text)

    return read


def paper(data: bytes) -> None:
    """Print it on the simulated printer, whose page anybody on the machine can feed."""
    commands, reader = Commands(), EscposReader(WIDTH_80_MM_DOTS)
    for command in commands.feed(data):
        reader.take(command)
    commands.end()


def device_parsers() -> dict[str, tuple[tuple[bytes, ...], Callable[[bytes], object]]]:
    """Return seeds and parser by name; none of them refuses anything."""
    gs1 = b"]Q3\x1d0109501101020917" + b"\x1d10ABC123\r"
    rows = [Row("\u91d1\u989d \uffe588.00")]
    printed = escpos_bytes(rows, load("printer", "generic-80-gbk"))
    starred = escpos_bytes(rows, load("printer", "star-line"))
    ssi = packet(DECODE_DATA, b"\x1c" + TOKEN)
    answers = (b"\x12\x12\x00", b"\x23\x86" + bytes(7) + b"\x23\x86" + bytes(5) + b"\x02\x00")
    lines = (TOKEN + b"\r", b"\x02\x00\x00\x01\x00\x33\x31" + TOKEN + b"\r\n", gs1)
    return {
        "scanner of lines": (lines, scanner(load("scanner", "gm65-uart"))),
        "scanner of SSI packets": ((ssi + ssi, ssi[:9]), scanner(load("scanner", "zebra-ssi"))),
        "answers of ESC/POS": (answers, epson),
        "answers of Star": (answers, star),
        "ESC/POS": ((printed, starred), paper),
    }
