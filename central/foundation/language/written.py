"""What people write: amounts, percentages, days, months. Pure; a fault names what was written."""

from __future__ import annotations

from central.errors import RequestInvalid
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from edge.contract.money import decimal_text, parse_decimal

PPM_PLACES = 4
"""Decimals of a percentage that is kept in parts per million."""


def minor(text: str, currency: str) -> int:
    """Return an amount in minor units: ``minor("0.10", "CNY") == 10``.

    Raises:
        RequestInvalid: it is none, or it has more decimals than the currency.
    """
    try:
        return parse_decimal(text, currency).minor
    except ValueError as exc:
        example = decimal_text(8850, currency)
        raise RequestInvalid(Saying("written-amount", text=text, example=example)) from exc


def ppm(text: str) -> int:
    """Return a percentage with at most four decimals: ``ppm("0.6") == 6000``.

    Raises:
        RequestInvalid: it is none, or 1,000 and more.
    """
    whole, _, decimals = text.strip().rstrip("%").strip().partition(".")
    is_number = (whole + decimals).isascii() and (whole + decimals).isdecimal()
    if not is_number or len(whole) > 3 or len(decimals) > PPM_PLACES:
        raise RequestInvalid(Saying("written-percentage", text=text))
    return int(whole + decimals.ljust(PPM_PLACES, "0"))


def day(text: str) -> int:
    """Return a day, ``day("2026-04-11") == 20260411``. Whether there is one, others find out.

    Raises:
        RequestInvalid: it is not written as one.
    """
    digits = text.strip().replace("-", "")
    if not (digits.isascii() and digits.isdecimal() and len(digits) == 8):
        raise RequestInvalid(N_("A day is written 2026-04-11."))
    return int(digits)


def month(text: str) -> int:
    """Return a month, ``month("2026-04") == 202604``.

    Raises:
        RequestInvalid: it is not written as one.
    """
    digits = text.strip().replace("-", "")
    if not (digits.isascii() and digits.isdecimal() and len(digits) == 6):
        raise RequestInvalid(N_("A month is written 2026-04."))
    return int(digits)
