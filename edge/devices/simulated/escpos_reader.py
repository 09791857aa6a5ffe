"""An ESC/POS printer without the printer: bytes in, papers and events out. Pure.

It obeys what our receipts and common producers use, and reports everything else: a reader that
skips what it does not know would call a receipt good that no printer prints. Where makes differ
it is the strictest of them: Chinese mode is off until FS &, ESC ! leaves hanzi alone, and what
Epson obeys only at the start of a line (images, codes, cuts, ESC a) is reported anywhere else.

Not here: page mode, user-defined characters, stored graphics, two colours.

Source: Epson's "ESC/POS Command Reference"; FS commands as GBK printers have them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from edge.devices.simulated.code128 import modules, read_code128
from edge.devices.simulated.escpos_commands import (
    OUT_OF_RANGE,
    TEXT,
    UNKNOWN,
    Command,
    Commands,
    gbk_character,
    is_gbk_trail,
    one_byte_character,
)
from edge.devices.simulated.escpos_head import PrintHead, rows_of_columns
from edge.devices.simulated.escpos_paper import (
    HALF_CELL_DOTS,
    HANZI_CELL_DOTS,
    WIDTH_80_MM_DOTS,
    Align,
    Barcode,
    BufferCleared,
    Cut,
    Drawer,
    Event,
    Image,
    Paper,
    QrCode,
    Recovery,
    StatusKind,
    StatusRequest,
    UnknownCommand,
)
from edge.devices.simulated.escpos_settings import SETTINGS, Settings

HEX_BYTES_MAX = 32
"""Bytes of an unknown command that are reported."""

NO_CHARACTER = "there is no such character in the code page in force"
HALF_A_CHARACTER = "the second half of a Chinese character is missing"
NOT_AT_START = "a printer does this only at the start of a line"
TOO_WIDE = "this is wider than the paper"
NOTHING_STORED = "no content was stored to print"

_CELLS = {0: (HALF_CELL_DOTS, 24), 1: (9, 17)}
_HANZI_CELL = (HANZI_CELL_DOTS, 24)
_REPLACEMENT = "\ufffd"
_CLEAR_BUFFERS = bytes([8, 1, 3, 20, 1, 6, 2, 8])

# Commands that put nothing on paper.
_EVENTS: Mapping[str, Callable[[bytes], Event]] = {
    "DLE ENQ": lambda o: Recovery(o[0]),
    "DLE EOT": lambda o: StatusRequest(StatusKind.REAL_TIME, o[0]),
    "ESC p": lambda o: Drawer(5 if o[0] & 1 else 2, o[1] * 2, o[2] * 2),
    "GS a": lambda o: StatusRequest(StatusKind.AUTOMATIC, o[0]),
    "GS r": lambda o: StatusRequest(StatusKind.IN_TURN, o[0] & 3),
}


class Reading(NamedTuple):
    """All of a stream: what was cut off, what still hangs in the printer, all that happened."""

    papers: list[Paper]
    rest: Paper
    events: list[Event]


def read(data: bytes, width_dots: int = WIDTH_80_MM_DOTS) -> Reading:
    """Read a complete stream; a command that its end cuts short is reported too."""
    reader = EscposReader(width_dots)
    events = reader.feed(data) + reader.end()
    return Reading(reader.papers, reader.open_paper, events)


class EscposReader:
    """The state of a printer between bytes. The result is the same in whatever pieces they come.

    Never raises, whatever the bytes are.

    Args:
        width_dots: Printable dots across: 384 for 58 mm paper, 576 for 80 mm.

    Attributes:
        papers: What was cut off, oldest first. The caller may take papers out.
    """

    def __init__(self, width_dots: int = WIDTH_80_MM_DOTS) -> None:
        self.papers: list[Paper] = []
        self._commands = Commands()
        self._settings = Settings()
        self._head = PrintHead(width_dots)
        self._lead: tuple[int, int] | None = None
        self._paper_events: list[Event] = []
        self._new_events: list[Event] = []

    @property
    def open_paper(self) -> Paper:
        """What was printed after the last cut. A line not ended yet is not on it."""
        head = self._head
        return Paper(head.width_dots, tuple(head.strips), tuple(self._paper_events))

    def feed(self, data: bytes) -> list[Event]:
        """Take the next bytes and return what happened, in order."""
        return [event for command in self._commands.feed(data) for event in self.take(command)]

    def end(self) -> list[Event]:
        """Say that no more bytes come: a command or character cut short is reported."""
        begun = self._commands.end()
        events = self.take(begun) if begun else []
        if self._lead is not None:
            self._report_half_character()
        return events + self._take_new_events()

    def take(self, command: Command) -> list[Event]:
        """Obey one command and return what happened; for callers that cut the stream themselves.

        Real-time commands may be taken between any two others.
        """
        if self._lead is not None and command.name != TEXT and not command.is_real_time:
            self._report_half_character()
        if command.name == TEXT:
            self._print_characters(command)
        elif command.name in SETTINGS:
            names, value_of = SETTINGS[command.name]
            for name in names:
                setattr(self._settings, name, value_of(command.operands))
        elif command.name in _EVENTS:
            self._happen(_EVENTS[command.name](command.operands))
        else:
            why = command.why if command.name == UNKNOWN else _ACTIONS[command.name](self, command)
            if why:
                self._report(command.offset, command.raw, why)
        return self._take_new_events()

    def forget(self) -> None:
        """Be as after power-on: settings and what is not on paper are gone, the paper stays."""
        self._commands = Commands()
        self._initialise()

    def tear_off(self) -> None:
        """End the paper that hangs out of the printer without a cut."""
        self.papers.append(self.open_paper)
        self._head.strips, self._paper_events = [], []

    def _print_characters(self, command: Command) -> None:
        for offset, byte in enumerate(command.operands, command.offset):
            if self._lead is not None and is_gbk_trail(byte):
                self._print_two_bytes(byte)
                continue
            if self._lead is not None:
                self._report_half_character()
            if self._settings.is_chinese and byte > 0x80:
                self._lead = (offset, byte)
            else:
                self._print_one_byte(offset, byte)

    def _print_two_bytes(self, trail: int) -> None:
        assert self._lead is not None
        (offset, lead), self._lead = self._lead, None
        char = gbk_character(lead, trail)
        if char is None:
            self._report(offset, bytes([lead, trail]), NO_CHARACTER)
        self._put(char, is_hanzi=True)

    def _print_one_byte(self, offset: int, byte: int) -> None:
        s = self._settings
        char = None
        if byte != 0x80 or not s.is_chinese:
            char = one_byte_character(byte, s.code_page, s.national_set)
        if char is None:
            self._report(offset, bytes([byte]), NO_CHARACTER)
        self._put(char, is_hanzi=False)

    def _report_half_character(self) -> None:
        assert self._lead is not None
        (offset, lead), self._lead = self._lead, None
        self._report(offset, bytes([lead]), HALF_A_CHARACTER)
        self._put(None, is_hanzi=True)

    def _put(self, char: str | None, *, is_hanzi: bool) -> None:
        s = self._settings
        cell = _HANZI_CELL if is_hanzi else _CELLS[s.font]
        style = s.style(is_hanzi=is_hanzi)
        self._head.put(char or _REPLACEMENT, cell, style, s.line_spacing_dots)

    def _go_to_start(self) -> str | None:
        """End the line if there is one, so that nothing is lost; return what to report of it."""
        if self._head.is_at_start:
            return None
        self._head.end_line(self._settings.line_spacing_dots)
        return NOT_AT_START

    def _initialise(self) -> None:
        self._lead = None
        self._settings = Settings()
        self._head.drop_line()
        self._head.align = Align.LEFT

    def _happen(self, event: Event) -> None:
        self._paper_events.append(event)
        self._new_events.append(event)

    def _report(self, offset: int, raw: bytes, why: str) -> None:
        more = "…" if len(raw) > HEX_BYTES_MAX else ""
        self._happen(UnknownCommand(offset, raw[:HEX_BYTES_MAX].hex() + more, why))

    def _take_new_events(self) -> list[Event]:
        events, self._new_events = self._new_events, []
        return events

    # What follows obeys one command each and returns None, or why it cannot be obeyed as it is.

    def _do_nothing(self, _: Command) -> None:
        """CR: a printer whose line ends with LF ignores it."""

    def _do_line_feed(self, _: Command) -> None:
        self._head.end_line(self._settings.line_spacing_dots)

    def _do_form_feed(self, _: Command) -> None:
        # Without page mode and black marks there is no form to feed to, only a line to print.
        if not self._head.is_at_start:
            self._head.end_line(self._settings.line_spacing_dots)

    def _do_tab(self, _: Command) -> None:
        self._head.tab()

    def _do_cancel(self, _: Command) -> None:
        # Epson has CAN in page mode only; in line mode it drops the line where it does anything.
        self._head.drop_line()

    def _do_initialise(self, _: Command) -> None:
        self._initialise()

    def _do_feed_lines(self, command: Command) -> None:
        self._head.feed(command.operands[0] * self._settings.line_spacing_dots)

    def _do_feed_dots(self, command: Command) -> None:
        self._head.feed(command.operands[0])

    def _do_align(self, command: Command) -> str | None:
        if not self._head.is_at_start:
            return NOT_AT_START
        self._head.align = Align(command.operands[0] & 3)
        return None

    def _do_print_mode(self, command: Command) -> None:
        n, s = command.operands[0], self._settings
        s.font = n & 1
        s.is_emphasised = bool(n & 0x08)
        s.times = (2 if n & 0x20 else 1, 2 if n & 0x10 else 1)
        s.underline_dots = 1 if n & 0x80 else 0

    def _do_hanzi_mode(self, command: Command) -> None:
        n, s = command.operands[0], self._settings
        s.hanzi_times = (2 if n & 0x04 else 1, 2 if n & 0x08 else 1)
        s.hanzi_underline_dots = 1 if n & 0x80 else 0

    def _do_code_page(self, command: Command) -> None:
        # 255 is a page the user defined; a printer that has none keeps the page it is in.
        if command.operands[0] != 255:
            self._settings.code_page = command.operands[0]

    def _do_raster_image(self, command: Command) -> str | None:
        m, bits = command.operands[0] & 3, command.operands[5:]
        row_bytes = int.from_bytes(command.operands[1:3], "little")
        height = int.from_bytes(command.operands[3:5], "little")
        if not bits:
            return OUT_OF_RANGE
        misplaced = self._go_to_start()
        image = Image(0, row_bytes * 8, height, bits, 2 if m & 1 else 1, 2 if m & 2 else 1)
        x = self._head.align.x(image.end, self._head.width_dots)
        self._head.strips.append(image._replace(x=x))
        return TOO_WIDE if image.end > self._head.width_dots else misplaced

    def _do_column_image(self, command: Command) -> str | None:
        m, columns = command.operands[0], command.operands[3:]
        if not columns:
            return OUT_OF_RANGE
        # Eight dots high uses every third row of the head, single density every second column.
        column_bytes, y_times = (3, 1) if m in {32, 33} else (1, 3)
        bits = rows_of_columns(columns, column_bytes)
        width, x_times = len(columns) // column_bytes, 1 if m in {1, 33} else 2
        image = Image(0, width, column_bytes * 8, bits, x_times, y_times)
        return None if self._head.put_image(image) else TOO_WIDE

    def _do_qr(self, command: Command) -> str | None:
        function, operands = command.operands[3:5], command.operands[5:]
        if function == b"1P":  # 80: store
            if operands[:1] != b"0" or not 2 <= len(operands) <= 7090:
                return OUT_OF_RANGE
            self._settings.qr_data = operands[1:]
        elif function == b"1Q":  # 81: print
            return self._print_qr() if operands == b"0" else OUT_OF_RANGE
        elif function == b"1C" and len(operands) == 1 and 1 <= operands[0] <= 16:  # 67: module
            self._settings.qr_module_dots = operands[0]
        elif function == b"1E" and len(operands) == 1 and operands in b"0123":  # 69: error level
            self._settings.qr_level = "LMQH"[int(operands)]
        elif (function, operands) != (b"1A", b"2\x00"):  # 65: model 2 is the only one drawn
            return OUT_OF_RANGE
        return None

    def _print_qr(self) -> str | None:
        s = self._settings
        if not s.qr_data:
            return NOTHING_STORED
        misplaced = self._go_to_start()
        code = QrCode(s.qr_data, s.qr_module_dots, s.qr_level, self._head.align)
        self._head.strips.append(code)
        return misplaced

    def _do_barcode(self, command: Command) -> str | None:
        s = self._settings
        try:
            content, values = read_code128(command.operands[2:])
        except ValueError as exc:
            return str(exc)
        width = len(modules(values)) * s.bar_module_dots
        if width > self._head.width_dots:
            return TOO_WIDE
        misplaced = self._go_to_start()
        barcode = Barcode(
            x=self._head.align.x(width, self._head.width_dots),
            content=content,
            values=values,
            module_dots=s.bar_module_dots,
            bar_dots=s.bar_dots,
            legend_above=bool(s.legend & 1),
            legend_below=bool(s.legend & 2),
            legend_cell=_CELLS[s.legend_font],
        )
        self._head.strips.append(barcode)
        return misplaced

    def _do_cut(self, command: Command) -> None:
        misplaced = self._go_to_start()
        if misplaced:
            self._report(command.offset, command.raw, misplaced)
        m, feed_dots = command.raw[2:3], sum(command.operands[1:])
        self._head.feed(feed_dots)
        self._happen(Cut(is_partial=m not in {b"\x00", b"0", b"A"}, feed_dots=feed_dots))
        self.tear_off()

    def _do_at_once(self, command: Command) -> str | None:
        if command.operands == _CLEAR_BUFFERS:
            self._lead = None
            self._head.drop_line()
            self._happen(BufferCleared())
            return None
        function, m, time = command.operands[:3]
        if function != 1 or m > 1 or not 1 <= time <= 8:
            return OUT_OF_RANGE
        self._happen(Drawer(5 if m else 2, time * 100, time * 100))
        return None


_ACTIONS: Mapping[str, Callable[[EscposReader, Command], str | None]] = {
    "CAN": EscposReader._do_cancel,
    "CR": EscposReader._do_nothing,
    "DLE DC4": EscposReader._do_at_once,
    "ESC !": EscposReader._do_print_mode,
    "ESC *": EscposReader._do_column_image,
    "ESC @": EscposReader._do_initialise,
    "ESC J": EscposReader._do_feed_dots,
    "ESC a": EscposReader._do_align,
    "ESC d": EscposReader._do_feed_lines,
    "ESC i": EscposReader._do_cut,
    "ESC m": EscposReader._do_cut,
    "ESC t": EscposReader._do_code_page,
    "FF": EscposReader._do_form_feed,
    "FS !": EscposReader._do_hanzi_mode,
    "GS (": EscposReader._do_qr,
    "GS V": EscposReader._do_cut,
    "GS k": EscposReader._do_barcode,
    "GS v 0": EscposReader._do_raster_image,
    "HT": EscposReader._do_tab,
    "LF": EscposReader._do_line_feed,
    "NUL": EscposReader._do_nothing,
}
