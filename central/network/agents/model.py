"""Agents and levels, as the rest of the house sees them. Pure."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from central.money.sharing.model import AgentId, LevelId

_AGENT_ID = re.compile(r"[A-Z0-9][A-Z0-9-]{0,31}", re.ASCII)


class State(StrEnum):
    """Whether an agent works; the value stands in the database.

    SUSPENDED: earns nothing, what was earned is not released, and nothing is sent to him until he
        is active again.
    TERMINATED: for ever; what was earned is still released, and stays owed to him: no payout.
    """

    ACTIVE = "active"
    SUSPENDED = "suspended"
    TERMINATED = "terminated"


class Level(NamedTuple):
    """A level of agents; a higher rank is nearer to the house."""

    id: LevelId
    rank: int
    name_zh: str
    name_en: str

    def name(self, locale: str) -> str:
        """The name in a language."""
        return self.name_zh if locale.startswith("zh") else self.name_en


class Agent(NamedTuple):
    """An agent as he is now.

    Args:
        parent: Who is above him; None if nobody but the house.
        bound_at_s: Since when he stands under this parent.
    """

    id: AgentId
    name: str
    parent: AgentId | None
    level: LevelId
    state: State
    bound_at_s: int
    added_at_s: int


class Span(NamedTuple):
    """What an agent was from one moment until before another; open if ``to_s`` is None."""

    parent: AgentId | None
    level: LevelId
    state: State
    from_s: int
    to_s: int | None
    actor: str


def parse_agent_id(text: str) -> AgentId:
    """Check the form of an agent id; ValueError names the rule."""
    if not _AGENT_ID.fullmatch(text):
        raise ValueError("an agent id is 1 to 32 of A-Z, 0-9 and hyphen")
    return AgentId(text)
