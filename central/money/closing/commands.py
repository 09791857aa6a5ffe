"""``tearoff-hub close-day`` and ``close-month``; and what days wait for."""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path
from typing import NamedTuple

import click

from central.foundation.command import Command, OpenHub
from central.foundation.db.engine import reading
from central.foundation.people.at_terminal import identity_options, who_or_account
from central.money.channels.gather import gather
from central.money.channels.record import RecordedCalls
from central.money.closing.close import close_day, close_month
from central.money.closing.days import open_days
from central.money.closing.waivers import waive
from central.money.ledger.closes import Close
from central.money.ledger.days import date_of
from central.money.ledger.rules import business_day
from central.money.reconciliation.model import By

_json = click.option("--json", "as_json", is_flag=True, help="JSON for scripts.")
_DATE = click.DateTime(["%Y-%m-%d"])


class _Now(NamedTuple):
    by: By
    with_bills: list[str]


def _now(
    command: Command, hub: OpenHub, as_: str | None = None, key_file: Path | None = None
) -> _Now:
    at_s = command.now_s()
    channels = gather(hub.config.channels_file, RecordedCalls(command.now_s), command.now_s)
    actor = who_or_account(command, hub, as_, key_file)
    by = By(at_s, business_day(at_s, hub.config.timezone), actor)
    return _Now(by, channels.with_bills)


@click.command("close-day")
@click.argument("day", required=False, type=_DATE)
@click.option(
    "--without", "channels", multiple=True, metavar="CHANNEL",
    help="Close DAY although the bills of CHANNEL are not settled; may be repeated.",
)  # fmt: skip
@click.option("--reason", default="", help="Why, in words; it stays beside the day.")
@_json
@identity_options
@click.pass_obj
def close_day_(  # noqa: PLR0913 - its options
    command: Command, day: dt.datetime | None, channels: tuple[str, ...], reason: str, *,
    as_json: bool, as_: str | None, key_file: Path | None,
) -> None:  # fmt: skip
    """Close DAY, 2026-04-11, and all days before it; yesterday if not given.

    Refused as long as a channel's bills of these days are not settled. Nothing is posted there any
    more. What is told later counts on the first open day.
    """
    with command.hub() as hub:
        now = _now(command, hub, as_, key_file)
        yesterday = date_of(now.by.day) - dt.timedelta(days=1)
        number = int((day or yesterday).strftime("%Y%m%d"))
        for channel in channels:
            waive(channel, number, reason, now.by)
        _tell(close_day(number, now.by, now.with_bills), as_json=as_json)


@click.command("close-month")
@click.argument("month", type=click.DateTime(["%Y-%m"]))
@_json
@identity_options
@click.pass_obj
def close_month_(
    command: Command, month: dt.datetime, *, as_json: bool, as_: str | None, key_file: Path | None
) -> None:
    """Carry what MONTH, 2026-04, has earned and cost to retained earnings, and close it.

    Refused as long as a channel's bills of its days are not settled.
    """
    with command.hub() as hub:
        now = _now(command, hub, as_, key_file)
        number = int(month.strftime("%Y%m"))
        _tell(close_month(number, now.by, now.with_bills), as_json=as_json)


@click.command("open-days")
@_json
@click.pass_obj
def open_days_(command: Command, *, as_json: bool) -> None:
    """List the days that are over and not closed, and what each waits for. Exit code 1 if any."""
    with command.hub() as hub:
        now = _now(command, hub)
        found = reading(lambda: list(open_days(now.with_bills, now.by.day)))
    for one in found:
        if as_json:
            missing = {of.channel: of.standing for of in one.missing}
            click.echo(json.dumps({"day": one.day, "missing": missing}))
        else:
            click.echo(f"{one.day}  {one.said or 'can be closed'}")
    if not found and not as_json:
        click.echo("Every day that is over is closed.")
    sys.exit(1 if any(one.missing for one in found) else 0)


COMMANDS = (close_day_, close_month_, open_days_)


def _tell(close: Close, *, as_json: bool) -> None:
    seal = f"{close.sealed_id}:{close.sealed_hash.hex()}"
    if as_json:
        click.echo(json.dumps({"day": close.day, "seal": seal}))
    else:
        click.echo(f"{close.day} and all before it are closed. Newest seal: {seal}")
