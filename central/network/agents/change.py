"""Adds agents, moves them, and changes what they are; each change leaves its span in the history.

A span ends where the next one begins, so that every moment of an agent's life has exactly one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import money_transaction
from central.money.payouts.release import give_back_unsent
from central.money.sharing.model import AgentId, LevelId
from central.network.agents.model import Agent, State, parse_agent_id
from central.network.agents.tables import AgentLevel, AgentRow, AgentSpan
from central.network.agents.upstream import get, line_of


class NewAgent(NamedTuple):
    """Who is to be added. ``parent`` is None if nobody but the house is above him."""

    id: str
    name: str
    level: str
    parent: str | None = None


def add(new: NewAgent, at_s: int, actor: str) -> Agent:
    """Add an agent.

    Raises:
        RequestInvalid: the id, the name, the level or the parent cannot be.
        Conflict: the id is taken, or the parent was terminated.
    """
    try:
        agent = parse_agent_id(new.id)
    except ValueError as exc:
        raise RequestInvalid(f"{new.id!r}: {exc}") from exc
    name = new.name.strip()
    # U+3000 is the space between Chinese characters.
    if not 1 <= len(name) <= 64 or not name.replace("\u3000", " ").isprintable():
        raise RequestInvalid("An agent has a name of 1 to 64 characters.")

    def write() -> Agent:
        if AgentRow.get_or_none(AgentRow.id == agent) is not None:
            raise Conflict(f"There is an agent {agent} already.")
        level, parent = _level(new.level), _parent(new.parent)
        row = AgentRow.create(
            id=agent, name=name, parent=parent, level=level, state=State.ACTIVE.value,
            bound_at_s=at_s, added_at_s=at_s,
        )  # fmt: skip
        _open_span(row, 1, at_s, actor)
        return row.agent()

    return money_transaction(write)


def move(agent: AgentId, parent: str | None, at_s: int, actor: str) -> Agent:
    """Put an agent, with everybody below him, under somebody else, or under nobody.

    Sales from this moment on know the new chain; older ones keep theirs.

    Raises:
        NotFound: there is no such agent.
        RequestInvalid: there is no such parent.
        Conflict: the parent stands below him, is the one he has, or was terminated.
    """

    def write() -> Agent:
        return _move(get(agent), _parent(parent), at_s, actor)

    return money_transaction(write)


def set_level(agent: AgentId, level: str, at_s: int, actor: str) -> Agent:
    """Give an agent another level, from this moment on.

    Raises:
        NotFound, RequestInvalid, Conflict: no such agent; no such level; he has it already.
    """

    def write() -> Agent:
        known = _level(level)
        if get(agent).level == known:
            raise Conflict(f"{agent} has this level already.")
        return _change(get(agent), at_s, actor, level=known)

    return money_transaction(write)


def suspend(agent: AgentId, at_s: int, actor: str) -> Agent:
    """Let an agent earn and be paid nothing until he is resumed. Conflict if he does not work."""
    return _from_to(agent, State.ACTIVE, State.SUSPENDED, at_s, actor)


def resume(agent: AgentId, at_s: int, actor: str) -> Agent:
    """Let a suspended agent work again. Conflict if he is not suspended."""
    return _from_to(agent, State.SUSPENDED, State.ACTIVE, at_s, actor)


def terminate(
    agent: AgentId, at_s: int, actor: str, heir: str | None = None, *, day: int
) -> tuple[Agent, list[Agent]]:
    """End the work of an agent for ever, and put those below him under his heir.

    Payouts to him that were not sent are given back in the same transaction: he is still owed it.

    Args:
        heir: Who takes them; his own parent if nobody is named.
        day: The business day on which what was held for him is given back.

    Returns:
        The agent, and who was moved.

    Raises:
        NotFound: there is no such agent.
        RequestInvalid: there is no such heir.
        Conflict: he was terminated before, or the heir cannot take them.
    """

    def write() -> tuple[Agent, list[Agent]]:
        leaving = get(agent)
        new_parent = _parent(heir) if heir is not None else leaving.parent
        if new_parent == agent:
            raise Conflict("Nobody is his own heir.")
        children = (
            AgentRow.select()
            .where(AgentRow.parent == agent, AgentRow.state != State.TERMINATED.value)
            .order_by(AgentRow.id)
        )
        # An heir from among them goes up first, so that the others can follow him.
        below = sorted((row.agent() for row in children), key=lambda c: c.id != new_parent)
        moved = []
        for child in below:
            target = leaving.parent if child.id == new_parent else new_parent
            moved.append(_move(child, target, at_s, actor))
        give_back_unsent(f"2110.{agent}", at_s, actor, "agent terminated", day=day)
        return _change(leaving, at_s, actor, state=State.TERMINATED), moved

    return money_transaction(write)


# --- within a transaction ------------------------------------------------------------------------


def _from_to(agent: AgentId, before: State, after: State, at_s: int, actor: str) -> Agent:
    def write() -> Agent:
        now = get(agent)
        if now.state is not before:
            raise Conflict(f"{agent} is {now.state}, not {before}.")
        return _change(now, at_s, actor, state=after)

    return money_transaction(write)


def _move(now: Agent, parent: AgentId | None, at_s: int, actor: str) -> Agent:
    if now.parent == parent:
        raise Conflict(f"{now.id} stands there already.")
    # The schema refuses a circle too; this says it in a sentence.
    if parent is not None and now.id in line_of(parent):
        raise Conflict(f"{parent} stands below {now.id}.")
    return _change(now, at_s, actor, parent=parent, bound_at_s=at_s)


def _change(now: Agent, at_s: int, actor: str, **new: Any) -> Agent:
    """Change an agent, close what he was, and open what he is."""
    if now.state is State.TERMINATED:
        raise Conflict(f"{now.id} is terminated.")
    last = AgentSpan.get(AgentSpan.agent == now.id, AgentSpan.to_s.is_null())
    if at_s < last.from_s:
        raise Conflict("The clock stands before the last change of this agent.")
    changed = (
        AgentRow.update(**new)
        .where(
            AgentRow.id == now.id,
            AgentRow.state == now.state.value,
            AgentRow.level == now.level,
            AgentRow.parent.is_null() if now.parent is None else AgentRow.parent == now.parent,
        )
        .execute()
    )
    closed = (
        AgentSpan.update(to_s=at_s)
        .where(AgentSpan.agent == now.id, AgentSpan.n == last.n, AgentSpan.to_s.is_null())
        .execute()
    )
    assert (changed, closed) == (1, 1), "nobody else writes while this transaction does"
    row = AgentRow.get_by_id(now.id)
    _open_span(row, last.n + 1, at_s, actor)
    return row.agent()


def _open_span(row: AgentRow, n: int, at_s: int, actor: str) -> None:
    AgentSpan.create(
        agent=row.id, n=n, parent=row.parent, level=row.level, state=row.state, from_s=at_s,
        to_s=None, actor=actor,
    )  # fmt: skip


def _level(level: str) -> LevelId:
    if AgentLevel.get_or_none(AgentLevel.id == level) is None:
        raise RequestInvalid(f"There is no level {level!r}.")
    return LevelId(level)


def _parent(parent: str | None) -> AgentId | None:
    if parent is None:
        return None
    try:
        found = get(AgentId(parent))
    except NotFound as exc:
        raise RequestInvalid(f"There is no agent {parent!r} to stand under.") from exc
    if found.state is State.TERMINATED:
        raise Conflict(f"{parent} is terminated.")
    return found.id
