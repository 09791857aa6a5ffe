"""Keeps mark-ups: templates by which many prices are worked out at once."""

from __future__ import annotations

from typing import Any

from central.errors import NotFound, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.language.words import N_
from central.supply.prices.model import PPM, UNIT_MINOR_MAX, Base, Direction, MarkUp, Rounding
from central.supply.prices.wanted import checked_beginning
from central.supply.product_types.store import checked_names, checked_slug

PPM_MAX = 100 * PPM
_COLUMNS = (
    "SELECT m.id, v.version, v.name_zh, v.name_en, m.currency, v.base, v.ppm, v.fixed_minor,"
    " v.step_minor, v.ending_minor, v.direction"
    " FROM mark_up m JOIN mark_up_version v ON v.mark_up = m.id"
)


def put(wanted: MarkUp, from_s: int, *, by: str, now_s: int) -> MarkUp:
    """Make the next version of a mark-up, or the first; its ``version`` is not looked at.

    Every price that is worked out by it changes at that moment.

    Raises:
        RequestInvalid: it cannot be, or is of another currency than it was.
    """
    checked_slug(wanted.id)
    zh, en = checked_names(wanted.names)
    if not -PPM < wanted.ppm <= PPM_MAX or abs(wanted.fixed_minor) > UNIT_MINOR_MAX:
        raise RequestInvalid(N_("A mark-up is more than −100 % and at most 10000 %."))
    ending = wanted.rounding
    if not 0 <= ending.ending_minor < ending.step_minor <= UNIT_MINOR_MAX:
        raise RequestInvalid(N_("Prices end below the step that they are rounded to."))
    checked_beginning(from_s, now_s)

    def write() -> MarkUp:
        there = rows("SELECT currency FROM mark_up WHERE id = ?", (wanted.id,))
        if there and there[0][0] != wanted.currency:
            raise RequestInvalid(N_("This mark-up is of another currency."))
        if not there:
            change("INSERT INTO mark_up (id, currency) VALUES (?, ?)", (wanted.id, wanted.currency))
        [(newest,)] = rows(
            "SELECT coalesce(max(version), 0) FROM mark_up_version WHERE mark_up = ?",
            (wanted.id,),
        )
        change(
            "INSERT INTO mark_up_version (mark_up, version, name_zh, name_en, base, ppm,"
            " fixed_minor, step_minor, ending_minor, direction, from_s, made_by, made_at_s)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                wanted.id, newest + 1, zh, en, str(wanted.base), wanted.ppm, wanted.fixed_minor,
                ending.step_minor, ending.ending_minor, str(ending.direction), from_s, by, now_s,
            ),
        )  # fmt: skip
        found = rows(f"{_COLUMNS} WHERE m.id = ? AND v.version = ?", (wanted.id, newest + 1))
        return _mark_up(found[0])

    return money_transaction(write)


def at(mark_up: str, at_s: int) -> MarkUp | None:
    """Return a mark-up as it is at a moment; None if it has not begun then."""
    found = rows(
        f"{_COLUMNS} WHERE m.id = ? AND v.from_s <= ? ORDER BY v.from_s DESC, v.version DESC"
        " LIMIT 1",
        (mark_up, at_s),
    )
    return _mark_up(found[0]) if found else None


def everything(at_s: int) -> list[MarkUp]:
    """Return every mark-up as it is at a moment, by id."""
    found = rows(
        f"{_COLUMNS} WHERE v.from_s <= ? ORDER BY m.id, v.from_s DESC, v.version DESC", (at_s,)
    )
    newest: dict[str, MarkUp] = {}
    for row in found:
        newest.setdefault(row[0], _mark_up(row))
    return list(newest.values())


def currency_of(mark_up: str) -> str:
    """Return the currency of a mark-up; NotFound if there is none of this id."""
    found = rows("SELECT currency FROM mark_up WHERE id = ?", (mark_up,))
    if not found:
        raise NotFound(N_("There is no such mark-up."))
    return str(found[0][0])


def _mark_up(row: tuple[Any, ...]) -> MarkUp:
    id_, version, zh, en, currency, base, ppm, fixed, step, ending, direction = row
    rounding = Rounding(step, ending, Direction(direction))
    names = {"zh-CN": zh, "en": en}
    return MarkUp(id_, version, names, currency, Base(base), ppm, fixed, rounding)
