"""Reads the fields of a verified answer; whatever is not as documented makes it unknown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from central.errors import ChannelUnknown
from central.foundation.language.said import Saying
from central.money.channels.alipay.client import BEIJING
from central.money.channels.yuan import from_yuan
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


def amount(answer: Mapping[str, Any], name: str) -> Money:
    """Return an amount in yuan that must be there: a text, never a JSON number."""
    try:
        found = from_yuan(answer.get(name))
    except ValueError as exc:
        raise odd(name) from exc
    if found.minor < 0:
        raise odd(name)
    return found


def moment(answer: Mapping[str, Any], name: str) -> int | None:
    """Return a time of Beijing's, Unix seconds; None if it is not there."""
    value = answer.get(name)
    if value is None or value == "":
        return None
    try:
        return parse_moment(value)
    except (TypeError, ValueError) as exc:
        raise odd(name) from exc


def parse_moment(value: str) -> int:
    """Return ``2026-04-11 12:00:00`` as Unix seconds.

    Raises:
        ValueError: it is not such a text.
    """
    found = dt.datetime.strptime(value, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
    return int(found.timestamp())


def beijing(at_s: int) -> str:
    """Return a time as Alipay wants it."""
    return dt.datetime.fromtimestamp(at_s, BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def same(answer: Mapping[str, Any], name: str, wanted: str) -> None:
    """Make sure that the answer is about what was asked for."""
    if answer.get(name) != wanted:
        raise ChannelUnknown("other-number", Saying("channel-other", name=name))


def odd(name: str) -> ChannelUnknown:
    """Return the failure of an answer whose field is missing or of another kind."""
    return ChannelUnknown("unreadable", Saying("channel-missing", name=name))
