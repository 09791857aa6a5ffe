"""``tearoff-hub policy``: what a store group's units may accept, and on which guarantee."""

from __future__ import annotations

import json

import click

from central.errors import RequestInvalid
from central.foundation.command import Command
from central.stores.policies.form import check
from central.stores.policies.overview import policies_of
from central.stores.units.steer import body_of, policy_of, put_back, set_policy, versions
from edge.contract.ids import StoreGroup

_ACTOR = "cli"


@click.group("policy")
def group() -> None:
    """What the units of a store group may accept."""


@group.command("show")
@click.argument("store_group", type=int)
@click.pass_obj
def show(command: Command, store_group: int) -> None:
    """Show the policy of STORE_GROUP, as JSON."""
    with command.hub() as hub:
        found = policy_of(StoreGroup(store_group), hub.config.currency, command.now_s())
    click.echo(json.dumps({"version": found.version} | body_of(found), indent=1))


@group.command("set")
@click.argument("store_group", type=int)
@click.argument("member")
@click.argument("value")
@click.pass_obj
def set_(command: Command, store_group: int, member: str, value: str) -> None:
    """Set MEMBER of the policy of STORE_GROUP to the JSON VALUE.

    Its units have it with their next pull.

    \b
    modes       '["ONLINE", "GRANT", "LEASE", "SOLO"]'
    overrides   '{"over-floor-limit": 100000}'   what a supervisor may overrule, minor units
    """
    try:
        read = json.loads(value)
    except ValueError as exc:
        raise RequestInvalid(f"{value!r} is not JSON.") from exc
    with command.hub():
        changes = {member: read}
        version = set_policy(
            StoreGroup(store_group), changes, by=_ACTOR, at_s=command.now_s(), check=check
        )
    click.echo(f"{member} of group {store_group} is set: version {version}")


@group.command("versions")
@click.argument("store_group", type=int)
@click.pass_obj
def versions_(command: Command, store_group: int) -> None:
    """List the versions of the policy of STORE_GROUP, newest first."""
    with command.hub():
        found = versions(policies_of(store_group).group)
    for one in found:
        again = f"version {one.back_to} again" if one.back_to else ""
        click.echo(f"{one.version:8} {one.changed_at_s:12} {one.changed_by or '-':16} {again}")


@group.command("back")
@click.argument("store_group", type=int)
@click.argument("version", type=int)
@click.pass_obj
def back(command: Command, store_group: int, version: int) -> None:
    """Put VERSION of the policy of STORE_GROUP into force again, as a new one."""
    with command.hub():
        new = put_back(StoreGroup(store_group), version, by=_ACTOR, at_s=command.now_s())
    click.echo(f"group {store_group}: version {new}, as {version} was")
