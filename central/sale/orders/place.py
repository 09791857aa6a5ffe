"""Place an order: the price is quoted and kept, what it needs is reserved, nothing is paid yet."""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import b32encode
from typing import NamedTuple

from central.errors import Conflict, KeyReused, OutOfStock, PriceTooHigh, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.sale.orders import store
from central.sale.orders.limits import Held, why_not
from central.sale.orders.model import (
    PAY_S,
    QUANTITY_MAX,
    UNITS_MAX,
    Order,
    OrderId,
    UnitId,
    Wanted,
    parts_of,
)
from central.sale.orders.office import Office
from central.sale.orders.split import split_over_parts
from central.sale.orders.states import OrderState, UnitState
from central.supply.cards.model import Shortage
from central.supply.cards.reserve import reserve
from central.supply.catalogue import shelf
from central.supply.catalogue.asked import Versions, check_asked, versions_of
from central.supply.catalogue.model import Offered, SkuState
from central.supply.catalogue.selling import min_days_left
from central.supply.left import is_left
from central.supply.prices.ask import Asked, gather
from central.supply.prices.model import Quote, QuoteRefused, Split
from central.supply.prices.quote import quote
from central.supply.prices.snapshot import to_snapshot
from central.supply.product_types.model import Fulfilment

KEPT_AFTER_S = 5 * 60
"""A key is kept a little longer than its order may be paid: a payment arrives late."""
CODE_CHARS = (6, 64)
CONTACT_CHARS_MAX = 128
KEY_CHARS_MAX = 128


class Placed(NamedTuple):
    """An order, and the token that shows it: it is as good as a receipt, and kept nowhere."""

    order: Order
    token: str


def place(wanted: Wanted, office: Office) -> Placed:
    """Place an order. The same key and wish is the same order, and gives the same token.

    Raises:
        RequestInvalid: a field is missing or wrong (``errors`` names each), or a figure is.
        NotFound: there is no such SKU, or agent.
        Conflict: it is not sold (any more), has no price, or the buyer holds too much unpaid.
        PriceTooHigh: it costs more than the wish says that it may.
        OutOfStock: there are not as many.
        KeyReused: the key was used for another wish.
    """
    at_s = office.now_s()
    _check(wanted)
    # Before anything is judged anew: whoever asks again has lost an answer, and no more (I-26).
    if known := _known(wanted):
        return Placed(known, token_of(known.id, office))
    offered = shelf.offered(wanted.sku)
    if offered.sku.state is not SkuState.LIVE:
        raise Conflict(N_("This is not sold just now."))
    versions = versions_of(offered)
    checked = check_asked(offered, wanted.fields, versions)
    if checked.faults:
        told = {name: fault.text() for name, fault in checked.faults.items()}
        raise RequestInvalid(N_("What was typed cannot be used."), errors=told)
    given = {name: str(value) for name, value in checked.values.items()}
    wish = _wish(wanted, given)
    code_hash = office.hash_code(wanted.code) if wanted.code else ""

    def write() -> Order:
        ready = _Ready(wanted, offered, versions, given, wish, code_hash)
        return _known(wanted) or _write(ready, office, at_s)

    order = money_transaction(write)
    return Placed(order, token_of(order.id, office))


def token_of(order: OrderId, office: Office) -> str:
    """Return the token of an order: 128 bits that follow from its number and a key of ours."""
    return b32encode(office.seal.print_of("order token", order)[:16]).decode().rstrip("=")


def _known(wanted: Wanted) -> Order | None:
    """Return the order of this key and wish; None if the key is new.

    The fields are read as they were when it was placed, whatever has become of the SKU since.

    Raises:
        KeyReused: the key was used for another wish.
    """
    found = rows("SELECT id, request_hash, sku FROM sale_order WHERE idem = ?", (wanted.key,))
    if not found:
        return None
    [(order_id, before, sku)] = found
    order = store.get(order_id)
    offered = shelf.offered(sku, order.type_version)
    checked = check_asked(offered, wanted.fields, store.type_versions(order))
    given = {name: str(value) for name, value in checked.values.items()}
    if checked.faults or bytes(before) != _wish(wanted, given):
        raise KeyReused(N_("This key was used for another order."))
    return order


def _check(wanted: Wanted) -> None:
    if not 1 <= wanted.quantity <= QUANTITY_MAX:
        raise RequestInvalid(Saying("order-quantity", most=QUANTITY_MAX))
    least, most = CODE_CHARS
    if wanted.code and not least <= len(wanted.code) <= most:
        raise RequestInvalid(N_("The code that shows what was bought has 6 to 64 characters."))
    if not wanted.code and not wanted.buyer:
        raise RequestInvalid(
            N_("Choose a code: it shows what was bought, besides the order's link.")
        )
    if not 1 <= len(wanted.key) <= KEY_CHARS_MAX or len(wanted.contact) > CONTACT_CHARS_MAX:
        raise RequestInvalid(N_("A key has 1 to 128 characters, a contact at most 128."))
    if not wanted.contact.isprintable():
        raise RequestInvalid(N_("There are signs in the contact that cannot be seen."))


def _wish(wanted: Wanted, given: dict[str, str]) -> bytes:
    # Not the code: it is kept as a slow hash only, and it does not change what is bought.
    body = [wanted.sku, wanted.quantity, given, wanted.contact, wanted.channel, wanted.seller,
            wanted.buyer]  # fmt: skip
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).digest()


class _Ready(NamedTuple):
    """A wish that was checked: what is bought, what was typed, and what is kept of it."""

    wanted: Wanted
    offered: Offered
    versions: Versions
    given: dict[str, str]
    wish: bytes
    code_hash: str


def _write(ready: _Ready, office: Office, at_s: int) -> Order:
    wanted, offered, versions, given, wish, code_hash = ready
    found = _quote(wanted, office, at_s)
    split = split_over_parts(wanted, offered, office, at_s)
    singles = _singles(offered, split, versions)
    order = OrderId("O" + b32encode(secrets.token_bytes(10)).decode()[:15])
    pay_until_s = at_s + PAY_S
    private = office.seal.close(given | {"": wanted.contact}, f"order:{order}")
    contact, address = (
        office.seal.print_of(kind, text)
        for kind, text in (("contact", wanted.contact), ("address", wanted.address))
    )
    change(
        "INSERT INTO sale_order (id, token_hash, idem, request_hash, channel, seller, buyer, sku,"
        " quantity, type, type_version, price, currency, quote, private, contact_print,"
        " address_print, code_hash, locale, state, placed_at_s, pay_until_s)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (order, store.token_hash(token_of(order, office)), wanted.key, wish, wanted.channel,
         wanted.seller, wanted.buyer, wanted.sku, wanted.quantity, offered.type.id,
         offered.type.version, found.total.minor, found.currency, to_snapshot(found, split),
         private, contact, address, code_hash, wanted.locale, str(OrderState.PENDING), at_s,
         pay_until_s),
    )  # fmt: skip
    if wanted.customer:
        change(
            # Of an account that has ended in this moment it is a guest's.
            "INSERT INTO customer_order (order_id, customer_id, added_at_s)"
            " SELECT ?, id, ? FROM customer WHERE id = ? AND state = 'active'",
            (order, at_s, wanted.customer),
        )
    if not is_left(offered, wanted.quantity, at_s) or _write_units(
        order, singles * wanted.quantity, found.total.minor, at_s
    ):
        raise OutOfStock(N_("There are not as many of these just now."))
    store.note(order, "", at_s, wanted.buyer or "buyer", "placed", str(OrderState.PENDING))
    held, limits = (
        (_held_by_agent(wanted.buyer, order), office.limits.of_agent) if wanted.buyer
        else (_held(contact if wanted.contact else b"", address, order), office.limits)
    )  # fmt: skip
    if refused := why_not(held, limits):
        raise Conflict(refused)
    return store.get(order)


def _quote(wanted: Wanted, office: Office, at_s: int) -> Quote:
    asked = Asked(
        wanted.sku, wanted.quantity, office.currency, at_s, wanted.channel, agent=wanted.buyer,
        is_member=_is_member(wanted.customer, at_s),
    )  # fmt: skip
    found = quote(gather(asked, office.outside, office.cost_of))
    if isinstance(found, QuoteRefused):
        raise Conflict(N_("This has no price just now."), reason=str(found.reason))
    if wanted.price_max is not None and found.total.minor > wanted.price_max:
        raise PriceTooHigh(
            Saying("price-now", price=str(found.total)), price_minor=found.total.minor
        )  # fmt: skip
    return found


def _is_member(customer: str, at_s: int) -> bool:
    return bool(rows(
        "SELECT 1 FROM customer WHERE id = ? AND state = 'active' AND member_until_s > ?",
        (customer, at_s),
    ))  # fmt: skip


class _Single(NamedTuple):
    """What becomes a unit of an order; its price is its weight's part of the whole."""

    sku: str
    fulfilment: Fulfilment
    weight: int
    type_version: int


def _singles(offered: Offered, split: Split | None, versions: Versions) -> list[_Single]:
    """Return what one piece of a SKU is made of: its parts if it is a bundle, else itself."""
    if split is None:
        return [_Single(str(offered.sku.id), offered.fulfilment, 1, offered.type.version)]
    return [
        _Single(
            str(part.sku), shelf.offered(part.sku).fulfilment, part.unit_minor, versions[part.sku]
        )
        for part in split.parts
        for _ in range(part.quantity)
    ]


def _write_units(order: OrderId, singles: list[_Single], total: int, at_s: int) -> bool:
    """Write the units of an order and keep keys for them; say whether there are too few."""
    if len(singles) > UNITS_MAX:
        raise RequestInvalid(Saying("order-units", most=UNITS_MAX))
    by_sku: dict[str, list[str]] = {}
    prices = parts_of(total, [one.weight for one in singles])
    for n, (one, price) in enumerate(zip(singles, prices, strict=True), 1):
        unit = UnitId(f"{order}-{n}")
        change(
            "INSERT INTO order_unit (id, order_id, n, sku, fulfilment, price, state, type_version)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (unit, order, n, one.sku, str(one.fulfilment), price, str(UnitState.WAITING),
             one.type_version),
        )  # fmt: skip
        if one.fulfilment is Fulfilment.LOCAL_KEY:
            by_sku.setdefault(one.sku, []).append(unit)
    kept_until_s = at_s + PAY_S + KEPT_AFTER_S
    return any(
        isinstance(
            reserve(sku, units, kept_until_s, at_s, min_days_left=min_days_left(sku)), Shortage
        )
        for sku, units in sorted(by_sku.items())
    )


def _held(contact: bytes, address: bytes, order: OrderId) -> Held:
    mine = "(o.address_print = ? OR o.contact_print = ?) AND o.state = 'pending'"
    [(by_contact,)] = rows(
        "SELECT count(*) FROM sale_order WHERE contact_print = ? AND state = 'pending'", (contact,)
    )
    [(by_address,)] = rows(
        "SELECT count(*) FROM sale_order WHERE address_print = ? AND state = 'pending'", (address,)
    )
    return Held(int(by_contact), int(by_address), *_keys(mine, (address, contact), order))


def _held_by_agent(agent: str, order: OrderId) -> Held:
    mine = "o.buyer = ? AND o.state = 'pending'"
    [(orders,)] = rows(f"SELECT count(*) FROM sale_order o WHERE {mine}", (agent,))
    return Held(int(orders), 0, *_keys(mine, (agent,), order))


def _keys(mine: str, whose: tuple[object, ...], order: OrderId) -> tuple[int, int]:
    """Return how many keys of what an order wants somebody holds, and how many there are."""
    [(keys,)] = rows(
        "SELECT count(*) FROM card_key k JOIN order_unit u ON u.id = k.unit"
        f" JOIN sale_order o ON o.id = u.order_id WHERE k.state = 'reserved' AND {mine}"
        " AND u.sku IN (SELECT sku FROM order_unit WHERE order_id = ?)",
        (*whose, order),
    )
    [(stock,)] = rows(
        "SELECT count(*) FROM card_key k JOIN card_batch b ON b.id = k.batch_id"
        " WHERE k.state IN ('available', 'reserved')"
        " AND b.sku IN (SELECT sku FROM order_unit WHERE order_id = ?)",
        (order,),
    )
    return int(keys), int(stock)
