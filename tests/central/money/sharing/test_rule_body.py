"""Rule sets as JSON: read strictly, checked as a whole, and written back as they were."""

from __future__ import annotations

from typing import Any

import pytest

from central.money.sharing.model import Base, LevelLine, Over, RuleSet, To
from central.money.sharing.rule_body import (
    HOLD_S_MAX,
    RuleInvalid,
    most_ppm,
    parse_scope,
    read,
    to_body,
)
from tests.central.money.sharing.builders import BY_LEVEL, CITY, PROVINCE, a_rule, fixed, ratio

A_BODY: dict[str, Any] = {
    "currency": "CNY",
    "lines": [
        {"kind": "fixed", "to": "seller", "minor": 100},
        {"kind": "ratio", "to": "upline-1", "ppm": 20_000, "cap_minor": 500},
        {"kind": "level", "rates": {"province": 70_000, "city": 0}, "same_level_ppm": 1},
    ],
}


def with_line(**line: Any) -> dict[str, Any]:
    return {**A_BODY, "lines": [{"kind": "fixed", "to": "seller", "minor": 1}, line]}


def test_a_rule_set_is_read_with_what_is_usual() -> None:
    rule = read(A_BODY)
    by_level = LevelLine({PROVINCE: 70_000, CITY: 0}, same_level_ppm=1)
    assert rule.lines == (fixed(100), ratio(20_000, To.UPLINE_1, 500), by_level)
    assert (rule.base, rule.over, rule.inherits) == (Base.SALE, Over.CUT, False)
    assert (rule.total_ppm, rule.paid_levels, rule.hold_s) == (300_000, 2, 7 * 86_400)
    assert not rule.must_be_answered_for


@pytest.mark.parametrize(
    "rule",
    [
        a_rule(),
        a_rule(BY_LEVEL, base=Base.MARGIN, over=Over.REFUSE, hold_s=0),
        a_rule(fixed(1), ratio(1, To.UPLINE_2, 1), total_ppm=1_000_000, paid_levels=3),
        RuleSet("CNY", inherits=True),
        RuleSet("JPY"),
    ],
)
def test_a_rule_set_is_written_and_read_as_it_was(rule: RuleSet) -> None:
    assert read(to_body(rule)) == rule


@pytest.mark.parametrize(
    ("body", "why", "line"),
    [
        (None, "not known", 0),
        ([], "not known", 0),
        ({**A_BODY, "cap": 1}, "not known", 0),
        ({"lines": []}, "three capital letters", 0),
        ({**A_BODY, "currency": "yuan"}, "three capital letters", 0),
        ({**A_BODY, "currency": "CNY\n"}, "three capital letters", 0),
        ({**A_BODY, "lines": {}}, "at most twenty", 0),
        ({**A_BODY, "lines": [{}] * 21}, "at most twenty", 0),
        ({**A_BODY, "inherits": "yes"}, "not known", 0),
        ({**A_BODY, "inherits": True}, "has no lines", 0),
        ({**A_BODY, "base": "profit"}, "none of those", 0),
        ({**A_BODY, "over": None}, "none of those", 0),
        ({**A_BODY, "total_ppm": 0}, "out of range", 0),
        ({**A_BODY, "total_ppm": 1_000_001}, "out of range", 0),
        ({**A_BODY, "total_ppm": 0.3}, "not whole", 0),
        ({**A_BODY, "paid_levels": 0}, "out of range", 0),
        ({**A_BODY, "paid_levels": 4}, "out of range", 0),
        ({**A_BODY, "paid_levels": True}, "not whole", 0),
        ({**A_BODY, "hold_s": -1}, "out of range", 0),
        ({**A_BODY, "hold_s": HOLD_S_MAX + 1}, "out of range", 0),
        (with_line(kind="share", to="seller"), "fixed, a ratio, or by level", 2),
        ({**A_BODY, "lines": ["5 %"]}, "fixed, a ratio, or by level", 1),
        (with_line(kind="fixed", to="seller", minor=1, ppm=1), "not known", 2),
        (with_line(kind="fixed", to="seller"), "missing", 2),
        (with_line(kind="fixed", to="seller", minor=0), "out of range", 2),
        (with_line(kind="fixed", to="seller", minor=-5), "out of range", 2),
        (with_line(kind="fixed", to="seller", minor=10**16), "out of range", 2),
        (with_line(kind="fixed", to="seller", minor="5"), "not whole", 2),
        (with_line(kind="fixed", to="everybody", minor=5), "none of those", 2),
        (with_line(kind="fixed", minor=5), "none of those", 2),
        (with_line(kind="ratio", to="seller", ppm=0), "out of range", 2),
        (with_line(kind="ratio", to="seller", ppm=1_000_001), "out of range", 2),
        (with_line(kind="ratio", to="seller", ppm=5.0), "not whole", 2),
        (with_line(kind="ratio", to="seller", ppm=5, cap_minor=0), "out of range", 2),
        (with_line(kind="ratio", to="upline-2", ppm=5), "beyond the paid levels", 2),
        (with_line(kind="level", rates={}), "one to eight", 2),
        (with_line(kind="level", rates={f"l{n}": 1 for n in range(9)}), "one to eight", 2),
        (with_line(kind="level", rates={"City": 1}), "no such level", 2),
        (with_line(kind="level", rates={"city": -1}), "out of range", 2),
        (with_line(kind="level", rates={"city": 0}), "gives some level something", 2),
        (with_line(kind="level", rates=[1]), "one to eight", 2),
        (with_line(kind="level", rates={"city": 1}, same_level_ppm=-1), "out of range", 2),
        ({**A_BODY, "lines": A_BODY["lines"] + A_BODY["lines"][2:]}, "one line by level", 0),
        (with_line(kind="ratio", to="seller", ppm=300_001), "more than the cap", 0),
        ({**A_BODY, "total_ppm": 90_000}, "more than the cap", 0),
    ],
)  # fmt: skip
def test_what_is_no_rule_set_is_told_with_its_line(body: Any, why: str, line: int) -> None:
    with pytest.raises(RuleInvalid, match=why) as caught:
        read(body)
    assert caught.value.line == line


def test_the_rates_are_added_up_for_the_worst_chain() -> None:
    """Everybody above the seller may be of the level of the one below him."""
    same = LevelLine(BY_LEVEL.rates, same_level_ppm=10_000)
    assert most_ppm(a_rule(same, ratio(50_000))) == 100_000 + 10_000 + 50_000
    assert most_ppm(a_rule(same, paid_levels=3)) == 100_000 + 20_000
    assert most_ppm(a_rule(fixed(500))) == 0


@pytest.mark.parametrize(
    ("bent", "is_usual"),
    [({}, True), ({"paid_levels": 1}, True), ({"paid_levels": 3}, False),
     ({"total_ppm": 300_000}, True), ({"total_ppm": 300_001}, False)],
)  # fmt: skip
def test_what_is_not_usual_must_be_answered_for(bent: dict[str, int], is_usual: bool) -> None:
    assert a_rule(**bent).must_be_answered_for is not is_usual


@pytest.mark.parametrize("scope", ["default", "category:drinks", "product:7", "product:16777215"])
def test_a_scope_is_the_default_a_category_or_a_product(scope: str) -> None:
    assert parse_scope(scope) == scope


@pytest.mark.parametrize(
    "scope",
    ["", "Default", "default ", "product:", "product:0", "product:-1", "product:7\n",
     "category:", "category:Drinks", "category:a b", "agent:7", "product:123456789", "product:٧"],
)  # fmt: skip
def test_anything_else_is_no_scope(scope: str) -> None:
    with pytest.raises(RuleInvalid):
        parse_scope(scope)
