"""Keeps promotions. The newest version counts; ending one is a version that ends now."""

from __future__ import annotations

import dataclasses
from typing import Any

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.language.words import N_
from central.supply.catalogue import shelf
from central.supply.catalogue.model import SkuId
from central.supply.prices.books import (
    checked_channel,
    checked_currency,
    checked_level,
)
from central.supply.prices.model import PPM, QUANTITY_MAX, UNIT_MINOR_MAX, Off, Promotion
from central.supply.prices.wanted import FROM_S_MAX
from central.supply.product_types.store import checked_names, checked_slug

SKUS_MAX = 500
_COLUMNS = (
    "SELECT p.id, v.version, v.name_zh, v.name_en, p.currency, v.kind, v.from_s, v.until_s, v.ppm,"
    " v.minor, coalesce(v.category, ''), v.channel, coalesce(v.level, ''), v.is_for_members,"
    " v.stacks, v.min_qty, v.skus"
    " FROM promotion p JOIN promotion_version v ON v.promotion = p.id"
)


def put(wanted: Promotion, *, by: str, now_s: int) -> Promotion:
    """Make the next version of a promotion, or the first; its ``version`` is not looked at.

    Raises:
        RequestInvalid: it cannot be.
        NotFound: there is no such SKU, category or level.
        Conflict: it is of another currency than it was.
    """
    _check(wanted, now_s)
    names = checked_names(wanted.names)

    def write() -> Promotion:
        checked_level(wanted.level)
        if wanted.category and not shelf.path_of(wanted.category):
            raise NotFound(N_("There is no such category."))
        for sku in sorted(wanted.skus):
            shelf.sku_of(sku)
        there = rows("SELECT currency FROM promotion WHERE id = ?", (wanted.id,))
        if there and there[0][0] != wanted.currency:
            raise Conflict(N_("This promotion is of another currency."))
        if not there:
            change(
                "INSERT INTO promotion (id, currency) VALUES (?, ?)", (wanted.id, wanted.currency)
            )
        return _add_version(wanted, names, by, now_s)

    return money_transaction(write)


def end(promotion: str, *, by: str, now_s: int) -> Promotion:
    """Let a promotion end now.

    Raises:
        NotFound: there is none of this id.
        Conflict: it has ended.
    """

    def write() -> Promotion:
        found = get(promotion, now_s)
        if found.until_s <= now_s:
            raise Conflict(N_("This promotion has ended."))
        ended = dataclasses.replace(found, from_s=min(found.from_s, now_s), until_s=now_s)
        return _add_version(ended, (found.names["zh-CN"], found.names["en"]), by, now_s)

    return money_transaction(write)


def everything(at_s: int) -> list[Promotion]:
    """Return every promotion in the version that was newest at a moment, by id."""
    found = rows(f"{_COLUMNS} WHERE v.made_at_s <= ? ORDER BY p.id, v.version DESC", (at_s,))
    newest: dict[str, tuple[Any, ...]] = {}
    for row in found:
        newest.setdefault(row[0], row)
    return [_promotion(row) for row in newest.values()]


def running(currency: str, at_s: int) -> list[Promotion]:
    """Return the promotions of a currency that run at a moment."""
    return [
        one
        for one in everything(at_s)
        if one.currency == currency and one.from_s <= at_s < one.until_s
    ]


def get(promotion: str, at_s: int) -> Promotion:
    """Return a promotion in the version that was newest at a moment; NotFound without."""
    found = rows(
        f"{_COLUMNS} WHERE p.id = ? AND v.made_at_s <= ? ORDER BY v.version DESC LIMIT 1",
        (promotion, at_s),
    )
    if not found:
        raise NotFound(N_("There is no such promotion."))
    return _promotion(found[0])


def _check(wanted: Promotion, now_s: int) -> None:
    checked_slug(wanted.id)
    checked_currency(wanted.currency)
    checked_channel(wanted.channel)
    if wanted.kind is Off.PERCENT:
        if not (0 < wanted.ppm < PPM and wanted.minor == 0):
            raise RequestInvalid(N_("A promotion takes off more than 0 % and less than 100 %."))
    elif not (0 < wanted.minor <= UNIT_MINOR_MAX and wanted.ppm == 0):
        raise RequestInvalid(N_("A price is more than nothing, and less than a hundred billion."))
    if not 0 <= wanted.from_s < wanted.until_s <= FROM_S_MAX or wanted.until_s <= now_s:
        raise RequestInvalid(N_("A promotion ends after it begins, and not in the past."))
    if not 1 <= wanted.min_qty <= QUANTITY_MAX:
        raise RequestInvalid(N_("A step begins at 1 to 100000 pieces."))
    if len(wanted.skus) > SKUS_MAX or (wanted.skus and wanted.category):
        raise RequestInvalid(N_("A promotion is for at most 500 SKUs, or for a category."))


def _add_version(wanted: Promotion, names: tuple[str, str], by: str, now_s: int) -> Promotion:
    [(newest,)] = rows(
        "SELECT coalesce(max(version), 0) FROM promotion_version WHERE promotion = ?",
        (wanted.id,),
    )
    change(
        "INSERT INTO promotion_version (promotion, version, name_zh, name_en, kind, ppm, minor,"
        " skus, category, channel, level, is_for_members, stacks, min_qty, from_s, until_s,"
        " made_by, made_at_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            wanted.id, newest + 1, *names, str(wanted.kind), wanted.ppm, wanted.minor,
            len(wanted.skus), wanted.category or None, wanted.channel, wanted.level or None,
            int(wanted.is_for_members), int(wanted.stacks), wanted.min_qty, wanted.from_s,
            wanted.until_s, by, now_s,
        ),
    )  # fmt: skip
    for sku in sorted(wanted.skus):
        change("INSERT INTO promotion_sku VALUES (?, ?, ?)", (wanted.id, newest + 1, sku))
    return get(wanted.id, now_s)


def _promotion(row: tuple[Any, ...]) -> Promotion:
    (
        id_, version, zh, en, currency, kind, from_s, until_s, ppm, minor, category, channel,
        level, is_for_members, stacks, min_qty, skus,
    ) = row  # fmt: skip
    listed = []
    if skus:
        listed = rows(
            "SELECT sku FROM promotion_sku WHERE promotion = ? AND version = ?", (id_, version)
        )
    return Promotion(
        id_, version, {"zh-CN": zh, "en": en}, currency, Off(kind), from_s, until_s, ppm, minor,
        frozenset(SkuId(sku) for (sku,) in listed), category, channel, level,
        bool(is_for_members), bool(stacks), min_qty,
    )  # fmt: skip
