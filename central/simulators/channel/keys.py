"""The simulator's own keys, and the files that a merchant of it needs. Made once, kept in files.

Everything is as the channels hand it out: an API certificate and an APIv3 key, a public key with an
id and platform certificates, an application's certificate below a root. Only that the roots are
our own.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

MCHID = "1900099001"
APPID = "wx5101abcdef000001"
APP_ID = "2021000000000001"
SELLER_ID = "2088000000000001"
OPENID = "oSimulatedPayee000000000001"
PUBLIC_KEY_ID = "PUB_KEY_ID_0119000990012026010100000000"

Key = rsa.RSAPrivateKey


@dataclass(frozen=True)
class Signer:
    """A key that the simulator signs with, and the serial it is known by."""

    serial: str
    key: Key
    certificate: bytes = b""


class SimulatorKeys:
    """All keys; ``announce``, ``switch`` and ``retire`` renew the platform certificate."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.merchant_key = _public(_load(directory / "merchant.pem"))
        self.merchant_serial = (directory / "merchant.serial").read_text()
        self.api_v3_key = (directory / "apiv3.key").read_bytes()
        self.public_key = Signer(PUBLIC_KEY_ID, _load(directory / "public_key.pem"))
        self.app_key = _public(_load(directory / "app.pem"))
        self.app_cert_sn = (directory / "app.sn").read_text()
        self.root_sn = (directory / "root.sn").read_text()
        self.alipay = Signer((directory / "alipay.sn").read_text(), _load(directory / "alipay.pem"))
        self._read_platform()

    def _read_platform(self) -> None:
        state = json.loads((self._directory / "platform.json").read_text())
        self.platform = [
            Signer(
                serial,
                _load(self._directory / f"platform-{serial}.pem"),
                (self._directory / f"platform-{serial}.crt").read_bytes(),
            )
            for serial in state["listed"]
        ]
        self.signing = next(s for s in self.platform if s.serial == state["signing"])

    def announce(self, at_s: int) -> str:
        """List a new certificate beside the one in use; return its serial."""
        serial = _make_platform(self._directory, at_s)
        self._write_platform([*(s.serial for s in self.platform), serial], self.signing.serial)
        return serial

    def switch(self) -> str:
        """Sign with the newest one from now on."""
        newest = self.platform[-1].serial
        self._write_platform([s.serial for s in self.platform], newest)
        return newest

    def retire(self) -> list[str]:
        """List only what signs."""
        gone = [s.serial for s in self.platform if s.serial != self.signing.serial]
        self._write_platform([self.signing.serial], self.signing.serial)
        return gone

    def _write_platform(self, listed: list[str], signing: str) -> None:
        state = {"listed": listed, "signing": signing}
        _write(self._directory / "platform.json", json.dumps(state).encode())
        self._read_platform()


def make(data_dir: Path, at_s: int) -> SimulatorKeys:
    """Return the keys in a directory; make them, and the merchant's files, the first time."""
    directory, merchant = data_dir / "simulator", data_dir / "merchant"
    if not (directory / "platform.json").exists():
        for folder in (data_dir, directory, merchant, merchant / "platform_certificates"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(data_dir / "control-token", secrets.token_urlsafe(24).encode())
        _make_wechat(directory, merchant, at_s)
        _make_alipay(directory, merchant, at_s)
        serial = _make_platform(directory, at_s)
        state = {"listed": [serial], "signing": serial}
        _write(directory / "platform.json", json.dumps(state).encode())
    return SimulatorKeys(directory)


def write_settings(data_dir: Path, base_url: str, hub_url: str) -> Path:
    """Write the merchant's ``channels.toml``, and return its path."""
    serial = (data_dir / "simulator" / "merchant.serial").read_text()
    text = f"""\
# Settings of the hub for the channel simulator; copy this directory into the hub's data_dir.
[wechat_pay]
mchid = "{MCHID}"
appid = "{APPID}"
merchant_serial = "{serial}"
merchant_key_file = "apiclient_key.pem"
api_v3_key_file = "apiv3.key"
public_key_id = "{PUBLIC_KEY_ID}"
public_key_file = "pub_key.pem"
certificates_dir = "platform_certificates"
notify_url = "{hub_url}/callbacks/wechat-pay"
base_url = "{base_url}"

[alipay]
app_id = "{APP_ID}"
seller_id = "{SELLER_ID}"
app_key_file = "alipay_app_key.pem"
app_cert_file = "appCertPublicKey_{APP_ID}.crt"
alipay_cert_files = ["alipayCertPublicKey_RSA2.crt"]
root_cert_file = "alipayRootCert.crt"
notify_url = "{hub_url}/callbacks/alipay"
base_url = "{base_url}/gateway.do"

[bank_file]
account = "6222021001012345678"
account_name = "模拟商户有限公司"
"""
    file = data_dir / "merchant" / "channels.toml"
    _write(file, text.encode())
    return file


def _make_wechat(directory: Path, merchant: Path, at_s: int) -> None:
    key = _new()
    _save(directory / "merchant.pem", key)
    _save(merchant / "apiclient_key.pem", key)
    certificate = _certify("merchant", key, None, at_s)
    _write(merchant / "apiclient_cert.pem", _pem(certificate))
    _write(directory / "merchant.serial", f"{certificate.serial_number:040X}".encode())
    api_v3_key = secrets.token_hex(16).encode()
    _write(directory / "apiv3.key", api_v3_key)
    _write(merchant / "apiv3.key", api_v3_key)
    public = _new()
    _save(directory / "public_key.pem", public)
    _write(merchant / "pub_key.pem", _public_pem(public))


def _make_alipay(directory: Path, merchant: Path, at_s: int) -> None:
    root, app, alipay = _new(), _new(), _new()
    root_certificate = _certify("Simulated Root R1", root, None, at_s)
    issuer = (root_certificate, root)
    app_certificate = _certify("Simulated Application", app, issuer, at_s)
    alipay_certificate = _certify("Simulated Alipay", alipay, issuer, at_s)
    _save(directory / "app.pem", app)
    _save(directory / "alipay.pem", alipay)
    _save(merchant / "alipay_app_key.pem", app)
    _write(merchant / "alipay_public_key.pem", _public_pem(alipay))
    _write(merchant / f"appCertPublicKey_{APP_ID}.crt", _pem(app_certificate))
    _write(merchant / "alipayCertPublicKey_RSA2.crt", _pem(alipay_certificate))
    _write(merchant / "alipayRootCert.crt", _pem(root_certificate))
    for name, certificate in (
        ("app", app_certificate), ("alipay", alipay_certificate), ("root", root_certificate),
    ):  # fmt: skip
        _write(directory / f"{name}.sn", _alipay_serial(certificate).encode())


def _make_platform(directory: Path, at_s: int) -> str:
    key = _new()
    certificate = _certify("Tenpay.com Root CA", key, None, at_s)
    serial = f"{certificate.serial_number:040X}"
    _save(directory / f"platform-{serial}.pem", key)
    _write(directory / f"platform-{serial}.crt", _pem(certificate))
    return serial


def _alipay_serial(certificate: x509.Certificate) -> str:
    """Return MD5 of the issuer, last part first, and the number: how Alipay names certificates."""
    short = {
        NameOID.COMMON_NAME: "CN", NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
        NameOID.ORGANIZATION_NAME: "O", NameOID.COUNTRY_NAME: "C",
    }  # fmt: skip
    parts = [f"{short[part.oid]}={part.value!s}" for part in reversed(list(certificate.issuer))]
    text = ",".join(parts) + str(certificate.serial_number)
    return hashlib.md5(text.encode()).hexdigest()  # noqa: S324 - theirs


def _certify(
    name: str, key: Key, issuer: tuple[x509.Certificate, Key] | None, at_s: int
) -> x509.Certificate:
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Simulated Channel"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Certification Authority"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    begins = dt.datetime.fromtimestamp(at_s - 86400, dt.UTC)
    serial = int.from_bytes(b"\x51" + secrets.token_bytes(19))
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(begins)
        .not_valid_after(begins + dt.timedelta(days=5 * 365))
    )
    return builder.sign(issuer[1] if issuer else key, hashes.SHA256())


def _new() -> Key:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _load(file: Path) -> Key:
    # We have made it: the checks, half a second for all of them, would find nothing.
    pem = file.read_bytes()
    key = serialization.load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, rsa.RSAPrivateKey), file
    return key


def _public(key: Key) -> rsa.RSAPublicKey:
    return key.public_key()


def _save(file: Path, key: Key) -> None:
    _write(
        file,
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _public_pem(key: Key) -> bytes:
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(encoding, form)


def _write(file: Path, content: Any) -> None:
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_bytes(content)
