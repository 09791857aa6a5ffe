"""What a buyer types is cleaned, or every fault of it is told at once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.supply.product_types.fields import check_fields
from central.supply.product_types.json_schema import json_schema
from tests.central.supply.product_types.builders import a_field, both, parsed

CHOICES = [
    {"value": "cn", "label": both("国服", "China")},
    {"value": "eu", "label": both("欧", "EU")},
]


@pytest.mark.parametrize(
    ("field", "typed", "cleaned"),
    [
        (a_field(), "  li\u3000ming ", "li\u3000ming"),
        (a_field(), "e\u0301te\u0301", "été"),
        (a_field(pattern="[A-Z]+"), "ABC", "ABC"),
        (a_field(kind="number", min=1, max=9), "9", 9),
        (a_field(kind="number"), 7, 7),
        (a_field(kind="number"), "１２", 12),
        (a_field(kind="number", min=-5), "-5", -5),
        (a_field(kind="choice", choices=CHOICES), "eu", "eu"),
        (a_field(kind="phone"), "+86 138-0013-8000", "+8613800138000"),
        (a_field(kind="email"), "Li.Ming@Mail.Example", "Li.Ming@mail.example"),
        (a_field(kind="date", min="2026-01-01"), "2026-04-11", "2026-04-11"),
    ],
)
def test_what_is_right_is_cleaned(field: dict[str, Any], typed: Any, cleaned: str | int) -> None:
    found = check_fields(parsed(field).fields, {"account": typed})
    assert (found.values, found.faults) == ({"account": cleaned}, {})


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        (a_field(), "", "This is needed."),
        (a_field(), " \u3000 ", "This is needed."),
        (a_field(), None, "This is needed."),
        (a_field(), 7, "cannot be read"),
        (a_field(), ["a"], "cannot be read"),
        (a_field(), "x" * 2001, "cannot be read"),
        (a_field(), "x" * 501, "At most 500 characters."),
        (a_field(min=3), "ab", "At least 3 characters."),
        (a_field(max=3), "abcd", "At most 3 characters."),
        (a_field(), "a\x00b", "signs in it that cannot be seen"),
        (a_field(), "a\u202eb", "signs in it that cannot be seen"),
        (a_field(pattern="[A-Z]+"), "abc", "does not look as it must"),
        (a_field(kind="number"), "1.5", "A whole number."),
        (a_field(kind="number"), "1e9", "A whole number."),
        (a_field(kind="number"), True, "cannot be read"),
        (a_field(kind="number"), "9" * 99, "A whole number."),
        (a_field(kind="number", min=1), "0", "At least 1."),
        (a_field(kind="number", max=9), 10, "At most 9."),
        (a_field(kind="choice", choices=CHOICES), "us", "One of the choices."),
        (a_field(kind="phone"), "110", "phone number"),
        (a_field(kind="email"), "li@mail", "e-mail address"),
        (a_field(kind="email"), "a@b.c d", "e-mail address"),
        (a_field(kind="date"), "2026-02-30", "A day is written"),
        (a_field(kind="date"), "11.4.2026", "A day is written"),
        (a_field(kind="date", min="2026-01-01"), "2025-12-31", "Not before 2026-01-01."),
        (a_field(kind="date", max="2026-01-01"), "2026-01-02", "Not after 2026-01-01."),
    ],
)
def test_what_is_wrong_is_told(field: dict[str, Any], typed: Any, told: str) -> None:
    found = check_fields(parsed(field).fields, {"account": typed})
    assert found.values == {}
    assert told in found.faults["account"].text()


def test_all_faults_are_told_at_once_and_a_field_that_nobody_knows_too() -> None:
    fields = parsed(a_field(), a_field("age", "number"), a_field("note", required=False)).fields
    found = check_fields(fields, {"age": "x", "card": "4111"})
    assert sorted(found.faults) == ["account", "age", "card"]


def test_what_need_not_be_said_is_left_out() -> None:
    fields = parsed(a_field(), a_field("note", required=False)).fields
    found = check_fields(fields, {"account": "li", "note": " "})
    assert (found.values, found.faults) == ({"account": "li"}, {})


_TYPED = st.one_of(st.none(), st.text(max_size=30), st.integers(), st.booleans(), st.floats())


@given(st.dictionaries(st.sampled_from(["account", "age", "when", "other"]), _TYPED))
def test_whatever_comes_is_cleaned_for_good_or_refused(typed: dict[str, Any]) -> None:
    """What was cleaned once stays as it is when it is checked again."""
    fields = parsed(a_field(), a_field("age", "number"), a_field("when", "date")).fields
    found = check_fields(fields, typed)
    assert bool(found.values) != bool(found.faults)
    if found.values:
        assert check_fields(fields, found.values).values == found.values


def test_the_json_schema_says_the_same() -> None:
    fields = parsed(
        a_field(pattern="^[A-Z]+$", max=9), a_field("age", "number", min=18, required=False),
        a_field("server", "choice", choices=CHOICES), a_field("phone", "phone"),
    ).fields  # fmt: skip
    schema = json.loads(json.dumps(json_schema(fields)))
    assert schema["required"] == ["account", "server", "phone"]
    properties = schema["properties"]
    assert properties["account"]["pattern"] == "^(?:[A-Z]+)$"
    assert (properties["age"]["type"], properties["age"]["minimum"]) == ("integer", 18)
    assert [one["const"] for one in properties["server"]["oneOf"]] == ["cn", "eu"]
    assert [properties[name]["x-pii"] for name in ("account", "phone")] == [False, True]
