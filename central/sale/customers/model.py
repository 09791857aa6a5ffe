"""A customer and how he is reached, as rows say them; and what his account is limited to. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, NewType

from central.foundation.notices.settings import is_address
from central.foundation.notices.sms_settings import mobile_of
from central.sale.orders.states import PaymentState, RefundState
from edge.contract.money import Money

CustomerId = NewType("CustomerId", str)
"""``C`` and 15 capitals and digits; also his number in the ledger."""

CODE_DIGITS = 6
CODE_S = 10 * 60
"""How long a code is good for."""
TRIES_MAX = 5
"""Wrong ones of one code; the schema knows it too."""
HOUR_S, DAY_S = 3600, 86_400
CONTACT_PER_HOUR, CONTACT_PER_DAY = 5, 10
"""Codes that one address is sent: 50 guesses a day of a million, whoever guesses."""
NETWORK_PER_HOUR = 20
"""Codes that one network has sent, to whatever addresses."""
SESSION_S = 30 * DAY_S
FRESH_S = 15 * 60
"""How long after a code a customer may spend from his balance and change how he is reached."""
TOP_UP_MINOR = (100, 500_000)
BALANCE_MAX_MINOR = 500_000
"""What a balance may come to by topping up; what goes back to it is never refused."""


class CustomerState(StrEnum):
    """Where an account is."""

    ACTIVE = "active"
    STOPPED = "stopped"
    """Headquarters lets nobody in; orders and balance stay."""
    DELETED = "deleted"


class Purpose(StrEnum):
    """What a message to an address is for."""

    SIGN_IN = "sign-in"
    PROVE = "prove"
    """That whoever has signed in still is the customer."""
    CONTACT = "contact"
    """That a new address is the customer's."""
    CHANGED = "changed"
    """No code: it tells the old address that there is a new one."""


class Contact(NamedTuple):
    """An address as it is compared: a mail address in small letters, or eleven digits."""

    kind: str
    text: str

    def __repr__(self) -> str:
        """Leave out whose it is."""
        return f"Contact({self.kind})"


class Customer(NamedTuple):
    """An account. ``mail`` and ``mobile`` are empty where there is none."""

    id: CustomerId
    mail: str
    mobile: str
    locale: str
    state: CustomerState
    created_at_s: int
    member_until_s: int | None = None
    """Until then he pays member prices; headquarters says so."""

    def is_member(self, at_s: int) -> bool:
        """Whether he is a member at a moment."""
        return self.member_until_s is not None and at_s < self.member_until_s

    def __repr__(self) -> str:
        """Leave out how he is reached."""
        return f"Customer({self.id})"

    @property
    def contacts(self) -> list[Contact]:
        """All the addresses that have been proved."""
        return [Contact(kind, text) for kind, text in
                (("mail", self.mail), ("mobile", self.mobile)) if text]  # fmt: skip


class TopUp(NamedTuple):
    """A payment onto a balance; its number is there before the channel hears of it."""

    number: str
    customer: CustomerId
    channel: str
    amount: Money
    state: PaymentState
    created_at_s: int
    expires_at_s: int
    attempts: int
    last_code: str
    qr_text: str
    paid: int | None
    given_back: int


class GivenBack(NamedTuple):
    """What goes back of a top-up; ``total`` is what had come by it."""

    number: str
    top_up: str
    channel: str
    customer: CustomerId
    amount: Money
    total: Money
    reason: str
    state: RefundState
    attempts: int


def contact_of(text: str) -> Contact | None:
    """Return a typed address as it is compared; None if it is none."""
    plain = text.strip()
    if is_address(plain):
        return Contact("mail", plain.lower())
    mobile = mobile_of(plain)
    return Contact("mobile", mobile) if mobile else None
