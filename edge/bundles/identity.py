"""The unit's own keys: made here, kept here, never sent anywhere."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge.contract.keys import hkdf
from edge.errors import ConfigInvalid


@dataclass(frozen=True, slots=True)
class UnitKeys:
    """An Ed25519 key to sign with and an X25519 key to be sealed to."""

    sign: Ed25519PrivateKey = field(repr=False)
    seal: X25519PrivateKey = field(repr=False)

    @property
    def sign_public(self) -> bytes:
        """Return the 32 bytes that the hub knows this unit by."""
        return self.sign.public_key().public_bytes_raw()

    @property
    def seal_public(self) -> bytes:
        """Return the 32 bytes that the hub seals this unit's secrets to."""
        return self.seal.public_key().public_bytes_raw()

    def anchor_key(self) -> bytes:
        """Return the key that the anchor's MAC is made with."""
        return hkdf(self.sign.private_bytes_raw(), b"VX1 anchor")

    def key_paper_key(self) -> bytes:
        """Return the key that papers with keys are sealed with until they are printed."""
        return hkdf(self.sign.private_bytes_raw(), b"VX1 key paper")

    def session_key(self) -> bytes:
        """Return the key that the clerks' sessions are signed with."""
        return hkdf(self.sign.private_bytes_raw(), b"VX1 session")


def load_or_make(path: Path) -> UnitKeys:
    """Return the keys of this unit; make them on the first start.

    Raises:
        ConfigInvalid: the file is readable by others, is not a key file, or cannot be made.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return _load(path)
    except OSError as exc:
        raise ConfigInvalid(f"{path} cannot be made: {exc.strerror}") from exc
    keys = UnitKeys(Ed25519PrivateKey.generate(), X25519PrivateKey.generate())
    with os.fdopen(handle, "w") as file:
        file.write(
            "# The identity of this unit. Whoever has this file is this unit.\n"
            f'sign = "{keys.sign.private_bytes_raw().hex()}"\n'
            f'seal = "{keys.seal.private_bytes_raw().hex()}"\n'
        )
        file.flush()
        os.fsync(file.fileno())
    return keys


def _load(path: Path) -> UnitKeys:
    if path.stat().st_mode & 0o077:
        raise ConfigInvalid(f"{path} can be read by others; run: chmod 600 {path}")
    try:
        content = tomllib.loads(path.read_text("ascii"))
        return UnitKeys(
            Ed25519PrivateKey.from_private_bytes(bytes.fromhex(content["sign"])),
            X25519PrivateKey.from_private_bytes(bytes.fromhex(content["seal"])),
        )
    except (OSError, ValueError, KeyError, TypeError) as exc:
        # Not "from exc": the chain would carry the file's content into a log.
        raise ConfigInvalid(f"{path} is not a unit's key file: {type(exc).__name__}") from None
