"""``tearoff-hub bundle``: files for units without a network, and what comes back from them."""

from __future__ import annotations

from pathlib import Path
from typing import IO

import click

from central.errors import MessageRefused
from central.stores.carried.make_bundles import file_name, make_bundles
from central.stores.carried.take_journal import take_journal
from central.stores.carried.take_request import take_request
from central.stores.keys.open_hub import CommandWithKeys
from edge.contract.bundle_file import key_check
from edge.contract.ids import StoreId, UnitId
from edge.contract.signed import MessageInvalid

PATH = click.Path(path_type=Path)


@click.group("bundle")
def group() -> None:
    """Files for units without a network, and what comes back from them."""


@group.command("export")
@click.argument("unit_id")
@click.option("--to", type=PATH, default=Path(), help="File, or directory; here if not given.")
@click.pass_obj
def bundles(command: CommandWithKeys, unit_id: str, to: Path) -> None:
    """Write all that the unit UNIT_ID may know into a .vxb file."""
    with command.hub() as hub:
        at_s = command.now_s()
        data = make_bundles(UnitId(unit_id), hub.keyring, hub.config.currency, at_s)
        check = key_check(hub.keyring.bundle_public)
    path = to / file_name(UnitId(unit_id), at_s) if to.is_dir() else to
    path.write_bytes(data)
    click.echo(f"{path}  {len(data)} bytes")
    click.echo(f"Check digits of this hub, for a unit's first file: {check}")


@group.command("import")
@click.argument("files", nargs=-1, required=True, type=PATH)
@click.pass_obj
def journal(command: CommandWithKeys, files: tuple[Path, ...]) -> None:
    """Take the journals in FILES (.vxj), oldest first."""
    for path in files:
        try:
            with command.hub() as hub:
                taken = take_journal(
                    path.read_bytes(), hub.keyring, currency=hub.config.currency,
                    at_s=command.now_s(),
                )  # fmt: skip
        except MessageInvalid as exc:
            raise MessageRefused(str(exc)) from exc
        outcomes = ", ".join(f"{count} {name}" for name, count in sorted(taken.outcomes.items()))
        upto = f"{taken.ack.epoch}/{taken.ack.seq}" if taken.ack else "-"
        click.echo(f"{path}: {taken.unit}, {outcomes or 'nothing new'}; acknowledged up to {upto}")


@group.command("request")
@click.argument("file", type=click.File("r"))
@click.option("--store", required=True, help="For which shop.")
@click.pass_obj
def request(command: CommandWithKeys, file: IO[str], store: str) -> None:
    """Take the request of a machine that wants to be a unit, from FILE ("-" for the keyboard).

    Compare the check digits with those on the machine's screen, then: units confirm.
    """
    text = file.read()
    with command.hub():
        row = take_request(text, StoreId(store), command.now_s())
        click.echo(f"{row.id}  {row.store_id}  {row.comparison_number}  {row.hardware}")
