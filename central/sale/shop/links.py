"""Links that fill in the page of one piece, and their QR codes: for a flyer, a chat, a game's page.

A link fills in and orders nothing: whoever opens it still says how he is reached, and orders.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import segno
from flask import Blueprint, render_template, request
from flask_babel import gettext

from central.errors import RequestInvalid
from central.foundation.language.said import in_words
from central.foundation.language.words import N_
from central.foundation.people.roles import Permission
from central.foundation.web.permission import needs
from central.sale.orders.model import QUANTITY_MAX
from central.sale.orders.office import Office
from central.supply.catalogue import shelf
from central.supply.catalogue.asked import asked_for, check_asked, versions_of
from central.supply.catalogue.model import SkuState

LINK_CHARS_MAX = 2000
"""A QR code of more is not read by every phone."""


def link_of(
    sku: str, fields: Mapping[str, str], quantity: int, seller: str, base: str
) -> str:  # fmt: skip
    """Return the link that fills in a SKU's page.

    Args:
        fields: What is filled in, by the names of the fields; what is empty stays the buyer's.
        seller: Agent who is noted as having sold it; empty for none.
        base: Address of the hub, as browsers see it.

    Raises:
        NotFound: there is no such SKU.
        RequestInvalid: a field is wrong (``errors`` names each), or a figure, or it is too long.
    """
    given = {name: text.strip() for name, text in fields.items() if text.strip()}
    offered = shelf.offered(sku)
    checked = check_asked(offered, given, versions_of(offered))
    wrong = {name: fault.text(gettext) for name, fault in checked.faults.items() if name in given}
    if wrong:
        raise RequestInvalid(N_("What was typed cannot be used."), errors=wrong)
    if not 1 <= quantity <= QUANTITY_MAX:
        raise RequestInvalid(N_("Say how many, as a number."))
    named = {f"field.{name}": text for name, text in given.items()}
    query = urlencode(named | {"quantity": str(quantity)} | ({"by": seller} if seller else {}))
    link = f"{base}/shop/{sku}?{query}"
    if len(link) > LINK_CHARS_MAX:
        raise RequestInvalid(N_("This link is too long for a QR code."))
    return link


def blueprint(office: Office) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("shop_links", __name__)

    @pages.get("/orders/link")
    @needs(Permission.ORDERS_READ)
    def make() -> str:
        skus = [one for one in shelf.skus() if one.state is SkuState.LIVE]
        sku = request.args.get("sku", "")
        chosen = shelf.offered(sku) if any(one.id == sku for one in skus) else None
        typed = {name.removeprefix("field."): text for name, text in request.args.items()
                 if name.startswith("field.")}  # fmt: skip
        link, error, faults = "", "", {}
        if chosen and "quantity" in request.args:
            digits, seller = request.args["quantity"], request.args.get("by", "").strip()
            count = int(digits) if digits.isascii() and digits.isdecimal() else 0
            try:
                if seller and all(one.id != seller for one in office.outside.agents()):
                    raise RequestInvalid(N_("There is no such agent."))
                base = office.url or request.host_url.rstrip("/")
                link = link_of(sku, typed, count, seller, base)
            except RequestInvalid as exc:
                error, faults = in_words(exc.detail, gettext), exc.extra.get("errors", {})
        return render_template(
            "orders/link.html", skus=skus, chosen=chosen, typed=typed, link=link, error=error,
            faults=faults, most=QUANTITY_MAX,
            fields=asked_for(chosen, versions_of(chosen)) if chosen else (),
            qr=segno.make(link, error="m").svg_data_uri(scale=5, border=4, light="#fff")
            if link else "",
        )  # fmt: skip

    return pages
