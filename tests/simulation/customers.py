"""Who stands at the tills: what they show, what the POS asks, and what it was told."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import NamedTuple

from edge.contract import voucher_token
from edge.contract.dynamic_code import STEP_S, dynamic_text, short_text, step_at
from edge.contract.grant import Grant, GrantRequest
from edge.contract.ids import KeyId, ProductId, StatusIndex, StoreGroup, VoucherId
from edge.contract.keys import CodeAlgorithm, key_epoch_at, voucher_seed
from edge.contract.money import Money
from edge.contract.voucher_token import DAY_S, DAY_ZERO_S, VoucherClaims, VoucherKind
from edge.journal.store import Recorded
from edge.redemption.decide import Wish
from edge.redemption.redeem import Presented
from tests import builders as b
from tests.simulation.hub.memory import ALL, GROUP, ISSUER, code_key
from tests.simulation.mix import Mix

WRONG_DIGIT = str.maketrans("0123456789", "1234567890")
PREFIXES = ("", "", "]Q1", "]Q1\\000026", " ", "\r\n")
"""What scanners put in front of the same voucher."""


class Voucher(NamedTuple):
    """A voucher that somebody holds."""

    claims: VoucherClaims
    text: str
    capacity: int
    face_minor: int

    @property
    def name(self) -> str:
        """How the trace calls it."""
        return f"v{self.claims.voucher_id & 0xFFFF}"

    def worth_minor(self, amount: int) -> int:
        """Return what an amount in its own measure is worth."""
        return self.face_minor * amount // self.capacity


class Shown(NamedTuple):
    """What is held under a scanner.

    Args:
        step: Time step of its rotating code; None without one.
        is_wrong: The code is nobody's.
    """

    text: str
    step: int | None = None
    is_wrong: bool = False


@dataclass
class Asked:
    """One request of a POS, and every answer that it got.

    Args:
        machine: Name of the till that was asked.
        may_differ: The till's card was set back since: it cannot know what it had answered.
        grant: What was scanned is to pass for this; the sale that it completes was asked before.
    """

    machine: str
    voucher: Voucher
    shown: Shown
    presented: Presented
    at_s: float
    told: Recorded | None = None
    may_differ: bool = False
    bought_again: list[Recorded] = field(default_factory=list)
    grant: Grant | None = None


@dataclass
class Phone:
    """A customer's phone that is to verify a sale.

    Args:
        asked: The sale at the till.
        request: What the till wants granted; ``life`` is the till's at that moment.
        grant: What the hub gave, None before; ``text`` its digits.
    """

    machine: str
    life: int
    asked: Asked
    request: GrantRequest
    grant: Grant | None = None
    text: str = ""


def sell(luck: random.Random, mix: Mix, number: int, at_s: float, kid: KeyId) -> Voucher:
    """Make the next voucher of a world."""
    kind = VoucherKind.SINGLE
    if luck.random() < mix.stored:
        kind = luck.choice((VoucherKind.STORED_VALUE, VoucherKind.MULTI))
    value, product = {
        VoucherKind.SINGLE: (8800, 7),
        VoucherKind.MULTI: (10, 8),
        VoucherKind.STORED_VALUE: (luck.choice((5000, 20000)), 9),
    }[kind]
    today = int(at_s - DAY_ZERO_S) // DAY_S
    claims = VoucherClaims(
        kid=kid,
        voucher_id=VoucherId(0x100000000000 + number),
        product=ProductId(product),
        value=value,
        scope=luck.choice((GROUP, GROUP, ALL, StoreGroup(9) if luck.random() < 0.2 else GROUP)),
        not_before_day=today - 9 if luck.random() < 0.93 else today + 2,
        expires_day=luck.choice((today + 1, today + 30, 0xFFFF, 0xFFFF)),
        status_index=StatusIndex(number),
        kind=kind,
        dynamic_required=luck.random() < mix.dynamic,
        online_only=luck.random() < 0.08,
    )
    text = voucher_token.sign(claims, ISSUER, b.a_sign_key(f"issuer {kid}"))
    capacity = {VoucherKind.SINGLE: 1}.get(kind, value)
    face_minor = {VoucherKind.MULTI: 15000}.get(kind, value)
    return Voucher(claims, text, capacity, face_minor)


def show(luck: random.Random, voucher: Voucher, at_s: float) -> Shown:
    """Return what its holder shows now: paper, a phone, an old picture, a guess."""
    claims = voucher.claims
    with_code = 0.85 if claims.dynamic_required else 0.1
    if luck.random() >= with_code:
        return Shown(luck.choice(PREFIXES) + voucher.text + luck.choice(("", "", "\r")))
    # Some show a screenshot; a few have a clock that is a little off.
    late = luck.choices((0, -1, 1, -4, -5, 5, -2), (70, 8, 6, 5, 4, 3, 4))[0]
    shown_s = int(at_s) + late * STEP_S
    key = code_key(claims.scope, key_epoch_at(shown_s))
    if luck.random() < 0.25:
        text = short_text(
            claims.status_index, claims.voucher_id, key, shown_s, CodeAlgorithm.SHA256
        )
    else:
        seed = voucher_seed(key, claims.voucher_id, CodeAlgorithm.SHA256)
        text = dynamic_text(voucher.text, seed, shown_s, CodeAlgorithm.SHA256)
    if luck.random() < 0.12:
        return Shown(text[:-4] + text[-4:].translate(WRONG_DIGIT), None, is_wrong=True)
    return Shown(text, step_at(shown_s))


def wish(luck: random.Random, voucher: Voucher) -> Wish:
    """Return what the till is to take."""
    if voucher.claims.kind is VoucherKind.SINGLE:
        return Wish()
    if voucher.claims.kind is VoucherKind.MULTI:
        return Wish(uses=luck.choice((None, 1, 2, 5)))
    minor = luck.choice((500, 1500, 2500, voucher.claims.value, voucher.claims.value // 2))
    return Wish(Money(minor, "CNY"))


def amount_of(voucher: Voucher, wanted: Wish) -> int:
    """Return what a wish takes, in the voucher's own measure."""
    if voucher.claims.kind is VoucherKind.STORED_VALUE:
        return wanted.amount.minor if wanted.amount else 0
    return wanted.uses or 1
