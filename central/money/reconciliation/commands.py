"""``tearoff-hub reconcile``: take bills, see what differs, resolve it."""

from __future__ import annotations

import datetime as dt
import json
import sys

import click

from central.foundation.command import Command
from central.money.channels.gather import gather
from central.money.channels.record import RecordedCalls
from central.money.ledger.rules import business_day
from central.money.reconciliation.resolve import Decision, differences, resolve
from central.money.reconciliation.take import take
from central.money.reconciliation.unproven import unproven
from edge.contract.money import Money, decimal_text

_ACTOR = "cli"
_json = click.option("--json", "as_json", is_flag=True, help="JSON for scripts.")


@click.group("reconcile")
def reconcile() -> None:
    """What the channels say against what the books say."""


@reconcile.command("take")
@click.argument("channel")
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
@click.pass_obj
def take_(command: Command, channel: str, day: dt.datetime) -> None:
    """Take CHANNEL's bill of DAY in. Exit code 1 if something differs; again is harmless."""
    with command.hub() as hub:
        file = hub.config.channels_file
        bills = gather(file, RecordedCalls(command.now_s), command.now_s).bills(channel)
        taken = take(bills, day.date(), command.now_s(), _ACTOR)
    click.echo(f"{taken.lines} lines, {taken.proven} proven, {taken.differing} differ")
    sys.exit(1 if taken.differing else 0)


@reconcile.command("list")
@click.option("--all", "all_of_them", is_flag=True, help="Also those that are resolved.")
@_json
@click.pass_obj
def list_(command: Command, *, all_of_them: bool, as_json: bool) -> None:
    """List the differences that are open, the oldest first."""
    with command.hub():
        found = differences(all_of_them=all_of_them)
    for one in found:
        if as_json:
            click.echo(json.dumps(one._asdict() | _money(one.amount), ensure_ascii=False))
        else:
            click.echo(
                f"{one.id:6} {one.source:12} {one.day} {one.kind:15} {_text(one.amount):>12}"
                f" {one.number} {one.state}"
            )
    if not found and not as_json:
        click.echo("Nothing differs.")


@reconcile.command("unproven")
@_json
@click.pass_obj
def unproven_(command: Command, *, as_json: bool) -> None:
    """List what no bill has proven. Exit code 1 if the bills of its days are all there."""
    with command.hub():
        found = unproven()
    for one in found:
        if as_json:
            click.echo(json.dumps(one._asdict() | _money(one.amount), ensure_ascii=False))
        else:
            why = "missing in the bill" if one.has_bill else "bill awaited"
            click.echo(
                f"{one.day} {one.account:16} {one.kind:16} {_text(one.amount):>12} {one.ref} {why}"
            )
    sys.exit(1 if any(one.has_bill for one in found) else 0)


@reconcile.command("resolve")
@click.argument("difference_id", type=int)
@click.argument("account")
@click.option("--reason", required=True, help="Why it belongs there, in words.")
@click.pass_obj
def resolve_(command: Command, difference_id: int, account: str, reason: str) -> None:
    """Post the difference DIFFERENCE_ID to ACCOUNT: 2010, 5030, 2110.EAST-1."""
    with command.hub() as hub:
        at_s = command.now_s()
        day = business_day(at_s, hub.config.timezone)
        one = resolve(difference_id, Decision(account, reason, day, _ACTOR), at_s)
    if one.state == "proven":
        click.echo(f"difference {one.id}: the books have it by now, nothing was posted")
    else:
        click.echo(f"difference {one.id}: {_text(one.amount)} is posted to {account}")


def _text(amount: Money) -> str:
    return decimal_text(amount.minor, amount.currency)


def _money(amount: Money) -> dict[str, str]:
    return {"amount": _text(amount), "currency": amount.currency}
