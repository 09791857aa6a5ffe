"""Who earns what on a sale, and why: rule set × chain × amount."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.money.sharing.model import (
    AgentId,
    Base,
    Cut,
    LevelId,
    LevelLine,
    Link,
    Over,
    RuleLine,
    RuleSet,
    Sale,
    Split,
    To,
    Why,
)
from central.money.sharing.rule_body import read, read_snapshot, snapshot, to_body
from central.money.sharing.split import PPM, SharesExceed
from central.money.sharing.work_out import AMOUNT_MINOR_MAX, work_out
from edge.contract.money import Money
from tests.central.money.sharing.builders import (
    BY_LEVEL,
    CHAIN,
    CITY,
    CITY_1,
    GENERAL,
    GENERAL_1,
    LEVELS,
    PROMOTER,
    PROVINCE,
    PROVINCE_1,
    a_rule,
    a_sale,
    fixed,
    in_force,
    ratio,
)

THREE = {"paid_levels": 3, "total_ppm": 500_000}


def worked_out(rule: RuleSet, **bent: Any) -> Split:
    return work_out(a_sale(**bent), in_force(rule))


@pytest.mark.parametrize(
    ("rule", "bent", "by_agent", "house"),
    [
        (a_rule(), {}, {"C1": 500, "P1": 200}, 3300),
        (a_rule(), {"minor": 9999}, {"C1": 499, "P1": 200}, 3301),
        (a_rule(fixed(300)), {}, {"C1": 300}, 3700),
        (a_rule(fixed(300), ratio(50_000)), {}, {"C1": 800}, 3200),
        (a_rule(ratio(50_000, cap_minor=120)), {}, {"C1": 120}, 3880),
        (a_rule(base=Base.MARGIN), {}, {"C1": 200, "P1": 80}, 3720),
        (a_rule(), {"chain": CHAIN[:1]}, {"C1": 500}, 3500),
        (a_rule(), {"chain": ()}, {}, 4000),
        (a_rule(ratio(50_000, To.UPLINE_2), **THREE), {}, {"G1": 500}, 3500),
        (a_rule(BY_LEVEL), {}, {"C1": 400, "P1": 300}, 3300),
        (a_rule(BY_LEVEL, **THREE), {}, {"C1": 400, "P1": 300, "G1": 300}, 3000),
        (a_rule(BY_LEVEL), {"chain": CHAIN[2:]}, {"G1": 1000}, 3000),
        (a_rule(BY_LEVEL), {"chain": (CHAIN[0], CHAIN[2])}, {"C1": 400, "G1": 600}, 3000),
        (a_rule(BY_LEVEL), {"minor": 1, "cost_minor": 0}, {}, 1),
        (RuleSet("CNY"), {}, {}, 4000),
    ],
    ids=[
        "two-ratios", "rounded", "fixed", "fixed-and-ratio", "line-cap", "of-the-margin",
        "nobody-above", "the-house-sold", "third-place", "levels-two-paid", "levels-three-paid",
        "the-general-agent-sold", "a-level-is-missing", "one-fen", "no-lines",
    ],
)  # fmt: skip
def test_a_sale_is_shared_as_the_table_says(
    rule: RuleSet, bent: dict[str, Any], by_agent: dict[str, int], house: int
) -> None:
    split = worked_out(rule, **bent)
    assert split.by_agent == by_agent
    assert split.house_minor == house


def test_a_sale_without_a_rule_set_is_the_house_s() -> None:
    split = work_out(a_sale(), None)
    assert (split.by_agent, split.house_minor, split.rule) == ({}, 4000, None)


def test_a_line_for_whom_nobody_stands_is_named() -> None:
    assert worked_out(a_rule(), chain=CHAIN[:1]).nobody == (2,)


# --- by level ------------------------------------------------------------------------------------


def chain_of(*levels: LevelId, barred: int | None = None) -> tuple[Link, ...]:
    return tuple(
        Link(AgentId(f"A{n}"), level, "suspended" if n == barred else "")
        for n, level in enumerate(levels)
    )


def amounts(chain: tuple[Link, ...], rule: RuleSet | None = None) -> list[int]:
    found = worked_out(rule or a_rule(BY_LEVEL, **THREE), chain=chain).by_agent
    return [found.get(link.agent, 0) for link in chain]


def test_everybody_gets_what_his_level_has_above_those_below() -> None:
    assert amounts(chain_of(CITY, PROVINCE, GENERAL)) == [400, 300, 300]
    assert amounts(chain_of(PROMOTER, CITY, GENERAL)) == [0, 400, 600]


def test_a_lower_level_above_a_higher_one_gets_nothing_and_takes_nothing() -> None:
    assert amounts(chain_of(PROVINCE, CITY, GENERAL)) == [700, 0, 300]


def test_the_same_level_above_gets_nothing_or_what_the_rule_set_gives_for_it() -> None:
    chain = chain_of(CITY, CITY, GENERAL)
    assert amounts(chain) == [400, 0, 600]
    line = LevelLine(BY_LEVEL.rates, same_level_ppm=10_000)
    assert amounts(chain, a_rule(line, **THREE)) == [400, 100, 600]
    split = worked_out(a_rule(line, **THREE), chain=chain)
    assert [s.why for s in split.shares] == [Why.LEVEL, Why.SAME_LEVEL, Why.LEVEL]


def test_who_is_barred_earns_nothing_and_makes_nobody_richer() -> None:
    """What a suspended province agent does not get is the house's, not the general agent's."""
    chain = chain_of(CITY, PROVINCE, GENERAL, barred=1)
    assert amounts(chain) == [400, 0, 300]
    shares = worked_out(a_rule(BY_LEVEL, **THREE), chain=chain).shares
    assert [s.cuts for s in shares] == [(), (Cut.BARRED,), ()]
    assert shares[1].wanted_minor == 300


def test_a_cap_of_the_line_is_each_agent_s() -> None:
    line = LevelLine(BY_LEVEL.rates, cap_minor=350)
    assert amounts(chain_of(CITY, PROVINCE, GENERAL), a_rule(line, **THREE)) == [350, 300, 300]


# --- caps ----------------------------------------------------------------------------------------


def test_two_are_paid_and_those_nearest_to_the_sale() -> None:
    split = worked_out(a_rule(BY_LEVEL))
    assert [(s.agent, s.minor, s.cuts) for s in split.shares] == [
        (CITY_1, 400, ()), (PROVINCE_1, 300, ()), (GENERAL_1, 0, (Cut.LEVELS,)),
    ]  # fmt: skip
    assert split.shares[2].wanted_minor == 300


def test_who_gets_nothing_is_no_paid_level() -> None:
    split = worked_out(a_rule(BY_LEVEL), chain=chain_of(PROMOTER, CITY, PROVINCE))
    assert split.by_agent == {"A1": 400, "A2": 300}


def test_what_is_too_much_is_cut_from_the_top_of_the_chain() -> None:
    rule = a_rule(fixed(300), fixed(200, To.UPLINE_1), total_ppm=30_000)
    split = worked_out(rule)
    assert split.by_agent == {CITY_1: 300}
    assert split.shares[1].cuts == (Cut.SUM_CAP,)
    partly = worked_out(rule, minor=15_000)
    assert partly.by_agent == {CITY_1: 300, PROVINCE_1: 150}


def test_the_house_never_pays_more_than_it_earned() -> None:
    split = worked_out(a_rule(), cost_minor=9_600)
    assert split.by_agent == {CITY_1: 400}
    assert split.house_minor == 0
    at_a_loss = worked_out(a_rule(), cost_minor=12_000)
    assert at_a_loss.by_agent == {}
    assert at_a_loss.house_minor == -2_000


def test_a_rule_set_may_refuse_instead_of_cutting() -> None:
    rule = a_rule(fixed(300), fixed(200, To.UPLINE_1), total_ppm=30_000, over=Over.REFUSE)
    with pytest.raises(SharesExceed, match="the shares are 500, and may be 300 together"):
        worked_out(rule)
    with pytest.raises(SharesExceed, match="there are 400"):
        worked_out(rule, minor=400)
    assert worked_out(rule, minor=20_000).by_agent == {CITY_1: 300, PROVINCE_1: 200}


@pytest.mark.parametrize(
    ("bent", "why"),
    [
        ({"minor": 0}, "positive"),
        ({"minor": -1}, "positive"),
        ({"minor": AMOUNT_MINOR_MAX + 1}, "beyond all bounds"),
        ({"cost_minor": -1}, "not negative"),
        ({"cost_minor": AMOUNT_MINOR_MAX + 1}, "beyond all bounds"),
        ({"chain": (CHAIN[0], CHAIN[1], CHAIN[0])}, "once"),
        ({"amount": Money(100, "USD")}, "another currency"),
    ],
)
def test_what_is_no_sale_is_told(bent: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        worked_out(a_rule(), **bent)


# --- properties ----------------------------------------------------------------------------------

rates = st.dictionaries(st.sampled_from(LEVELS), st.integers(0, 100_000), min_size=1).filter(
    lambda found: any(found.values())
)
caps = st.none() | st.integers(1, 10**6)
places = st.sampled_from(list(To))
line = st.one_of(
    st.builds(fixed, st.integers(1, 10**5), places),
    st.builds(ratio, st.integers(1, 100_000), places, caps),
)
links = st.lists(
    st.tuples(st.sampled_from(LEVELS), st.sampled_from(["", "", "", "suspended"])), max_size=6
)


@st.composite
def a_case(draw: st.DrawFn) -> tuple[Sale, RuleSet]:
    lines: list[RuleLine] = list(draw(st.lists(line, max_size=5)))
    if draw(st.booleans()):
        by_level = st.builds(LevelLine, rates, st.integers(0, 20_000), caps)
        lines.insert(draw(st.integers(0, len(lines))), draw(by_level))
    rule = RuleSet(
        "CNY", tuple(lines), draw(st.sampled_from(Base)),
        total_ppm=draw(st.integers(1, 1_000_000)), paid_levels=draw(st.integers(1, 3)),
    )  # fmt: skip
    minor = draw(st.integers(1, 10**12))
    chain = tuple(
        Link(AgentId(f"A{n}"), level, barred) for n, (level, barred) in enumerate(draw(links))
    )
    cost = draw(st.integers(0, 2 * minor))
    return a_sale(minor=minor, cost_minor=cost, chain=chain), rule


@given(case=a_case())
def test_whatever_the_rules_nothing_is_paid_that_may_not_be(case: tuple[Sale, RuleSet]) -> None:
    sale, rule = case
    split = work_out(sale, in_force(rule))
    amount = sale.amount.minor
    taken = sum(split.by_agent.values())
    assert amount == sale.cost_minor + taken + split.house_minor, "every fen is somebody's"
    assert taken <= max(0, amount - sale.cost_minor)
    assert taken <= amount * rule.total_ppm // PPM
    assert len(split.by_agent) <= rule.paid_levels
    barred = {link.agent for link in sale.chain if link.barred}
    assert barred.isdisjoint(split.by_agent)
    for share in split.shares:
        assert 0 <= share.minor <= share.wanted_minor
        assert share.cuts or share.minor == share.wanted_minor
        if not share.cuts and share.why is not Why.FIXED:
            assert abs(share.minor * PPM - split.base_minor * share.ppm) < PPM


@given(case=a_case())
def test_differences_by_level_never_exceed_the_highest_rate(case: tuple[Sale, RuleSet]) -> None:
    sale, rule = case
    for line in rule.lines:
        if isinstance(line, LevelLine):
            by_level = [s for s in work_out(sale, in_force(rule)).shares if s.why is Why.LEVEL]
            assert sum(share.ppm for share in by_level) <= max(line.rates.values())


@given(case=a_case())
def test_what_stands_with_an_order_gives_the_same_fen_for_ever(case: tuple[Sale, RuleSet]) -> None:
    sale, rule = case
    found = in_force(rule)
    if not _is_a_rule_set(rule):
        return
    split = work_out(sale, found)
    kept = snapshot(sale, split)
    again = work_out(*read_snapshot(kept))
    assert again == split
    assert read_snapshot(kept)[0] == sale


def _is_a_rule_set(rule: RuleSet) -> bool:
    try:
        return read(to_body(rule)) == rule
    except ValueError:
        return False


def test_levels_are_called_by_their_names() -> None:
    assert (GENERAL, PROVINCE, CITY, PROMOTER) == LEVELS
