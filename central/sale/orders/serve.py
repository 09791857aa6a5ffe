"""Serves the units of paid orders, each in its own way, and completes orders whose units are done.

A key of ours is handed over; a key or a top-up of a supplier's is asked for when the order is
paid, and looked after until its purchase has an end; a voucher of ours is issued; everything else
is for a person. One unit that finds nothing stops no other.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from central.errors import Conflict, HubError, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.jobs import alerts
from central.foundation.language.said import Saying, why
from central.foundation.language.words import N_
from central.money.ledger import rules
from central.money.ledger.rules import Commission, Completed, Cost
from central.money.ledger.store import post
from central.money.sharing.earn import earn, promise, split_of
from central.money.sharing.model import AgentId, Sale
from central.money.sharing.rule_sets import in_force
from central.sale.orders import store
from central.sale.orders.mail import Told, tell
from central.sale.orders.model import Order, OrderId, Unit
from central.sale.orders.office import Office
from central.sale.orders.private import told_by
from central.sale.orders.states import (
    OPEN,
    OrderEvent,
    OrderState,
    UnitEvent,
    UnitState,
)
from central.stores.redemptions.commission import promise_ref
from central.stores.vouchers import issue as vouchers
from central.supply.cards.intake.take import check_paid_from
from central.supply.cards.model import Shortage
from central.supply.cards.reserve import cost_posted, give_back, hand_over, handed_over, reserve
from central.supply.catalogue import shelf
from central.supply.catalogue.asked import told_to
from central.supply.catalogue.selling import min_days_left
from central.supply.catalogue.voucher_terms import terms_of
from central.supply.product_types.delivery import places
from central.supply.product_types.model import Fulfilment
from central.supply.suppliers.ask_for import Wanted, ask_for, bought
from central.supply.suppliers.ask_for import cancel as buy_no_more
from central.supply.suppliers.model import Kind, Purchase
from central.supply.suppliers.resolve import try_again
from edge.contract.ids import ProductId, StoreGroup, VoucherId
from edge.contract.money import MINOR_MAX, Money
from edge.contract.voucher_token import DAY_S, DAY_ZERO_S, VoucherKind

log = logging.getLogger(__name__)

ACTOR = "orders"
STUCK = "order-stuck"
VOUCHER_DAYS = 365
"""How long a voucher of ours is good whose type says nothing else."""
AT_ONCE = 500
AGAIN_S = 60
TEXT_CHARS = 4000
PPM = 1_000_000
FREE = Cost("", 0)
BOUGHT = {Fulfilment.SUPPLIER_KEY: Kind.KEY, Fulfilment.DIRECT_TOPUP: Kind.TOP_UP}


def begin_serving(order: Order, at_s: int, who: str, office: Office) -> None:
    """Let every unit of a paid order be served; what suppliers have is asked for. In the caller's
    transaction."""
    told: dict[str, str] | None = None
    for unit in store.units(order.id):
        # One that went back while the order was held stays so; money that came late has others.
        if unit.refund or unit.state not in {UnitState.WAITING, UnitState.CANCELLED}:
            continue
        store.move_unit(unit, UnitEvent.PAID, at_s, who)
        kind = BOUGHT.get(unit.fulfilment)
        if kind is not None:
            told = told_by(order, office) if told is None else told
            inputs = told_to(unit.sku, told)
            net = Money(_net(order, unit, office), order.price.currency)
            ask_for(Wanted(unit.id, unit.sku, kind, 1, net, inputs), office.seal, at_s, ACTOR)


def serve_due(office: Office) -> int:
    """Serve what waits to be served; return how many units were delivered, or found nothing.

    A unit that is being bought is looked at once its purchase has an end; one that could not be
    served is tried again a minute later, so that it keeps nobody up.
    """
    waiting = rows(
        "SELECT id FROM order_unit WHERE state = 'serving' AND next_at_s <= ?"
        " AND (fulfilment NOT IN ('supplier_key', 'direct_topup') OR EXISTS"
        " (SELECT 1 FROM supplier_purchase p WHERE p.unit = order_unit.id"
        " AND p.state IN ('sourced', 'exhausted', 'cancelled')))"
        " ORDER BY next_at_s, order_id, n LIMIT ?",
        (office.now_s(), AT_ONCE),
    )
    moved = 0
    for (unit_id,) in waiting:
        try:
            moved += serve(unit_id, office)
        except HubError as exc:
            log.warning("unit %s: %s", unit_id, exc)
            said = why(exc)
            money_transaction(lambda u=unit_id, s=said: _put_off(u, s, office.now_s()))  # type: ignore[misc]
    return moved


def _put_off(unit_id: str, why: str, at_s: int) -> None:
    alerts.tell(STUCK, unit_id, why, at_s)
    change(
        "UPDATE order_unit SET next_at_s = ? WHERE id = ? AND state = 'serving'",
        (at_s + AGAIN_S, unit_id),
    )


def serve(unit_id: str, office: Office) -> bool:
    """Serve one unit; say whether it has moved.

    Raises:
        HubError: it cannot be served just now, and why.
    """
    at_s = office.now_s()

    def work() -> bool:
        unit = store.unit(unit_id)
        order = store.get(unit.order)
        if unit.state is not UnitState.SERVING or order.state not in OPEN:
            return False
        serving = {
            Fulfilment.LOCAL_KEY: _hand_over,
            Fulfilment.SUPPLIER_KEY: _look_after,
            Fulfilment.DIRECT_TOPUP: _look_after,
            Fulfilment.OWN_VOUCHER: _issue,
        }.get(unit.fulfilment, _for_a_person)
        moved = serving(unit, order, at_s, office)
        if moved:
            settle(unit.order, at_s, office)
        return moved

    return money_transaction(work)


def settle(order_id: OrderId, at_s: int, office: Office) -> None:
    """Bring an order in line with its units. In the caller's transaction; again is harmless."""
    order = store.get(order_id)
    if order.state not in OPEN:
        return
    units = store.units(order_id)
    stuck = [unit.id for unit in units if unit.state is UnitState.STUCK]
    for unit in units:
        if unit.state is not UnitState.STUCK:
            alerts.clear(STUCK, unit.id, at_s)
    for unit_id in stuck:
        nothing = Saying("nothing-to-deliver", sku=order.sku)
        alerts.tell(STUCK, unit_id, nothing, at_s)
    if all(unit.state.is_over for unit in units):
        _complete(order, units, at_s, office)
    elif stuck:
        if order.state is not OrderState.EXCEPTION:
            store.move_order(order, OrderEvent.STUCK, at_s, ACTOR)
            tell(order.id, Told.PATIENCE, at_s, office)
    elif order.state is OrderState.EXCEPTION:
        store.move_order(order, OrderEvent.REFILLED, at_s, ACTOR)
        settle(order_id, at_s, office)
    elif order.state is OrderState.SERVING and any(unit.state.is_delivered for unit in units):
        store.move_order(order, OrderEvent.DELIVERED_PARTLY, at_s, ACTOR)


def deliver_by_hand(
    unit_id: str, text: str, who: str, office: Office, cost: Cost = FREE
) -> Unit:  # fmt: skip
    """Deliver a unit that a person has to deliver, or that found nothing; what he gives is sealed.

    Nothing is bought for it any more: what a supplier delivers from now on is late.

    Args:
        cost: What it has cost, and the account that it is paid from.

    Raises:
        RequestInvalid: there is nothing in it, or its cost cannot be.
        Conflict: it is delivered, went back, or nobody knows yet whether a supplier delivers it.
    """
    at_s = office.now_s()
    if not 1 <= len(text.strip()) <= TEXT_CHARS:
        raise RequestInvalid(Saying("delivered-text", most=TEXT_CHARS))
    if not 0 <= cost.minor <= MINOR_MAX:
        raise RequestInvalid(N_("What it has cost is nothing, or an amount."))
    if cost.minor:
        check_paid_from(cost.account)

    def work() -> Unit:
        unit = store.unit(unit_id)
        if unit.fulfilment in BOUGHT and not unit.state.is_over:
            buy_no_more(unit_id, at_s)
        give_back([unit_id], at_s)
        place = places(unit.fulfilment)[0]
        sealed = office.seal.close({place: text.strip()}, f"unit:{unit_id}")
        moved = store.move_unit(
            unit, UnitEvent.DELIVERED, at_s, who, delivered=sealed, delivered_at_s=at_s,
            cost_account=cost.account if cost.minor else "", cost=cost.minor,
        )  # fmt: skip
        settle(unit.order, at_s, office)
        return moved

    return money_transaction(work)


def is_voucher(unit: Unit) -> bool:
    """Say whether a unit is a voucher of ours: what it is worth is owed to its holder, and its
    price is no revenue that agents share in."""
    return unit.fulfilment is Fulfilment.OWN_VOUCHER


def costs_of(units: Sequence[Unit]) -> tuple[Cost, ...]:
    """Return what units have cost, one sum an account."""
    costs: Counter[str] = Counter()
    for unit in units:
        costs[unit.cost_account] += unit.cost
    return tuple(Cost(account, minor) for account, minor in sorted(costs.items()) if minor)


def by_hand() -> list[Unit]:
    """Return what waits for a person to deliver it, the oldest first."""
    found = rows(
        "SELECT u.id FROM order_unit u JOIN sale_order o ON o.id = u.order_id"
        " WHERE u.state = 'by-hand' ORDER BY o.paid_at_s, u.id LIMIT ?",
        (AT_ONCE,),
    )
    return [store.unit(unit_id) for (unit_id,) in found]


def refill(unit_id: str, who: str, office: Office) -> bool:
    """Try again to serve a unit that found nothing: there are keys now, or a supplier.

    Raises:
        Conflict: it is not stuck.
    """
    at_s = office.now_s()

    def work() -> None:
        unit = store.unit(unit_id)
        store.move_unit(unit, UnitEvent.REFILLED, at_s, who)
        if unit.fulfilment in BOUGHT:
            try_again(unit_id, at_s)
        settle(unit.order, at_s, office)

    money_transaction(work)
    return serve(unit_id, office)


# --- each in its own way -------------------------------------------------------------------------


def _hand_over(unit: Unit, order: Order, at_s: int, office: Office) -> bool:
    del order, office
    given = hand_over(unit.id, at_s)
    if given is None:
        # Its reservation has lapsed, and somebody else has taken the key.
        days = min_days_left(unit.sku)
        kept = reserve(unit.sku, [unit.id], at_s + DAY_S, at_s, min_days_left=days)
        if isinstance(kept, Shortage):
            store.move_unit(unit, UnitEvent.FOUND_NOTHING, at_s, ACTOR, "no key is left")
            return True
        given = hand_over(unit.id, at_s)
        assert given is not None, "it was reserved in this transaction"
    _delivered(unit, at_s, Cost(given.account, given.cost.minor))
    return True


def _look_after(unit: Unit, order: Order, at_s: int, office: Office) -> bool:
    del order, office
    found = bought(unit.id)
    if found.state is Purchase.SOURCED:
        if unit.fulfilment is Fulfilment.SUPPLIER_KEY and handed_over(unit.id) is None:
            raise Conflict(Saying("bought-not-there", unit=unit.id))
        _delivered(unit, at_s, found.cost or FREE)
        return True
    if found.state in {Purchase.EXHAUSTED, Purchase.CANCELLED}:
        store.move_unit(unit, UnitEvent.FOUND_NOTHING, at_s, ACTOR, "nobody could deliver")
        return True
    return False


def _issue(unit: Unit, order: Order, at_s: int, office: Office) -> bool:
    offered = shelf.offered(unit.sku)
    assert offered.sku.product is not None, "a voucher of ours has a product"
    ends_at_s = offered.type.body.validity.ends_at_s(at_s) or at_s + VOUCHER_DAYS * DAY_S
    face, terms = offered.sku.face, terms_of(unit.sku, order.placed_at_s)
    wanted = vouchers.Order(
        ProductId(offered.sku.product), 1, StoreGroup(terms.store_group),
        (at_s - DAY_ZERO_S) // DAY_S, -(-(ends_at_s - DAY_ZERO_S) // DAY_S),
        value=_value(offered.sku.product, face), dynamic_required=terms.is_dynamic,
        online_only=terms.is_online_only, channel=None, region=terms.region,
        agent=order.seller or order.buyer,
    )  # fmt: skip
    batch = vouchers.issue(
        wanted, office.keyring, currency=order.price.currency, at_s=at_s, day=office.day(at_s),
        actor=ACTOR,
    )  # fmt: skip
    [issued] = batch.vouchers
    [(worth,)] = rows("SELECT face_minor FROM voucher WHERE id = ?", (issued.claims.voucher_id,))
    sealed = office.seal.close({"voucher": issued.text}, f"unit:{unit.id}")
    _delivered(
        unit, at_s, Cost(f"2020.{offered.sku.product}", int(worth)), delivered=sealed,
        voucher_id=issued.claims.voucher_id,
    )  # fmt: skip
    return True


def _value(product: int, face: Money | None) -> int:
    """Return what a stored value holds; 0 for what the product says itself."""
    [(kind,)] = rows("SELECT kind FROM product WHERE id = ?", (product,))
    stored = kind == int(VoucherKind.STORED_VALUE)
    if stored and face is None:
        raise Conflict(N_("A stored value needs a face value on its SKU."))
    return face.minor if stored and face is not None else 0


def _for_a_person(unit: Unit, order: Order, at_s: int, office: Office) -> bool:
    del order, office
    store.move_unit(unit, UnitEvent.FOR_A_PERSON, at_s, ACTOR)
    return True


def _delivered(unit: Unit, at_s: int, cost: Cost, **more: object) -> None:
    changes = {"cost_account": cost.account, "cost": cost.minor, "delivered_at_s": at_s, **more}
    store.move_unit(unit, UnitEvent.DELIVERED, at_s, ACTOR, **changes)  # type: ignore[arg-type]


# --- completed -----------------------------------------------------------------------------------


def _complete(order: Order, units: Sequence[Unit], at_s: int, office: Office) -> None:
    """Post an order of which nobody waits for anything: what was delivered is sold and shared."""
    done = [unit for unit in units if unit.state.is_delivered]
    if not done:
        store.move_order(order, OrderEvent.GONE_BACK, at_s, ACTOR, ended_at_s=at_s)
        return
    price = Money(sum(unit.price for unit in done), order.price.currency)
    goods = [unit for unit in done if not is_voucher(unit)]
    issued = [unit for unit in done if is_voucher(unit)]
    costs = costs_of(goods)
    earned: tuple[Commission, ...] = ()
    if order.seller and goods:
        worth = Money(sum(unit.price for unit in goods), price.currency)
        cost = sum(one.minor for one in costs)
        earned = earn(_sale(order, worth, cost, at_s, office), at_s).commissions
    if order.seller:
        _promise(order, issued, at_s, office)
    event = Completed(
        order.id, price, costs, earned, vouchers=sum(unit.price for unit in issued),
        issued=costs_of(issued),
    )  # fmt: skip
    journal = post(rules.order_completed(event, office.day(at_s), ACTOR), at_s).id
    keys = [unit.id for unit in done if unit.cost_account.startswith("1310.")]
    if keys:
        cost_posted(keys, journal)
    store.move_order(order, OrderEvent.COMPLETED, at_s, ACTOR, ended_at_s=at_s, journal_id=journal)
    tell(order.id, Told.DELIVERED, at_s, office)


def _promise(order: Order, done: Sequence[Unit], at_s: int, office: Office) -> None:
    """Promise agents their part of each voucher; they earn it as the voucher is redeemed."""
    for unit in done:
        assert unit.voucher is not None, "it was issued"
        whole = _sale(order, Money(unit.price, order.price.currency), 0, at_s, office)
        [(worth,)] = rows("SELECT face_minor FROM voucher WHERE id = ?", (unit.voucher,))
        if whole.amount.minor and worth:
            ref = promise_ref(VoucherId(unit.voucher))
            promise(replace(whole, ref=ref), at_s, measure=int(worth))


def _sale(order: Order, amount: Money, cost: int, at_s: int, office: Office) -> Sale:
    chain = (
        office.outside.chain_at(AgentId(order.seller), order.placed_at_s) if order.seller else ()
    )
    offered = shelf.offered(order.sku, order.type_version)
    category = offered.categories[0] if offered.categories else ""
    return Sale(order.id, amount, chain, at_s, cost, offered.sku.product, category)


def _net(order: Order, unit: Unit, office: Office) -> int:
    """Return what is left of a unit's price after commissions and the channel's fee."""
    net = unit.price - unit.price * office.fee_ppm // PPM
    if not order.seller:
        return max(0, net)
    sale = _sale(order, Money(unit.price, order.price.currency), 0, order.placed_at_s, office)
    split = split_of(sale, in_force(sale.scopes, sale.at_s))
    return max(0, net - sum(split.by_agent.values()))
