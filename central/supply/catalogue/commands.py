"""``tearoff-hub catalogue``: types, categories, SKUs, and tables of them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from central.errors import RequestInvalid
from central.foundation.command import Command
from central.supply.catalogue import shelf
from central.supply.catalogue.api import type_body
from central.supply.catalogue.model import Category, CategoryId
from central.supply.catalogue.sheet import parts_text, read_upload
from central.supply.catalogue.take_in import preview, take_in
from central.supply.catalogue.voucher_terms import VoucherTerms, set_terms
from central.supply.product_types import store as product_types

_ACTOR = "cli"


@click.group("catalogue")
def catalogue() -> None:
    """Show and change what is sold."""


@catalogue.command("list")
@click.pass_obj
def list_skus(command: Command) -> None:
    """List every SKU."""
    with command.hub():
        for sku in shelf.skus():
            face = str(sku.face) if sku.face else "-"
            made_of = f"  {parts_text(sku.parts)}" if sku.parts else ""
            names = " / ".join(sku.names.values())
            click.echo(f"{sku.id:24} {sku.state:8} {face:>16}  {names}{made_of}")


@catalogue.command("offer")
@click.argument("sku")
@click.pass_obj
def offer(command: Command, sku: str) -> None:
    """Let SKU be ordered."""
    with command.hub():
        click.echo(f"{sku} {shelf.offer(sku, command.now_s()).state}")


@catalogue.command("retire")
@click.argument("sku")
@click.pass_obj
def retire(command: Command, sku: str) -> None:
    """Take SKU off the shelf; orders that there are stay."""
    with command.hub():
        click.echo(f"{sku} {shelf.retire(sku, command.now_s()).state}")


@catalogue.command("voucher-terms")
@click.argument("sku")
@click.option("--group", type=int, default=0, show_default=True, help="Store group; 0 for all.")
@click.option(
    "--dynamic", is_flag=True, help="Only the rotating code of the holder's phone counts."
)
@click.option("--online-only", is_flag=True, help="Never accepted without the hub.")
@click.option("--region", default="", help="Where they are meant to be redeemed: 44, 4403, 440305.")
@click.pass_obj
def voucher_terms(
    command: Command, sku: str, group: int, region: str, *, dynamic: bool, online_only: bool
) -> None:
    """Say where and how vouchers of SKU are good that are ordered from now on."""
    terms = VoucherTerms(group, dynamic, online_only, region)
    with command.hub():
        set_terms(sku, terms, by=_ACTOR, at_s=command.now_s())
    told = [f"store group {group}" if group else "every store"]
    told += [f"meant for the region {region}"] * bool(region)
    told += ["from a phone alone"] * dynamic + ["with a network alone"] * online_only
    click.echo(f"{sku}: {', '.join(told)}")


@catalogue.command("add-category")
@click.argument("category_id")
@click.option("--zh", required=True, help="Name in Chinese.")
@click.option("--en", required=True, help="Name in English.")
@click.option("--parent", help="The category above it.")
@click.pass_obj
def add_category(command: Command, category_id: str, zh: str, en: str, parent: str | None) -> None:
    """Add the category CATEGORY_ID."""
    above = CategoryId(parent) if parent else None
    with command.hub():
        names = {"zh-CN": zh, "en": en}
        shelf.add_category(Category(CategoryId(category_id), names, above))
    click.echo(category_id)


@catalogue.command("types")
@click.option("--json", "as_json", is_flag=True, help="JSON for scripts.")
@click.pass_obj
def types(command: Command, *, as_json: bool) -> None:
    """List the product types, each in its newest version."""
    with command.hub():
        found = product_types.everything()
    if as_json:
        click.echo(json.dumps([type_body(one) for one in found], ensure_ascii=False))
        return
    for one in found:
        asks = ", ".join(field.id for field in one.body.fields) or "-"
        click.echo(f"{one.id:24} {one.fulfilment:14} version {one.version}  {asks}")


@catalogue.command("put-type")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def put_type(command: Command, file: Path) -> None:
    """Add a product type from a JSON FILE, or make its next version: id, names (zh, en),
    fulfilment, body."""
    try:
        wanted: Any = json.loads(file.read_text("utf-8"))
        names = {"zh-CN": wanted["names"]["zh"], "en": wanted["names"]["en"]}
        type_id, how, body = wanted["id"], wanted["fulfilment"], wanted["body"]
        if not all(isinstance(text, str) for text in (type_id, how, *names.values())):
            raise TypeError("id, names and fulfilment are texts")
    except (ValueError, KeyError, TypeError) as exc:
        raise RequestInvalid(f"{file} does not describe a type: {exc!r}") from exc
    with command.hub():
        there = {one.id: one for one in product_types.everything()}
        if type_id in there and str(there[type_id].fulfilment) != how:
            raise RequestInvalid("How a type is fulfilled stays; add another type.")
        at_s = command.now_s()
        if type_id in there:
            done = product_types.revise(type_id, names, body, by=_ACTOR, at_s=at_s)
        else:
            done = product_types.add(type_id, names, how, body, by=_ACTOR, at_s=at_s)
    click.echo(f"{done.id} version {done.version}")


@catalogue.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--confirm", is_flag=True, help="Put them on the shelf; else only show them.")
@click.pass_obj
def import_(command: Command, file: Path, *, confirm: bool) -> None:
    """Show what a CSV FILE of SKUs would do; with --confirm do it, all of it or nothing.

    Columns: sku, sku_zh, sku_en, item, item_zh, item_en, type, and maybe category, face, currency,
    product, parts. Exit code 1 if a line is wrong.
    """
    with command.hub() as hub:
        text = read_upload(file.read_bytes())
        work = take_in if confirm else preview
        sheet = work(text, hub.config.currency, by=_ACTOR, at_s=command.now_s())
    for line, what in sheet.faults:
        click.echo(f"line {line}: {what}", err=True)
    for one in sheet.lines:
        click.echo(f"{one.sku.id:24} {one.item.id:24} {one.sku.names['en']}")
    if confirm and not sheet.faults:
        click.echo(f"{len(sheet.lines)} SKUs taken in")
    sys.exit(1 if sheet.faults else 0)
