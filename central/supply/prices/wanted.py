"""What somebody wants a SKU to cost, and whether it can be. Pure."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from central.errors import RequestInvalid
from central.foundation.language.words import N_
from central.supply.prices.model import QUANTITY_MAX, UNIT_MINOR_MAX, Mode, Tier

TIERS_MAX = 20
NOTE_MAX = 500
FROM_S_MAX = 2**35
"""A price that begins after the year 3000 was a slip of the finger."""


@dataclass(frozen=True)
class Wanted:
    """What somebody wants a SKU to cost by a book."""

    mode: Mode
    tiers: tuple[Tier, ...] = ()
    mark_up: str = ""
    member_minor: int | None = None
    member_stacks: bool = False
    note: str = ""


@dataclass(frozen=True)
class Change:
    """A price that somebody wants to set."""

    book: str
    sku: str
    wanted: Wanted


def check(wanted: Wanted) -> None:
    """Refuse a price that cannot be, with RequestInvalid."""
    if (wanted.mode is Mode.LADDER) != bool(wanted.tiers):
        raise RequestInvalid(N_("A ladder has steps, and nothing else has."))
    if (wanted.mode is Mode.MARK_UP) != bool(wanted.mark_up):
        raise RequestInvalid(N_("Say which mark-up, and only of a mark-up."))
    if len(wanted.tiers) > TIERS_MAX:
        raise RequestInvalid(N_("A ladder has at most 20 steps."))
    amounts = [tier.unit_minor for tier in wanted.tiers]
    if wanted.member_minor is not None:
        amounts.append(wanted.member_minor)
    if not all(type(m) is int and 1 <= m <= UNIT_MINOR_MAX for m in amounts):
        raise RequestInvalid(N_("A price is more than nothing, and less than a hundred billion."))
    _check_ladder(wanted.tiers)
    has_price = wanted.mode in {Mode.LADDER, Mode.MARK_UP}
    if not has_price and (wanted.member_minor is not None or wanted.member_stacks):
        raise RequestInvalid(N_("Members have a price where others have one."))
    if len(wanted.note) > NOTE_MAX or not wanted.note.replace("\u3000", " ").isprintable():
        raise RequestInvalid(N_("A note has at most 500 printable characters."))


def _check_ladder(tiers: tuple[Tier, ...]) -> None:
    for below, above in itertools.pairwise(tiers):
        if above.min_qty <= below.min_qty or above.unit_minor >= below.unit_minor:
            raise RequestInvalid(N_("Each step of a ladder is for more pieces, and cheaper."))
    if tiers and not 1 <= tiers[0].min_qty <= tiers[-1].min_qty <= QUANTITY_MAX:
        raise RequestInvalid(N_("A step begins at 1 to 100000 pieces."))


def checked_beginning(from_s: int | None, now_s: int) -> int:
    """Return when something begins, now if that was not said; RequestInvalid if it cannot then."""
    begins_s = now_s if from_s is None else from_s
    if begins_s < now_s:
        raise RequestInvalid(N_("A price begins now or later: what was quoted was quoted."))
    if begins_s > FROM_S_MAX:
        raise RequestInvalid(N_("A price begins in this millennium."))
    return begins_s
