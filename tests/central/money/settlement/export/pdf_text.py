"""Reads the text back out of a PDF: enough for one whose only font is embedded, as ours is."""

from __future__ import annotations

import re
import zlib
from typing import NamedTuple

_STRING = rb"\((?:\\.|[^\\)])*\)"
_PLACED = re.compile(rb"BT ([\d.]+) ([\d.]+) Td ((?:[^(E]*" + _STRING + rb" Tj)+) ET", re.DOTALL)
_SHOWN = re.compile(rb"\(((?:\\.|[^\\)])*)\) Tj", re.DOTALL)


class Text(NamedTuple):
    """One text as it is set: page, place from the left and from the bottom (points)."""

    page: int
    left: float
    base: float
    text: str


def texts(pdf: bytes) -> list[Text]:
    """Return every text of a PDF, page by page, in the order in which they are set."""
    streams = [_unpacked(raw) for raw in re.findall(rb"stream\n(.*?)\nendstream", pdf, re.DOTALL)]
    [glyphs] = [_characters(s) for s in streams if b"beginbfchar" in s]
    pages = [s for s in streams if b" Tj" in s]
    return [
        Text(
            page,
            float(left),
            float(base),
            "".join(_spelled(raw, glyphs) for raw in _SHOWN.findall(inside)),
        )
        for page, stream in enumerate(pages, start=1)
        for left, base, inside in _PLACED.findall(stream)
    ]


def rows(pdf: bytes) -> list[list[str]]:
    """Return the texts of each line of each page, from left to right, from top to bottom.

    Texts of different sizes on one line differ by a point or two.
    """
    lines: list[list[Text]] = []
    for one in sorted(texts(pdf), key=lambda t: (t.page, -t.base, t.left)):
        last = lines[-1][0] if lines else None
        if last and last.page == one.page and last.base - one.base < 3:
            lines[-1].append(one)
        else:
            lines.append([one])
    return [[t.text for t in sorted(line, key=lambda t: t.left)] for line in lines]


def _unpacked(raw: bytes) -> bytes:
    try:
        return zlib.decompress(raw)
    except zlib.error:
        return raw


def _characters(cmap: bytes) -> dict[int, str]:
    pairs = re.findall(rb"^<([0-9A-F]{4})> <([0-9A-F]+)>$", cmap, re.MULTILINE)
    return {
        int(glyph, 16): bytes.fromhex(text.decode()).decode("utf-16-be") for glyph, text in pairs
    }


def _spelled(raw: bytes, glyphs: dict[int, str]) -> str:
    plain = re.sub(
        rb"\\(.)", lambda m: {b"r": b"\r", b"n": b"\n"}.get(m[1], m[1]), raw, flags=re.DOTALL
    )
    numbers = (int.from_bytes(plain[i : i + 2], "big") for i in range(0, len(plain), 2))
    return "".join(glyphs[number] for number in numbers)
