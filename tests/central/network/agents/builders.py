"""A small tree of agents."""

from __future__ import annotations

from central.money.sharing.model import AgentId
from central.network.agents import change
from central.network.agents.change import NewAgent
from central.network.agents.model import Agent
from tests import builders as b

G1, P1, P2, C1, C2 = map(AgentId, ("G1", "P1", "P2", "C1", "C2"))


def add(agent: str, level: str, parent: str | None = None, at_s: int = b.NOW_S) -> Agent:
    return change.add(NewAgent(agent, f"Agent {agent}", level, parent), at_s, "test")


def a_tree(at_s: int = b.NOW_S) -> None:
    """G1 over P1 and P2; C1 and C2 under P1."""
    add("G1", "general", None, at_s)
    add("P1", "province", "G1", at_s)
    add("P2", "province", "G1", at_s)
    add("C1", "city", "P1", at_s)
    add("C2", "city", "P1", at_s)
