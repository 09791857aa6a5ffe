"""``tearoff-hub payouts``: payee, ask, batch, list, show, work."""

from __future__ import annotations

import datetime as dt
import json
import threading
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from central.errors import RequestInvalid
from central.foundation.command import Command
from central.foundation.people.at_terminal import identity_options, who_or_account
from central.money.channels.gather import gather
from central.money.channels.model import Payee
from central.money.channels.record import RecordedCalls
from central.money.ledger.rules import business_day
from central.money.payouts import payees, regime, release, store
from central.money.payouts.bank_files.commands import bank_file
from central.money.payouts.model import State
from central.money.payouts.pay_out import Machine
from central.money.payouts.request import Wanted, request_all, request_payout
from central.money.payouts.tax.commands import tax
from edge.contract.money import decimal_text, parse_decimal

_ACTOR = "cli"
IDLE_S = 2.0
"""How often the worker looks for something to do."""


@click.group("payouts")
def payouts() -> None:
    """Money to agents and stores."""


@payouts.command("payee")
@click.argument("account")
@click.argument("channel")
@click.option("--address", prompt=True, help="openid, Alipay id, or bank account.")
@click.option("--name", default="", help="Real name, where the channel checks it.")
@click.option("--bank", default="", help="Bank, for a bank's file.")
@click.option("--authorization", default="", help="WeChat Pay: id of a standing consent.")
@identity_options
@click.pass_obj
def payee(
    command: Command, /, account: str, channel: str, as_: str | None, key_file: Path | None,
    **given: str,
) -> None:  # fmt: skip
    """Say where the money of ACCOUNT, such as 2110.EAST-1, goes: through CHANNEL."""
    who = Payee(given["address"], given["name"], bank=given["bank"])
    with command.hub() as hub:
        payees.set_payee(
            account, channel, who, command.now_s(),
            by=who_or_account(command, hub, as_, key_file), authorization_id=given["authorization"],
        )  # fmt: skip
    click.echo(f"{account} is paid through {channel}.")


@payouts.command("pooling")
@click.argument("currency")
@click.argument("what", type=click.Choice(["forbidden", "allowed"]))
@click.option("--reason", required=True, help="By which rule, in words; it stays.")
@click.pass_obj
def pooling(command: Command, currency: str, what: str, reason: str) -> None:
    """Say whether money of stores may be paid out of our own balance in CURRENCY, CNY."""
    with command.hub():
        regime.set_pooling(
            currency, reason, _ACTOR, command.now_s(), is_forbidden=what == "forbidden"
        )
    click.echo(f"pooling in {currency} is {what}")


@payouts.command("stop")
@click.option("--reason", required=True, help="Why, in words; it stays.")
@identity_options
@click.pass_obj
def stop(command: Command, reason: str, as_: str | None, key_file: Path | None) -> None:
    """Send nothing more and take nothing new, at once. What was sent is followed up."""
    with command.hub() as hub:
        release.stop_all(command.now_s(), who_or_account(command, hub, as_, key_file), reason)
    click.echo("payouts are stopped")


@payouts.command("go-on")
@click.option("--reason", required=True, help="Why, in words; it stays.")
@identity_options
@click.pass_obj
def go_on(command: Command, reason: str, as_: str | None, key_file: Path | None) -> None:
    """Let payouts go out again, within the limits as they are."""
    with command.hub() as hub:
        release.go_on(command.now_s(), who_or_account(command, hub, as_, key_file), reason)
    click.echo("payouts go out again")


@payouts.command("ask")
@click.argument("account")
@click.argument("amount")
@click.option("--key", required=True, help="What it is for; the same key is the same payout.")
@click.option("--remark", required=True, help="The payee reads it.")
@click.pass_obj
def ask(command: Command, account: str, amount: str, key: str, remark: str) -> None:
    """Ask for AMOUNT, such as 88.00, to be paid to ACCOUNT."""
    with command.hub() as hub:
        at_s, config = command.now_s(), hub.config
        try:
            wanted = Wanted(account, key, parse_decimal(amount, config.currency), remark)
        except ValueError as exc:
            raise RequestInvalid(str(exc)) from exc
        day = business_day(at_s, config.timezone)
        _tell(request_payout(wanted, at_s, day=day, actor=_ACTOR))


@payouts.command("batch")
@click.option("--remark", required=True, help="The payees read it.")
@click.pass_obj
def batch(command: Command, remark: str) -> None:
    """Ask for all that is available to every agent, one payout an agent and day."""
    with command.hub() as hub:
        at_s, config = command.now_s(), hub.config
        day = business_day(at_s, config.timezone)
        done = request_all("2110", remark, at_s, day=day, actor=_ACTOR, currency=config.currency)
    for payout in done.payouts:
        _tell(payout)
    for account, why in done.left:
        click.echo(f"{account:16} not asked for: {why}")


@payouts.command("list")
@click.option("--state", type=click.Choice([str(s) for s in State]), help="Only these.")
@click.option("--json", "as_json", is_flag=True, help="JSON for scripts.")
@click.pass_obj
def list_(command: Command, state: str | None, *, as_json: bool) -> None:
    """List the newest payouts."""
    states = frozenset({State(state)}) if state else frozenset()
    with command.hub():
        found = store.newest(200, states)
    if as_json:
        keys = ("no", "account", "channel", "state", "attempts", "last_code")
        click.echo(json.dumps([{key: getattr(p, key) for key in keys} for p in found]))
        return
    for payout in found:
        _tell(payout)


@payouts.command("show")
@click.argument("no")
@click.pass_obj
def show(command: Command, no: str) -> None:
    """Tell the story of payout NO."""
    with command.hub() as hub:
        payout, story = store.get(no), store.story(no)
        zone = ZoneInfo(hub.config.timezone)
    _tell(payout)
    for happening in story:
        at = _moment(happening.at_s, zone)
        click.echo(f"  {at}  {happening.event:16} {happening.who:12} {happening.detail}")


@payouts.command("work")
@click.option("--once", is_flag=True, help="Do what is due and end.")
@click.pass_obj
def work(command: Command, *, once: bool) -> None:
    """Send what is due; go on until ended. Several may run, on several machines."""
    with command.hub() as hub:
        channels = gather(hub.config.channels_file, RecordedCalls(command.now_s), command.now_s)
        machine = Machine(
            channels.payouts, command.now_s,
            lambda at_s: business_day(at_s, hub.config.timezone),
        )  # fmt: skip
        click.echo(f"Channels: {', '.join(channels.payouts) or 'none'}")
        ended = threading.Event()
        while True:
            steps = machine.run_due()
            if steps:
                click.echo(f"{steps} steps made")
            if once:
                return
            ended.wait(IDLE_S)


payouts.add_command(bank_file)
payouts.add_command(tax)


def _tell(payout: store.Payout) -> None:
    amount = decimal_text(payout.amount.minor, payout.amount.currency)
    code = f"  {payout.last_code}" if payout.last_code else ""
    click.echo(f"{payout.no}  {payout.account:16} {amount:>12}  {payout.state}{code}")


def _moment(at_s: int, zone: ZoneInfo) -> str:
    return dt.datetime.fromtimestamp(at_s, zone).strftime("%Y-%m-%d %H:%M:%S")
