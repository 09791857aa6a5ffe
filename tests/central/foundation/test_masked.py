"""What is shown of a text that says something of a person."""

from __future__ import annotations

import pytest

from central.foundation.masked import masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("li", "***"),
        ("12345678", "***"),
        ("li-xiaoming", "li-****ng"),
        ("13800138000", "138****8000"),
        ("6222020412345678", "622****5678"),
        ("123456789", "123****89"),
        ("li@example.com", "l***@example.com"),
        ("@example.com", "***@example.com"),
    ],
)
def test_only_whoever_knows_it_recognizes_what_is_left(text: str, shown: str) -> None:
    assert masked(text) == shown
