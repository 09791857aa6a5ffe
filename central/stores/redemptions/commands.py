"""``tearoff-hub cases``: double redemptions that somebody has to decide."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import click

from central.foundation.command import Command
from central.stores.redemptions import conflict
from central.stores.redemptions.conflict import CaseOutcome, CaseState, Decision
from central.stores.redemptions.tables import ConflictCase
from edge.contract.ids import VoucherId, voucher_id_text
from edge.contract.money import decimal_text


@click.group("cases")
def cases() -> None:
    """Double redemptions: who bears them."""


@cases.command("list")
@click.option("--all", "show_all", is_flag=True, help="Also those that are decided.")
@click.pass_obj
def list_(command: Command, *, show_all: bool) -> None:
    """List the open cases, the oldest first."""
    with command.hub() as hub:
        zone = ZoneInfo(hub.config.timezone)
        found = ConflictCase.select().order_by(ConflictCase.id)
        shown = [case for case in found if show_all or case.state == CaseState.OPEN]
        for case in shown:
            until = dt.datetime.fromtimestamp(case.decide_until_s, zone).strftime("%Y-%m-%d")
            click.echo(
                f"{case.id:5}  {case.store_id:8} {voucher_id_text(VoucherId(case.voucher_id))}"
                f"  {decimal_text(case.excess_minor, case.currency):>10}"
                f"  {case.outcome or case.state}  decide until {until}"
            )
    if not shown:
        click.echo("There is no open case.")


@cases.command("close")
@click.argument("case_id", type=int)
@click.argument("outcome", type=click.Choice([str(outcome) for outcome in CaseOutcome]))
@click.option("--reason", required=True, help="In words, for whoever asks later.")
@click.option("--agent", default="", help="Who bears it, if an agent does.")
@click.option("--by", default="cli", show_default=True, help="Who has decided.")
@click.pass_obj
def close(command: Command, case_id: int, outcome: str, reason: str, agent: str, by: str) -> None:
    """Decide the case CASE_ID: OUTCOME says who bears it, once and for all."""
    with command.hub():
        decision = Decision(CaseOutcome(outcome), by, reason, agent)
        closed = conflict.close(case_id, decision, command.now_s())
        click.echo(f"Case {closed.id} is closed: {closed.outcome}.")
