"""Types are kept by version: an open order keeps the one that it was placed with."""

from __future__ import annotations

from typing import Any

import pytest

from central.errors import Conflict, NotFound, RequestInvalid
from central.supply.product_types import store
from central.supply.product_types.delivery import render
from central.supply.product_types.fields import check_fields
from central.supply.product_types.model import TypeVersion
from tests.central.builders import Database, at_once
from tests.central.supply.product_types.builders import a_body, a_field, both

NAMES = both("在线课程", "Online course")


@pytest.fixture(autouse=True)
def hub(hub_database: Database) -> None:
    """An empty hub."""


def add(type_id: str = "course", **bent: Any) -> TypeVersion:
    body = bent.pop("body", a_body(a_field("account"), delivery="{link}"))
    return store.add(type_id, NAMES, bent.pop("how", "link"), body, by="amy", at_s=5)


def test_an_open_order_keeps_the_version_that_it_was_placed_with() -> None:
    placed = add()
    store.revise("course", NAMES, a_body(a_field("seat", "number"), delivery="{link} {seat}"),
                 by="bo", at_s=9)  # fmt: skip
    newest = store.get("course")
    assert (newest.version, newest.made_by, newest.made_at_s) == (2, "bo", 9)
    assert check_fields(newest.body.fields, {"account": "li"}).faults
    kept = store.get("course", placed.version)
    checked = check_fields(kept.body.fields, {"account": "li"})
    assert render(kept.body, "en", {"link": "https://x"}, checked.values) == "https://x"
    assert [one.version for one in store.versions("course")] == [2, 1]


def test_another_name_alone_is_no_other_version() -> None:
    found = add()
    renamed = store.revise(
        "course", both("课程", "Course"), a_body(a_field("account"), delivery="{link}"),
        by="bo", at_s=9,
    )  # fmt: skip
    assert (renamed.version, renamed.names["en"], renamed.body) == (1, "Course", found.body)


def test_types_are_listed_in_their_newest_version() -> None:
    add("zebra")
    add("course")
    store.revise("course", NAMES, a_body(delivery="{link}!"), by="bo", at_s=9)
    assert [(one.id, one.version) for one in store.everything()] == [("course", 2), ("zebra", 1)]


@pytest.mark.parametrize(
    ("bent", "told"),
    [
        ({"type_id": "Course"}, "An id is"),
        ({"type_id": ""}, "An id is"),
        ({"how": "magic"}, "way of fulfilment"),
        ({"body": a_body(a_field(pattern="("), delivery="{link}")}, "not understood"),
    ],
)
def test_a_type_that_cannot_be_is_refused(bent: dict[str, Any], told: str) -> None:
    with pytest.raises(RequestInvalid, match=told):
        add(**bent)
    assert store.everything() == []


def test_a_type_s_names_are_there_in_both_languages() -> None:
    with pytest.raises(RequestInvalid, match="both languages"):
        store.add("course", {"en": "C"}, "link", a_body(delivery="{link}"), by="amy", at_s=5)


def test_what_is_not_there_is_told() -> None:
    for version in (None, 1):
        with pytest.raises(NotFound):
            store.get("course", version)
    with pytest.raises(NotFound):
        store.revise("course", NAMES, a_body(delivery="{link}"), by="bo", at_s=9)


def test_of_two_who_add_the_same_one_is_told() -> None:
    found = at_once(2, lambda _: add())
    assert [type(one) for one in found if isinstance(one, Exception)] == [Conflict]


def test_two_who_revise_at_once_make_two_versions() -> None:
    add()
    found = at_once(
        2, lambda n: store.revise("course", NAMES, a_body(delivery="{link}" + "!" * (n + 1)),
                                  by="bo", at_s=9).version
    )  # fmt: skip
    assert len(store.versions("course")) == 3, found
