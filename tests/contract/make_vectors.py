"""Writes the golden vectors of the contract. Run it only to add cases; it never changes one.

    python -m tests.contract.make_vectors

What our own code computes here is checked against other implementations in the tests beside this
file (COSE by pycose and cwt, HPKE by a second implementation, RFC 9421 by another library), and
published vectors are typed in from their documents. So a vector is more than a snapshot.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge.contract import (
    base45,
    canonical,
    cwt,
    dynamic_code,
    handle,
    http_signature,
    keys,
    peer_message,
    signed,
    status,
    voucher_token,
)
from edge.contract.bundle import Catalogue, Handles, Peer, PeerList, Product
from edge.contract.bundle_file import BundleFile, JournalFile, key_check, request_text
from edge.contract.correction import Correction, CorrectionBook
from edge.contract.enrolment import EnrolOffer, EnrolRequest, commit, comparison_number
from edge.contract.grant import Grant, GrantRequest, digest_of
from edge.contract.ids import (
    EntryRef,
    Epoch,
    KeyId,
    ProductId,
    Seq,
    StatusIndex,
    StoreGroup,
    StoreId,
    UnitId,
    VoucherId,
)
from edge.contract.journal_entry import (
    EntryKind,
    EpochCause,
    Gap,
    Head,
    JournalEntry,
    Override,
    entry_hash,
)
from edge.contract.keys import CodeAlgorithm, EpochKeys
from edge.contract.lease import Lease, LeaseBook
from edge.contract.peer_link import Hello, Link
from edge.contract.peer_message import Verdict
from edge.contract.policy import Mode
from edge.contract.problem import Problem
from edge.contract.receipt_template import Logo
from edge.contract.refusal import WAY_OUT, Refusal
from edge.contract.status import Delta, Snapshot, Status
from edge.contract.status_block import StatusBlock
from edge.contract.sync_message import (
    Ack,
    Outcome,
    Pull,
    PullAnswer,
    Push,
    PushReceipt,
    Relay,
    Reservation,
    Reserve,
    Result,
    UnitState,
)
from edge.contract.voucher_token import VoucherKind
from tests import builders as b

HERE = Path(__file__).parent / "vectors" / "v1"
LOCK = HERE / "LOCK"
Case = dict[str, Any]
SHA256 = CodeAlgorithm.SHA256


def seed_of(name: str) -> str:
    """The Ed25519 secret key of ``builders.a_sign_key``, so that anyone can sign the same."""
    return hashlib.sha256(name.encode()).hexdigest()


# --- one function a file; each yields (name, case) -----------------------------------------------


def canonical_values() -> Iterator[tuple[str, Case]]:
    values: dict[str, Any] = {
        "zero": 0,
        "one-byte-most": 23,
        "two-bytes-least": 24,
        "int-255": 255,
        "int-256": 256,
        "int-257": 257,
        "int-65535": 65535,
        "int-65536": 65536,
        "int-most": 2**64 - 1,
        "int-negative": -1,
        "int-least": -(2**64),
        "true": True,
        "null": None,
        "text-empty": "",
        "text-chinese": "核销",
        "text-255": "a" * 255,
        "text-256": "a" * 256,
        "text-257": "a" * 257,
        "list-empty": [],
        "map-empty": {},
        "map-int-keys-out-of-order": {23: "c", 1: "a", 2: "b"},
        # RFC 8949 §4.2.1 sorts by the encoded bytes: 24 (18 18) before -1 (20) before "" (60).
        "map-mixed-keys": {"": 3, -1: 2, 24: 1, 1: 0},
        "map-nested": {1: [{2: "x"}, [], {3: None}]},
    }
    for name, value in values.items():
        yield name, {"value": to_json(value), "hex": canonical.encode(value).hex()}
    for size in (0, 255, 256, 257):
        data = bytes(size)
        yield f"bytes-{size}", {"value": to_json(data), "hex": canonical.encode(data).hex()}
    refused = {
        "refused-empty": "",
        "refused-truncated-text": "6261",
        "refused-long-form-of-23": "1817",
        "refused-long-form-of-length": "7801" + "61",
        "refused-trailing-byte": "0000",
        "refused-unsorted-map": "a202010101",
        "refused-doubled-key": "a201010101",
        "refused-indefinite-list": "9f01ff",
        "refused-indefinite-text": "7f6161ff",
        "refused-float": "f93c00",
        "refused-undefined": "f7",
        "refused-simple": "f8ff",
        "refused-tag": "c11a514b67b0",
        "refused-bignum": "c249010000000000000000",
        "refused-shared-reference": "d81c81d81d00",
        "refused-invalid-utf-8": "61ff",
        "refused-null-key": "a1f600",
        "refused-nested-too-deep": "81" * 10 + "00",
    }
    for name, hex_ in refused.items():
        yield name, {"refused": hex_}


def base45_texts() -> Iterator[tuple[str, Case]]:
    # The four pairs of RFC 9285 §4.3 and §4.4.
    for plain, coded in {
        "AB": "BB8",
        "Hello!!": "%69 VD92EX0",
        "base-45": "UJCLQE7W581",
        "ietf!": "QED8WEX0",
    }.items():
        yield f"rfc9285-{plain}", {"hex": plain.encode().hex(), "text": coded}
    for size in (0, 1, 2, 3, 255, 256, 257):
        data = bytes(range(256)) * 2
        data = data[-size:] if size else b""
        yield f"bytes-{size}", {"hex": data.hex(), "text": base45.encode(data)}
    for name, text in {
        "length-1": "A",
        "lower-case": "bb8",
        "too-large": "GGW",
        "65536": ":::",
    }.items():
        yield f"refused-{name}", {"refused": text}


def voucher_tokens() -> Iterator[tuple[str, Case]]:
    cases = {
        "single": b.some_claims(),
        "multi-dynamic": b.some_claims(kind=VoucherKind.MULTI, value=10, dynamic_required=True),
        "stored-value-online-only": b.some_claims(kind=VoucherKind.STORED_VALUE, online_only=True),
        "all-zero": b.some_claims(
            kid=KeyId(0), voucher_id=VoucherId(0), product=ProductId(0), value=0,
            scope=StoreGroup(0), not_before_day=0, expires_day=0, status_index=StatusIndex(0),
        ),
        "all-most": b.some_claims(
            kid=KeyId(255), voucher_id=VoucherId(2**48 - 1), product=ProductId(2**24 - 1),
            value=2**32 - 1, scope=StoreGroup(0xFFFF), not_before_day=0xFFFF, expires_day=0xFFFF,
            status_index=StatusIndex(2**32 - 1), kind=VoucherKind.STORED_VALUE,
            dynamic_required=True, online_only=True,
        ),
        "value-255": b.some_claims(value=255),
        "value-256": b.some_claims(value=256),
        "value-257": b.some_claims(value=257),
        "last-index-of-a-shard": b.some_claims(status_index=StatusIndex(2**17 - 1)),
        "first-index-of-a-shard": b.some_claims(status_index=StatusIndex(2**17)),
    }  # fmt: skip
    for name, claims in cases.items():
        text = voucher_token.sign(claims, b.ISSUER, b.a_sign_key())
        payload, signature = voucher_token.split(text)
        yield (
            name,
            {
                "issuer": b.ISSUER,
                "secret_key": seed_of("issuer"),
                "public_key": b.an_issuer_key().public_bytes.hex(),
                "claims": {**claims._asdict(), "kind": int(claims.kind)},
                "payload": payload.hex(),
                "signature": signature.hex(),
                "text": text,
            },
        )


def verifications() -> Iterator[tuple[str, Case]]:
    """Texts and what the trust list of ``test_vectors.py`` makes of them at NOW_S."""
    good = b.a_token()
    body = str(int(good[1:]))
    chinese_nine, arabic_nine = "\uff19", "\u0669"
    texts: dict[str, tuple[str, Refusal | None]] = {
        "good": (good, None),
        "first-second-of-validity": (b.a_token(not_before_day=100), None),
        "last-day-of-validity": (b.a_token(expires_day=101), None),
        "not-yet-valid": (b.a_token(not_before_day=101), Refusal.NOT_YET_VALID),
        "expired": (b.a_token(expires_day=100), Refusal.EXPIRED),
        "unknown-key": (b.a_token(kid=KeyId(77)), Refusal.UNKNOWN_KEY),
        "signed-by-somebody-else": (b.a_token(key="thief"), Refusal.BAD_SIGNATURE),
        "our-key-for-another-issuer": (b.a_token(issuer="other.example"), Refusal.BAD_SIGNATURE),
        "known-foreign-issuer": (
            b.a_token(issuer="partner.example", key="partner.example"),
            Refusal.FOREIGN_ISSUER,
        ),
        "foreign-key-number-only": (
            b.a_token(issuer="partner.example", key="partner.example", kid=KeyId(2)),
            Refusal.FOREIGN_ISSUER,
        ),
        "empty": ("", Refusal.NOT_A_TOKEN),
        "truncated": (good[:-1], Refusal.NOT_A_TOKEN),
        "one-digit-too-many": (good + "0", Refusal.NOT_A_TOKEN),
        "without-the-leading-zeros": (
            "9" + body,
            None if len(body) == 217 else Refusal.NOT_A_TOKEN,
        ),
        "another-prefix": ("8" + good[1:], Refusal.NOT_A_TOKEN),
        "more-than-90-bytes": ("9" + "9" * 217, Refusal.NOT_A_TOKEN),
        "full-width-digit": (chinese_nine + good[1:], Refusal.NOT_A_TOKEN),
        "arabic-digit": (good[:100] + arabic_nine + good[101:], Refusal.NOT_A_TOKEN),
        "underscore": (good[:100] + "_" + good[101:], Refusal.NOT_A_TOKEN),
        "inner-space": (good[:100] + " " + good[101:], Refusal.NOT_A_TOKEN),
        "minus": ("9-" + good[2:], Refusal.NOT_A_TOKEN),
    }
    for payload_byte, name in ((0x21, "version-2"), (0x12, "type-2"), (0x10, "type-0")):
        payload, signature = voucher_token.split(good)
        text = voucher_token.text_of(bytes([payload_byte]) + payload[1:], signature)
        texts[name] = (text, Refusal.NOT_A_TOKEN)
    for flags, name in ((0b10000, "undefined-flag"), (0b11, "undefined-kind")):
        payload, signature = voucher_token.split(good)
        texts[name] = (
            voucher_token.text_of(payload[:-1] + bytes([flags]), signature),
            Refusal.NOT_A_TOKEN,
        )
    for name, (text, reason) in texts.items():
        yield name, {"text": text, "now_s": b.NOW_S, "reason": reason and str(reason)}


def scans() -> Iterator[tuple[str, Case]]:
    token, code = b.a_token(), "01234567"
    static = "8" + "0123456789"
    short = static + handle.damm_digit(static) + "654321"
    wrong_check = static + str((int(handle.damm_digit(static)) + 1) % 10) + "654321"
    texts: dict[str, tuple[str, Any]] = {
        "token": (token, ["token", token, None]),
        "dynamic": (token + code, ["token", token, code]),
        "short": (short, ["short", "0123456789", "654321"]),
        "aim-qr": ("]Q1" + token, ["token", token, None]),
        "aim-qr-eci": ("]Q2\\000026" + token, ["token", token, None]),
        "eci": ("\\000026" + token, ["token", token, None]),
        "aim-code-128": ("]C0" + short, ["short", "0123456789", "654321"]),
        "white-space": ("\t " + token + "\r\n", ["token", token, None]),
        "white-space-and-aim": ("\r\n]Q1" + token + "\n", ["token", token, None]),
        "mistyped": (wrong_check, "mistyped"),
        "empty": ("", "not-a-token"),
        "only-white-space": (" \r\n", "not-a-token"),
        "only-a-prefix": ("]Q1", "not-a-token"),
        "aim-data-matrix": ("]d1" + token, "not-a-token"),
        "aim-twice": ("]Q1]Q1" + token, "not-a-token"),
        "no-break-space": ("\u00a0" + token, "not-a-token"),
        "zero-byte": (token + "\0", "not-a-token"),
        "inner-newline": (token[:50] + "\n" + token[50:], "not-a-token"),
        "seven-digit-code": (token + code[:7], "not-a-token"),
        "nine-digit-code": (token + code + "8", "not-a-token"),
        "short-17": (short[:-1], "not-a-token"),
        "short-19": (short + "0", "not-a-token"),
        "wechat-pay-code": ("134567890123456789", "not-a-token"),
        "alipay-code": ("283456789012345678", "not-a-token"),
        "url": ("https://hub.example/v/1", "not-a-token"),
        "chinese": ("核销码", "not-a-token"),
        "full-width-short": ("\uff18" + short[1:], "not-a-token"),
        "4097-characters": ("9" * 4097, "not-a-token"),
    }
    for name, (text, reads_as) in texts.items():
        yield name, {"delivered": text, "reads_as": reads_as}


def dynamic_codes() -> Iterator[tuple[str, Case]]:
    # RFC 6238 appendix B; the SHA-256 secret is 32 bytes (errata 2866).
    rows = {
        59: ("94287082", "46119246"),
        1111111109: ("07081804", "68084774"),
        1111111111: ("14050471", "67062674"),
        1234567890: ("89005924", "91819424"),
        2000000000: ("69279037", "90698825"),
        20000000000: ("65353130", "77737706"),
    }
    secrets = {
        CodeAlgorithm.SHA1: b"12345678901234567890",
        CodeAlgorithm.SHA256: b"12345678901234567890123456789012",
    }
    for at_s, codes in rows.items():
        for algorithm, code in zip((CodeAlgorithm.SHA1, SHA256), codes, strict=True):
            yield (
                f"rfc6238-{algorithm.name.lower()}-{at_s}",
                {
                    "algorithm": algorithm.name,
                    "seed": secrets[algorithm].hex(),
                    "at_s": at_s,
                    "code": code,
                },
            )
    group = keys.group_key(b"\x01" * 32, b.GROUP)
    for at_s in (b.NOW_S, b.NOW_S + 29, b.NOW_S + 30):
        epoch_key = keys.epoch_key(group, keys.key_epoch_at(at_s))
        for algorithm in CodeAlgorithm:
            seed = keys.voucher_seed(epoch_key, b.some_claims().voucher_id, algorithm)
            yield (
                f"texts-{algorithm.name.lower()}-{at_s}",
                {
                    "algorithm": algorithm.name,
                    "epoch_key": epoch_key.hex(),
                    "voucher_id": b.some_claims().voucher_id,
                    "status_index": 9,
                    "at_s": at_s,
                    "seed": seed.hex(),
                    "dynamic": dynamic_code.dynamic_text(b.a_token(), seed, at_s, algorithm),
                    "short": dynamic_code.short_text(
                        StatusIndex(9), b.some_claims().voucher_id, epoch_key, at_s, algorithm
                    ),
                },
            )


def handles() -> Iterator[tuple[str, Case]]:
    # NIST SP 800-38G, FF1 samples 1, 2, 7 and 8.
    key_128 = "2b7e151628aed2a6abf7158809cf4f3c"
    key_256 = key_128 + "ef4359d8d580aa4f7f036d6f04fc6a94"
    tweak = "39383736353433323130"
    for name, key, tweak_, coded in (
        ("nist-ff1-sample-1", key_128, "", "2433477484"),
        ("nist-ff1-sample-2", key_128, tweak, "6124200773"),
        ("nist-ff1-sample-7", key_256, "", "6657667009"),
        ("nist-ff1-sample-8", key_256, tweak, "1001623463"),
    ):
        yield name, {"key": key, "tweak": tweak_, "plain": "0123456789", "coded": coded}
    ours = keys.handle_key(b"\x02" * 32)
    for index in (0, 1, 255, 256, 257, 2**17, 2**32 - 1, 10**10 - 1):
        yield f"index-{index}", {
            "key": ours.hex(), "tweak": "", "plain": f"{index:010d}",
            "coded": handle.handle_of(index, ours),
        }  # fmt: skip
    # Damm's own example, and the ends.
    for digits, check in {"572": "4", "": "0", "0": "0", "9": "2"}.items():
        yield f"damm-{digits or 'empty'}", {"digits": digits, "check": check}


def key_ladder() -> Iterator[tuple[str, Case]]:
    # RFC 5869 appendix A.1 to A.3 (SHA-256).
    yield (
        "rfc5869-a1",
        {
            "secret": "0b" * 22,
            "salt": "000102030405060708090a0b0c",
            "info": "f0f1f2f3f4f5f6f7f8f9",
            "okm": "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c"
            "5db02d56ecc4c5bf34007208d5b887185865",
        },
    )
    yield (
        "rfc5869-a2",
        {
            "secret": bytes(range(0x50)).hex(),
            "salt": bytes(range(0x60, 0xB0)).hex(),
            "info": bytes(range(0xB0, 0x100)).hex(),
            "okm": "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
            "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
            "cc30c58179ec3e87c14c01d5c1f3434f1d87",
        },
    )
    yield (
        "rfc5869-a3",
        {
            "secret": "0b" * 22,
            "salt": "",
            "info": "",
            "okm": "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879e"
            "c3454e5f3c738d2d9d201395faa4b61a96c8",
        },
    )
    for group in (0, 1, 255, 256, 257, 65535):
        for epoch in (0, 2937, 2**32 - 1):
            group_key = keys.group_key(b"\x01" * 32, StoreGroup(group))
            epoch_key = keys.epoch_key(group_key, epoch)
            voucher_id = VoucherId(0x0A1B2C3D4E5F)
            yield (
                f"ladder-group-{group}-epoch-{epoch}",
                {
                    "master": "01" * 32,
                    "group": group,
                    "epoch": epoch,
                    "voucher_id": voucher_id,
                    "group_key": group_key.hex(),
                    "epoch_key": epoch_key.hex(),
                    "seed_sha1": keys.voucher_seed(epoch_key, voucher_id, CodeAlgorithm.SHA1).hex(),
                    "seed_sha256": keys.voucher_seed(epoch_key, voucher_id, SHA256).hex(),
                    "handle_key": keys.handle_key(epoch_key).hex(),
                },
            )
    # RFC 9180 appendix A.1.1, message 0.
    yield (
        "rfc9180-a1",
        {
            "info": "4f6465206f6e2061204772656369616e2055726e",
            "sender_secret": "52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736",
            "receiver_secret": "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8",
            "receiver_public": "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d",
            "enc": "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431",
            "aad": "436f756e742d30",
            "plain": "4265617574792069732074727574682c20747275746820626561757479",
            "sealed": "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a9"
            "6d8770ac83d07bea87e13c512a",
        },
    )
    held = EpochKeys(b.UNIT, {(b.GROUP, 2937): (SHA256, b"\x03" * 32)})
    body = held.sealed_body(b.a_seal_key().public_key())
    yield (
        "sealed-epoch-keys",
        {
            "unit": b.UNIT,
            "unit_secret": b.a_seal_key().private_bytes_raw().hex(),
            "body": canonical.encode(body).hex(),
            "keys": [[b.GROUP, 2937, 2, "03" * 32]],
        },
    )


def status_lists() -> Iterator[tuple[str, Case]]:
    # draft-ietf-oauth-status-list §4.1, the two-bit example.
    yield (
        "draft-two-bits",
        {
            "statuses": [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3],
            "bitmap": "c944f9",
        },
    )
    bitmap = bytearray(status.BITMAP_BYTES)
    marks = {0: 1, 1: 2, 2: 3, 255: 1, 256: 1, 257: 1, 131071: 3}
    for place, value in marks.items():
        status.put(bitmap, StatusIndex(place), Status(value))
    snapshot = Snapshot(5, 7, bytes(bitmap), b.NOW_S, b.NOW_S + 86400)
    yield (
        "snapshot",
        {
            "issuer": b.ISSUER,
            "secret_key": seed_of("bundle"),
            "shard": 5,
            "version": 7,
            "issued_at_s": b.NOW_S,
            "expires_at_s": b.NOW_S + 86400,
            "marks": {str(k): v for k, v in marks.items()},
            "message": snapshot.sign(b.ISSUER, b.a_sign_key("bundle")).hex(),
        },
    )
    for name, places in {
        "none": [],
        "first": [0],
        "last": [131071],
        "neighbours": [255, 256, 257],
        "both-ends": [0, 131071],
        "sparse": list(range(0, 131072, 1000)),
        "dense": list(range(0, 131072, 3))[:500],
    }.items():
        k, coded = status.rice_encode(places)
        yield f"rice-{name}", {"places": places, "k": k, "coded": coded.hex()}
    delta = Delta(5, 7, 9, b.NOW_S, {Status.REVOKED: (3, 300), Status.VALID: (1,)})
    yield "delta", {
        "shard": 5, "from": 7, "to": 9, "issued_at_s": b.NOW_S,
        "changes": {"1": [3, 300], "0": [1]}, "body": canonical.encode(delta.to_body()).hex(),
    }  # fmt: skip


def journals() -> Iterator[tuple[str, Case]]:
    entries = {
        "epoch": b.an_entry(
            kind=EntryKind.EPOCH, voucher_id=None, amount=None, mode=None, policy_version=None,
            status_version=None, clerk=None, receipt=None, request=None,
            gap=Gap(EpochCause.FIRST_START),
        ),
        "redemption": b.an_entry(seq=Seq(2)),
        "redemption-by-code": b.an_entry(seq=Seq(3), code_step=59210640, mode=Mode.ONLINE),
        "redemption-chinese-clerk": b.an_entry(seq=Seq(4), clerk="李", basket="篮子-7"),
        "refusal-of-garbage": b.an_entry(
            seq=Seq(5), kind=EntryKind.REFUSAL, reason=Refusal.NOT_A_TOKEN, voucher_id=None,
            amount=None, mode=None, receipt=None,
        ),
        "refusal-of-a-voucher": b.an_entry(
            seq=Seq(6), kind=EntryKind.REFUSAL, reason=Refusal.ALREADY_REDEEMED, amount=None,
            mode=None, receipt=None,
        ),
        "void": b.an_entry(
            seq=Seq(7), kind=EntryKind.VOID, voids=(Epoch(1), Seq(2)), mode=None, receipt=2
        ),
        "redemption-by-grant": b.an_entry(seq=Seq(8), mode=Mode.GRANT, evidence=b"g" * 32),
        "redemption-overruled": b.an_entry(
            seq=Seq(10), override=Override(Refusal.OVER_FLOOR_LIMIT, "王", "熟客")
        ),
        "redemption-by-lease": b.an_entry(seq=Seq(9), mode=Mode.LEASE, evidence=b"l" * 16),
        "most": b.an_entry(
            epoch=Epoch(2**32), seq=Seq(2**64 - 1), wall_s=2**64 - 1, uncertainty_s=2**64 - 1,
            monotonic_ms=2**64 - 1, voucher_id=VoucherId(2**48 - 1), amount=2**63 - 1,
            clerk="x" * 64, basket="y" * 64, receipt=2**64 - 1,
        ),
        "clock-at-1970": b.an_entry(wall_s=0, uncertainty_s=2**32),
        "new-epoch-with-gap": b.an_entry(
            epoch=Epoch(2), kind=EntryKind.EPOCH, voucher_id=None, amount=None, mode=None,
            policy_version=None, status_version=None, clerk=None, receipt=None, request=None,
            gap=Gap(EpochCause.JOURNAL_BEHIND_ANCHOR, Epoch(1), Seq(7), b"\x07" * 32, Seq(9),
                    b"\x09" * 32),
        ),
    }  # fmt: skip
    for name, entry in entries.items():
        raw = entry.encode()
        yield name, {"raw": raw.hex(), "hash": entry_hash(raw).hex(), "fields": entry_json(entry)}
    head = Head(b.UNIT, Epoch(1), Seq(7), b"\x07" * 32, b.NOW_S)
    yield (
        "head",
        {
            "issuer": b.ISSUER,
            "secret_key": seed_of("unit"),
            "fields": [b.UNIT, 1, 7, "07" * 32, b.NOW_S],
            "message": head.sign(b.ISSUER, b.a_sign_key("unit")).hex(),
        },
    )
    refused = {
        "refused-empty": "",
        "refused-no-map": "80",
        "refused-version-2": canonical.encode({1: 2}).hex(),
        "refused-redemption-without-voucher": b.an_entry(voucher_id=None).encode().hex(),
        "refused-long-clerk": b.an_entry(clerk="x" * 65).encode().hex(),
        "refused-short-hash": b.an_entry(prev=bytes(31)).encode().hex(),
        "refused-truncated": b.an_entry().encode()[:-1].hex(),
        "refused-long-override": b.an_entry(override=Override(Refusal.VELOCITY, "wang", "x" * 101))
        .encode()
        .hex(),
        "refused-short-evidence": b.an_entry(evidence=b"e" * 15).encode().hex(),
    }
    for name, hex_ in refused.items():
        yield name, {"refused": hex_}


def a_lease_book() -> LeaseBook:
    most = Lease(b"\xff" * 16, VoucherId(2**48 - 1), 2**63 - 1, 2**64 - 1)
    return LeaseBook(7, b.UNIT, (Lease(b"l" * 16, VoucherId(0x0A1B2C3D4E5F), 5000, b.NOW_S), most))


def grants() -> Iterator[tuple[str, Case]]:
    key = b.a_sign_key("bundle")
    least = GrantRequest(b.STORE, b.UNIT, bytes(16), VoucherId(0), 1)
    some = GrantRequest(b.STORE, b.UNIT, b"nonce of 16 byte", VoucherId(0x0A1B2C3D4E5F), 5000)
    long = "S" + "9" * 31
    most = GrantRequest(StoreId(long), UnitId(long), b"\xff" * 16, VoucherId(2**48 - 1), 2**63 - 1)
    for name, asked in {"least": least, "some": some, "most": most}.items():
        grant = Grant(*asked, expires_at_s=b.NOW_S + 180, hub_time_s=b.NOW_S, remaining=257)
        text = grant.sign(b.ISSUER, key)
        yield (
            name,
            {
                "issuer": b.ISSUER,
                "secret_key": seed_of("bundle"),
                "request": [asked.store, asked.unit, asked.nonce.hex(), asked.voucher_id,
                            asked.amount],
                "link": asked.link("https://hub.example/h/"),
                "expires_at_s": grant.expires_at_s,
                "hub_time_s": grant.hub_time_s,
                "remaining": grant.remaining,
                "text": text,
                "evidence": digest_of(text).hex(),
            },
        )  # fmt: skip
    text = Grant(*some, b.NOW_S + 180, b.NOW_S, 0).sign(b.ISSUER, key)
    refused = {
        "refused-empty": "",
        "refused-token": b.a_token(),
        "refused-altered": text[:99] + str((int(text[99]) + 1) % 10) + text[100:],
        "refused-zero-before": "70" + text[1:],
        "refused-truncated": text[:-1],
        "refused-longer": text + "0",
        "refused-another-prefix": "6" + text[1:],
        "refused-full-width": text[:-1] + "\uff15",
    }
    for name, shown in refused.items():
        yield name, {"issuer": b.ISSUER, "secret_key": seed_of("bundle"), "refused": shown}
    fragment = some.link("").partition("g=")[2]
    for name, shown in {
        "link-refused-empty": "",
        "link-refused-padded": fragment + "=",
        "link-refused-plus": "+" + fragment[1:],
        "link-refused-truncated": fragment[:-2],
        "link-refused-nothing": GrantRequest(b.STORE, b.UNIT, bytes(16), VoucherId(1), 0).link("")[
            3:
        ],
    }.items():
        yield name, {"link_refused": shown}


def messages() -> Iterator[tuple[str, Case]]:
    bundle_key = b.a_sign_key("bundle")
    trust = b.a_trust_list(b.an_issuer_key(), b.an_issuer_key("partner.example", 2, foreign=True))
    long_name = Product(ProductId(1), {"zh-CN": "名" * 255, "en": "n" * 256}, VoucherKind.SINGLE, 1)
    bodies: dict[str, tuple[signed.Kind, Any]] = {
        "trust-list": (signed.Kind.TRUST_LIST, trust.to_body()),
        "policy": (signed.Kind.POLICY, b.a_policy().to_body()),
        "policy-overrides": (
            signed.Kind.POLICY,
            b.a_policy(
                overrides={Refusal.OVER_FLOOR_LIMIT: 100_000, Refusal.CODE_REQUIRED: 2**63 - 1}
            ).to_body(),
        ),
        "policy-all-modes": (
            signed.Kind.POLICY,
            b.a_policy(
                modes=frozenset(Mode),
                floors=dict.fromkeys(Mode, (2 ** 63 - 1, 257, 256, 255)),
            ).to_body(),
        ),
        "catalogue": (signed.Kind.CATALOGUE, b.a_catalogue().to_body()),
        "catalogue-empty": (signed.Kind.CATALOGUE, Catalogue(1, {}).to_body()),
        "catalogue-long-names": (
            signed.Kind.CATALOGUE,
            Catalogue(2, {ProductId(1): long_name}).to_body(),
        ),
        "lease": (signed.Kind.LEASE, a_lease_book().to_body()),
        "corrections": (
            signed.Kind.CORRECTIONS,
            CorrectionBook(
                9, b.UNIT,
                (
                    Correction(EntryRef(b.UNIT, Epoch(1), Seq(7)), VoucherId(0x0A1B2C3D4E5F), 500),
                    Correction(EntryRef(UnitId("S0412-K2"), Epoch(3), Seq(1)), VoucherId(1), 1),
                ),
            ).to_body(),
        ),
        "lease-none": (signed.Kind.LEASE, LeaseBook(1, b.UNIT).to_body()),
        "receipt-template": (signed.Kind.RECEIPT_TEMPLATE, b.a_receipt_template().to_body()),
        "receipt-template-full": (
            signed.Kind.RECEIPT_TEMPLATE, b.a_full_template().to_body(),
        ),
        "receipt-template-smallest-logo": (
            signed.Kind.RECEIPT_TEMPLATE,
            b.a_full_template(logo=Logo(8, 1, b"\x80"), lines=("entry", "logo")).to_body(),
        ),
        "receipt-template-newer-line": (
            signed.Kind.RECEIPT_TEMPLATE,
            b.a_full_template(lines=("entry", "from-the-future")).to_body(),
        ),
        "handles": (
            signed.Kind.HANDLES,
            Handles(b.GROUP, 0, 3, (b.some_claims(kid=KeyId(0)),)).to_body(),
        ),
        "push-receipt": (
            signed.Kind.PUSH_RECEIPT,
            PushReceipt(
                b.UNIT,
                Ack(Epoch(1), Seq(9), b"\x09" * 32),
                (
                    Result(Seq(8), Outcome.APPLIED),
                    Result(Seq(9), Outcome.QUARANTINED, "malformed-entry"),
                ),
                b.NOW_S,
            ).to_body(),
        ),
        "pull-answer": (
            signed.Kind.PULL_ANSWER,
            PullAnswer(
                b.UNIT, bytes(16), b.NOW_S, UnitState.ACTIVE, Ack(Epoch(1), Seq(9), b"\x09" * 32),
                (("policy", b"\xd2"),), b"cursor",
            ).to_body(),
        ),
        "pull-answer-first": (
            signed.Kind.PULL_ANSWER,
            PullAnswer(b.UNIT, bytes(16), b.NOW_S, UnitState.REVOKED, None, (), b"").to_body(),
        ),
        "reservation": (
            signed.Kind.RESERVATION,
            Reservation(b.UNIT, bytes(16), None, 9, b.NOW_S + 120, b.NOW_S).to_body(),
        ),
        "reservation-refused": (
            signed.Kind.RESERVATION,
            Reservation(
                b.UNIT, bytes(16), Refusal.REDEEMED_ELSEWHERE, 0, b.NOW_S, b.NOW_S
            ).to_body(),
        ),
        "enrolment": (signed.Kind.ENROLMENT, b.an_enrolment().to_body()),
        "policy-some-go-online": (
            signed.Kind.POLICY, b.a_policy(online_permille=50).to_body(),
        ),
        "peers": (
            signed.Kind.PEERS,
            PeerList(
                7, b.NOW_S, b.STORE, 1, 3,
                (
                    Peer(b.UNIT, bytes(32), UnitState.ACTIVE, "192.168.1.5:8478"),
                    Peer(UnitId("S0412-K2"), b"\x02" * 32, UnitState.REVOKED),
                ),
            ).to_body(),
        ),
        "status-block": (
            signed.Kind.STATUS_BLOCK,
            StatusBlock.of(
                {3: {9: Status.REVOKED}, 4: {}, 9: {0: Status.REVOKED, 131071: Status.VALID}},
                from_version=7, to_version=9, issued_at_s=b.NOW_S, expires_at_s=b.NOW_S + 86400,
            ).to_body(),
        ),
        "status-block-whole": (
            signed.Kind.STATUS_BLOCK,
            StatusBlock.of(
                {0: dict.fromkeys(range(0, 131072, 100), Status.REVOKED)},
                from_version=0, to_version=9, issued_at_s=b.NOW_S, expires_at_s=b.NOW_S + 86400,
            ).to_body(),
        ),
        "trust-list-with-seal-key": (
            signed.Kind.TRUST_LIST, b.a_trust_list(hub_seal_key=b"\x07" * 32).to_body(),
        ),
    }  # fmt: skip
    for name, (kind, body) in bodies.items():
        yield (
            name,
            {
                "kind": str(kind),
                "issuer": b.ISSUER,
                "secret_key": seed_of("bundle"),
                "body": canonical.encode(body).hex(),
                "message": signed.seal(kind, b.ISSUER, body, bundle_key).hex(),
            },
        )
    head = Head(b.UNIT, Epoch(1), Seq(1), entry_hash(b.an_entry().encode()), b.NOW_S)
    signed_head = head.sign(b.ISSUER, b.a_sign_key("unit"))
    raw = b.an_entry().encode()
    yield "push", {"request": Push(b.UNIT, Epoch(1), Seq(1), (raw,), signed_head).encode().hex()}
    pushed = Push(b.UNIT, Epoch(1), Seq(1), (raw,), signed_head)
    yield "relay", {"request": Relay(UnitId("S0412-K2"), pushed).encode().hex()}
    knows = Pull(b.UNIT, b"", bytes(16), {}, ("status-block",)).encode().hex()
    yield "pull-knows", {"request": knows}
    yield "pull", {"request": Pull(b.UNIT, b"", bytes(16), {"unsent": 3}).encode().hex()}
    yield (
        "reserve",
        {"request": Reserve(b.UNIT, bytes(16), VoucherId(2**48 - 1), 2**63 - 1).encode().hex()},
    )
    unit_key, seal_key = b.a_sign_key("unit"), b.a_seal_key()
    sign_public = unit_key.public_key().public_bytes_raw()
    seal_public = seal_key.public_key().public_bytes_raw()
    bundle_public = bundle_key.public_key().public_bytes_raw()
    unit_nonce, hub_nonce = b"u" * 16, b"h" * 16
    commitment = commit(unit_nonce, sign_public, seal_public)
    request = EnrolRequest("K7QX2MPA9RTC", sign_public, seal_public, commitment, "Pi 4", "0.1.0")
    offer = EnrolOffer(b"e" * 16, b.ISSUER, bundle_public, hub_nonce, b.NOW_S)
    yield (
        "enrol",
        {
            "unit_secret_key": seed_of("unit"),
            "hub_secret_key": seed_of("bundle"),
            "unit_nonce": unit_nonce.hex(),
            "hub_nonce": hub_nonce.hex(),
            "request": request.sign(unit_key).hex(),
            "offer": offer.sign(bundle_key).hex(),
            "comparison_number": comparison_number(
                sign_public, seal_public, unit_nonce, bundle_public, hub_nonce
            ),
        },
    )
    headers = http_signature.sign_request(
        http_signature.Request("POST", "hub.example:8443", "/edge/v1/push", b"body"),
        unit_key, b.UNIT, created_s=b.NOW_S, nonce=b"n" * 16,
    )  # fmt: skip
    yield (
        "http-signature",
        {
            "secret_key": seed_of("unit"),
            "method": "POST",
            "authority": "hub.example:8443",
            "path": "/edge/v1/push",
            "body": b"body".hex(),
            "headers": headers,
        },
    )


def peers() -> Iterator[tuple[str, Case]]:
    """Hellos, the keys that two of them lead to, frames, and every message that a frame holds."""
    k1, k2 = UnitId("S0412-K1"), UnitId("S0412-K2")
    secrets_of = {k1: b.a_seal_key("peer K1"), k2: b.a_seal_key("peer K2")}
    hellos = {
        unit: Hello(
            b.STORE, unit, session, secrets_of[unit].public_key().public_bytes_raw(), to, echo
        )
        for unit, session, to, echo in (
            (k1, b"session1", k2, b""),
            (k2, b"session2", k1, b"session1"),
        )
    }
    for unit, hello in hellos.items():
        yield (
            f"hello-{unit}",
            {
                "issuer": b.ISSUER,
                "secret_key": seed_of(unit),
                "datagram": hello.sign(b.ISSUER, b.a_sign_key(unit)).hex(),
            },
        )
    raw = b.an_entry().encode()
    head = Head(b.UNIT, Epoch(1), Seq(1), entry_hash(raw), b.NOW_S)
    signed_head = head.sign(b.ISSUER, b.a_sign_key("unit"))
    ack, nonce = Ack(Epoch(1), Seq(9), b"\x09" * 32), b"nonce--1"
    said: dict[str, peer_message.PeerMessage] = {
        "have": peer_message.Have(2**62, {k1: ack, k2: ack}, beat=True, acked=ack),
        "have-nothing": peer_message.Have(0, {}, beat=False),
        "claim": peer_message.ClaimAsked(nonce, bytes(16), VoucherId(2**48 - 1), 2**63 - 1, 7),
        "reply-ack": peer_message.ClaimReply(nonce, Verdict.ACK, 8, {k1: 3000}),
        "reply-busy": peer_message.ClaimReply(nonce, Verdict.BUSY, 8, {}),
        "reply-unsure": peer_message.ClaimReply(nonce, Verdict.UNSURE, 8, {}),
        "ended": peer_message.ClaimEnded(nonce, VoucherId(0)),
        "entries": peer_message.Entries(b.UNIT, Epoch(1), Seq(1), (raw,), signed_head, begins=True),
    }
    link = Link.agree(hellos[k1], secrets_of[k1], hellos[k2])
    for name, message in said.items():
        frame = link.seal(message.encode())
        yield name, {"message": message.encode().hex(), "frame_from_k1": frame.hex()}
    refused = {
        "empty": b"",
        "no-list": canonical.encode({1: 2}),
        "unknown-kind": canonical.encode([9]),
        "claim-of-nothing": canonical.encode([2, nonce, bytes(16), 1, 0, 1]),
        "claim-of-less-than-nothing": canonical.encode([2, nonce, bytes(16), 1, -1, 1]),
        "claim-without-clock": canonical.encode([2, nonce, bytes(16), 1, 1]),
        "claim-voucher-49-bits": canonical.encode([2, nonce, bytes(16), 2**48, 1, 1]),
        "claim-clock-63-bits": canonical.encode([2, nonce, bytes(16), 1, 1, 2**62 + 1]),
        "claim-short-nonce": canonical.encode([2, nonce[:7], bytes(16), 1, 1, 1]),
        "reply-unknown-verdict": canonical.encode([3, nonce, 4, 1, []]),
        "reply-no-unit": canonical.encode([3, nonce, 1, 1, [["k1", 1]]]),
        "reply-41-units": canonical.encode([3, nonce, 1, 1, [[f"K{i}", 1] for i in range(41)]]),
        "have-short-hash": canonical.encode([1, 1, [["K1", 1, 1, bytes(31)]], True, []]),
        "entries-none": canonical.encode([5, "K1", 1, 1, [], signed_head, True]),
        "entries-33": canonical.encode([5, "K1", 1, 1, [b"e"] * 33, signed_head, True]),
        "entries-from-0": canonical.encode([5, "K1", 1, 0, [raw], signed_head, True]),
        "entries-long-head": canonical.encode([5, "K1", 1, 1, [raw], bytes(513), True]),
        "entry-too-long": canonical.encode([5, "K1", 1, 1, [bytes(2049)], signed_head, True]),
        "not-canonical": b"\x9f\x04\xff",
        "trailing-byte": peer_message.ClaimEnded(nonce, VoucherId(1)).encode() + b"\0",
        "too-large": canonical.encode([4, nonce, 1, bytes(3900)]),
    }
    for name, octets in refused.items():
        yield f"refused-{name}", {"refused": octets.hex()}


def cwts() -> Iterator[tuple[str, Case]]:
    for name, claims in {
        "single": b.some_claims(),
        "stored-value": b.some_claims(kind=VoucherKind.STORED_VALUE, dynamic_required=True),
    }.items():
        yield (
            name,
            {
                "issuer": b.ISSUER,
                "secret_key": seed_of("issuer"),
                "claims": {**claims._asdict(), "kind": int(claims.kind)},
                "text": cwt.export(claims, b.ISSUER, b.a_sign_key()),
            },
        )


def files() -> Iterator[tuple[str, Case]]:
    """What a person carries. A sealed journal is another one each time, so the first one stays."""
    bundle_key, unit_key = b.a_sign_key("bundle"), b.a_sign_key("unit")
    enrolment = signed.seal(signed.Kind.ENROLMENT, b.ISSUER, b.an_enrolment().to_body(), bundle_key)
    policy = signed.seal(signed.Kind.POLICY, b.ISSUER, b.a_policy().to_body(), bundle_key)
    for name, state, ack, bundles in (
        ("bundles", UnitState.ACTIVE, Ack(Epoch(1), Seq(9), b"\x09" * 32),
         (("enrolment", enrolment), ("policy", policy))),
        ("bundles-none", UnitState.REVOKED, None, ()),
    ):  # fmt: skip
        file = BundleFile(b.ISSUER, b.UNIT, b.NOW_S, state, ack, b"cursor", bundles)
        yield (
            name,
            {
                "secret_key": seed_of("bundle"),
                "issuer": b.ISSUER,
                "unit": b.UNIT,
                "made_at_s": b.NOW_S,
                "state": str(state),
                "ack": [ack.epoch, ack.seq, ack.hash.hex()] if ack else [],
                "cursor": b"cursor".hex(),
                "bundles": [[kind, message.hex()] for kind, message in bundles],
                "file": file.sign(bundle_key).hex(),
            },
        )
    raw = b.an_entry().encode()
    head = Head(b.UNIT, Epoch(1), Seq(1), entry_hash(raw), b.NOW_S).sign(b.ISSUER, unit_key)
    push = Push(b.UNIT, Epoch(1), Seq(1), (raw,), head).encode()
    for name, pushes in {"journal": (push,), "journal-empty": ()}.items():
        journal = JournalFile(b.ISSUER, b.UNIT, b.NOW_S, {"unsent": 1}, pushes)
        hub_key = keys.hub_seal_key(b"m" * 32)
        yield (
            name,
            {
                "master_key": (b"m" * 32).hex(),
                "unit_secret_key": seed_of("unit"),
                "issuer": b.ISSUER,
                "unit": b.UNIT,
                "made_at_s": b.NOW_S,
                "health": {"unsent": 1},
                "pushes": [p.hex() for p in pushes],
                "file": journal.seal(unit_key, hub_key.public_key()).hex(),
            },
        )
    sign_public = unit_key.public_key().public_bytes_raw()
    seal_public = b.a_seal_key().public_key().public_bytes_raw()
    request = EnrolRequest(
        "", sign_public, seal_public, commit(bytes(16), sign_public, seal_public), "Pi 4", "0.1.0"
    ).sign(unit_key)
    yield (
        "request",
        {
            "message": request.hex(),
            "text": request_text(request),
            "keys": [sign_public.hex(), seal_public.hex()],
            "key_check": key_check(sign_public, seal_public),
        },
    )


def words() -> Iterator[tuple[str, Case]]:
    """The closed lists, and problem details. What was added to a list later has its own case."""
    known = load("words").get("refusals", {"way_out": {}})["way_out"]
    new = {str(k): str(v) for k, v in WAY_OUT.items() if str(k) not in known}
    yield "refusals", {"way_out": known or new}
    yield "refusals-grant-lease", {"way_out": new}
    yield "modes", {"modes": {m.name: int(m) for m in Mode}}
    yield "entry-kinds", {"kinds": {k.name: int(k) for k in EntryKind}}
    yield "epoch-causes", {"causes": [str(c) for c in EpochCause]}
    yield "outcomes", {"outcomes": [str(o) for o in Outcome]}
    problem = Problem(
        "voucher-refused", 409, "The voucher was not accepted",
        detail="已在 2026-03-01 10:02 于门店 0412 核销", instance="urn:vx1:S0412-K2/1/8813",
        extra={"reason": "already-redeemed", "redeemed_at_s": 1772330520},
    )  # fmt: skip
    yield "problem", {"json": problem.to_json().decode()}


FILES = {
    "canonical": canonical_values,
    "base45": base45_texts,
    "voucher_token": voucher_tokens,
    "verification": verifications,
    "scan": scans,
    "dynamic_code": dynamic_codes,
    "handle": handles,
    "keys": key_ladder,
    "status": status_lists,
    "journal": journals,
    "message": messages,
    "grant": grants,
    "cwt": cwts,
    "bundle_file": files,
    "words": words,
    "peers": peers,
}


# --- reading and writing -------------------------------------------------------------------------


def to_json(value: Any) -> Any:
    """CBOR has bytes and maps with any key; JSON gets them as tagged lists."""
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, dict):
        return {"map": [[to_json(k), to_json(v)] for k, v in value.items()]}
    return [to_json(v) for v in value] if isinstance(value, list) else value


def from_json(value: Any) -> Any:
    """The way back of ``to_json``."""
    if isinstance(value, dict):
        if "bytes" in value:
            return bytes.fromhex(value["bytes"])
        return {from_json(k): from_json(v) for k, v in value["map"]}
    return [from_json(v) for v in value] if isinstance(value, list) else value


def entry_json(entry: JournalEntry) -> dict[str, Any]:
    """The fields of an entry that are there, bytes in hex."""

    def plain(value: Any) -> Any:
        if isinstance(value, bytes):
            return value.hex()
        if isinstance(value, tuple):
            return [plain(v) for v in value]
        return value

    return {k: plain(v) for k, v in entry._asdict().items() if v is not None}


def load(name: str) -> dict[str, Case]:
    """The cases of one file."""
    path = HERE / f"{name}.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def digest(case: Case) -> str:
    """What the LOCK remembers of a case."""
    return hashlib.sha256(json.dumps(case, sort_keys=True).encode()).hexdigest()[:32]


def main() -> None:
    """Add the cases that are new; leave those that are there."""
    locked = LOCK.read_text("utf-8") if LOCK.exists() else ""
    for name, make in FILES.items():
        cases = load(name)
        for case_name, case in make():
            if case_name not in cases:
                cases[case_name] = case
                locked += f"{digest(case)} {name} {case_name}\n"
        text = json.dumps(cases, ensure_ascii=False, indent=1)
        (HERE / f"{name}.json").write_text(text + "\n", "utf-8")
    LOCK.write_text(locked, "utf-8")


if __name__ == "__main__":
    main()
