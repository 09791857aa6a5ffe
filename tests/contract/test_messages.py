"""Messages: signed by whom they must be, for what they say, and readable by other libraries."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from cwt import COSE, COSEKey
from http_message_signatures import HTTPMessageVerifier, HTTPSignatureKeyResolver, algorithms
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.contract import base45, canonical, cose, cwt, http_signature, signed, status
from edge.contract.bundle import Catalogue, Handles
from edge.contract.enrolment import Enrolment, EnrolOffer, EnrolRequest
from edge.contract.ids import Epoch, KeyId, Seq, VoucherId
from edge.contract.journal_entry import Head, JournalEntry
from edge.contract.keys import TrustList
from edge.contract.policy import Policy
from edge.contract.problem import parse_problem
from edge.contract.receipt_template import (
    LINK_PLACES,
    USUAL_LINES,
    ReceiptTemplate,
    holder_link,
)
from edge.contract.refusal import Refusal
from edge.contract.signed import Kind, MessageInvalid
from edge.contract.status import Delta, Snapshot, Status
from edge.contract.sync_message import Pull, PullAnswer, Push, PushReceipt, Reservation, Reserve
from edge.contract.voucher_token import TokenInvalid
from tests import builders as b

BUNDLE = b.a_sign_key("bundle")
BODY_READERS: list[Any] = [
    TrustList, Policy, Catalogue, ReceiptTemplate, Handles, PushReceipt, PullAnswer, Reservation,
    Enrolment, Delta,
]  # fmt: skip
BYTE_READERS: list[Any] = [
    JournalEntry.decode, Push.decode, Pull.decode, Reserve.decode, EnrolRequest.open,
    EnrolOffer.open, cose.open_sign1, canonical.decode,
]  # fmt: skip


def refused(kind: Kind, issuer: str, message: bytes, key: str = "bundle") -> str:
    with pytest.raises(MessageInvalid) as caught:
        signed.unseal(kind, issuer, message, [b.a_sign_key(key).public_key()])
    return caught.value.slug


def test_a_message_is_only_what_it_was_signed_as() -> None:
    message = signed.seal(Kind.POLICY, b.ISSUER, {1: 1}, BUNDLE)
    assert signed.unseal(Kind.POLICY, b.ISSUER, message, [BUNDLE.public_key()]) == {1: 1}
    assert refused(Kind.TRUST_LIST, b.ISSUER, message) == "bad-message-signature"
    assert refused(Kind.POLICY, "other.example", message) == "bad-message-signature"
    assert refused(Kind.POLICY, b.ISSUER, message, key="thief") == "bad-message-signature"


def test_after_a_key_change_either_key_is_believed() -> None:
    old, new = b.a_sign_key("old"), b.a_sign_key("new")
    message = signed.seal(Kind.POLICY, b.ISSUER, {}, new)
    both = [old.public_key(), new.public_key()]
    assert signed.unseal(Kind.POLICY, b.ISSUER, message, both) == {}


@settings(max_examples=300)
@given(st.data())
def test_every_altered_byte_of_a_signed_message_is_refused(data: st.DataObject) -> None:
    message = bytearray(signed.seal(Kind.POLICY, b.ISSUER, b.a_policy().to_body(), BUNDLE))
    message[data.draw(st.integers(0, len(message) - 1))] ^= data.draw(st.integers(1, 255))
    slug = refused(Kind.POLICY, b.ISSUER, bytes(message))
    assert slug in {"malformed-message", "bad-message-signature"}


@pytest.mark.parametrize("cut", [0, 1, 10, 50, -1])
def test_a_truncated_message_is_refused(cut: int) -> None:
    message = signed.seal(Kind.POLICY, b.ISSUER, b.a_policy().to_body(), BUNDLE)
    assert refused(Kind.POLICY, b.ISSUER, message[:cut]) == "malformed-message"


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.binary(max_size=70)
    | st.text(max_size=20) | st.floats(),
    lambda children: st.lists(children, max_size=5)
    | st.dictionaries(st.integers(0, 20) | st.text(max_size=3), children, max_size=8),
    max_leaves=20,
)  # fmt: skip


def _encoded(value: Any) -> bytes:
    try:
        return canonical.encode(value)
    except canonical.NotCanonical:
        return b""


@pytest.mark.parametrize("reader", BODY_READERS, ids=lambda r: r.__name__)
@given(body=values)
def test_any_body_is_read_or_refused(reader: Any, body: Any) -> None:
    try:
        reader.from_body(body)
    except MessageInvalid:
        return


@pytest.mark.parametrize("reader", BYTE_READERS, ids=lambda r: r.__qualname__)
@given(data=st.binary(max_size=200) | values.map(_encoded))
def test_any_bytes_are_read_or_refused(reader: Any, data: bytes) -> None:
    try:
        reader(data)
    except ValueError:  # MessageInvalid, NotCose and NotCanonical are ValueErrors
        return


def test_shared_references_cannot_make_a_small_message_large() -> None:
    """Each level holds the one below twice: some hundred bytes unfold to 2**30 values."""
    bomb = b"\xd8\x1c\x80"  # a shared empty list
    for level in range(30):
        reference = b"\xd8\x1d" + canonical.encode(level)
        bomb = b"\xd8\x1c\x83" + bomb + reference + reference
    with pytest.raises(canonical.NotCanonical):
        canonical.decode(bomb)


def test_an_independent_library_verifies_our_http_signature() -> None:
    request = http_signature.Request("POST", "hub.example:8443", "/edge/v1/push", b"body")
    now = int(dt.datetime.now(dt.UTC).timestamp())
    headers = http_signature.sign_request(
        request, b.a_sign_key("unit"), b.UNIT, created_s=now, nonce=b"n" * 16
    )

    class Keys(HTTPSignatureKeyResolver):
        def resolve_public_key(self, key_id: str) -> Any:
            assert key_id == b.UNIT
            return b.a_sign_key("unit").public_key()

    message = SimpleNamespace(
        method="POST", url="https://hub.example:8443/edge/v1/push", headers=headers
    )
    verifier = HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=Keys())
    [result] = verifier.verify(message, body=b"body")
    assert set(http_signature.COVERED) <= {str(c).strip('"') for c in result.covered_components}


def test_an_independent_library_reads_our_cwt() -> None:
    text = cwt.export(b.some_claims(), b.ISSUER, b.a_sign_key())
    key = COSEKey.new({1: 1, -1: 6, -2: b.an_issuer_key().public_bytes, 3: -8, 2: b"\x01"})
    claims = canonical.decode(COSE().decode(base45.decode(text), key))
    assert claims[7].hex() == "0a1b2c3d4e5f"
    assert claims[1] == b.ISSUER
    assert claims[4] - claims[5] == 110 * 86400


def test_an_independent_library_reads_our_status_list() -> None:
    bitmap = bytearray(status.BITMAP_BYTES)
    message = Snapshot(0, 1, bytes(bitmap), b.NOW_S, b.NOW_S + 60).sign(b.ISSUER, BUNDLE)
    x = BUNDLE.public_key().public_bytes_raw()
    key = COSEKey.new({1: 1, -1: 6, -2: x, 3: -8, 2: b"1"})
    claims = canonical.decode(COSE(verify_kid=False).decode(message, key))
    assert claims[2] == "urn:vx1:status:hub.example:0"
    assert claims[65533]["bits"] == 2


def test_a_cwt_of_a_foreign_or_unknown_issuer_is_refused() -> None:
    text = cwt.export(b.some_claims(), "partner.example", b.a_sign_key("partner.example"))
    foreign = b.an_issuer_key("partner.example", 1, foreign=True)
    for trust, reason in (
        (b.a_trust_list(foreign), Refusal.FOREIGN_ISSUER),
        (b.a_trust_list(), Refusal.UNKNOWN_KEY),
        (b.a_trust_list(b.an_issuer_key("partner.example", key="thief")), Refusal.BAD_SIGNATURE),
    ):
        with pytest.raises(TokenInvalid) as caught:
            cwt.import_(text, trust)
        assert caught.value.reason is reason


@given(st.text(max_size=400))
def test_any_text_is_refused_as_a_cwt(text: str) -> None:
    with pytest.raises(TokenInvalid):
        cwt.import_(text, b.a_trust_list())


@given(st.sets(st.integers(0, status.SHARD_SIZE - 1), max_size=300))
def test_rice_codes_lead_back(places: set[int]) -> None:
    ordered = sorted(places)
    k, coded = status.rice_encode(ordered)
    assert list(status.rice_decode(coded, len(ordered), k)) == ordered


@given(st.binary(max_size=60), st.integers(0, 100), st.integers(0, 17))
def test_any_rice_code_is_read_or_refused(coded: bytes, count: int, k: int) -> None:
    try:
        places = list(status.rice_decode(coded, count, k))
    except ValueError:
        return
    assert places == sorted(set(places))
    assert len(places) == count


def test_a_delta_changes_what_it_names_and_nothing_else() -> None:
    bitmap = bytearray(status.BITMAP_BYTES)
    status.put(bitmap, b.some_claims().status_index, Status.SUSPENDED)
    Delta(0, 1, 2, b.NOW_S, {Status.REVOKED: (3, 131071), Status.VALID: (9,)}).apply(bitmap)
    marks = {i: status.get(bitmap, i) for i in range(status.SHARD_SIZE)}  # type: ignore[arg-type]
    assert {i: s for i, s in marks.items() if s} == {3: Status.REVOKED, 131071: Status.REVOKED}


@pytest.mark.parametrize("lst", [b"", b"\x00", b"not zlib"], ids=["empty", "zero", "garbage"])
def test_a_status_list_that_does_not_inflate_is_refused(lst: bytes) -> None:
    claims = {
        2: "urn:vx1:status:hub.example:0",
        4: 9,
        6: 1,
        65533: {"bits": 2, "lst": lst},
        -70005: 1,
    }
    header = {cose.TYP: "application/statuslist+cwt"}
    message = cose.sign1(canonical.encode(claims), BUNDLE, header=header)
    with pytest.raises(MessageInvalid) as caught:
        status.open_snapshot(message, b.ISSUER, [BUNDLE.public_key()])
    assert caught.value.slug == "malformed-message"


def test_a_push_that_is_too_large_says_so() -> None:
    push = Push(b.UNIT, Epoch(1), Seq(1), (b"x",) * 501, b"")
    with pytest.raises(MessageInvalid) as caught:
        Push.decode(push.encode())
    assert caught.value.slug == "push-too-large"


def test_a_message_of_a_later_contract_is_told_apart_from_garbage() -> None:
    later = canonical.encode({1: 2, 2: b.UNIT, 3: b"", 4: bytes(16), 5: {}})
    with pytest.raises(MessageInvalid) as caught:
        Pull.decode(later)
    assert caught.value.slug == "unknown-version"


def test_the_head_of_another_unit_is_refused() -> None:
    head = Head(b.UNIT, Epoch(1), Seq(1), bytes(32), b.NOW_S).sign(b.ISSUER, b.a_sign_key("unit"))
    with pytest.raises(MessageInvalid):
        Head.open(head, b.ISSUER, b.a_sign_key("other unit").public_key())


def test_an_enrolment_request_must_be_signed_by_its_own_key() -> None:
    sign_key = b.a_sign_key("unit").public_key().public_bytes_raw()
    request = EnrolRequest("CODE", sign_key, bytes(32), bytes(32), "Pi", "0.1")
    assert EnrolRequest.open(request.sign(b.a_sign_key("unit"))) == request
    with pytest.raises(MessageInvalid):
        EnrolRequest.open(request.sign(b.a_sign_key("thief")))


def test_reserving_names_a_voucher_and_an_amount() -> None:
    reserve = Reserve(b.UNIT, bytes(16), VoucherId(1), 5)
    assert Reserve.decode(reserve.encode()) == reserve


@pytest.mark.parametrize(
    "body", [b"", b"<html>502</html>", b"[]", b"null", b'{"type": 5}', b"\xff"], ids=repr
)
def test_an_answer_that_is_no_problem_document_is_still_a_problem(body: bytes) -> None:
    problem = parse_problem(body, 502)
    assert (problem.slug, problem.status) == ("unreadable-answer", 502)


def test_a_kid_in_a_cwt_is_one_byte() -> None:
    claims = b.some_claims(kid=KeyId(200))
    text = cwt.export(claims, b.ISSUER, b.a_sign_key())
    assert cwt.import_(text, b.a_trust_list(b.an_issuer_key(kid=200))) == claims


def _bent_template(number: int, value: Any) -> dict[int, Any]:
    return b.a_full_template().to_body() | {number: value}


@pytest.mark.parametrize(
    "body",
    [
        _bent_template(3, {"en": "a text is no list"}),
        _bent_template(5, ["store", "amount"]),
        _bent_template(5, ["entry"] * 33),
        _bent_template(5, [1]),
        _bent_template(6, [8, 1]),
        _bent_template(6, [12, 1, b"\x00\x00"]),
        _bent_template(6, [392, 1, bytes(49)]),
        _bent_template(6, [8, 241, bytes(241)]),
        _bent_template(6, [8, 0, b""]),
        _bent_template(6, [16, 2, bytes(3)]),
        _bent_template(7, "https://tearoff.example/{token}"),
        _bent_template(7, "https://tearoff.example/{entry"),
        _bent_template(7, "https://tearoff.example/}{"),
        _bent_template(7, "https://tearoff.example/{{entry}}"),
        _bent_template(7, "https://tearoff.example/\n"),
        _bent_template(7, "https://tearoff.example/店"),
        _bent_template(7, "x" * 201),
    ],
)
def test_a_template_that_no_printer_could_follow_is_refused(body: dict[int, Any]) -> None:
    with pytest.raises(MessageInvalid):
        ReceiptTemplate.from_body(body)


def test_a_template_without_the_newer_fields_prints_as_ever() -> None:
    old = b.a_receipt_template().to_body()
    assert set(old) == {1, 2, 3, 4}
    read = ReceiptTemplate.from_body(old)
    assert (read.lines, read.logo, read.holder_link) == (USUAL_LINES, None, "")


def test_what_fills_a_link_cannot_leave_its_place() -> None:
    values = dict.fromkeys(LINK_PLACES, "") | {"entry": "S0412-K1/1/1", "voucher": "a&b=c#{unit}"}
    link = holder_link("https://tearoff.example/r?e={entry}&v={voucher}", values)
    assert link == "https://tearoff.example/r?e=S0412-K1%2F1%2F1&v=a%26b%3Dc%23%7Bunit%7D"
