"""What is found of one thing that a unit needs: the one shape for every device, for disk and clock.

Each device brings a function that takes nothing and returns one ``Finding``; ``app.py`` lists
them, and ``care`` shows them beside what it looks at itself.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple, Protocol, Self

Translate = Callable[[str, str], str]


class Health(StrEnum):
    """How bad a finding is."""

    GOOD = "good"
    NONE = "none"
    """It is not there, and may be meant not to be."""
    WARNING = "warning"
    BAD = "bad"


class Said(str):
    """An English sentence that remembers what was filled into it, so that it can be translated."""

    __slots__ = ("text", "values")
    text: str
    values: dict[str, object]

    def __new__(cls, text: str, **values: object) -> Self:
        """Fill the places of a sentence."""
        made = super().__new__(cls, text.format(**values))
        made.text = text
        made.values = values
        return made


def in_language(locale: str, said: str, translate: Translate) -> str:
    """Return a sentence in a language; of its values only those that are sentences change."""
    if isinstance(said, Said):
        values = {
            name: in_language(locale, value, translate) if isinstance(value, Said) else value
            for name, value in said.values.items()
        }
        return translate(locale, said.text).format(**values)
    return translate(locale, said) if said else ""


class Finding(NamedTuple):
    """One thing that was looked at.

    Args:
        found: What it is, or what is wrong.
        what_to_do: Empty when it is good.
        profile: Of a device: the profile that drives it.
        last_answer: Of a device: what it said last.
    """

    name: str
    health: Health
    found: str
    what_to_do: str = ""
    profile: str = ""
    last_answer: str = ""


class Reports(Protocol):
    """Looks at one device. Ends within a few seconds, changes nothing, never raises."""

    def __call__(self) -> Finding:
        """Return what was found."""


def worst(findings: list[Finding]) -> Health:
    """Return how bad it is all together; GOOD if nothing was looked at."""
    order = (Health.BAD, Health.WARNING)
    return next((h for h in order if any(f.health is h for f in findings)), Health.GOOD)
