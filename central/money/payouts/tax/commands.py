"""``tearoff-hub payouts tax``: schedules, persons, and the list for the authority."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from central.errors import RequestInvalid
from central.foundation.command import Command
from central.foundation.language import written
from central.money.payouts.tax import withhold
from central.money.payouts.tax.schedule import LABOUR_2019
from edge.contract.money import decimal_text

_ACTOR = "cli"


@click.group("tax")
def tax() -> None:
    """Tax that is withheld from commissions."""


@tax.command("example")
def example() -> None:
    """Print a schedule to start from. Whether it applies to you is for you to find out."""
    click.echo(json.dumps(LABOUR_2019, ensure_ascii=False, indent=2))


@tax.command("set")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--from", "first", required=True, help="First business day, 2026-05-01.")
@click.pass_obj
def set_(command: Command, file: Path, first: str) -> None:
    """Put the schedule in FILE in force. What was asked for before stays as it was."""
    with command.hub():
        try:
            text = file.read_text("utf-8")
        except UnicodeDecodeError as exc:
            raise RequestInvalid(f"{file} is not UTF-8.") from exc
        made = withhold.set_schedule(written.day(first), text, _ACTOR, command.now_s())
    click.echo(f"{made.name} is in force from {first}")


@tax.command("payee")
@click.argument("account")
@click.argument("kind", type=click.Choice(["person", "company"]))
@click.pass_obj
def payee(command: Command, account: str, kind: str) -> None:
    """Say whether ACCOUNT, such as 2110.EAST-1, is a person, from whom tax is withheld."""
    with command.hub():
        withhold.set_profile(account, is_person=kind == "person", by=_ACTOR, at_s=command.now_s())
    click.echo(f"{account} is a {kind}")


@tax.command("export")
@click.argument("month")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="File to write.")
@click.pass_obj
def export(command: Command, month: str, out: Path) -> None:
    """Write what was withheld from whom in MONTH, 2026-04. Exit code 1 if the books differ."""
    with command.hub() as hub:
        found = withhold.month_of_tax(written.month(month))
        currency = hub.config.currency
    try:
        out.write_bytes(withhold.as_csv(found))
    except OSError as exc:
        raise RequestInvalid(f"{out} cannot be written: {exc.strerror}") from exc
    total, in_books = (decimal_text(n, currency) for n in (found.total, found.in_books))
    click.echo(f"{len(found.lines)} payees, {total} withheld; {in_books} in the books")
    sys.exit(0 if found.total == found.in_books else 1)
