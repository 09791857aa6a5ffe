"""Amounts of money as integers in minor units, with their currency."""

from __future__ import annotations

import re
from dataclasses import dataclass

MINOR_MAX = 2**63 - 1
"""The largest amount either way: what a signed 64-bit column holds."""

_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)

# ISO 4217: currencies whose minor unit is not 1/100.
_EXPONENTS = {
    "BHD": 3, "CLP": 0, "IQD": 3, "ISK": 0, "JOD": 3, "JPY": 0, "KRW": 0, "KWD": 3, "LYD": 3,
    "OMR": 3, "PYG": 0, "TND": 3, "UGX": 0, "VND": 0, "XAF": 0, "XOF": 0,
}  # fmt: skip


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies were combined."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (fen, cents) of one currency.

    Args:
        minor: Whole minor units, may be negative, at most 2**63-1 either way.
        currency: ISO 4217 code, three capital letters.

    Raises:
        TypeError: ``minor`` is not an int (a float never is money).
        ValueError: the amount does not fit, or the currency is not a code.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"money is counted in whole minor units, not {self.minor!r}")
        if not -MINOR_MAX <= self.minor <= MINOR_MAX:
            raise ValueError("the amount does not fit into 64 bits")
        if not _CURRENCY.fullmatch(self.currency):
            raise ValueError("a currency is three capital letters (ISO 4217)")

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other), self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.minor > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.minor >= self._same(other)

    def __str__(self) -> str:
        return f"{self.currency} {decimal_text(self.minor, self.currency)}"

    def _same(self, other: Money) -> int:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} cannot be combined")
        return other.minor


def decimal_text(minor: int, currency: str) -> str:
    """Return the amount with its decimal point: ``decimal_text(8800, "CNY") == "88.00"``."""
    places = _EXPONENTS.get(currency, 2)
    sign = "-" if minor < 0 else ""
    digits = str(abs(minor)).zfill(places + 1)
    return sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)


def parse_decimal(text: str, currency: str) -> Money:
    """Read an amount as a person types it: ``parse_decimal("88.5", "CNY").minor == 8850``.

    Raises:
        ValueError: not a number of ASCII digits, more decimals than the currency has, too large.
    """
    places = _EXPONENTS.get(currency, 2)
    match = re.fullmatch(r"([0-9]{1,17})(?:[.,]([0-9]+))?", text.strip(), re.ASCII)
    decimals = (match[2] or "") if match else ""
    if not match or len(decimals) > places:
        raise ValueError(f"an amount is digits with at most {places} decimals")
    return Money(int(match[1] + decimals.ljust(places, "0")), currency)
