"""What a region's code is, and when a store certainly lies outside of one."""

from __future__ import annotations

import pytest

from central.errors import RequestInvalid
from central.supply.catalogue.regions import lies_outside, region_in


@pytest.mark.parametrize("code", ["", "44", "4403", "440305", " 4403 "])
def test_a_code_has_two_four_or_six_digits(code: str) -> None:
    assert region_in(code) == code.strip()


@pytest.mark.parametrize("text", ["4", "440", "44030", "4403055", "ab", "４４", "44-03", "4 4"])
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(RequestInvalid, match="2, 4 or 6 digits"):
        region_in(text)


@pytest.mark.parametrize(
    ("store", "voucher", "outside"),
    [
        ("440305", "44", False),  # a district of that province
        ("4403", "4403", False),
        ("31", "44", True),
        ("4401", "4403", True),  # another city of the same province
        ("4403", "440305", False),  # the store may lie in that district
        ("", "44", False),  # nobody knows where the store lies
        ("31", "", False),  # good everywhere
    ],
)
def test_a_store_lies_outside_if_it_certainly_does(store: str, voucher: str, outside: bool) -> None:
    assert lies_outside(store, voucher) is outside
