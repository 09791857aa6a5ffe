"""The worked example of docs/reference/contract.md, computed as a stranger would.

Nothing of ``edge`` is imported here on purpose: what is checked is the document.
"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "reference" / "contract.md"


def example() -> dict[str, str]:
    block = DOCUMENT.read_text("utf-8").partition("```worked\n")[2].partition("```")[0]
    return {line[:18].strip(): line[18:].strip() for line in block.splitlines()}


WORKED = example()


def worked_bytes(name: str) -> bytes:
    return bytes.fromhex(WORKED[name])


def hkdf(secret: bytes, info: bytes) -> bytes:
    """RFC 5869 for one block: extract with an empty salt, expand once."""
    prk = hmac.digest(bytes(32), secret, hashlib.sha256)
    return hmac.digest(prk, info + b"\x01", hashlib.sha256)


def test_text_to_payload_and_signature() -> None:
    text = WORKED["text"]
    assert len(text) == 218
    assert text[0] == "9"
    token = int(text[1:]).to_bytes(90, "big")
    assert token[:26] == worked_bytes("payload")
    assert token[26:] == worked_bytes("signature")


def test_signed_bytes_and_signature() -> None:
    aad = b"VX1" + WORKED["issuer"].encode()
    signed = b"\x84\x6aSignature1\x43\xa1\x01\x27" + bytes([0x40 + len(aad)]) + aad
    signed += b"\x58\x1a" + worked_bytes("payload")
    assert signed == worked_bytes("signed bytes")
    key = Ed25519PublicKey.from_public_bytes(worked_bytes("public key"))
    key.verify(worked_bytes("signature"), signed)


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("product", 8, 11),
        ("value", 11, 15),
        ("scope", 15, 17),
        ("not before", 17, 19),
        ("expires", 19, 21),
        ("status index", 21, 25),
        ("flags", 25, 26),
    ],
)
def test_fields(name: str, start: int, end: int) -> None:
    assert int.from_bytes(worked_bytes("payload")[start:end], "big") == int(WORKED[name])


def test_voucher_id() -> None:
    payload = worked_bytes("payload")
    assert payload[:2] == b"\x11\x01"
    assert payload[2:8] == worked_bytes("voucher id")


def test_ladder_and_code() -> None:
    epoch = int(WORKED["time"]) // 604800
    assert epoch == int(WORKED["key epoch"])
    group = hkdf(worked_bytes("master key"), b"VX1 group" + int(WORKED["scope"]).to_bytes(2, "big"))
    assert group == worked_bytes("group key")
    epoch_key = hkdf(group, b"VX1 epoch" + epoch.to_bytes(4, "big"))
    assert epoch_key == worked_bytes("epoch key")
    seed = hkdf(epoch_key, b"VX1 seed" + worked_bytes("voucher id"))
    assert seed == worked_bytes("seed")
    step = int(WORKED["time"]) // 30
    assert step == int(WORKED["step"])
    mac = hmac.digest(seed, step.to_bytes(8, "big"), hashlib.sha256)
    at = mac[-1] & 15
    number = int.from_bytes(mac[at : at + 4], "big") & 0x7FFFFFFF
    assert f"{number % 10**8:08d}" == WORKED["code"]


def test_entry_hash() -> None:
    digest = hashlib.sha256(b"VXJ1" + worked_bytes("journal entry")).digest()
    assert digest == worked_bytes("entry hash")
    assert worked_bytes("voucher id") in worked_bytes("journal entry")
