"""Problem details (RFC 9457) as a value, written and read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

CONTENT_TYPE = "application/problem+json"
TYPE_PREFIX = "/problems/"
UNREADABLE = "unreadable-answer"
"""The slug of an answer that is no problem document."""

_MEMBERS = ("type", "title", "status", "detail", "instance")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a request was not done.

    Args:
        slug: Stable name, kebab-case; ``type`` on the wire is ``/problems/<slug>``.
        status: HTTP status.
        title: One short sentence, the same for every occurrence.
        detail: What is so this time, and what to do. Never repeats submitted secrets.
        instance: Names this occurrence in the logs, or empty.
        extra: Extension members; their names never clash with the five above.
    """

    slug: str
    status: int
    title: str
    detail: str = ""
    instance: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> bytes:
        """Return the ``application/problem+json`` body, UTF-8."""
        body: dict[str, Any] = {
            "type": TYPE_PREFIX + self.slug,
            "title": self.title,
            "status": self.status,
        }
        if self.detail:
            body["detail"] = self.detail
        if self.instance:
            body["instance"] = self.instance
        body.update((k, v) for k, v in self.extra.items() if k not in _MEMBERS)
        return json.dumps(body, ensure_ascii=False).encode()


class Again(StrEnum):
    """Whether sending the same request again is of any use."""

    NO = "no"
    """This request gets the same answer each time."""
    NOW = "now"
    LATER = "later"
    """Once the cause is gone."""


class Advice(NamedTuple):
    """What a problem means. Each half keeps one for each of its slugs, in English.

    Args:
        person: What whoever stands at the till, or sits at headquarters, sees and does.
        program: What the program that called does, or whoever looks after the machine.
    """

    cause: str
    person: str
    program: str
    again: Again


def parse_problem(body: bytes, status: int) -> Problem:
    """Read what another party answered; never raises.

    Whatever is not a problem document becomes the problem ``unreadable-answer``: a proxy's HTML
    page is no reason to fall over.
    """
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict) or not isinstance(data.get("type", ""), str):
        return Problem(UNREADABLE, status, "The answer could not be read")

    def text(name: str) -> str:
        value = data.get(name, "")
        return value if isinstance(value, str) else ""

    return Problem(
        slug=text("type").rpartition("/")[2] or UNREADABLE,
        status=status,
        title=text("title") or "The request was not done",
        detail=text("detail"),
        instance=text("instance"),
        extra={k: v for k, v in data.items() if k not in _MEMBERS},
    )
