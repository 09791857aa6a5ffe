"""What the house needs of a supplier: one class a protocol, and answers that are values.

Every method blocks until the supplier has answered or the deadline is over, sends one request and
never repeats it, and may be called from several threads. Nothing of it may run inside of a
transaction. The answer to ``submit`` is one of five values, and what may be done next depends on
nothing else (``next_step.py``):

* ``Delivered``, ``Accepted``: it is bought.
* ``Rejected``: definitely not, and it will not be.
* ``NotSent``: not a byte of the request has left this machine.
* ``Unknown``: everything else: a time-out, 5xx, an answer that cannot be read, a new code.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol, runtime_checkable

from central.foundation.language.said import Saying
from edge.contract.money import Money


class RejectCode(StrEnum):
    """Why a supplier will not sell."""

    NO_STOCK = "no-stock"
    OFF_SALE = "off-sale"
    PRICE = "price"
    """It costs more than the safe cost that we sent."""
    BALANCE = "balance"
    AUTH = "auth"
    RATE = "rate"
    INPUT = "input"
    REFUSED = "refused"
    """For a reason we have no word for."""
    FAILED = "failed"
    """It was taken, could not be delivered, and was given back."""


@dataclass(frozen=True, slots=True)
class Key:
    """A card key as it was delivered. Nothing of it shows in a repr."""

    secret: str = field(repr=False)
    number: str = field(default="", repr=False)
    expires_at: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """Bought, and on its way. ``charged_e4`` is None if the supplier has not said it."""

    upstream_no: str
    charged_e4: int | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """Bought and there; a top-up has no keys."""

    upstream_no: str
    keys: tuple[Key, ...] = field(default=(), repr=False)
    charged_e4: int | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """Definitely not bought. ``said`` is the supplier's own word, short, for a person."""

    code: RejectCode
    said: str = ""


@dataclass(frozen=True, slots=True)
class NotSent:
    """No byte has left: no address, no connection, no TLS."""

    code: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody knows."""

    code: str


@dataclass(frozen=True, slots=True)
class NotFound:
    """The supplier has no order of this reference."""


Outcome = Accepted | Delivered | Rejected | NotSent | Unknown | NotFound


@dataclass(frozen=True, slots=True)
class Caps:
    """What a protocol can do.

    Args:
        safe_cost: A price cap is sent along.
        query_by_ref: It finds an order by our reference; without it, by its own number alone.
        is_idempotent: The same reference sent again is the same order.
        callback: It calls us.
        lists_offers: It can list what it sells.
        statements: It can tell what it has charged on a day.
        lists_changes: It can list what has changed since a moment.
    """

    safe_cost: bool
    query_by_ref: bool
    is_idempotent: bool
    callback: bool
    lists_offers: bool = True
    statements: bool = False
    lists_changes: bool = False


@dataclass(frozen=True, slots=True)
class PurchaseOrder:
    """What is asked for. ``safe_cost_e4`` is per piece; ``inputs`` are the buyer's."""

    client_ref: str
    their_ref: str
    quantity: int
    safe_cost_e4: int
    inputs: Mapping[str, str] = field(default_factory=dict, repr=False)
    callback_url: str = ""


@dataclass(frozen=True, slots=True)
class Quote:
    """A price per piece, and what there is; ``stock`` None: it does not say."""

    their_ref: str
    cost_e4: int
    stock: int | None
    is_on_sale: bool = True
    name: str = ""


@dataclass(frozen=True, slots=True)
class Callback:
    """A verified callback. It only wakes a query: nothing in it is ever posted or delivered."""

    client_ref: str
    upstream_no: str
    status: str
    dedupe: bytes = field(repr=False)
    """Hash of what it says: the same again is the same callback."""


class Supplier(Protocol):
    """One account at one supplier."""

    protocol: str
    caps: Caps
    callback_answer: str
    """What this supplier takes for "received"."""

    def ping(self) -> int:
        """Return the balance, in 1/10,000.

        Raises:
            SupplierSilent: there is no answer that can be relied on.
        """

    def list_offers(self, cursor: str) -> tuple[list[Quote], str]:
        """Return a page of what it sells, and the cursor of the next; empty after the last.

        Raises:
            SupplierSilent: there is no answer that can be relied on.
        """

    def quote(self, their_ref: str) -> Quote:
        """Return price and stock of one thing.

        Raises:
            SupplierSilent: there is no answer that can be relied on.
        """

    def submit(self, order: PurchaseOrder) -> Outcome:
        """Buy. One of ``Accepted``, ``Delivered``, ``Rejected``, ``NotSent``, ``Unknown``."""

    def query(self, client_ref: str, upstream_no: str) -> Outcome:
        """Ask what became of an order.

        ``Rejected(FAILED)`` is the order's own end and the only refusal there is here; that a
        question was refused, or cannot be asked in this protocol, is ``Unknown``.
        """

    def parse_callback(self, path: str, headers: Mapping[str, str], raw: bytes) -> Callback:
        """Verify a callback and read what it is about.

        Args:
            path: Where it came in; some sign it.
            headers: With names in lower case.

        Raises:
            CallbackRefused: it is forged, stale or unreadable.
        """


@dataclass(frozen=True, slots=True)
class Arrival:
    """Keys that were bought.

    Args:
        attempt: The purchase that they came by; the same one arrives once.
        unit: The unit of an order that they are for; None if it was served otherwise, and they
            are stock.
        cost: What they cost together.
        paid_from: The account of the ledger that it was taken from; ``1310.<sku>`` has it now.
    """

    attempt: int
    client_ref: str
    unit: str | None
    sku: str
    account: str
    keys: tuple[Key, ...] = field(repr=False)
    cost: Money
    paid_from: str


class KeysArrived(Protocol):
    """Whoever keeps card keys."""

    def take(self, arrival: Arrival, at_s: int) -> str:
        """Keep the keys, within the transaction in which their purchase is written down.

        The cost of keys that become stock is posted here.

        Nothing may be called from here. Returns why they are not kept, ``key-known`` for one that
        is known already, and then the purchase is held; empty if all are kept.
        """


class StatementLine(NamedTuple):
    """One line of a supplier's statement.

    Args:
        our_number: The reference that we sent; empty if it does not say.
        change_e4: By how much our account with him grows by it: negative where he has charged us.
        currency: ISO 4217; empty if it does not say.
    """

    our_number: str
    their_number: str
    change_e4: int
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """What a supplier says he has charged on a day. ``raw`` is every byte that came, page by page,
    with a line end between pages."""

    raw: bytes = field(repr=False)
    lines: tuple[StatementLine, ...]


class StatementBroken(Exception):
    """A statement does not hold together; ``raw`` is what came of it."""

    def __init__(self, said: Saying, raw: bytes = b"") -> None:
        super().__init__(said)
        self.said, self.raw = said, raw


@runtime_checkable
class GivesStatements(Protocol):
    """What an adapter has besides, whose protocol lists orders, or movements, by time."""

    caps: Caps

    def statement(self, day: dt.date) -> Statement:
        """Return what was charged on a day, proven against itself.

        Raises:
            SupplierSilent: there is no answer that can be relied on.
            StatementBroken: it is cut off, or its sums are not those of its lines.
        """


@runtime_checkable
class TellsChanges(Protocol):
    """What an adapter has besides, whose protocol lists what has changed since a moment."""

    caps: Caps

    def list_changes(self, since_s: int, cursor: str) -> tuple[list[Quote], str]:
        """Return a page of what has changed its price or stock, and the cursor of the next.

        Raises:
            SupplierSilent: there is no answer that can be relied on.
        """


class SupplierSilent(Exception):
    """A question about prices, stock or balance has no answer; ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
