"""A second implementation of HPKE base mode, straight from RFC 9180, to check the library's use.

Only DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM. It takes the sender's secret and the
associated data as arguments, which the library does not, so the RFC's own vectors run on it.
"""

from __future__ import annotations

import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEM_SUITE = b"KEM\x00\x20"
_SUITE = b"HPKE\x00\x20\x00\x01\x00\x01"


def _extract(salt: bytes, ikm: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), ikm, hashlib.sha256)


def _expand(prk: bytes, info: bytes, length: int) -> bytes:
    out, block, i = b"", b"", 1
    while len(out) < length:
        block = hmac.digest(prk, block + info + bytes([i]), hashlib.sha256)
        out, i = out + block, i + 1
    return out[:length]


def _labeled_extract(suite: bytes, salt: bytes, label: bytes, ikm: bytes) -> bytes:
    return _extract(salt, b"HPKE-v1" + suite + label + ikm)


def _labeled_expand(suite: bytes, prk: bytes, label: bytes, info: bytes, length: int) -> bytes:
    return _expand(prk, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, length)


def _shared_secret(dh: bytes, enc: bytes, receiver_public: bytes) -> bytes:
    eae_prk = _labeled_extract(_KEM_SUITE, b"", b"eae_prk", dh)
    return _labeled_expand(_KEM_SUITE, eae_prk, b"shared_secret", enc + receiver_public, 32)


def _aead(shared_secret: bytes, info: bytes) -> tuple[AESGCM, bytes]:
    psk_id_hash = _labeled_extract(_SUITE, b"", b"psk_id_hash", b"")
    info_hash = _labeled_extract(_SUITE, b"", b"info_hash", info)
    context = b"\x00" + psk_id_hash + info_hash
    secret = _labeled_extract(_SUITE, shared_secret, b"secret", b"")
    key = _labeled_expand(_SUITE, secret, b"key", context, 16)
    return AESGCM(key), _labeled_expand(_SUITE, secret, b"base_nonce", context, 12)


def seal(receiver: bytes, sender: X25519PrivateKey, info: bytes, aad: bytes, plain: bytes) -> bytes:
    """Return enc and ciphertext of message 0."""
    enc = sender.public_key().public_bytes_raw()
    dh = sender.exchange(X25519PublicKey.from_public_bytes(receiver))
    aead, nonce = _aead(_shared_secret(dh, enc, receiver), info)
    return enc + aead.encrypt(nonce, plain, aad)


def open_(receiver: X25519PrivateKey, sealed: bytes, info: bytes, aad: bytes) -> bytes:
    """Return the plain text of message 0."""
    enc, ciphertext = sealed[:32], sealed[32:]
    dh = receiver.exchange(X25519PublicKey.from_public_bytes(enc))
    shared = _shared_secret(dh, enc, receiver.public_key().public_bytes_raw())
    aead, nonce = _aead(shared, info)
    return aead.decrypt(nonce, ciphertext, aad)
