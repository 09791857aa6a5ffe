"""A unit is stopped, or let go on."""

from __future__ import annotations

import pytest

from central.errors import Conflict, NotFound
from central.stores.units import revoke
from central.stores.units.tables import Unit
from edge.contract.ids import UnitId
from tests import builders as b
from tests.central.builders import Database, Till, enrolled, furnish


@pytest.fixture(autouse=True)
def hub(hub_database: Database) -> None:
    furnish()


def state(till: Till) -> tuple[str, int | None]:
    unit = Unit.get(Unit.id == till.unit)
    return unit.state, unit.revoked_at_s


def quarantined() -> Till:
    till = enrolled()
    Unit.update(state="quarantined").where(Unit.id == till.unit).execute()
    return till


def test_a_revoked_unit_stays_revoked() -> None:
    till = enrolled()
    revoke.revoke(till.unit, b.NOW_S)
    with pytest.raises(Conflict):
        revoke.revoke(till.unit, b.NOW_S + 5)
    with pytest.raises(Conflict):
        revoke.release(till.unit)
    assert state(till) == ("revoked", b.NOW_S)


def test_a_unit_with_two_journals_can_be_released_or_revoked() -> None:
    till = quarantined()
    revoke.release(till.unit)
    assert state(till) == ("active", None)
    Unit.update(state="quarantined").where(Unit.id == till.unit).execute()
    revoke.revoke(till.unit, b.NOW_S)
    assert state(till) == ("revoked", b.NOW_S)


def test_a_unit_that_works_needs_no_release() -> None:
    with pytest.raises(Conflict):
        revoke.release(enrolled().unit)


def test_a_unit_that_nobody_knows_cannot_be_stopped() -> None:
    with pytest.raises(NotFound):
        revoke.revoke(UnitId("S0412-K9"), b.NOW_S)
    with pytest.raises(NotFound):
        revoke.release(UnitId("S0412-K9"))
