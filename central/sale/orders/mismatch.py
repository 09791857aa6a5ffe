"""Another amount than an order's price has come, and a person lets it buy all the same.

What is too much goes back the way it came; what is missing the house bears. The order keeps its
price. The other way out, everything goes back, is ``refund.refund_mismatch``.
"""

from __future__ import annotations

from central.foundation.db.engine import money_transaction
from central.foundation.jobs import alerts
from central.money.ledger import rules
from central.money.ledger.store import post
from central.sale.orders import store
from central.sale.orders.mail import Told, tell
from central.sale.orders.model import Order, OrderId
from central.sale.orders.office import Office
from central.sale.orders.refund import Asked, check_reason, paid_payment, send_back
from central.sale.orders.serve import begin_serving
from central.sale.orders.states import OrderEvent
from edge.contract.money import Money


def accept(order_id: OrderId, reason: str, who: str, office: Office) -> Order:
    """Let an order be served for which another amount has come.

    Raises:
        Conflict: the order is no such one. RequestInvalid: no reason.
    """
    check_reason(reason)
    at_s = office.now_s()

    def work() -> Order:
        order = store.get(order_id)
        moved = store.move_order(order, OrderEvent.ACCEPTED, at_s, who, reason.strip())
        number = paid_payment(order)
        paid = store.paid_by(number)
        assert paid is not None, "it was paid, with another amount"
        rest = paid - order.price.minor
        amount = Money(abs(rest), order.price.currency)
        if rest > 0:
            send_back(moved, number, amount, Asked("more than the price", who, at_s), office)
        else:
            post(rules.shortfall_borne(order.id, amount, office.day(at_s), who), at_s)
        alerts.clear("payment-odd", number, at_s)
        tell(order.id, Told.PAID, at_s, office)
        begin_serving(moved, at_s, who, office)
        return moved

    return money_transaction(work)
