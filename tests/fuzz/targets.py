"""Every parser of bytes from outside: what it is fed with, and how it may say no."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from central.stores.units.bundle import Cursor
from edge.clock import keep
from edge.clock.trusted_time import TrustedClock
from edge.config import load
from edge.contract import base45, canonical, cose, cwt, keys, signed, status, voucher_token
from edge.contract.bundle import Catalogue, Handles
from edge.contract.bundle_file import (
    BundleFile,
    FileInvalid,
    JournalFile,
    read_request_text,
    request_text,
)
from edge.contract.dynamic_code import matching_step
from edge.contract.enrolment import Enrolment, EnrolOffer, EnrolRequest, commit
from edge.contract.ids import Epoch, Seq, UnitId, VoucherId
from edge.contract.journal_entry import Head, JournalEntry, entry_hash
from edge.contract.keys import CodeAlgorithm, EpochKeys, TrustList
from edge.contract.policy import Policy
from edge.contract.problem import parse_problem
from edge.contract.receipt_template import ReceiptTemplate
from edge.contract.scan import read_scan
from edge.contract.signed import Kind, MessageInvalid
from edge.contract.status import BITMAP_BYTES, Delta, Snapshot, Status
from edge.contract.status_block import StatusBlock
from edge.contract.sync_message import (
    Ack,
    Pull,
    PullAnswer,
    Push,
    PushReceipt,
    Reservation,
    Reserve,
    UnitState,
)
from edge.contract.voucher_token import TokenInvalid
from edge.devices import profiles
from edge.errors import ConfigInvalid
from tests import builders as b
from tests.fuzz.devices import device_parsers

BUNDLE, UNIT = b.a_sign_key("bundle"), b.a_sign_key("unit")
BUNDLE_KEYS = [BUNDLE.public_key()]
TRUST = b.a_trust_list()
PROFILE = Path(__file__).parents[2] / "firmware_profiles/printers/generic-80-gbk.toml"


class Target(NamedTuple):
    """One parser.

    Args:
        parse: Takes the bytes. Anything it raises besides ``refusals`` is a defect.
    """

    name: str
    seeds: tuple[bytes, ...]
    parse: Callable[[bytes], object]
    refusals: tuple[type[Exception], ...]


def _text(parse: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda data: parse(data.decode("utf-8", "replace"))


def _body(reader: Any) -> Callable[[bytes], object]:
    """Feed a reader what stands behind a good signature: the first check is passed."""
    return lambda data: reader.from_body(canonical.decode(data))


def _messages() -> list[Target]:
    block = StatusBlock.of(
        {0: {3: Status.REVOKED, 9: Status.VALID}, 5: {}}, from_version=1, to_version=2,
        issued_at_s=b.NOW_S, expires_at_s=b.NOW_S + 9,
    )  # fmt: skip
    receipt = PushReceipt(b.UNIT, Ack(Epoch(1), Seq(9), bytes(32)), (), b.NOW_S)
    answer = PullAnswer(b.UNIT, bytes(16), b.NOW_S, UnitState.ACTIVE, None, (("x", b"y"),), b"c")
    held = EpochKeys(b.UNIT, {(b.GROUP, 1): (CodeAlgorithm.SHA256, bytes(32))})
    bodies: dict[str, tuple[Any, Any]] = {
        "trust list": (TrustList, TRUST.to_body()),
        "policy": (Policy, b.a_policy().to_body()),
        "catalogue": (Catalogue, b.a_catalogue().to_body()),
        "receipt template": (ReceiptTemplate, b.a_receipt_template().to_body()),
        "handles": (Handles, Handles(b.GROUP, 0, 1, (b.some_claims(),)).to_body()),
        "status delta": (Delta, Delta(0, 1, 2, 3, {Status.REVOKED: (4, 5)}).to_body()),
        "status block": (StatusBlock, block.to_body()),
        "push receipt": (PushReceipt, receipt.to_body()),
        "pull answer": (PullAnswer, answer.to_body()),
        "reservation": (Reservation, Reservation(b.UNIT, bytes(16), None, 1, 2, 3).to_body()),
        "enrolment": (Enrolment, b.an_enrolment().to_body()),
    }
    invalid = (MessageInvalid, canonical.NotCanonical)
    found = [
        Target(name, (canonical.encode(body),), _body(reader), invalid)
        for name, (reader, body) in bodies.items()
    ]
    sealed = canonical.encode(held.sealed_body(b.a_seal_key().public_key()))
    opener = lambda data: EpochKeys.from_sealed_body(  # noqa: E731
        canonical.decode(data), b.UNIT, b.a_seal_key()
    )
    found.append(Target("epoch keys", (sealed,), opener, invalid))
    return found


def _apply_block(data: bytes) -> None:
    block = StatusBlock.from_body(canonical.decode(data))
    block.apply({shard: bytearray(BITMAP_BYTES) for shard in block.shards})


def _snapshot(data: bytes) -> object:
    """A status list whose signature is good, whatever it says."""
    header = {cose.TYP: "application/statuslist+cwt"}
    message = cose.sign1(data, BUNDLE, header=header)
    return status.open_snapshot(message, b.ISSUER, BUNDLE_KEYS)


def _requests() -> list[Target]:
    raw = b.an_entry().encode()
    head = Head(b.UNIT, Epoch(1), Seq(1), entry_hash(raw), b.NOW_S).sign(b.ISSUER, UNIT)
    push = Push(b.UNIT, Epoch(1), Seq(1), (raw,), head).encode()
    sign, seal = UNIT.public_key().public_bytes_raw(), b.a_seal_key().public_key()
    seal_bytes = seal.public_bytes_raw()
    request = EnrolRequest(
        "K7QX2MPA9RTC", sign, seal_bytes, commit(bytes(16), sign, seal_bytes), "Pi", "0.1"
    ).sign(UNIT)
    offer = EnrolOffer(
        bytes(16), b.ISSUER, BUNDLE.public_key().public_bytes_raw(), bytes(16), b.NOW_S
    ).sign(BUNDLE)
    policy = signed.seal(Kind.POLICY, b.ISSUER, b.a_policy().to_body(), BUNDLE)
    snapshot = Snapshot(0, 1, bytes(BITMAP_BYTES), b.NOW_S, b.NOW_S + 9).sign(b.ISSUER, BUNDLE)
    claims = cose.open_sign1(snapshot).payload
    hub = keys.hub_seal_key(bytes(32))
    bundles = BundleFile(
        b.ISSUER, b.UNIT, b.NOW_S, UnitState.ACTIVE, None, b"", (("policy", policy),)
    ).sign(BUNDLE)
    journal = JournalFile(b.ISSUER, b.UNIT, b.NOW_S, {"unsent": 1}, (push,)).seal(
        UNIT, hub.public_key()
    )
    rows = [[1, 2, 1, b"\x50"]]
    block = canonical.encode({1: [[0, 1]], 2: 0, 3: 1, 4: 0, 5: 0, 6: rows})

    def unit_key(_unit: UnitId) -> Ed25519PublicKey:
        return UNIT.public_key()

    invalid = (MessageInvalid,)
    return [
        Target("push", (push,), Push.decode, invalid),
        Target("pull", (Pull(b.UNIT, b"", bytes(16), {"a": 1}).encode(),), Pull.decode, invalid),
        Target(
            "reserve", (Reserve(b.UNIT, bytes(16), VoucherId(1), 1).encode(),),
            Reserve.decode, invalid,
        ),
        Target("journal entry", (raw,), JournalEntry.decode, invalid),
        Target("journal head", (head,),
               lambda d: Head.open(d, b.ISSUER, UNIT.public_key()), invalid),
        Target("enrol request", (request,), EnrolRequest.open, invalid),
        Target("enrol offer", (offer,), EnrolOffer.open, invalid),
        Target("envelope", (policy, offer),
               lambda d: signed.unseal(Kind.POLICY, b.ISSUER, d, BUNDLE_KEYS), invalid),
        Target("COSE", (policy, snapshot), cose.open_sign1, (cose.NotCose,)),
        Target("status list", (claims,), _snapshot, invalid),
        Target("status block, taken", (block,), _apply_block, (ValueError,)),
        Target("bundle file", (bundles,), lambda d: BundleFile.open(d, BUNDLE_KEYS),
               (FileInvalid,)),
        Target("journal file", (journal,), lambda d: JournalFile.open(d, hub, unit_key),
               (FileInvalid,)),
        Target("request text", (request_text(request).encode(),), _text(read_request_text),
               (FileInvalid,)),
    ]  # fmt: skip


def _scans() -> list[Target]:
    token = b.a_token()
    wallet = cwt.export(b.some_claims(), b.ISSUER, b.a_sign_key())
    texts = (
        token.encode(),
        (token + "12345678").encode(),
        b"812345678901234567",
        b"]Q1" + b"9" * 9,
    )
    code = lambda text: matching_step(  # noqa: E731
        bytes(20), text, b.NOW_S, 2, algorithm=CodeAlgorithm.SHA1
    )
    invalid = (TokenInvalid,)
    return [
        Target("scan", texts, _text(read_scan), invalid),
        Target("token", texts, _text(lambda t: voucher_token.verify_signature(t, TRUST)), invalid),
        Target("rotating code", (b"12345678", b"123456"), _text(code), ()),
        Target("CWT", (wallet.encode(),), _text(lambda t: cwt.import_(t, TRUST)), invalid),
        Target("base45", (wallet.encode(),), _text(base45.decode), (ValueError,)),
        Target("canonical CBOR", (b"\xa2\x01\x02\x03\x84\x00\x01\x41\x00\x60",), canonical.decode,
               (canonical.NotCanonical,)),
        Target("CBOR sequence", (b"\x01\x82\x00\x01\x41\x00",),
               lambda d: list(canonical.sequence(d)), (canonical.NotCanonical,)),
    ]  # fmt: skip


def _files() -> list[Target]:
    place = Path(tempfile.mkdtemp(prefix="fuzz-")) / "printers"
    place.mkdir()
    kept = keep.encode(TrustedClock(lambda: 1e9, lambda: 5.0, 0).to_keep("boot"))
    problem = b'{"type": "/problems/x", "title": "t", "status": 409, "detail": "d", "n": [1]}'

    def profile(data: bytes) -> object:
        (place / "x.toml").write_bytes(data)
        return profiles.load("printer", "x", (place.parent,))

    def settings(data: bytes) -> object:
        (place / "unit.toml").write_bytes(data)
        return load(place / "unit.toml", env={})

    told = PROFILE.read_bytes().replace(b"generic-80-gbk", b"x")
    unit = b'[unit]\ndata_dir = "/tmp/x"\n[api]\nport = 80\n[clock]\nbattery = false\n'
    return [
        Target("problem details", (problem,), lambda d: parse_problem(d, 500), ()),
        Target("printer profile", (told,), profile, (ConfigInvalid,)),
        Target("settings", (unit,), settings, (ConfigInvalid,)),
        Target("kept time", (kept,), keep.decode, ()),
        Target("cursor", (Cursor(1, 2, 3, 4, 5).encode(),), Cursor.decode, ()),
    ]


def _devices() -> list[Target]:
    return [Target(name, seeds, parse, ()) for name, (seeds, parse) in device_parsers().items()]


TARGETS = {t.name: t for t in (*_scans(), *_messages(), *_requests(), *_files(), *_devices())}
