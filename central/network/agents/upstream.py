"""Who there is, and who stands above whom: now, and at any moment before."""

from __future__ import annotations

from central.errors import NotFound
from central.foundation.db.engine import rows
from central.money.sharing.model import AgentId, LevelId, Link
from central.network.agents.model import Agent, Level, Span, State
from central.network.agents.tables import AgentLevel, AgentRow, AgentSpan

DEPTH_MAX = 64
"""Steps that are walked upwards at most; no tree of people is as deep."""


def chain_at(agent: AgentId, at_s: int) -> tuple[Link, ...]:
    """Return an agent and everybody above him, as they were at a moment, the agent first.

    Raises:
        NotFound: there was no such agent then.
    """
    found = rows(
        "WITH RECURSIVE up (agent, parent, level, state, depth) AS ("
        " SELECT agent, parent, level, state, 1 FROM agent_span"
        "  WHERE agent = ? AND from_s <= ? AND (to_s IS NULL OR to_s > ?)"
        " UNION ALL SELECT s.agent, s.parent, s.level, s.state, depth + 1 FROM agent_span s"
        "  JOIN up ON s.agent = up.parent"
        "  WHERE from_s <= ? AND (to_s IS NULL OR to_s > ?) AND depth < ?"
        ") SELECT agent, level, state FROM up ORDER BY depth",
        (agent, at_s, at_s, at_s, at_s, DEPTH_MAX),
    )
    if not found:
        raise NotFound(f"There is no agent {agent}.")
    return tuple(
        Link(AgentId(id_), LevelId(level), "" if state == State.ACTIVE else state)
        for id_, level, state in found
    )


def line_of(agent: AgentId) -> frozenset[AgentId]:
    """Return an agent and everybody above him, as they stand in this transaction."""
    found = rows(
        "WITH RECURSIVE up (id, parent) AS ("
        " SELECT id, parent FROM agent WHERE id = ?"
        " UNION SELECT a.id, a.parent FROM agent a JOIN up ON a.id = up.parent"
        ") SELECT id FROM up",
        (agent,),
    )
    return frozenset(AgentId(id_) for (id_,) in found)


def get(agent: AgentId) -> Agent:
    """Return an agent; NotFound if there is none of that id."""
    row = AgentRow.get_or_none(AgentRow.id == agent)
    if row is None:
        raise NotFound(f"There is no agent {agent}.")
    return row.agent()


def agents() -> list[Agent]:
    """Return every agent, by id."""
    return [row.agent() for row in AgentRow.select().order_by(AgentRow.id)]


def history(agent: AgentId) -> list[Span]:
    """Return what an agent was, the oldest first."""
    found = AgentSpan.select().where(AgentSpan.agent == agent).order_by(AgentSpan.n)
    return [row.span() for row in found]


def levels() -> list[Level]:
    """Return every level, the highest first."""
    return [row.level() for row in AgentLevel.select().order_by(AgentLevel.rank.desc())]


def suspended() -> frozenset[AgentId]:
    """Return whose commissions are not released just now."""
    found = AgentRow.select(AgentRow.id).where(AgentRow.state == State.SUSPENDED.value)
    return frozenset(AgentId(row.id) for row in found)


def in_order(found: list[Agent]) -> list[tuple[int, Agent]]:
    """Return agents as a tree is read: each below his parent, with his depth. Pure."""
    below: dict[AgentId | None, list[Agent]] = {}
    for agent in found:
        below.setdefault(agent.parent, []).append(agent)
    order: list[tuple[int, Agent]] = []
    todo = [(0, agent) for agent in reversed(below.get(None, []))]
    while todo:
        depth, agent = todo.pop()
        order.append((depth, agent))
        todo += [(depth + 1, child) for child in reversed(below.get(agent.id, []))]
    return order
