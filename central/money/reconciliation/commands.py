"""``tearoff-hub reconcile``: take bills, see what differs, resolve it."""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path

import click

from central.foundation.command import Command
from central.money.channels.gather import gather
from central.money.channels.record import RecordedCalls
from central.money.ledger.rules import business_day
from central.money.reconciliation.files.layouts import load
from central.money.reconciliation.files.read import BYTES_MAX
from central.money.reconciliation.files.take import take_file
from central.money.reconciliation.link import link
from central.money.reconciliation.model import By
from central.money.reconciliation.overview import bill, bills_taken
from central.money.reconciliation.resolve import (
    Decision,
    differences,
    match_everything,
    resolve,
)
from central.money.reconciliation.settle import settle, settlements
from central.money.reconciliation.take import Taken, take, take_flows
from central.money.reconciliation.unproven import unproven
from edge.contract.money import Money, decimal_text

_ACTOR = "cli"
_json = click.option("--json", "as_json", is_flag=True, help="JSON for scripts.")


@click.group("reconcile")
def reconcile() -> None:
    """What the channels say against what the books say."""


def _by(command: Command, timezone: str) -> By:
    at_s = command.now_s()
    return By(at_s, business_day(at_s, timezone), _ACTOR)


@reconcile.command("take")
@click.argument("channel")
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
@click.pass_obj
def take_(command: Command, channel: str, day: dt.datetime) -> None:
    """Take CHANNEL's bills of DAY in. Exit code 1 if something differs; again is harmless.

    First that of payments and refunds, then those of how the balance moved.
    """
    with command.hub() as hub:
        file = hub.config.channels_file
        bills = gather(file, RecordedCalls(command.now_s), command.now_s).bills(channel)
        by = _by(command, hub.config.timezone)
        taken = [take(bills, day.date(), by), *take_flows(bills, day.date(), by)]
        for name, one in zip(("payments", *map(str, bills.accounts)), taken, strict=True):
            click.echo(f"{name}: {_told(one)}")
    sys.exit(1 if any(one.differing for one in taken) else 0)


@reconcile.command("take-file")
@click.argument("source")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def take_file_(command: Command, source: str, file: Path) -> None:
    """Take a bank's or a supplier's FILE in; SOURCE is a section of statements.toml: bank.main."""
    if file.stat().st_size > BYTES_MAX:
        raise click.ClickException(f"The file is larger than {BYTES_MAX >> 20} MiB.")
    with command.hub() as hub:
        layouts = load(hub.config.statements_file)
        taken = take_file(layouts, source, file.read_bytes(), _by(command, hub.config.timezone))
        for one in taken:
            click.echo(f"{bill(one.bill_id).day}: {_told(one)}")
    sys.exit(1 if any(one.differing for one in taken) else 0)


@reconcile.command("bills")
@click.option("--limit", default=50, show_default=True, help="At most this many.")
@_json
@click.pass_obj
def bills_(command: Command, *, limit: int, as_json: bool) -> None:
    """List the bills that were taken, the newest day first, with what is open of each."""
    with command.hub():
        found = bills_taken(limit=limit)
    for one in found:
        if as_json:
            click.echo(json.dumps(one._asdict(), ensure_ascii=False))
        else:
            name = f"{one.source} {one.part}".strip()
            state = f"{one.open} open" if one.open else f"{one.waiting} wait" * bool(one.waiting)
            click.echo(
                f"{one.id:6} {one.day} {one.kind:9} {name:22} {one.lines:6} lines"
                f" {state or 'all matched'}"
            )
    if not found and not as_json:
        click.echo("No bill was taken yet.")


@reconcile.command("match")
@click.pass_obj
def match_(command: Command) -> None:
    """Match again what is open with what is in the books by now. Exit code 1 if some still is."""
    with command.hub() as hub:
        still_open = match_everything(_by(command, hub.config.timezone))
    click.echo(f"{still_open} differ")
    sys.exit(1 if still_open else 0)


@reconcile.command("settle")
@click.argument("channel")
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
@click.option("--post", "is_posted", is_flag=True, help="Post it; without this it is only shown.")
@_json
@click.pass_obj
def settle_(
    command: Command, channel: str, day: dt.datetime, *, is_posted: bool, as_json: bool
) -> None:
    """Show what CHANNEL's bills of DAY let out of 1010 into 1020, and with --post do it, once."""
    number = int(day.strftime("%Y%m%d"))
    with command.hub() as hub:
        found = settlements(channel, number)
        if is_posted:
            settle(channel, number, _by(command, hub.config.timezone))
            found = [
                old._replace(journals=new.journals)
                for old, new in zip(found, settlements(channel, number), strict=True)
            ]
    for one in found:
        figures = {name: _text(getattr(one, name)) for name in ("gross", "net", "fee")}
        if as_json:
            click.echo(json.dumps(one._asdict() | figures | {"currency": one.gross.currency}))
            continue
        of_it = one.part or channel
        click.echo(f"{of_it}: {one.lines} lines, {one.open} of their payments differ")
        if one.lines:
            click.echo(
                f"  1020.{channel} {figures['net']}, 5030 {figures['fee']} (by the payments"
                f" {one.fee_told}), 1010.{channel} -{figures['gross']}"
            )
        for journal in one.journals:
            click.echo(f"  journal {journal}")


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
                f"{one.entry:6} {one.day} {one.account:16} {one.kind:16}"
                f" {_text(one.amount):>12} {one.ref} {why}"
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
        one = resolve(difference_id, Decision(account, reason), _by(command, hub.config.timezone))
    if one.state == "proven":
        click.echo(f"difference {one.id}: the books have it by now, nothing was posted")
    else:
        click.echo(f"difference {one.id}: {_text(one.amount)} is posted to {account}")


@reconcile.command("link")
@click.argument("difference_id", type=int)
@click.argument("entry_id", type=int)
@click.option("--reason", required=True, help="Why they are the same, in words.")
@click.pass_obj
def link_(command: Command, difference_id: int, entry_id: int, reason: str) -> None:
    """Say that the line of DIFFERENCE_ID is the entry ENTRY_ID of our books; nothing is posted."""
    with command.hub() as hub:
        one = link(difference_id, entry_id, reason, _by(command, hub.config.timezone))
    click.echo(f"difference {one.id}: {one.state}")


def _told(one: Taken) -> str:
    waiting = f", {one.waiting} wait for their settlement" if one.waiting else ""
    return f"{one.lines} lines, {one.proven} proven, {one.differing} differ{waiting}"


def _text(amount: Money) -> str:
    return decimal_text(amount.minor, amount.currency)


def _money(amount: Money) -> dict[str, str]:
    return {"amount": _text(amount), "currency": amount.currency}
