"""Seals what nobody may read in the database: credentials, buyers' inputs, second factors.

AES-256-GCM with a key in a file of ``data_dir/keys``, mode 0600, made when it is first needed.
What is sealed is bound to its place: a blob that is copied into another row does not open.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from central.errors import ConfigInvalid

_VERSION = b"\x01"
_NONCE_BYTES = 12
SUPPLIERS_KEY = "suppliers.key"
PEOPLE_KEY = "people.key"


class Seal:
    """Seals and opens with one key. Nothing of it shows in a repr."""

    def __init__(self, key: bytes, name: str = "key of the seal") -> None:
        assert len(key) == 32, "AES-256"
        self._cipher = AESGCM(key)
        self._pepper = hmac.digest(key, b"prints", "sha256")
        self._name = name

    def close(self, value: Mapping[str, str], place: str) -> bytes:
        """Return the sealed value.

        Args:
            place: Where it lies: ``account:shop-1``. It opens for the same place alone.
        """
        nonce = secrets.token_bytes(_NONCE_BYTES)
        plain = json.dumps(value, ensure_ascii=False).encode()
        return _VERSION + nonce + self._cipher.encrypt(nonce, plain, place.encode())

    def open(self, sealed: bytes, place: str) -> dict[str, str]:
        """Return a sealed mapping.

        Raises:
            ConfigInvalid: it was sealed with another key, for another place, or was altered.
        """
        body = bytes(sealed)
        try:
            if body[:1] != _VERSION:
                raise InvalidTag
            nonce, rest = body[1 : 1 + _NONCE_BYTES], body[1 + _NONCE_BYTES :]
            plain = self._cipher.decrypt(nonce, rest, place.encode())
        except (InvalidTag, ValueError):
            raise ConfigInvalid(
                f"what is sealed for {place} does not open: another {self._name}, or it was altered"
            ) from None
        found: dict[str, str] = json.loads(plain)
        return found

    def print_of(self, kind: str, text: str) -> bytes:
        """Return a text's print: equal for equal texts of a kind, and of no use to anybody else."""
        return hmac.digest(self._pepper, f"{kind}\x00{text}".encode(), "sha256")


def load(directory: Path, name: str = SUPPLIERS_KEY) -> Seal:
    """Return the seal of a directory of keys; its key is made if there is none.

    Raises:
        ConfigInvalid: the key can be read by others, is none, or cannot be written.
    """
    path = directory / name
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return Seal(_read(path), name)
    except OSError as exc:
        raise ConfigInvalid(f"{path} cannot be written: {exc.strerror}") from exc
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return Seal(_read(path), name)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigInvalid(f"{path} can be read by others; run: chmod 600 {path}")
        key = bytes.fromhex(path.read_text("ascii"))
    except (OSError, ValueError) as exc:
        # Not "from exc": the chain would carry the file's content into a log.
        raise ConfigInvalid(f"{path} is missing or not a key: {type(exc).__name__}") from None
    if len(key) != 32:
        raise ConfigInvalid(f"{path} does not hold 32 bytes")
    return key
