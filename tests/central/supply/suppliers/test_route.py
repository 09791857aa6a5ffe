"""Which supplier is asked: every reason to leave one out, every policy, and the cap."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.supply.suppliers.model import (
    Breaker,
    Kind,
    Need,
    Offer,
    Policy,
    Terms,
    client_ref,
    e4_text,
    parse_e4,
    total,
)
from central.supply.suppliers.route import Reason, decide
from edge.contract.money import Money
from tests.builders import NOW_S


def an_offer(number: int = 1, **bent: Any) -> Offer:
    values: dict[str, Any] = {
        "id": number, "account": f"shop-{number}", "their_ref": "31", "cost_e4": 80_000,
        "price_seen_at_s": NOW_S, "stock": 50, "max_quantity": 10, "balance_e4": 10_000_000,
    }  # fmt: skip
    return Offer(**{**values, **bent})


def a_need(**bent: Any) -> Need:
    values: dict[str, Any] = {
        "unit": "O-1/1", "kind": Kind.KEY, "quantity": 1, "sell_net_e4": 100_000,
    }  # fmt: skip
    return Need(**{**values, **bent})


@pytest.mark.parametrize(
    ("bent", "reason", "figures"),
    [
        ({"is_enabled": False}, Reason.DISABLED, (0, 0)),
        ({"breaker": Breaker.OPEN}, Reason.BREAKER_OPEN, (0, 0)),
        ({"breaker": Breaker.PROBING}, Reason.PROBED_ALREADY, (0, 0)),
        ({"balance_e4": 79_999}, Reason.BALANCE_LOW, (79_999, 80_000)),
        ({"min_quantity": 2}, Reason.TOO_FEW, (1, 2)),
        ({"max_quantity": 0}, Reason.TOO_MANY, (1, 0)),
        ({"stock": 0}, Reason.NO_STOCK, (0, 1)),
        ({"inputs": ("phone",)}, Reason.INPUT_MISSING, (0, 1)),
        ({"cost_e4": 100_001}, Reason.OVER_CAP, (100_001, 100_000)),
    ],
)
def test_an_offer_that_will_not_do_is_left_out_with_its_figures(
    bent: dict[str, Any], reason: Reason, figures: tuple[int, int]
) -> None:
    decision = decide([an_offer(1, **bent), an_offer(2)], a_need(), Terms(), NOW_S)
    [left_out] = decision.left_out
    assert (left_out.offer.id, left_out.reason, left_out[2:]) == (1, reason, figures)
    assert [c.offer.id for c in decision.candidates] == [2]


def test_an_offer_that_was_tried_is_not_tried_again() -> None:
    decision = decide([an_offer(1)], a_need(tried=frozenset({1})), Terms(), NOW_S)
    assert decision.left_out[0].reason is Reason.TRIED


@pytest.mark.parametrize(
    "bent",
    [
        {"stock": None}, {"balance_e4": None}, {"breaker": Breaker.HALF_OPEN},
        {"inputs": ("phone",)}, {"cost_e4": 100_000}, {"stock": 1}, {"balance_e4": 80_000},
    ],
    ids=str,
)  # fmt: skip
def test_an_offer_on_the_very_edge_will_do(bent: dict[str, Any]) -> None:
    need = a_need(inputs=frozenset({"phone", "qq"}))
    assert decide([an_offer(1, **bent)], need, Terms(), NOW_S).candidates


def test_the_cap_leaves_room_for_margin_and_buffer() -> None:
    terms = Terms(min_margin_bp=500, buffer_bp=100)
    decision = decide([an_offer(1, cost_e4=94_000), an_offer(2, cost_e4=94_001)], a_need(), terms,
                      NOW_S)  # fmt: skip
    assert decision.cap_e4 == 94_000
    assert [c.offer.id for c in decision.candidates] == [1]


def test_a_loss_is_bought_only_where_somebody_has_allowed_it_and_is_marked() -> None:
    [candidate] = decide(
        [an_offer(1, cost_e4=120_000)], a_need(), Terms(allow_loss=True), NOW_S
    ).candidates  # fmt: skip
    assert candidate.is_loss


def test_an_old_price_is_asked_for_again() -> None:
    offers = [an_offer(1, price_seen_at_s=NOW_S - 901), an_offer(2, price_seen_at_s=NOW_S - 900)]
    found = decide(offers, a_need(), Terms(), NOW_S).candidates
    assert [c.needs_quote for c in found] == [True, False]


@pytest.mark.parametrize(
    ("policy", "first"),
    [(Policy.CHEAPEST, 1), (Policy.PRIORITY, 2), (Policy.FASTEST, 3), (Policy.SUCCESS, 4)],
)
def test_each_policy_has_its_own_favourite(policy: Policy, first: int) -> None:
    offers = [
        an_offer(1, cost_e4=70_000, priority=9, p95_ms=900, success_bp=9_000),
        an_offer(2, cost_e4=80_000, priority=1, p95_ms=900, success_bp=9_000),
        an_offer(3, cost_e4=80_000, priority=9, p95_ms=100, success_bp=9_000),
        an_offer(4, cost_e4=80_000, priority=9, p95_ms=900, success_bp=9_900),
    ]
    decision = decide(offers, a_need(), Terms(policy), NOW_S)
    assert decision.candidates[0].offer.id == first
    assert len(decision.candidates) == 4


def test_weights_are_kept_to_over_many_units() -> None:
    offers = [an_offer(1, weight=3), an_offer(2, weight=1), an_offer(3, weight=0)]
    terms = Terms(Policy.WEIGHTED)
    wins = {1: 0, 2: 0, 3: 0}
    for n in range(2000):
        wins[decide(offers, a_need(unit=f"O-{n}"), terms, NOW_S).candidates[0].offer.id] += 1
    assert 1400 < wins[1] < 1600
    assert wins[3] == 0


offers_drawn = st.lists(
    st.builds(
        an_offer,
        st.integers(1, 50),
        cost_e4=st.integers(1, 200_000),
        stock=st.one_of(st.none(), st.integers(0, 3)),
        breaker=st.sampled_from(Breaker),
        is_enabled=st.booleans(),
        price_seen_at_s=st.integers(NOW_S - 2000, NOW_S),
    ),
    max_size=12,
    unique_by=lambda o: o.id,
)


@given(offers_drawn, st.sampled_from(Policy), st.integers(0, 5000), st.booleans())
def test_every_offer_is_a_candidate_or_left_out_and_none_over_the_cap(
    offers: list[Offer], policy: Policy, margin_bp: int, allow_loss: bool
) -> None:
    terms = Terms(policy, min_margin_bp=margin_bp, allow_loss=allow_loss)
    decision = decide(offers, a_need(), terms, NOW_S)
    seen = [c.offer.id for c in decision.candidates] + [o.offer.id for o in decision.left_out]
    assert sorted(seen) == sorted(o.id for o in offers)
    ranks = [c.rank for c in decision.candidates]
    assert ranks == sorted(ranks)
    for candidate in decision.candidates:
        assert candidate.offer.is_enabled
        assert candidate.offer.breaker in {Breaker.CLOSED, Breaker.HALF_OPEN}
        assert candidate.offer.cost_e4 <= decision.cap_e4 or allow_loss
        assert candidate.is_loss == (candidate.offer.cost_e4 > decision.cap_e4)
    assert decide(offers[::-1], a_need(), terms, NOW_S).candidates == decision.candidates


def test_a_reference_is_the_same_for_ever_and_another_for_each_attempt() -> None:
    found = {client_ref(f"O-{n}/{m}", k) for n in range(20) for m in range(5) for k in range(1, 4)}
    assert len(found) == 300
    assert all(len(ref) == 22 and ref.isalnum() for ref in found)
    assert client_ref("O-1/1", 1) == client_ref("O-1/1", 1)


@pytest.mark.parametrize(
    ("text", "e4"), [("3.0000", 30_000), ("0.6", 6_000), ("9", 90_000), ("0.0001", 1),
                     ("12.50", 125_000), ("1.10000", 11_000)],
)  # fmt: skip
def test_a_price_is_read_to_its_last_decimal(text: str, e4: int) -> None:
    assert parse_e4(text) == e4
    assert parse_e4(e4_text(e4)) == e4


@pytest.mark.parametrize("text", ["", "-1", "1.00001", "1e3", "１", "1,5", "nan", ".5", "1.-5"])
def test_what_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a price is a decimal"):
        parse_e4(text)


def test_a_part_of_a_fen_is_paid_as_a_whole_one() -> None:
    assert total(90_000, "CNY") == Money(900, "CNY")
    assert total(90_001, "CNY") == Money(901, "CNY")
    assert total(90_000, "JPY") == Money(9, "JPY")
