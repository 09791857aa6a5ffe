"""Headquarters answers a case: another key, the price back, or no; and claims from the supplier."""

from __future__ import annotations

from typing import NamedTuple

from central.errors import Conflict, RequestInvalid
from central.foundation.db.engine import money_transaction
from central.foundation.jobs import alerts
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.money.ledger import rules
from central.money.ledger.store import post
from central.sale.after_sales import store
from central.sale.after_sales.model import SAID_CHARS, Case, CaseState, ClaimState, Reason
from central.sale.after_sales.words import REASONS
from central.sale.orders import mail, refund
from central.sale.orders import store as orders
from central.sale.orders.office import Office
from central.sale.orders.states import UnitEvent
from central.supply.cards.model import Shortage
from central.supply.cards.reserve import replace as another_key
from central.supply.cards.stock import supplier_of
from central.supply.cards.store import get_batch, get_key, key_of_unit
from central.supply.catalogue.selling import min_days_left
from central.supply.product_types.model import Fulfilment
from central.supply.suppliers.ask_for import bought
from edge.contract.money import Money

LATE = "case-late"


def replace(case_id: int, answer: str, who: str, office: Office) -> Case:
    """Give the buyer another key of our stock; the first is sold to nobody else.

    Raises:
        Conflict: it is closed, there is no key left, or it is nothing that can be replaced.
    """
    said, at_s = _said(answer), office.now_s()

    def work() -> Case:
        case = store.get(case_id)
        unit = orders.unit(case.unit)
        closed = store.close(case, CaseState.REPLACED, said, who, at_s, None)
        if unit.fulfilment is not Fulfilment.LOCAL_KEY:
            raise Conflict(N_("Only a key of our own stock is replaced; give the price back."))
        if not unit.state.is_delivered:
            raise Conflict(
                N_("Nothing was delivered yet: deliver it on the order's page, or give the price"
                   " back.")
            )  # fmt: skip
        days = min_days_left(unit.sku)
        given = another_key(unit.id, at_s, day=office.day(at_s), actor=who, min_days_left=days)
        if isinstance(given, Shortage):
            raise Conflict(N_("There is no other key in stock."))
        orders.move_unit(unit, UnitEvent.REPLACED, at_s, who, said)
        _answered(case, at_s, office)
        return closed

    return money_transaction(work)


def give_back(
    case_id: int, answer: str, who: str, office: Office, minor: int | None = None
) -> Case:  # fmt: skip
    """Give the buyer the unit's price back; agents give back what they had of it.

    Args:
        minor: Only so much of it, and he keeps the unit; None for all that is left of it.

    Raises:
        Conflict: it is closed, the unit cannot go back, or it is not less than what is left.
    """
    said, at_s = _said(answer), office.now_s()

    def work() -> Case:
        case = store.get(case_id)
        reason = f"case {case_id}: {case.reason}"
        if minor is None:
            back = refund.refund_units(case.order, [case.unit], reason, who, office)
        else:
            back = refund.refund_part(case.unit, minor, reason, who, office)
        _answered(case, at_s, office)
        return store.close(case, CaseState.REFUNDED, said, who, at_s, back.number)

    return money_transaction(work)


def reject(case_id: int, answer: str, who: str, office: Office) -> Case:
    """Say no, and why.

    Raises:
        RequestInvalid: no reason is given. Conflict: it is closed.
    """
    said, at_s = _said(answer), office.now_s()

    def work() -> Case:
        case = _end(case_id, CaseState.REJECTED, said, who, at_s)
        _answered(case, at_s, office)
        return case

    return money_transaction(work)


def withdraw(case_id: int, office: Office) -> Case:
    """The buyer wants nothing any more; Conflict if it is closed."""
    at_s = office.now_s()
    return money_transaction(lambda: _end(case_id, CaseState.WITHDRAWN, "", "buyer", at_s))


class Claimable(NamedTuple):
    """What can be claimed for a unit, and from whom; ``minor`` is what it has cost."""

    supplier: str
    minor: int


def claimable(case: Case) -> Claimable | None:
    """Return what can be claimed for a case: what its purchase has cost, or its key of our stock.

    A batch names its supplier by the account that it was paid from, or as its source.
    """
    unit = orders.unit(case.unit)
    if unit.fulfilment in {Fulfilment.SUPPLIER_KEY, Fulfilment.DIRECT_TOPUP}:
        found = Claimable(bought(unit.id).supplier, unit.cost)
    elif unit.fulfilment is Fulfilment.LOCAL_KEY and (key := case.key or _key_of(unit.id)):
        batch = get_batch(get_key(key).batch)
        found = Claimable(supplier_of(batch), batch.unit_cost.minor)
    else:
        return None
    return found if found.supplier and found.minor else None


def claim(case_id: int, who: str, office: Office) -> Case:
    """Note that the supplier of the unit was asked for its cost.

    Raises:
        Conflict: no supplier is known whom it has cost something at, the buyer has only changed
            his mind, or he was asked before.
    """
    at_s = office.now_s()

    def work() -> Case:
        case = store.get(case_id)
        if case.state in {CaseState.REJECTED, CaseState.WITHDRAWN}:
            raise Conflict(Saying("case-is", case=case_id, state=str(case.state)))
        if case.reason is Reason.CHANGED_MIND:
            raise Conflict(N_("Nothing is wrong with it: the buyer has changed his mind."))
        if store.is_claimed(case):
            raise Conflict(N_("It was claimed in another case."))
        wanted = claimable(case)
        if wanted is None:
            raise Conflict(N_("No supplier is known whom this has cost something at."))
        state = str(orders.unit(case.unit).state)
        orders.note(case.order, case.unit, at_s, who, "claim-sent", state, wanted.supplier)
        return store.move_claim(
            case, ClaimState.NONE, ClaimState.SENT, claim_on=wanted.supplier,
            claim_minor=wanted.minor,
        )  # fmt: skip

    return money_transaction(work)


def claim_answered(
    case_id: int, to: str | None, who: str, office: Office
) -> Case:  # fmt: skip
    """Note what the supplier has said.

    Args:
        to: Where he gives it back: ``2210.kasushou`` or ``1040.kasushou``; None: he does not.

    Raises:
        Conflict: he was not asked, or has answered before.
        RequestInvalid: the account is not his.
    """
    at_s = office.now_s()

    def work() -> Case:
        case = store.get(case_id)
        order = orders.get(case.order)
        told = "claim-denied" if to is None else "claim-accepted"
        orders.note(case.order, case.unit, at_s, who, told, "", case.claim_on)
        if to is None:
            return store.move_claim(case, ClaimState.SENT, ClaimState.DENIED)
        if to not in {f"{heading}.{case.claim_on}" for heading in ("1040", "2210")}:
            raise RequestInvalid(N_("Name the supplier's account: 1040 or 2210."))
        amount = Money(case.claim_minor, order.price.currency)
        posting = rules.goods_taken_back(str(case_id), to, amount, office.day(at_s), who)
        journal = post(posting, at_s).id
        return store.move_claim(case, ClaimState.SENT, ClaimState.ACCEPTED, journal_id=journal)

    return money_transaction(work)


def tell_late(at_s: int) -> int:
    """Raise an alert for each case that was to be answered by now; return how many there are."""
    found: dict[str, str] = {
        str(case.id): Saying("case-waits", unit=case.unit, title=REASONS[case.reason])
        for case in store.late(at_s)
    }
    alerts.tell_all(LATE, found, at_s)
    return len(found)


def _key_of(unit: str) -> int | None:
    key = key_of_unit(unit)
    return key.id if key else None


def _answered(case: Case, at_s: int, office: Office) -> None:
    alerts.clear(LATE, str(case.id), at_s)
    mail.tell(case.order, mail.Told.ANSWERED, at_s, office, f"case-{case.id}")


def _end(case_id: int, to: CaseState, said: str, who: str, at_s: int) -> Case:
    case = store.close(store.get(case_id), to, said, who, at_s, None)
    orders.note(case.order, case.unit, at_s, who, f"case-{to}", "", said)
    alerts.clear(LATE, str(case_id), at_s)
    return case


def _said(answer: str) -> str:
    text = answer.strip()
    if not 1 <= len(text) <= SAID_CHARS:
        raise RequestInvalid(N_("Say why, in at most 1000 characters: the buyer reads it."))
    return text
