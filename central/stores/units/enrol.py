"""A unit becomes known: invited, offered, revealed, compared, confirmed.

The code says which store it is for; the compared number says that nobody stands in between; the
operator's confirmation is what makes a unit of it. ``edge.contract.enrolment`` draws the exchange.
"""

from __future__ import annotations

import hashlib
import itertools
import secrets
from typing import NamedTuple

from peewee import fn

from central.errors import EnrolmentRefused, NotFound
from central.foundation.db.engine import money_transaction
from central.foundation.language.said import Saying
from central.stores.keys.keyring import Keyring
from central.stores.units.peers import peers_changed
from central.stores.units.tables import Enrolment, Store, Unit, UnitTail
from edge.contract import enrolment as wire
from edge.contract import signed
from edge.contract.ids import Epoch, StoreGroup, StoreId, UnitId
from edge.contract.signed import Kind

REVEAL_S = 60
"""A unit tells its nonce right after the offer; later than this it begins again."""


class Invitation(NamedTuple):
    """A one-time code; ``code`` is shown once, as people read it."""

    id: str
    code: str
    expires_at_s: int


def invite(store: StoreId, at_s: int) -> Invitation:
    """Make a one-time code for a new unit of a store, good for ten minutes.

    Raises:
        NotFound: there is no such store.
    """
    code = "".join(secrets.choice(wire.CODE_ALPHABET) for _ in range(wire.CODE_CHARS))
    enrolment_id, expires_at_s = secrets.token_hex(16), at_s + wire.CODE_LIFE_S

    def write() -> None:
        if Store.get_or_none(Store.id == store) is None:
            raise NotFound(Saying("no-store", store=store))
        Enrolment.create(
            id=enrolment_id, code_hash=_code_hash(code), store_id=store, state="invited",
            invited_at_s=at_s, expires_at_s=expires_at_s,
        )  # fmt: skip

    money_transaction(write)
    return Invitation(enrolment_id, wire.written_code(code), expires_at_s)


def offer(message: bytes, keyring: Keyring, at_s: int) -> bytes:
    """Answer a unit that shows its code; return the signed offer.

    Raises:
        MessageInvalid: the request is malformed or not signed by its own key.
        EnrolmentRefused: the code is unknown, used or too old.
    """
    request = wire.EnrolRequest.open(message)
    hub_nonce = secrets.token_bytes(wire.NONCE_BYTES)

    def write() -> str:
        # Using the code up is the condition itself: a second unit with the same code finds none.
        taken = list(
            Enrolment.update(
                state="offered", sign_key=request.sign_key, seal_key=request.seal_key,
                commitment=request.commitment, hub_nonce=hub_nonce, expires_at_s=at_s + REVEAL_S,
                hardware=_printable(f"{request.hardware} · tearoff {request.software}"),
            )
            .where(
                Enrolment.code_hash == _code_hash(request.code),
                Enrolment.state == "invited",
                Enrolment.expires_at_s > at_s,
            )
            .returning(Enrolment.id)
            .execute()
        )  # fmt: skip
        if not taken:
            raise EnrolmentRefused("This code is wrong, used or too old; ask for a new one.")
        return str(taken[0].id)

    enrolment_id = money_transaction(write)
    answer = wire.EnrolOffer(
        bytes.fromhex(enrolment_id), keyring.issuer, keyring.bundle_public, hub_nonce, at_s
    )
    return answer.sign(keyring.bundle)


def reveal(enrolment_id: str, nonce: bytes, keyring: Keyring, at_s: int) -> None:
    """Take the nonce that a unit has committed to; from now on the number can be compared.

    Raises:
        EnrolmentRefused: it is not the nonce that was committed to, or this is not the moment.
    """
    row = _get(enrolment_id, "offered")
    if at_s >= row.expires_at_s:
        raise EnrolmentRefused("This enrolment has waited too long; begin again with a new code.")
    sign_key, seal_key = _present(row.sign_key), _present(row.seal_key)
    if wire.commit(nonce, sign_key, seal_key) != _present(row.commitment):
        raise EnrolmentRefused("The nonce is not the one that was committed to.")
    number = wire.comparison_number(
        sign_key, seal_key, nonce, keyring.bundle_public, _present(row.hub_nonce)
    )
    _move(enrolment_id, "offered", state="revealed", comparison_number=number)


def waiting() -> list[Enrolment]:
    """Return the enrolments whose number waits for an operator, oldest first."""
    return list(
        Enrolment.select().where(Enrolment.state == "revealed").order_by(Enrolment.invited_at_s)
    )


def confirm(
    enrolment_id: str, number: str, keyring: Keyring, *, currency: str, at_s: int
) -> UnitId:
    """Make a unit of an enrolment whose number the operator has compared; return its id.

    Hardware that is known already becomes the unit it was, and its journal goes on.

    Raises:
        EnrolmentRefused: the number is another one, or this is not the moment.
    """
    row = _get(enrolment_id, "revealed")
    if number.replace(" ", "") != str(row.comparison_number).replace(" ", ""):
        _move(enrolment_id, "revealed", state="refused")
        raise EnrolmentRefused("The numbers differ: somebody may stand in between. Begin again.")
    store = Store.get(Store.id == row.store_id)

    def write() -> UnitId:
        unit_id, first_epoch = _unit_for(row, store, at_s)
        enrolment = wire.Enrolment(
            unit=unit_id,
            store=StoreId(store.id),
            store_name=store.name,
            group=StoreGroup(store.store_group),
            issuer=keyring.issuer,
            bundle_key=keyring.bundle_public,
            sign_key=_present(row.sign_key),
            currency=currency,
            timezone=store.timezone,
            first_epoch=first_epoch,
            issued_at_s=at_s,
        )
        peers_changed(StoreId(store.id))
        message = signed.seal(Kind.ENROLMENT, keyring.issuer, enrolment.to_body(), keyring.bundle)
        _move(enrolment_id, "revealed", state="confirmed", unit_id=unit_id, message=message)
        return unit_id

    return money_transaction(write)


def refuse(enrolment_id: str) -> None:
    """The operator says that the numbers differ."""
    _move(enrolment_id, "revealed", state="refused")


def enrolment_message(enrolment_id: str) -> bytes | None:
    """Return the signed enrolment once it is confirmed, None while it waits.

    Raises:
        EnrolmentRefused: the operator has refused it.
    """
    row = Enrolment.get_or_none(Enrolment.id == enrolment_id)
    if row is None or row.state == "refused":
        raise EnrolmentRefused("Headquarters has refused this enrolment.")
    return _present(row.message) if row.state == "confirmed" else None


def sign_key_of(enrolment_id: str) -> bytes | None:
    """Return the key that an enrolling unit signs with, None if there is no such enrolment."""
    row = Enrolment.get_or_none(Enrolment.id == enrolment_id)
    return _present(row.sign_key) if row and row.sign_key else None


def _unit_for(row: Enrolment, store: Store, at_s: int) -> tuple[UnitId, Epoch]:
    known = Unit.get_or_none(Unit.sign_key == _present(row.sign_key))
    if known is not None:
        if known.store_id != store.id:
            peers_changed(StoreId(known.store_id))
        newest = UnitTail.select(fn.max(UnitTail.epoch)).where(UnitTail.unit_id == known.id)
        Unit.update(
            store_id=store.id, seal_key=_present(row.seal_key), state="active", revoked_at_s=None,
            hardware=row.hardware,
        ).where(Unit.id == known.id).execute()  # fmt: skip
        return UnitId(known.id), Epoch(int(newest.scalar() or 0) + 1)
    # By name, not by count: a unit that has moved to another store has kept its name.
    taken = {unit.id for unit in Unit.select(Unit.id).where(Unit.id.startswith(f"{store.id}-K"))}
    names = (f"{store.id}-K{place}" for place in itertools.count(1))
    unit_id = UnitId(next(name for name in names if name not in taken))
    Unit.create(
        id=unit_id, store_id=store.id, sign_key=_present(row.sign_key),
        seal_key=_present(row.seal_key), hardware=row.hardware, state="active", enrolled_at_s=at_s,
    )  # fmt: skip
    return unit_id, Epoch(1)


def _get(enrolment_id: str, state: str) -> Enrolment:
    row: Enrolment | None = Enrolment.get_or_none(
        Enrolment.id == enrolment_id, Enrolment.state == state
    )
    if row is None:
        raise EnrolmentRefused("This enrolment is not at this step; begin again with a new code.")
    return row


def _move(enrolment_id: str, before: str, **changes: object) -> None:
    changed = (
        Enrolment.update(**changes)
        .where(Enrolment.id == enrolment_id, Enrolment.state == before)
        .execute()
    )
    if changed != 1:
        raise EnrolmentRefused("This enrolment is not at this step; begin again with a new code.")


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())


def _code_hash(code: str) -> bytes:
    # 31**12 codes, ten minutes, one use: a slow hash would add nothing.
    return hashlib.sha256(b"VX1 code\x00" + wire.normalise_code(code).encode()).digest()


def _present(value: bytes | None) -> bytes:
    assert value is not None, "filled in when the unit showed its code"
    return bytes(value)
