"""``tearoff-hub payouts bank-file``: make, list, show, fetch, answer, refuse."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from central.errors import RequestInvalid
from central.foundation.command import Command, OpenHub
from central.foundation.people.at_terminal import identity_options, who_or_account
from central.money.channels import settings
from central.money.ledger.rules import business_day
from central.money.payouts.bank_files import answer, store
from central.money.payouts.bank_files.make import choose, fetch, make
from central.money.payouts.bank_files.store import Made
from central.money.payouts.end import By
from edge.contract.money import decimal_text


@click.group("bank-file")
def bank_file() -> None:
    """Payouts that a person carries to the bank as a file, and the bank's answer."""


@bank_file.command("make")
@identity_options
@click.pass_obj
def make_(command: Command, as_: str | None, key_file: Path | None) -> None:
    """Put all payouts that are ready into a new file."""
    with command.hub() as hub:
        by = _by(command, hub, as_, key_file)
        found = settings.load(hub.config.channels_file).bank_file
        left = choose(found, by.at_s).left if found else []
        made = make(found, by.at_s, day=by.day, actor=by.who)
    for no, why in left:
        click.echo(f"{no} is left out: {why}")
    _tell(made)


@bank_file.command("list")
@click.pass_obj
def list_(command: Command) -> None:
    """List the newest files."""
    with command.hub():
        found = store.newest(100)
    for one in found:
        _tell(one.file, f"  {one.open} without an end" if one.open else "")
    if not found:
        click.echo("There is no file for the bank.")


@bank_file.command("show")
@click.argument("no")
@click.pass_obj
def show(command: Command, no: str) -> None:
    """Show what stands in file NO, and what became of each payout."""
    with command.hub():
        made, lines = store.get(no), store.lines_of(no)
    _tell(made)
    for line in lines:
        payout = line.payout
        amount = decimal_text(payout.order.amount.minor, payout.order.amount.currency)
        click.echo(f"  {line.place:4}  {payout.no}  {payout.account:16} {amount:>12}"
                   f"  {payout.state}  {payout.last_code}".rstrip())  # fmt: skip


@bank_file.command("fetch")
@click.argument("no")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="File to write.")
@identity_options
@click.pass_obj
def fetch_(command: Command, no: str, out: Path, as_: str | None, key_file: Path | None) -> None:
    """Write file NO for the bank. It names payees and their accounts: only you can read it."""
    with command.hub() as hub:
        by = _by(command, hub, as_, key_file)
        made, content = fetch(no, by.at_s, actor=by.who)
    try:
        out.touch(0o600)
        out.chmod(0o600)
        out.write_bytes(content)
    except OSError as exc:
        raise RequestInvalid(f"{out} cannot be written: {exc.strerror}") from exc
    click.echo(f"{out}: SHA-256 {made.sha256}")


@bank_file.command("answer")
@click.argument("no")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@identity_options
@click.pass_obj
def answer_(command: Command, no: str, file: Path, as_: str | None, key_file: Path | None) -> None:
    """Take the bank's answer in FILE to file NO. Exit code 1 if it contradicts what is known."""
    with command.hub() as hub:
        taken = answer.take_answer(no, file.read_bytes(), _by(command, hub, as_, key_file))
    click.echo(f"{taken.paid} paid, {taken.failed} failed, {taken.known} known before,"
               f" {taken.open} without an end")  # fmt: skip
    for payout in taken.differ:
        click.echo(f"{payout}: the bank says something else than before; nothing was changed")
    sys.exit(1 if taken.differ else 0)


@bank_file.command("refuse")
@click.argument("no")
@click.option("--reason", required=True, help="Why, in words; it stays.")
@identity_options
@click.pass_obj
def refuse_(
    command: Command, no: str, reason: str, as_: str | None, key_file: Path | None
) -> None:  # fmt: skip
    """Say that the bank has taken none of file NO, as another person than who made it."""
    with command.hub() as hub:
        count = answer.refuse(no, reason, _by(command, hub, as_, key_file))
    click.echo(f"{count} payouts are given back")


def _by(command: Command, hub: OpenHub, as_: str | None, key_file: Path | None) -> By:
    at_s = command.now_s()
    who = who_or_account(command, hub, as_, key_file)
    return By(who, at_s, business_day(at_s, hub.config.timezone))


def _tell(made: Made, more: str = "") -> None:
    total = decimal_text(made.total, made.currency)
    click.echo(f"{made.no}  {made.lines} payouts  {total} {made.currency}  1030.{made.bank}{more}")
