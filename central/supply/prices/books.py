"""Keeps price books, what they say of each SKU, and floors. Nothing of it is ever edited."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.language.words import N_
from central.supply.catalogue import shelf
from central.supply.catalogue.model import SkuId
from central.supply.prices import mark_ups
from central.supply.prices.model import UNIT_MINOR_MAX, Book, Entry, Floor, Mode, Tier
from central.supply.prices.wanted import Change, Wanted, check, checked_beginning
from central.supply.product_types.store import checked_names, checked_slug
from edge.contract.money import Money

CHANNEL_MAX = 32
_BOOKS = (
    "SELECT id, name_zh, name_en, currency, coalesce(agent, ''), coalesce(level, ''), channel"
    " FROM price_book"
)
_PRICES = (
    "SELECT p.book, p.sku, p.version, p.mode, p.mark_up, p.member_minor, p.member_stacks, p.note,"
    " p.from_s, p.made_by, p.made_at_s FROM price p"
)


@dataclass(frozen=True)
class PriceVersion:
    """One version of what a SKU costs by a book; ``from_s`` on, until the next one begins."""

    book: str
    sku: SkuId
    version: int
    wanted: Wanted
    from_s: int
    made_by: str
    made_at_s: int


# --- books ---------------------------------------------------------------------------------------


def add_book(book: Book, *, by: str, at_s: int) -> Book:
    """Add a book.

    Raises:
        RequestInvalid: something of it cannot be.
        NotFound: there is no such agent or level.
        Conflict: its id is taken, or there is a book for the same ones.
    """
    checked_slug(book.id)
    zh, en = checked_names(book.names)
    if book.agent and book.level:
        raise RequestInvalid(N_("A book is for an agent or for a level, not for both."))
    checked_channel(book.channel)
    checked_currency(book.currency)

    def write() -> Book:
        if book.agent and not rows("SELECT 1 FROM agent WHERE id = ?", (book.agent,)):
            raise NotFound(N_("There is no such agent."))
        checked_level(book.level)
        taken = rows(
            "SELECT id FROM price_book WHERE id = ? OR (coalesce(agent, '') = ?"
            " AND coalesce(level, '') = ? AND channel = ? AND currency = ?)",
            (book.id, book.agent, book.level, book.channel, book.currency),
        )
        if taken:
            raise Conflict(N_("There is a book of this id, or one for the same buyers, already."))
        change(
            "INSERT INTO price_book (id, name_zh, name_en, currency, agent, level, channel,"
            " made_by, made_at_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                book.id, zh, en, book.currency, book.agent or None, book.level or None,
                book.channel, by, at_s,
            ),
        )  # fmt: skip
        return book

    return money_transaction(write)


def books() -> list[Book]:
    """Return every book, the narrowest first."""
    found = [_book(row) for row in rows(_BOOKS)]
    return sorted(found, key=lambda book: (book.width, book.id))


def get(book: str) -> Book:
    """Return a book; NotFound if there is none of this id."""
    found = rows(f"{_BOOKS} WHERE id = ?", (book,))
    if not found:
        raise NotFound(N_("There is no such price book."))
    return _book(found[0])


# --- prices --------------------------------------------------------------------------------------


def set_price(wanted: Change, from_s: int | None = None, *, by: str, now_s: int) -> PriceVersion:
    """Let a SKU cost so much by a book, from a moment on; from now on if none is given.

    Raises:
        RequestInvalid: the price cannot be, or begins in the past.
        NotFound: there is no such book, SKU or mark-up.
    """
    [done] = set_prices([wanted], from_s, by=by, now_s=now_s)
    return done


def set_prices(
    wanted: Iterable[Change], from_s: int | None = None, *, by: str, now_s: int
) -> list[PriceVersion]:
    """Set several prices: all of them, or none. As ``set_price``."""
    begins_s = checked_beginning(from_s, now_s)
    listed = list(wanted)
    for one in listed:
        check(one.wanted)

    def write() -> list[PriceVersion]:
        return [_write(one, begins_s, by, now_s) for one in listed]

    return money_transaction(write)


def _write(one: Change, from_s: int, by: str, now_s: int) -> PriceVersion:
    book = get(one.book)
    shelf.sku_of(one.sku)
    wanted = one.wanted
    if wanted.mark_up and mark_ups.currency_of(wanted.mark_up) != book.currency:
        raise RequestInvalid(N_("This mark-up is of another currency than the book."))
    if wanted.mark_up and mark_ups.at(wanted.mark_up, from_s) is None:
        raise RequestInvalid(N_("This mark-up begins later than the price."))
    [(newest,)] = rows(
        "SELECT coalesce(max(version), 0) FROM price WHERE book = ? AND sku = ?",
        (one.book, one.sku),
    )
    key = (one.book, one.sku, newest + 1)
    change(
        "INSERT INTO price (book, sku, version, mode, mark_up, tiers, member_minor, member_stacks,"
        " note, from_s, made_by, made_at_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *key, str(wanted.mode), wanted.mark_up or None, len(wanted.tiers), wanted.member_minor,
            int(wanted.member_stacks), wanted.note.strip(), from_s, by, now_s,
        ),
    )  # fmt: skip
    for tier in wanted.tiers:
        change(
            "INSERT INTO price_tier (book, sku, version, min_qty, unit_minor)"
            " VALUES (?, ?, ?, ?, ?)",
            (*key, tier.min_qty, tier.unit_minor),
        )
    return PriceVersion(one.book, SkuId(one.sku), newest + 1, wanted, from_s, by, now_s)


def versions(book: str, sku: str | None = None) -> list[PriceVersion]:
    """Return what a book says, of all SKUs or of one: by SKU, what begins last first."""
    sql, values = f"{_PRICES} WHERE p.book = ?", [book]
    if sku is not None:
        sql, values = f"{sql} AND p.sku = ?", [book, sku]
    tiers = _tiers_of_book(book)
    found = rows(f"{sql} ORDER BY p.sku, p.from_s DESC, p.version DESC", tuple(values))
    return [_price(row, tiers.get((row[1], row[2]), ())) for row in found]


def in_force(found: Iterable[PriceVersion], at_s: int) -> dict[SkuId, PriceVersion]:
    """Return what counts of each SKU at a moment. Pure; takes the order of ``versions``."""
    counting: dict[SkuId, PriceVersion] = {}
    for one in found:
        if one.from_s <= at_s:
            counting.setdefault(one.sku, one)
    return counting


def entries(sku: str, mine: Iterable[Book], at_s: int) -> list[Entry]:
    """Return what these books say of a SKU at a moment."""
    found = []
    for book in mine:
        newest = rows(
            f"{_PRICES} WHERE p.book = ? AND p.sku = ? AND p.from_s <= ?"
            " ORDER BY p.from_s DESC, p.version DESC LIMIT 1",
            (book.id, sku, at_s),
        )
        if not newest:
            continue
        version = newest[0][2]
        steps = rows(
            "SELECT min_qty, unit_minor FROM price_tier WHERE book = ? AND sku = ?"
            " AND version = ? ORDER BY min_qty",
            (book.id, sku, version),
        )
        wanted = _price(newest[0], tuple(Tier(*step) for step in steps)).wanted
        used = mark_ups.at(wanted.mark_up, at_s) if wanted.mark_up else None
        assert bool(wanted.mark_up) == bool(used), "a price begins no earlier than its mark-up"
        found.append(
            Entry(
                book, version, wanted.mode, wanted.tiers, used, wanted.member_minor,
                wanted.member_stacks,
            )
        )  # fmt: skip
    return found


# --- floors --------------------------------------------------------------------------------------


def set_floor(
    sku: str, currency: str, floor_minor: int | None, from_s: int | None = None, *, by: str,
    now_s: int,
) -> int:  # fmt: skip
    """Let nobody sell a SKU for less, from a moment on; None lifts the floor. Returns its version.

    Raises:
        RequestInvalid: the floor cannot be, or begins in the past.
        NotFound: there is no such SKU.
    """
    begins_s = checked_beginning(from_s, now_s)
    checked_currency(currency)
    if floor_minor is not None and not 1 <= floor_minor <= UNIT_MINOR_MAX:
        raise RequestInvalid(N_("A price is more than nothing, and less than a hundred billion."))

    def write() -> int:
        shelf.sku_of(sku)
        [(newest,)] = rows(
            "SELECT coalesce(max(version), 0) FROM floor_price WHERE sku = ? AND currency = ?",
            (sku, currency),
        )
        change(
            "INSERT INTO floor_price (sku, currency, version, floor_minor, from_s, made_by,"
            " made_at_s) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (sku, currency, newest + 1, floor_minor, begins_s, by, now_s),
        )
        return int(newest) + 1

    return money_transaction(write)


def floors(currency: str, at_s: int) -> dict[SkuId, Floor]:
    """Return the floor of every SKU that has one at a moment."""
    found = rows(
        "SELECT sku, version, floor_minor FROM floor_price WHERE currency = ? AND from_s <= ?"
        " ORDER BY sku, from_s DESC, version DESC",
        (currency, at_s),
    )
    newest: dict[SkuId, tuple[int, int | None]] = {}
    for sku, version, minor in found:
        newest.setdefault(SkuId(sku), (version, minor))
    return {
        sku: Floor(version, Money(minor, currency))
        for sku, (version, minor) in newest.items()
        if minor is not None
    }


def floor_of(sku: str, currency: str, at_s: int) -> Floor | None:
    """Return the floor of a SKU at a moment, or None."""
    found = rows(
        "SELECT version, floor_minor FROM floor_price WHERE sku = ? AND currency = ?"
        " AND from_s <= ? ORDER BY from_s DESC, version DESC LIMIT 1",
        (sku, currency, at_s),
    )
    if not found or found[0][1] is None:
        return None
    [(version, minor)] = found
    return Floor(version, Money(minor, currency))


# --- what is used elsewhere in this room ---------------------------------------------------------


def checked_channel(channel: str) -> None:
    """Refuse a channel that cannot be one."""
    if channel:
        try:
            checked_slug(channel)
        except RequestInvalid as exc:
            raise RequestInvalid(N_("A channel is a-z, 0-9 and hyphens, 32 at most.")) from exc


def checked_level(level: str) -> None:
    """Refuse a level of agents that there is not; empty is for any."""
    if level and not rows("SELECT 1 FROM agent_level WHERE id = ?", (level,)):
        raise NotFound(N_("There is no such level."))


def checked_currency(currency: str) -> None:
    """Refuse what is no currency."""
    try:
        Money(0, currency)
    except ValueError as exc:
        raise RequestInvalid(N_("A currency is three capital letters.")) from exc


def _tiers_of_book(book: str) -> dict[tuple[str, int], tuple[Tier, ...]]:
    found = rows(
        "SELECT sku, version, min_qty, unit_minor FROM price_tier WHERE book = ?"
        " ORDER BY sku, version, min_qty",
        (book,),
    )
    tiers: dict[tuple[str, int], tuple[Tier, ...]] = {}
    for sku, version, min_qty, unit_minor in found:
        tiers[sku, version] = (*tiers.get((sku, version), ()), Tier(min_qty, unit_minor))
    return tiers


def _book(row: tuple[Any, ...]) -> Book:
    id_, zh, en, currency, agent, level, channel = row
    return Book(id_, {"zh-CN": zh, "en": en}, currency, agent, level, channel)


def _price(row: tuple[Any, ...], tiers: tuple[Tier, ...]) -> PriceVersion:
    book, sku, version, mode, mark_up, member, stacks, note, from_s, by, at_s = row
    wanted = Wanted(Mode(mode), tiers, mark_up or "", member, bool(stacks), note)
    return PriceVersion(book, SkuId(sku), version, wanted, from_s, by, at_s)
