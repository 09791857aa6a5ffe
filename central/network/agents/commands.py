"""``tearoff-hub agents``: add, list, move, level, suspend, resume, terminate."""

from __future__ import annotations

import json

import click

from central.foundation.command import Command
from central.money.ledger.rules import business_day
from central.money.sharing.model import AgentId
from central.network.agents import change, upstream
from central.network.agents.model import Agent

_ACTOR = "cli"


@click.group("agents")
def agents() -> None:
    """Who sells, and who stands above whom."""


@agents.command("add")
@click.argument("agent")
@click.argument("name")
@click.option("--level", required=True, help="general, province, city, promoter.")
@click.option("--under", "parent", help="Who is above; nobody but the house if not given.")
@click.pass_obj
def add(command: Command, agent: str, name: str, level: str, parent: str | None) -> None:
    """Add the agent AGENT, such as EAST-1, with a NAME."""
    with command.hub():
        _tell(change.add(change.NewAgent(agent, name, level, parent), command.now_s(), _ACTOR))


@agents.command("list")
@click.option("--json", "as_json", is_flag=True, help="JSON for scripts.")
@click.pass_obj
def list_(command: Command, *, as_json: bool) -> None:
    """List the agents, each below who is above him."""
    with command.hub():
        for depth, agent in upstream.in_order(upstream.agents()):
            if as_json:
                click.echo(json.dumps(agent._asdict(), ensure_ascii=False))
            else:
                _tell(agent, depth)


@agents.command("move")
@click.argument("agent")
@click.option("--under", "parent", help="Who shall be above.")
@click.option("--under-the-house", "is_top", is_flag=True, help="Nobody shall be above.")
@click.pass_obj
def move(command: Command, agent: str, parent: str | None, *, is_top: bool) -> None:
    """Put AGENT, with everybody below, under somebody else."""
    if is_top == (parent is not None):
        raise click.UsageError("Say --under AGENT, or --under-the-house.")
    with command.hub():
        _tell(change.move(AgentId(agent), parent, command.now_s(), _ACTOR))


@agents.command("level")
@click.argument("agent")
@click.argument("level")
@click.pass_obj
def level_(command: Command, agent: str, level: str) -> None:
    """Give AGENT another LEVEL, for sales from now on."""
    with command.hub():
        _tell(change.set_level(AgentId(agent), level, command.now_s(), _ACTOR))


@agents.command("suspend")
@click.argument("agent")
@click.pass_obj
def suspend(command: Command, agent: str) -> None:
    """Let AGENT earn nothing until resumed."""
    with command.hub():
        _tell(change.suspend(AgentId(agent), command.now_s(), _ACTOR))


@agents.command("resume")
@click.argument("agent")
@click.pass_obj
def resume(command: Command, agent: str) -> None:
    """Let the suspended AGENT work again."""
    with command.hub():
        _tell(change.resume(AgentId(agent), command.now_s(), _ACTOR))


@agents.command("terminate")
@click.argument("agent")
@click.option("--heir", help="Who takes those below; AGENT's own parent if not given.")
@click.pass_obj
def terminate(command: Command, agent: str, heir: str | None) -> None:
    """End the work of AGENT for ever."""
    with command.hub() as hub:
        at_s = command.now_s()
        day = business_day(at_s, hub.config.timezone)
        left, moved = change.terminate(AgentId(agent), at_s, _ACTOR, heir, day=day)
    _tell(left)
    for one in moved:
        click.echo(f"{one.id} now stands under {one.parent or 'the house'}")


def _tell(agent: Agent, depth: int = 0) -> None:
    name = "  " * depth + agent.id
    click.echo(f"{name:24} {agent.level:10} {agent.state:10} {agent.name}")
