"""Reads a file of card keys line by line, in bounded memory: CSV, plain text, xlsx.

The file stays where it is and nothing of it is copied: the only trace of a secret that this
leaves is the one in memory.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import IO, NamedTuple

from central.errors import RequestInvalid
from central.foundation.language.said import Saying
from central.supply.cards.card import Card, Fault, fault_of

LINES_MAX = (1 << 24) - 1
"""Lines of one file: a key's number within its batch has 24 bits."""
XLSX_BYTES_MAX = 64 << 20
"""Of an xlsx, unpacked: its texts are held in memory. More than that comes as CSV."""
_STEP = 1 << 20
_SEPARATORS = ("----", "\t", ",", ";", "|")
"""``卡号----密码`` is how the trade writes it."""
_HEADER = re.compile(
    r"(充值)?(卡号|卡密)|密码|卡片|序列号|兑换码|激活码"
    r"|(card|serial|gift)?[ _-]?(card|number|no\.?|code|pin|key|secret|password)s?",
    re.IGNORECASE,
)


class Layout(StrEnum):
    """What a line holds."""

    AUTO = "auto"
    SECRET = "secret"  # noqa: S105 - a name
    NUMBER_SECRET = "number-secret"  # noqa: S105 - a name


class Line(NamedTuple):
    """One line of the file that is not blank, counted from 1, and what is on it."""

    n: int
    card: Card | None
    fault: Fault | None


class Source(NamedTuple):
    """A file that can be read from its beginning as often as needed.

    Args:
        name: What it is called, for people.
        open: Opens it for reading bytes.
        layout: What its lines hold.
    """

    name: str
    open: Callable[[], IO[bytes]]
    layout: Layout = Layout.AUTO

    @property
    def is_xlsx(self) -> bool:
        """Whether it is a spreadsheet of Excel's."""
        with self.open() as file:
            return file.read(4) == b"PK\x03\x04"


def from_path(path: Path, layout: Layout = Layout.AUTO) -> Source:
    """Return a file of the disk."""
    return Source(path.name, lambda: path.open("rb"), layout)


def from_bytes(name: str, content: bytes, layout: Layout = Layout.AUTO) -> Source:
    """Return what a browser has sent."""
    return Source(name, lambda: io.BytesIO(content), layout)


def sha256_of(source: Source) -> bytes:
    """Return the hash by which the same file is told again.

    Raises:
        RequestInvalid: it cannot be read.
    """
    whole = hashlib.sha256()
    try:
        with source.open() as file:
            while step := file.read(_STEP):
                whole.update(step)
    except OSError as exc:
        raise RequestInvalid(
            Saying("file-cannot-read", file=source.name, why=str(exc.strerror))
        ) from exc
    return whole.digest()


def lines(source: Source) -> Iterator[Line]:
    """Yield every line that is not blank; a heading on the first one is passed over.

    Raises:
        RequestInvalid: neither text nor xlsx, an unknown encoding, or too many lines.
    """
    found = _xlsx(source) if source.is_xlsx else _text(source)
    first = True
    for n, cells in found:
        if n > LINES_MAX:
            raise RequestInvalid(Saying("file-too-many-lines", most=LINES_MAX))
        row = _stripped(cells)
        if not row:
            continue
        if first and _is_header(row):
            first = False
            continue
        first = False
        yield _line(n, row, source.layout)


def _stripped(row: list[str]) -> list[str]:
    row = [cell.strip() for cell in row]
    while row and not row[-1]:
        row.pop()
    return row


def _line(n: int, row: list[str], layout: Layout) -> Line:
    match layout, len(row):
        case (Layout.AUTO | Layout.SECRET, 1):
            card = Card(row[0])
        case (Layout.AUTO | Layout.NUMBER_SECRET, 2):
            card = Card(row[1], row[0])
        case _:
            return Line(n, None, Fault.COLUMNS)
    fault = fault_of(card)
    return Line(n, None if fault else card, fault)


def _is_header(row: list[str]) -> bool:
    # "CODE" may begin a key, so every cell must be such a word and nothing else.
    return all(map(_HEADER.fullmatch, row))


# --- text ----------------------------------------------------------------------------------------


def _text(source: Source) -> Iterator[tuple[int, list[str]]]:
    encoding = encoding_of(source)
    with source.open() as raw, io.TextIOWrapper(raw, encoding, newline="") as file:
        separator = None if source.layout is Layout.SECRET else _separator(file)
        file.seek(0)
        if separator is None or len(separator) > 1:
            for n, text in enumerate(_bounded(file), start=1):
                yield n, text.split(separator) if separator else [text]
            return
        try:
            reader = csv.reader(_bounded(file), delimiter=separator, strict=True)
            for n, row in enumerate(reader, start=1):
                yield n, row
        except csv.Error as exc:
            broken = Saying("csv-broken", why=str(exc))
            raise RequestInvalid(
                Saying("line-of-file", file=source.name, line=reader.line_num, what=broken)
            ) from None


def _bounded(file: IO[str]) -> Iterator[str]:
    """Yield lines; one without an end would otherwise be all of the file."""
    while line := file.readline(_STEP):
        yield line


def encoding_of(source: Source) -> str:
    """Return how a text is encoded: UTF-8 or UTF-16 by their marks, UTF-8, or GBK.

    Raises:
        RequestInvalid: none of these.
    """
    with source.open() as file:
        mark = file.read(4)
    if mark.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for encoding in ("utf-8-sig", "gb18030"):
        if _decodes(source, encoding):
            return encoding
    raise RequestInvalid(Saying("file-not-utf8-gbk", file=source.name))


def _decodes(source: Source, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with source.open() as file:
            while step := file.read(_STEP):
                decoder.decode(step)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _separator(file: Iterable[str]) -> str | None:
    """Return what divides the first line that is not blank; None if nothing does."""
    for line in file:
        if text := line.strip():
            return next((s for s in _SEPARATORS if s in text), None)
    return None


# --- xlsx ----------------------------------------------------------------------------------------


def _xlsx(source: Source) -> Iterator[tuple[int, list[str]]]:
    with source.open() as file:
        try:
            with zipfile.ZipFile(file) as packed:
                unpacked = sum(part.file_size for part in packed.infolist())
            if unpacked > XLSX_BYTES_MAX:
                raise RequestInvalid(Saying("file-xlsx-too-large", file=source.name))
            # With formulas, not their results: a formula is no key.
            import openpyxl  # noqa: PLC0415 - a sixth of a second, which other commands need not wait

            book = openpyxl.load_workbook(file, read_only=True, data_only=False)
        except (zipfile.BadZipFile, KeyError, ValueError, OSError) as exc:
            what = Saying("file-not-xlsx", file=source.name, why=type(exc).__name__)
            raise RequestInvalid(what) from None
        try:
            for n, row in enumerate(book.worksheets[0].iter_rows(values_only=True), start=1):
                yield n, [_cell(value) for value in row]
        finally:
            book.close()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        # Excel keeps 15 digits of a number: what is longer is gone, and 0012 is 12.
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.5E}"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**15:
        return "1E+15"
    return str(value)
