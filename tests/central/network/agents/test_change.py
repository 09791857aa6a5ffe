"""Agents come, move, rise, rest and leave; each change is known of every moment since."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import peewee
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from central.errors import Conflict, HubError, NotFound, RequestInvalid
from central.foundation.db.engine import rows
from central.money.sharing.model import AgentId
from central.network.agents import change, upstream
from central.network.agents.change import NewAgent
from central.network.agents.model import Agent, State
from tests import builders as b
from tests.central.builders import Database, at_once
from tests.central.network.agents.builders import C1, C2, G1, P1, a_tree, add

NOW_S = b.NOW_S
LATER_S = NOW_S + 1000
TODAY = 20260411


def chain(agent: str, at_s: int = LATER_S + 1) -> list[str]:
    return [link.agent for link in upstream.chain_at(AgentId(agent), at_s)]


def move(agent: AgentId, parent: str | None, at_s: int = LATER_S) -> Agent:
    return change.move(agent, parent, at_s, "test")


def refused(kind: type[HubError], why: str, work: Callable[[], Any]) -> None:
    before = rows("SELECT * FROM agent ORDER BY id"), rows("SELECT count(*) FROM agent_span")
    with pytest.raises(kind, match=why):
        work()
    assert (
        rows("SELECT * FROM agent ORDER BY id"),
        rows("SELECT count(*) FROM agent_span"),
    ) == before


def test_an_agent_stands_under_another(hub_database: Database) -> None:
    a_tree()
    assert upstream.get(C1) == Agent(C1, "Agent C1", P1, "city", State.ACTIVE, NOW_S, NOW_S)  # type: ignore[arg-type]
    assert chain("C1") == ["C1", "P1", "G1"]
    assert chain("G1") == ["G1"]
    assert [(depth, a.id) for depth, a in upstream.in_order(upstream.agents())] == [
        (0, "G1"), (1, "P1"), (2, "C1"), (2, "C2"), (1, "P2"),
    ]  # fmt: skip


def test_who_moves_takes_those_below_along_and_the_past_stays(hub_database: Database) -> None:
    a_tree()
    moved = move(P1, None)
    assert (moved.parent, moved.bound_at_s, moved.added_at_s) == (None, LATER_S, NOW_S)
    assert chain("C1") == ["C1", "P1"]
    assert chain("C1", LATER_S) == ["C1", "P1"]
    assert chain("C1", LATER_S - 1) == ["C1", "P1", "G1"]
    assert [(s.parent, s.from_s, s.to_s) for s in upstream.history(P1)] == [
        (G1, NOW_S, LATER_S), (None, LATER_S, None),
    ]  # fmt: skip


def test_before_he_was_there_there_was_no_agent(hub_database: Database) -> None:
    a_tree()
    with pytest.raises(NotFound):
        chain("C1", NOW_S - 1)
    with pytest.raises(NotFound):
        chain("X9")
    with pytest.raises(NotFound):
        upstream.get(AgentId("X9"))


def test_a_level_counts_from_its_moment_on(hub_database: Database) -> None:
    a_tree()
    change.set_level(C1, "province", LATER_S, "test")
    told = [upstream.chain_at(C1, at_s)[0].level for at_s in (LATER_S - 1, LATER_S)]
    assert told == ["city", "province"]


def test_who_is_suspended_is_barred_until_he_is_resumed(hub_database: Database) -> None:
    a_tree()
    change.suspend(P1, LATER_S, "test")
    assert [link.barred for link in upstream.chain_at(C1, LATER_S)] == ["", "suspended", ""]
    assert upstream.suspended() == {P1}
    change.resume(P1, LATER_S + 9, "test")
    assert [link.barred for link in upstream.chain_at(C1, LATER_S + 9)] == ["", "", ""]
    assert [link.barred for link in upstream.chain_at(C1, LATER_S + 8)] == ["", "suspended", ""]
    refused(Conflict, "is active, not suspended", lambda: change.resume(P1, LATER_S + 9, "x"))


def test_those_below_one_who_leaves_stand_under_his_parent(hub_database: Database) -> None:
    a_tree()
    left, moved = change.terminate(P1, LATER_S, "test", day=TODAY)
    assert left.state is State.TERMINATED
    assert [(one.id, one.parent) for one in moved] == [(C1, G1), (C2, G1)]
    assert chain("C1") == ["C1", "G1"]
    assert upstream.chain_at(P1, LATER_S)[0].barred == "terminated"
    assert chain("C1", LATER_S - 1) == ["C1", "P1", "G1"]


@pytest.mark.parametrize(
    ("heir", "parents"),
    [("P2", {"C1": "P2", "C2": "P2"}), ("C2", {"C1": "C2", "C2": "G1"})],
    ids=["a-neighbour", "one-of-them"],
)
def test_or_under_his_heir(hub_database: Database, heir: str, parents: dict[str, str]) -> None:
    a_tree()
    change.terminate(P1, LATER_S, "test", heir, day=TODAY)
    assert {a.id: a.parent for a in upstream.agents() if a.id in parents} == parents


def test_those_at_the_top_may_leave_too(hub_database: Database) -> None:
    a_tree()
    change.terminate(G1, LATER_S, "test", day=TODAY)
    assert chain("C1") == ["C1", "P1"]
    assert upstream.get(P1).parent is None


def test_who_has_left_stays_away(hub_database: Database) -> None:
    a_tree()
    change.terminate(C1, LATER_S, "test", day=TODAY)
    for work in (
        lambda: move(C1, "G1"), lambda: change.set_level(C1, "province", LATER_S, "x"),
        lambda: change.terminate(C1, LATER_S, "x", day=TODAY),
    ):  # fmt: skip
        refused(Conflict, "C1 is terminated", work)
    refused(Conflict, "C1 is terminated", lambda: move(C2, "C1"))
    refused(Conflict, "C1 is terminated", lambda: add("N1", "city", "C1", LATER_S))
    refused(Conflict, "is terminated, not", lambda: change.resume(C1, LATER_S, "x"))


@pytest.mark.parametrize(
    ("agent", "parent", "kind", "why"),
    [
        (G1, "C1", Conflict, "C1 stands below G1"),
        (P1, "C2", Conflict, "C2 stands below P1"),
        (P1, "P1", Conflict, "P1 stands below P1"),
        (C1, "P1", Conflict, "there already"),
        (G1, None, Conflict, "there already"),
        (C1, "X9", RequestInvalid, "no agent 'X9'"),
        (AgentId("X9"), "P1", NotFound, "no agent X9"),
    ],
)
def test_nobody_stands_where_he_cannot(
    hub_database: Database, agent: AgentId, parent: str | None, kind: type[HubError], why: str
) -> None:
    a_tree()
    refused(kind, why, lambda: move(agent, parent))


@pytest.mark.parametrize(
    ("new", "kind", "why"),
    [
        (NewAgent("C1", "Again", "city"), Conflict, "an agent C1 already"),
        (NewAgent("c3", "Small", "city"), RequestInvalid, "1 to 32 of A-Z"),
        (NewAgent("C.3", "Dot", "city"), RequestInvalid, "1 to 32 of A-Z"),
        (NewAgent("", "Nobody", "city"), RequestInvalid, "1 to 32 of A-Z"),
        (NewAgent("C" * 33, "Long", "city"), RequestInvalid, "1 to 32 of A-Z"),
        (NewAgent("C3", " ", "city"), RequestInvalid, "1 to 64 characters"),
        (NewAgent("C3", "x" * 65, "city"), RequestInvalid, "1 to 64 characters"),
        (NewAgent("C3", "Bell\x07", "city"), RequestInvalid, "1 to 64 characters"),
        (NewAgent("C3", "Who", "emperor"), RequestInvalid, "no level 'emperor'"),
        (NewAgent("C3", "Who", "city", "X9"), RequestInvalid, "no agent 'X9'"),
        (NewAgent("C3", "Who", "city", "C3"), RequestInvalid, "no agent 'C3'"),
    ],
)
def test_who_cannot_be_an_agent_is_told_why(
    hub_database: Database, new: NewAgent, kind: type[HubError], why: str
) -> None:
    a_tree()
    refused(kind, why, lambda: change.add(new, LATER_S, "test"))


def test_other_changes_that_cannot_be(hub_database: Database) -> None:
    a_tree()
    refused(Conflict, "this level already", lambda: change.set_level(C1, "city", LATER_S, "x"))
    refused(RequestInvalid, "no level", lambda: change.set_level(C1, "", LATER_S, "x"))
    refused(Conflict, "own heir", lambda: change.terminate(P1, LATER_S, "x", "P1", day=TODAY))
    refused(
        RequestInvalid, "no agent 'X9'", lambda: change.terminate(P1, LATER_S, "x", "X9", day=TODAY)
    )
    refused(Conflict, "clock stands before", lambda: move(C1, "P2", NOW_S - 1))


def test_an_heir_deeper_below_is_refused(hub_database: Database) -> None:
    a_tree()
    refused(
        Conflict, "C1 stands below P1", lambda: change.terminate(G1, LATER_S, "x", "C1", day=TODAY)
    )


def test_two_changes_in_one_second_leave_one_of_them_to_be_seen(hub_database: Database) -> None:
    a_tree()
    move(C1, "P2")
    move(C1, "G1")
    assert chain("C1", LATER_S) == ["C1", "G1"]
    assert len(upstream.history(C1)) == 3


def test_two_who_move_below_one_another_at_once_make_no_circle(hub_database: Database) -> None:
    add("A", "city")
    add("B", "city")
    told = at_once(2, lambda n: move(AgentId("AB"[n]), "BA"[n]))
    assert sum(isinstance(one, Agent) for one in told) == 1, told
    assert sum(isinstance(one, Conflict) for one in told) == 1, told


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(moves=st.lists(st.tuples(st.integers(0, 5), st.integers(-1, 5)), max_size=20))
def test_however_they_move_there_is_no_circle(
    sqlite_database: Database, moves: list[tuple[int, int]]
) -> None:
    """Every agent's chain ends at the house, and is the one the changes say."""
    names = [f"N{number}" for number in range(6)]
    if not upstream.agents():
        for name in names:
            add(name, "city")
    parents = {a.id: a.parent for a in upstream.agents()}
    for child, parent in moves:
        wanted = names[parent] if parent >= 0 else None
        try:
            move(AgentId(names[child]), wanted)
        except Conflict:
            continue
        parents[AgentId(names[child])] = AgentId(wanted) if wanted else None
    for name in names:
        told, above = chain(name, LATER_S), AgentId(name)
        assert len(told) == len(set(told)) <= len(names)
        for link in told:
            assert above == link
            above = parents[above] or AgentId("")
        assert above == ""


def test_the_database_itself_refuses_a_circle(hub_database: Database) -> None:
    a_tree()
    with pytest.raises(peewee.DatabaseError, match="nobody stands above himself"):
        rows("UPDATE agent SET parent = 'C1' WHERE id = 'G1' RETURNING id")
