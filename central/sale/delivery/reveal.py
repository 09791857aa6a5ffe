"""Shows a buyer what was delivered to him: the order's link, and the code that he has chosen.

The text is put together for this answer alone, by the delivery template of the type's version
that the order was placed with. Wrong codes are counted on the order, whoever types them.
"""

from __future__ import annotations

from typing import NamedTuple

from werkzeug.security import check_password_hash

from central.errors import Conflict, NotPermitted, TooManyTries
from central.foundation.db.engine import money_transaction, rows
from central.foundation.web.words import N_
from central.sale.orders import store
from central.sale.orders.model import Order, Unit
from central.sale.orders.office import Office
from central.sale.orders.private import told_by
from central.sale.orders.states import UnitEvent, UnitState
from central.supply.cards.access.log import Asker
from central.supply.cards.access.reveal import RevealRefused, reveal_to_buyer
from central.supply.cards.vault.keys import Vault
from central.supply.catalogue import shelf
from central.supply.product_types.delivery import main_place, render
from central.supply.product_types.model import Fulfilment

WRONG = "wrong-code"
WRONG_MAX = 5
"""Wrong codes within an hour; then the order's goods are shown to nobody for the rest of it."""
HOUR_S = 3600
KEYS = frozenset({Fulfilment.LOCAL_KEY, Fulfilment.SUPPLIER_KEY})


class Shown(NamedTuple):
    """What was delivered.

    Args:
        text: What the type's template makes of it.
        token: Of a voucher of ours, its token, to be shown as a QR code.
    """

    unit: str
    text: str
    token: str = ""

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
    unit = next((one for one in store.units(order.id) if one.n == n), None)
    if unit is None or not unit.state.is_delivered:
        raise Conflict(N_("This is not delivered yet, or it has gone back."))
    # First it counts as seen, then it is opened: what goes back meanwhile is shown to nobody.
    money_transaction(lambda: _see(unit, at_s))
    given = _given(unit, order, address, vault, office)
    offered = shelf.offered(unit.sku)
    if unit.sku == order.sku:
        offered = shelf.offered(unit.sku, order.type_version)
    said = {"order": order.id, "item": offered.item.names[order.locale],
            "sku": offered.sku.names[order.locale]} | given  # fmt: skip
    text = render(offered.type.body, order.locale, said, told_by(order, office))
    return Shown(unit.id, text, given.get("voucher", ""))


def _see(unit: Unit, at_s: int) -> None:
    now = store.unit(unit.id)
    if not now.state.is_delivered:
        raise Conflict("This is not delivered yet, or it has gone back.")
    if now.state is UnitState.DELIVERED:
        store.move_unit(now, UnitEvent.REVEALED, at_s, "buyer")


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


def _given(unit: Unit, order: Order, address: str, vault: Vault, office: Office) -> dict[str, str]:
    if unit.fulfilment in KEYS:
        card = reveal_to_buyer(unit.id, order.id, Asker("buyer", address), vault, office.now_s())
        if isinstance(card, RevealRefused):
            raise TooManyTries(N_("This was looked at too often."), retry_after_s=HOUR_S)
        return {"key": f"{card.number} {card.secret}".strip()}
    [(sealed,)] = rows("SELECT delivered FROM order_unit WHERE id = ?", (unit.id,))
    if sealed is not None:
        return office.seal.open(bytes(sealed), f"unit:{unit.id}")
    place = main_place(unit.fulfilment)
    return {place: unit.id} if place else {"reference": unit.id}
