"""Seals one card key, and the data key of a batch. Pure but for the nonces.

What is sealed is bound to its place: a row that was moved to another SKU, batch or number does not
open, nor does one of which a bit was changed.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from central.errors import CardUnreadable
from central.supply.cards.card import Card

KEY_BYTES = 32
_NONCE_BYTES = 12
"""Random: 2^24 keys of a batch are far below the 2^32 that NIST SP 800-38D §8.3 allows."""
_AES_256_GCM = b"\x01"
"""First byte of what is sealed: another cipher gets another one."""


class Place(NamedTuple):
    """Where a key belongs: what the cipher authenticates besides the key."""

    sku: str
    batch: int
    key: int

    def to_bytes(self) -> bytes:
        """Return it as the cipher is given it; a SKU has no bar in it."""
        return f"card|{self.sku}|{self.batch}|{self.key}".encode()


class BatchKey:
    """The data key of one batch, open. It lives as long as somebody works on the batch."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, card: Card, place: Place) -> bytes:
        """Return a card key encrypted: version, nonce, text and tag."""
        return seal(self._cipher, card.to_bytes(), place.to_bytes())

    def unseal(self, sealed: bytes, place: Place) -> Card:
        """Return what was sealed.

        Raises:
            CardUnreadable: it was altered, belongs elsewhere, or was sealed by another key.
        """
        try:
            return Card.from_bytes(unseal(self._cipher, sealed, place.to_bytes()))
        except InvalidTag:
            # Not "from exc", and without any byte of it.
            raise CardUnreadable(
                f"The card key {place.key} of batch {place.batch} does not open: its row was"
                " altered or moved. Nothing of it is shown."
            ) from None


def seal(cipher: AESGCM, content: bytes, bound_to: bytes) -> bytes:
    """Return ``content`` encrypted, with its version and nonce before it."""
    nonce = os.urandom(_NONCE_BYTES)
    return _AES_256_GCM + nonce + cipher.encrypt(nonce, content, bound_to)


def unseal(cipher: AESGCM, sealed: bytes, bound_to: bytes) -> bytes:
    """Return what ``seal`` was given.

    Raises:
        InvalidTag: of another version, too short, altered, bound to something else, another key.
    """
    nonce = sealed[1 : 1 + _NONCE_BYTES]
    if sealed[:1] != _AES_256_GCM or len(sealed) < 1 + _NONCE_BYTES + 16:
        raise InvalidTag
    return cipher.decrypt(nonce, sealed[1 + _NONCE_BYTES :], bound_to)
