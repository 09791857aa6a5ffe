"""Prices of a key: 50.00, and less for many; a mark-up, a promotion, a floor."""

from __future__ import annotations

from typing import Any

from central.supply.catalogue.model import SkuId
from central.supply.prices.model import (
    Base,
    Book,
    Entry,
    Facts,
    Floor,
    MarkUp,
    Mode,
    Off,
    Promotion,
    Quote,
    QuoteRefused,
    Rounding,
    Tier,
)
from central.supply.prices.quote import quote
from edge.contract.money import Money
from tests.central.supply.product_types.builders import both

SKU = SkuId("KEY-50")
NOW = 1_000
LADDER = (Tier(1, 5_000), Tier(10, 4_500), Tier(100, 4_000))


def yuan(minor: int, currency: str = "CNY") -> Money:
    return Money(minor, currency)


def a_book(name: str = "retail", **bent: Any) -> Book:
    return Book(name, both("零售", name.title()), bent.pop("currency", "CNY"), **bent)


def an_entry(*tiers: Tier, **bent: Any) -> Entry:
    values: dict[str, Any] = {
        "book": a_book(), "version": 1, "mode": Mode.LADDER, "tiers": tiers or LADDER
    }  # fmt: skip
    return Entry(**{**values, **bent})


def a_mark_up(base: Base = Base.COST, **bent: Any) -> MarkUp:
    values: dict[str, Any] = {
        "id": "plus", "version": 1, "names": both("加价", "Plus"), "currency": "CNY", "base": base
    }  # fmt: skip
    return MarkUp(**{**values, **bent})


def marked_up(mark_up: MarkUp, **bent: Any) -> Entry:
    return an_entry(**{"mode": Mode.MARK_UP, "tiers": (), "mark_up": mark_up, **bent})


def a_promotion(name: str = "spring", kind: Off = Off.PERCENT, **bent: Any) -> Promotion:
    rate: dict[str, Any] = {"ppm": 100_000} if kind is Off.PERCENT else {"minor": 500}
    values: dict[str, Any] = {
        "id": name, "version": 1, "names": both("春", name.title()), "currency": "CNY",
        "kind": kind, "from_s": 0, "until_s": 2_000, **rate,
    }  # fmt: skip
    return Promotion(**{**values, **bent})


def some_facts(**bent: Any) -> Facts:
    values: dict[str, Any] = {
        "sku": SKU, "quantity": 1, "currency": "CNY", "at_s": NOW, "entries": (an_entry(),)
    }  # fmt: skip
    return Facts(**{**values, **bent})


def a_floor(minor: int, currency: str = "CNY") -> Floor:
    return Floor(1, yuan(minor, currency))


def quoted(**bent: Any) -> Quote:
    found = quote(some_facts(**bent))
    assert isinstance(found, Quote), found
    return found


def refused(**bent: Any) -> QuoteRefused:
    found = quote(some_facts(**bent))
    assert isinstance(found, QuoteRefused), found
    return found


ROUND_90 = Rounding(100, 90)
