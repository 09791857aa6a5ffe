"""``tearoff-hub diversions``: vouchers that were redeemed outside of their region."""

from __future__ import annotations

import json

import click

from central.foundation.command import Command
from central.stores.diversions.api import of_behind
from central.stores.diversions.overview import behind, diversions
from central.stores.redemptions.diversion import deal_with
from central.stores.vouchers.find import voucher_of
from edge.contract.ids import VoucherId

_ACTOR = "cli"


@click.group("diversions")
def group() -> None:
    """Vouchers redeemed outside of the region that they were sold for."""


@group.command("list")
@click.option("--all", "everything", is_flag=True, help="Also those that are dealt with.")
@click.option("--agent", default="", help="Of vouchers alone that this agent sold.")
@click.option("--json", "as_json", is_flag=True, help="JSON for scripts.")
@click.pass_obj
def list_(command: Command, agent: str, *, everything: bool, as_json: bool) -> None:
    """List the diversions, newest first."""
    with command.hub():
        found = diversions(open_only=not everything, agent=agent)
    for one in found:
        if as_json:
            click.echo(json.dumps(one._asdict(), ensure_ascii=False))
            continue
        state = "dealt with" if one.closed_by else "open"
        click.echo(
            f"{one.voucher_id} {state:10} for {one.region:6} in {one.store_region:6}"
            f" {one.store:12} {one.agent or '-':12} {one.order or one.batch}"
        )
    if not found and not as_json:
        click.echo("There is no diversion.")


@group.command("show")
@click.argument("voucher_id")
@click.pass_obj
def show(command: Command, voucher_id: str) -> None:
    """Show the diversion of the voucher VOUCHER_ID with all its redemptions, as JSON."""
    with command.hub():
        found = behind(VoucherId(voucher_of(voucher_id).id))
    click.echo(json.dumps(of_behind(found), ensure_ascii=False, indent=1))


@group.command("close")
@click.argument("voucher_id")
@click.option("--said", required=True, help="What was done about it, in words.")
@click.pass_obj
def close(command: Command, voucher_id: str, said: str) -> None:
    """Say that the diversion of VOUCHER_ID is dealt with."""
    with command.hub():
        found = VoucherId(voucher_of(voucher_id).id)
        deal_with(found, said, by=_ACTOR, at_s=command.now_s())
    click.echo(f"{voucher_id} is dealt with")
