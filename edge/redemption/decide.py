"""The decision table: is this voucher accepted, here and now, and on which guarantee? Pure.

Every row of RULES is one reason to refuse; the first that applies is the answer. They are in the
order in which a clerk should hear them: what the voucher is, what has become of it, the code, the
amount, and last what the policy lets this unit risk.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from edge.clock.model import TrustedTime
from edge.contract.bundle import Product
from edge.contract.ids import StoreGroup
from edge.contract.money import Money
from edge.contract.policy import EXACT, Mode, Policy
from edge.contract.refusal import WAY_OUT, Refusal, WayOut
from edge.contract.status import Staleness, Status
from edge.contract.voucher_token import VoucherClaims, VoucherKind, validity
from edge.journal.knowledge import Knowledge, Risk


class CodeState(Enum):
    """What the rotating code of a scan was found to be."""

    ABSENT = "absent"
    MATCHES = "matches"
    WRONG = "wrong"
    UNVERIFIABLE = "unverifiable"
    """No key of this epoch."""
    UNTIMED = "untimed"
    """Our clock is too uncertain to say which codes are current, or this code says that it is off.
    Where none is needed the voucher counts as if it had none: anybody could leave it out."""


class Wish(NamedTuple):
    """What the till asks for. Both None: all of a single voucher, one use of a multi-use one."""

    amount: Money | None = None
    uses: int | None = None


class Facts(NamedTuple):
    """Everything a decision rests on; nothing else may.

    Args:
        product: None if the catalogue does not know it.
        status: As last pulled; None before the first pull.
        hub_age_s: Seconds since the hub's last word; None before the first.
        hub_refusal: What whoever stands behind it said against it; likewise ``hub_remaining``.
        used_steps_up_to: Time steps up to here count as used for every voucher.
        locked_until_s: When codes are looked at again; None if they are now.
        promise_ends_s: When the word of whoever stands behind it ends, by the steady counter.
        mode: None while it is only asked whether the voucher is good at all.
        elsewhere: What the other units of this store did with the voucher, as far as is known.
        evidence: What the entry bears for whoever stands behind it.
        is_overruled: A supervisor overrules what the policy lets him.
    """

    claims: VoucherClaims
    product: Product | None
    group: StoreGroup
    currency: str
    time: TrustedTime
    status: Status | None
    staleness: Staleness
    hub_age_s: int | None
    knowledge: Knowledge
    wish: Wish
    code: CodeState
    code_step: int | None
    used_steps_up_to: int
    locked_until_s: int | None
    policy: Policy | None
    risk: Risk
    mode: Mode | None = None
    hub_refusal: Refusal | None = None
    hub_remaining: int | None = None
    evidence: bytes | None = None
    is_overruled: bool = False
    promise_ends_s: float | None = None
    elsewhere: Knowledge = Knowledge()

    @property
    def taken(self) -> int:
        """What has been taken of the voucher, here and at the other units."""
        return self.knowledge.taken + self.elsewhere.taken

    @property
    def alone(self) -> bool:
        """Whether nobody but this unit stands behind the acceptance."""
        return self.mode is not None and self.mode not in EXACT


class Decision(NamedTuple):
    """The answer. ``reason`` is None when the voucher is accepted.

    Args:
        amount: What is taken, in the voucher's own measure; 0 when refused.
        worth_minor: The same in minor units, as far as the product is known.
        remaining: What is left afterwards as far as this unit knows, in the voucher's measure.
    """

    reason: Refusal | None
    mode: Mode | None
    amount: int
    worth_minor: int
    remaining: int

    @property
    def accepted(self) -> bool:
        """Whether value is taken."""
        return self.reason is None

    @property
    def way_out(self) -> WayOut | None:
        """What the person at the till can do next."""
        return WAY_OUT[self.reason] if self.reason else None


class Rule(NamedTuple):
    """One row: refuse for this reason when this holds."""

    reason: Refusal
    applies: Callable[[Facts], bool]


# --- what the rows are made of -------------------------------------------------------------------


def capacity(claims: VoucherClaims, product: Product | None) -> int:
    """Return how much there is to take in all, in the voucher's own measure."""
    if claims.kind is VoucherKind.SINGLE:
        return 1
    if claims.value:
        return claims.value
    if product is None:
        return 0
    return product.uses if claims.kind is VoucherKind.MULTI else product.worth_minor


def taken_by(facts: Facts) -> int:
    """Return how much is to be taken now, in the voucher's own measure."""
    if facts.claims.kind is VoucherKind.STORED_VALUE:
        return facts.wish.amount.minor if facts.wish.amount else 0
    return facts.wish.uses or 1


def worth_of(claims: VoucherClaims, product: Product | None, amount: int) -> int:
    """Return what an amount in the voucher's own measure is worth, in minor units."""
    if claims.kind is VoucherKind.STORED_VALUE:
        return amount
    if claims.kind is VoucherKind.SINGLE and claims.value:
        return claims.value
    return product.worth_minor * amount if product else 0


def _left(facts: Facts) -> int:
    return capacity(facts.claims, facts.product) - facts.taken


def _validity_is(reason: Refusal) -> Callable[[Facts], bool]:
    return lambda f: validity(f.claims, f.time.earliest_s, f.time.latest_s) is reason


def _status_is(wanted: Status) -> Callable[[Facts], bool]:
    return lambda f: f.status is wanted


def _amount_is_missing(f: Facts) -> bool:
    return f.claims.kind is VoucherKind.STORED_VALUE and f.wish.amount is None


def _amount_does_not_suit(f: Facts) -> bool:
    """A stored value is used by amount, the others by uses; a single one only as a whole."""
    kind, wish = f.claims.kind, f.wish
    if kind is VoucherKind.STORED_VALUE:
        return wish.uses is not None or (wish.amount is not None and wish.amount.minor <= 0)
    if wish.uses is not None and wish.uses < 1:
        return True
    if kind is VoucherKind.SINGLE and wish.uses not in {None, 1}:
        return True
    worth = worth_of(f.claims, f.product, taken_by(f))
    return wish.amount is not None and wish.amount.minor != worth


def _code_is_replayed(f: Facts) -> bool:
    step = f.code_step
    used = f.knowledge.used_steps | f.elsewhere.used_steps
    return step is not None and (step in used or step <= f.used_steps_up_to)


def _is_locked(f: Facts) -> bool:
    until_s = f.locked_until_s
    return f.code is not CodeState.ABSENT and until_s is not None and f.time.at_s < until_s


def _mode_is_not_allowed(f: Facts) -> bool:
    return f.policy is not None and f.mode is not None and f.mode not in f.policy.modes


def _is_over_the_floor(f: Facts) -> bool:
    has_floor = f.alone or f.mode is Mode.LAN
    if not has_floor or f.policy is None or f.mode is None:
        return False
    floor = f.policy.floor(f.mode, f.staleness)
    worth = worth_of(f.claims, f.product, taken_by(f))
    # A worth nobody knows is not a small one.
    return floor is not None and (worth > floor or worth == 0)


def _alone_and(limit: Callable[[Facts, Policy], bool]) -> Callable[[Facts], bool]:
    return lambda f: f.alone and f.policy is not None and limit(f, f.policy)


RULES: tuple[Rule, ...] = (
    # Is it for here and now?
    Rule(Refusal.WRONG_STORE, lambda f: f.claims.scope not in {0, f.group}),
    Rule(Refusal.NOT_YET_VALID, _validity_is(Refusal.NOT_YET_VALID)),
    Rule(Refusal.EXPIRED, _validity_is(Refusal.EXPIRED)),
    Rule(Refusal.CLOCK_UNCERTAIN, _validity_is(Refusal.CLOCK_UNCERTAIN)),
    # What has become of it?
    Rule(Refusal.STATUS_MISSING, lambda f: f.status is None),
    Rule(Refusal.REVOKED, _status_is(Status.REVOKED)),
    Rule(Refusal.SUSPENDED, _status_is(Status.SUSPENDED)),
    Rule(Refusal.ALREADY_REDEEMED, lambda f: f.knowledge.taken > 0 and _left(f) <= 0),
    Rule(Refusal.REDEEMED_ELSEWHERE, lambda f: f.taken > 0 and _left(f) <= 0),
    Rule(Refusal.REDEEMED_ELSEWHERE, _status_is(Status.REDEEMED)),
    # Is the code the one on the customer's screen right now?
    Rule(Refusal.LOCKED_OUT, _is_locked),
    Rule(Refusal.CODE_WRONG, lambda f: f.code is CodeState.WRONG),
    Rule(Refusal.CODE_UNVERIFIABLE, lambda f: f.code is CodeState.UNVERIFIABLE),
    Rule(
        Refusal.CLOCK_UNCERTAIN,
        lambda f: f.claims.dynamic_required and f.code is CodeState.UNTIMED,
    ),
    Rule(
        Refusal.CODE_REQUIRED,
        lambda f: f.claims.dynamic_required and f.code is CodeState.ABSENT,
    ),
    Rule(Refusal.CODE_REPLAYED, _code_is_replayed),
    # Does the amount fit?
    Rule(Refusal.AMOUNT_MISSING, _amount_is_missing),
    Rule(
        Refusal.WRONG_CURRENCY,
        lambda f: f.wish.amount is not None and f.wish.amount.currency != f.currency,
    ),
    Rule(Refusal.AMOUNT_MISMATCH, _amount_does_not_suit),
    Rule(Refusal.INSUFFICIENT_VALUE, lambda f: taken_by(f) > _left(f)),
    # May this unit take the risk?
    Rule(Refusal.POLICY_MISSING, lambda f: f.policy is None),
    Rule(Refusal.ONLINE_REQUIRED, lambda f: f.alone and f.claims.online_only),
    Rule(Refusal.ONLINE_REQUIRED, _mode_is_not_allowed),
    # How long the hub has been silent, only a clock can tell.
    Rule(Refusal.CLOCK_UNCERTAIN, _alone_and(lambda f, _p: not f.time.is_known)),
    Rule(
        Refusal.OFFLINE_TOO_LONG,
        _alone_and(lambda f, p: f.hub_age_s is None or f.hub_age_s > p.solo.hours * 3600),
    ),
    Rule(Refusal.OVER_FLOOR_LIMIT, _is_over_the_floor),
    Rule(Refusal.OFFLINE_COUNT, _alone_and(lambda f, p: f.risk.acceptances >= p.solo.count)),
    Rule(
        Refusal.OFFLINE_SUM,
        _alone_and(
            lambda f, p: (
                f.risk.sum_minor + worth_of(f.claims, f.product, taken_by(f)) > p.solo.sum_minor
            )
        ),
    ),
    Rule(
        Refusal.VELOCITY,
        _alone_and(lambda f, p: f.risk.since(f.time.at_s - 600) >= p.solo.per_10_min),
    ),
)


def may_overrule(facts: Facts, reason: Refusal) -> bool:
    """Say whether a supervisor may overrule this refusal, by the policy."""
    worth = worth_of(facts.claims, facts.product, taken_by(facts))
    return facts.policy is not None and facts.policy.may_overrule(reason, worth)


def _refusal(facts: Facts) -> Refusal | None:
    for rule in RULES:
        overruled = facts.is_overruled and may_overrule(facts, rule.reason)
        if not overruled and rule.applies(facts):
            return rule.reason
    return None


def decide(facts: Facts) -> Decision:
    """Return the decision on these facts. Same facts, same decision, anywhere."""
    reason = facts.hub_refusal or _refusal(facts)
    there_is = _left(facts) if facts.hub_remaining is None else facts.hub_remaining
    if reason:
        return Decision(reason, facts.mode, 0, 0, max(0, there_is))
    amount = taken_by(facts)
    worth = worth_of(facts.claims, facts.product, amount)
    # The hub speaks of what is left after a reservation, and of what there is when it refuses one.
    left = _left(facts) - amount if facts.hub_remaining is None else facts.hub_remaining
    return Decision(None, facts.mode, amount, worth, left)
