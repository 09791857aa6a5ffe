"""Splits an amount so that every minor unit goes to exactly one line. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PPM = 1_000_000
"""Rates are whole parts per million: 5 % is 50,000."""


class SharesExceed(ValueError):
    """The shares are more than there is, or more than they may be together."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """A fixed amount, whatever was paid."""

    minor: int


@dataclass(frozen=True, slots=True)
class Ratio:
    """Parts per million of the whole base; at most ``cap_minor``, if that is given."""

    ppm: int
    cap_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Rest:
    """What the others leave."""


Line = Fixed | Ratio | Rest


def allocate(
    total_minor: int, lines: Sequence[Line], at_most_minor: int | None = None
) -> list[int]:
    """Return what each line gets, in order; the amounts sum to the total exactly.

    Fixed amounts come first, then ratios of the *full* base by largest remainder, ties by
    declared order: each is within one minor unit of its exact value. One ``Rest`` takes what is
    left; a cap on a line leaves more to it.

    Args:
        total_minor: The base, minor units.
        at_most_minor: The most that all lines but the rest may take together.

    Raises:
        SharesExceed: the shares are more than the base, or than ``at_most_minor``.
        ValueError: something is negative, there are two rests, or nobody takes what is left.
    """
    if total_minor < 0:
        raise ValueError("what is shared is not negative")
    if sum(isinstance(line, Rest) for line in lines) > 1:
        raise ValueError("one line at most takes the rest")
    amounts = shares(total_minor, lines)
    taken = sum(amounts)
    if taken > total_minor:
        raise SharesExceed(f"the shares are {taken}, and there are {total_minor} to share")
    if at_most_minor is not None and taken > at_most_minor:
        raise SharesExceed(f"the shares are {taken}, and may be {at_most_minor} together")
    for place, line in enumerate(lines):
        if isinstance(line, Rest):
            amounts[place] = total_minor - taken
            return amounts
    if taken < total_minor:
        raise ValueError(f"nobody takes what is left of {total_minor}: {total_minor - taken}")
    return amounts


def shares(base_minor: int, lines: Sequence[Line]) -> list[int]:
    """Return what each line asks for, and nothing for a rest; the sum may exceed the base.

    Raises:
        ValueError: an amount, a rate or a cap is negative.
    """
    for line in lines:
        if isinstance(line, Fixed) and line.minor < 0:
            raise ValueError("a fixed share is not negative")
        if isinstance(line, Ratio) and (line.ppm < 0 or (line.cap_minor or 0) < 0):
            raise ValueError("a rate and its cap are not negative")
    rates = [line.ppm if isinstance(line, Ratio) else 0 for line in lines]
    amounts = apportion(base_minor, rates, PPM)
    for place, line in enumerate(lines):
        if isinstance(line, Fixed):
            amounts[place] = line.minor
        elif isinstance(line, Ratio) and line.cap_minor is not None:
            amounts[place] = min(amounts[place], line.cap_minor)
    return amounts


def apportion(total: int, weights: Sequence[int], whole: int) -> list[int]:
    """Return ``total × weight ÷ whole`` of each weight in whole numbers, by largest remainder.

    The sum is ``total × Σ weights ÷ whole``, rounded down once; each is rounded up or down. Of
    equal remainders the one declared first is rounded up.
    """
    amounts = [total * weight // whole for weight in weights]
    remainders = [total * weight % whole for weight in weights]
    short = total * sum(weights) // whole - sum(amounts)
    if short:
        # sorted() keeps the order of equals, which is the declared one.
        for place in sorted(range(len(weights)), key=lambda n: -remainders[n])[:short]:
            amounts[place] += 1
    return amounts
