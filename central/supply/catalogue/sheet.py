"""SKUs from a spreadsheet: what a table would put on the shelf, and what is wrong with it. Pure.

One line is one SKU; the item of a line is made or changed by it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from central.errors import RequestInvalid
from central.foundation.language.words import N_
from central.supply.catalogue.model import CategoryId, Item, ItemId, Part, Sku, SkuId
from edge.contract.money import Money, parse_decimal

COLUMNS = (
    "sku", "sku_zh", "sku_en", "item", "item_zh", "item_en", "type", "category", "face",
    "currency", "product", "parts",
)  # fmt: skip
NEEDED = COLUMNS[:7]
LINES_MAX = 2_000
BYTES_MAX = 900_000
"""Of a table; the hub takes no larger body anyway."""
_PART = re.compile(r"([A-Z0-9][A-Z0-9-]{0,31})[*×x]([0-9]{1,4})", re.ASCII)
_PRODUCT = re.compile(r"[0-9]{1,8}", re.ASCII)


@dataclass(frozen=True)
class SkuLine:
    """One line that can be read."""

    line: int
    item: Item
    sku: Sku


@dataclass
class SkuSheet:
    """What a table would put on the shelf, and what is wrong: line and English sentence."""

    lines: list[SkuLine] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)


def read_upload(raw: bytes) -> str:
    """Return the text of a table: UTF-8, or GB 18030, which Chinese spreadsheets write."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            return raw.decode("gb18030")
        except UnicodeDecodeError as exc:
            raise RequestInvalid(N_("This is no table that can be read.")) from exc


def read_table(
    text: str, needed: Sequence[str], allowed: Sequence[str]
) -> list[tuple[int, dict[str, str]]]:
    """Return the lines of a CSV with a heading, each with its number; ``,``, ``;`` or tab divide.

    A line with more columns than the heading has the rest under ``""``.

    Raises:
        RequestInvalid: it is too large, or the heading is not that of such a table.
    """
    if len(text.encode()) > BYTES_MAX:
        raise RequestInvalid(N_("This table is too large; divide it."))
    text = text.removeprefix("\ufeff")
    heading = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=heading.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    found: list[tuple[int, dict[str, str]]] = []
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        if not set(needed) <= set(names) <= set(allowed) or len(set(names)) < len(names):
            raise RequestInvalid(N_("The first line names the columns; see what they are called."))
        for row in reader:
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            padded = cells + [""] * (len(names) - len(cells))
            line = dict(zip(names, padded, strict=False))
            found.append((reader.line_num, line | {"": "".join(padded[len(names) :])}))
            if len(found) > LINES_MAX:
                raise RequestInvalid(N_("This table is too large; divide it."))
    except csv.Error as exc:
        raise RequestInvalid(N_("This is no table that can be read.")) from exc
    return found


def read_skus(text: str, currency: str) -> SkuSheet:
    """Read a table of SKUs; what the shelf says to them, only the shelf knows.

    Args:
        currency: Of face values, where the table does not say.

    Raises:
        RequestInvalid: it is no such table at all.
    """
    sheet = SkuSheet()
    seen: set[str] = set()
    for line, row in read_table(text, NEEDED, COLUMNS):
        try:
            if row["sku"] in seen:
                raise RequestInvalid(N_("This SKU is in the table twice."))
            seen.add(row["sku"])
            sheet.lines.append(_line(line, row, currency))
        except RequestInvalid as exc:
            sheet.faults.append((line, exc.detail))
    return sheet


def _line(line: int, row: Mapping[str, str], currency: str) -> SkuLine:
    if row[""]:
        raise RequestInvalid(N_("This line has more columns than the heading."))
    category = row.get("category", "")
    item = Item(
        ItemId(row["item"]), row["type"], {"zh-CN": row["item_zh"], "en": row["item_en"]},
        CategoryId(category) if category else None,
    )  # fmt: skip
    product = row.get("product", "")
    if product and not _PRODUCT.fullmatch(product):
        raise RequestInvalid(N_("There is no such product."))
    sku = Sku(
        SkuId(row["sku"]), item.id, {"zh-CN": row["sku_zh"], "en": row["sku_en"]},
        read_face(row.get("face", ""), row.get("currency", "") or currency),
        int(product) if product else None, read_parts(row.get("parts", "")),
    )  # fmt: skip
    return SkuLine(line, item, sku)


def read_face(text: str, currency: str) -> Money | None:
    """Read a face value, ``50.00``; None of an empty text; RequestInvalid if it is none."""
    if not text.strip():
        return None
    try:
        return parse_decimal(text, currency)
    except ValueError as exc:
        raise RequestInvalid(N_("A face value is a number such as 50.00.")) from exc


def read_parts(text: str) -> tuple[Part, ...]:
    """Read the parts of a bundle, ``KEY-50*2 LUNCH-1*1``; RequestInvalid if they are none."""
    found = []
    for word in re.split(r"[\s,;，；]+", text.strip()):
        if not word:
            continue
        match = _PART.fullmatch(word)
        if not match:
            raise RequestInvalid(N_("Parts are written KEY-50*2 LUNCH-1*1."))
        found.append(Part(SkuId(match[1]), int(match[2])))
    return tuple(found)


def parts_text(parts: Sequence[Part]) -> str:
    """Return parts as ``read_parts`` reads them."""
    return " ".join(f"{part.sku}*{part.quantity}" for part in parts)
