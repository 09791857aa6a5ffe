"""A reference paper of each printer profile: its bytes, and the picture that they make."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from edge.devices.escpos_bytes import escpos_bytes
from edge.devices.paper import Row
from edge.devices.printers.fonts import find_font
from edge.devices.profiles import PrinterProfile, load
from edge.devices.simulated.escpos_paper import Paper
from edge.devices.simulated.escpos_reader import read
from edge.devices.simulated.paper_picture import draw_paper
from edge.receipt.document import self_test
from edge.receipt.layout import lay_out
from edge.web.words import translate
from tests.edge.devices.printers.star import read_star

GOLDEN = Path(__file__).parent / "golden"
FONT = "wqy-microhei.ttc"
"""What ``./run`` installs: with another font what is drawn has other dots."""
HEX_BYTES_MAX = 4096


def is_comparable() -> bool:
    """Whether drawn dots are the same as where the golden files were written."""
    font = find_font()
    return font is not None and font.name == FONT


def reference_rows(profile: PrinterProfile) -> list[Row]:
    """The self-test: everything that a paper may hold."""
    document = self_test(profile.id, profile.media.columns, translate, "zh-CN")
    return lay_out(document, profile.media.columns)


def paper_of(sent: bytes, profile: PrinterProfile) -> Paper:
    """What comes out of the printer; nothing that it does not know may be among the bytes."""
    if profile.status_query.dialect == "star":
        reader = read_star(sent)
        [paper] = reader.papers
        return paper
    reading = read(sent, profile.media.width_dots)
    paper = reading.papers[0] if reading.papers else reading.rest
    assert paper.unknown_commands == ()
    return paper


class Golden(NamedTuple):
    """What is kept of one profile."""

    text: str

    @classmethod
    def of(cls, name: str) -> Golden:
        """Print the reference paper of a profile."""
        profile = load("printer", name)
        sent = escpos_bytes(reference_rows(profile), profile)
        paper = paper_of(sent, profile)
        picture = draw_paper(paper, find_font())
        lines = [
            f"bytes {len(sent)} sha256 {hashlib.sha256(sent).hexdigest()}",
            f"picture sha256 {hashlib.sha256(picture).hexdigest()}",
        ]
        if len(sent) <= HEX_BYTES_MAX:
            dump = sent.hex()
            lines += [dump[at : at + 96] for at in range(0, len(dump), 96)]
        return cls("\n".join([*lines, "", paper.text, ""]))
