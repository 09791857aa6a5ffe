"""The vault's own keys, in files of mode 0600 below ``data_dir/keys``, and the locks they are for.

cards-lock-001.key   32 bytes, AES-256: locks the data keys of batches; the newest number locks
                     new ones, and older ones open until everything was locked anew
cards-print.key      32 bytes, HMAC: what fingerprints are made with; it is never changed
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from central.errors import ConfigInvalid, VaultShut
from central.foundation.key_file import KEY_BYTES, read_key, write_new_key
from central.supply.cards.card import Card
from central.supply.cards.vault.seal import BatchKey, seal, unseal

LOCKS_MAX = 999
_PRINT = "cards-print.key"
_HELP = (
    "Put it back from your copy; a hub that never had one makes it with: tearoff-hub cards"
    " make-keys"
)


class Locked(NamedTuple):
    """A batch's data key as the database has it: encrypted, and by which lock."""

    lock: int
    content: bytes


class Vault:
    """Opens and locks the data keys of batches, and knows cards by their fingerprints.

    Its three methods on data keys are all that a key service elsewhere would have to offer. The
    files are read anew each time a data key is opened: a lock that was changed is in force at
    once, in every process.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def __repr__(self) -> str:
        return f"Vault({str(self._directory)!r})"

    def fingerprint(self, card: Card) -> bytes:
        """Return the 32 bytes by which the same card is known again, and by nobody else."""
        return hmac.digest(self._read(self._directory / _PRINT), card.normal, "sha256")

    def fingerprints(self, cards: list[Card]) -> list[bytes]:
        """Return the fingerprint of each."""
        key = self._read(self._directory / _PRINT)
        return [hmac.digest(key, card.normal, "sha256") for card in cards]

    def file_print(self, sha256: bytes) -> bytes:
        """Return what tells a file again: the hash alone of one short key could be guessed."""
        return hmac.digest(self._read(self._directory / _PRINT), b"file|" + sha256, "sha256")

    def new_batch_key(self, name: str) -> tuple[Locked, BatchKey]:
        """Make the data key of a new batch.

        Args:
            name: What the key is bound to, the same for ever.

        Raises:
            VaultShut: there is no lock.
        """
        key = secrets.token_bytes(KEY_BYTES)
        return self._lock(self.newest_lock(), key, name), BatchKey(key)

    def open_batch_key(self, locked: Locked, name: str) -> BatchKey:
        """Return a data key to work with.

        Raises:
            VaultShut: the lock is missing, another one, or the data key was altered.
        """
        return BatchKey(self._unlock(locked, name))

    def lock_anew(self, locked: Locked, name: str) -> Locked:
        """Return the same data key, locked with the newest lock.

        Raises:
            VaultShut: as ``open_batch_key``.
        """
        return self._lock(self.newest_lock(), self._unlock(locked, name), name)

    def newest_lock(self) -> int:
        """Return the number of the lock in force.

        Raises:
            VaultShut: there is none.
        """
        numbers = locks(self._directory)
        if not numbers:
            raise VaultShut(f"{self._directory} has no cards-lock-001.key. {_HELP}")
        return numbers[-1]

    def _lock(self, number: int, key: bytes, name: str) -> Locked:
        cipher = AESGCM(self._read(_file(self._directory, number)))
        return Locked(number, seal(cipher, key, _bound_to(number, name)))

    def _unlock(self, locked: Locked, name: str) -> bytes:
        cipher = AESGCM(self._read(_file(self._directory, locked.lock)))
        try:
            return unseal(cipher, locked.content, _bound_to(locked.lock, name))
        except InvalidTag:
            raise VaultShut(
                f"cards-lock-{locked.lock:03}.key does not open batch {name}: it is another key"
                " than the one that locked it, or the row was altered. Nothing is shown."
            ) from None

    def _read(self, path: Path) -> bytes:
        try:
            return read_key(path)
        except ConfigInvalid as exc:
            raise VaultShut(f"{exc.detail}. {_HELP}") from None


def make_keys(directory: Path) -> None:
    """Make the first lock and the key of fingerprints if there are none; never replaces one.

    Raises:
        ConfigInvalid: the directory cannot be written.
    """
    try:
        if not locks(directory):
            write_new_key(_file(directory, 1), secrets.token_bytes(KEY_BYTES))
        write_new_key(directory / _PRINT, secrets.token_bytes(KEY_BYTES))
    except OSError as exc:
        raise ConfigInvalid(f"{directory} cannot be written: {exc.strerror}") from exc


def make_next_lock(directory: Path) -> int:
    """Make a lock with the next number, which is in force from now on; return its number.

    Raises:
        ConfigInvalid: the directory cannot be written, or the numbers are at their end.
    """
    number = (locks(directory) or [0])[-1] + 1
    if number > LOCKS_MAX:
        raise ConfigInvalid(f"{directory} has {LOCKS_MAX} locks; there is no next number")
    try:
        write_new_key(_file(directory, number), secrets.token_bytes(KEY_BYTES))
    except OSError as exc:
        raise ConfigInvalid(f"{directory} cannot be written: {exc.strerror}") from exc
    return number


def locks(directory: Path) -> list[int]:
    """Return the numbers of the locks that are there, the newest last."""
    found = (re.fullmatch(r"cards-lock-([0-9]{3})\.key", p.name) for p in directory.glob("cards-*"))
    return sorted(int(match[1]) for match in found if match)


def _file(directory: Path, number: int) -> Path:
    return directory / f"cards-lock-{number:03}.key"


def _bound_to(number: int, name: str) -> bytes:
    return b"batch|" + hashlib.sha256(name.encode()).digest() + number.to_bytes(2, "big")
