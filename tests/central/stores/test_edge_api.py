"""What a unit may ask over HTTP: only what it has signed itself, and it gets only its own."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from central.foundation.feed import newest_change
from central.stores.redemptions.lease import LIFE_S, lend, lent, new_lease_id, recall
from central.stores.units import enrol, revoke
from central.stores.units.bundle import Cursor
from central.stores.units.signature import CLOCK_SKEW_S
from central.stores.units.tables import Unit
from central.stores.vouchers.tables import Voucher
from edge.contract import canonical, signed
from edge.contract.enrolment import EnrolOffer
from edge.contract.http_signature import Request, content_digest, sign_request
from edge.contract.ids import UnitId
from edge.contract.lease import LeaseRequest
from edge.contract.problem import CONTENT_TYPE as PROBLEM
from edge.contract.signed import Kind
from edge.contract.sync_message import (
    CONTENT_TYPE,
    Outcome,
    Pull,
    PullAnswer,
    PushReceipt,
    Reservation,
    Reserve,
    UnitState,
)
from edge.contract.voucher_token import DAY_S
from tests import builders as b
from tests.central.builders import (
    BUNDLE_KEYS,
    CURRENCY,
    GIFT,
    KEYRING,
    Database,
    Till,
    a_newcomer,
    a_voucher,
    an_app,
    enrolled,
    send,
)

PULL, PUSH, RESERVE = "/edge/v1/pull", "/edge/v1/push", "/edge/v1/reservations"
ENROL = "/edge/v1/enrolments"
NONCE = bytes(range(16))


@pytest.fixture
def client(hub_database: Database) -> Any:
    return an_app(hub_database).test_client()


def a_pull(till: Till, cursor: bytes = b"", **health: str | int) -> bytes:
    return Pull(till.unit, cursor, NONCE, health).encode()


def pulled(response: Any) -> PullAnswer:
    assert response.status_code == 200, response.text
    assert response.content_type == CONTENT_TYPE
    return PullAnswer.from_body(
        signed.unseal(Kind.PULL_ANSWER, b.ISSUER, response.data, BUNDLE_KEYS)
    )


def a_reservation(till: Till, voucher: Any) -> bytes:
    return Reserve(till.unit, bytes(16), voucher.voucher_id, 1).encode()


def slug(response: Any, status: int) -> str:
    assert response.status_code == status, response.text
    assert response.content_type == PROBLEM
    return str(response.json["type"]).removeprefix("/problems/")


# --- the three things that a unit asks -----------------------------------------------------------


EVERYTHING = [
    "trust-list", "epoch-keys", "policy", "receipt-template", "catalogue", "peers", "handles",
    "handles",
]  # fmt: skip


def test_a_pull_is_answered_with_the_time_and_everything_new(client: Any) -> None:
    till = enrolled()
    answer = pulled(send(client, till, PULL, a_pull(till, printer="ok", unsent=3)))
    assert (answer.unit, answer.nonce, answer.hub_time_s) == (till.unit, NONCE, b.NOW_S)
    assert (answer.state, answer.ack, answer.more) == (UnitState.ACTIVE, None, False)
    assert [kind for kind, _ in answer.bundles] == EVERYTHING
    again = pulled(send(client, till, PULL, a_pull(till, answer.cursor)))
    assert again.bundles == ()
    unit = Unit.get(Unit.id == till.unit)
    assert (unit.heard_at_s, unit.health) == (b.NOW_S, "{}")


def test_a_cursor_of_a_lost_hub_does_not_say_that_a_recall_was_heard(client: Any) -> None:
    """The restored hub gives out the same numbers again; nobody may promise the value twice."""
    till, card = enrolled(), a_voucher(GIFT)
    wanted = LeaseRequest(till.unit, new_lease_id(), card.voucher_id, 5000, LIFE_S)
    lease = lend(wanted, by="li", at_s=b.NOW_S)
    recall(lease.lease_id, "li")
    told = {"journal_epoch": till.epoch, "journal_seq": 0, "journal_at_s": b.NOW_S}
    lost = Cursor(n=newest_change() + 9).encode()
    pulled(send(client, till, PULL, a_pull(till, lost, **told)))
    assert lent(Voucher.get_by_id(card.voucher_id)) == 5000
    ours = Cursor(n=newest_change()).encode()
    pulled(send(client, till, PULL, a_pull(till, ours, **told)))
    assert lent(Voucher.get_by_id(card.voucher_id)) == 0


def test_a_push_is_answered_with_a_receipt(client: Any) -> None:
    till, lunch = enrolled(), a_voucher()
    till.accept(lunch)
    response = send(client, till, PUSH, till.push().encode())
    body = signed.unseal(Kind.PUSH_RECEIPT, b.ISSUER, response.data, BUNDLE_KEYS)
    receipt = PushReceipt.from_body(body)
    assert (receipt.unit, receipt.hub_time_s) == (till.unit, b.NOW_S)
    assert [r.outcome for r in receipt.results] == [Outcome.APPLIED]
    answer = pulled(send(client, till, PULL, a_pull(till)))
    assert answer.ack == receipt.ack


def test_a_reservation_is_answered_with_a_promise(client: Any) -> None:
    till, lunch = enrolled(), a_voucher()
    response = send(client, till, RESERVE, a_reservation(till, lunch))
    body = signed.unseal(Kind.RESERVATION, b.ISSUER, response.data, BUNDLE_KEYS)
    promise = Reservation.from_body(body)
    assert (promise.refusal, promise.remaining, promise.request) == (None, 0, bytes(16))


@pytest.mark.parametrize("state", [UnitState.REVOKED, UnitState.QUARANTINED])
def test_a_unit_that_was_stopped_learns_just_that(client: Any, state: UnitState) -> None:
    till, lunch = enrolled(), a_voucher()
    if state is UnitState.REVOKED:
        revoke.revoke(till.unit, b.NOW_S)
    else:
        Unit.update(state=str(state)).execute()
    answer = pulled(send(client, till, PULL, a_pull(till, b"cursor")))
    assert (answer.state, answer.bundles, answer.more) == (state, (), False)
    reserved = send(client, till, RESERVE, a_reservation(till, lunch))
    assert slug(reserved, 403) == "not-permitted"
    till.refuse()
    assert send(client, till, PUSH, till.push().encode()).status_code == 200


# --- who is asking -------------------------------------------------------------------------------


def bodies(till: Till) -> dict[str, bytes]:
    till.refuse()
    lunch = a_voucher()
    return {
        PULL: a_pull(till), PUSH: till.push().encode(), RESERVE: a_reservation(till, lunch),
    }  # fmt: skip


def test_what_is_not_signed_is_not_answered(client: Any) -> None:
    for path, body in bodies(enrolled()).items():
        response = client.post(path, data=body, content_type=CONTENT_TYPE)
        assert slug(response, 401) == "not-identified"


@pytest.mark.parametrize(
    "bent",
    [
        {"key": b.a_sign_key("thief")},
        {"key_id": "S0412-K2"},
        {"key_id": "S0412-K1 "},
        {"authority": "other.example"},
    ],
    ids=["another-key", "another-name", "similar-name", "another-host"],
)
def test_what_another_has_signed_is_not_answered(client: Any, bent: dict[str, Any]) -> None:
    till = enrolled()
    enrolled("second")
    for path, body in bodies(till).items():
        assert slug(send(client, till, path, body, **bent), 401) == "not-identified"


def test_a_unit_cannot_ask_in_another_s_name(client: Any) -> None:
    till, other = enrolled(), enrolled("second")
    for path, body in bodies(other).items():
        assert slug(send(client, till, path, body), 401) == "not-identified"


def test_an_altered_body_is_not_answered(client: Any) -> None:
    till = enrolled()
    altered = a_pull(till).replace(NONCE, bytes(16))
    assert slug(send(client, till, PULL, a_pull(till), sent=altered), 401) == "not-identified"


def test_a_digest_alone_is_no_signature(client: Any) -> None:
    """The altered body with its own right digest: the signature covers another one."""
    till = enrolled()
    body, altered = a_pull(till), a_pull(till, b"x")
    request = Request("POST", "localhost", PULL, body)
    headers = sign_request(request, till.key, till.unit, created_s=b.NOW_S, nonce=b"n")
    headers["Content-Digest"] = content_digest(altered)
    response = client.post(PULL, data=altered, headers=headers)
    assert slug(response, 401) == "not-identified"


def test_a_request_is_not_answered_at_another_place(client: Any) -> None:
    """Pull and push are maps of the same kind: the path is part of what was signed."""
    till = enrolled()
    for path, body in bodies(till).items():
        for other in {PULL, PUSH, RESERVE} - {path}:
            assert send(client, till, path, body, to=other).status_code in {400, 401}
    body = a_pull(till)
    assert slug(send(client, till, PUSH, body, to=PULL), 401) == "not-identified"


def test_a_unit_that_nobody_knows_is_not_answered(client: Any) -> None:
    stranger = Till(UnitId("S0412-K9"), b.a_sign_key("x"), b.a_seal_key("x"))
    assert slug(send(client, stranger, PULL, a_pull(stranger)), 401) == "not-identified"


@pytest.mark.parametrize(
    "off_s", [-10 * 365 * DAY_S, -CLOCK_SKEW_S - 1, CLOCK_SKEW_S + 1, 2**32 - b.NOW_S]
)
def test_a_unit_whose_clock_is_wrong_can_learn_the_time_but_not_reserve(
    client: Any, off_s: int
) -> None:
    till, lunch = enrolled(), a_voucher()
    created_s = b.NOW_S + off_s
    answer = pulled(send(client, till, PULL, a_pull(till), created_s))
    assert answer.hub_time_s == b.NOW_S
    till.refuse()
    assert send(client, till, PUSH, till.push().encode(), created_s).status_code == 200
    response = send(client, till, RESERVE, a_reservation(till, lunch), created_s)
    assert slug(response, 401) == "not-identified"
    assert "pull first" in response.json["detail"]


@pytest.mark.parametrize("off_s", [-CLOCK_SKEW_S, 0, CLOCK_SKEW_S])
def test_a_clock_that_is_a_little_off_may_reserve(client: Any, off_s: int) -> None:
    till, lunch = enrolled(), a_voucher()
    response = send(client, till, RESERVE, a_reservation(till, lunch), b.NOW_S + off_s)
    assert response.status_code == 200


@pytest.fixture
def one_unit(sqlite_database: Database) -> tuple[Any, Till]:
    return an_app(sqlite_database).test_client(), enrolled()


signature_texts = st.text(
    alphabet='vx1=();:"@-methodpathauthoritycontent-digestcreatedkeyidalg0123456789+/ ,',
    max_size=80,
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_whatever_stands_in_the_headers_nobody_else_gets_in(
    one_unit: tuple[Any, Till], data: st.DataObject
) -> None:
    client, till = one_unit
    body, thief = a_pull(till), b.a_sign_key("thief")
    request = Request("POST", "localhost", PULL, body)
    headers = sign_request(request, thief, till.unit, created_s=b.NOW_S, nonce=b"n")
    name = data.draw(st.sampled_from(sorted(headers)))
    place = data.draw(st.integers(0, len(headers[name])))
    end = place + data.draw(st.integers(0, 5))
    headers[name] = headers[name][:place] + data.draw(signature_texts) + headers[name][end:]
    assert client.post(PULL, data=body, headers=headers).status_code == 401


# --- bodies --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [PULL, PUSH, RESERVE, ENROL])
@pytest.mark.parametrize(
    "body",
    [b"", b"\x00", b"{}", canonical.encode({}), canonical.encode([]), canonical.encode({1: 2}),
     canonical.encode({1: 1}), canonical.encode({1: 1, 2: "S0412-K1"}), bytes(10_000)],
    ids=["empty", "zero", "json", "map", "list", "later", "nothing-else", "name-only", "zeros"],
)  # fmt: skip
def test_a_body_that_is_no_message_is_told(client: Any, path: str, body: bytes) -> None:
    response = client.post(path, data=body, content_type=CONTENT_TYPE)
    assert slug(response, 400) in {"malformed-message", "unknown-version"}


def test_a_push_that_is_too_long_is_told(client: Any) -> None:
    till = enrolled()
    for _ in range(501):
        till.refuse()
    assert slug(send(client, till, PUSH, till.push().encode()), 400) == "push-too-large"


def test_a_body_that_is_too_large_is_not_read(client: Any) -> None:
    till = enrolled()
    assert slug(send(client, till, PUSH, bytes((1 << 20) + 1)), 413) == "request-too-large"


def test_a_head_that_does_not_fit_is_told(client: Any) -> None:
    till = enrolled()
    till.refuse()
    push = till.push()
    till.refuse()
    bent = canonical.encode({**canonical.decode(push.encode()), 6: till.head(2)})
    assert slug(send(client, till, PUSH, bent), 400) == "message-refused"


# --- enrolment -----------------------------------------------------------------------------------


def signed_by(newcomer: Any, client: Any, path: str, body: bytes, **bent: Any) -> Any:
    as_till = Till(newcomer.sign_public.hex(), newcomer.key, newcomer.seal)
    return send(client, as_till, path, body, **bent)


def offered(client: Any, newcomer: Any, **bent: Any) -> EnrolOffer:
    code = enrol.invite(b.STORE, b.NOW_S).code
    message = newcomer.request(code, **bent).sign(newcomer.key)
    response = client.post(ENROL, data=message, content_type=CONTENT_TYPE)
    assert response.status_code == 200, response.text
    return EnrolOffer.open(response.data)


def test_a_unit_enrols_over_http(client: Any) -> None:
    newcomer = a_newcomer()
    offer = offered(client, newcomer)
    enrolment_id = offer.enrolment.hex()
    place = f"{ENROL}/{enrolment_id}"
    told = signed_by(newcomer, client, f"{place}/reveal", canonical.encode({1: newcomer.nonce}))
    assert canonical.decode(told.data) == {1: "revealed"}
    state = signed_by(newcomer, client, f"{place}/state", canonical.encode({}))
    assert canonical.decode(state.data) == {1: "waiting"}
    number = newcomer.number(offer)
    enrol.confirm(enrolment_id, number, KEYRING, currency=CURRENCY, at_s=b.NOW_S)
    state = signed_by(newcomer, client, f"{place}/state", canonical.encode({}))
    assert canonical.decode(state.data) == {
        1: "confirmed",
        2: enrol.enrolment_message(enrolment_id),
    }


def test_an_enrolment_is_its_unit_s_own(client: Any) -> None:
    newcomer, thief = a_newcomer(), a_newcomer("thief")
    place = f"{ENROL}/{offered(client, newcomer).enrolment.hex()}"
    for path in (f"{place}/reveal", f"{place}/state"):
        body = canonical.encode({1: newcomer.nonce})
        assert slug(client.post(path, data=body), 401) == "not-identified"
        assert slug(signed_by(thief, client, path, body), 401) == "not-identified"
        key_id = newcomer.sign_public.hex()
        response = signed_by(thief, client, path, body, key_id=key_id)
        assert slug(response, 401) == "not-identified"


@pytest.mark.parametrize("enrolment_id", ["0" * 32, "nothing", "%00", "'; --", "é"])
def test_an_enrolment_that_is_not_there_is_told(client: Any, enrolment_id: str) -> None:
    for what in ("reveal", "state"):
        path = f"{ENROL}/{enrolment_id}/{what}"
        assert slug(client.post(path, data=b""), 400 if "%00" in path else 401)


@pytest.mark.parametrize(
    "body", [b"", b"\xff", canonical.encode({}), canonical.encode({1: b"short"}), bytes(300)],
    ids=["empty", "garbage", "map", "short", "long"],
)  # fmt: skip
def test_a_nonce_that_is_none_is_told(client: Any, body: bytes) -> None:
    newcomer = a_newcomer()
    path = f"{ENROL}/{offered(client, newcomer).enrolment.hex()}/reveal"
    assert slug(signed_by(newcomer, client, path, body), 400) == "malformed-message"


def test_a_wrong_code_is_refused_and_not_repeated(client: Any) -> None:
    newcomer = a_newcomer()
    message = newcomer.request("ABCDEFGHJKMN").sign(newcomer.key)
    response = client.post(ENROL, data=message, content_type=CONTENT_TYPE)
    assert slug(response, 403) == "enrolment-refused"
    assert "ABCD" not in response.text


def test_hardware_may_call_itself_what_it_likes(client: Any) -> None:
    hardware = "Pi\x00\x1b[31m\n<b>4</b> 树莓派"
    offer = offered(client, a_newcomer(), hardware=hardware)
    enrol.reveal(offer.enrolment.hex(), a_newcomer().nonce, KEYRING, b.NOW_S)
    [row] = enrol.waiting()
    assert row.hardware == "Pi[31m<b>4</b> 树莓派 · tearoff 0.1"


def test_guessing_codes_is_slowed_down(sqlite_database: Database) -> None:
    client = an_app(sqlite_database).test_client()
    newcomer = a_newcomer()
    message = newcomer.request("ABCDEFGHJKMN").sign(newcomer.key)
    told = [client.post(ENROL, data=message) for _ in range(31)]
    assert [r.status_code for r in told] == [403] * 30 + [429]
    assert slug(told[-1], 429) == "too-many-tries"
    assert 0 < int(told[-1].headers["Retry-After"]) <= 60
