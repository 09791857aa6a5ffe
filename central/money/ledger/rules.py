"""What each business event posts. Pure; one function an event, read like a table."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple
from zoneinfo import ZoneInfo

from central.money.ledger.posting import Posting, credit, debit
from edge.contract.ids import EntryRef, VoucherId, voucher_id_text
from edge.contract.money import Money


def business_day(at_s: int, timezone: str) -> int:
    """Return the day, yyyymmdd, that a moment lies in where the shop is."""
    return int(dt.datetime.fromtimestamp(at_s, ZoneInfo(timezone)).strftime("%Y%m%d"))


def vouchers_paid(batch: str, channel: str, price: Money, day: int, actor: str) -> Posting:
    """The customer's money has come in and nothing is delivered yet."""
    return Posting(
        idem=f"pay:{channel}:{batch}",
        kind="vouchers-paid",
        ref=batch,
        currency=price.currency,
        legs=(debit(f"1010.{channel}", price.minor), credit("2010", price.minor)),
        effective=day,
        actor=actor,
    )


def vouchers_sold(batch: str, product: int, face: Money, day: int, actor: str) -> Posting:
    """Vouchers are issued: the customer's money becomes a debt to their holders."""
    return Posting(
        idem=f"vi:{batch}",
        kind="vouchers-sold",
        ref=batch,
        currency=face.currency,
        legs=(debit("2010", face.minor), credit(f"2020.{product}", face.minor)),
        effective=day,
        actor=actor,
    )


class Redeemed(NamedTuple):
    """A redemption, as far as money is concerned.

    Args:
        times: How often this entry was posted before and taken back; a late fact may do that.
    """

    ref: EntryRef
    times: int
    voucher_id: VoucherId
    product: int
    store: str
    worth: Money

    @property
    def idem(self) -> str:
        """The business key of its journal."""
        return f"rd:{self.ref}:{self.times}" if self.times else f"rd:{self.ref}"


def redeemed(event: Redeemed, day: int) -> Posting:
    """Part or all of a voucher was redeemed: the debt to the holder becomes one to the store."""
    worth = event.worth
    return Posting(
        idem=event.idem,
        kind="redeemed",
        ref=voucher_id_text(event.voucher_id),
        currency=worth.currency,
        legs=(
            debit(f"2020.{event.product}", worth.minor),
            credit(f"2310.{event.store}", worth.minor),
        ),
        effective=day,
        actor=str(event.ref.unit),
        memo=str(event.ref),
    )
