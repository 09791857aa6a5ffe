"""Alipay's two modes, its certificates' overlap, and our own key files."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from central.errors import ConfigInvalid
from central.money.channels.ports import PaymentState
from tests.central.channel import ALIPAY, Served, a_payment


def with_public_key(channel: Served, name: str = "alipay_public_key.pem") -> None:
    for setting in ("app_cert_file", "alipay_cert_files", "root_cert_file"):
        channel.set(setting, "")
    channel.add("alipay", f'public_key_file = "{name}"')


def test_the_public_key_does_for_money_in(channel: Served) -> None:
    with_public_key(channel)
    money_in = channel.channels().pay_in(ALIPAY)
    money_in.create(a_payment())
    channel.pay(ALIPAY, "PAY0000001")
    assert money_in.query("PAY0000001").state is PaymentState.PAID


def test_keys_may_be_as_alipay_s_own_tool_writes_them(channel: Served) -> None:
    """Bare base64, no frame around it."""
    folder = channel.settings_file.parent
    with_public_key(channel, "bare.txt")
    pem = (folder / "alipay_public_key.pem").read_bytes()
    (folder / "bare.txt").write_bytes(b"".join(pem.split(b"\n")[1:-2]))
    key = serialization.load_pem_private_key((folder / "alipay_app_key.pem").read_bytes(), None)
    der = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "alipay_app_key.pem").write_bytes(base64.b64encode(der))
    money_in = channel.channels().pay_in(ALIPAY)
    assert money_in.query("PAY0000001").state is PaymentState.NOT_FOUND


def test_an_answer_of_either_certificate_counts_while_both_are_in_use(channel: Served) -> None:
    folder = channel.settings_file.parent
    other = (folder / "alipayRootCert.crt").read_bytes()  # any other certificate will do
    (folder / "next.crt").write_bytes(other)
    channel.set("alipay_cert_files", '["next.crt", "alipayCertPublicKey_RSA2.crt"]')
    channels = channel.channels()
    assert channels.alipay is not None
    assert len(channels.alipay.keys.theirs) == 2
    assert channels.pay_in(ALIPAY).query("PAY0000001").state is PaymentState.NOT_FOUND


def an_ec_key() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def another_key() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("alipay_app_key.pem", b"", "not a private key"),
        ("alipay_app_key.pem", b"not base64!", "not a private key"),
        ("alipay_app_key.pem", an_ec_key(), "not an RSA key"),
        ("alipay_app_key.pem", another_key(), "not the certificate of our key"),
        ("appCertPublicKey_2021000000000001.crt", b"nothing", "not a certificate"),
        ("alipayCertPublicKey_RSA2.crt", b"nothing", "not a certificate"),
        ("alipayRootCert.crt", b"nothing", "holds no RSA root"),
    ],
)
def test_a_key_file_that_is_not_what_it_should_be_is_refused(
    channel: Served, name: str, content: bytes, says: str
) -> None:
    (channel.settings_file.parent / name).write_bytes(content)
    with pytest.raises(ConfigInvalid, match=says):
        channel.channels()


def test_an_application_key_that_others_can_read_is_refused(channel: Served) -> None:
    (channel.settings_file.parent / "alipay_app_key.pem").chmod(0o640)
    with pytest.raises(ConfigInvalid, match="chmod 600"):
        channel.channels()


@pytest.mark.parametrize("content", [b"nothing", b"!!!"])
def test_a_public_key_that_is_none_is_refused(channel: Served, content: bytes) -> None:
    with_public_key(channel)
    (channel.settings_file.parent / "alipay_public_key.pem").write_bytes(content)
    with pytest.raises(ConfigInvalid, match="not a public key"):
        channel.channels()


def test_no_secret_is_in_a_representation(channel: Served) -> None:
    client = channel.channels().alipay
    assert client is not None
    assert "PRIVATE" not in repr(client.keys) + repr(client.settings)
    assert "RSAPrivateKey" not in repr(client.keys)
