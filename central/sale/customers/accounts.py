"""What a customer does with his account: signs in, proves himself, changes and deletes it."""

from __future__ import annotations

from central.errors import Conflict, NotFound, NotPermitted, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.language.words import N_
from central.money.ledger import rules
from central.money.ledger.balance import balance
from central.sale.customers import codes, store
from central.sale.customers.model import (
    Contact,
    Customer,
    CustomerId,
    CustomerState,
    Purpose,
    contact_of,
)
from central.sale.customers.store import SignedIn
from central.sale.delivery.reveal import check_code
from central.sale.orders.model import Order
from central.sale.orders.office import Office
from central.sale.orders.private import fields_of
from central.sale.orders.store import by_token, get

UNENDED = ("pending", "mismatch", "held", "serving", "partly", "exception")


def ask_to_sign_in(typed: str, network: str, locale: str, office: Office) -> str:
    """Have a code sent to whatever address was typed; return the code's number.

    Raises:
        RequestInvalid: it is no address, or none of a kind that we can write to.
        TooManyTries: this address, or this network, has had too many.
    """
    asked = codes.Asked(Purpose.SIGN_IN, _contact(typed), network, locale)
    return codes.send(asked, office)


def sign_in(number: str, code: str, office: Office) -> str:
    """Sign the owner of an address in, into a new account if he has none; return the token of his
    session. It is a new one each time: nobody can have handed it to him.

    Raises:
        NotPermitted: of the code; or the account is stopped.
    """
    proved = codes.check(number, code, Purpose.SIGN_IN, office)
    at_s = office.now_s()

    def work() -> str:
        found = store.with_contact(proved.contact, office.seal)
        if found is None:
            found = store.open_account(proved.contact, proved.locale, at_s, office.seal)
        if found.state is not CustomerState.ACTIVE:
            raise NotPermitted(N_("This account is stopped. Ask the shop why."))
        return store.begin_session(found.id, at_s)

    return money_transaction(work)


def ask_to_prove(customer: Customer, kind: str, network: str, office: Office) -> str:
    """Have a code sent to one of the customer's own addresses; return the code's number.

    Raises:
        RequestInvalid: he has no such address. TooManyTries: of codes.
    """
    own = {contact.kind: contact for contact in customer.contacts}
    if kind not in own:
        raise RequestInvalid(N_("Your account has no such address."))
    asked = codes.Asked(Purpose.PROVE, own[kind], network, customer.locale, customer.id)
    return codes.send(asked, office)


def prove(who: SignedIn, number: str, code: str, office: Office) -> None:
    """Note that whoever has signed in still is the customer.

    Raises:
        NotPermitted: of the code; or it was sent for somebody else.
    """
    proved = codes.check(number, code, Purpose.PROVE, office)
    _same(proved.customer, who)
    at_s = office.now_s()
    money_transaction(lambda: store.prove_session(who.token, at_s))


def ask_for_contact(who: SignedIn, typed: str, network: str, office: Office) -> str:
    """Have a code sent to an address that is to be the account's; return the code's number.

    Raises:
        NotPermitted: the last code is too long ago. RequestInvalid, TooManyTries: of codes.
    """
    check_fresh(who, office)
    customer = who.customer
    asked = codes.Asked(Purpose.CONTACT, _contact(typed), network, customer.locale, customer.id)
    return codes.send(asked, office)


def change_contact(who: SignedIn, number: str, code: str, office: Office) -> Contact:
    """Give an account the address that was proved; what it takes the place of is told.

    Raises:
        NotPermitted: of the code; or it was sent for somebody else.
        Conflict: another account has this address, which its owner may know.
    """
    proved = codes.check(number, code, Purpose.CONTACT, office)
    _same(proved.customer, who)
    at_s = office.now_s()

    def work() -> None:
        now = store.get(who.customer.id, office.seal)
        store.set_contact(now, proved.contact, office.seal)
        for old in now.contacts:
            if old.kind == proved.contact.kind and old != proved.contact:
                codes.tell_changed(now, old, office, at_s)

    money_transaction(work)
    return proved.contact


def add_order(who: SignedIn, link: str, code: str, office: Office) -> Order:
    """Make a guest's order the account's, by its link and its code.

    Raises:
        NotFound: there is no such order. NotPermitted, TooManyTries: of its code.
        Conflict: it is another account's.
    """
    token = link.strip().rstrip("/").rpartition("/")[2]
    try:
        order = by_token(token)
    except NotFound:
        raise NotFound(N_("There is no order of this link.")) from None
    check_code(order, code, office.now_s())
    store.add_order(order.id, who.customer.id, office.now_s())
    return order


def check_fresh(who: SignedIn, office: Office) -> None:
    """Make sure that a code was typed not long ago, for what moves money or the account.

    Raises:
        NotPermitted: the last one is too long ago.
    """
    if not who.is_fresh(office.now_s()):
        raise NotPermitted(N_("Have a code sent to you first: the last one is too long ago."))


def delete(who: SignedIn, office: Office) -> None:
    """Delete an account: whoever it was is not known any more, here or in its orders. Orders,
    payments and the ledger stay, under numbers.

    Raises:
        NotPermitted: the last code is too long ago.
        Conflict: there is a balance, a top-up or refund that has not ended, or an order that has
            not.
    """
    check_fresh(who, office)
    customer, at_s = who.customer.id, office.now_s()

    def work() -> None:
        why = why_not_deleted(customer)
        if why:
            raise Conflict(why)
        for (order,) in rows(
            "SELECT order_id FROM customer_order WHERE customer_id = ?", (customer,)
        ):
            _forget_buyer(get(order), office)
        store.erase(customer, at_s, office.seal)

    money_transaction(work)


def why_not_deleted(customer: CustomerId) -> str:
    """Return what an account has to wait for before it can be deleted; empty if nothing."""
    held = balance(rules.balance_account(customer))
    if held.posted:
        return N_("There is money on your balance. Spend it, or ask the shop to give it back.")
    top_ups = rows(
        "SELECT 1 FROM top_up WHERE customer_id = ? AND state IN ('asked', 'open') UNION ALL"
        " SELECT 1 FROM top_up_refund r JOIN top_up t ON t.number = r.top_up"
        " WHERE customer_id = ? AND r.state <> 'done' LIMIT 1",
        (customer, customer),
    )
    if top_ups:
        return N_("A top-up of your balance has not ended. Give it up, or wait for it.")
    marks = ", ".join("?" for _ in UNENDED)
    orders = rows(
        "SELECT 1 FROM customer_order c JOIN sale_order o ON o.id = c.order_id"
        f" WHERE customer_id = ? AND o.state IN ({marks}) UNION ALL"
        " SELECT 1 FROM customer_order c JOIN refund r ON r.order_id = c.order_id"
        " WHERE customer_id = ? AND r.state <> 'done' UNION ALL"
        " SELECT 1 FROM customer_order c JOIN after_sale a ON a.order_id = c.order_id"
        " WHERE customer_id = ? AND a.state = 'open' LIMIT 1",
        (customer, *UNENDED, customer, customer),
    )
    return N_("An order of yours has not ended. Wait for it, or give it up.") if orders else ""


def _forget_buyer(order: Order, office: Office) -> None:
    """Take from an order what says something of a person, and leave what delivery needs."""
    place = f"order:{order.id}"
    [(sealed,)] = rows("SELECT private FROM sale_order WHERE id = ?", (order.id,))
    told = office.seal.open(bytes(sealed), place)
    private = {field.id for field in fields_of(order) if field.is_pii}
    kept = {name: "–" if name in private else text for name, text in told.items() if name}
    change(
        "UPDATE sale_order SET private = ?, contact_print = ?, address_print = ? WHERE id = ?",
        (office.seal.close(kept, place), b"", b"", order.id),
    )


def _contact(typed: str) -> Contact:
    found = contact_of(typed)
    if found is None:
        raise RequestInvalid(N_("This is no e-mail address and no mobile number."))
    return found


def _same(customer: CustomerId | None, who: SignedIn) -> None:
    if customer != who.customer.id:
        raise NotPermitted(N_("This code was for somebody else."))
