"""``tearoff-hub ledger``: enter by hand what happened, and confirm what others have entered."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from central.errors import RequestInvalid
from central.foundation.command import Command, OpenHub
from central.foundation.people.at_terminal import Who, identity_options, who
from central.foundation.people.roles import Permission
from central.money.entries import enter, store
from central.money.entries.kinds import KINDS, OPENINGS, TAKEN_BACK
from central.money.entries.model import Asked, By, Entry, EntryState, Kind, Preview, Takes
from central.money.ledger.rules import business_day
from edge.contract.money import Money, decimal_text, parse_decimal

_HINTS = {
    Takes.AGENT: "An agent, EAST-1.",
    Takes.SUPPLIER: "A supplier, kasushou.",
    Takes.CHANNEL: "A channel, wechat-pay.",
    Takes.PLACE: "bank:main or channel:wechat-pay.",
    Takes.OPENING: f"One of {', '.join(OPENINGS)}.",
    Takes.OWNER: "Whose it is, if it is somebody's.",
    Takes.JOURNAL: "Number of the journal.",
}


@click.group("ledger")
def ledger() -> None:
    """What happened outside: entered by one person, and confirmed by another one if it is much."""


@ledger.group("enter")
def enter_() -> None:
    """Enter what happened. The same document number is entered once."""


@ledger.command("list")
@click.option(
    "--state", type=click.Choice([str(one) for one in EntryState]), help="In this state only."
)
@click.option("--json", "as_json", is_flag=True, help="JSON for scripts.")
@click.pass_obj
def list_(command: Command, state: str | None, *, as_json: bool) -> None:
    """List what was entered, the newest first."""
    with command.hub():
        found = store.newest(200, EntryState(state) if state else None)
    for entry in found:
        if as_json:
            told = entry._asdict() | {"amount": entry.amount.minor}
            told["currency"] = entry.amount.currency
            click.echo(json.dumps(told, ensure_ascii=False))
        else:
            _tell(entry)
    if not found and not as_json:
        click.echo("Nothing was entered.")


@ledger.command("confirm")
@click.argument("number", type=int)
@identity_options
@click.pass_obj
def confirm(command: Command, number: int, as_: str | None, key_file: Path | None) -> None:
    """Post entry NUMBER, which somebody else has entered."""
    with command.hub() as hub:
        person = who(command, hub, as_, key_file)
        person.check(Permission.LEDGER_CONFIRM)
        _tell(enter.confirm(number, _by(command, hub, person)))


@ledger.command("refuse")
@click.argument("number", type=int)
@click.option("--why", required=True, help="In words.")
@identity_options
@click.pass_obj
def refuse(command: Command, number: int, why: str, as_: str | None, key_file: Path | None) -> None:
    """Let entry NUMBER, which waits, not be posted."""
    with command.hub() as hub:
        person = who(command, hub, as_, key_file)
        person.check(Permission.LEDGER_ENTER)
        _tell(enter.refuse(number, why, _by(command, hub, person)))


@ledger.command("attach")
@click.argument("number", type=int)
@click.argument("file", type=click.Path(path_type=Path))
@identity_options
@click.pass_obj
def attach(
    command: Command, number: int, file: Path, as_: str | None, key_file: Path | None
) -> None:
    """Keep FILE with entry NUMBER, as the paper behind it."""
    with command.hub() as hub:
        person = who(command, hub, as_, key_file)
        person.check(Permission.LEDGER_ENTER)
        try:
            raw = file.read_bytes()
        except OSError as exc:
            raise RequestInvalid(f"{file} cannot be read: {exc.strerror}") from exc
        click.echo(store.attach(number, file.name, raw, person.name, command.now_s()))


@click.command("take-back")
@click.argument("journal_id", type=int)
@click.option("--reason", required=True, help="Why it was wrong, in words; it stands in the books.")
@identity_options
@click.pass_obj
def take_back(
    command: Command, journal_id: int, reason: str, as_: str | None, key_file: Path | None
) -> None:
    """Ask for the journal JOURNAL_ID to be taken back by its mirror; a second person confirms."""
    fields = {"journal": str(journal_id)}
    _enter(command, KINDS[TAKEN_BACK], fields, note=reason, as_=as_, key_file=key_file)


def _subcommand(kind: Kind) -> click.Command:
    """Return the command by which a kind is entered: an option for each of its fields."""

    def run(command: Command, /, **given: Any) -> None:
        fields = {field.name: given.pop(f"field_{field.name}") or "" for field in kind.fields}
        _enter(command, kind, fields, **given)

    options: list[Callable[[Any], Any]] = [
        click.option(
            f"--{field.name}", f"field_{field.name}", required=field.takes is not Takes.OWNER,
            help=_HINTS[field.takes],
        )
        for field in kind.fields
    ]  # fmt: skip
    if not kind.takes_back:
        options += [
            click.option("--amount", required=True, help="1000.00"),
            click.option("--document", required=True, help=f"{kind.document}."),
            click.option("--day", help="When it happened, 2026-04-11; today if not given."),
            click.option("--currency", help="ISO 4217; the hub's own if not given."),
        ]
    options += [
        click.option(
            "--note", required=kind.needs_two, default=None if kind.needs_two else "",
            help="Why, in words.",
        ),
        click.option("--preview", "only_look", is_flag=True, help="Only show what it would post."),
        identity_options,
    ]  # fmt: skip
    made: Any = click.pass_obj(run)
    for option in reversed(options):
        made = option(made)
    return click.command(kind.slug, help=f"{kind.title}. {kind.says}")(made)


for _kind in KINDS.values():
    enter_.add_command(_subcommand(_kind))

COMMANDS = (ledger, take_back)


def _enter(command: Command, kind: Kind, fields: dict[str, str], **given: Any) -> None:
    """Enter, or only show, what the options of a command say."""
    with command.hub() as hub:
        person = who(command, hub, given["as_"], given["key_file"])
        person.check(kind.permission)
        money = Money(0, hub.config.currency)
        if not kind.takes_back:
            try:
                money = parse_decimal(given["amount"], given["currency"] or hub.config.currency)
            except ValueError as exc:
                raise RequestInvalid(f"{given['amount']!r}: {exc}") from exc
        document, day = given.get("document", ""), _day(given.get("day"))
        asked = Asked(kind.slug, fields, document, money, day, given["note"])
        by, above = _by(command, hub, person), hub.config.second_person_above
        if given.get("only_look"):
            _tell_preview(enter.preview(asked, by, above))
            return
        entry, is_new = enter.enter(asked, by, above)
    _tell(entry)
    if not is_new:
        click.echo("It was entered before; nothing was posted again.")
    elif entry.state is EntryState.WAITING:
        click.echo(f"A second person confirms it: tearoff-hub ledger confirm {entry.id} --as NAME")


def _by(command: Command, hub: OpenHub, person: Who) -> By:
    at_s = command.now_s()
    return By(person.name, at_s, business_day(at_s, hub.config.timezone), person.is_person)


def _day(text: str | None) -> int | None:
    if not text:
        return None
    digits = text.replace("-", "")
    if not (digits.isascii() and digits.isdecimal() and len(digits) == 8):
        raise RequestInvalid("A day is written 2026-04-11.")
    return int(digits)


def _tell(entry: Entry) -> None:
    amount = decimal_text(entry.amount.minor, entry.amount.currency)
    told = f"{entry.id:6} {entry.state:10} {entry.day} {entry.kind:24} {amount:>14}"
    people = entry.asked_by + (f", {entry.decided_by}" if entry.decided_by else "")
    journal = f" journal {entry.journal_id}" if entry.journal_id else ""
    click.echo(f"{told}  {entry.document}  {people}{journal}")


def _tell_preview(shown: Preview) -> None:
    currency = shown.posting.currency
    for leg in shown.legs:
        amounts = (
            decimal_text(n, currency) for n in (leg.debit, leg.credit, leg.before, leg.after)
        )
        click.echo(f"{leg.code:20} {'{:>14} {:>14}   {:>14} -> {}'.format(*amounts)}")
    if shown.why_two:
        click.echo(f"Two people: {shown.why_two}")
