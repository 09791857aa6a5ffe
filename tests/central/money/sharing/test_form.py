"""A rule set as a form: what was typed becomes the rule set, and the other way round."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from central.errors import RequestInvalid
from central.money.sharing import form
from central.money.sharing.model import Base, LevelLine, Over, RuleSet, To
from central.money.sharing.rule_body import LINES_MAX, RuleInvalid, read
from tests.central.money.sharing.builders import BY_LEVEL, LEVELS, a_rule, fixed, ratio

USUAL = {
    "base": "sale", "over": "cut", "total": "30", "paid_levels": "2", "hold_days": "7",
}  # fmt: skip


def typed(**fields: str) -> RuleSet:
    names = {name.replace("_", "-"): text for name, text in fields.items()}
    closed = form.closed_up({**USUAL, **names})
    return read(form.body_of(closed, "CNY", LEVELS))


@pytest.mark.parametrize(
    "rule",
    [
        a_rule(),
        a_rule(fixed(200), ratio(25_000, To.UPLINE_1, 500), BY_LEVEL),
        a_rule(LevelLine(BY_LEVEL.rates, 5_000, 300), base=Base.MARGIN, over=Over.REFUSE),
        a_rule(ratio(1), total_ppm=123_456, paid_levels=3, hold_s=0),
        RuleSet("CNY", inherits=True),
    ],
)
def test_what_the_form_shows_is_saved_as_it_was(rule: RuleSet) -> None:
    fields = form.fields_of(rule, "CNY")
    assert read(form.body_of(form.closed_up(fields), "CNY", LEVELS)) == rule


def test_amounts_and_percentages_are_typed_as_people_write_them() -> None:
    rule = typed(
        kind_0="fixed", to_0="seller", value_0="2", kind_1="ratio", to_1="upline-1",
        value_1=" 2,5 % ", cap_1="5.00",
    )  # fmt: skip
    assert rule.lines == (fixed(200), ratio(25_000, To.UPLINE_1, 500))


def test_rows_that_were_left_empty_are_closed_up() -> None:
    fields = form.closed_up({"kind-3": "fixed", "to-3": "seller", "value-3": "1", "kind-1": ""})
    assert fields == {"kind-0": "fixed", "to-0": "seller", "value-0": "1", "cap-0": ""}
    assert len(form.rows_of(fields)) == 1 + form.EMPTY_ROWS
    assert len(form.rows_of({f"kind-{LINES_MAX - 1}": "ratio"})) == LINES_MAX


@pytest.mark.parametrize(
    ("fields", "why", "line"),
    [
        ({"kind_0": "ratio", "to_0": "seller", "value_0": "five"}, "percentage such as", 1),
        ({"kind_0": "ratio", "to_0": "seller", "value_0": "-5"}, "percentage such as", 1),
        ({"kind_0": "ratio", "to_0": "seller", "value_0": "5.00001"}, "percentage such as", 1),
        ({"kind_0": "ratio", "to_0": "seller", "value_0": ""}, "percentage such as", 1),
        ({"kind_0": "ratio", "to_0": "seller", "value_0": "101"}, "out of range", 1),
        ({"kind_0": "fixed", "to_0": "seller", "value_0": "1.234"}, "number such as", 1),
        ({"kind_0": "fixed", "to_0": "seller", "value_0": "1", "cap_0": "2"}, "no cap", 1),
        ({"kind_0": "gift", "to_0": "seller", "value_0": "1"}, "fixed, a ratio", 1),
        ({"kind_4": "fixed", "to_4": "nobody", "value_4": "1"}, "none of those", 1),
        ({"rate_city": "x"}, "percentage such as", 1),
        ({"rate_city": "4", "same_level": "x"}, "percentage such as", 1),
        ({"rate_city": "4", "level_cap": "x"}, "number such as", 1),
        ({"hold_days": "1.5"}, "whole number of days", 0),
        ({"hold_days": ""}, "whole number of days", 0),
        ({"total": ""}, "percentage such as", 0),
        ({"paid_levels": "many"}, "not whole", 0),
        ({"base": "?"}, "none of those", 0),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(
    fields: dict[str, str], why: str, line: int
) -> None:
    names = {
        name if name in USUAL else name.replace("_", "-"): text for name, text in fields.items()
    }
    with pytest.raises(RuleInvalid, match=why) as caught:
        read(form.body_of(form.closed_up({**USUAL, **names}), "CNY", LEVELS))
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("ppm", "text"),
    [(50_000, "5 %"), (52_500, "5.25 %"), (1, "0.0001 %"), (1_000_000, "100 %"), (0, "0 %")],
)
def test_a_rate_is_shown_as_a_percentage(ppm: int, text: str) -> None:
    assert form.percent(ppm) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(604_800, "7"), (43_200, "0.5"), (0, "0"), (864_000, "10")]
)
def test_a_hold_is_shown_in_days(seconds: int, text: str) -> None:
    assert form.days_text(seconds) == text


def test_a_moment_is_the_hub_s_own_time_unless_it_says_otherwise() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    assert form.read_moment("2026-05-01T00:00", zone) == 1_777_564_800
    assert form.read_moment("2026-05-01T00:00Z", zone) == 1_777_564_800 + 8 * 3600
    for text in ("tomorrow", "1999-01-01T00:00", "2026-05-32T00:00"):
        with pytest.raises(RequestInvalid):
            form.read_moment(text, zone)
