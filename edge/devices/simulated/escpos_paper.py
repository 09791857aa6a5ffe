"""What comes out of a printer: strips of paper with everything at its dot, and what happened.

A strip is as wide as the paper; the next one lies below it. Lengths are in dots (203 dpi: 8 dots
are a millimetre). Values only: ``escpos_reader`` makes them, ``paper_picture`` draws them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NamedTuple

WIDTH_58_MM_DOTS = 384
WIDTH_80_MM_DOTS = 576

HALF_CELL_DOTS = 12
"""Width of a character of font A, and of one blank in ``Paper.text``."""
HANZI_CELL_DOTS = 24


class Align(IntEnum):
    """Where a strip's content stands on the paper."""

    LEFT = 0
    CENTRE = 1
    RIGHT = 2

    def x(self, content_dots: int, paper_dots: int) -> int:
        """Return where the content begins; 0 if it is wider than the paper."""
        return max(0, paper_dots - content_dots) * self // 2


class TextStyle(NamedTuple):
    """How characters look. ``x_times`` and ``y_times`` are 1 to 8."""

    x_times: int = 1
    y_times: int = 1
    bold: bool = False
    underline_dots: int = 0
    reverse: bool = False


class TextRun(NamedTuple):
    """Characters of one style, each in a cell of the same width.

    Args:
        x: Left edge of the first cell.
        cell_width: One character's width with its multiplier; ``cell_height`` likewise.
    """

    x: int
    text: str
    cell_width: int
    cell_height: int
    style: TextStyle

    @property
    def end(self) -> int:
        """The x of whatever comes next."""
        return self.x + len(self.text) * self.cell_width


class Image(NamedTuple):
    """A picture as it was sent.

    Args:
        bits: Rows from the top, each ``(width + 7) // 8`` bytes; the highest bit is the leftmost
            dot, 1 is black.
        x_times: How many printed dots wide each dot is; ``y_times`` how many high.
    """

    x: int
    width: int
    height: int
    bits: bytes
    x_times: int = 1
    y_times: int = 1

    @property
    def end(self) -> int:
        """The x of whatever comes next."""
        return self.x + self.width * self.x_times

    @property
    def height_dots(self) -> int:
        """Its height on paper."""
        return self.height * self.y_times

    @property
    def text(self) -> str:
        """What stands in the plain text for it."""
        return f"[Image {self.width * self.x_times}x{self.height_dots}]"


class Line(NamedTuple):
    """A printed line.

    Args:
        x: Where it begins; items may begin later, after a tabulator.
        ascent: All items stand on the same bottom, this many dots below the top of the strip.
    """

    x: int
    items: tuple[TextRun | Image, ...]
    ascent: int
    height_dots: int

    @property
    def text(self) -> str:
        """The characters; a gap that a tabulator left is filled with blanks."""
        text, x = "", self.x
        for item in self.items:
            text += " " * ((item.x - x) // HALF_CELL_DOTS) + item.text
            x = item.end
        return text


class Feed(NamedTuple):
    """Blank paper."""

    height_dots: int


class QrCode(NamedTuple):
    """A QR code (model 2). How large it gets is known once it is drawn.

    Args:
        level: Error correction, one of L, M, Q, H.
    """

    data: bytes
    module_dots: int
    level: str
    align: Align

    @property
    def text(self) -> str:
        """``[QR]`` and the content: UTF-8, or Latin-1 if it is not UTF-8."""
        try:
            return f"[QR] {self.data.decode()}"
        except UnicodeDecodeError:
            return f"[QR] {self.data.decode('latin-1')}"


class Barcode(NamedTuple):
    """A Code 128 symbol.

    Args:
        content: What a scanner reads.
        values: Symbol values with start, check and stop (``code128``).
        legend_above: Whether the content is printed above the bars; ``legend_below`` likewise.
        legend_cell: Width and height of one character of the legend.
    """

    x: int
    content: str
    values: tuple[int, ...]
    module_dots: int
    bar_dots: int
    legend_above: bool
    legend_below: bool
    legend_cell: tuple[int, int]

    @property
    def text(self) -> str:
        """``[Code128]`` and the content."""
        return f"[Code128] {self.content}"


Strip = Line | Feed | Image | QrCode | Barcode


class StatusKind(StrEnum):
    """How the status was asked for."""

    REAL_TIME = "DLE EOT"
    """To be answered at once, before whatever is waiting."""
    IN_TURN = "GS r"
    """To be answered once everything before it was processed."""
    AUTOMATIC = "GS a"
    """To be sent now and at every change; n = 0 ends it."""


class StatusRequest(NamedTuple):
    """The printer is asked how it is; ``n`` selects what is meant (1 to 4; GS a: a bit field)."""

    kind: StatusKind
    n: int


class Drawer(NamedTuple):
    """A pulse opens a cash drawer, at pin 2 or 5 of the connector."""

    pin: int
    on_ms: int
    off_ms: int


class Cut(NamedTuple):
    """The paper is cut after so many dots of feed."""

    is_partial: bool
    feed_dots: int


class Recovery(NamedTuple):
    """DLE ENQ n: go on after an error; n = 2 first throws away what is waiting."""

    n: int


class BufferCleared(NamedTuple):
    """DLE DC4 8: everything received and not printed is thrown away."""


class UnknownCommand(NamedTuple):
    """Bytes that a printer of this kind would not do as they ask.

    Args:
        offset: Where they begin, counted from the first byte that was read.
        hex: The bytes; ``…`` at the end if there are more than fit.
        why: A reason for the person who sent them.
    """

    offset: int
    hex: str
    why: str


Event = Drawer | Cut | StatusRequest | Recovery | BufferCleared | UnknownCommand


@dataclass(frozen=True, slots=True)
class Paper:
    """One piece of paper, from cut to cut; without a ``Cut`` among its events it still hangs."""

    width_dots: int
    strips: tuple[Strip, ...] = ()
    events: tuple[Event, ...] = ()

    @property
    def text(self) -> str:
        """What a person reads: one line for each printed line, image or code."""
        return "\n".join(strip.text for strip in self.strips if not isinstance(strip, Feed))

    @property
    def unknown_commands(self) -> tuple[UnknownCommand, ...]:
        """What the printer could not do."""
        return tuple(event for event in self.events if isinstance(event, UnknownCommand))
