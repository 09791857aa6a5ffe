"""The rows of customers: found by address, session or number; signed in and out."""

from __future__ import annotations

import hashlib
import secrets
from base64 import b32encode
from typing import Any, NamedTuple

from central.errors import Conflict, NotFound
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.language.words import N_
from central.foundation.seal import Seal
from central.sale.customers.model import (
    FRESH_S,
    SESSION_S,
    Contact,
    Customer,
    CustomerId,
    CustomerState,
)
from central.sale.orders.model import Order, OrderId
from central.sale.orders.store import get as order_of

_CUSTOMER = "SELECT id, private, locale, state, created_at_s, member_until_s FROM customer"
_PRINT = {"mail": "mail_print", "mobile": "mobile_print"}


class SignedIn(NamedTuple):
    """Somebody who has signed in.

    Args:
        proved_at_s: When he last typed a code.
    """

    customer: Customer
    token: str
    proved_at_s: int

    def __repr__(self) -> str:
        """Leave out the token."""
        return f"SignedIn({self.customer.id})"

    def is_fresh(self, at_s: int) -> bool:
        """Whether the last code is recent enough for what moves money or the account."""
        return at_s - self.proved_at_s <= FRESH_S


# --- accounts ------------------------------------------------------------------------------------


def get(customer: str, seal: Seal) -> Customer:
    """Return a customer; NotFound if there is none of this number."""
    found = _customers(seal, "WHERE id = ?", (customer,))
    if not found:
        raise NotFound(N_("There is no such customer."))
    return found[0]


def with_contact(contact: Contact, seal: Seal) -> Customer | None:
    """Return the customer who has proved an address; None if nobody has."""
    found = _customers(seal, f"WHERE {_PRINT[contact.kind]} = ?", (print_of(contact, seal),))
    return found[0] if found else None


def newest(count: int, seal: Seal, before: str = "") -> list[Customer]:
    """Return the newest accounts, also those that were deleted.

    Args:
        before: Only those that are older than this one; NotFound if there is none.
    """
    where, values = "", []
    if before:
        where, values = (
            "WHERE (created_at_s, id) < (?, ?)",
            [get(before, seal).created_at_s, before],
        )
    return _customers(
        seal, f"{where} ORDER BY created_at_s DESC, id DESC LIMIT ?", (*values, count)
    )  # fmt: skip


def open_account(contact: Contact, locale: str, at_s: int, seal: Seal) -> Customer:
    """Open an account for a proved address that has none. In the caller's transaction."""
    customer = CustomerId("C" + b32encode(secrets.token_bytes(10)).decode()[:15])
    change(
        f"INSERT INTO customer (id, private, {_PRINT[contact.kind]}, locale, state, created_at_s)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (customer, seal.close({contact.kind: contact.text}, _place(customer)),
         print_of(contact, seal), locale, str(CustomerState.ACTIVE), at_s),
    )  # fmt: skip
    return get(customer, seal)


def set_contact(customer: Customer, contact: Contact, seal: Seal) -> None:
    """Give an account a proved address in place of what it had of this kind. In the caller's
    transaction.

    Raises:
        Conflict: another account has it.
    """
    other = with_contact(contact, seal)
    if other is not None and other.id != customer.id:
        raise Conflict(N_("This address has an account of its own; sign in with it instead."))
    private = {one.kind: one.text for one in customer.contacts} | {contact.kind: contact.text}
    _hit(
        f"UPDATE customer SET private = ?, {_PRINT[contact.kind]} = ? WHERE id = ?"
        " AND state = 'active' RETURNING id",
        (seal.close(private, _place(customer.id)), print_of(contact, seal), customer.id),
    )


def set_locale(customer: CustomerId, locale: str) -> None:
    """Choose the language in which an account is written to."""
    money_transaction(
        lambda: change("UPDATE customer SET locale = ? WHERE id = ?", (locale, customer))
    )


def move(customer: CustomerId, to: CustomerState) -> None:
    """Stop an account, and end its sessions, or let it in again.

    Raises:
        NotFound: there is no such account. Conflict: it does not go there.
    """
    if not rows("SELECT 1 FROM customer WHERE id = ?", (customer,)):
        raise NotFound(N_("There is no such customer."))
    source = {
        CustomerState.STOPPED: CustomerState.ACTIVE,
        CustomerState.ACTIVE: CustomerState.STOPPED,
    }[to]

    def work() -> None:
        _hit(
            "UPDATE customer SET state = ? WHERE id = ? AND state = ? RETURNING id",
            (str(to), customer, str(source)),
        )
        if to is CustomerState.STOPPED:
            change("DELETE FROM customer_session WHERE customer_id = ?", (customer,))

    money_transaction(work)


def set_member(customer: CustomerId, until_s: int | None, by: str) -> None:
    """Let a customer pay member prices until a moment; None: he is no member (any more).

    Raises:
        Conflict: there is no such account, or it is deleted.
    """
    money_transaction(
        lambda: _hit(
            "UPDATE customer SET member_until_s = ?, member_by = ? WHERE id = ?"
            " AND state <> 'deleted' RETURNING id",
            (until_s, by, customer),
        )
    )


def erase(customer: CustomerId, at_s: int, seal: Seal) -> None:
    """Leave of an account its number alone, and end its sessions. In the caller's transaction.

    Raises:
        Conflict: it is not active (any more).
    """
    _hit(
        "UPDATE customer SET state = 'deleted', private = ?, mail_print = NULL,"
        " mobile_print = NULL, ended_at_s = ? WHERE id = ? AND state = 'active' RETURNING id",
        (seal.close({}, _place(customer)), at_s, customer),
    )
    change("DELETE FROM customer_session WHERE customer_id = ?", (customer,))
    change("DELETE FROM address_code WHERE customer_id = ?", (customer,))


def print_of(contact: Contact, seal: Seal) -> bytes:
    """Return what an address is found by."""
    return seal.print_of(f"customer {contact.kind}", contact.text)


# --- sessions ------------------------------------------------------------------------------------


def begin_session(customer: CustomerId, at_s: int) -> str:
    """Let a customer in; return the token of his session. In the caller's transaction."""
    token = secrets.token_urlsafe(32)
    change(
        "INSERT INTO customer_session (token_hash, customer_id, began_at_s, proved_at_s, ends_at_s)"
        " VALUES (?, ?, ?, ?, ?)",
        (_hash(token), customer, at_s, at_s, at_s + SESSION_S),
    )
    return token


def signed_in(token: str, at_s: int, seal: Seal) -> SignedIn | None:
    """Return who has signed in with a token; None if nobody has, or may any more."""
    found = rows(
        "SELECT customer_id, proved_at_s FROM customer_session JOIN customer c ON c.id ="
        " customer_id WHERE token_hash = ? AND ends_at_s > ? AND state = 'active'",
        (_hash(token), at_s),
    )
    return SignedIn(get(found[0][0], seal), token, int(found[0][1])) if found else None


def prove_session(token: str, at_s: int) -> None:
    """Note that whoever has signed in has typed a code again. In the caller's transaction."""
    change("UPDATE customer_session SET proved_at_s = ? WHERE token_hash = ?", (at_s, _hash(token)))


def end_session(token: str) -> None:
    """Sign out in one browser."""
    money_transaction(
        lambda: change("DELETE FROM customer_session WHERE token_hash = ?", (_hash(token),))
    )


def end_sessions(customer: CustomerId) -> None:
    """Sign out everywhere."""
    money_transaction(
        lambda: change("DELETE FROM customer_session WHERE customer_id = ?", (customer,))
    )


# --- orders --------------------------------------------------------------------------------------


def orders_of(customer: CustomerId, count: int, before: str = "") -> list[Order]:
    """Return the newest orders of an account.

    Args:
        before: Only those placed before this one of his; NotFound if it is none.
    """
    where, values = "", []
    if before:
        if owner_of(before) != customer:
            raise NotFound(N_("There is no such order."))
        where = " AND (placed_at_s, id) < (?, ?)"
        values = [order_of(before).placed_at_s, before]
    found = rows(
        "SELECT id FROM sale_order JOIN customer_order ON order_id = id"
        f" WHERE customer_id = ?{where} ORDER BY placed_at_s DESC, id DESC LIMIT ?",
        (customer, *values, count),
    )
    return [order_of(order) for (order,) in found]


def owner_of(order: str) -> CustomerId | None:
    """Return whose an order is; None if it is a guest's."""
    found = rows("SELECT customer_id FROM customer_order WHERE order_id = ?", (order,))
    return CustomerId(found[0][0]) if found else None


def add_order(order: OrderId, customer: CustomerId, at_s: int) -> None:
    """Make a guest's order an account's; doing it again changes nothing.

    Raises:
        Conflict: it is another account's.
    """

    def work() -> None:
        change(
            "INSERT INTO customer_order (order_id, customer_id, added_at_s) VALUES (?, ?, ?)"
            " ON CONFLICT (order_id) DO NOTHING",
            (order, customer, at_s),
        )
        if owner_of(order) != customer:
            raise Conflict(N_("This order belongs to another account."))

    money_transaction(work)


def _customers(seal: Seal, where: str, values: tuple[Any, ...]) -> list[Customer]:
    found = []
    for number, private, locale, state, *times in rows(f"{_CUSTOMER} {where}", values):
        told = seal.open(bytes(private), _place(number))
        found.append(Customer(
            CustomerId(number), told.get("mail", ""), told.get("mobile", ""), locale,
            CustomerState(state), *times,
        ))  # fmt: skip
    return found


def _hit(sql: str, values: tuple[Any, ...]) -> None:
    if not rows(sql, values):
        raise Conflict(N_("Something else has happened to this account meanwhile."))


def _place(customer: str) -> str:
    return f"customer:{customer}"


def _hash(token: str) -> bytes:
    # A token has 256 random bits: nothing is gained by a slow hash.
    return hashlib.sha256(token.encode()).digest()
