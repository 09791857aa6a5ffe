"""Sentences for people: why a price is what it is, or why there is none. Pure."""

from __future__ import annotations

from collections.abc import Callable

from central.foundation.language.words import N_
from central.supply.prices.model import Base, Mode, NoPrice, Off, QuoteRefused, Step, StepKind
from edge.contract.money import decimal_text

Translate = Callable[[str], str]

NO_PRICE = {
    NoPrice.QUANTITY: N_("A quantity is 1 to %(limit)d."),
    NoPrice.UNDER_MINIMUM: N_("At least %(limit)d have to be taken."),
    NoPrice.NOT_PRICED: N_("No price book that is for this buyer has a price for it."),
    NoPrice.CLOSED: N_("The price book says that it is not sold to this buyer."),
    NoPrice.CURRENCY: N_("Something of the price is in another currency."),
    NoPrice.COST_UNKNOWN: N_("The price is worked out from the cost, which is not known."),
    NoPrice.FACE_UNKNOWN: N_("The price is worked out from the face value, and there is none."),
    NoPrice.NOTHING_LEFT: N_("The promotions leave nothing of the price, and there is no floor."),
    NoPrice.TOO_MUCH: N_("The price is too high to be true."),
}
BASES = {
    Base.COST: N_("the cost"),
    Base.FACE: N_("the face value"),
    Base.WIDER: N_("the price of the next wider book"),
}
MODES = {
    Mode.LADDER: N_("fixed prices"),
    Mode.MARK_UP: N_("worked out"),
    Mode.CLOSED: N_("not sold to these"),
    Mode.WIDER: N_("as the next wider book says"),
}
OFFS = {
    Off.PRICE: N_("a fixed price"),
    Off.PERCENT: N_("a percentage off"),
    Off.AMOUNT: N_("an amount off"),
}


def refusal(refused: QuoteRefused, translate: Translate = str) -> str:
    """Return why there is no price."""
    return translate(NO_PRICE[refused.reason]) % {"limit": refused.limit}


def sentence(step: Step, currency: str, locale: str, translate: Translate = str) -> str:
    """Return what a step did, with its source and version."""
    figures = step.figures
    values = {
        "name": step.names.get(locale, step.source), "version": step.version,
        "unit": decimal_text(step.unit_minor, currency), "count": figures.get("min_qty", 1),
    }  # fmt: skip
    if step.kind is StepKind.MARK_UP:
        values |= {
            "rate": signed_percent(int(figures["ppm"])),
            "fixed": decimal_text(int(figures["fixed_minor"]), currency),
            "book": figures["book"], "book_version": figures["book_version"],
        }  # fmt: skip
    if step.kind in {StepKind.PROMOTION, StepKind.PASSED} and "kind" in figures:
        values["off"] = off_text(
            Off(str(figures["kind"])), int(figures.get("ppm", 0)), int(figures.get("minor", 0)),
            currency, translate,
        )  # fmt: skip
        return translate(_PROMOTIONS[step.kind]) % values
    return translate(_SENTENCES[step.kind]) % values


def off_text(kind: Off, ppm: int, minor: int, currency: str, translate: Translate = str) -> str:
    """Return what a promotion does: ``10 % off``."""
    if kind is Off.PERCENT:
        return translate(N_("%(rate)s off")) % {"rate": percent(ppm)}
    amount = decimal_text(minor, currency)
    text = N_("%(amount)s off") if kind is Off.AMOUNT else N_("a price of %(amount)s")
    return translate(text) % {"amount": amount}


def percent(ppm: int) -> str:
    """Return a rate as a person reads it: ``percent(52_500) == "5.25 %"``."""
    sign = "−" if ppm < 0 else ""
    text = f"{abs(ppm) // 10_000}.{abs(ppm) % 10_000:04d}".rstrip("0").rstrip(".")
    return f"{sign}{text} %"


def signed_percent(ppm: int) -> str:
    """Return a rate with its sign: ``+20 %``."""
    return f"+{percent(ppm)}" if ppm >= 0 else percent(ppm)


_SENTENCES = {
    StepKind.LADDER: N_(
        "Price book “%(name)s”, version %(version)d, from %(count)d pieces on: %(unit)s"
    ),
    StepKind.COST: N_("One piece costs the house %(unit)s"),
    StepKind.FACE: N_("The face value is %(unit)s"),
    StepKind.MARK_UP: N_(
        "Mark-up “%(name)s”, version %(version)d (book %(book)s, version %(book_version)d):"
        " %(rate)s and %(fixed)s, rounded to %(unit)s"
    ),
    StepKind.MEMBER: N_("Member price of book “%(name)s”, version %(version)d: %(unit)s"),
    StepKind.PASSED: N_("Not taken: the member price of book “%(name)s”, version %(version)d"),
    StepKind.FLOOR: N_("Not below the floor, version %(version)d: %(unit)s"),
}
_PROMOTIONS = {
    StepKind.PROMOTION: N_("Promotion “%(name)s”, version %(version)d, %(off)s: %(unit)s"),
    StepKind.PASSED: N_(
        "Not taken: promotion “%(name)s”, version %(version)d, %(off)s; it is dearer, or may not"
        " stand beside what was taken"
    ),
}
