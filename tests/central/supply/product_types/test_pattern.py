"""Patterns from data: they mean what they mean elsewhere, and none of them can hang the hub."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.supply.product_types.pattern import TEXT_MAX, Pattern, PatternInvalid

_ATOMS = st.sampled_from(
    ["a", "b", ".", "[ab]", "[^a]", "[a-c]", r"\d", r"\w", r"\S", r"\.", "[-a]", "[0-9.]"]
)
_PATTERNS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["?", "*", "+", "{2}", "{1,3}", "{0,2}", "{1,}"])).map(
            lambda both: f"(?:{both[0]}){both[1]}"
        ),
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda both: f"({both[0]}|{both[1]})"),
    ),
    max_leaves=8,
)


@given(_PATTERNS, st.text("abcd1._ -", max_size=10))
def test_a_pattern_takes_what_python_s_own_takes(source: str, text: str) -> None:
    try:
        pattern = Pattern(source)
    except PatternInvalid:
        assert len(source) > 100 or "{" in source  # only for its size
        return
    assert pattern.matches(text) == bool(re.fullmatch(source, text, re.ASCII))


@pytest.mark.parametrize(
    ("source", "taken", "refused"),
    [
        (r"[A-Z]{2}\d{6}", "AB123456", "AB12345"),
        (r"^1[3-9]\d{9}$", "13800138000", "23800138000"),
        (r"[^@\s]+@[a-z]+(\.[a-z]+)+", "li@mail.example.cn", "li@mail"),
        ("[\u4e00-\u9fff]{2,4}", "李小明", "Li"),
        (r"a\$", "a$", "a"),
        ("", "", "a"),
        ("(red|green)?", "green", "blue"),
        (r"[a\-z]+", "a-z", "b"),
    ],
)
def test_usual_patterns_work(source: str, taken: str, refused: str) -> None:
    assert Pattern(source).matches(taken)
    assert not Pattern(source).matches(refused)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("(a+)+b", "a" * TEXT_MAX),
        ("(a|a)*b", "a" * TEXT_MAX),
        ("(.*)*" * 10 + "b", "a" * TEXT_MAX),
        ("(a?){300}a{300}", "a" * 300),
        ("[a-z]{0,450}x", "a" * TEXT_MAX),
    ],
)
def test_a_pattern_that_hangs_others_is_quick(source: str, text: str) -> None:
    began = time.process_time()
    Pattern(source).matches(text)
    assert time.process_time() - began < 3


@pytest.mark.parametrize(
    "source",
    [
        "(", ")", "a)", "[", "[]", "[a", "*a", "a**", "a{", "a{,2}", "a{3,2}", "a{1001}", "\\",
        r"\1", r"\b", "(?=a)", "(?P<n>a)", "a{2}{2}", "[z-a]", "a^b", "a$b", "[[:alpha:]]",
        "x" * 201, "(" * 30 + ")" * 30, "(((a{999}){999}){999})", "(((){999}){999}){999}",
        r"[\D]",
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused(source: str) -> None:
    with pytest.raises(PatternInvalid):
        Pattern(source)


def test_a_text_that_is_too_long_never_matches() -> None:
    assert Pattern("a*").matches("a" * TEXT_MAX)
    assert not Pattern("a*").matches("a" * (TEXT_MAX + 1))
