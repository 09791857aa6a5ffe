"""The print head: puts characters and images side by side until the line is full or ended. Pure.

Knows dots and lines, not one byte of ESC/POS; ``escpos_reader`` tells it what to do.
"""

from __future__ import annotations

from edge.devices.simulated.escpos_paper import (
    HALF_CELL_DOTS,
    Align,
    Feed,
    Image,
    Line,
    Strip,
    TextRun,
    TextStyle,
)

_TAB_DOTS = 8 * HALF_CELL_DOTS


class PrintHead:
    """The line being put together, and the paper below it.

    Args:
        width_dots: Printable dots across.

    Attributes:
        strips: What is on paper since it was last cut.
        align: Where lines stand from now on.
    """

    def __init__(self, width_dots: int) -> None:
        self.width_dots = width_dots
        self.align = Align.LEFT
        self.strips: list[Strip] = []
        self._items: list[TextRun | Image] = []
        self._x = 0

    @property
    def is_at_start(self) -> bool:
        """Whether the line has nothing on it yet."""
        return self._x == 0

    def put(self, char: str, cell: tuple[int, int], style: TextStyle, spacing_dots: int) -> None:
        """Put one character after the last, on the next line if it does not fit on this one.

        Args:
            cell: Width and height of the character before it is multiplied.
            spacing_dots: Height of the line that is ended if this one is full.
        """
        width, height = cell[0] * style.x_times, cell[1] * style.y_times
        if self._x and self._x + width > self.width_dots:
            self.end_line(spacing_dots)
        last = self._items[-1] if self._items else None
        if (
            isinstance(last, TextRun)
            and last.end == self._x
            and (last.cell_width, last.cell_height, last.style) == (width, height, style)
        ):
            self._items[-1] = last._replace(text=last.text + char)
        else:
            self._items.append(TextRun(self._x, char, width, height, style))
        self._x += width

    def put_image(self, image: Image) -> bool:
        """Put an image after the last character; return whether all of it is on the paper."""
        placed = image._replace(x=self._x)
        self._items.append(placed)
        self._x = min(placed.end, self.width_dots)
        return placed.end <= self.width_dots

    def tab(self) -> None:
        """Go on at the next tab stop, or at the end of the line after the last."""
        self._x = min(self.width_dots, (self._x // _TAB_DOTS + 1) * _TAB_DOTS)

    def end_line(self, feed_dots: int) -> None:
        """Put the line on paper, empty or not, and feed at least until it has left the head."""
        ascent = max((_height(item) for item in self._items), default=0)
        x = self.align.x(self._x, self.width_dots)
        items = tuple(item._replace(x=item.x + x) for item in self._items)
        self.strips.append(Line(x, items, ascent, max(ascent, feed_dots)))
        self.drop_line()

    def feed(self, dots: int) -> None:
        """End the line with so much feed, or just feed if there is none."""
        if not self.is_at_start:
            self.end_line(dots)
        elif dots:
            self.strips.append(Feed(dots))

    def drop_line(self) -> None:
        """Forget the line being put together."""
        self._items, self._x = [], 0


def _height(item: TextRun | Image) -> int:
    return item.cell_height if isinstance(item, TextRun) else item.height_dots


def rows_of_columns(columns: bytes, column_bytes: int) -> bytes:
    """Turn an image sent column by column, each from its top, into packed rows.

    Args:
        columns: ``column_bytes`` bytes for each column; the highest bit is the topmost dot.
    """
    width = len(columns) // column_bytes
    row_bytes = (width + 7) // 8
    rows = bytearray(row_bytes * column_bytes * 8)
    for place, byte in enumerate(columns):
        x, part = divmod(place, column_bytes)
        for bit in range(8):
            if byte & 0x80 >> bit:
                rows[(part * 8 + bit) * row_bytes + x // 8] |= 0x80 >> x % 8
    return bytes(rows)
