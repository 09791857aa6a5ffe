"""Whose signature counts: our application's key, and Alipay's, by public key or by certificate."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from central.errors import ConfigInvalid
from central.money.channels.alipay import signing
from central.money.channels.settings import AlipaySettings, read_public, read_secret


@dataclass(frozen=True)
class AlipayKeys:
    """Our key, and Alipay's keys by the serial of their certificate; ``""`` without one."""

    app_key: RSAPrivateKey = field(repr=False)
    theirs: dict[str, RSAPublicKey] = field(repr=False)
    app_cert_sn: str = ""
    root_cert_sn: str = ""

    def is_signed(self, text: bytes, signature: str, cert_sn: str) -> bool:
        """Say whether a message is Alipay's.

        In certificate mode the message names its certificate; notifications do not, so that any
        of those in force will do.
        """
        if not self.app_cert_sn or not cert_sn:
            return any(signing.is_signed(key, text, signature) for key in self.theirs.values())
        key = self.theirs.get(cert_sn)
        return key is not None and signing.is_signed(key, text, signature)


def load(settings: AlipaySettings) -> AlipayKeys:
    """Read the key files.

    Raises:
        ConfigInvalid: a file cannot be read, is open to others, or is not what it should be.
    """
    app_key = _private_key(settings.app_key_file)
    if settings.public_key_file is not None:
        return AlipayKeys(app_key, {"": _public_key(settings.public_key_file)})
    assert settings.app_cert_file is not None, "AlipaySettings.check comes first"
    assert settings.root_cert_file is not None, "AlipaySettings.check comes first"
    app_cert = _certificate(settings.app_cert_file)
    if app_cert.public_key() != app_key.public_key():
        raise ConfigInvalid(f"{settings.app_cert_file} is not the certificate of our key")
    theirs = {}
    for file in settings.alipay_cert_files:
        certificate = _certificate(file)
        theirs[signing.cert_sn(certificate)] = _rsa(certificate.public_key(), file)
    try:
        root_sn = signing.root_cert_sn(read_public(settings.root_cert_file))
    except ValueError:
        raise ConfigInvalid(f"{settings.root_cert_file} holds no RSA root") from None
    return AlipayKeys(app_key, theirs, signing.cert_sn(app_cert), root_sn)


def _private_key(file: Path) -> RSAPrivateKey:
    content = read_secret(file)
    try:
        if b"-----BEGIN" in content:
            key: Any = serialization.load_pem_private_key(content, None)
        else:  # Alipay's own tool writes the bare base64
            key = serialization.load_der_private_key(_base64(content), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigInvalid(f"{file} is not a private key") from None
    if not isinstance(key, RSAPrivateKey):
        raise ConfigInvalid(f"{file} is not an RSA key")
    return key


def _public_key(file: Path) -> RSAPublicKey:
    content = read_public(file)
    try:
        if b"-----BEGIN" in content:
            key: Any = serialization.load_pem_public_key(content)
        else:
            key = serialization.load_der_public_key(_base64(content))
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigInvalid(f"{file} is not a public key") from None
    return _rsa(key, file)


def _certificate(file: Path) -> x509.Certificate:
    """Return the first certificate of a file; issuers may follow it."""
    try:
        return x509.load_pem_x509_certificate(read_public(file))
    except ValueError:
        raise ConfigInvalid(f"{file} is not a certificate") from None


def _rsa(key: object, file: Path) -> RSAPublicKey:
    if not isinstance(key, RSAPublicKey):
        raise ConfigInvalid(f"{file} is not of an RSA key")
    return key


def _base64(content: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(content.split()), validate=True)
    except binascii.Error as exc:
        raise ValueError("neither PEM nor base64") from exc
