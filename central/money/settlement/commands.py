"""``tearoff-hub settlement``: what is due, statements, answers, files, fees, the watermark."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from central.config import HubConfig
from central.errors import RequestInvalid
from central.foundation.command import Command
from central.foundation.language import written
from central.money.ledger.rules import business_day
from central.money.settlement import api_json as shapes
from central.money.settlement import store as books
from central.money.settlement.export.content import iso_day, moment, terms_text
from central.money.settlement.export.files import FORMATS, export
from central.money.settlement.fees.agree import agree
from central.money.settlement.fees.written import model_of
from central.money.settlement.model import State, Statement
from central.money.settlement.payable.net import nettings
from central.money.settlement.payable.owners import set_owner
from central.money.settlement.payable.pay import figures
from central.money.settlement.payable.pay_out import ask_for_all
from central.money.settlement.payable.watermark import watermarks
from central.money.settlement.ports import Stores
from central.money.settlement.run import run
from central.money.settlement.statements.answer import confirm, dispute, settle_dispute
from central.money.settlement.statements.prove import prove
from edge.contract.money import decimal_text

_ACTOR = "cli"
_json = click.option("--json", "as_json", is_flag=True, help="JSON for scripts.")


def group(stores_of: Callable[[HubConfig], Stores]) -> click.Group:
    """Return the commands.

    Args:
        stores_of: Returns what the stores know, for a hub of these settings.
    """

    @click.group("settlement")
    def settlement() -> None:
        """What stores are owed, day by day, and what of it may be paid."""

    _working(settlement, stores_of)
    _reading(settlement)
    _taking_away(settlement, stores_of)
    _paying(settlement, stores_of)
    _owning(settlement, stores_of)
    _answering(settlement)
    _agreeing(settlement, stores_of)
    return settlement


def _working(settlement: click.Group, stores_of: Callable[[HubConfig], Stores]) -> None:
    @settlement.command("issue")
    @click.pass_obj
    def issue(command: Command) -> None:
        """Do what is due: issue, confirm by silence, release. Let a timer run it every hour."""
        with command.hub() as hub:
            done = run(stores_of(hub.config), command.now_s(), _ACTOR)
        for one in done.issued:
            click.echo(f"{one.no} issued, due {decimal_text(one.totals.due, one.currency)}")
        for no in done.confirmed:
            click.echo(f"{no} confirmed by silence")
        for no in done.released:
            click.echo(f"{no} payable")
        for no in done.paid:
            click.echo(f"{no} paid")
        for problem in done.problems:
            click.echo(problem, err=True)
        sys.exit(1 if done.problems else 0)

    @settlement.command("prove")
    @click.option("--store", help="Of this store only.")
    @click.pass_obj
    def prove_(command: Command, store: str | None) -> None:
        """Prove every issued statement from its lines and the ledger. Exit code 1 if one fails."""
        with command.hub():
            findings = prove(store)
        click.echo("\n".join(findings) or "sound")
        sys.exit(1 if findings else 0)


def _reading(settlement: click.Group) -> None:
    @settlement.command("list")
    @click.option("--store", help="Of this store only.")
    @click.option(
        "--state", type=click.Choice([str(state) for state in State]), help="In this state only."
    )
    @click.option("--month", help="Of this month only, 2026-04.")
    @_json
    @click.pass_obj
    def list_(command: Command, /, **given: Any) -> None:
        """List the statements, the newest day first."""
        state = State(given["state"]) if given["state"] else None
        month = written.month(given["month"]) if given["month"] else None
        wanted = books.Wanted(given["store"], state, month)
        with command.hub():
            for one in books.statements(wanted):
                _tell(one, as_json=given["as_json"])

    @settlement.command("show")
    @click.argument("no")
    @_json
    @click.pass_obj
    def show(command: Command, no: str, *, as_json: bool) -> None:
        """Show the statement NO, such as S0412-20260411, with its lines."""
        with command.hub() as hub:
            if as_json:
                click.echo(json.dumps(shapes.in_full(no), ensure_ascii=False))
                return
            one, timezone = books.statement(no), hub.config.timezone
            _tell(one)
            for line in books.lines_of(no):
                amounts = (line.gross, line.fee, line.net, line.due)
                shown = "".join(f"{decimal_text(minor, one.currency):>12}" for minor in amounts)
                late = " late" if line.is_late else ""
                click.echo(
                    f"{line.n:5} {iso_day(line.business_day)}{late} {moment(line.at_s, timezone)}"
                    f" {line.kind:16} {line.entry or line.settles:18}{shown}"
                )


def _taking_away(settlement: click.Group, stores_of: Callable[[HubConfig], Stores]) -> None:
    @settlement.command("export")
    @click.argument("no")
    @click.option(
        "--format", "ending", type=click.Choice(list(FORMATS)), default="pdf", show_default=True,
        help="txt is the text whose SHA-256 stands on it.",
    )  # fmt: skip
    @click.option("--locale", type=click.Choice(["zh-CN", "en"]), help="Of its words.")
    @click.option("--out", type=click.Path(path_type=Path), help="Directory; here if not given.")
    @click.pass_obj
    def export_(command: Command, /, **given: Any) -> None:
        """Write the statement NO into a file."""
        with command.hub() as hub:
            locale = given["locale"] or hub.config.locale
            made = export(stores_of(hub.config), given["no"], given["ending"], locale)
        file = (given["out"] or Path()) / made.name
        try:
            file.write_bytes(made.content)
        except OSError as exc:
            raise RequestInvalid(f"{file} cannot be written: {exc.strerror}") from exc
        click.echo(file)


def _paying(settlement: click.Group, stores_of: Callable[[HubConfig], Stores]) -> None:
    @settlement.command("payables")
    @click.pass_obj
    def payables_(command: Command) -> None:
        """List what each store's payable statements come to."""
        with command.hub():
            for one in figures(command.now_s()):
                amount = decimal_text(one.amount.minor, one.amount.currency)
                ready = "ready" if one.is_ready else "waits"
                click.echo(f"{one.store:12} {amount:>14} {ready}  {' '.join(one.statement_ids)}")

    @settlement.command("pay")
    @click.option("--remark", required=True, help="The stores read it.")
    @click.pass_obj
    def pay_(command: Command, remark: str) -> None:
        """Ask for a payout of what is ready, one an owner or store. Exit code 1 if not for all."""
        with command.hub() as hub:
            at_s = command.now_s()
            day = business_day(at_s, hub.config.timezone)
            asked = ask_for_all(remark, at_s, day=day, actor=_ACTOR)
        for payout in asked.payouts:
            amount = decimal_text(payout.amount.minor, payout.amount.currency)
            click.echo(f"{payout.no}  {payout.account:16} {amount:>12}  {payout.state}")
        for store, why in asked.left:
            click.echo(f"{store:12} not asked for: {why}", err=True)
        sys.exit(1 if asked.left else 0)

    @settlement.command("watermark")
    @click.pass_obj
    def watermark(command: Command) -> None:
        """Show up to when everything is known, and which units keep it back."""
        with command.hub() as hub:
            journals, timezone = stores_of(hub.config).journals(), hub.config.timezone
            for mark in watermarks(journals, command.now_s()).values():
                click.echo(f"group {mark.group}: {moment(mark.up_to_s, timezone)}")
                for unit in mark.units:
                    known, since = (moment(t, timezone) for t in (unit.up_to_s, unit.since_s))
                    click.echo(f"  {unit.unit:12} {known}  {unit.why} since {since}")


def _owning(settlement: click.Group, stores_of: Callable[[HubConfig], Stores]) -> None:
    @settlement.command("owner")
    @click.argument("store")
    @click.argument("owner", default="")
    @click.pass_obj
    def owner_(command: Command, store: str, owner: str) -> None:
        """Say that STORE belongs to OWNER, who gets one payout for all his; or to nobody else.

        What OWNER owes as an agent of this name (1110) is set off first.
        """
        with command.hub() as hub:
            set_owner(stores_of(hub.config), store, owner, _ACTOR, command.now_s())
        click.echo(f"{store} belongs to {owner}" if owner else f"{store} stands for itself")

    @settlement.command("nettings")
    @click.pass_obj
    def nettings_(command: Command) -> None:
        """List what was netted for owners of stores, the newest first."""
        with command.hub():
            for one in nettings():
                money = (one.gross, one.set_off, one.due)
                shown = "".join(f"{decimal_text(m.minor, m.currency):>13}" for m in money)
                click.echo(f"{one.no}  {one.owner:16}{shown}")


def _answering(settlement: click.Group) -> None:
    @settlement.command("confirm")
    @click.argument("no")
    @click.pass_obj
    def confirm_(command: Command, no: str) -> None:
        """Note that its store agrees with the statement NO."""
        with command.hub():
            _tell(confirm(no, _ACTOR, command.now_s()))

    @settlement.command("dispute")
    @click.argument("no")
    @click.argument("lines", nargs=-1, type=int, required=True)
    @click.option("--reason", required=True, help="Why, in words.")
    @click.pass_obj
    def dispute_(command: Command, no: str, lines: tuple[int, ...], reason: str) -> None:
        """Note that its store does not agree with LINES of the statement NO."""
        with command.hub():
            _tell(dispute(no, lines, reason, _ACTOR, command.now_s()))

    @settlement.command("settle")
    @click.argument("no")
    @click.argument("line", type=int)
    @click.option("--note", required=True, help="How, in words.")
    @click.pass_obj
    def settle(command: Command, no: str, line: int, note: str) -> None:
        """End the dispute about LINE of the statement NO: it stands on the next one."""
        with command.hub():
            settle_dispute(no, line, note, _ACTOR, command.now_s())
        click.echo(f"line {line} of {no} is settled")


def _agreeing(settlement: click.Group, stores_of: Callable[[HubConfig], Stores]) -> None:
    @settlement.command("fees")
    @click.argument("store")
    @click.option("--from", "first", required=True, help="First business day, 2026-05-01.")
    @click.option("--fixed", default="0", help="For each redemption, 0.10.")
    @click.option("--percent", help="Of each redemption, 0.6.")
    @click.option(
        "--tier", "tiers", multiple=True, metavar="VOLUME=PERCENT",
        help="From this volume of a month on, this percentage; may be repeated.",
    )  # fmt: skip
    @click.pass_obj
    def fees(command: Command, /, **given: Any) -> None:
        """Set what the shop STORE pays for redemptions from a day on."""
        with command.hub() as hub:
            currency = hub.config.currency
            flat = [("0", given["percent"])] if given["percent"] else []
            tiers = [*flat, *map(_tier, given["tiers"])]
            model = model_of(written.day(given["first"]), given["fixed"], tiers, currency)
            agreed = agree(
                stores_of(hub.config), given["store"], model, currency=currency, by=_ACTOR,
                at_s=command.now_s(),
            )  # fmt: skip
        terms = terms_text(agreed, currency, "en")
        click.echo(f"{given['store']} pays from {iso_day(agreed.first_day)}: {terms}")


def _tell(one: Statement, *, as_json: bool = False) -> None:
    if as_json:
        click.echo(json.dumps(shapes.of_statement(one), ensure_ascii=False))
        return
    figures_ = (one.totals.opening, one.totals.due, one.disputed, one.totals.closing)
    shown = "".join(f"{decimal_text(minor, one.currency):>13}" for minor in figures_)
    click.echo(f"{one.no:22} {one.state:10}{shown}  {one.currency}")


# --- reading what a person typed -----------------------------------------------------------------


def _tier(text: str) -> tuple[str, str]:
    volume, equals, percent = text.partition("=")
    if not equals:
        raise RequestInvalid(f"{text!r}: a tier is VOLUME=PERCENT, 100000=0.5")
    return volume, percent
