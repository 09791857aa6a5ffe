"""Amounts as channels write them: fen as a JSON integer, yuan as a decimal text. No float."""

from __future__ import annotations

import re

from edge.contract.money import MINOR_MAX, Money, decimal_text

CURRENCY = "CNY"
_YUAN = re.compile(r"(-?)([0-9]{1,17})(?:\.([0-9]{1,5}))?", re.ASCII)


def fen(value: object) -> Money:
    """Return an amount in fen as APIv3 writes it: a JSON integer, nothing else.

    Raises:
        ValueError: it is a text, a fraction, true, negative, or does not fit.
    """
    if type(value) is not int or not 0 <= value <= MINOR_MAX:
        raise ValueError("an amount in fen is a whole JSON number")
    return Money(value, CURRENCY)


def to_fen(amount: Money) -> int:
    """Return what goes into JSON.

    Raises:
        ValueError: another currency than the channel's.
    """
    if amount.currency != CURRENCY:
        raise ValueError(f"the channel pays in {CURRENCY} only")
    return amount.minor


def from_yuan(text: object) -> Money:
    """Return an amount as Alipay and bills write it, ``"88.00"``; at most two decimals count.

    Raises:
        ValueError: it is not such a text.
    """
    e5 = from_yuan_e5(text)
    if e5 % 1000:
        raise ValueError("an amount has at most two decimals")
    return Money(e5 // 1000, CURRENCY)


def from_yuan_e5(text: object) -> int:
    """Return an amount in 1/100,000 yuan: bills give fees with five decimals.

    Raises:
        ValueError: it is not a decimal text.
    """
    match = _YUAN.fullmatch(text) if isinstance(text, str) else None
    if not match:
        raise ValueError("an amount in yuan is a text such as 88.00")
    sign, whole, decimals = match[1], match[2], match[3] or ""
    value = int(whole + decimals.ljust(5, "0"))
    return -value if sign else value


def to_yuan(amount: Money) -> str:
    """Return ``"88.00"``.

    Raises:
        ValueError: another currency than the channel's.
    """
    return decimal_text(to_fen(amount), CURRENCY)
