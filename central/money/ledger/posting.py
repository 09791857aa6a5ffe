"""A journal before it is written: legs that sum to zero. Pure."""

from __future__ import annotations

import hashlib
import json
from typing import NamedTuple

from edge.contract.money import MINOR_MAX

_ENCODE = json.JSONEncoder().encode


class Leg(NamedTuple):
    """One side of a journal.

    Args:
        account: Code, ``2310.S0412``.
        side: 1 debit, -1 credit.
        minor: Minor units, positive.
    """

    account: str
    side: int
    minor: int


def debit(account: str, minor: int) -> Leg:
    """Return a debit."""
    return Leg(account, 1, minor)


def credit(account: str, minor: int) -> Leg:
    """Return a credit."""
    return Leg(account, -1, minor)


class Posting(NamedTuple):
    """What is to be posted.

    Args:
        idem: Business key: the same event always makes the same key, and it is posted once.
        kind: Which event, as in ``rules``.
        ref: What it is about: an order, a voucher, an entry.
        effective: Business day, yyyymmdd.
        actor: Who or what caused it.
    """

    idem: str
    kind: str
    ref: str
    currency: str
    legs: tuple[Leg, ...]
    effective: int
    actor: str
    memo: str = ""

    def fingerprint(self, *role: str | int) -> bytes:
        """Return the hash by which a repetition is told from another posting of the same key.

        Args:
            role: What it is besides a posting: ``"pending"``, or ``"post"`` of a hold.
        """
        body = [self.kind, self.ref, self.currency, sorted(self.legs), self.effective, *role]
        return hashlib.sha256(_ENCODE(body).encode()).digest()


def check(posting: Posting) -> None:
    """Check what the schema checks too, with a better sentence.

    Raises:
        ValueError: fewer than two legs, an amount that is not positive or too large, or debits
            and credits that differ or do not fit.
    """
    if len(posting.legs) < 2:
        raise ValueError("a journal has two legs at least")
    if any(not 0 < leg.minor <= MINOR_MAX or leg.side not in {1, -1} for leg in posting.legs):
        raise ValueError("a leg is a debit or credit of a positive amount")
    if sum(leg.side * leg.minor for leg in posting.legs):
        raise ValueError("debits and credits differ")
    if sum(leg.minor for leg in posting.legs if leg.side == 1) > MINOR_MAX:
        raise ValueError("a total would not fit into 64 bits")


def mirrored(legs: tuple[Leg, ...]) -> tuple[Leg, ...]:
    """Return the legs of a reversal."""
    return tuple(leg._replace(side=-leg.side) for leg in legs)
