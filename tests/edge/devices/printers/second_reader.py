"""A second, small reader of ESC/POS, apart from the interpreter: it knows what we send, no more."""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKENS = re.compile(
    rb"(?P<raster>\x1dv0\x00(?P<row>..)(?P<rows>..))"
    rb"|(?P<qr>\x1d\(k(?P<length>..))"
    rb"|(?P<bars>\x1dkI(?P<count>.))"
    rb"|(?P<chinese>\x1c&)|(?P<latin>\x1c\.)"
    rb"|(?P<cut>\x1dVB\x00)|(?P<drawer>\x1bp\x0022)"
    rb"|(?P<set>\x1b@|\x1bt.|\x1d!.|\x1ba.|\x1dh.|\x1dw.|\x1dH.)"
    rb"|(?P<end>\n)|(?P<text>[^\x00-\x1f])",
    re.DOTALL,
)


class Found(NamedTuple):
    """What a stream holds, in order of its kind."""

    lines: list[str]
    qr: list[str]
    bars: list[str]
    pictures: list[bytes]
    cuts: int
    drawers: int


def read_again(data: bytes, code_page: str) -> Found:  # noqa: C901 - one branch a form
    """Read a stream; ValueError at the first byte that is nothing of ours."""
    found = Found([], [], [], [], 0, 0)
    line, encoding, at = bytearray(), code_page, 0
    text: list[str] = []
    counts = {"cut": 0, "drawer": 0}
    while at < len(data):
        token = _TOKENS.match(data, at)
        if token is None:
            raise ValueError(f"{data[at : at + 8].hex()} at {at}")
        at = token.end()
        kind = token.lastgroup
        if token["raster"]:
            size = int.from_bytes(token["row"], "little") * int.from_bytes(token["rows"], "little")
            found.pictures.append(data[at : at + size])
            at += size
        elif token["qr"]:
            body = data[at : at + int.from_bytes(token["length"], "little")]
            at += len(body)
            if body[1:2] == b"P":
                found.qr.append(body[3:].decode())
        elif token["bars"]:
            found.bars.append(_bars(data[at : at + token["count"][0]]))
            at += token["count"][0]
        elif kind in {"chinese", "latin"}:
            text.append(line.decode(encoding))
            line.clear()
            encoding = "gbk" if kind == "chinese" else code_page
        elif kind == "end":
            found.lines.append("".join(text) + line.decode(encoding))
            line.clear()
            text.clear()
        elif kind in counts:
            counts[kind] += 1
        elif kind == "text":
            line += token["text"]
            if encoding == "gbk" and token["text"][0] > 0x80:  # its second half may be anything
                line.append(data[at])
                at += 1
    return found._replace(cuts=counts["cut"], drawers=counts["drawer"])


def _bars(content: bytes) -> str:
    if content.startswith(b"{C"):
        return "".join(f"{pair:02}" for pair in content[2:])
    return content.removeprefix(b"{B").replace(b"{{", b"{").decode("ascii")
