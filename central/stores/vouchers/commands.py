"""``tearoff-hub products`` and ``issue``: what vouchers are for, and what is sold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click

from central.errors import RequestInvalid
from central.foundation.command import Command
from central.money.ledger.rules import business_day
from central.stores.keys.open_hub import CommandWithKeys
from central.stores.vouchers import show
from central.stores.vouchers.expire import agree_breakage
from central.stores.vouchers.issue import Order, issue
from central.supply.catalogue import products
from central.supply.catalogue.regions import region_in
from edge.contract.bundle import Product
from edge.contract.ids import ProductId, StoreGroup
from edge.contract.money import decimal_text, parse_decimal
from edge.contract.voucher_token import DAY_S, DAY_ZERO_S, VoucherKind

T = TypeVar("T")
KINDS = {kind.name.lower().replace("_", "-"): kind for kind in VoucherKind}


@click.group("products")
def products_group() -> None:
    """What vouchers are for."""


@products_group.command("add")
@click.argument("number", type=int)
@click.option("--zh", required=True, help="Name in Chinese.")
@click.option("--en", required=True, help="Name in English.")
@click.option(
    "--kind", type=click.Choice(sorted(KINDS)), default="single", show_default=True,
    help="How a voucher for it is used up.",
)  # fmt: skip
@click.option("--worth", help="Worth of one use, 88.00; none for a stored value.")
@click.option("--uses", type=int, default=1, show_default=True, help="Uses of a multi-use voucher.")
@click.pass_obj
def products_add(command: Command, /, **given: Any) -> None:
    """Add the product NUMBER."""
    if given["worth"] is None and KINDS[given["kind"]] is not VoucherKind.STORED_VALUE:
        raise RequestInvalid("Say with --worth what it is worth; only a stored value need not.")
    with command.hub() as hub:
        minor = 1 if given["worth"] is None else _minor(given["worth"], hub.config.currency)
        names = {"zh-CN": given["zh"], "en": given["en"]}
        number = ProductId(given["number"])
        products.add(Product(number, names, KINDS[given["kind"]], minor, given["uses"]))
    click.echo(f"{number} {' / '.join(names.values())}")


@products_group.command("list")
@click.pass_obj
def products_list(command: Command) -> None:
    """List the products."""
    with command.hub() as hub:
        for product in products.catalogue().products.values():
            worth = decimal_text(product.worth_minor, hub.config.currency)
            kind = product.kind.name.lower().replace("_", "-")
            names = " / ".join(product.names.values())
            click.echo(f"{product.product:8} {kind:13} {worth:>10} × {product.uses:<4} {names}")


@products_group.command("breakage")
@click.argument("number", type=int)
@click.argument("days")
@click.option("--reason", required=True, help="By which law or agreement, in words.")
@click.pass_obj
def products_breakage(command: Command, number: int, days: str, reason: str) -> None:
    """Say when what is left on expired vouchers of product NUMBER becomes ours: after so many
    DAYS, or "never", as it is if nothing is said."""
    if days != "never" and not (days.isascii() and days.isdecimal() and len(days) <= 5):
        raise RequestInvalid(f"{days!r}: say a number of days, or never.")
    after = None if days == "never" else int(days)
    with command.hub():
        agree_breakage(ProductId(number), after, reason, "cli", command.now_s())
    told = "is never ours" if after is None else f"is ours {after} days after the expiry"
    click.echo(f"what is left on expired vouchers of {number} {told}")


@click.command("issue")
@click.option("--product", "product_id", type=int, required=True, help="Number of the product.")
@click.option("--count", type=int, default=1, show_default=True, help="How many vouchers.")
@click.option("--group", type=int, default=1, show_default=True, help="Store group; 0 for all.")
@click.option("--value", help="What is on each stored-value voucher, 200.00.")
@click.option("--from", "first", help="First day it is good, 2026-04-11; today if not given.")
@click.option("--until", "last", help="Last day it is good; a year from the first if not given.")
@click.option(
    "--dynamic", is_flag=True, help="Only the rotating code of the holder's phone counts."
)
@click.option("--online-only", is_flag=True, help="Never accepted without the hub.")
@click.option("--region", default="", help="Where they are meant to be redeemed: 44, 4403, 440305.")
@click.option("--agent", default="", help="Which agent sells them.")
@click.option("--channel", default="counter", show_default=True, help="Where the money came in.")
@click.option(
    "--out", type=click.Path(path_type=Path),
    help="Directory for one PNG a voucher and vouchers.json, which is as good as money.",
)  # fmt: skip
@click.pass_obj
def issue_command(command: CommandWithKeys, /, **given: Any) -> None:
    """Sell vouchers: issue, sign and post them, and show their tokens."""
    at_s = command.now_s()
    with command.hub() as hub:
        currency = hub.config.currency
        zone = ZoneInfo(hub.config.timezone)
        first = _date(given["first"]) if given["first"] else _today(zone, at_s)
        last = _date(given["last"]) if given["last"] else first + dt.timedelta(days=365)
        order = Order(
            product=ProductId(given["product_id"]),
            vouchers=given["count"],
            scope=StoreGroup(given["group"]),
            not_before_day=(_midnight(first, zone) - DAY_ZERO_S) // DAY_S,
            expires_day=-(-(_midnight(last + dt.timedelta(days=1), zone) - DAY_ZERO_S) // DAY_S),
            value=_minor(given["value"], currency) if given["value"] else 0,
            dynamic_required=given["dynamic"],
            online_only=given["online_only"],
            channel=given["channel"],
            region=region_in(given["region"]),
            agent=given["agent"],
        )
        if given["out"]:
            show.make_directory(given["out"])
        batch = issue(
            order, hub.keyring, currency=currency, at_s=at_s,
            day=business_day(at_s, hub.config.timezone), actor="cli",
        )  # fmt: skip
        if given["out"]:
            files = show.write_files(batch, hub.keyring, given["out"], at_s)
            count = len(batch.vouchers)
            told = f"{count} voucher{'' if count == 1 else 's'}"
            click.echo(f"{told} of batch {batch.id} in {files}")
        else:
            for voucher in batch.vouchers:
                click.echo(voucher.text)


# --- reading what a person typed -----------------------------------------------------------------


def _checked(read: Callable[[str], T], text: str) -> T:
    try:
        return read(text)
    except ValueError as exc:
        raise RequestInvalid(f"{text!r}: {exc}") from exc


def _minor(text: str, currency: str) -> int:
    return _checked(lambda t: parse_decimal(t, currency), text).minor


def _date(text: str) -> dt.date:
    date = _checked(dt.date.fromisoformat, text)
    if not 2000 <= date.year < 2300:
        raise RequestInvalid(f"{text!r}: a date lies in the years 2000 to 2299")
    return date


def _today(zone: ZoneInfo, at_s: int) -> dt.date:
    return dt.datetime.fromtimestamp(at_s, zone).date()


def _midnight(day: dt.date, zone: ZoneInfo) -> int:
    """Return when a day begins where the shops are, Unix seconds.

    A token's days are UTC's: what is sold for some local days covers all of them.
    """
    return int(dt.datetime.combine(day, dt.time(), zone).timestamp())
