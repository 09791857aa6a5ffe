"""What a store pays is agreed for days to come, and stays on record."""

from __future__ import annotations

from typing import Any

import peewee
import pytest

from central.errors import Conflict, HubError, NotFound, RequestInvalid
from central.foundation.db.engine import change
from central.money.settlement import store as books
from central.money.settlement.fees.agree import agree
from central.money.settlement.model import FeeModel, Tier
from tests import builders as b
from tests.central.builders import CURRENCY, TODAY, Database, a_voucher, enrolled, furnish
from tests.central.money.settlement.builders import FACTS, day_of, issue


@pytest.fixture(autouse=True)
def hub(hub_database: Database) -> None:
    furnish()


def a_model(**bent: Any) -> FeeModel:
    values = {
        "version": 0, "first_day": TODAY, "currency": CURRENCY, "fixed_minor": 10,
        "tiers": (Tier(0, 6000), Tier(100_000, 5000)), **bent,
    }  # fmt: skip
    return FeeModel(**values)


def set_(model: FeeModel, store: str = b.STORE) -> FeeModel:
    return agree(FACTS, store, model, currency=CURRENCY, by="li", at_s=b.NOW_S)


def test_each_agreement_is_a_version_of_its_own() -> None:
    first = set_(a_model())
    second = set_(a_model(tiers=()))
    assert (first.version, second.version) == (1, 2)
    assert books.fee_models(b.STORE) == [first, second]
    assert books.fee_models("S0500") == []


@pytest.mark.parametrize(
    ("bent", "error", "why"),
    [
        ({"tiers": (Tier(0, 1_000_001),)}, RequestInvalid, "between 0 % and 100 %"),
        ({"fixed_minor": -1}, RequestInvalid, "not less than nothing"),
        ({"tiers": (Tier(5, 1),)}, RequestInvalid, "begin at 0"),
        ({"first_day": 20260431}, RequestInvalid, "no day 20260431"),
        ({"currency": "USD"}, Conflict, "kept in CNY, not in USD"),
    ],
    ids=str,
)
def test_what_cannot_be_agreed_changes_nothing(
    bent: dict[str, Any], error: type[HubError], why: str
) -> None:
    with pytest.raises(error, match=why):
        set_(a_model(**bent))
    assert books.fee_models(b.STORE) == []


def test_a_store_that_nobody_added_pays_nothing() -> None:
    with pytest.raises(NotFound, match="no store S9"):
        set_(a_model(), "S9")


def test_days_whose_statements_are_issued_keep_their_fee() -> None:
    till = enrolled()
    till.accept(a_voucher())
    till.deliver()
    issue()
    with pytest.raises(Conflict, match="issued up to 20260411; a fee begins later"):
        set_(a_model(first_day=TODAY))
    assert set_(a_model(first_day=day_of(1))).version == 1


@pytest.mark.parametrize(
    "statement", ["UPDATE fee_model SET fixed_minor = 0", "DELETE FROM fee_model"]
)
def test_what_was_agreed_stays(statement: str) -> None:
    set_(a_model())
    with pytest.raises(peewee.DatabaseError, match="settlement: a fee model"):
        change(statement)
