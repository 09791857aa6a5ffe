"""What a bill is once it has been read, whoever sent it. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from edge.contract.money import Money


class BillKind(StrEnum):
    """What a bill tells of; the value stands in the database."""

    TRADE = "trade"
    """A channel's payments and refunds: 1010."""
    FLOW = "flow"
    """How our balance with a channel moved: 1020."""
    BANK = "bank"
    """How an account with a bank moved: 1030."""
    SUPPLIER = "supplier"
    """What a supplier has charged: 1040 or 2210."""


PROVEN_BY = {
    "1010": BillKind.TRADE,
    "1020": BillKind.FLOW,
    "1030": BillKind.BANK,
    "1040": BillKind.SUPPLIER,
    "2210": BillKind.SUPPLIER,
}
"""Which bills prove the entries of which accounts."""


class By(NamedTuple):
    """Who does something, and when.

    Args:
        at_s: Unix seconds.
        day: The business day then, yyyymmdd: of what has to be posted.
    """

    at_s: int
    day: int
    actor: str


class ToldLine(NamedTuple):
    """One line of a bill.

    Args:
        number: Ours.
        channel_number: Theirs.
        amount: By how much our account grows by it.
        fee_e5: What they took for it, in 1/100,000 of the currency, where they say so here.
    """

    number: str
    channel_number: str
    amount: Money
    refund_number: str = ""
    refund_channel_number: str = ""
    fee_e5: int = 0


class Told(NamedTuple):
    """What a file says of one day of one account, read and proven against itself.

    Args:
        source: Whose it is: ``wechat-pay``, ``main``, ``kasushou``.
        day: yyyymmdd.
        sha256: By which the same is told from another: of the file, or of the day's own lines if
            the file tells of many days.
        file_sha256: Of ``raw``.
        raw: The file, with every byte.
        part: Which of the account's parts, if there are several.
        parts: How many bills make a whole day of the account.
        opening, closing: The balance before and after, minor units; None if it does not say.
    """

    source: str
    kind: BillKind
    account: str
    day: int
    sha256: bytes
    file_sha256: bytes
    raw: bytes
    lines: tuple[ToldLine, ...]
    part: str = ""
    parts: int = 1
    opening: int | None = None
    closing: int | None = None
