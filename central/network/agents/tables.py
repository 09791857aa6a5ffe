"""Agents, their levels, and what each of them was when."""

from __future__ import annotations

from peewee import BigIntegerField, CompositeKey, IntegerField, SmallIntegerField, TextField

from central.foundation.db.engine import Table
from central.money.sharing.model import AgentId, LevelId
from central.network.agents.model import Agent, Level, Span, State


class AgentLevel(Table):
    """A level. ``rank`` is unique: no two levels are equally high."""

    id = TextField(primary_key=True)
    rank = SmallIntegerField()
    name_zh = TextField()
    name_en = TextField()

    class Meta:
        """Peewee's settings."""

        table_name = "agent_level"

    def level(self) -> Level:
        """Return it as a value."""
        return Level(LevelId(self.id), self.rank, self.name_zh, self.name_en)


class AgentRow(Table):
    """An agent as he is now. Triggers refuse circles, and an end to being terminated."""

    id = TextField(primary_key=True)
    name = TextField()
    parent = TextField(null=True)
    level = TextField()
    state = TextField()
    bound_at_s = BigIntegerField()
    added_at_s = BigIntegerField()

    class Meta:
        """Peewee's settings."""

        table_name = "agent"

    def agent(self) -> Agent:
        """Return it as a value."""
        parent = AgentId(self.parent) if self.parent is not None else None
        return Agent(
            AgentId(self.id), self.name, parent, LevelId(self.level), State(self.state),
            self.bound_at_s, self.added_at_s,
        )  # fmt: skip


class AgentSpan(Table):
    """What an agent was for a time; of each agent one row is open. Never changed but to close."""

    agent = TextField()
    n = IntegerField()
    parent = TextField(null=True)
    level = TextField()
    state = TextField()
    from_s = BigIntegerField()
    to_s = BigIntegerField(null=True)
    actor = TextField()

    class Meta:
        """Peewee's settings."""

        table_name = "agent_span"
        primary_key = CompositeKey("agent", "n")

    def span(self) -> Span:
        """Return it as a value."""
        parent = AgentId(self.parent) if self.parent is not None else None
        return Span(
            parent, LevelId(self.level), State(self.state), self.from_s, self.to_s, self.actor
        )
