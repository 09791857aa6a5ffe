"""Prices, promotions and mark-ups as forms: what was typed, as what it means. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar
from zoneinfo import ZoneInfo

from central.errors import RequestInvalid
from central.foundation.language.words import N_
from central.money.sharing.form import read_moment
from central.supply.catalogue.model import SkuId
from central.supply.prices.model import (
    Base,
    Book,
    Direction,
    MarkUp,
    Mode,
    Off,
    Promotion,
    Rounding,
)
from central.supply.prices.typed import read_amount, read_ladder, read_percent
from central.supply.prices.wanted import Wanted

Word = TypeVar("Word", Mode, Base, Off, Direction)

ENDINGS = {
    "1/0": N_("to the cent"),
    "100/0": ".00",
    "100/90": ".90",
    "100/99": ".99",
    "100/80": ".80",
    "1000/0": "0.00",
    "1000/900": "9.00",
    "1000/990": "9.90",
}
"""How prices may end: step and ending in minor units."""


def book_of(typed: Mapping[str, str], currency: str) -> Book:
    """Return the book that was typed; ``whose`` is ``level:city``, ``agent:C1`` or empty."""
    kind, _, whose = typed.get("whose", "").partition(":")
    return Book(
        typed.get("id", "").strip(), _names(typed), typed.get("currency") or currency,
        whose if kind == "agent" else "", whose if kind == "level" else "",
        typed.get("channel", "").strip().lower(),
    )  # fmt: skip


def wanted_of(typed: Mapping[str, str], currency: str) -> Wanted:
    """Return the price that was typed."""
    mode = _one_of(Mode, typed.get("mode", "ladder"))
    member = typed.get("member", "").strip()
    return Wanted(
        mode, read_ladder(typed.get("ladder", ""), currency) if mode is Mode.LADDER else (),
        typed.get("mark_up", "") if mode is Mode.MARK_UP else "",
        read_amount(member, currency) if member else None,
        typed.get("member_stacks") == "yes", typed.get("note", ""),
    )  # fmt: skip


def mark_up_of(typed: Mapping[str, str], currency: str) -> MarkUp:
    """Return the mark-up that was typed."""
    ending = typed.get("ending", "1/0")
    if ending not in ENDINGS:
        raise RequestInvalid(N_("Prices end below the step that they are rounded to."))
    step, _, rest = ending.partition("/")
    fixed = typed.get("fixed", "").strip() or "0"
    is_less = fixed[0] in "-−"
    minor = read_amount(fixed.lstrip("+-−"), currency)
    return MarkUp(
        typed.get("id", "").strip(), 0, _names(typed), currency,
        _one_of(Base, typed.get("base", "")), read_percent(typed.get("percent", "") or "0"),
        -minor if is_less else minor,
        Rounding(int(step), int(rest), _one_of(Direction, typed.get("direction", "nearest"))),
    )  # fmt: skip


def promotion_of(typed: Mapping[str, str], currency: str, zone: ZoneInfo) -> Promotion:
    """Return the promotion that was typed."""
    kind = _one_of(Off, typed.get("kind", ""))
    value = typed.get("value", "")
    least = typed.get("min_qty", "").strip() or "1"
    if not re.fullmatch(r"[0-9]{1,6}", least, re.ASCII):
        raise RequestInvalid(N_("A step begins at 1 to 100000 pieces."))
    skus = [SkuId(word) for word in re.split(r"[\s,;，；]+", typed.get("skus", "").upper()) if word]
    return Promotion(
        typed.get("id", "").strip(), 0, _names(typed), currency, kind,
        read_moment(typed.get("from", ""), zone), read_moment(typed.get("until", ""), zone),
        read_percent(value) if kind is Off.PERCENT else 0,
        0 if kind is Off.PERCENT else read_amount(value, currency),
        frozenset(skus), typed.get("category", ""), typed.get("channel", "").strip().lower(),
        typed.get("level", ""), typed.get("members") == "yes", typed.get("stacks") == "yes",
        int(least),
    )  # fmt: skip


def _names(typed: Mapping[str, str]) -> dict[str, str]:
    return {"zh-CN": typed.get("zh", ""), "en": typed.get("en", "")}


def _one_of(words: type[Word], text: str) -> Word:
    try:
        return words(text)
    except ValueError as exc:
        raise RequestInvalid(N_("Something that was asked for cannot be read.")) from exc
