"""``tearoff-hub prices``: books, what things cost and why, and tables of prices."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from central.errors import RequestInvalid
from central.foundation.command import Command
from central.money.sharing.form import read_moment
from central.money.sharing.ports import Outside
from central.supply.catalogue import shelf
from central.supply.catalogue.sheet import read_upload
from central.supply.prices import books, form, typed, why
from central.supply.prices.api import answer_body
from central.supply.prices.ask import Asked, ask, unknown_cost
from central.supply.prices.model import QuoteRefused
from central.supply.prices.wanted import Change
from edge.contract.money import decimal_text

_ACTOR = "cli"


def commands(outside: Outside) -> click.Group:
    """Return the group."""
    group = click.Group("prices", help="Price books, and why a price is what it is.")
    _add_books(group)
    _add_quote(group, outside)
    _add_table(group)
    return group


def _add_books(group: click.Group) -> None:
    @group.command("books")
    @click.pass_obj
    def list_books(command: Command) -> None:
        """List the price books, the narrowest first."""
        with command.hub():
            for book in books.books():
                whose = book.agent or book.level or "everybody"
                channel = f" in {book.channel}" if book.channel else ""
                click.echo(f"{book.id:24} {book.currency} {whose}{channel}  {book.names['en']}")

    @group.command("add-book")
    @click.argument("book_id")
    @click.option("--zh", required=True, help="Name in Chinese.")
    @click.option("--en", required=True, help="Name in English.")
    @click.option("--level", help="For agents of this level.")
    @click.option("--agent", help="For this agent.")
    @click.option("--channel", default="", help="In this channel alone.")
    @click.option("--currency", help="Another currency than the hub's.")
    @click.pass_obj
    def add_book(command: Command, /, book_id: str, **given: Any) -> None:
        """Add the price book BOOK_ID; for everybody if no level and no agent is given."""
        if given["level"] and given["agent"]:
            raise RequestInvalid("A book is for an agent or for a level, not for both.")
        whose = f"level:{given['level']}" if given["level"] else ""
        whose = f"agent:{given['agent']}" if given["agent"] else whose
        fields = {"id": book_id, "whose": whose} | {
            key: given[key] or "" for key in ("zh", "en", "channel", "currency")
        }
        with command.hub() as hub:
            book = form.book_of(fields, hub.config.currency)
            books.add_book(book, by=_ACTOR, at_s=command.now_s())
        click.echo(book_id)

    @group.command("set")
    @click.argument("book_id")
    @click.argument("sku")
    @click.argument("ladder")
    @click.option("--from", "first", help="When it begins, 2026-05-01T00:00; now if not given.")
    @click.pass_obj
    def set_price(command: Command, book_id: str, sku: str, ladder: str, first: str | None) -> None:
        """Let SKU cost LADDER, '1: 50.00, 10: 45.00', by the book BOOK_ID."""
        with command.hub() as hub:
            book = books.get(book_id)
            from_s = read_moment(first, ZoneInfo(hub.config.timezone)) if first else None
            change = Change(book_id, sku, form.wanted_of({"ladder": ladder}, book.currency))
            done = books.set_price(change, from_s, by=_ACTOR, now_s=command.now_s())
        click.echo(f"{book_id} {sku} version {done.version}")

    @group.command("set-floor")
    @click.argument("sku")
    @click.argument("amount")
    @click.pass_obj
    def set_floor(command: Command, sku: str, amount: str) -> None:
        """Let nobody sell SKU for less than AMOUNT; 'none' lifts the floor."""
        with command.hub() as hub:
            currency = hub.config.currency
            minor = None if amount == "none" else typed.read_amount(amount, currency)
            version = books.set_floor(sku, currency, minor, by=_ACTOR, now_s=command.now_s())
        click.echo(f"{sku} version {version}")


def _add_quote(group: click.Group, outside: Outside) -> None:
    @group.command("quote")
    @click.argument("sku")
    @click.option("--quantity", type=int, default=1, show_default=True, help="How many.")
    @click.option("--agent", default="", help="Which agent buys.")
    @click.option("--level", default="", help="As if an agent of this level bought.")
    @click.option("--channel", default="", help="Where it is sold.")
    @click.option("--member", is_flag=True, help="A member buys.")
    @click.option("--at", "moment", help="For this moment, 2026-05-01T00:00; now if not given.")
    @click.option("--json", "as_json", is_flag=True, help="JSON for scripts.")
    @click.pass_obj
    def quote_(command: Command, /, sku: str, **given: Any) -> None:
        """Say what SKU costs, and why. Exit code 1 if there is no price."""
        with command.hub() as hub:
            currency = hub.config.currency
            zone = ZoneInfo(hub.config.timezone)
            at_s = read_moment(given["moment"], zone) if given["moment"] else command.now_s()
            asked = Asked(
                sku, given["quantity"], currency, at_s, given["channel"], given["agent"],
                given["level"], given["member"],
            )  # fmt: skip
            found = ask(asked, outside, unknown_cost)
        if given["as_json"]:
            body = answer_body(found, sees_cost=True, locale="en", translate=str)
            click.echo(json.dumps(body, ensure_ascii=False))
        elif isinstance(found, QuoteRefused):
            click.echo(why.refusal(found), err=True)
        else:
            click.echo(f"{sku} × {found.quantity}: {found.total} ({found.unit} each)")
            for step in found.steps:
                unit = decimal_text(step.unit_minor, currency)
                click.echo(f"{unit:>14}  {why.sentence(step, currency, 'en')}")
        sys.exit(1 if isinstance(found, QuoteRefused) else 0)


def _add_table(group: click.Group) -> None:
    @group.command("import")
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--confirm", is_flag=True, help="Set the prices; else only show them.")
    @click.pass_obj
    def take_in(command: Command, file: Path, *, confirm: bool) -> None:
        """Show what a CSV FILE of prices would do; with --confirm do it, all of it or nothing.

        Columns: book, sku, min_qty, price, and maybe member_price. Exit code 1 if a line is wrong.
        """
        with command.hub():
            currencies = {book.id: book.currency for book in books.books()}
            skus = frozenset(sku.id for sku in shelf.skus())
            sheet = typed.read_sheet(read_upload(file.read_bytes()), currencies, skus)
            for line, what in sheet.faults:
                click.echo(f"line {line}: {what}", err=True)
            for one in sheet.changes:
                text = typed.ladder_text(one.wanted.tiers, currencies[one.book])
                click.echo(f"{one.book:24} {one.sku:24} {text}")
            if confirm and not sheet.faults:
                books.set_prices(sheet.changes, by=_ACTOR, now_s=command.now_s())
                click.echo(f"{len(sheet.changes)} prices set")
        sys.exit(1 if sheet.faults else 0)
