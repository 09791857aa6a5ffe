"""``tearoff-hub cards``: keys of the vault, files, stock, alerts, proofs, change of locks."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from central.errors import RequestInvalid
from central.foundation.command import Command, OpenHub
from central.foundation.db.engine import money_transaction, reading
from central.money.ledger.rules import business_day
from central.supply.cards import form
from central.supply.cards.access import bait, log
from central.supply.cards.access.log import Asker
from central.supply.cards.intake import take
from central.supply.cards.intake.read_file import Layout, from_path
from central.supply.cards.model import Batch, Intake
from central.supply.cards.stock import findings, stocks
from central.supply.cards.store import newest_batches
from central.supply.cards.vault.keys import Vault, make_keys, make_next_lock
from central.supply.cards.vault.rotate import lock_all_anew
from edge.contract.money import decimal_text, parse_decimal

_CLI = Asker("cli", "")


@click.group("cards")
def cards() -> None:
    """Card keys: take them in, count them, prove them. No command shows one."""


@cards.command("make-keys")
@click.pass_obj
def make_keys_(command: Command) -> None:
    """Make the vault's own keys on a hub that has none yet. Back them up: nobody has a copy."""
    with command.hub() as hub:
        make_keys(_directory(hub))
        click.echo(f"The vault's keys are in {_directory(hub)}.")


@cards.command("import")
@click.argument("sku")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--supplier", required=True, help="From whom they are; letters, digits, hyphens.")
@click.option("--cost", required=True, help="What one costs, 9.50.")
@click.option("--prepaid", is_flag=True, help="Paid from money placed with him; else on account.")
@click.option("--expires", default="", help="The last day they may be used, 2026-12-31.")
@click.option(
    "--layout", type=click.Choice([str(one) for one in Layout]), default="auto",
    show_default=True, help="What a line holds.",
)  # fmt: skip
@click.option("--note", default="", help="For people.")
@click.option("--look", is_flag=True, help="Only look: do not put them into stock.")
@click.pass_obj
def import_(command: Command, /, **given: Any) -> None:
    """Take the keys of FILE in for SKU and put them into stock.

    What was interrupted goes on where it was: start the same command again.
    """
    with command.hub() as hub:
        at_s, config = command.now_s(), hub.config
        try:
            cost = parse_decimal(given["cost"], config.currency)
        except ValueError as exc:
            raise RequestInvalid(f"{given['cost']!r}: {exc}") from exc
        heading = form.PAID["prepaid" if given["prepaid"] else "account"]
        intake = Intake(
            given["sku"], given["supplier"], f"{heading}.{given['supplier']}", cost,
            form.expiry(given["expires"], config.timezone), given["note"],
        )  # fmt: skip
        source = from_path(given["file"], Layout(given["layout"]))
        batch = take.take_in(source, intake, _vault(hub), _CLI, at_s, _tell_lines)
        _tell(batch)
        if given["look"]:
            click.echo(f"Nothing is in stock yet: tearoff-hub cards stock-batch {batch.id}")
            return
        _stock(hub, batch.id, at_s)


@cards.command("stock-batch")
@click.argument("batch", type=int)
@click.pass_obj
def stock_batch(command: Command, batch: int) -> None:
    """Put the staged BATCH into stock; the ledger has its cost from then on."""
    with command.hub() as hub:
        _stock(hub, batch, command.now_s())


@cards.command("discard")
@click.argument("batch", type=int)
@click.pass_obj
def discard(command: Command, batch: int) -> None:
    """Throw the BATCH away, which was not stocked; its keys are deleted."""
    with command.hub():
        take.discard(batch)
    click.echo(f"Batch {batch} is thrown away.")


@cards.command("batches")
@click.pass_obj
def batches(command: Command) -> None:
    """List the newest batches."""
    with command.hub():
        for batch in newest_batches(50):
            _tell(batch)


@cards.command("stock")
@click.option("--json", "as_json", is_flag=True, help="JSON for scripts.")
@click.pass_obj
def stock_(command: Command, *, as_json: bool) -> None:
    """List what is in stock, SKU by SKU."""
    with command.hub():
        found = stocks(command.now_s())
    for one in found:
        if as_json:
            costs = {money.currency: money.minor for money in one.cost}
            click.echo(json.dumps(one._asdict() | {"cost": costs}))
            continue
        costs_ = ", ".join(f"{decimal_text(m.minor, m.currency)} {m.currency}" for m in one.cost)
        click.echo(
            f"{one.sku:32} {one.free:8} free {one.reserved:7} reserved {one.quarantined:6} aside"
            f" {one.expired:6} expired {one.sold:8} sold  {costs_}".rstrip()
        )
    if not found and not as_json:
        click.echo("There is no key.")


@cards.command("check")
@click.pass_obj
def check(command: Command) -> None:
    """Prove stock, handovers and the access log. Exit code 1 if something does not hold."""
    with command.hub():
        found = reading(findings)
        count, newest, _ = log.verify()
    for one in found:
        click.echo(one, err=True)
    click.echo(f"{count} accesses; the newest has the hash {newest.hex()}")
    sys.exit(1 if found else 0)


@cards.command("alerts")
@click.pass_obj
def alerts(command: Command) -> None:
    """List the alerts that nobody has seen. Exit code 1 if there is one."""
    with command.hub():
        found = log.alerts()
    for one in found:
        click.echo(f"{one.id:6} {one.kind:10} key {one.key} of {one.sku} by {one.actor}")
    sys.exit(1 if found else 0)


@cards.command("bait")
@click.argument("batch", type=int)
@click.option("--count", type=int, default=3, show_default=True, help="How many.")
@click.pass_obj
def bait_(command: Command, batch: int, count: int) -> None:
    """Put bait among the keys of BATCH: whoever touches one raises an alert."""
    with command.hub() as hub:
        planted = bait.plant(batch, count, _vault(hub), _CLI, command.now_s())
    click.echo(f"{planted} planted.")


@cards.command("rotate-key")
@click.option("--make-only", is_flag=True, help="Make the lock; lock nothing with it yet.")
@click.option("--continue", "goes_on", is_flag=True, help="Go on; make no newer lock.")
@click.pass_obj
def rotate_key(command: Command, *, make_only: bool, goes_on: bool) -> None:
    """Make a new lock, and lock every batch with it while the hub goes on.

    Back the new file up first thing; the old one may go once this has ended.
    """
    with command.hub() as hub:
        directory = _directory(hub)
        vault = Vault(directory)
        number = vault.newest_lock() if goes_on else make_next_lock(directory)
        if make_only:
            click.echo(f"cards-lock-{number:03}.key is made; go on with --continue.")
            return
        done = lock_all_anew(vault, _tell_locks)
    click.echo(f"{done} data keys are locked with cards-lock-{number:03}.key.")


def _stock(hub: OpenHub, batch: int, at_s: int) -> None:
    day = business_day(at_s, hub.config.timezone)
    _tell(money_transaction(lambda: take.stock(batch, at_s, day=day, actor=_CLI.actor)))


def _tell(batch: Batch) -> None:
    click.echo(
        f"batch {batch.id}  {batch.sku}  {batch.state}  {batch.kept} kept of {batch.lines} lines"
    )
    for why, count in sorted(batch.report.items()):
        click.echo(f"  {count} {why}")
    if batch.faults:
        numbers = ", ".join(f"{n} ({why})" for n, why in batch.faults[:10])
        click.echo(f"  lines {numbers}{' …' if len(batch.faults) > 10 else ''}")


def _tell_lines(done: int) -> None:
    if done % 100_000 == 0:
        click.echo(f"{done} lines", err=True)


def _tell_locks(done: int, left: int) -> None:
    if done % 100 == 0 or done == left:
        click.echo(f"{done} of {left}", err=True)


def _directory(hub: OpenHub) -> Path:
    return hub.config.data_dir / "keys"


def _vault(hub: OpenHub) -> Vault:
    return Vault(_directory(hub))
