"""What has happened, as data: a slug and values; a sentence is made of it for whoever reads it.

A ``Saying`` is text as well, in English, so that it can be raised, logged and printed as any other
is. It is kept as JSON; a sentence that was stored before that is shown as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Self

from central.errors import HubError
from central.foundation.language.sayings import SAYINGS
from central.foundation.language.words import translate

VALUE_CHARS = 200
SENTENCE_CHARS = 500
PARTS_MAX = 10
"""Sentences of one report that are kept; how many more there were is said."""

_MSGIDS = {"title", "detail"}
"""Values that are sentences of the catalogues, or may be."""

Value = str | int
Say = Callable[[str], str]
"""Returns a sentence of the catalogues in somebody's language."""


class Saying(str):
    """A sentence that knows what it is made of. As text it is English.

    Args:
        slug: Which sentence of ``SAYINGS``; stable, programs read it.
        values: What stands in it. One that is a ``Saying`` is said in the same language.
    """

    __slots__ = ("slug", "values")
    slug: str
    values: Mapping[str, Value]

    def __new__(cls, slug: str, /, **values: Value) -> Self:
        """Make it; a slug or a value that is not there is a programmer's error."""
        kept = {name: _bounded(value) for name, value in values.items()}
        made = super().__new__(cls, SAYINGS[slug] % kept)
        made.slug, made.values = slug, kept
        return made

    def data(self) -> dict[str, Any]:
        """Return slug and values, as JSON has them."""
        values = {
            name: value.data() if isinstance(value, Saying) else value
            for name, value in self.values.items()
        }
        return {"slug": self.slug, "values": values}


def _bounded(value: Value) -> Value:
    if isinstance(value, Saying | int):
        return value
    return str(value)[:VALUE_CHARS]


def together(parts: Iterable[str]) -> str:
    """Return sentences as one: the first ones, and how many more there were."""
    found = list(parts)
    if len(found) > PARTS_MAX:
        left = len(found) - PARTS_MAX
        found = [*found[:PARTS_MAX], Saying("more-of-it", count=left)]
    if not found:
        return ""
    made = found[-1]
    for one in reversed(found[:-1]):
        made = Saying("and-then", first=one, rest=made)
    return made


def why(exc: HubError) -> str:
    """Return what a problem says, for a report."""
    if isinstance(exc.detail, Saying):
        return exc.detail
    if not exc.detail:
        return Saying("problem", problem=exc.slug, title=exc.title)
    return Saying("problem-detail", problem=exc.slug, title=exc.title, detail=exc.detail)


def sentence_of(exc: Exception) -> str:
    """Return what an exception was raised with: the ``Saying``, where ``str`` gives its text."""
    first = exc.args[0] if exc.args else None
    return first if isinstance(first, Saying) else str(exc)


def in_words(text: str, say: Say) -> str:
    """Return a sentence in the language that ``say`` speaks; any other text of it as it is."""
    if not isinstance(text, Saying):
        return say(text) if text else ""
    values = {
        name: in_words(str(value), say) if name in _MSGIDS else _in_words(value, say)
        for name, value in text.values.items()
    }
    return say(SAYINGS[text.slug]) % values


def _in_words(value: Value, say: Say) -> Value:
    return in_words(value, say) if isinstance(value, Saying) else value


def in_language(text: str, locale: str) -> str:
    """Return a sentence in ``zh-CN`` or ``en``, for what is made without a browser that asks."""
    return in_words(text, partial(translate, locale))


def data_of(text: str) -> dict[str, Any] | None:
    """Return slug and values of what was said; None of a sentence that has none."""
    return text.data() if isinstance(text, Saying) else None


# --- as it is kept -------------------------------------------------------------------------------


def kept(text: str) -> str:
    """Return what a column holds of it: JSON, or the sentence itself if it is no more than that."""
    if isinstance(text, Saying):
        return json.dumps(text.data(), ensure_ascii=False)
    return text[:SENTENCE_CHARS]


def of_kept(text: str | None) -> str:
    """Return what ``kept`` has kept; what was stored before, or by a newer hub, as it stands."""
    if not text or not text.startswith('{"slug": '):
        return text or ""
    try:
        return _of_data(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError):
        return text


def _of_data(data: Mapping[str, Any]) -> Saying:
    values = {
        name: _of_data(value) if isinstance(value, dict) else value
        for name, value in data["values"].items()
    }
    return Saying(data["slug"], **values)
