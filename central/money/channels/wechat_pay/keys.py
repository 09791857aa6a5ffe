"""Whose signature counts: our own key, and the platform's keys by serial, old and new at once.

WeChat Pay has two ways to sign: with a key that has an id (``PUB_KEY_ID_…``), or with the
certificates that it renews. Both may be in force at once while a merchant moves from one to the
other; the serial in each message says which it was.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    load_pem_public_key,
)

from central.errors import ConfigInvalid
from central.money.channels.settings import WeChatPaySettings, read_public, read_secret
from central.money.channels.wechat_pay import signing

API_V3_KEY_BYTES = 32
_FAR_S = 2**53


class Unverified(ValueError):
    """A message is not the channel's, or not of now."""


@dataclass(frozen=True)
class Merchant:
    """Our own secrets; none of them is ever shown."""

    mchid: str
    appid: str
    serial: str
    key: RSAPrivateKey = field(repr=False)
    api_v3_key: bytes = field(repr=False)


@dataclass(frozen=True)
class PlatformKey:
    """A key that the channel signs with, and when it counts."""

    serial: str
    key: RSAPublicKey = field(repr=False)
    not_before_s: int = 0
    not_after_s: int = _FAR_S

    def counts(self, at_s: int) -> bool:
        """Say whether it is in force."""
        return self.not_before_s <= at_s <= self.not_after_s


def load_merchant(settings: WeChatPaySettings) -> Merchant:
    """Read our own key files.

    Raises:
        ConfigInvalid: a file cannot be read, is open to others, or is not what it should be.
    """
    api_v3_key = read_secret(settings.api_v3_key_file).strip()
    if len(api_v3_key) != API_V3_KEY_BYTES:
        raise ConfigInvalid(f"{settings.api_v3_key_file} holds the APIv3 key: 32 characters")
    pem = read_secret(settings.merchant_key_file)
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigInvalid(f"{settings.merchant_key_file} is not a private key") from None
    if not isinstance(key, RSAPrivateKey):
        raise ConfigInvalid(f"{settings.merchant_key_file} is not an RSA key")
    return Merchant(
        settings.mchid, settings.appid, settings.merchant_serial.upper(), key, api_v3_key
    )


class PlatformKeys:
    """The keys by serial. Looking up is what a stranger's callback may do; it goes nowhere."""

    def __init__(self, keys: Mapping[str, PlatformKey], directory: Path | None) -> None:
        self._keys = dict(keys)
        self._directory = directory
        self._read_at_ns = _changed_at_ns(directory)
        self._lock = threading.Lock()

    @classmethod
    def load(cls, settings: WeChatPaySettings) -> PlatformKeys:
        """Read the public key, the certificates that were downloaded, or both."""
        keys: dict[str, PlatformKey] = {}
        if settings.public_key_file is not None:
            serial = normal_serial(settings.public_key_id)
            keys[serial] = PlatformKey(serial, _public_key(settings.public_key_file))
        platform = cls(keys, settings.certificates_dir)
        platform._read_directory()
        return platform

    @property
    def uses_certificates(self) -> bool:
        """Whether certificates are kept, and so can be renewed."""
        return self._directory is not None

    @property
    def serials(self) -> list[str]:
        """Which keys are known."""
        return sorted(self._keys)

    def sealing(self, at_s: int) -> PlatformKey | None:
        """Return the key to seal for: one with an id before a certificate, the newest of these.

        None if none is in force: there are no certificates yet, or they have all run out.
        """
        return max(
            (key for key in self._keys.values() if key.counts(at_s)),
            key=lambda k: (k.serial.startswith("PUB_KEY_ID_"), k.not_before_s),
            default=None,
        )

    def verify(self, headers: Mapping[str, str], body: bytes, at_s: int) -> None:
        """Check that an answer or a callback is the channel's and of now.

        Args:
            headers: Names in lower case.

        Raises:
            Unverified: with a reason that repeats nothing of the message.
        """
        serial, timestamp, nonce, signature = (
            headers.get(f"wechatpay-{name}", "")
            for name in ("serial", "timestamp", "nonce", "signature")
        )
        if not (serial and timestamp and nonce and signature):
            raise Unverified("it is not signed")
        if headers.get("wechatpay-signature-type", signing.SCHEME) != signing.SCHEME:
            raise Unverified("it is signed in another way than RSA with SHA-256")
        if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
            raise Unverified("its time is not a number")
        if abs(at_s - int(timestamp)) > signing.WINDOW_S:
            raise Unverified("it is more than five minutes away from now")
        key = self._keys.get(normal_serial(serial))
        if key is None and _changed_at_ns(self._directory) != self._read_at_ns:
            self._read_directory()  # another process has renewed the certificates
            key = self._keys.get(normal_serial(serial))
        if key is None:
            raise UnknownSerial("it is signed with a key that is not known")
        if not key.counts(at_s):
            raise Unverified("it is signed with a key that is not in force")
        if not signing.is_signed(key.key, signing.answer_text(timestamp, nonce, body), signature):
            raise Unverified("its signature is wrong")

    def add(self, certificates: Mapping[str, bytes], at_s: int) -> list[str]:
        """Keep new certificates beside the old, drop expired ones, and return the new serials."""
        assert self._directory is not None, "certificates are kept in certificate mode"
        with self._lock:
            keys = {s: k for s, k in self._keys.items() if at_s <= k.not_after_s}
            new = []
            for serial, pem in certificates.items():
                if serial not in keys:
                    _write(self._directory / f"{serial}.pem", pem)
                    new.append(serial)
                keys[serial] = of_certificate(pem)
            self._keys = keys  # at once: a reader sees the old ones or the new ones
        return new

    def _read_directory(self) -> None:
        if self._directory is None:
            return
        with self._lock:
            self._read_at_ns = _changed_at_ns(self._directory)
            found = [of_certificate(read_public(f)) for f in sorted(self._directory.glob("*.pem"))]
            self._keys = {**self._keys, **{key.serial: key for key in found}}


class UnknownSerial(Unverified):
    """The message names a key that we do not have: a stranger's, or the platform's next one."""


def of_certificate(pem: bytes) -> PlatformKey:
    """Return the key of a platform certificate.

    Raises:
        ConfigInvalid: it is not a certificate of an RSA key.
    """
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigInvalid("a platform certificate cannot be read") from None
    if not isinstance(key, RSAPublicKey):
        raise ConfigInvalid("a platform certificate is not of an RSA key")
    return PlatformKey(
        normal_serial(f"{certificate.serial_number:X}"),
        key,
        int(certificate.not_valid_before_utc.timestamp()),
        int(certificate.not_valid_after_utc.timestamp()),
    )


def normal_serial(serial: str) -> str:
    """Return a serial as it is compared: a number in capitals, with no zeros in front."""
    return serial.upper().lstrip("0")


def to_pem(certificate: bytes) -> bytes:
    """Return a certificate in the one way it is kept.

    Raises:
        ValueError: it is none.
    """
    return x509.load_pem_x509_certificate(certificate).public_bytes(Encoding.PEM)


def _changed_at_ns(directory: Path | None) -> int:
    """Return when a file came or went; 0 if there is no directory."""
    try:
        return directory.stat().st_mtime_ns if directory is not None else 0
    except OSError:
        return 0


def _public_key(file: Path) -> RSAPublicKey:
    try:
        key = load_pem_public_key(read_public(file))
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigInvalid(f"{file} is not a public key") from None
    if not isinstance(key, RSAPublicKey):
        raise ConfigInvalid(f"{file} is not an RSA key")
    return key


def _write(file: Path, content: bytes) -> None:
    """Write a whole file or none."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    half = file.with_suffix(".new")
    with half.open("wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    half.replace(file)
