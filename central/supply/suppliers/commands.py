"""``tearoff-hub suppliers``: whom we buy from, what he sells and says, and what was bought."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import logging
import sys
import threading
from pathlib import Path
from typing import Any

import click

from central.errors import RequestInvalid
from central.foundation.command import Command, OpenHub
from central.foundation.seal import Seal, load
from central.money.ledger.rules import business_day
from central.money.reconciliation.model import By
from central.supply.suppliers import overview, resolve
from central.supply.suppliers.adapters.gather import CREDENTIALS
from central.supply.suppliers.adapters.shelf import Shelf
from central.supply.suppliers.machine import machine_of, shelf_of
from central.supply.suppliers.model import Policy, Terms, e4_text, parse_e4
from central.supply.suppliers.records import accounts, offers, purchases
from central.supply.suppliers.statements import fetch
from central.supply.suppliers.sync_offers import sync_due
from edge.contract.money import parse_decimal

log = logging.getLogger(__name__)

_ACTOR = "cli"
IDLE_S = 1.0
SYNC_EVERY_S = 10.0
_json = click.option("--json", "as_json", is_flag=True, help="JSON for scripts.")


@click.group("suppliers")
def suppliers() -> None:
    """Whom we buy from."""


@suppliers.command("add")
@click.argument("supplier")
@click.argument("name")
@click.pass_obj
def add(command: Command, supplier: str, name: str) -> None:
    """Add the supplier SUPPLIER, such as kasushou, with its NAME."""
    with command.hub():
        accounts.add_supplier(supplier, name, command.now_s(), _ACTOR)
    click.echo(f"{supplier} {name}")


@suppliers.command("connect")
@click.argument("account")
@click.option("--supplier", required=True, help="Whose account it is.")
@click.option(
    "--file", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=True,
    help="JSON with protocol, base_url, credentials and settings; delete it afterwards.",
)  # fmt: skip
@click.option("--low", default="0", help="Say so when the balance falls below, such as 500.00.")
@click.option("--on-account", is_flag=True, help="Paid by bill and not from money that lies there.")
@click.option("--test", "is_test", is_flag=True, help="At a simulator on this machine.")
@click.pass_obj
def connect(command: Command, /, account: str, **given: Any) -> None:
    """Connect ACCOUNT at a supplier, and ask it for its balance."""
    told = _read(given["file"])
    with command.hub() as hub:
        seal = _seal(hub)
        accounts.add_account(
            accounts.NewAccount(
                account, given["supplier"], told["protocol"], told["base_url"],
                told["credentials"], hub.config.currency, told.get("settings", {}),
                is_test=given["is_test"], is_prepaid=not given["on_account"],
                low_balance_e4=_e4(given["low"]),
            ),
            seal, command.now_s(), _ACTOR,
        )  # fmt: skip
        shelf = _shelf(hub, seal, command)
        done = sync_due(shelf, command.now_s)
        balance = accounts.account(account).balance_e4
    if done.silent or balance is None:
        click.echo(f"{account} is connected, but does not answer: look at its file and address.")
    else:
        click.echo(f"{account} is connected; {e4_text(balance)} lies there.")


@suppliers.command("rhythm")
@click.argument("account")
@click.argument("seconds", type=int)
@click.pass_obj
def rhythm(command: Command, account: str, seconds: int) -> None:
    """Look at all that ACCOUNT sells every so many SECONDS; 300 if nothing is said."""
    with command.hub():
        accounts.set_rhythm(account, seconds)
    click.echo(f"{account} is looked at every {seconds} s")


@suppliers.command("offer")
@click.argument("sku")
@click.argument("account")
@click.argument("their_ref")
@click.option("--cost", help="Price of one piece; asked for if it is not given.")
@click.option("--max", "most", type=int, default=100, show_default=True, help="Pieces at once.")
@click.option("--priority", type=int, default=100, show_default=True, help="Smaller is sooner.")
@click.option("--weight", type=int, default=1, show_default=True, help="Its part when by weight.")
@click.option(
    "--input", "inputs", multiple=True, metavar="OURS=THEIRS", help="What the buyer must give."
)
@click.pass_obj
def offer(command: Command, /, sku: str, account: str, their_ref: str, **given: Any) -> None:
    """Say that ACCOUNT sells SKU, and calls it THEIR_REF."""
    with command.hub() as hub:
        at_s = command.now_s()
        overview.kind_of(sku)
        stock = None
        if given["cost"]:
            cost_e4 = _e4(given["cost"])
        else:
            quote = _shelf(hub, _seal(hub), command).adapter(account).quote(their_ref)
            cost_e4, stock = quote.cost_e4, quote.stock
        names = dict(_pair(text) for text in given["inputs"])
        number = offers.put_offer(
            offers.NewOffer(
                sku, account, their_ref, cost_e4, stock, max_quantity=given["most"], inputs=names,
                priority=given["priority"], weight=given["weight"],
            ),
            at_s,
        )  # fmt: skip
    click.echo(f"Offer {number}: {sku} at {account} for {e4_text(cost_e4)}")


@suppliers.command("terms")
@click.argument("sku")
@click.option(
    "--policy", type=click.Choice([str(p) for p in Policy]), default="cheapest", show_default=True,
    help="By what the offers that would do are put in order.",
)  # fmt: skip
@click.option("--margin-bp", type=int, default=0, help="Kept of the price, in 1/10,000.")
@click.option("--buffer-bp", type=int, default=0, help="For what moves meanwhile, in 1/10,000.")
@click.option("--allow-loss", is_flag=True, help="Buy dearer than that, too.")
@click.option("--late-to-stock", is_flag=True, help="Keys alone: ask the next one when in doubt.")
@click.option("--attempts", type=int, default=6, show_default=True, help="At most, for one unit.")
@click.pass_obj
def terms(command: Command, /, sku: str, **given: Any) -> None:
    """Say how SKU is bought."""
    wanted = Terms(
        Policy(given["policy"]), given["margin_bp"], given["buffer_bp"], given["allow_loss"],
        given["late_to_stock"], attempts_max=given["attempts"],
    )  # fmt: skip
    with command.hub():
        offers.set_terms(sku, wanted, command.now_s(), _ACTOR)
    click.echo(f"{sku}: {wanted.policy}")


@suppliers.command("list")
@_json
@click.pass_obj
def list_(command: Command, *, as_json: bool) -> None:
    """List accounts with breaker and balance, and what has to be looked at."""
    with command.hub():
        shown, alerts = overview.all_accounts(command.now_s()), accounts.alerts()
    for one in shown:
        account = one.account
        balance = "-" if account.balance_e4 is None else e4_text(account.balance_e4)
        if as_json:
            told = {"id": account.id, "protocol": account.protocol, "breaker": one.breaker,
                    "balance_e4": account.balance_e4, "offers": len(one.offers)}  # fmt: skip
            click.echo(json.dumps(told))
        else:
            click.echo(
                f"{account.id:20} {account.protocol:12} {one.breaker:9} {balance:>14}"
                f" {len(one.offers):4} offers"
            )
    for alert in [] if as_json else alerts:
        click.echo(f"! {alert.kind} {alert.object} {alert.detail}")
    if not shown and not as_json:
        click.echo("There is no supplier yet.")


@suppliers.command("statement")
@click.argument("account")
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
@click.pass_obj
def statement(command: Command, account: str, day: dt.datetime) -> None:
    """Fetch what ACCOUNT says it has charged on DAY, and match it. Exit code 1 if it differs."""
    with command.hub() as hub:
        at_s = command.now_s()
        shelf = shelf_of(hub.config, load(hub.config.data_dir / "keys"), command.now_s)
        by = By(at_s, business_day(at_s, hub.config.timezone), _ACTOR)
        taken = fetch(shelf, account, day.date(), by)
    click.echo(f"{taken.lines} lines, {taken.proven} proven, {taken.differing} differ")
    sys.exit(1 if taken.differing else 0)


@suppliers.command("route")
@click.argument("sku")
@click.argument("net")
@click.option("--quantity", type=int, default=1, show_default=True, help="Pieces.")
@click.option("--given", "names", multiple=True, help="Name of something the buyer has given.")
@_json
@click.pass_obj
def route(
    command: Command, sku: str, net: str, quantity: int, names: tuple[str, ...], *, as_json: bool
) -> None:
    """Say where a unit of SKU, sold for NET after commissions and fee, would be bought, and why."""
    with command.hub() as hub:
        kind = overview.kind_of(sku)
        try:
            money = parse_decimal(net, hub.config.currency)
        except ValueError as exc:
            raise RequestInvalid(f"{net!r}: {exc}") from exc
        decision = resolve.would_go(
            sku, kind, quantity, money, frozenset(names), command.now_s()
        )  # fmt: skip
    if as_json:
        click.echo(json.dumps(overview.body_of(decision)))
        return
    click.echo(f"At most {e4_text(decision.cap_e4)}, {decision.policy}:")
    for n, found in enumerate(decision.candidates, 1):
        note = " (asked for its price first)" if found.needs_quote else ""
        click.echo(f"{n}. {found.offer.account} {e4_text(found.offer.cost_e4)}{note}")
    for left in decision.left_out:
        click.echo(f"-  {left.offer.account} {e4_text(left.offer.cost_e4)}: {left.reason}")


@suppliers.command("show")
@click.argument("unit")
@click.pass_obj
def show(command: Command, unit: str) -> None:
    """Show what was bought for UNIT: every decision and every attempt."""
    with command.hub():
        shown = overview.one_purchase(unit)
    purchase = shown.purchase
    click.echo(f"{purchase.unit} {purchase.sku} × {purchase.quantity}: {purchase.state}")
    for attempt, story in shown.attempts:
        click.echo(f"{attempt.n}. {attempt.account} {attempt.client_ref} {attempt.upstream_no}")
        for event in story:
            click.echo(f"   {event.at_s} {event.state:10} {event.code} {event.who}")


@suppliers.command("decide")
@click.argument("attempt", type=int)
@click.argument("what", type=click.Choice(["ask-again", "not-done", "done"]))
@click.option("--why", required=True, help="For the record.")
@click.pass_obj
def decide(command: Command, attempt: int, what: str, why: str) -> None:
    """Decide about the held ATTEMPT: ask again, not done, or done (a top-up alone)."""
    with command.hub():
        resolve.decide_held(attempt, what, command.now_s(), _ACTOR, why)
        click.echo(f"{purchases.attempt(attempt).client_ref} is {purchases.attempt(attempt).state}")


@suppliers.command("sync")
@click.pass_obj
def sync(command: Command) -> None:
    """Ask every account for balance, prices and stock now."""
    with command.hub() as hub:
        shelf = _shelf(hub, _seal(hub), command)
        done = sync_due(shelf, command.now_s, all_of_them=True)
    click.echo(f"{done.accounts} asked, {done.changed} offers changed, {done.silent} silent")


@suppliers.command("work")
@click.option("--once", is_flag=True, help="Do what is due and end.")
@click.pass_obj
def work(command: Command, *, once: bool) -> None:
    """Buy what is to be bought and keep prices up to date, until the process is told to end."""
    with command.hub() as hub:
        buyer, shelf = machine_of(hub.config, command.now_s)
        if once:
            sync_due(shelf, command.now_s)
            click.echo(f"{buyer.run_due()} units worked on")
            return
        ended = threading.Event()
        with contextlib.suppress(KeyboardInterrupt):
            turns = 0
            while not ended.wait(IDLE_S):
                try:
                    buyer.run_due()
                    if turns % int(SYNC_EVERY_S / IDLE_S) == 0:
                        sync_due(shelf, command.now_s)
                except Exception:
                    log.exception("a unit could not be worked on; its lease runs out by itself")
                turns += 1


def _seal(hub: OpenHub) -> Seal:
    return load(hub.config.data_dir / "keys")


def _shelf(hub: OpenHub, seal: Seal, command: Command) -> Shelf:
    return shelf_of(hub.config, seal, command.now_s)


def _read(file: Path) -> dict[str, Any]:
    try:
        told = json.loads(file.read_text("utf-8"))
        protocol, given = told["protocol"], told["credentials"]
        missing = [name for name in CREDENTIALS[protocol] if not given.get(name)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        known = ", ".join(CREDENTIALS)
        raise RequestInvalid(
            f"{file} is JSON with protocol ({known}), base_url and credentials."
        ) from exc
    if missing or not isinstance(told.get("base_url"), str):
        raise RequestInvalid(f"{file}: {protocol} needs base_url and {', '.join(missing)}.")
    return dict(told)


def _pair(text: str) -> tuple[str, str]:
    ours, equals, theirs = text.partition("=")
    if not (ours and equals and theirs):
        raise RequestInvalid(f"{text!r}: an input is OURS=THEIRS.")
    return ours, theirs


def _e4(text: str) -> int:
    try:
        return parse_e4(text)
    except ValueError as exc:
        raise RequestInvalid(f"{text!r}: {exc}") from exc
