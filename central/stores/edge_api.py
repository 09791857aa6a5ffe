"""What a unit may ask the hub: enrol, pull, push, reserve. CBOR in, signed messages out."""

from __future__ import annotations

import json
from collections.abc import Callable

from flask import Blueprint, Response, request

from central.config import HubConfig
from central.errors import NotIdentified, NotPermitted
from central.foundation.db.engine import money_transaction, reading
from central.foundation.web.permission import ANYBODY, UNIT, needs
from central.stores.keys.keyring import Keyring
from central.stores.redemptions.acknowledge import ack_of
from central.stores.redemptions.lease import book_of, lend, note_pull
from central.stores.redemptions.receive_push import receive_push
from central.stores.redemptions.receive_relay import receive_relay
from central.stores.redemptions.reserve import reserve
from central.stores.unit_books import books_of
from central.stores.units import enrol
from central.stores.units.bundle import Cursor, News, as_heard, news_for
from central.stores.units.contact import note_contact
from central.stores.units.peers import FIGURE, address_in, note_address
from central.stores.units.signature import CLOCK_SKEW_S, check_signature
from central.stores.units.tables import Unit
from edge.contract import canonical, signed
from edge.contract.enrolment import NONCE_BYTES
from edge.contract.ids import UnitId
from edge.contract.lease import LeaseRequest
from edge.contract.read import Fields
from edge.contract.signed import Kind, MessageInvalid
from edge.contract.sync_message import (
    CONTENT_TYPE,
    Pull,
    PullAnswer,
    Push,
    Relay,
    Reserve,
    UnitState,
)

Clock = Callable[[], int]


def blueprint(keyring: Keyring, config: HubConfig, now_s: Clock) -> Blueprint:
    """Return the routes under ``/edge/v1``."""
    api = Blueprint("units_api", __name__, url_prefix="/edge/v1")

    def sealed(kind: Kind, body: object) -> Response:
        return cbor(signed.seal(kind, keyring.issuer, body, keyring.bundle))

    @api.post("/pull")
    @needs(UNIT)
    def pull() -> Response:
        body = request.get_data()
        asked = Pull.decode(body)
        # A repeated pull gives nothing that this unit may not have, sealed to it; so its clock
        # may be wrong, and that is how it learns the time.
        unit, signed_at_s = identified(asked.unit, body, None)
        at_s = now_s()
        note_health(asked, at_s, is_recent=abs(at_s - signed_at_s) <= CLOCK_SKEW_S)
        if abs(at_s - signed_at_s) <= CLOCK_SKEW_S:
            since = Cursor.decode(asked.cursor)
            money_transaction(lambda: note_pull(asked.unit, as_heard(since).n, at_s))
        answer = reading(lambda: _answer_pull(asked, unit, keyring, config, at_s))
        return sealed(Kind.PULL_ANSWER, answer.to_body())

    @api.post("/push")
    @needs(UNIT)
    def push() -> Response:
        body = request.get_data()
        pushed = Push.decode(body)
        unit, _ = identified(pushed.unit, body, None)
        receipt = receive_push(pushed, unit, keyring, currency=config.currency, at_s=now_s())
        return sealed(Kind.PUSH_RECEIPT, receipt.to_body())

    @api.post("/relays")
    @needs(UNIT)
    def relays() -> Response:
        body = request.get_data()
        relay = Relay.decode(body)
        unit, _ = identified(relay.unit, body, None)
        receipt = receive_relay(relay, unit, keyring, currency=config.currency, at_s=now_s())
        return sealed(Kind.PUSH_RECEIPT, receipt.to_body())

    @api.post("/reservations")
    @needs(UNIT)
    def reservations() -> Response:
        body = request.get_data()
        wanted = Reserve.decode(body)
        unit, _ = identified(wanted.unit, body, now_s())
        if unit.state != UnitState.ACTIVE:
            raise NotPermitted(f"This unit is {unit.state}.")
        return sealed(Kind.RESERVATION, reserve(wanted, unit, now_s()).to_body())

    @api.post("/leases")
    @needs(UNIT)
    def leases() -> Response:
        body = request.get_data()
        wanted = LeaseRequest.decode(body)
        unit, _ = identified(wanted.unit, body, now_s())
        lend(wanted, by=str(unit.id), at_s=now_s())
        return sealed(Kind.LEASE, reading(lambda: book_of(wanted.unit)).to_body())

    _add_enrolment(api, keyring, now_s)
    return api


def _add_enrolment(api: Blueprint, keyring: Keyring, now_s: Clock) -> None:
    @api.post("/enrolments")
    @needs(ANYBODY)
    def offer() -> Response:
        return cbor(enrol.offer(request.get_data(), keyring, now_s()))

    @api.post("/enrolments/<enrolment_id>/reveal")
    @needs(UNIT)
    def reveal(enrolment_id: str) -> Response:
        body = request.get_data()
        _enrolling(enrolment_id, body)
        enrol.reveal(enrolment_id, _nonce_in(body), keyring, now_s())
        return cbor(canonical.encode({1: "revealed"}))

    @api.post("/enrolments/<enrolment_id>/state")
    @needs(UNIT)
    def state(enrolment_id: str) -> Response:
        _enrolling(enrolment_id, request.get_data())
        message = enrol.enrolment_message(enrolment_id)
        if message is None:
            return cbor(canonical.encode({1: "waiting"}))
        return cbor(canonical.encode({1: "confirmed", 2: message}))


def cbor(body: bytes) -> Response:
    """Return a message as a response."""
    return Response(body, content_type=CONTENT_TYPE)


def identified(unit_id: UnitId, body: bytes, recent_s: int | None) -> tuple[Unit, int]:
    """Return the unit that signed this request, and when; NotIdentified if it is not that one."""
    unit: Unit | None = Unit.get_or_none(Unit.id == unit_id)
    if unit is None:
        raise NotIdentified("No unit of this name has been enrolled.")
    signed_at_s = check_signature(request, body, unit_id, bytes(unit.sign_key), now_s=recent_s)
    return unit, signed_at_s


def _nonce_in(body: bytes) -> bytes:
    try:
        with Fields(canonical.decode(body, bytes_max=256), "reveal") as fields:
            return fields.octets(1, NONCE_BYTES)
    except canonical.NotCanonical as exc:
        raise MessageInvalid("malformed-message", "the reveal is not canonical CBOR") from exc


def _enrolling(enrolment_id: str, body: bytes) -> None:
    key = enrol.sign_key_of(enrolment_id)
    if key is None:
        raise NotIdentified("There is no such enrolment.")
    check_signature(request, body, key.hex(), key, now_s=None)


def note_health(asked: Pull, at_s: int, *, is_recent: bool) -> None:
    """Note what a unit says of itself, and that it was heard of."""
    health = dict(asked.health)

    def write() -> None:
        unit = Unit.get(Unit.id == asked.unit)
        before = json.loads(unit.health)
        if not is_recent and address_in(before):
            # An old word of where it listened must not send its peers there again.
            health[FIGURE] = address_in(before)
        heard = Unit.update(heard_at_s=at_s, health=json.dumps(health))
        heard.where(Unit.id == asked.unit).execute()
        note_address(unit, before, health)
        if is_recent:  # a pull that somebody has kept and plays back proves no contact
            note_contact(asked.unit, at_s)

    money_transaction(write)


def _answer_pull(
    asked: Pull, unit: Unit, keyring: Keyring, config: HubConfig, at_s: int
) -> PullAnswer:
    since = Cursor.decode(asked.cursor)
    # A unit that was stopped learns just that.
    news = News((), since, more=False)
    if unit.state == UnitState.ACTIVE:
        books = books_of(UnitId(unit.id))
        news = news_for(unit, since, keyring, config.currency, at_s, books=books, knows=asked.knows)
    return PullAnswer(
        unit=UnitId(unit.id),
        nonce=asked.nonce,
        hub_time_s=at_s,
        state=UnitState(unit.state),
        ack=ack_of(UnitId(unit.id)),
        bundles=news.bundles,
        cursor=news.cursor.encode(),
        more=news.more,
    )
