"""Document × paper width -> rows. A Chinese character is two columns wide. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from edge.devices.paper import Bitmap, Row, Style, column_width, columns_of, printable
from edge.receipt.document import (
    Bars,
    Code,
    Cut,
    Document,
    Line,
    OpenDrawer,
    Pair,
    Part,
    Picture,
    Rule,
    Title,
)


def lay_out(document: Document, columns: int) -> list[Row]:
    """Return the rows of a document on paper of this many columns (at least 16)."""
    return [row for part in document for row in _rows(part, columns)]


def _rows(part: Part, columns: int) -> Iterator[Row]:
    half = columns // 2
    match part:
        case Title(text):
            yield from (Row(centre(line, half), Style.LARGE) for line in wrap(text, half))
        case Line(text, centred):
            for line in wrap(text, columns):
                yield Row(centre(line, columns) if centred else line)
        case Pair(label, value, large) if large:
            yield from (Row(text, Style.LARGE) for text in spread(label, value, half))
        case Pair(label, value, _):
            yield from map(Row, spread(label, value, columns))
        case Rule():
            yield Row("-" * columns)
        case _:
            yield from _marks(part, columns)


def _marks(part: Part, columns: int) -> Iterator[Row]:
    """Yield the rows of what is not text."""
    match part:
        case Code(data):
            yield Row(data, Style.QR)
        case Bars(data):
            yield Row(data, Style.CODE128)
            yield Row(centre(data, columns))
        case OpenDrawer():
            yield Row("", Style.DRAWER)
        case Picture(logo):
            yield Row("", Style.PICTURE, Bitmap(*logo))
        case Cut():
            yield Row("", Style.CUT)


def centre(text: str, columns: int) -> str:
    """Return the text with spaces before it, so that it stands in the middle."""
    return " " * ((columns - columns_of(text)) // 2) + text


def spread(label: str, value: str, columns: int) -> Iterator[str]:
    """Yield label and value at the two edges, on rows of their own if they do not fit on one."""
    label, value = printable(label), printable(value)
    gap = columns - columns_of(label) - columns_of(value)
    if gap >= 1:
        yield label + " " * gap + value
        return
    yield from wrap(label, columns)
    for line in wrap(value, columns):
        yield " " * (columns - columns_of(line)) + line


def wrap(text: str, columns: int) -> list[str]:
    """Cut a text into lines that fit; between words where there are any, anywhere in Chinese."""
    lines: list[str] = []
    for paragraph in map(printable, text.split("\n")):
        line = ""
        for piece in _pieces(paragraph):
            if columns_of(line + piece) <= columns:
                line += piece
                continue
            if line.strip():
                lines.append(line.rstrip())
            line = piece.lstrip()
            while columns_of(line) > columns:  # a word longer than the paper is wide
                head = _head(line, columns)
                lines.append(head)
                line = line[len(head) :]
        lines.append(line.rstrip())
    return lines


def _pieces(text: str) -> Iterator[str]:
    """Yield what may not be torn apart: a word with the space before it, or one wide character."""
    word = ""
    for char in text:
        if column_width(char) == 2:
            if word:
                yield word
            word = ""
            yield char
        elif char == " " and word.strip():
            yield word
            word = char
        else:
            word += char
    if word:
        yield word


def _head(text: str, columns: int) -> str:
    end = 0
    while end < len(text) and columns_of(text[: end + 1]) <= columns:
        end += 1
    return text[: max(end, 1)]
