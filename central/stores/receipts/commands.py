"""``tearoff-hub receipts``: what stands on the receipts of a store group, as JSON, by version."""

from __future__ import annotations

import json
from typing import IO, Any

import click

from central.errors import RequestInvalid
from central.foundation.command import Command
from central.stores.receipts.form import check
from central.stores.units.receipt_template import (
    all_receipts,
    body_of,
    put_back,
    set_template,
    template_at,
    template_from_body,
    template_of,
    versions,
)
from edge.contract.ids import StoreGroup

_ACTOR = "cli"
_FILE_CHARS_MAX = 200_000
GROUP = click.IntRange(1, 0xFFFF)


@click.group("receipts")
def group() -> None:
    """What stands on receipts: lines and their order, logo, code for the holder."""


@group.command("list")
@click.pass_obj
def list_(command: Command) -> None:
    """List the store groups with the newest version of their receipts."""
    with command.hub():
        found = all_receipts()
    for one in found:
        click.echo(f"{one.group:6} version {one.newest.version:<8} {' · '.join(one.stores)}")
    if not found:
        click.echo("There is no store yet.")


@group.command("show")
@click.argument("store_group", type=GROUP)
@click.option("--version", type=int, help="As it was in this version.")
@click.pass_obj
def show(command: Command, store_group: int, version: int | None) -> None:
    """Show the receipt of STORE_GROUP as JSON, as ``set`` takes it."""
    of = StoreGroup(store_group)
    with command.hub():
        template = template_of(of) if version is None else template_at(of, version)
    click.echo(json.dumps(body_of(template), ensure_ascii=False, indent=1))


@group.command("set")
@click.argument("store_group", type=GROUP)
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.pass_obj
def set_(command: Command, store_group: int, file: IO[str]) -> None:
    """Change the receipt of STORE_GROUP to what FILE says in JSON; - reads standard input."""
    template = template_from_body(_json_of(file))
    check(template)
    with command.hub():
        version = set_template(StoreGroup(store_group), template, by=_ACTOR, at_s=command.now_s())
    click.echo(f"group {store_group}: version {version}")


@group.command("versions")
@click.argument("store_group", type=GROUP)
@click.pass_obj
def versions_(command: Command, store_group: int) -> None:
    """List the versions of the receipt of STORE_GROUP, newest first."""
    with command.hub():
        found = versions(StoreGroup(store_group))
    for one in found:
        again = f"version {one.back_to} again" if one.back_to else ""
        click.echo(f"{one.version:8} {one.changed_at_s:12} {one.changed_by or '-':16} {again}")
    if not found:
        click.echo("There is no such store group.")


@group.command("back")
@click.argument("store_group", type=GROUP)
@click.argument("version", type=int)
@click.pass_obj
def back(command: Command, store_group: int, version: int) -> None:
    """Put VERSION of the receipt of STORE_GROUP into force again, as a new one."""
    with command.hub():
        new = put_back(StoreGroup(store_group), version, by=_ACTOR, at_s=command.now_s())
    click.echo(f"group {store_group}: version {new}, as {version} was")


def _json_of(file: IO[str]) -> Any:
    try:
        text = file.read(_FILE_CHARS_MAX + 1)
        if len(text) > _FILE_CHARS_MAX:
            raise RequestInvalid("The file is too long for a receipt.")
        return json.loads(text)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as exc:
        raise RequestInvalid("The file is not JSON in UTF-8.") from exc
