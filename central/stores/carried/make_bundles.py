"""Everything that one unit may know, as one file."""

from __future__ import annotations

from central.errors import NotFound
from central.foundation.db.engine import reading
from central.foundation.language.said import Saying
from central.stores.keys.keyring import Keyring
from central.stores.redemptions.acknowledge import ack_of
from central.stores.unit_books import books_of
from central.stores.units.bundle import Cursor, news_for
from central.stores.units.tables import Enrolment, Unit
from edge.contract.bundle_file import BUNDLE_SUFFIX, BundleFile
from edge.contract.ids import UnitId
from edge.contract.signed import Kind
from edge.contract.sync_message import UnitState


def make_bundles(unit_id: UnitId, keyring: Keyring, currency: str, at_s: int) -> bytes:
    """Return the file of a unit: whole, so that any one of them is enough.

    A unit that was stopped gets a file that says just that.

    Raises:
        NotFound: there is no such unit.
    """
    return reading(lambda: _file(unit_id, keyring, currency, at_s)).sign(keyring.bundle)


def file_name(unit_id: UnitId, at_s: int) -> str:
    """Return how the file is called: unit and moment, so that the newest is seen."""
    return f"{unit_id}-{at_s}{BUNDLE_SUFFIX}"


def _file(unit_id: UnitId, keyring: Keyring, currency: str, at_s: int) -> BundleFile:
    unit = Unit.get_or_none(Unit.id == unit_id)
    if unit is None:
        raise NotFound(Saying("no-till", unit=unit_id))
    bundles: list[tuple[str, bytes]] = []
    cursor = Cursor()
    if unit.state == UnitState.ACTIVE:
        enrolment = _enrolment_of(unit)
        if enrolment is not None:
            bundles.append((str(Kind.ENROLMENT), enrolment))
        books, more = books_of(UnitId(unit.id)), True
        while more:
            news = news_for(
                unit, cursor, keyring, currency, at_s, books=books, knows=(Kind.STATUS_BLOCK,)
            )
            bundles += news.bundles
            cursor, more = news.cursor, news.more
    return BundleFile(
        keyring.issuer, UnitId(unit.id), at_s, UnitState(unit.state), ack_of(UnitId(unit.id)),
        cursor.encode(), tuple(bundles),
    )  # fmt: skip


def _enrolment_of(unit: Unit) -> bytes | None:
    """Return the newest enrolment of a unit, as it was signed."""
    row = (
        Enrolment.select()
        .where(
            Enrolment.unit_id == unit.id,
            Enrolment.sign_key == unit.sign_key,
            Enrolment.state == "confirmed",
        )
        .order_by(Enrolment.invited_at_s.desc())
        .first()
    )
    return bytes(row.message) if row and row.message else None
