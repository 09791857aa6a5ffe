"""Every golden vector, read and written again."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge.contract import (
    base45,
    canonical,
    cwt,
    dynamic_code,
    handle,
    http_signature,
    keys,
    signed,
    status,
    voucher_token,
)
from edge.contract.bundle import Catalogue, Handles, PeerList
from edge.contract.bundle_file import BundleFile, JournalFile, key_check, read_request_text
from edge.contract.correction import CorrectionBook
from edge.contract.enrolment import Enrolment, EnrolOffer, EnrolRequest, comparison_number
from edge.contract.grant import Grant, GrantRequest, digest_of, message_of, text_of
from edge.contract.ids import StatusIndex, StoreGroup, UnitId, VoucherId
from edge.contract.journal_entry import EntryKind, EpochCause, Head, JournalEntry, entry_hash
from edge.contract.keys import CodeAlgorithm, EpochKeys, TrustList
from edge.contract.lease import LeaseBook
from edge.contract.policy import Mode, Policy
from edge.contract.problem import parse_problem
from edge.contract.receipt_template import ReceiptTemplate
from edge.contract.refusal import WAY_OUT, Refusal
from edge.contract.scan import ShortScan, TokenScan, read_scan
from edge.contract.signed import MessageInvalid
from edge.contract.status import Delta, Status
from edge.contract.status_block import StatusBlock
from edge.contract.sync_message import (
    Outcome,
    Pull,
    PullAnswer,
    Push,
    PushReceipt,
    Relay,
    Reservation,
    Reserve,
)
from edge.contract.voucher_token import TokenInvalid, VoucherClaims, VoucherKind
from tests import builders as b
from tests.contract import hpke_reference
from tests.contract.make_vectors import FILES, LOCK, digest, entry_json, from_json, load

Case = dict[str, Any]


def cases(file: str, prefix: str = "") -> pytest.MarkDecorator:
    """The cases of one file as parameters with readable ids."""
    chosen = {k: v for k, v in load(file).items() if k.startswith(prefix)}
    assert chosen, f"no case {prefix}* in {file}.json"
    return pytest.mark.parametrize("case", list(chosen.values()), ids=list(chosen))


def split(file: str) -> tuple[pytest.MarkDecorator, pytest.MarkDecorator]:
    """The good cases of a file, and those that must be refused."""
    every = load(file)
    good = {k: v for k, v in every.items() if "refused" not in v}
    bad = {k: v for k, v in every.items() if "refused" in v}
    return (
        pytest.mark.parametrize("case", list(good.values()), ids=list(good)),
        pytest.mark.parametrize("case", list(bad.values()), ids=list(bad)),
    )


def hx(text: str) -> bytes:
    return bytes.fromhex(text)


def public_key_of(secret: str) -> Ed25519PublicKey:
    return Ed25519PrivateKey.from_private_bytes(hx(secret)).public_key()


def test_no_released_vector_was_changed_or_removed() -> None:
    for line in LOCK.read_text("utf-8").splitlines():
        locked, file, name = line.split(" ", 2)
        assert digest(load(file)[name]) == locked, f"{file}.json: {name} is not what it was"


@pytest.mark.parametrize("file", list(FILES))
def test_the_lock_knows_every_case(file: str) -> None:
    locked = {tuple(line.split(" ", 2)[1:]) for line in LOCK.read_text("utf-8").splitlines()}
    assert {(file, name) for name in load(file)} <= locked


canonical_good, canonical_bad = split("canonical")


@canonical_good
def test_canonical(case: Case) -> None:
    value = from_json(case["value"])
    assert canonical.encode(value).hex() == case["hex"]
    assert canonical.decode(hx(case["hex"])) == value


@canonical_bad
def test_canonical_refuses_every_other_form(case: Case) -> None:
    with pytest.raises(canonical.NotCanonical):
        canonical.decode(hx(case["refused"]))


base45_good, base45_bad = split("base45")


@base45_good
def test_base45(case: Case) -> None:
    assert base45.encode(hx(case["hex"])) == case["text"]
    assert base45.decode(case["text"]).hex() == case["hex"]


@base45_bad
def test_base45_refuses(case: Case) -> None:
    with pytest.raises(ValueError, match="not base45"):
        base45.decode(case["refused"])


def claims_of(case: Case) -> VoucherClaims:
    return VoucherClaims(**{**case["claims"], "kind": VoucherKind(case["claims"]["kind"])})


@cases("voucher_token")
def test_voucher_token(case: Case) -> None:
    claims = claims_of(case)
    secret = Ed25519PrivateKey.from_private_bytes(hx(case["secret_key"]))
    assert secret.public_key().public_bytes_raw().hex() == case["public_key"]
    assert voucher_token.encode_payload(claims).hex() == case["payload"]
    assert voucher_token.sign(claims, case["issuer"], secret) == case["text"]
    assert [part.hex() for part in voucher_token.split(case["text"])] == [
        case["payload"],
        case["signature"],
    ]
    key = keys.IssuerKey(case["issuer"], claims.kid, hx(case["public_key"]))
    assert voucher_token.verify_signature(case["text"], b.a_trust_list(key)) == claims


@cases("verification")
def test_what_becomes_of_a_scanned_text(case: Case) -> None:
    trust = b.a_trust_list(
        b.an_issuer_key(),
        b.an_issuer_key("partner.example", 1, foreign=True),
        b.an_issuer_key("partner.example", 2, foreign=True),
    )
    if case["reason"] is None:
        assert voucher_token.verify(case["text"], trust, case["now_s"]).kid == 1
        return
    with pytest.raises(TokenInvalid) as caught:
        voucher_token.verify(case["text"], trust, case["now_s"])
    assert caught.value.reason == case["reason"]


@cases("scan")
def test_scan(case: Case) -> None:
    if isinstance(case["reads_as"], str):
        with pytest.raises(TokenInvalid) as caught:
            read_scan(case["delivered"])
        assert caught.value.reason == case["reads_as"]
        return
    kind, *fields = case["reads_as"]
    wanted = TokenScan(*fields) if kind == "token" else ShortScan(*fields)
    assert read_scan(case["delivered"]) == wanted


@cases("dynamic_code", "rfc6238")
def test_dynamic_code_of_rfc_6238_appendix_b(case: Case) -> None:
    algorithm = CodeAlgorithm[case["algorithm"]]
    step = dynamic_code.step_at(case["at_s"])
    seed = hx(case["seed"])
    assert dynamic_code.code_at_step(seed, step, 8, algorithm) == case["code"]
    found = dynamic_code.matching_step(seed, case["code"], case["at_s"], algorithm=algorithm)
    assert found == step


@cases("dynamic_code", "texts")
def test_dynamic_and_short_texts(case: Case) -> None:
    algorithm = CodeAlgorithm[case["algorithm"]]
    epoch_key, voucher_id = hx(case["epoch_key"]), VoucherId(case["voucher_id"])
    seed = keys.voucher_seed(epoch_key, voucher_id, algorithm)
    assert seed.hex() == case["seed"]
    at_s, index = case["at_s"], StatusIndex(case["status_index"])
    assert dynamic_code.dynamic_text(b.a_token(), seed, at_s, algorithm) == case["dynamic"]
    short = dynamic_code.short_text(index, voucher_id, epoch_key, at_s, algorithm)
    assert short == case["short"]
    read = read_scan(short)
    assert isinstance(read, ShortScan)
    assert handle.index_of(read.handle, keys.handle_key(epoch_key)) == index


@cases("handle", "nist")
def test_handle_of_nist(case: Case) -> None:
    key, tweak = hx(case["key"]), hx(case["tweak"])
    assert handle.ff1_encrypt(case["plain"], key, tweak) == case["coded"]
    assert handle.ff1_decrypt(case["coded"], key, tweak) == case["plain"]


@cases("handle", "index")
def test_handle(case: Case) -> None:
    assert handle.handle_of(int(case["plain"]), hx(case["key"])) == case["coded"]
    assert handle.index_of(case["coded"], hx(case["key"])) == int(case["plain"])


@cases("handle", "damm")
def test_damm(case: Case) -> None:
    assert handle.damm_digit(case["digits"]) == case["check"]


@cases("keys", "rfc5869")
def test_hkdf_of_rfc_5869(case: Case) -> None:
    length = len(case["okm"]) // 2
    okm = keys.hkdf(hx(case["secret"]), hx(case["info"]), length, hx(case["salt"]))
    assert okm.hex() == case["okm"]


@cases("keys", "ladder")
def test_key_ladder(case: Case) -> None:
    group_key = keys.group_key(hx(case["master"]), StoreGroup(case["group"]))
    epoch_key = keys.epoch_key(group_key, case["epoch"])
    voucher_id = VoucherId(case["voucher_id"])
    assert group_key.hex() == case["group_key"]
    assert epoch_key.hex() == case["epoch_key"]
    sha1 = keys.voucher_seed(epoch_key, voucher_id, CodeAlgorithm.SHA1)
    sha256 = keys.voucher_seed(epoch_key, voucher_id, CodeAlgorithm.SHA256)
    assert (sha1.hex(), sha256.hex()) == (case["seed_sha1"], case["seed_sha256"])
    assert keys.handle_key(epoch_key).hex() == case["handle_key"]


@cases("keys", "rfc9180")
def test_hpke_reference_of_rfc_9180(case: Case) -> None:
    sender = X25519PrivateKey.from_private_bytes(hx(case["sender_secret"]))
    receiver = X25519PrivateKey.from_private_bytes(hx(case["receiver_secret"]))
    info, aad, plain = hx(case["info"]), hx(case["aad"]), hx(case["plain"])
    sealed = hpke_reference.seal(hx(case["receiver_public"]), sender, info, aad, plain)
    assert sealed.hex() == case["enc"] + case["sealed"]
    assert hpke_reference.open_(receiver, sealed, info, aad) == plain


@cases("keys", "sealed")
def test_sealed_epoch_keys(case: Case) -> None:
    unit_key = X25519PrivateKey.from_private_bytes(hx(case["unit_secret"]))
    body = canonical.decode(hx(case["body"]))
    held = EpochKeys.from_sealed_body(body, UnitId(case["unit"]), unit_key)
    [[group, epoch, algorithm, key]] = case["keys"]
    assert held.of(StoreGroup(group), epoch) == (CodeAlgorithm(algorithm), hx(key))


@cases("status", "draft")
def test_status_bits_of_the_draft(case: Case) -> None:
    bitmap = bytearray(3)
    for place, value in enumerate(case["statuses"]):
        status.put(bitmap, StatusIndex(place), Status(value))
    assert bitmap.hex() == case["bitmap"]
    assert [status.get(bitmap, StatusIndex(i)) for i in range(12)] == case["statuses"]


@cases("status", "snapshot")
def test_status_snapshot(case: Case) -> None:
    key = public_key_of(case["secret_key"])
    snapshot = status.open_snapshot(hx(case["message"]), case["issuer"], [key])
    fields = (snapshot.shard, snapshot.version, snapshot.issued_at_s, snapshot.expires_at_s)
    assert fields == (case["shard"], case["version"], case["issued_at_s"], case["expires_at_s"])
    places = [i for i in range(status.SHARD_SIZE) if status.get(snapshot.bitmap, StatusIndex(i))]
    marks = {str(i): status.get(snapshot.bitmap, StatusIndex(i)) for i in places}
    assert marks == case["marks"]


@cases("status", "rice")
def test_rice_code(case: Case) -> None:
    k, coded = status.rice_encode(case["places"])
    assert (k, coded.hex()) == (case["k"], case["coded"])
    decoded = status.rice_decode(hx(case["coded"]), len(case["places"]), case["k"])
    assert list(decoded) == case["places"]


@cases("status", "delta")
def test_status_delta(case: Case) -> None:
    delta = Delta.from_body(canonical.decode(hx(case["body"])))
    changes = {str(int(k)): list(v) for k, v in delta.changes.items()}
    assert changes == case["changes"]
    assert canonical.encode(delta.to_body()).hex() == case["body"]


journal_entries = {k: v for k, v in load("journal").items() if "raw" in v}


@pytest.mark.parametrize("case", list(journal_entries.values()), ids=list(journal_entries))
def test_journal_entry(case: Case) -> None:
    entry = JournalEntry.decode(hx(case["raw"]))
    assert entry_json(entry) == case["fields"]
    assert entry.encode().hex() == case["raw"]
    assert entry_hash(hx(case["raw"])).hex() == case["hash"]


@cases("journal", "refused")
def test_journal_entry_refuses(case: Case) -> None:
    with pytest.raises(signed.MessageInvalid) as caught:
        JournalEntry.decode(hx(case["refused"]))
    assert caught.value.slug == "malformed-entry"


@cases("journal", "head")
def test_journal_head(case: Case) -> None:
    head = Head.open(hx(case["message"]), case["issuer"], public_key_of(case["secret_key"]))
    assert [head.unit, head.epoch, head.seq, head.hash.hex(), head.wall_s] == case["fields"]


READERS: dict[str, Any] = {
    "trust-list": TrustList,
    "policy": Policy,
    "catalogue": Catalogue,
    "receipt-template": ReceiptTemplate,
    "peers": PeerList,
    "handles": Handles,
    "lease": LeaseBook,
    "corrections": CorrectionBook,
    "push-receipt": PushReceipt,
    "pull-answer": PullAnswer,
    "reservation": Reservation,
    "enrolment": Enrolment,
    "status-block": StatusBlock,
}
signed_messages = {k: v for k, v in load("message").items() if "kind" in v}


@pytest.mark.parametrize("case", list(signed_messages.values()), ids=list(signed_messages))
def test_signed_message(case: Case) -> None:
    kind, key = signed.Kind(case["kind"]), public_key_of(case["secret_key"])
    body = signed.unseal(kind, case["issuer"], hx(case["message"]), [key])
    assert canonical.encode(body).hex() == case["body"]
    assert canonical.encode(READERS[kind].from_body(body).to_body()).hex() == case["body"]


@pytest.mark.parametrize(
    ("name", "reader"),
    [("push", Push), ("pull", Pull), ("pull-knows", Pull), ("reserve", Reserve), ("relay", Relay)],
)
def test_request(name: str, reader: Any) -> None:
    request = load("message")[name]["request"]
    assert reader.decode(hx(request)).encode().hex() == request


@cases("message", "enrol")
def test_enrolment_messages(case: Case) -> None:
    if "request" not in case:  # the signed enrolment itself is read above
        return
    request, offer = EnrolRequest.open(hx(case["request"])), EnrolOffer.open(hx(case["offer"]))
    number = comparison_number(
        request.sign_key,
        request.seal_key,
        hx(case["unit_nonce"]),
        offer.bundle_key,
        offer.hub_nonce,
    )
    assert number == case["comparison_number"]


@cases("message", "http")
def test_http_signature(case: Case) -> None:
    request = http_signature.Request(
        case["method"], case["authority"], case["path"], hx(case["body"])
    )
    secret = Ed25519PrivateKey.from_private_bytes(hx(case["secret_key"]))
    headers = http_signature.sign_request(
        request, secret, b.UNIT, created_s=b.NOW_S, nonce=b"n" * 16
    )
    assert headers == case["headers"]


@cases("cwt")
def test_cwt(case: Case) -> None:
    claims = claims_of(case)
    secret = Ed25519PrivateKey.from_private_bytes(hx(case["secret_key"]))
    assert cwt.export(claims, case["issuer"], secret) == case["text"]
    key = keys.IssuerKey(case["issuer"], claims.kid, secret.public_key().public_bytes_raw())
    assert cwt.import_(case["text"], b.a_trust_list(key)) == claims


def test_words() -> None:
    words = load("words")
    told: dict[str, str] = {}
    for name, case in words.items():
        if name.startswith("refusals"):
            assert not set(told) & set(case["way_out"]), "a refusal has one case"
            told |= case["way_out"]
    assert {str(k): str(v) for k, v in WAY_OUT.items()} == told
    assert set(WAY_OUT) == set(Refusal)
    assert {m.name: int(m) for m in Mode} == words["modes"]["modes"]
    assert {k.name: int(k) for k in EntryKind} == words["entry-kinds"]["kinds"]
    assert [str(c) for c in EpochCause] == words["epoch-causes"]["causes"]
    assert [str(o) for o in Outcome] == words["outcomes"]["outcomes"]


grants = {k: v for k, v in load("grant").items() if "text" in v}


@pytest.mark.parametrize("case", list(grants.values()), ids=list(grants))
def test_grant(case: Case) -> None:
    store, unit, nonce, voucher_id, amount = case["request"]
    asked = GrantRequest(store, unit, hx(nonce), voucher_id, amount)
    assert asked.link("https://hub.example/h/") == case["link"]
    assert GrantRequest.parse(case["link"].partition("#g=")[2]) == asked
    key = public_key_of(case["secret_key"])
    grant = Grant.open(case["text"], case["issuer"], [key])
    assert grant == Grant(*asked, case["expires_at_s"], case["hub_time_s"], case["remaining"])
    assert text_of(message_of(case["text"])) == case["text"]
    assert digest_of(case["text"]).hex() == case["evidence"]
    with pytest.raises(MessageInvalid):
        Grant.open(case["text"], "other.example", [key])


@cases("grant", "refused")
def test_grant_refuses(case: Case) -> None:
    with pytest.raises(MessageInvalid):
        Grant.open(case["refused"], case["issuer"], [public_key_of(case["secret_key"])])


@cases("grant", "link-refused")
def test_grant_request_refuses(case: Case) -> None:
    with pytest.raises(MessageInvalid):
        GrantRequest.parse(case["link_refused"])


@cases("words", "problem")
def test_problem_details(case: Case) -> None:
    body = case["json"].encode()
    problem = parse_problem(body, 409)
    assert problem.to_json() == body
    assert problem.extra["reason"] == "already-redeemed"


@cases("bundle_file", "bundles")
def test_bundle_file(case: Case) -> None:
    file = BundleFile.open(hx(case["file"]), [public_key_of(case["secret_key"])])
    assert [file.issuer, file.unit, file.made_at_s, str(file.state), file.cursor.hex()] == [
        case[name] for name in ("issuer", "unit", "made_at_s", "state", "cursor")
    ]
    assert [[kind, message.hex()] for kind, message in file.bundles] == case["bundles"]
    ack = [file.ack.epoch, file.ack.seq, file.ack.hash.hex()] if file.ack else []
    assert ack == case["ack"]
    secret = Ed25519PrivateKey.from_private_bytes(hx(case["secret_key"]))
    assert file.sign(secret).hex() == case["file"]


@cases("bundle_file", "journal")
def test_journal_file(case: Case) -> None:
    key = public_key_of(case["unit_secret_key"])
    hub_key = keys.hub_seal_key(hx(case["master_key"]))
    file = JournalFile.open(hx(case["file"]), hub_key, lambda _unit: key)
    assert [file.issuer, file.unit, file.made_at_s, dict(file.health)] == [
        case[name] for name in ("issuer", "unit", "made_at_s", "health")
    ]
    assert [push.hex() for push in file.pushes] == case["pushes"]


@cases("bundle_file", "request")
def test_enrolment_request_as_text(case: Case) -> None:
    assert read_request_text(case["text"]) == hx(case["message"])
    assert EnrolRequest.open(read_request_text(case["text"])).code == ""
    assert key_check(*map(hx, case["keys"])) == case["key_check"]
