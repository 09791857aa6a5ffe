"""``tearoff-hub stores``, ``units`` and ``restored``: shops, their tills, and a backup put back."""

from __future__ import annotations

import datetime as dt
import json

import click

from central.foundation.command import Command
from central.stores.keys.open_hub import CommandWithKeys
from central.stores.units import enrol, revoke, steer
from central.stores.units.overview import units as all_units
from central.stores.units.regions import set_region, shops
from central.stores.units.restored import begin_new_life
from central.supply.catalogue.regions import region_in
from edge.contract.ids import StoreGroup, StoreId, UnitId

_ACTOR = "cli"
as_json_option = click.option("--json", "as_json", is_flag=True, help="JSON for scripts.")


@click.group()
def stores() -> None:
    """Shops."""


@stores.command("add")
@click.argument("store")
@click.argument("name")
@click.option(
    "--group", type=int, default=1, show_default=True,
    help="Its store group: stores that take the same vouchers.",
)  # fmt: skip
@click.option("--region", default="", help="Where it lies: 44, 4403 or 440305.")
@click.pass_obj
def stores_add(command: Command, store: str, name: str, group: int, region: str) -> None:
    """Add the shop STORE, such as S0412, with its NAME."""
    with command.hub() as hub:
        region_in(region)
        steer.add_store(
            StoreId(store), name, StoreGroup(group), hub.config.timezone, command.now_s()
        )
        if region:
            set_region(store, region, by=_ACTOR, at_s=command.now_s())
    click.echo(f"{store} {name}, group {group}" + (f", region {region}" if region else ""))


@stores.command("list")
@as_json_option
@click.pass_obj
def stores_list(command: Command, *, as_json: bool) -> None:
    """List the shops: group, where each lies, and its name."""
    with command.hub():
        found = shops()
    for shop in found:
        told = f"{shop.id:12} {shop.store_group:5}  {shop.region or '-':6}  {shop.name}"
        click.echo(json.dumps(shop._asdict(), ensure_ascii=False) if as_json else told)


@stores.command("region")
@click.argument("store")
@click.argument("region", default="")
@click.pass_obj
def stores_region(command: Command, store: str, region: str) -> None:
    """Say that the shop STORE lies in REGION: 44, 4403 or 440305; without it, nowhere."""
    with command.hub():
        shop = set_region(store, region, by=_ACTOR, at_s=command.now_s())
    click.echo(f"{shop.id} lies in {shop.region or 'no region'}")


@click.group("units")
def units_group() -> None:
    """Tills and kiosks."""


@units_group.command("list")
@as_json_option
@click.pass_obj
def units_list(command: Command, as_json: bool) -> None:  # noqa: FBT001
    """List the units and how far the hub has their journals."""
    with command.hub():
        for unit in all_units():
            if as_json:
                click.echo(json.dumps(unit._asdict(), ensure_ascii=False))
                continue
            journal = f"{unit.epoch}/{unit.seq}" if unit.epoch else "-"
            heard = _moment(unit.heard_at_s) if unit.heard_at_s else "never heard of"
            click.echo(f"{unit.id:12} {unit.state:12} {journal:>10}  {heard}  {unit.store_name}")


@units_group.command("invite")
@click.option("--store", required=True, help="For which shop.")
@click.pass_obj
def units_invite(command: Command, store: str) -> None:
    """Make a one-time code for a new unit, good for ten minutes."""
    with command.hub():
        click.echo(enrol.invite(StoreId(store), command.now_s()).code)


@units_group.command("waiting")
@as_json_option
@click.pass_obj
def units_waiting(command: Command, as_json: bool) -> None:  # noqa: FBT001
    """List the units that wait for their number to be compared."""
    with command.hub():
        for row in enrol.waiting():
            shown = {
                "id": row.id, "store": row.store_id, "number": row.comparison_number,
                "hardware": row.hardware,
            }  # fmt: skip
            told = f"{row.id}  {row.store_id}  {row.comparison_number}  {row.hardware}"
            click.echo(json.dumps(shown, ensure_ascii=False) if as_json else told)


@units_group.command("confirm")
@click.argument("enrolment_id")
@click.option("--number", required=True, help="The digits on the unit's screen.")
@click.pass_obj
def units_confirm(command: CommandWithKeys, enrolment_id: str, number: str) -> None:
    """Say that the unit's screen shows the same number. That makes a unit of it.

    "units waiting" lists the ids.
    """
    with command.hub() as hub:
        unit = enrol.confirm(
            enrolment_id, number, hub.keyring, currency=hub.config.currency, at_s=command.now_s()
        )
    click.echo(unit)


@units_group.command("revoke")
@click.argument("unit_id")
@click.pass_obj
def units_revoke(command: Command, unit_id: str) -> None:
    """Stop the unit UNIT_ID for good; what it did before still counts."""
    with command.hub():
        revoke.revoke(UnitId(unit_id), command.now_s())
    click.echo(f"{unit_id} is revoked")


@units_group.command("release")
@click.argument("unit_id")
@click.pass_obj
def units_release(command: Command, unit_id: str) -> None:
    """Let the quarantined unit UNIT_ID go on, after somebody has looked at it."""
    with command.hub():
        revoke.release(UnitId(unit_id))
    click.echo(f"{unit_id} is active")


@click.command("restored")
@click.pass_obj
def restored(command: Command) -> None:
    """Tell every unit everything anew, after the database was put back from a backup.

    Without this, units that have heard what the lost hub said would miss what this one says.
    """
    with command.hub():
        begin_new_life(command.now_s())
    click.echo("Every unit takes anew what this hub says, with its next pull.")


def _moment(at_s: int) -> str:
    return dt.datetime.fromtimestamp(at_s, dt.UTC).strftime("%Y-%m-%d %H:%M:%SZ")
