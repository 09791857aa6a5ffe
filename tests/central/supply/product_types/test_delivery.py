"""What the buyer sees: places are filled once, and nothing is ever run or left out."""

from __future__ import annotations

import pytest

from central.supply.product_types.delivery import NothingToDeliver, places, render
from central.supply.product_types.model import Fulfilment
from tests.central.supply.product_types.builders import a_field, parsed

BODY = parsed(
    a_field(), a_field("note", required=False), delivery="Hello {account}: {key} ({note}) {sku}"
)


def test_places_are_filled() -> None:
    given = {"key": "AB-12", "sku": "KEY-1"}
    assert render(BODY, "en", given, {"account": "li"}) == "Hello li: AB-12 (–) KEY-1"


@pytest.mark.parametrize("typed", ["{key}", "{{7*7}}", "<b>", "{sku.__class__}", "%(key)s", r"\1"])
def test_a_value_is_never_looked_at_for_places(typed: str) -> None:
    found = render(BODY, "zh-CN", {"key": "SECRET", "sku": "S"}, {"account": typed, "note": "n"})
    assert found == f"Hello {typed}: SECRET (n) S"


@pytest.mark.parametrize("given", [{}, {"key": ""}, {"key": "  "}])
def test_an_empty_key_is_never_delivered(given: dict[str, str]) -> None:
    with pytest.raises(NothingToDeliver, match="key"):
        render(BODY, "en", {"sku": "S", **given}, {"account": "li"})


def test_a_buyer_cannot_stand_in_for_what_is_delivered() -> None:
    found = render(BODY, "en", {"key": "REAL", "sku": "S"}, {"account": "li", "key": "mine"})
    assert "REAL" in found
    assert "mine" not in found


@pytest.mark.parametrize("fulfilment", list(Fulfilment))
def test_every_way_of_fulfilment_has_its_place(fulfilment: Fulfilment) -> None:
    assert len(places(fulfilment)) == 6
