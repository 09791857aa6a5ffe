"""The decision table, row by row: every reason, every limit on both sides, and the order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock.model import Source, TrustedTime
from edge.clock.trusted_time import UNKNOWN_S
from edge.contract.bundle import Product
from edge.contract.ids import Epoch, KeyId, ProductId, Seq, StatusIndex, StoreGroup, VoucherId
from edge.contract.journal_entry import EntryKind
from edge.contract.money import Money
from edge.contract.policy import EXACT, Mode
from edge.contract.refusal import WAY_OUT, Refusal
from edge.contract.status import Staleness, Status
from edge.contract.voucher_token import DAY_S, DAY_ZERO_S, FOR_EVER, VoucherClaims, VoucherKind
from edge.journal.knowledge import Knowledge, Risk, Trace
from edge.redemption.decide import RULES, CodeState, Decision, Facts, Wish, capacity, decide
from tests import builders as b

SINGLE, MULTI, STORED = VoucherKind.SINGLE, VoucherKind.MULTI, VoucherKind.STORED_VALUE
LIMITS = b.a_policy().solo
MINUTE_S, HOUR_S = 60, 3600


def yuan(minor: int, currency: str = "CNY") -> Wish:
    return Wish(Money(minor, currency))


def at(at_s: int, uncertainty_s: int = 5, source: Source = Source.SYSTEM) -> TrustedTime:
    return TrustedTime(at_s, uncertainty_s, at_s - uncertainty_s, at_s + uncertainty_s, source)


def used(taken: int, *steps: int) -> Knowledge:
    last = Trace(Epoch(1), Seq(2), EntryKind.REDEMPTION, taken, b.NOW_S - 60, None)
    return Knowledge(taken, last, frozenset(steps))


def some_facts(**bent: Any) -> Facts:
    """A good single voucher worth 88.00, presented without the hub while the status is fresh.

    Names of claims go into the claims, all others are names of facts.
    """
    names = set(VoucherClaims._fields) - {"product"}
    claims = b.some_claims(**{name: bent.pop(name) for name in names & bent.keys()})
    values: dict[str, Any] = {
        "claims": claims,
        "product": b.a_catalogue().products.get(claims.product),
        "group": b.GROUP,
        "currency": "CNY",
        "time": at(b.NOW_S),
        "status": Status.VALID,
        "staleness": Staleness.FRESH,
        "hub_age_s": 60,
        "knowledge": Knowledge(),
        "wish": Wish(),
        "code": CodeState.ABSENT,
        "code_step": None,
        "used_steps_up_to": 0,
        "locked_until_s": None,
        "policy": b.a_policy(),
        "risk": Risk(),
        "mode": Mode.SOLO,
    }
    return Facts(**{**values, **bent})


def a_gift_card(**bent: Any) -> dict[str, Any]:
    """A gift card with 100.00 on it; 30.00 are to be taken."""
    return {
        "kind": STORED, "value": 10000, "product": b.a_catalogue().products[ProductId(9)],
        "wish": yuan(3000), **bent,
    }  # fmt: skip


def a_coffee_card(**bent: Any) -> dict[str, Any]:
    """Ten coffees of 15.00 each."""
    product = b.a_catalogue().products[ProductId(8)]
    return {"kind": MULTI, "value": 0, "product": product, **bent}


def matching(step: int = 1000, **bent: Any) -> dict[str, Any]:
    return {"code": CodeState.MATCHES, "code_step": step, **bent}


def alone_for(hours: float, **bent: Any) -> dict[str, Any]:
    return {"hub_age_s": int(hours * HOUR_S), "staleness": Staleness.STALE, **bent}


def recent(count: int, age_s: int) -> Risk:
    return Risk(count, 0, (b.NOW_S - age_s,) * count)


def rows(table: list[Any]) -> list[Any]:
    """The rows of a table as parameters, each under its name."""
    return [pytest.param(*values, id=name) for name, *values in table]


BEGINS_S = DAY_ZERO_S + 90 * DAY_S
ENDS_S = DAY_ZERO_S + 200 * DAY_S

NO_CLOCK = TrustedTime(b.NOW_S, UNKNOWN_S, b.NOW_S, b.NOW_S + UNKNOWN_S, Source.FLOOR)

# What is so, and the reason for which the voucher is refused then.
REFUSED: list[tuple[str, Refusal, dict[str, Any]]] = [
    ("another group", Refusal.WRONG_STORE, {"scope": StoreGroup(4)}),
    ("a second too early", Refusal.NOT_YET_VALID, {"time": at(BEGINS_S - 6)}),
    ("the second it ends", Refusal.EXPIRED, {"time": at(ENDS_S + 5)}),
    ("perhaps not begun", Refusal.CLOCK_UNCERTAIN, {"time": at(BEGINS_S + 4)}),
    ("perhaps ended", Refusal.CLOCK_UNCERTAIN, {"time": at(ENDS_S - 5)}),
    ("no clock at all", Refusal.CLOCK_UNCERTAIN, {"time": at(b.NOW_S, UNKNOWN_S, Source.FLOOR)}),
    ("never pulled", Refusal.STATUS_MISSING, {"status": None, "hub_age_s": None}),
    ("revoked", Refusal.REVOKED, {"status": Status.REVOKED}),
    ("suspended", Refusal.SUSPENDED, {"status": Status.SUSPENDED}),
    ("used here", Refusal.ALREADY_REDEEMED, {"knowledge": used(1)}),
    ("all ten used here", Refusal.ALREADY_REDEEMED, a_coffee_card(knowledge=used(10))),
    ("card is empty", Refusal.ALREADY_REDEEMED, a_gift_card(knowledge=used(10000))),
    ("used at another till", Refusal.REDEEMED_ELSEWHERE, {"elsewhere": Knowledge(taken=1)}),
    ("used elsewhere", Refusal.REDEEMED_ELSEWHERE, {"status": Status.REDEEMED}),
    ("locked", Refusal.LOCKED_OUT, matching(locked_until_s=b.NOW_S + 1)),
    ("wrong code", Refusal.CODE_WRONG, {"code": CodeState.WRONG}),
    ("no key for the code", Refusal.CODE_UNVERIFIABLE, {"code": CodeState.UNVERIFIABLE}),
    ("a code at no time", Refusal.CLOCK_UNCERTAIN,
     {"code": CodeState.UNTIMED, "dynamic_required": True}),
    ("alone without a clock", Refusal.CLOCK_UNCERTAIN,
     {"expires_day": FOR_EVER, "time": NO_CLOCK}),
    ("a picture of it", Refusal.CODE_REQUIRED, {"dynamic_required": True}),
    ("code used for it", Refusal.CODE_REPLAYED,
     matching(knowledge=Knowledge(0, None, frozenset({1000})))),
    ("step used up for all", Refusal.CODE_REPLAYED, matching(used_steps_up_to=1000)),
    ("gift card, no amount", Refusal.AMOUNT_MISSING, a_gift_card(wish=Wish())),
    ("uses, no amount", Refusal.AMOUNT_MISSING, a_gift_card(wish=Wish(uses=1))),
    ("other currency", Refusal.WRONG_CURRENCY, a_gift_card(wish=yuan(3000, "HKD"))),
    ("88.00 of HKD", Refusal.WRONG_CURRENCY, {"wish": yuan(8800, "HKD")}),
    ("part of a single one", Refusal.AMOUNT_MISMATCH, {"wish": yuan(8799)}),
    ("more than it is", Refusal.AMOUNT_MISMATCH, {"wish": yuan(8801)}),
    ("a single one twice", Refusal.AMOUNT_MISMATCH, {"wish": Wish(uses=2)}),
    ("no use at all", Refusal.AMOUNT_MISMATCH, a_coffee_card(wish=Wish(uses=0))),
    ("uses below none", Refusal.AMOUNT_MISMATCH, a_coffee_card(wish=Wish(uses=-1))),
    ("two for one price", Refusal.AMOUNT_MISMATCH,
     a_coffee_card(wish=Wish(Money(1500, "CNY"), 2))),
    ("amount and uses", Refusal.AMOUNT_MISMATCH, a_gift_card(wish=Wish(Money(1, "CNY"), 1))),
    ("nothing of it", Refusal.AMOUNT_MISMATCH, a_gift_card(wish=yuan(0))),
    ("less than nothing", Refusal.AMOUNT_MISMATCH, a_gift_card(wish=yuan(-1))),
    ("a fen too much", Refusal.INSUFFICIENT_VALUE, a_gift_card(wish=yuan(10001))),
    ("a fen more than left", Refusal.INSUFFICIENT_VALUE,
     a_gift_card(knowledge=used(9000), wish=yuan(1001))),
    ("eleven of ten", Refusal.INSUFFICIENT_VALUE, a_coffee_card(wish=Wish(uses=11))),
    ("unknown card of no value", Refusal.INSUFFICIENT_VALUE, a_coffee_card(product=None)),
    ("no policy", Refusal.POLICY_MISSING, {"policy": None}),
    ("online only", Refusal.ONLINE_REQUIRED, {"online_only": True}),
    ("solo not allowed", Refusal.ONLINE_REQUIRED,
     {"policy": b.a_policy(modes=frozenset({Mode.ONLINE}))}),
    ("never heard the hub", Refusal.OFFLINE_TOO_LONG, {"hub_age_s": None}),
    ("a second too long", Refusal.OFFLINE_TOO_LONG, {"hub_age_s": 72 * HOUR_S + 1}),
    ("a fen over the floor", Refusal.OVER_FLOOR_LIMIT,
     a_gift_card(value=90000, wish=yuan(50001))),
    ("over the stale floor", Refusal.OVER_FLOOR_LIMIT,
     alone_for(1, **a_gift_card(value=90000, wish=yuan(20001)))),
    ("over the old floor", Refusal.OVER_FLOOR_LIMIT,
     {**a_gift_card(wish=yuan(5001)), "staleness": Staleness.OLD}),
    ("anything when expired", Refusal.OVER_FLOOR_LIMIT,
     {**a_gift_card(wish=yuan(1)), "staleness": Staleness.EXPIRED}),
    ("a worth nobody knows", Refusal.OVER_FLOOR_LIMIT, {"value": 0, "product": None}),
    ("as many as it may", Refusal.OFFLINE_COUNT, {"risk": Risk(LIMITS.count, 0)}),
    ("a fen over the sum", Refusal.OFFLINE_SUM,
     {"risk": Risk(1, LIMITS.sum_minor - 8800 + 1)}),
    ("too fast", Refusal.VELOCITY, {"risk": recent(LIMITS.per_10_min, 599)}),
]  # fmt: skip

# What is so, and amount, worth and rest of the acceptance.
ACCEPTED: list[tuple[str, tuple[int, int, int], dict[str, Any]]] = [
    ("single", (1, 8800, 0), {}),
    ("single, by use", (1, 8800, 0), {"wish": Wish(uses=1)}),
    ("single, by its amount", (1, 8800, 0), {"wish": yuan(8800)}),
    ("single, worth by product", (1, 8800, 0), {"value": 0}),
    ("of every group", (1, 8800, 0), {"scope": StoreGroup(0)}),
    ("for ever", (1, 8800, 0), {"expires_day": FOR_EVER}),
    ("the first certain second", (1, 8800, 0), {"time": at(BEGINS_S + 5)}),
    ("the last certain second", (1, 8800, 0), {"time": at(ENDS_S - 6)}),
    ("for ever, online without a clock", (1, 8800, 0),
     {"expires_day": FOR_EVER, "time": NO_CLOCK, "mode": Mode.ONLINE}),
    ("a code nobody needs, at no time", (1, 8800, 0), {"code": CodeState.UNTIMED}),
    ("one of ten", (1, 1500, 9), a_coffee_card()),
    ("three of ten", (3, 4500, 7), a_coffee_card(wish=Wish(uses=3))),
    ("three by amount and uses", (3, 4500, 7), a_coffee_card(wish=Wish(Money(4500, "CNY"), 3))),
    ("the last of ten", (1, 1500, 0), a_coffee_card(knowledge=used(9))),
    ("uses by the token", (2, 3000, 2), a_coffee_card(value=4, wish=Wish(uses=2))),
    ("part of a gift card", (3000, 3000, 7000), a_gift_card()),
    ("all of a gift card", (10000, 10000, 0), a_gift_card(wish=yuan(10000))),
    ("all that is left", (1000, 1000, 0), a_gift_card(knowledge=used(9000), wish=yuan(1000))),
    ("voided before", (1, 8800, 0), {"knowledge": used(0)}),
    ("with its code", (1, 8800, 0), matching(dynamic_required=True)),
    ("with a code nobody asks for", (1, 8800, 0), matching()),
    ("the lock has ended", (1, 8800, 0), matching(locked_until_s=b.NOW_S)),
    ("locked, but no code", (1, 8800, 0), {"locked_until_s": b.NOW_S + 1}),
    ("another step was used", (1, 8800, 0),
     matching(knowledge=Knowledge(0, None, frozenset({999})))),
    ("the step after the used ones", (1, 8800, 0), matching(used_steps_up_to=999)),
    ("at the floor", (50000, 50000, 40000), a_gift_card(value=90000, wish=yuan(50000))),
    ("at the stale floor", (20000, 20000, 70000),
     alone_for(1, **a_gift_card(value=90000, wish=yuan(20000)))),
    ("at the old floor", (5000, 5000, 5000),
     {**a_gift_card(wish=yuan(5000)), "staleness": Staleness.OLD}),
    ("no floor for the mode", (90000, 90000, 0),
     a_gift_card(value=90000, wish=yuan(90000), policy=b.a_policy(floors={}))),
    ("the last second alone", (1, 8800, 0), {"hub_age_s": 72 * HOUR_S}),
    ("the last of the count", (1, 8800, 0), {"risk": Risk(LIMITS.count - 1, 0)}),
    ("up to the sum", (1, 8800, 0), {"risk": Risk(1, LIMITS.sum_minor - 8800)}),
    ("the last of ten minutes", (1, 8800, 0), {"risk": recent(LIMITS.per_10_min - 1, 0)}),
    ("ten minutes ago", (1, 8800, 0), {"risk": recent(LIMITS.per_10_min, 600)}),
    ("not asked yet on which guarantee", (1, 8800, 0),
     {"mode": None, "online_only": True, "risk": Risk(LIMITS.count, LIMITS.sum_minor)}),
    ("online only, online", (1, 8800, 0), {"online_only": True, "mode": Mode.ONLINE}),
    ("online, whatever the risk", (90000, 90000, 5),
     {**a_gift_card(value=90000, wish=yuan(90000)), "mode": Mode.ONLINE, "hub_remaining": 5,
      "risk": Risk(LIMITS.count, LIMITS.sum_minor, recent(99, 1).recent),
      "hub_age_s": 99 * HOUR_S, "staleness": Staleness.EXPIRED}),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "so"), rows(REFUSED))
def test_it_is_refused_when(reason: Refusal, so: dict[str, Any]) -> None:
    decision = decide(some_facts(**so))
    assert decision.reason is reason
    assert not decision.accepted
    assert (decision.amount, decision.worth_minor) == (0, 0)
    assert decision.way_out is WAY_OUT[reason]


@pytest.mark.parametrize(("taken", "so"), rows(ACCEPTED))
def test_it_is_accepted_when(taken: tuple[int, int, int], so: dict[str, Any]) -> None:
    facts = some_facts(**so)
    assert decide(facts) == Decision(None, facts.mode, *taken)


def test_every_row_of_the_rules_is_hit_by_a_row_of_this_table() -> None:
    first = [next(i for i, rule in enumerate(RULES) if rule.applies(some_facts(**so)))
             for _, _, so in REFUSED]  # fmt: skip
    assert set(first) == set(range(len(RULES)))


# Two reasons at once: a clerk hears the first.
BOTH: list[tuple[str, Refusal, dict[str, Any]]] = [
    ("other store before expired", Refusal.WRONG_STORE,
     {"scope": StoreGroup(4), "time": at(ENDS_S + 5)}),
    ("expired before used", Refusal.EXPIRED, {"time": at(ENDS_S + 5), "knowledge": used(1)}),
    ("revoked before used", Refusal.REVOKED, {"status": Status.REVOKED, "knowledge": used(1)}),
    ("used here before elsewhere", Refusal.ALREADY_REDEEMED,
     {"status": Status.REDEEMED, "knowledge": used(1)}),
    ("used before wrong code", Refusal.ALREADY_REDEEMED,
     {"code": CodeState.WRONG, "knowledge": used(1)}),
    ("locked before wrong code", Refusal.LOCKED_OUT,
     {"code": CodeState.WRONG, "locked_until_s": b.NOW_S + 1}),
    ("wrong code before amount", Refusal.CODE_WRONG,
     a_gift_card(code=CodeState.WRONG, wish=Wish())),
    ("replayed before amount", Refusal.CODE_REPLAYED,
     a_gift_card(**matching(used_steps_up_to=1000), wish=yuan(10001))),
    ("currency before amount", Refusal.WRONG_CURRENCY, {"wish": yuan(1, "HKD")}),
    ("amount before policy", Refusal.INSUFFICIENT_VALUE,
     a_gift_card(wish=yuan(10001), policy=None)),
    ("online only before the limits", Refusal.ONLINE_REQUIRED,
     {"online_only": True, "hub_age_s": None, "risk": Risk(LIMITS.count, 0)}),
    ("too long before the floor", Refusal.OFFLINE_TOO_LONG,
     {"hub_age_s": None, "staleness": Staleness.EXPIRED}),
    ("floor before the count", Refusal.OVER_FLOOR_LIMIT,
     {"staleness": Staleness.EXPIRED, "risk": Risk(LIMITS.count, 0)}),
    ("count before the sum", Refusal.OFFLINE_COUNT,
     {"risk": Risk(LIMITS.count, LIMITS.sum_minor)}),
    ("sum before the speed", Refusal.OFFLINE_SUM,
     {"risk": Risk(60, LIMITS.sum_minor, recent(60, 1).recent)}),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "so"), rows(BOTH))
def test_of_two_reasons_the_clerk_hears_the_first(reason: Refusal, so: dict[str, Any]) -> None:
    facts = some_facts(**so)
    assert len({rule.reason for rule in RULES if rule.applies(facts)}) >= 2
    assert decide(facts).reason is reason


def test_the_hubs_refusal_comes_before_everything() -> None:
    facts = some_facts(mode=Mode.ONLINE, hub_refusal=Refusal.UNKNOWN_VOUCHER, knowledge=used(1))
    assert decide(facts).reason is Refusal.UNKNOWN_VOUCHER


@pytest.mark.parametrize("mode", sorted(EXACT))
def test_limits_of_the_unit_alone_do_not_bind_an_exact_mode(mode: Mode) -> None:
    # But for the floor of mode LAN: what only the hub knows is known in the modes before it.
    floors = {} if mode is Mode.LAN else {mode: (0, 0, 0, 0)}
    policy = b.a_policy(modes=frozenset(Mode), floors=floors)
    facts = some_facts(mode=mode, policy=policy, risk=Risk(999, 10**9, recent(99, 1).recent))
    assert decide(facts).accepted


@pytest.mark.parametrize("mode", sorted(set(Mode) - EXACT))
def test_limits_of_the_unit_alone_bind_every_mode_at_risk(mode: Mode) -> None:
    policy = b.a_policy(modes=frozenset(Mode), floors={mode: (8799, 0, 0, 0)})
    assert decide(some_facts(mode=mode, policy=policy)).reason is Refusal.OVER_FLOOR_LIMIT


# --- any facts -----------------------------------------------------------------------------------

minor = st.sampled_from([-1, 0, 1, 1500, 8800, 10000, 2**32, 2**63 - 1]) | st.integers(-5, 20000)
claims = st.builds(
    VoucherClaims,
    kid=st.just(KeyId(1)),
    voucher_id=st.just(VoucherId(1)),
    product=st.just(ProductId(7)),
    value=st.sampled_from([0, 1, 8800, 2**32 - 1]),
    scope=st.sampled_from([StoreGroup(0), b.GROUP, StoreGroup(9)]),
    not_before_day=st.sampled_from([0, 99, 100, 101, 65535]),
    expires_day=st.sampled_from([0, 100, 101, 200, FOR_EVER]),
    status_index=st.just(StatusIndex(1)),
    kind=st.sampled_from(VoucherKind),
    dynamic_required=st.booleans(),
    online_only=st.booleans(),
)
products = st.none() | st.builds(
    Product,
    product=st.just(ProductId(7)),
    names=st.just({"en": "x"}),
    kind=st.sampled_from(VoucherKind),
    worth_minor=st.sampled_from([0, 1, 1500, 2**63 - 1]),
    uses=st.sampled_from([0, 1, 10, 2**32 - 1]),
)
times = st.builds(
    at,
    at_s=st.sampled_from([0, BEGINS_S, b.NOW_S, ENDS_S, 2**40]),
    uncertainty_s=st.sampled_from([0, 5, 10**6, UNKNOWN_S]),
    source=st.sampled_from(Source),
)
facts_of_any_kind = st.builds(
    Facts,
    claims=claims,
    product=products,
    group=st.just(b.GROUP),
    currency=st.just("CNY"),
    time=times,
    status=st.none() | st.sampled_from(Status),
    staleness=st.sampled_from(Staleness),
    hub_age_s=st.none() | st.sampled_from([0, 259200, 259201]),
    knowledge=st.builds(used, st.integers(-1, 20000), st.integers(999, 1001)),
    wish=st.builds(
        Wish,
        st.none()
        | st.builds(Money, minor.map(lambda m: max(m, -1)), st.sampled_from(["CNY", "HKD"])),
        st.none() | minor,
    ),
    code=st.sampled_from(CodeState),
    code_step=st.none() | st.integers(998, 1002),
    used_steps_up_to=st.sampled_from([0, 1000]),
    locked_until_s=st.none() | st.sampled_from([0, b.NOW_S, b.NOW_S + 1]),
    policy=st.none() | st.sampled_from([b.a_policy(), b.a_policy(floors={})]),
    risk=st.sampled_from([Risk(), Risk(200, 0), Risk(0, 10**9), recent(60, 1)]),
    mode=st.none() | st.sampled_from(Mode),
    hub_refusal=st.none() | st.sampled_from(Refusal),
    hub_remaining=st.none() | minor,
)


@given(facts_of_any_kind)
def test_any_facts_give_a_decision_and_never_more_than_there_is(facts: Facts) -> None:
    decision = decide(facts)
    assert decision.mode is facts.mode
    if not decision.accepted:
        assert (decision.amount, decision.worth_minor) == (0, 0)
        assert decision.remaining >= 0
        return
    assert 0 < decision.amount <= capacity(facts.claims, facts.product) - facts.knowledge.taken
    assert decision.worth_minor >= 0
    assert facts.status is Status.VALID
    assert facts.code in {CodeState.ABSENT, CodeState.MATCHES}
    assert decide(facts) == decision


def with_a_good_voucher(facts: Facts) -> Facts:
    """The same, but nothing is wrong with the voucher: only amount and policy can refuse it."""
    claims = facts.claims._replace(
        scope=b.GROUP, not_before_day=0, expires_day=FOR_EVER, dynamic_required=False
    )
    return facts._replace(
        claims=claims, time=at(b.NOW_S), status=Status.VALID, knowledge=Knowledge(),
        code=CodeState.ABSENT, code_step=None, mode=Mode.SOLO, hub_refusal=None,
    )  # fmt: skip


@given(facts_of_any_kind.map(with_a_good_voucher))
def test_what_is_accepted_alone_is_within_every_limit(facts: Facts) -> None:
    decision = decide(facts)
    if decision.accepted:
        assert facts.policy is not None
        floor = facts.policy.floor(Mode.SOLO, facts.staleness)
        assert floor is None or 0 < decision.worth_minor <= floor
        assert facts.risk.acceptances < LIMITS.count
        assert facts.risk.sum_minor + decision.worth_minor <= LIMITS.sum_minor
        assert not facts.claims.online_only


def test_what_other_units_have_taken_is_taken() -> None:
    facts = some_facts(elsewhere=Knowledge(taken=1))
    assert decide(facts).reason is Refusal.REDEEMED_ELSEWHERE
    both = a_coffee_card(knowledge=used(4), elsewhere=Knowledge(taken=6))
    assert decide(some_facts(**both)).reason is Refusal.ALREADY_REDEEMED


def test_a_code_that_was_used_at_another_unit_is_used() -> None:
    facts = some_facts(
        code=CodeState.MATCHES, code_step=77, elsewhere=Knowledge(used_steps=frozenset({77}))
    )
    assert decide(facts).reason is Refusal.CODE_REPLAYED


@pytest.mark.parametrize(("floor", "accepted"), [(8800, True), (8799, False)])
def test_mode_lan_has_a_floor_of_its_own(floor: int, accepted: bool) -> None:
    policy = b.a_policy(modes=frozenset(Mode), floors={Mode.LAN: (floor, 0, 0, 0)})
    assert decide(some_facts(mode=Mode.LAN, policy=policy)).accepted is accepted
