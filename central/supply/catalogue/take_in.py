"""Puts a table of SKUs on the shelf, all of it or nothing, and says first what is wrong."""

from __future__ import annotations

import dataclasses
from contextlib import suppress

from central.errors import HubError, NotFound
from central.foundation.db.engine import money_transaction
from central.supply.catalogue import shelf
from central.supply.catalogue.model import Item
from central.supply.catalogue.sheet import SkuSheet, read_skus


class _Rehearsed(Exception):
    """Takes a rehearsal back."""


def preview(text: str, currency: str, *, by: str, at_s: int) -> SkuSheet:
    """Return what a table would put on the shelf, and every fault with its line; change nothing.

    Raises:
        RequestInvalid: it is no such table at all.
    """
    sheet = read_skus(text, currency)
    faults: list[tuple[int, str]] = []

    def rehearse() -> None:
        faults.clear()
        faults.extend(_put(sheet, by, at_s))
        raise _Rehearsed

    with suppress(_Rehearsed):
        money_transaction(rehearse)
    return SkuSheet(sheet.lines, sorted(sheet.faults + faults))


def take_in(text: str, currency: str, *, by: str, at_s: int) -> SkuSheet:
    """Put a table on the shelf if nothing is wrong with it; else change nothing.

    Raises:
        RequestInvalid: it is no such table at all.
    """
    sheet = read_skus(text, currency)
    if sheet.faults:
        return preview(text, currency, by=by, at_s=at_s)
    faults: list[tuple[int, str]] = []

    def write() -> None:
        faults.clear()
        faults.extend(_put(sheet, by, at_s))
        if faults:
            raise _Rehearsed

    with suppress(_Rehearsed):
        money_transaction(write)
    return SkuSheet(sheet.lines, faults)


def _put(sheet: SkuSheet, by: str, at_s: int) -> list[tuple[int, str]]:
    """Put each line on the shelf, and return what the shelf refuses. Runs in a transaction."""
    faults = []
    for one in sheet.lines:
        try:
            shelf.put_item(_as_it_was(one.item))
            shelf.put_sku(one.sku, by=by, at_s=at_s)
        except HubError as exc:
            faults.append((one.line, exc.detail))
    return faults


def _as_it_was(item: Item) -> Item:
    """Return an item with the description and the picture that it has: a table has none."""
    try:
        there = shelf.item_of(item.id)
    except NotFound:
        return item
    return dataclasses.replace(item, descriptions=there.descriptions, media=there.media)
