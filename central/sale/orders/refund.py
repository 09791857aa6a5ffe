"""Refunds: of units, or of a payment that bought nothing; posted when asked for, sent, followed.

Before an order is completed its money is still the customer's (2010), and goes back from there;
what a unit that he had already has cost is spent. Afterwards the sale is undone: agents give back
what they had of it. Either way the refund's row and its posting are one transaction, and the
channel hears of it later, under its one number.
"""

from __future__ import annotations

import logging
import secrets
from collections import Counter
from collections.abc import Collection
from typing import NamedTuple

from central.errors import ChannelRefused, Conflict, HubError, NotFound, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.jobs import alerts
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.money.channels import model as channel
from central.money.ledger import rules
from central.money.ledger.posting import Posting
from central.money.ledger.rules import Clawed, Cost, Refunded
from central.money.ledger.store import post
from central.money.sharing import claw_back as sharing
from central.sale.orders import serve, store
from central.sale.orders.mail import Told, tell
from central.sale.orders.model import Order, OrderId, Refund, Unit
from central.sale.orders.office import Office
from central.sale.orders.states import (
    OrderEvent,
    OrderState,
    PaymentState,
    UnitEvent,
    UnitState,
)
from central.stores.redemptions.commission import promise_ref
from central.stores.vouchers.status import revoke
from central.supply.cards.reserve import cost_posted, give_back
from central.supply.product_types.model import Fulfilment
from central.supply.suppliers.ask_for import cancel as buy_no_more
from edge.contract.ids import VoucherId
from edge.contract.money import Money

log = logging.getLogger(__name__)

OWN_MONEY = {"balance": rules.refund_to_prepaid, "commission": rules.refund_to_wallet}
"""Where an agent's own money goes back to, by the channel that stands for it."""
PAID_TWICE = "paid twice"
ACTOR = "refunds"
STUCK = "refund-stuck"
LEASE_S = 120
POLL_S = (2, 10, 60, 300, 900, 3600)
REASON_CHARS = 80


class Asked(NamedTuple):
    """Who wants money to go back, when and why."""

    reason: str
    who: str
    at_s: int


def refund_units(
    order_id: OrderId, unit_ids: Collection[str], reason: str, who: str, office: Office
) -> Refund:
    """Give the price of units back, or what is left of it: delivered or not, while others are
    waited for or once the order is completed. Asking again for the same units is refused, not done
    twice.

    Raises:
        RequestInvalid: no reason, no unit, or one of another order.
        Conflict: a unit went back already, was bought or may have been, was used, or has cost
            nothing.
    """
    check_reason(reason)
    at_s = office.now_s()

    def work() -> Refund:
        order = store.get(order_id)
        known: dict[str, Unit] = {unit.id: unit for unit in store.units(order_id)}
        if not unit_ids or not set(unit_ids) <= set(known):
            raise RequestInvalid(N_("Name units of this order."))
        chosen = [known[unit_id] for unit_id in sorted(set(unit_ids), key=lambda u: known[u].n)]
        asked = Asked(reason.strip(), who, at_s)
        if order.state is OrderState.COMPLETED:
            return _after(order, chosen, asked, office)
        return _before(order, chosen, asked, office)

    return money_transaction(work)


def refund_part(
    unit_id: str, minor: int, reason: str, who: str, office: Office
) -> Refund:  # fmt: skip
    """Give part of a unit's price back; the buyer keeps the unit.

    Raises:
        RequestInvalid: no reason.
        Conflict: the order is not completed, the unit is not delivered or is a voucher of ours,
            whose worth stays what it is; or it is not less than what is left of its price.
    """
    check_reason(reason)
    at_s = office.now_s()

    def work() -> Refund:
        unit = store.unit(unit_id)
        order = store.get(unit.order)
        if order.state is not OrderState.COMPLETED or not unit.state.is_delivered:
            raise Conflict(
                N_("Part of a price goes back once everything of the order is delivered.")
            )
        if unit.fulfilment is Fulfilment.OWN_VOUCHER:
            raise Conflict(N_("A voucher of ours goes back as a whole, or not at all."))
        number, payment = _next_number(order), paid_payment(order)
        if not 0 < minor < _paid_for(order, payment)[unit.id] - unit.refunded:
            raise Conflict(N_("Part of a price is less than what is left of it."))
        amount = Money(minor, order.price.currency)
        event = Refunded(
            number, order.id, store.payment(payment).channel, amount,
            _claw(order, number, amount, at_s),
        )  # fmt: skip
        posting = rules.refund_after_completion(event, office.day(at_s), who)
        sent = _insert(order, payment, amount, Asked(reason.strip(), who, at_s), posting)
        change(
            "INSERT INTO unit_refund (refund, unit, amount) VALUES (?, ?, ?)",
            (number, unit.id, minor),
        )
        store.note(order.id, unit.id, at_s, who, "part-back", str(unit.state), str(amount))
        store.add_refunded(order.id, minor)
        return sent

    return money_transaction(work)


def refund_mismatch(order_id: OrderId, reason: str, who: str, office: Office) -> Refund:
    """Give back what has come with another amount than the price; the order ends.

    Raises:
        Conflict: the order is no such one. RequestInvalid: no reason.
    """
    check_reason(reason)
    at_s = office.now_s()

    def work() -> Refund:
        order = store.get(order_id)
        if order.state is not OrderState.MISMATCH:
            raise Conflict(Saying("order-is", order=order.id, state=str(order.state)))
        number = paid_payment(order)
        paid = store.paid_by(number)
        assert paid is not None, "it was paid, with another amount"
        back = Money(paid, order.price.currency)
        sent = send_back(order, number, back, Asked(reason.strip(), who, at_s), office)
        for unit in store.units(order_id):
            if unit.state is UnitState.WAITING:
                store.move_unit(unit, UnitEvent.CANCELLED, at_s, who)
        give_back([unit.id for unit in store.units(order_id)], at_s)
        store.move_order(order, OrderEvent.GONE_BACK, at_s, who, reason, ended_at_s=at_s)
        alerts.clear("payment-odd", number, at_s)
        return sent

    return money_transaction(work)


def send_back(order: Order, payment: str, amount: Money, asked: Asked, office: Office) -> Refund:
    """Give back money that bought nothing. In the caller's transaction."""
    by = store.payment(payment).channel
    number, day = _next_number(order), office.day(asked.at_s)
    posting = rules.refund_before_delivery(number, order.id, by, amount, day, asked.who)
    return _insert(order, payment, amount, asked, posting)


def refund_due(office: Office, most: int = 200) -> int:
    """Send what is to go back, and ask what became of it; return how many steps were made."""
    for done in range(most):
        found = _take(office.now_s())
        if found is None:
            return done
        try:
            _step(found, office)
        except ChannelRefused as exc:
            _stuck(found, exc.code, office)
        except HubError as exc:
            _later(found, str(exc.extra.get("code", exc.slug)), office)
    return most


def wake(number: str, at_s: int) -> bool:
    """Make the question after a refund due now; a callback's transaction does it.

    Args:
        number: Of the refund, or of the payment that it is of: channels name either.
    """
    return bool(
        rows(
            "UPDATE refund SET next_at_s = ? WHERE (number = ? OR payment = ?)"
            " AND state IN ('asked', 'sent') RETURNING number",
            (at_s, number, number),
        )
    )


def try_again(number: str, office: Office) -> None:
    """Send a refund again that was stuck: a person has cleared what was in its way.

    Raises:
        Conflict: it is not stuck.
    """
    at_s = office.now_s()

    def work() -> None:
        hit = rows(
            "UPDATE refund SET state = 'sent', next_at_s = ?, attempts = 1 WHERE number = ?"
            " AND state = 'stuck' RETURNING number",
            (at_s, number),
        )
        if not hit:
            raise Conflict(Saying("refund-not-stuck", number=number))
        alerts.clear(STUCK, number, at_s)

    money_transaction(work)


# --- what is undone ------------------------------------------------------------------------------


def _before(order: Order, chosen: list[Unit], asked: Asked, office: Office) -> Refund:
    reason, who, at_s = asked
    if not order.state.is_paid:
        raise Conflict(Saying("order-is", order=order.id, state=str(order.state)))
    delivered = [unit for unit in chosen if unit.state.is_delivered]
    _give_up([unit for unit in chosen if not unit.state.is_delivered], at_s)
    number, payment = _next_number(order), paid_payment(order)
    amount = _goes_back(order, payment, chosen)
    by, day = store.payment(payment).channel, office.day(at_s)
    borne = Money(sum(unit.price for unit in chosen) - amount.minor, amount.currency)
    if borne.minor:
        post(rules.shortfall_undone(number, order.id, borne, day, who), at_s)
    posting = rules.refund_before_delivery(
        number, order.id, by, amount, day, who, spent=_spent(delivered, at_s)
    )  # fmt: skip
    sent = _insert(order, payment, amount, asked, posting)
    _note_cost([unit.id for unit in delivered if unit.cost_account.startswith("1310.")], number)
    for unit in chosen:
        event = UnitEvent.REVERSED if unit.state.is_delivered else UnitEvent.CANCELLED
        store.move_unit(unit, event, at_s, who, reason, refund=number)
        _note_voucher(unit, number, at_s)
    give_back([unit.id for unit in chosen if not unit.state.is_delivered], at_s)
    store.add_refunded(order.id, amount.minor)
    if order.state is OrderState.HELD:
        if all(unit.state.is_over for unit in store.units(order.id)):
            store.move_order(order, OrderEvent.GONE_BACK, at_s, who, ended_at_s=at_s)
    else:
        serve.settle(order.id, at_s, office)
    return sent


def _after(order: Order, chosen: list[Unit], asked: Asked, office: Office) -> Refund:
    reason, who, at_s = asked
    for unit in chosen:
        if not unit.state.is_delivered:
            raise Conflict(Saying("unit-is", unit=unit.id, state=str(unit.state)))
    number, payment = _next_number(order), paid_payment(order)
    amount = _goes_back(order, payment, chosen)
    by = store.payment(payment).channel
    revoked = tuple(_take_voucher_back(unit, at_s) for unit in chosen if unit.voucher)
    vouchers = _left_for(order, payment, [u for u in chosen if serve.is_voucher(u)])
    goods = Money(amount.minor - vouchers, amount.currency)
    clawed = _claw(order, number, goods, at_s) if goods.minor else ()
    event = Refunded(
        number, order.id, by, amount, clawed, vouchers=vouchers, revoked=revoked
    )  # fmt: skip
    posting = rules.refund_after_completion(event, office.day(at_s), who)
    sent = _insert(order, payment, amount, asked, posting)
    for unit in chosen:
        store.move_unit(unit, UnitEvent.REVERSED, at_s, who, reason, refund=number)
        _note_voucher(unit, number, at_s)
    store.add_refunded(order.id, amount.minor)
    return sent


def _give_up(units: list[Unit], at_s: int) -> None:
    for unit in units:
        if unit.state.is_over:
            raise Conflict(Saying("unit-is", unit=unit.id, state=str(unit.state)))
        if unit.fulfilment in serve.BOUGHT and unit.state is not UnitState.WAITING:
            buy_no_more(unit.id, at_s)


def _spent(delivered: list[Unit], at_s: int) -> Counter[str]:
    """Return what units have cost that go back before their order is completed, by account.

    A voucher of ours is revoked instead: what its holder is owed is posted at completion only.
    """
    spent: Counter[str] = Counter()
    for unit in delivered:
        if unit.voucher is not None:
            _take_voucher_back(unit, at_s)
        elif unit.cost:
            spent[unit.cost_account] += unit.cost
    return spent


def _goes_back(order: Order, payment: str, chosen: list[Unit]) -> Money:
    """Return what of the price of units goes back to the buyer; Conflict if nothing does."""
    minor = _left_for(order, payment, chosen)
    if not minor:
        raise Conflict(N_("This has cost nothing, so nothing goes back."))
    return Money(minor, order.price.currency)


def _left_for(order: Order, payment: str, chosen: list[Unit]) -> int:
    shares = _paid_for(order, payment)
    return sum(shares[unit.id] - unit.refunded for unit in chosen)


def _paid_for(order: Order, payment: str) -> dict[str, int]:
    """Return what was paid for each unit: its price; if too little has come, its part of that.

    The parts come to what was paid, and no more ever goes back.
    """
    paid = store.paid_by(payment)
    assert paid is not None, "what goes back has come"
    price = order.price.minor
    come, upto = min(paid, price), 0
    shares: dict[str, int] = {}
    for unit in store.units(order.id):
        before, upto = upto, upto + unit.price
        shares[unit.id] = upto * come // price - before * come // price
    return shares


def _note_voucher(unit: Unit, number: str, at_s: int) -> None:
    if unit.voucher is not None:
        change(
            "INSERT INTO voucher_refund (voucher_id, refund, at_s) VALUES (?, ?, ?)",
            (unit.voucher, number, at_s),
        )


def _note_cost(units: list[str], number: str) -> None:
    if units:
        [(journal,)] = rows("SELECT journal_id FROM refund WHERE number = ?", (number,))
        cost_posted(units, journal)


def _claw(order: Order, number: str, amount: Money, at_s: int) -> tuple[Clawed, ...]:
    if not rows("SELECT 1 FROM shared_sale WHERE ref = ?", (order.id,)):
        return ()
    return sharing.claw_back(sharing.Refund(number, order.id, amount), at_s).clawed


def _take_voucher_back(unit: Unit, at_s: int) -> Cost:
    """Revoke a voucher of which nothing was used; return what is owed no more."""
    assert unit.voucher is not None, "chosen by whoever calls"
    used = rows(
        "SELECT 1 FROM redemption_entry WHERE voucher_id = ? AND covered > 0", (unit.voucher,)
    )
    if used:
        raise Conflict(Saying("voucher-was-used", unit=unit.id))
    if rows(
        "SELECT 1 FROM expired_batch e JOIN voucher v ON v.batch = e.batch WHERE v.id = ?",
        (unit.voucher,),
    ):
        raise Conflict(Saying("voucher-has-expired", unit=unit.id))
    revoke(VoucherId(unit.voucher))
    _break_promise(VoucherId(unit.voucher), at_s)
    return Cost(unit.cost_account, unit.cost)


def _break_promise(voucher: VoucherId, at_s: int) -> None:
    """Let nobody earn of a voucher that goes back; nothing was posted of it yet."""
    ref = promise_ref(voucher)
    for minor, currency in rows(
        "SELECT left_minor, currency FROM shared_sale WHERE ref = ? AND left_minor > 0", (ref,)
    ):
        sharing.claw_back(sharing.Refund(f"rf:{ref}", ref, Money(int(minor), currency)), at_s)


# --- one refund ----------------------------------------------------------------------------------


def check_reason(reason: str) -> None:
    """Make sure that there is a reason that a channel can be told; RequestInvalid if not."""
    if not 1 <= len(reason.strip()) <= REASON_CHARS:
        raise RequestInvalid(Saying("say-why", most=REASON_CHARS))
    if not reason.isprintable():
        raise RequestInvalid(N_("There are signs in the reason that cannot be seen."))


def paid_payment(order: Order) -> str:
    """Return the payment that has bought an order: the first that was made."""
    paid = [p for p in store.payments(order.id) if p.state is PaymentState.PAID]
    back = {refund.payment for refund in store.refunds(order.id) if refund.reason == PAID_TWICE}
    for payment in paid:
        if payment.number not in back:
            return payment.number
    raise NotFound(Saying("order-not-paid", order=order.id))


def _next_number(order: Order) -> str:
    return f"R{order.id[1:]}{len(store.refunds(order.id)) + 1:02d}"


def _insert(order: Order, payment: str, amount: Money, asked: Asked, posting: Posting) -> Refund:
    number = _next_number(order)
    reason, who, at_s = asked
    paid = store.paid_by(payment)
    assert paid is not None, "what goes back has come"
    [(back,)] = rows("SELECT coalesce(sum(amount), 0) FROM refund WHERE payment = ?", (payment,))
    if back + amount.minor > paid:
        raise Conflict(
            Saying("no-more-came", payment=payment, paid=str(Money(paid, amount.currency)))
        )
    journal = post(posting, at_s).id
    change(
        "INSERT INTO refund (number, order_id, payment, channel, amount, currency, total, reason,"
        " asked_by, state, asked_at_s, next_at_s, lease_until_s, attempts, last_code, journal_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'asked', ?, ?, 0, 0, '', ?)",
        (number, order.id, payment, store.payment(payment).channel, amount.minor, amount.currency,
         paid, reason, who, at_s, at_s, journal),
    )  # fmt: skip
    store.note(order.id, "", at_s, who, "refund-asked", str(order.state), f"{number} {amount}")
    return store.refund(number)


def _step(found: Refund, office: Office) -> None:
    at_s = office.now_s()
    if found.channel in OWN_MONEY:
        if _is_gone(store.payment(found.payment).payer):
            # Whoever it was has deleted his account: a person finds another way to him.
            _stuck(found, "account-deleted", office)
            return
        money_transaction(lambda: _to_balance(found, at_s, office))
        return
    pay_in = office.channels.pay_in(found.channel)
    order = channel.RefundOrder(
        found.payment, found.number, found.amount, found.total, found.reason
    )
    if found.attempts == 0:
        said = pay_in.refund(order)
    else:
        said = pay_in.query_refund(found.payment, found.number)
        if said.state is channel.RefundState.NOT_FOUND:
            said = pay_in.refund(order)
    if said.state is channel.RefundState.DONE:
        money_transaction(lambda: _done(found, at_s, office))
    elif said.state in {channel.RefundState.FAILED, channel.RefundState.STUCK}:
        _stuck(found, said.channel_state or str(said.state), office)
    else:
        _later(found, said.channel_state, office)


def _done(found: Refund, at_s: int, office: Office) -> None:
    posting = rules.refund_confirmed(
        found.number, found.channel, found.amount, office.day(at_s), ACTOR
    )
    _finish(found, posting, at_s, office)


def _to_balance(found: Refund, at_s: int, office: Office) -> None:
    buyer, day = store.get(found.order).buyer, office.day(at_s)
    if buyer:
        posting = OWN_MONEY[found.channel](found.number, buyer, found.amount, day, ACTOR)
    else:
        payer = store.payment(found.payment).payer
        posting = rules.refund_to_balance(found.number, payer, found.amount, day, ACTOR)
    _finish(found, posting, at_s, office)


def _is_gone(payer: str) -> bool:
    return bool(rows("SELECT 1 FROM customer WHERE id = ? AND state = 'deleted'", (payer,)))


def _finish(found: Refund, posting: Posting, at_s: int, office: Office) -> None:
    journal = post(posting, at_s).id
    [_] = rows(
        "UPDATE refund SET state = 'done', done_at_s = ?, done_journal_id = ?, lease = NULL,"
        " lease_until_s = 0, last_code = '' WHERE number = ? AND state <> 'done' RETURNING number",
        (at_s, journal, found.number),
    )
    store.note(found.order, "", at_s, found.channel, "refund-done", "", found.number)
    tell(found.order, Told.REFUNDED, at_s, office, found.number)
    alerts.clear(STUCK, found.number, at_s)


def _take(at_s: int) -> Refund | None:
    due = "state IN ('asked', 'sent') AND next_at_s <= ? AND lease_until_s <= ?"
    first = f"SELECT number FROM refund WHERE {due} ORDER BY next_at_s, number LIMIT 1"
    if not rows(first, (at_s, at_s)):
        return None

    def work() -> Refund | None:
        found = rows(first, (at_s, at_s))
        if not found:
            return None
        before = store.refund(found[0][0])
        taken = rows(
            "UPDATE refund SET state = 'sent', lease = ?, lease_until_s = ?,"
            f" attempts = attempts + 1 WHERE number = ? AND {due} RETURNING number",
            (secrets.token_hex(8), at_s + LEASE_S, before.number, at_s, at_s),
        )
        return before if taken else None

    return money_transaction(work)


def _later(found: Refund, code: str, office: Office) -> None:
    pause_s = POLL_S[min(found.attempts, len(POLL_S) - 1)]
    money_transaction(
        lambda: change(
            "UPDATE refund SET next_at_s = ?, last_code = ?, lease = NULL, lease_until_s = 0"
            " WHERE number = ? AND state = 'sent'",
            (office.now_s() + pause_s, code[:64], found.number),
        )
    )


def _stuck(found: Refund, code: str, office: Office) -> None:
    at_s = office.now_s()

    def work() -> None:
        change(
            "UPDATE refund SET state = 'stuck', last_code = ?, lease = NULL, lease_until_s = 0"
            " WHERE number = ? AND state = 'sent'",
            (code[:64], found.number),
        )
        refused = Saying("refund-refused", amount=str(found.amount), code=code)
        alerts.tell(STUCK, found.number, refused, at_s)

    money_transaction(work)
