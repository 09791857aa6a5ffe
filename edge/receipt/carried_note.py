"""What the paper says of a file that was taken or given out. Pure."""

from __future__ import annotations

from typing import NamedTuple

from edge.contract.ids import UnitId
from edge.contract.sync_message import Ack
from edge.receipt.document import (
    Cut,
    Document,
    Line,
    Pair,
    Part,
    Rule,
    Shop,
    Title,
    Translate,
    local_time,
)

_TITLES = {True: "Bundle file taken", False: "Journal file given out"}


class Carried(NamedTuple):
    """A file that somebody brought or takes along.

    Args:
        is_in: Brought (bundles), or taken along (journal).
        made_at_s: When the file was made, Unix seconds.
        at_s: When it was taken or given, as this unit believes.
        entries: Of the journal that are in it; None for bundles.
        ack: How far the hub has the journal, as far as this unit knows.
    """

    is_in: bool
    unit: UnitId
    made_at_s: int
    at_s: int
    entries: int | None
    ack: Ack | None


def slip(carried: Carried, shop: Shop, locales: tuple[str, ...], translate: Translate) -> Document:
    """Return the paper for whoever carries the file: what is on the stick, and what is not yet."""

    def label(text: str) -> str:
        return " ".join(dict.fromkeys(translate(locale, text) for locale in locales))

    ack = carried.ack
    parts: list[Part] = [
        Title(shop.store_name),
        Line(label(_TITLES[carried.is_in]), centred=True),
        Rule(),
        Pair(label("Unit"), str(carried.unit)),
        Pair(label("File made"), local_time(carried.made_at_s, shop.timezone)),
        Pair(label("Time"), local_time(carried.at_s, shop.timezone)),
    ]
    if carried.entries is not None:
        parts.append(Pair(label("Entries in it"), f"{carried.entries}"))
    upto = f"{ack.epoch}/{ack.seq} {ack.hash[:4].hex()}" if ack and ack.seq else "-"
    parts.append(Pair(label("Headquarters has"), upto))
    return (*parts, Cut())
