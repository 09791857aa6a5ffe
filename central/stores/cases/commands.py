"""``tearoff-hub cases``: what is in dispute, what speaks for and against, and who bears it."""

from __future__ import annotations

import json

import click

from central.foundation.command import Command
from central.stores.cases.api import of_evidence
from central.stores.cases.evidence import cases, evidence
from central.stores.redemptions.complete import accept_gap
from central.stores.redemptions.conflict import CaseOutcome, CaseState, Decision, close
from edge.contract.ids import UnitId
from edge.contract.money import decimal_text

_ACTOR = "cli"


@click.group("cases")
def group() -> None:
    """Double redemptions, and who bears them."""


@group.command("list")
@click.option(
    "--state", type=click.Choice([str(state) for state in CaseState]), help="In this state only."
)
@click.option("--json", "as_json", is_flag=True, help="JSON for scripts.")
@click.pass_obj
def list_(command: Command, state: str | None, *, as_json: bool) -> None:
    """List the cases, the one that is to be decided first first."""
    with command.hub():
        found = cases(state)
    for case in found:
        if as_json:
            click.echo(json.dumps(case._asdict(), ensure_ascii=False))
            continue
        amount = decimal_text(case.excess_minor, case.currency)
        told = case.outcome or ("overdue" if case.is_overdue(command.now_s()) else "")
        click.echo(f"{case.id:6} {case.state:10} {amount:>12} {case.entry:20} {told}")
    if not found and not as_json:
        click.echo("There is no such case." if state else "There is no case.")


@group.command("show")
@click.argument("case_id", type=int)
@click.pass_obj
def show(command: Command, case_id: int) -> None:
    """Show all that is known of the case CASE_ID, as JSON."""
    with command.hub():
        click.echo(json.dumps(of_evidence(evidence(case_id)), ensure_ascii=False, indent=1))


@group.command("close")
@click.argument("case_id", type=int)
@click.argument("outcome", type=click.Choice([str(outcome) for outcome in CaseOutcome]))
@click.option("--reason", required=True, help="Why, in words.")
@click.option("--agent", default="", help="Which agent bears it.")
@click.pass_obj
def close_(command: Command, case_id: int, outcome: str, reason: str, agent: str) -> None:
    """Decide the case CASE_ID: who bears it, or that it is no conflict."""
    with command.hub():
        decision = Decision(CaseOutcome(outcome), _ACTOR, reason, agent)
        case = close(case_id, decision, command.now_s())
    click.echo(f"case {case.id}: {case.outcome}, journal {case.outcome_journal_id}")


@group.command("accept-gap")
@click.argument("unit_id")
@click.argument("epoch", type=int)
@click.option("--reason", required=True, help="Why, in words.")
@click.pass_obj
def accept_gap_(command: Command, unit_id: str, epoch: int, reason: str) -> None:
    """Go on without the entries that EPOCH of a unit reports as lost."""
    with command.hub():
        accept_gap(UnitId(unit_id), epoch, reason, _ACTOR, command.now_s())
    click.echo(f"nobody waits for the lost entries of {unit_id} any more")
