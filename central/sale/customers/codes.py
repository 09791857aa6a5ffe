"""Six digits that prove an address: sent to it, typed once, good for ten minutes.

A code follows from the number of its row and a key of ours, so it lies in no table and no outbox.
It is bound to what has asked for it: whoever types it needs that number too, which a browser keeps
in its session. What is answered never says whether an address is known.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from base64 import b32encode
from typing import Any, NamedTuple

from central.errors import NotPermitted, RequestInvalid, TooManyTries
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.jobs import outbox
from central.foundation.language.words import N_
from central.foundation.seal import Seal
from central.sale.customers import store
from central.sale.customers.model import (
    CODE_DIGITS,
    CODE_S,
    CONTACT_PER_DAY,
    CONTACT_PER_HOUR,
    DAY_S,
    HOUR_S,
    NETWORK_PER_HOUR,
    TRIES_MAX,
    Contact,
    Customer,
    CustomerId,
    Purpose,
)
from central.sale.orders.office import Office

MAIL_KIND, TEXT_KIND = "code-mail", "code-sms"


class Asked(NamedTuple):
    """What somebody wants a code for.

    Args:
        network: Address that he asks from.
        customer: Whose it is to be; None to sign in.
    """

    purpose: Purpose
    contact: Contact
    network: str
    locale: str
    customer: CustomerId | None = None


class Proved(NamedTuple):
    """An address that was proved, and for what."""

    purpose: Purpose
    contact: Contact
    locale: str
    customer: CustomerId | None


def kinds(office: Office) -> list[str]:
    """Return by what addresses somebody can sign in here; none where nothing can be sent."""
    return [kind for kind, is_there in
            (("mail", office.mails), ("mobile", office.text_codes)) if is_there]  # fmt: skip


def send(asked: Asked, office: Office) -> str:
    """Have a code sent; return its number, which whoever types the code has to bring.

    Raises:
        RequestInvalid: nothing can be sent to an address of this kind.
        TooManyTries: this address, or this network, has had too many; wait.
    """
    if asked.contact.kind not in kinds(office):
        raise RequestInvalid(N_("We cannot write to this. Try the other way."))
    at_s = office.now_s()

    def work() -> str:
        contact = store.print_of(asked.contact, office.seal)
        network = office.seal.print_of("network", network_of(asked.network))
        _check_often("contact_print", contact, HOUR_S, CONTACT_PER_HOUR, at_s)
        _check_often("contact_print", contact, DAY_S, CONTACT_PER_DAY, at_s)
        _check_often("network_print", network, HOUR_S, NETWORK_PER_HOUR, at_s)
        return _put(asked, network, office, at_s)

    return money_transaction(work)


def tell_changed(customer: Customer, old: Contact, office: Office, at_s: int) -> None:
    """Tell an old address that there is a new one. In the caller's transaction."""
    if old.kind in kinds(office):
        asked = Asked(Purpose.CHANGED, old, "", customer.locale, customer.id)
        _put(asked, b"", office, at_s)


def check(number: str, code: str, purpose: Purpose, office: Office) -> Proved:
    """Use a code up, and say what it has proved. Call it outside of a transaction: a wrong one is
    counted though it is refused, and a right one serves once whatever comes of it.

    Raises:
        NotPermitted: it is wrong, used, too old, was wrong too often, or for something else; in
            the same words.
    """
    at_s = office.now_s()
    typed = "".join(code.split()).encode()
    is_right = hmac.compare_digest(code_of(number, office.seal).encode(), typed)

    def work() -> list[tuple[Any, ...]]:
        return rows(
            "UPDATE address_code SET tries = tries + ?, used_at_s = ? WHERE id = ?"
            " AND purpose = ? AND used_at_s IS NULL AND tries < ? AND ends_at_s > ?"
            " RETURNING customer_id, private, locale",
            (0 if is_right else 1, at_s if is_right else None, number, str(purpose), TRIES_MAX,
             at_s),
        )  # fmt: skip

    found = money_transaction(work)
    if not found or not is_right:
        raise NotPermitted(N_("This code is not right, or too old. Have a new one sent."))
    [(customer, private, locale)] = found
    [(kind, text)] = office.seal.open(bytes(private), _place(number)).items()
    whose = CustomerId(customer) if customer else None
    return Proved(purpose, Contact(kind, text), locale, whose)


def code_of(number: str, seal: Seal) -> str:
    """Return the code of a row."""
    print_ = seal.print_of("address code", number)
    return f"{int.from_bytes(print_[:8], 'big') % 10**CODE_DIGITS:0{CODE_DIGITS}}"


def contact_at(number: str, at_s: int, office: Office) -> tuple[Purpose, Contact, str] | None:
    """Return what is to be written, to whom and in which language; None once it is too late."""
    found = rows(
        "SELECT purpose, private, locale FROM address_code WHERE id = ? AND used_at_s IS NULL"
        " AND ends_at_s > ?",
        (number, at_s),
    )
    if not found:
        return None
    [(purpose, private, locale)] = found
    [(kind, text)] = office.seal.open(bytes(private), _place(number)).items()
    return Purpose(purpose), Contact(kind, text), locale


def forget_old(at_s: int) -> tuple[int, int]:
    """Forget codes that count for no limit any more, and sessions that have ended; say how many."""

    def work() -> tuple[int, int]:
        old = rows("DELETE FROM address_code WHERE asked_at_s <= ? RETURNING 1", (at_s - DAY_S,))
        over = rows("DELETE FROM customer_session WHERE ends_at_s <= ? RETURNING 1", (at_s,))
        return len(old), len(over)

    return money_transaction(work)


def network_of(address: str) -> str:
    """Return the network that an address counts as: itself, of IPv6 the /64 that a line gets."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network((found, 64), strict=False))


def _check_often(column: str, print_: bytes, within_s: int, most: int, at_s: int) -> None:
    [(count, oldest)] = rows(
        f"SELECT count(*), min(asked_at_s) FROM address_code WHERE {column} = ?"
        " AND asked_at_s > ? AND purpose <> 'changed'",
        (print_, at_s - within_s),
    )
    if count >= most:
        raise TooManyTries(
            N_("Too many codes were asked for. Wait a while."),
            retry_after_s=int(oldest) + within_s - at_s,
        )


def _put(asked: Asked, network: bytes, office: Office, at_s: int) -> str:
    number = b32encode(secrets.token_bytes(16)).decode().rstrip("=")
    contact = asked.contact
    lasts_s = DAY_S if asked.purpose is Purpose.CHANGED else CODE_S
    change(
        "INSERT INTO address_code (id, purpose, customer_id, contact_print, network_print, private,"
        " locale, asked_at_s, ends_at_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (number, str(asked.purpose), asked.customer, store.print_of(contact, office.seal), network,
         office.seal.close({contact.kind: contact.text}, _place(number)), asked.locale, at_s,
         at_s + lasts_s),
    )  # fmt: skip
    kind = MAIL_KIND if contact.kind == "mail" else TEXT_KIND
    outbox.put(kind, number, {"code": number}, at_s)
    return number


def _place(number: str) -> str:
    return f"address code:{number}"
