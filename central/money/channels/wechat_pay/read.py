"""Reads the fields of a verified answer; whatever is not as documented makes it unknown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from central.errors import ChannelUnknown
from central.foundation.language.said import Saying
from central.money.channels.yuan import fen
from edge.contract.money import Money


def text(answer: Mapping[str, Any], name: str) -> str:
    """Return a text that must be there."""
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise odd(name)
    return value


def maybe_text(answer: Mapping[str, Any], name: str) -> str:
    """Return a text, empty if it is not there."""
    value = answer.get(name)
    return value if isinstance(value, str) else ""


def amount(answer: Mapping[str, Any], *path: str) -> Money:
    """Return an amount in fen that must be there: a JSON integer, never a text."""
    value: Any = answer
    for name in path:
        if not isinstance(value, Mapping):
            raise odd(path[-1])
        value = value.get(name)
    try:
        return fen(value)
    except ValueError as exc:
        raise odd(path[-1]) from exc


def moment(answer: Mapping[str, Any], name: str) -> int | None:
    """Return a time (RFC 3339), Unix seconds; None if it is not there."""
    value = answer.get(name)
    if value is None or value == "":
        return None
    try:
        found = dt.datetime.fromisoformat(value)
    except (TypeError, ValueError) as exc:
        raise odd(name) from exc
    if found.tzinfo is None:
        raise odd(name)
    return int(found.timestamp())


def rfc3339(at_s: int) -> str:
    """Return a time as the channel wants it: ``2026-04-11T12:00:00+08:00``."""
    beijing = dt.timezone(dt.timedelta(hours=8))
    return dt.datetime.fromtimestamp(at_s, beijing).isoformat(timespec="seconds")


def same(answer: Mapping[str, Any], name: str, wanted: str) -> None:
    """Make sure that the answer is about what was asked for."""
    if answer.get(name) != wanted:
        raise ChannelUnknown("other-number", Saying("channel-other", name=name))


def odd(name: str) -> ChannelUnknown:
    """Return the failure of an answer whose field is missing or of another kind."""
    return ChannelUnknown("unreadable", Saying("channel-missing", name=name))
