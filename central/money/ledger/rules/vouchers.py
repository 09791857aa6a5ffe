"""Vouchers: sold, redeemed, expired, redeemed twice. Rules 7, 8, 18, 20 and 21."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from central.money.ledger.posting import Posting, credit, debit
from central.money.ledger.rules.write import Commission, commissions, legs, total
from edge.contract.ids import EntryRef, VoucherId, voucher_id_text
from edge.contract.money import Money


def vouchers_paid(batch: str, channel: str, price: Money, day: int, actor: str) -> Posting:
    """1: the customer's money for vouchers has come in and nothing is delivered yet."""
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
    """7: vouchers are issued: the customer's money becomes a debt to their holders.

    A free coupon is not posted; it is a discount when it is redeemed.
    """
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
        fee: What we keep of it for our service, minor units.
        earned: What agents earn of it. A person's share cannot be taken back from him, so it is
            earned when the voucher is redeemed, not when it is sold.
        told_day: The store's own day, if the ledger had closed it before we heard.
    """

    ref: EntryRef
    times: int
    voucher_id: VoucherId
    product: int
    store: str
    worth: Money
    fee: int = 0
    earned: tuple[Commission, ...] = ()
    told_day: int | None = None

    @property
    def idem(self) -> str:
        """The business key of its journal."""
        return f"rd:{self.ref}:{self.times}" if self.times else f"rd:{self.ref}"


def redeemed(event: Redeemed, day: int) -> Posting:
    """8: part or all of a voucher was redeemed: the debt to the holder becomes one to the store."""
    worth = event.worth.minor
    return Posting(
        idem=event.idem,
        kind="redeemed",
        ref=voucher_id_text(event.voucher_id),
        currency=event.worth.currency,
        legs=legs(
            debit(f"2020.{event.product}", worth),
            debit("5020", total(event.earned)),
            credit(f"2310.{event.store}", worth - event.fee),
            credit("4040", event.fee),
            *commissions(event.earned),
        ),
        effective=day,
        actor=str(event.ref.unit),
        memo=str(event.ref) + (f" of {event.told_day}" if event.told_day else ""),
    )


def vouchers_expired(product: int, batch: str, left: Money, day: int, actor: str) -> Posting:
    """18: vouchers have expired; where they can be reactivated, we still owe what is on them."""
    return Posting(
        idem=f"ex:{product}:{batch}",
        kind="vouchers-expired",
        ref=batch,
        currency=left.currency,
        legs=(debit(f"2020.{product}", left.minor), credit(f"2021.{product}", left.minor)),
        effective=day,
        actor=actor,
    )


def voucher_reactivated(event: Redeemed, day: int, *, is_ours: bool = False) -> Posting:
    """18: the holder of an expired voucher has come, or a store tells late that he came in time.

    It goes before the redemption, which takes from what is not expired.

    Args:
        is_ours: Nobody was owed it any more by then; so it is we who pay.
    """
    return Posting(
        idem=f"re:{event.idem}",
        kind="voucher-reactivated",
        ref=voucher_id_text(event.voucher_id),
        currency=event.worth.currency,
        legs=(
            debit(_expired_at(event.product, is_ours=is_ours), event.worth.minor),
            credit(f"2020.{event.product}", event.worth.minor),
        ),
        effective=day,
        actor=str(event.ref.unit),
    )


def voucher_expired_again(event: Redeemed, day: int, *, is_ours: bool = False) -> Posting:
    """18: a redemption was taken back after its voucher had expired."""
    return Posting(
        idem=f"xa:{event.idem}",
        kind="voucher-expired-again",
        ref=voucher_id_text(event.voucher_id),
        currency=event.worth.currency,
        legs=(
            debit(f"2020.{event.product}", event.worth.minor),
            credit(_expired_at(event.product, is_ours=is_ours), event.worth.minor),
        ),
        effective=day,
        actor=str(event.ref.unit),
    )


def _expired_at(product: int, *, is_ours: bool) -> str:
    return "4030" if is_ours else f"2021.{product}"


def breakage(product: int, batch: str, amount: Money, day: int, actor: str) -> Posting:
    """18: what nobody will claim any more, by the product's policy, is ours."""
    return Posting(
        idem=f"br:{product}:{batch}:{day}",
        kind="breakage",
        ref=batch,
        currency=amount.currency,
        legs=(debit(f"2021.{product}", amount.minor), credit("4030", amount.minor)),
        effective=day,
        actor=actor,
    )


class DoubleRedemption(NamedTuple):
    """What a store has given for a voucher that was worth nothing any more.

    Args:
        times: How often this entry was claimed before and taken back; a late fact may do that.
    """

    ref: EntryRef
    voucher_id: VoucherId
    store: str
    excess: Money
    times: int = 0

    @property
    def idem(self) -> str:
        """The business key of its claim."""
        return f"dd:{self.ref}:{self.times}" if self.times else f"dd:{self.ref}"

    @property
    def outcome_idem(self) -> str:
        """The business key of what ends the claim, whatever that is, so that one thing does."""
        return f"{self.idem}:out"


class Bearer(Enum):
    """Who bears a double redemption. The value is the account."""

    PLATFORM = "5050"
    RESERVE = "2710"
    STORE = "2310"
    AGENT = "1110"


def double_redemption_claimed(event: DoubleRedemption, day: int, actor: str) -> Posting:
    """20: the store claims it; until somebody decides, it stands apart."""
    return Posting(
        idem=event.idem,
        kind="double-redemption-claimed",
        ref=voucher_id_text(event.voucher_id),
        currency=event.excess.currency,
        legs=(debit("1150", event.excess.minor), credit(f"2310.{event.store}", event.excess.minor)),
        effective=day,
        actor=actor,
        memo=str(event.ref),
    )


def double_redemption_borne(
    event: DoubleRedemption, bearer: Bearer, day: int, actor: str, *, agent: str = ""
) -> Posting:
    """20: one bears it. The key is the same for all, so that exactly one does."""
    account = {
        Bearer.STORE: f"{bearer.value}.{event.store}",
        Bearer.AGENT: f"{bearer.value}.{agent}",
    }.get(bearer, bearer.value)
    return Posting(
        idem=event.outcome_idem,
        kind="double-redemption-borne",
        ref=voucher_id_text(event.voucher_id),
        currency=event.excess.currency,
        legs=(debit(account, event.excess.minor), credit("1150", event.excess.minor)),
        effective=day,
        actor=actor,
        memo=str(event.ref),
    )


def reserve_accrued(no: str, amount: Money, day: int, actor: str) -> Posting:
    """21: something is put aside for double redemptions, such as some per mille of a day's offline
    ones."""
    return Posting(
        idem=f"rs:{no}",
        kind="reserve-accrued",
        ref=no,
        currency=amount.currency,
        legs=(debit("5050", amount.minor), credit("2710", amount.minor)),
        effective=day,
        actor=actor,
    )
