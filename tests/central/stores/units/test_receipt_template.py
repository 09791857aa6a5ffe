"""What stands on the receipts of a store group, in each of its versions."""

from __future__ import annotations

from typing import Any

import peewee
import pytest

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import change
from central.foundation.feed import newest_change
from central.stores.units.receipt_template import (
    all_receipts,
    put_back,
    set_template,
    template_at,
    template_of,
    versions,
    without_version,
)
from edge.contract.ids import StoreGroup
from edge.contract.receipt_template import USUAL_LINES, Logo, ReceiptTemplate
from tests import builders as b
from tests.central.builders import OTHER_GROUP, Database, furnish

NOBODY = StoreGroup(77)


@pytest.fixture(autouse=True)
def hub(hub_database: Database) -> None:
    furnish()


def put(template: ReceiptTemplate, at_s: int = b.NOW_S, based_on: int | None = None) -> int:
    return set_template(b.GROUP, template, by="ann", at_s=at_s, based_on=based_on)


@pytest.mark.parametrize("template", [b.a_receipt_template(), b.a_full_template()])
def test_a_template_is_kept_as_it_is(template: ReceiptTemplate) -> None:
    version = put(template)
    found = template_of(b.GROUP)
    assert without_version(found) == without_version(template)
    assert found.version == version == newest_change()


@pytest.mark.parametrize(
    "bent",
    [
        {"locales": ()}, {"locales": ("fr",)}, {"locales": ("zh-CN", "fr")},
        {"lines": ("store",)}, {"holder_link": "{token}"}, {"logo": Logo(8, 2, b"\0")},
    ],
    ids=str,
)  # fmt: skip
def test_a_template_that_no_unit_could_read_is_refused(bent: dict[str, Any]) -> None:
    before = template_of(b.GROUP)
    with pytest.raises(RequestInvalid):
        put(b.a_receipt_template(**bent))
    assert template_of(b.GROUP) == before
    assert len(versions(b.GROUP)) == 1


def test_every_version_stays_and_says_who_made_it() -> None:
    [first] = versions(b.GROUP)
    assert (first.changed_by, first.changed_at_s) == ("", b.NOW_S)
    second = put(b.a_full_template(), b.NOW_S + 60)
    assert [v.version for v in versions(b.GROUP)] == [second, first.version]
    assert versions(b.GROUP)[0].changed_by == "ann"
    assert template_at(b.GROUP, first.version).lines == USUAL_LINES
    assert template_at(b.GROUP, second).logo == b.LOGO


def test_an_earlier_version_comes_back_as_a_new_one() -> None:
    first = template_of(b.GROUP)
    put(b.a_full_template())
    newest = put_back(b.GROUP, first.version, by="bob", at_s=b.NOW_S + 60)
    assert without_version(template_of(b.GROUP)) == without_version(first)
    assert template_of(b.GROUP).version == newest == newest_change()
    told = versions(b.GROUP)[0]
    assert (told.back_to, told.changed_by) == (first.version, "bob")
    assert len(versions(b.GROUP)) == 3


def test_whoever_looks_at_an_old_version_overwrites_nobodys_work() -> None:
    before = template_of(b.GROUP).version
    put(b.a_full_template(), based_on=before)
    with pytest.raises(Conflict):
        put(b.a_receipt_template(), based_on=before)
    assert template_of(b.GROUP).logo == b.LOGO


def test_groups_stand_with_their_stores() -> None:
    assert [(r.group, r.stores) for r in all_receipts()] == [
        (b.GROUP, ("静安店",)), (OTHER_GROUP, ("Bund",)),
    ]  # fmt: skip


def test_what_is_not_there_is_not_found() -> None:
    for work in (
        lambda: template_at(b.GROUP, 10**9),
        lambda: template_at(OTHER_GROUP, put(b.a_full_template())),
        lambda: put_back(b.GROUP, 10**9, by="ann", at_s=b.NOW_S),
    ):
        with pytest.raises(NotFound):
            work()


@pytest.mark.parametrize(
    "sql",
    ["UPDATE receipt_template_version SET body = '{}'", "DELETE FROM receipt_template_version"],
)
def test_nobody_rewrites_what_stood_on_receipts(sql: str) -> None:
    with pytest.raises(peewee.DatabaseError):
        change(sql)
