"""Shows a buyer what was delivered to him: the order's link, and the code that he has chosen.

The text is put together for this answer alone, by the delivery template of the type's version
that the order was placed with; it counts as seen once there is something to see. Wrong codes are
counted on the order, whoever types them.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple
from zoneinfo import ZoneInfo

from werkzeug.security import check_password_hash

from central.errors import Conflict, NotFound, NotPermitted, TooManyTries
from central.foundation.db.engine import money_transaction, rows
from central.foundation.jobs import alerts
from central.foundation.language.said import Saying, sentence_of
from central.foundation.language.words import N_
from central.sale.orders import store
from central.sale.orders.model import Order, Unit
from central.sale.orders.office import Office
from central.sale.orders.private import told_by
from central.sale.orders.states import UnitEvent, UnitState
from central.stores.holders.link import address_of, make_link
from central.supply.cards.access.log import Asker
from central.supply.cards.access.reveal import LIMITS, Limits, RevealRefused, reveal_to_buyer
from central.supply.cards.store import get_batch, key_of_unit
from central.supply.cards.vault.keys import Vault
from central.supply.catalogue import shelf
from central.supply.catalogue.asked import told_to
from central.supply.catalogue.model import Offered
from central.supply.product_types.delivery import NothingToDeliver, places, render
from central.supply.product_types.model import Fulfilment
from edge.contract.voucher_token import DAY_S, DAY_ZERO_S, decode_payload, split

WRONG = "wrong-code"
WRONG_MAX = 5
"""Wrong codes within an hour; then the order's goods are shown to nobody for the rest of it."""
HOUR_S = 3600
KEYS = frozenset({Fulfilment.LOCAL_KEY, Fulfilment.SUPPLIER_KEY})
UNSHOWN = "delivery-unshown"
"""Of an alert: something was delivered that its buyer cannot be shown."""
PROGRAM_LIMITS = Limits(person_per_hour=5_000, address_per_hour=5_000, order_per_day=5_000)
"""Of the program of an agent: it looks at each unit of orders of up to a thousand."""
_STAND_IN = "key"
_NO_END = {"zh-CN": "长期有效", "en": "no end"}


class Shown(NamedTuple):
    """What was delivered.

    Args:
        text: What the type's template makes of it.
        token: Of a voucher of ours, its token, to be shown as a QR code.
        link: The way to put it on a phone; empty if it is on one.
        is_dynamic: The voucher counts from a phone alone, and no picture of its token does.
    """

    unit: str
    text: str
    token: str = ""
    link: str = ""
    is_dynamic: bool = False

    def __repr__(self) -> str:
        """Leave out what nobody but the buyer may read."""
        return f"Shown({self.unit})"


def reveal(
    order: Order, n: int, code: str, address: str, vault: Vault, office: Office
) -> Shown:  # fmt: skip
    """Show the buyer of an order its unit number ``n``. From then on it counts as revealed.

    Call it outside of a transaction.

    Raises:
        NotPermitted: the code is wrong. TooManyTries: it was wrong too often; wait.
        Conflict: there is no such unit, or it is not delivered (any more).
        VaultShut, CardUnreadable: of the vault.
    """
    at_s = office.now_s()
    check_code(order, code, at_s)
    return _show(order, n, Asker("buyer", address), vault, office)


def reveal_to_program(
    order: Order, n: int, asker: Asker, vault: Vault, office: Office
) -> Shown:  # fmt: skip
    """Show the program of an agent what the agent has bought; each look is told in the story.

    Call it outside of a transaction.

    Raises:
        NotPermitted: no agent has bought it. Besides that as ``reveal``.
    """
    if not order.buyer:
        raise NotPermitted(N_("What a customer has bought is shown to him alone."))
    shown = _show(order, n, asker, vault, office, PROGRAM_LIMITS)
    state = str(store.unit(shown.unit).state)
    money_transaction(
        lambda: store.note(order.id, shown.unit, office.now_s(), asker.actor, "looked-at", state)
    )
    return shown


def _show(
    order: Order, n: int, asker: Asker, vault: Vault, office: Office, limits: Limits = LIMITS
) -> Shown:  # fmt: skip
    at_s = office.now_s()
    unit = next((one for one in store.units(order.id) if one.n == n), None)
    if unit is None or not unit.state.is_delivered:
        raise Conflict(N_("This is not delivered yet, or it has gone back."))
    try:
        # Before a key is touched: a text that cannot be put together is nobody's fault but ours.
        kept = _kept(unit, office)
        text = _text(unit, order, kept, kept or _stand_in(unit), office)
        if not kept and unit.fulfilment in KEYS:
            key = _key(unit, order, asker, vault, at_s, limits)
            text = _text(unit, order, kept, key, office)
    except (NothingToDeliver, NotFound) as exc:
        why = Saying("nothing-to-show", detail=sentence_of(exc))
        money_transaction(lambda: alerts.tell(UNSHOWN, unit.id, why, at_s))
        raise Conflict(
            N_("This cannot be shown just now. Somebody looks after it; nothing is lost."),
            reason=UNSHOWN,
        ) from exc
    # What goes back meanwhile is shown to nobody.
    money_transaction(lambda: _see(unit, asker.actor, at_s))
    token = kept.get("voucher", "") if unit.voucher is not None else ""
    if not token:
        return Shown(unit.id, text)
    is_dynamic = decode_payload(split(token)[0]).dynamic_required
    return Shown(unit.id, text, token, _link(token, at_s), is_dynamic)


def _text(
    unit: Unit, order: Order, kept: dict[str, str], given: dict[str, str], office: Office
) -> str:  # fmt: skip
    version = unit.type_version or (order.type_version if unit.sku == order.sku else None)
    offered = shelf.offered(unit.sku, version)
    locale = order.locale
    said = {
        "order": order.id, "item": offered.item.names[locale], "sku": offered.sku.names[locale],
        "quantity": str(order.quantity), "until": _until(unit, offered, locale, given, office),
    } | given  # fmt: skip
    text = render(offered.type.body, locale, said, told_to(unit.sku, told_by(order, office)))
    by_hand = "" if unit.voucher is not None else kept.get(places(unit.fulfilment)[0], "")
    # Of a top-up, a template need not have the place that a person's words are put into.
    return text if not by_hand or by_hand in text else f"{text}\n{by_hand}"


def _until(
    unit: Unit, offered: Offered, locale: str, given: dict[str, str], office: Office
) -> str:  # fmt: skip
    """Return until when it is good: what was delivered says so itself, or its type does."""
    if unit.voucher is not None:
        days = decode_payload(split(given["voucher"])[0]).expires_day
        ends_at_s: int | None = DAY_ZERO_S + days * DAY_S
    else:
        ends_at_s = offered.type.body.validity.ends_at_s(unit.delivered_at_s or 0)
        key = key_of_unit(unit.id)
        own = get_batch(key.batch).expires_at_s if key else None
        ends_at_s = min((one for one in (ends_at_s, own) if one is not None), default=None)
    if ends_at_s is None:
        return _NO_END[locale]
    zone = ZoneInfo(office.timezone)
    return dt.datetime.fromtimestamp(ends_at_s, zone).strftime("%Y-%m-%d %H:%M")


def _link(token: str, at_s: int) -> str:
    """Return the link that puts a voucher on a phone: a new one each time, until it is on one."""
    claims = decode_payload(split(token)[0])
    try:
        return address_of(make_link(claims.voucher_id, "buyer", at_s))
    except Conflict:
        return ""


def _see(unit: Unit, who: str, at_s: int) -> None:
    now = store.unit(unit.id)
    if not now.state.is_delivered:
        raise Conflict(N_("This is not delivered yet, or it has gone back."))
    alerts.clear(UNSHOWN, unit.id, at_s)
    if now.state is UnitState.DELIVERED:
        store.move_unit(now, UnitEvent.REVEALED, at_s, who)


def check_code(order: Order, code: str, at_s: int) -> None:
    """Make sure that whoever asks knows the code of an order; wrong ones are counted.

    Call it outside of a transaction.

    Raises:
        NotPermitted: it is wrong. TooManyTries: it was wrong too often; wait.
    """
    [(kept,)] = rows("SELECT code_hash FROM sale_order WHERE id = ?", (order.id,))
    [(wrong, newest)] = rows(
        "SELECT count(*), max(at_s) FROM order_event WHERE order_id = ? AND event = ? AND at_s > ?",
        (order.id, WRONG, at_s - HOUR_S),
    )
    if wrong >= WRONG_MAX:
        raise TooManyTries(N_("Too many wrong codes."), retry_after_s=int(newest) + HOUR_S - at_s)
    if kept and check_password_hash(kept, code):
        return
    money_transaction(
        lambda: store.note(order.id, "", at_s, "buyer", WRONG, str(store.get(order.id).state))
    )
    raise NotPermitted(N_("This is not the code of this order."))


def _kept(unit: Unit, office: Office) -> dict[str, str]:
    """Return what an issue or a person has given for a unit; empty if it was neither."""
    [(sealed,)] = rows("SELECT delivered FROM order_unit WHERE id = ?", (unit.id,))
    return {} if sealed is None else office.seal.open(bytes(sealed), f"unit:{unit.id}")


def _stand_in(unit: Unit) -> dict[str, str]:
    return {"key": _STAND_IN} if unit.fulfilment in KEYS else {"reference": unit.id}


def _key(
    unit: Unit, order: Order, asker: Asker, vault: Vault, at_s: int, limits: Limits
) -> dict[str, str]:
    card = reveal_to_buyer(unit.id, order.id, asker, vault, at_s, limits)
    if isinstance(card, RevealRefused):
        raise TooManyTries(N_("This was looked at too often."), retry_after_s=HOUR_S)
    return {"key": f"{card.number} {card.secret}".strip()}
