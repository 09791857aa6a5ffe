"""Private keys in files of mode 0600 under ``data_dir/keys``, made by ``tearoff-hub init``.

master.key        32 bytes: the top of the ladder behind every rotating code
bundle.key        Ed25519: signs everything the hub says to a unit
issuer-001.key    Ed25519: signs vouchers; the newest number signs new ones
session.key       32 bytes: signs the cookies of people who have logged in
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from central.errors import ConfigInvalid
from central.foundation.key_file import read_key, write_new_key
from edge.contract.ids import KeyId


@dataclass(frozen=True, slots=True)
class Keyring:
    """The hub's private keys. Nothing of it shows in a repr."""

    issuer: str
    master: bytes = field(repr=False)
    bundle: Ed25519PrivateKey = field(repr=False)
    issuers: dict[KeyId, Ed25519PrivateKey] = field(repr=False)
    session: bytes = field(repr=False)

    @property
    def newest(self) -> tuple[KeyId, Ed25519PrivateKey]:
        """Number and key that new vouchers are signed with."""
        kid = max(self.issuers)
        return kid, self.issuers[kid]

    @property
    def bundle_public(self) -> bytes:
        """The 32 bytes that units believe."""
        return self.bundle.public_key().public_bytes_raw()


def make(directory: Path) -> None:
    """Make every key that is missing; never replaces one.

    Raises:
        ConfigInvalid: the directory cannot be written.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("master.key", "bundle.key", "issuer-001.key", "session.key"):
            write_new_key(directory / name, secrets.token_bytes(32))
    except OSError as exc:
        raise ConfigInvalid(f"{directory} cannot be written: {exc.strerror}") from exc


def load(directory: Path, issuer: str) -> Keyring:
    """Read the keys.

    Raises:
        ConfigInvalid: one is missing, readable by others, or not a key.
    """
    issuers: dict[KeyId, Ed25519PrivateKey] = {}
    for path in sorted(directory.glob("issuer-*.key")):
        kid = _kid(path)
        if kid in issuers:
            raise ConfigInvalid(f"{path} has the number of another key")
        issuers[kid] = _ed25519(path)
    if not issuers:
        raise ConfigInvalid(f"{directory} holds no keys; run: tearoff-hub init")
    return Keyring(
        issuer=issuer,
        master=read_key(directory / "master.key"),
        bundle=_ed25519(directory / "bundle.key"),
        issuers=issuers,
        session=read_key(directory / "session.key"),
    )


def _kid(path: Path) -> KeyId:
    number = path.stem.removeprefix("issuer-")
    if not re.fullmatch(r"[0-9]{1,3}", number, re.ASCII) or int(number) > 255:
        raise ConfigInvalid(f"{path} is not called issuer-000.key to issuer-255.key")
    return KeyId(int(number))


def _ed25519(path: Path) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(read_key(path))
