"""What everybody would earn is what everybody then earns."""

from __future__ import annotations

from typing import Any

import pytest

from central.errors import HubError, NotFound, SharingRefused
from central.foundation.db.engine import money_transaction, rows
from central.money.sharing import explain
from central.money.sharing.earn import earn
from central.money.sharing.model import (
    AgentId,
    LevelLine,
    Over,
    RuleRef,
    RuleSet,
    Sale,
    Scope,
    Share,
    Split,
    To,
    Why,
)
from central.money.sharing.simulate import Answer, Question, simulate
from edge.contract.money import Money
from tests import builders as b
from tests.central.builders import Database
from tests.central.money.sharing.builders import (
    BY_LEVEL,
    CITY_1,
    GENERAL_1,
    LEVELS,
    PROVINCE_1,
    a_rule,
    activated,
    fixed,
    ratio,
)
from tests.central.money.sharing.outside import OUTSIDE

NAMES = {str(level): level.title() for level in LEVELS}


def asked(minor: int = 9_999, agent: AgentId | None = CITY_1, **bent: Any) -> Answer:
    return simulate(Question(Money(minor, "CNY"), agent, **bent), OUTSIDE, b.NOW_S)


def test_what_is_simulated_is_what_is_earned(hub_database: Database) -> None:
    activated(a_rule(BY_LEVEL, fixed(50)))
    answer = asked(product=7, cost_minor=6_000)
    assert rows("SELECT count(*) FROM shared_sale") == [(0,)]
    real = Sale("O-1", answer.sale.amount, answer.sale.chain, b.NOW_S, 6_000, 7, "drinks")
    earned = money_transaction(lambda: earn(real, b.NOW_S))
    assert {one.agent: one.minor for one in earned.commissions} == answer.split.by_agent


def test_the_rule_set_of_product_or_category_counts(hub_database: Database) -> None:
    activated(a_rule(fixed(1)))
    activated(a_rule(fixed(2)), "category:drinks")
    activated(a_rule(fixed(3)), "product:8")
    told = [asked(product=product).split.by_agent[CITY_1] for product in (None, 7, 8)]
    assert told == [1, 2, 3]


def test_a_draft_can_be_tried(hub_database: Database) -> None:
    activated(a_rule(fixed(1)))
    ref = activated(a_rule(fixed(9)), from_s=b.NOW_S + 99)
    assert asked(rule=ref).split.by_agent == {CITY_1: 9}
    assert asked().split.by_agent == {CITY_1: 1}


def test_a_version_that_inherits_shows_what_the_wider_one_gives(hub_database: Database) -> None:
    activated(a_rule(fixed(1)))
    ref = activated(RuleSet("CNY", inherits=True), "product:7", from_s=b.NOW_S + 99)
    assert asked(rule=ref, product=7).split.by_agent == {CITY_1: 1}


def test_the_house_itself_may_sell(hub_database: Database) -> None:
    activated(a_rule())
    split = asked(agent=None).split
    assert (split.by_agent, split.nobody, split.house_minor) == ({}, (1, 2), 9_999)


@pytest.mark.parametrize(
    ("minor", "bent", "kind"),
    [
        (0, {}, SharingRefused),
        (-1, {}, SharingRefused),
        (10**16, {}, SharingRefused),
        (100, {"cost_minor": -1}, SharingRefused),
        (100, {"agent": AgentId("NOBODY")}, NotFound),
        (100, {"product": 9}, NotFound),
        (100, {"rule": RuleRef(Scope("default"), 7)}, NotFound),
        (400, {}, SharingRefused),
    ],
)
def test_what_cannot_be_is_told(
    hub_database: Database, minor: int, bent: dict[str, Any], kind: type[HubError]
) -> None:
    activated(a_rule(fixed(500), over=Over.REFUSE))
    with pytest.raises(kind):
        asked(minor, **bent)


# --- why -----------------------------------------------------------------------------------------


def shares(rule: RuleSet, minor: int = 9_999) -> tuple[Answer, list[Share]]:
    activated(rule, answered_for="Agreed.")
    answer = asked(minor)
    return answer, list(answer.split.shares)


def test_every_share_is_explained(sqlite_database: Database) -> None:
    line = LevelLine(BY_LEVEL.rates, cap_minor=250)
    answer, found = shares(a_rule(ratio(50_000), fixed(200, To.UPLINE_1), line))
    told = [explain.why(answer.split, share, "CNY", NAMES) for share in found]
    assert told == [
        "5 % of 99.99",
        "2.00 for each sale",
        "City: 4 % of 99.99",
        "Province has 7 %, those below have 4 % of it: 3 % of 99.99",
        "General has 10 %, those below have 7 % of it: 3 % of 99.99",
    ]
    assert [explain.exact_text(answer.split, share, "CNY") for share in found] == [
        "4.9995", "2.00", "3.9996", "2.9997", "2.9997",
    ]  # fmt: skip
    assert [explain.cuts(answer.split, share, "CNY", "") for share in found] == [
        [], [], ["At most 2.50 by this line"], ["At most 2.50 by this line"],
        ["Only 2 agents are paid"],
    ]  # fmt: skip
    assert [share.agent for share in found] == [CITY_1, PROVINCE_1, CITY_1, PROVINCE_1, GENERAL_1]


def test_what_is_cut_from_the_sum_is_explained(sqlite_database: Database) -> None:
    answer, [share] = shares(a_rule(fixed(500), total_ppm=30_000), 10_000)
    assert explain.cuts(answer.split, share, "CNY", "") == ["All together may have 3.00"]


@pytest.mark.parametrize(
    ("currency", "ppm", "base", "text"),
    [("CNY", 50_000, 9_999, "4.9995"), ("CNY", 50_000, 10_000, "5.00"), ("JPY", 50_000, 99, "4.95"),
     ("JPY", 50_000, 100, "5"), ("KWD", 1, 1, "0.000000001"), ("CNY", 999_999, 10**15,
      "9999990000000.00")],
)  # fmt: skip
def test_a_share_is_shown_before_rounding(currency: str, ppm: int, base: int, text: str) -> None:
    share = Share(1, Why.RATIO, CITY_1, LEVELS[0], 0, ppm)
    assert explain.exact_text(Split(None, base, base, 0), share, currency) == text


def test_a_rule_set_is_told_in_sentences(sqlite_database: Database) -> None:
    line = LevelLine(BY_LEVEL.rates, same_level_ppm=5_000, cap_minor=300)
    told = [
        explain.line_text(one, "CNY", NAMES)
        for one in (fixed(100), ratio(25_000, To.UPLINE_1, 500), line)
    ]
    assert told == [
        "1.00 to who sells",
        "2.5 % to who is above, at most 5.00",
        (
            "By level: General 10 % · Province 7 % · City 4 %; above the same level 0.5 %,"
            " at most 3.00"
        ),
    ]
    assert "Held for 7 days." in explain.rule_text(a_rule())
    assert explain.rule_text(RuleSet("CNY", inherits=True)) == ["The next wider rule set decides."]
    told = [explain.scope_text(Scope(s), {"7": "Lunch"}) for s in
            ("default", "category:drinks", "product:7")]  # fmt: skip
    assert told == ["Everything else", "Category drinks", "Product 7 Lunch"]
