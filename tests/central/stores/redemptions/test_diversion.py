"""A voucher that is redeemed outside of its region: accepted, and told headquarters once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import peewee
import pytest

from central.errors import Conflict, HubError, NotFound, RequestInvalid
from central.foundation.db.engine import change, rows
from central.stores.diversions.overview import behind, diversion_of, diversions, open_diversions
from central.stores.redemptions.diversion import deal_with
from central.stores.units.regions import region_of, set_region, shops
from central.stores.vouchers.tables import Voucher
from edge.contract.ids import VoucherId, voucher_id_text
from tests import builders as b
from tests.central.books import assert_sound
from tests.central.builders import (
    COFFEE,
    OTHER_STORE,
    Database,
    Till,
    a_voucher,
    at_once,
    enrolled,
    furnish,
    outcomes,
)
from tests.central.network.agents.builders import a_tree

SHENZHEN, SHANGHAI = "4403", "31"


@pytest.fixture(autouse=True)
def hub(hub_database: Database) -> Iterator[None]:
    """Our store lies in Shanghai, the other one in a district of Shenzhen."""
    furnish()
    set_region(b.STORE, SHANGHAI, by="amy", at_s=b.NOW_S)
    set_region(OTHER_STORE, "440305", by="amy", at_s=b.NOW_S)
    yield
    assert_sound()


def taken(till: Till, voucher: object, **fields: object) -> list[str]:
    till.accept(voucher, **fields)  # type: ignore[arg-type]
    return outcomes(till.deliver(len(till.raws)))


def test_it_is_accepted_and_told_with_all_that_is_known() -> None:
    a_tree(b.NOW_S - 10)
    claims, till = a_voucher(region=SHENZHEN, agent="C1"), enrolled()
    assert taken(till, claims) == ["applied"]
    [found] = diversions()
    assert found.voucher_id == voucher_id_text(claims.voucher_id)
    assert (found.region, found.store_region, found.agent) == (SHENZHEN, SHANGHAI, "C1")
    assert (found.store, found.store_name, found.entry) == (b.STORE, "静安店", f"{till.unit}/1/1")
    assert (found.order, found.found_at_s, found.closed_by) == (None, b.NOW_S, None)
    assert found.batch == Voucher.get_by_id(claims.voucher_id).batch


@pytest.mark.parametrize("region", ["", "31", "3101", "310106"])
def test_within_its_region_or_without_one_nothing_is_told(region: str) -> None:
    assert taken(enrolled(), a_voucher(region=region)) == ["applied"]
    assert open_diversions() == 0


def test_a_store_of_which_nobody_knows_where_it_lies_accuses_nobody() -> None:
    set_region(b.STORE, "", by="amy", at_s=b.NOW_S)
    taken(enrolled(), a_voucher(region=SHENZHEN))
    assert diversions() == []


def test_a_voucher_is_told_once_however_often_it_is_redeemed() -> None:
    claims, till, second = a_voucher(COFFEE, region=SHENZHEN), enrolled(), enrolled("second")
    for _ in range(3):
        taken(till, claims)
    till.deliver()  # and pushed again
    taken(second, claims)
    assert [one.entry for one in diversions()] == [f"{till.unit}/1/1"]
    deal_with(claims.voucher_id, "warned", by="amy", at_s=b.NOW_S)
    taken(till, claims)
    assert open_diversions() == 0


def test_behind_it_stands_every_redemption_and_where() -> None:
    claims = a_voucher(COFFEE, region=SHENZHEN, scope=0)
    here, there = enrolled(), enrolled("second", OTHER_STORE)
    taken(there, claims, at_s=b.NOW_S - 60)
    undone = here.accept(claims)
    here.void(undone)
    here.deliver()
    found = behind(claims.voucher_id)
    assert [(one.store, one.is_outside, one.is_voided) for one in found.redeemed] == [
        (OTHER_STORE, False, False), (b.STORE, True, True),
    ]  # fmt: skip
    assert [one.region for one in found.redeemed] == ["440305", SHANGHAI]
    assert {one.worth_minor for one in found.redeemed} == {1500}


def test_a_redemption_that_is_quarantined_tells_nothing() -> None:
    claims, till = a_voucher(region=SHENZHEN), enrolled()
    change("UPDATE unit SET revoked_at_s = ? WHERE id = ?", (b.NOW_S - 1, till.unit))
    assert taken(till, claims) == ["quarantined after-revocation"]
    assert diversions() == []


def test_both_regions_stay_as_they_were_found() -> None:
    claims = a_voucher(region=SHENZHEN)
    taken(enrolled(), claims)
    set_region(b.STORE, "4403", by="amy", at_s=b.NOW_S)
    found = behind(claims.voucher_id)
    assert found.diversion.store_region == SHANGHAI
    assert [one.is_outside for one in found.redeemed] == [False]


def test_it_is_dealt_with_once_with_a_word() -> None:
    claims = a_voucher(region=SHENZHEN)
    taken(enrolled(), claims)
    for said in ("", "   ", "x" * 501):
        with pytest.raises(RequestInvalid):
            deal_with(claims.voucher_id, said, by="amy", at_s=b.NOW_S)
    deal_with(claims.voucher_id, " warned him ", by="amy", at_s=b.NOW_S + 5)
    found = diversion_of(claims.voucher_id)
    assert found is not None
    assert (found.closed_by, found.said, found.closed_at_s) == ("amy", "warned him", b.NOW_S + 5)
    assert (diversions(), len(diversions(open_only=False))) == ([], 1)
    with pytest.raises(Conflict):
        deal_with(claims.voucher_id, "again", by="bob", at_s=b.NOW_S)


def test_of_two_who_deal_with_it_at_once_one_has() -> None:
    claims = a_voucher(region=SHENZHEN)
    taken(enrolled(), claims)
    ends = at_once(
        4, lambda n: deal_with(claims.voucher_id, f"by {n}", by=f"p{n}", at_s=b.NOW_S)
    )  # fmt: skip
    assert sum(not isinstance(end, BaseException) for end in ends) == 1
    assert all(end is None or isinstance(end, HubError) for end in ends)


def test_of_a_voucher_that_was_not_there_is_nothing_to_deal_with() -> None:
    claims = a_voucher(region=SHENZHEN)
    for work in (
        lambda: behind(claims.voucher_id),
        lambda: deal_with(claims.voucher_id, "why", by="amy", at_s=b.NOW_S),
        lambda: behind(VoucherId(1)),
    ):
        with pytest.raises(NotFound):
            work()


def test_the_list_can_be_of_one_agent() -> None:
    a_tree(b.NOW_S - 10)
    till = enrolled()
    for agent in ("C1", "", "C1"):
        taken(till, a_voucher(region=SHENZHEN, agent=agent))
    assert len(diversions()) == 3
    assert {one.agent for one in diversions(agent="C1")} == {"C1"}
    assert len(diversions(agent="C1")) == 2


def test_what_was_found_stays_in_the_database_as_it_was() -> None:
    claims = a_voucher(region=SHENZHEN)
    taken(enrolled(), claims)
    deal_with(claims.voucher_id, "warned", by="amy", at_s=b.NOW_S)
    for sql in (
        "UPDATE diversion SET said = 'nothing'",
        "UPDATE diversion SET closed_at_s = NULL, closed_by = NULL, said = NULL",
        "UPDATE diversion SET agent = 'B1'",
        "DELETE FROM diversion",
    ):
        with pytest.raises(peewee.DatabaseError, match="dealt with once"):
            change(sql)


# --- where stores lie ----------------------------------------------------------------------------


def test_the_newest_word_of_where_a_store_lies_counts() -> None:
    set_region(b.STORE, "3101", by="bob", at_s=b.NOW_S + 1)
    set_region(b.STORE, "3101", by="eve", at_s=b.NOW_S + 2)  # says nothing new
    assert region_of(b.STORE) == "3101"
    assert {shop.id: shop.region for shop in shops()} == {b.STORE: "3101", OTHER_STORE: "440305"}
    said = rows("SELECT region, who FROM store_region WHERE store_id = ? ORDER BY id", (b.STORE,))
    assert said == [(SHANGHAI, "amy"), ("3101", "bob")]
    for sql in ("UPDATE store_region SET region = ''", "DELETE FROM store_region"):
        with pytest.raises(peewee.DatabaseError, match="stays noted"):
            change(sql)


def test_a_store_that_is_not_there_lies_nowhere() -> None:
    assert region_of("S9999") == ""
    with pytest.raises(NotFound):
        set_region("S9999", "44", by="amy", at_s=b.NOW_S)
    with pytest.raises(RequestInvalid):
        set_region(b.STORE, "444", by="amy", at_s=b.NOW_S)


@pytest.mark.parametrize(
    ("bent", "error"), [({"region": "4"}, RequestInvalid), ({"agent": "nobody"}, NotFound)]
)
def test_vouchers_of_no_region_or_agent_that_can_be_are_not_issued(
    bent: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        a_voucher(**bent)
    assert rows("SELECT * FROM voucher") == []
