"""Up to when is everything known? Pure.

A unit's journal is complete up to a moment if every entry it made before is at the hub. The
watermark of a store group is the least of these moments over its units: an earlier fact can still
arrive after it, and so nothing after it is paid.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from central.money.settlement.model import UnitJournal
from edge.contract.ids import StoreGroup, StoreId, UnitId

SILENT_S = 900
"""A unit that has said nothing for so long is called silent."""
EVERYWHERE = StoreGroup(0)
"""The scope of vouchers that every group takes."""


class Why(StrEnum):
    """Why a unit's journal is not known any further."""

    UP_TO_DATE = "up-to-date"
    SILENT = "silent"
    """It has not been heard of."""
    BEHIND = "behind"
    """It was heard of, and has not sent everything it has."""
    LOST = "lost"
    """It has lost entries; somebody has to say that nobody waits for them any more."""
    UNTOLD = "untold"
    """It was heard of, and does not say how far its journal goes: its software is older."""
    STOPPED = "stopped"
    """Two journals claim to be its own: a person has to look."""


class Complete(NamedTuple):
    """How far one unit's journal is known.

    Args:
        up_to_s: Every entry before this moment is at the hub.
        since_s: Since when it is not known any further.
        lost_epoch: The epoch that reports lost entries.
    """

    unit: UnitId
    store: StoreId
    up_to_s: int
    why: Why
    since_s: int
    lost_epoch: int | None = None


class Watermark(NamedTuple):
    """How far everything of a store group is known.

    Args:
        up_to_s: The least of its units'; the moment it was asked if it has none.
        units: The one that keeps it back comes first.
    """

    group: StoreGroup
    up_to_s: int
    units: tuple[Complete, ...]


def complete(journal: UnitJournal, at_s: int) -> Complete:
    """Say how far one unit's journal is known at a moment, and why no further."""
    heard_at_s = journal.heard_at_s or journal.enrolled_at_s
    if journal.lost is not None:
        lost = journal.lost
        return _complete(journal, lost.before_s, Why.LOST, lost.noticed_at_s, lost.epoch)
    known_s = journal.enrolled_at_s if journal.tail_at_s is None else journal.tail_at_s
    if journal.is_stopped:
        return _complete(journal, known_s, Why.STOPPED, known_s)
    told = journal.told
    if told is not None and not told.is_here:
        return _complete(journal, known_s, Why.BEHIND, known_s)
    if told is not None:
        # A clock that stands in the future says nothing about what is still to come.
        known_s = max(known_s, min(told.at_s, heard_at_s))
    if at_s - heard_at_s > SILENT_S:
        return _complete(journal, known_s, Why.SILENT, heard_at_s)
    if told is None:
        return _complete(journal, known_s, Why.UNTOLD, known_s)
    return _complete(journal, known_s, Why.UP_TO_DATE, heard_at_s)


def watermarks(journals: Iterable[UnitJournal], at_s: int) -> dict[StoreGroup, Watermark]:
    """Return the watermark of each group that has units."""
    by_group: dict[StoreGroup, list[Complete]] = {}
    for journal in journals:
        by_group.setdefault(journal.group, []).append(complete(journal, at_s))
    return {
        group: Watermark(
            group,
            min(unit.up_to_s for unit in units),
            tuple(sorted(units, key=lambda unit: (unit.up_to_s, unit.unit))),
        )
        for group, units in sorted(by_group.items())
    }


def final_through_s(
    marks: Mapping[StoreGroup, Watermark], scope: StoreGroup, group: StoreGroup, at_s: int
) -> int:
    """Return up to when redemptions in a group's stores of vouchers of a scope are final.

    A voucher that every group takes waits for the units of every group.
    """
    asked = marks.values() if scope == EVERYWHERE else [m for g, m in marks.items() if g == group]
    return min((mark.up_to_s for mark in asked), default=at_s)


def _complete(
    journal: UnitJournal, up_to_s: int, why: Why, since_s: int, lost_epoch: int | None = None
) -> Complete:
    return Complete(journal.unit, journal.store, up_to_s, why, since_s, lost_epoch)
