"""Pictures of items: added, described, put in order, taken away; the first is the main one.

A picture is kept once, by its hash, in the database; one that no item shows any more goes with the
last that did, in the same transaction.
"""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.language.words import N_
from central.foundation.pictures import Picture, redrawn
from central.supply.catalogue import shelf
from central.supply.product_types.model import Names

LARGE, SMALL = 1600, 480
"""Pixels of the longest side: of a page, and of a card on the shelf, on a fine screen."""
PICTURES_MAX = 12
ALT_CHARS_MAX = 200


class ItemPicture(NamedTuple):
    """A picture of an item.

    Args:
        alt: What it shows, for whoever does not see it; empty where it says nothing more than the
            item's name.
    """

    item: str
    hash: str
    small: str
    width: int
    height: int
    alt: Names


def add(item: str, data: bytes, alt: Names, *, by: str, at_s: int) -> ItemPicture:
    """Add a picture behind the others of an item; one that it has already keeps its place.

    Raises:
        PictureRefused: the file is not taken.
        RequestInvalid: the description is too long.
        NotFound: there is no such item. Conflict: it has twelve already.
    """
    texts = _checked(alt)
    shelf.item_of(item)  # before the work of drawing
    large, small = redrawn(data, LARGE, SMALL)
    names = _hash(large), _hash(small)

    def write() -> ItemPicture:
        shelf.item_of(item)
        mine = of_item(item)
        if any(one.hash == names[0] for one in mine):
            return revise(item, names[0], alt)
        if len(mine) >= PICTURES_MAX:
            raise Conflict(N_("An item has twelve pictures at most."))
        for name, drawn in zip(names, (large, small), strict=True):
            change(
                "INSERT INTO picture (hash, width, height, content) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (hash) DO NOTHING",
                (name, drawn.width, drawn.height, drawn.content),
            )
        change(
            "INSERT INTO item_picture (item, hash, small, place, alt_zh, alt_en, made_by,"
            " made_at_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (item, *names, len(mine), *texts, by, at_s),
        )
        return get(item, names[0])

    return money_transaction(write)


def revise(
    item: str, name: str, alt: Names | None = None, place: int | None = None
) -> ItemPicture:  # fmt: skip
    """Say what a picture shows, or put it at a place among the item's; or both, or neither.

    Args:
        place: 0 for the main one.

    Raises:
        RequestInvalid: the description is too long. NotFound: the item has no such picture.
    """
    texts = None if alt is None else _checked(alt)

    def write() -> ItemPicture:
        get(item, name)
        if texts is not None:
            change(
                "UPDATE item_picture SET alt_zh = ?, alt_en = ? WHERE item = ? AND hash = ?",
                (*texts, item, name),
            )
        if place is not None:
            order = [one.hash for one in of_item(item) if one.hash != name]
            order.insert(max(place, 0), name)
            _number(item, order)
        return get(item, name)

    return money_transaction(write)


def remove(item: str, name: str) -> list[ItemPicture]:
    """Take a picture away; return those that are left. What nobody shows any more is deleted.

    Raises:
        NotFound: the item has no such picture.
    """

    def write() -> list[ItemPicture]:
        gone = get(item, name)
        change("DELETE FROM item_picture WHERE item = ? AND hash = ?", (item, name))
        for one in {gone.hash, gone.small}:
            change(
                "DELETE FROM picture WHERE hash = ? AND NOT EXISTS"
                " (SELECT 1 FROM item_picture i WHERE i.hash = ? OR i.small = ?)",
                (one, one, one),
            )
        _number(item, [one.hash for one in of_item(item)])
        return of_item(item)

    return money_transaction(write)


def get(item: str, name: str) -> ItemPicture:
    """Return a picture of an item; NotFound without."""
    found = _pictures("WHERE i.item = ? AND i.hash = ?", (item, name))
    if not found:
        raise NotFound(N_("There is no such picture."))
    return found[0]


def of_item(item: str) -> list[ItemPicture]:
    """Return the pictures of an item, the main one first."""
    return _pictures("WHERE i.item = ? ORDER BY i.place", (item,))


def of_items() -> dict[str, list[ItemPicture]]:
    """Return the pictures of every item that has any, the main one first."""
    found: dict[str, list[ItemPicture]] = {}
    for one in _pictures("ORDER BY i.item, i.place"):
        found.setdefault(one.item, []).append(one)
    return found


def content(name: str) -> bytes:
    """Return the bytes of a picture; NotFound without."""
    found = rows("SELECT content FROM picture WHERE hash = ?", (name,))
    if not found:
        raise NotFound(N_("There is no such picture."))
    return bytes(found[0][0])


def _checked(alt: Names) -> tuple[str, str]:
    zh, en = (alt.get(locale, "").strip() for locale in ("zh-CN", "en"))
    if not all(len(text) <= ALT_CHARS_MAX and text.isprintable() for text in (zh, en)):
        raise RequestInvalid(N_("What a picture shows is said in 200 printable characters."))
    return zh, en


def _number(item: str, order: list[str]) -> None:
    for place, name in enumerate(order):
        change("UPDATE item_picture SET place = ? WHERE item = ? AND hash = ?", (place, item, name))


def _hash(drawn: Picture) -> str:
    return hashlib.sha256(drawn.content).hexdigest()


def _pictures(where: str, values: tuple[Any, ...] = ()) -> list[ItemPicture]:
    sql = (
        "SELECT i.item, i.hash, i.small, p.width, p.height, i.alt_zh, i.alt_en"
        " FROM item_picture i JOIN picture p ON p.hash = i.hash"
    )
    return [
        ItemPicture(item, name, small, width, height, {"zh-CN": zh, "en": en})
        for item, name, small, width, height, zh, en in rows(f"{sql} {where}", values)
    ]
