"""Sentences: in the language asked for, and in English where nobody has translated them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.bundle import LOCALES
from edge.web.words import best_locale, translate


@pytest.mark.parametrize(
    ("wanted", "locale"),
    [
        (None, "zh-CN"), ("", "zh-CN"), ("en", "en"), ("EN-us", "en"), ("zh", "zh-CN"),
        ("zh-TW", "zh-CN"), ("fr", "zh-CN"), ("fr,en", "en"), ("en, zh;q=0.9", "en"),
        ("zh;q=0.9, en;q=0.8", "zh-CN"), ("*", "zh-CN"), (" , ;q=1 ,en", "en"),
        ("en;q=0.2, zh;q=0.9", "zh-CN"), ("en;q=0, zh;q=0.1", "zh-CN"),
    ],
)  # fmt: skip
def test_the_best_of_our_languages_is_chosen(wanted: str | None, locale: str) -> None:
    assert best_locale(wanted, "zh-CN") == locale


@given(st.none() | st.text(max_size=80), st.sampled_from(LOCALES))
def test_any_header_gives_one_of_our_languages(wanted: str | None, default: str) -> None:
    assert best_locale(wanted, default) in LOCALES


def test_what_nobody_has_translated_is_english() -> None:
    assert (
        translate("zh-CN", "Nobody will ever translate this.") == "Nobody will ever translate this."
    )
    assert translate("xx", "Accepted") == "Accepted"
    assert translate("zh-CN", "") == ""
