"""The ledger on the command line: prove it, and read its accounts."""

from __future__ import annotations

import datetime as dt
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from central.errors import RequestInvalid
from central.foundation.command import Command
from central.foundation.db.engine import reading
from central.foundation.people.at_terminal import identity_options, who_or_account
from central.money.ledger import statement as reader
from central.money.ledger.audit import Proof, anchor_findings
from central.money.ledger.audit_log import prove_and_note
from central.money.ledger.chart import CHART
from central.money.ledger.rules import business_day
from central.money.ledger.seal import Sealed
from central.money.ledger.statement import Statement
from edge.contract.money import decimal_text

_ACCOUNT = re.compile(r"[0-9]{4}([.][A-Za-z0-9-]{1,40})?", re.ASCII)
_PARTIES = sorted({heading.per for heading in CHART.values() if heading.per})
_SEAL = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})", re.ASCII)

json_option = click.option("--json", "as_json", is_flag=True, help="JSON for scripts.")


@click.command()
@click.option(
    "--expect", metavar="SEAL",
    help="A seal that was noted before, 17:ab12…; it must still be there.",
)  # fmt: skip
@json_option
@identity_options
@click.pass_obj
def audit(
    command: Command,
    expect: str | None,
    as_json: bool,  # noqa: FBT001
    as_: str | None,
    key_file: Path | None,
) -> None:
    """Prove the whole ledger from its entries. Exit code 1 if anything does not hold.

    The last lines name the newest seal. Keep it somewhere else: whoever alters what came before
    it can never make it fit again.
    """
    expected = _seal(expect) if expect else None
    with command.hub() as hub:
        actor = who_or_account(command, hub, as_, key_file)
        with _progress() as progress:
            proof = prove_and_note(command.now_s(), actor, progress)
        if expected is not None:
            proof.findings.extend(anchor_findings("the expected seal", *expected))
        accounts = reader.trial_balance()
    if as_json:
        told = {
            "journals": proof.journals, "entries": proof.entries, "unsealed": proof.unsealed,
            "newest_seal": _text(proof.newest), "findings": proof.findings,
            "accounts": [account._asdict() for account in accounts],
        }  # fmt: skip
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        for account in accounts:
            amounts = (decimal_text(n, account.currency) for n in (account.debit, account.credit))
            click.echo(f"{account.code:16} {'{:>14} {:>14}'.format(*amounts)}  {account.name_en}")
        _tell(proof)
    sys.exit(1 if proof.findings else 0)


@click.command()
@click.argument("who")
@click.option(
    "--from", "first", help="First business day, 2026-04-01; the first of this month if not given."
)
@click.option("--to", "last", help="Last business day; today if not given.")
@click.option(
    "--booked", is_flag=True,
    help="By the day on which an entry was written, not the business day it belongs to.",
)  # fmt: skip
@json_option
@click.pass_obj
def statement(
    command: Command,
    who: str,
    first: str | None,
    last: str | None,
    booked: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> None:
    """Show what happened to the accounts of WHO.

    WHO is a shop, S0412, and then it is what is owed to it and for which redemptions; or an
    account, 2010 or 2110.A7; or everything of a party, agent:A7 or supplier:north.
    """
    with command.hub() as hub:
        timezone = hub.config.timezone
        today = business_day(command.now_s(), timezone)
        days = (_yyyymmdd(first, today // 100 * 100 + 1), _yyyymmdd(last, today))
        booked_in = timezone if booked else None
        found = reading(lambda: _statements(who, days, booked_in))
    if as_json:
        for one in found:
            lines = [line._asdict() for line in one.lines]
            click.echo(json.dumps(one._asdict() | {"lines": lines}, ensure_ascii=False))
        return
    for one in found:
        _tell_statement(one, who)


COMMANDS = (audit, statement)


# --- what is told --------------------------------------------------------------------------------


def _tell(proof: Proof) -> None:
    if proof.newest.journal_id:
        click.echo(f"newest seal: {_text(proof.newest)}")
    for finding in proof.findings:
        click.echo(f"! {finding}")
    result = f"{len(proof.findings)} findings" if proof.findings else "sound"
    waiting = f" ({proof.unsealed} wait for their seal)" if proof.unsealed else ""
    click.echo(f"{proof.journals} journals, {proof.entries} entries{waiting}: {result}")


def _tell_statement(found: Statement, who: str) -> None:
    def money(minor: int) -> str:
        return f"{decimal_text(minor, found.currency):>12}"

    name = who if found.code == f"2310.{who}" else found.code
    click.echo(f"Statement of {name}, {found.currency}")
    click.echo(f"{'opening balance':46} {money(found.opening)}")
    for line in found.lines:
        click.echo(f"{line.effective}  {line.kind:18} {line.memo:16} {money(line.change)}")
    click.echo(f"{'closing balance':46} {money(found.closing)}")


def _text(seal: Sealed) -> str:
    return f"{seal.journal_id}:{seal.hash.hex()}"


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Show on a terminal how far it is; on anything else nothing."""
    console = Console(stderr=True)
    columns = (
        TextColumn("Proving"), BarColumn(), MofNCompleteColumn(), TextColumn("journals"),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as shown:
        task = shown.add_task("", total=None)
        yield lambda done, of: shown.update(task, completed=done, total=of)


# --- what was typed ------------------------------------------------------------------------------


def _statements(who: str, days: tuple[int, int], booked_in: str | None) -> list[Statement]:
    kind, colon, party = who.partition(":")
    if colon:
        if kind not in _PARTIES:
            raise RequestInvalid(f"{kind!r}: a party is one of {', '.join(_PARTIES)}.")
        found = reader.party_statement(kind, party, *days, booked_in=booked_in)
        if not found:
            raise RequestInvalid(f"The {kind} {party} has no account yet.")
        return found
    code = who if _ACCOUNT.fullmatch(who) and who[:4] in CHART else f"2310.{who}"
    one = reader.statement(code, *days, booked_in=booked_in)
    if one is None:
        raise RequestInvalid(
            f"Nothing has been redeemed in {who} yet."
            if code.startswith("2310.")
            else f"The account {code} has not been opened."
        )
    return [one]


def _seal(text: str) -> Sealed:
    match = _SEAL.fullmatch(text)
    if match is None:
        raise RequestInvalid("A seal is written 17:ab12…, the number of a journal and 64 digits.")
    return Sealed(int(match[1]), bytes.fromhex(match[2]))


def _yyyymmdd(text: str | None, default: int) -> int:
    if not text:
        return default
    try:
        date = dt.date.fromisoformat(text)
    except ValueError as exc:
        raise RequestInvalid(f"{text!r}: {exc}") from exc
    if not 2000 <= date.year < 2300:
        raise RequestInvalid(f"{text!r}: a date lies in the years 2000 to 2299")
    return int(date.strftime("%Y%m%d"))
