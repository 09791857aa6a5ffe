"""Reads fields of a request the way APIv3 does: by type, length and pattern, or PARAM_ERROR."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from central.simulators.channel import keys as parties
from central.simulators.channel.world import Refuse, is_notify_url

NUMBER_32 = r"[0-9A-Za-z]{1,32}"
ORDER = r"[0-9A-Za-z_\-|*]{6,32}"
LONG = r"[0-9A-Za-z_\-|*@]{1,64}"


def text(
    body: dict[str, Any], name: str, most: int, *, pattern: str = "", needed: bool = True
) -> str:
    """Return a text; empty if it is not there and not needed."""
    value = body.get(name)
    if value is None and not needed:
        return ""
    if not isinstance(value, str) or not 0 < len(value) <= most:
        raise wrong(name)
    if pattern and not re.fullmatch(pattern, value):
        raise wrong(name)
    return value


def whole(body: dict[str, Any], name: str, least: int, most: int = 100_000_000_00) -> int:
    """Return a whole number: a JSON integer, not a text and not 1.0."""
    value = body.get(name)
    if type(value) is not int or not least <= value <= most:
        raise wrong(name)
    return value


def part(body: dict[str, Any], name: str) -> dict[str, Any]:
    """Return an object within."""
    value = body.get(name)
    if not isinstance(value, dict):
        raise wrong(name)
    return value


def truth(body: dict[str, Any], name: str) -> bool:
    """Return true or false."""
    value = body.get(name)
    if not isinstance(value, bool):
        raise wrong(name)
    return value


def listed(body: dict[str, Any], name: str, most: int) -> list[dict[str, Any]]:
    """Return a list of objects, not empty."""
    value = body.get(name)
    if not isinstance(value, list) or not 0 < len(value) <= most:
        raise wrong(name)
    if not all(isinstance(one, dict) for one in value):
        raise wrong(name)
    return value


def moment(body: dict[str, Any], name: str) -> int | None:
    """Return a time, RFC 3339 with its zone; None if it is not there."""
    value = body.get(name)
    if value is None:
        return None
    try:
        found = dt.datetime.fromisoformat(value)
    except (TypeError, ValueError) as exc:
        raise wrong(name) from exc
    if found.tzinfo is None:
        raise wrong(name)
    return int(found.timestamp())


def ours(body: dict[str, Any], *, mchid: bool = True) -> None:
    """Make sure that the request names the merchant's own app, and himself."""
    if body.get("appid") != parties.APPID:
        raise Refuse(400, "APPID_MCHID_NOT_MATCH", "the appid is not bound to the merchant")
    if mchid and body.get("mchid") != parties.MCHID:
        raise Refuse(400, "PARAM_ERROR", "mchid is not who has signed")


def notify_url(body: dict[str, Any], name: str = "notify_url", *, needed: bool = True) -> str:
    """Return where to call."""
    value = body.get(name)
    if value is None and not needed:
        return ""
    if not is_notify_url(value):
        raise wrong(name)
    return str(value)


def wrong(name: str) -> Refuse:
    """Return the refusal of a field."""
    return Refuse(400, "PARAM_ERROR", f"{name} is missing or not as documented")
