"""Signatures and seals against the examples that WeChat Pay itself publishes."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from central.money.channels.wechat_pay import signing

VECTORS: dict[str, Any] = json.loads(Path(__file__).with_name("vectors.json").read_text("utf-8"))
"""Each names the page or the file of the vendor that it is from."""


def a_private_key() -> rsa.RSAPrivateKey:
    der = base64.b64decode(VECTORS["request"]["key"])
    key = serialization.load_der_private_key(der, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def a_public_key() -> rsa.RSAPublicKey:
    key = serialization.load_der_public_key(base64.b64decode(VECTORS["answer"]["public_key"]))
    assert isinstance(key, rsa.RSAPublicKey)
    return key


def test_a_request_is_signed_as_in_the_document() -> None:
    v = VECTORS["request"]
    text = signing.request_text(
        v["method"], v["target"], v["timestamp"], v["nonce"], v["body"].encode()
    )
    assert signing.sign(a_private_key(), text) == v["signature"]


def test_the_call_in_the_app_is_signed_as_in_the_document() -> None:
    v = VECTORS["app"]
    text = signing.app_text(v["appid"], v["timestamp"], v["nonce"], v["package"])
    assert signing.sign(a_private_key(), text) == v["signature"]


def test_the_answer_in_the_document_is_signed() -> None:
    v = VECTORS["answer"]
    text = signing.answer_text(v["timestamp"], v["nonce"], v["body"].encode())
    assert signing.is_signed(a_public_key(), text, v["signature"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timestamp", "1722850422"),
        ("nonce", "d824f2e086d3c1df967785d13fcd22ee"),
        ("body", '{"code_url":"weixin://wxpay/bizpayurl?pr=JyC91EIz2"}'),
        ("body", '{"code_url":"weixin://wxpay/bizpayurl?pr=JyC91EIz1"}\n'),
        ("signature", "WECHATPAY/SIGNTEST/" + "A" * 325),
        ("signature", ""),
        ("signature", "签名"),
        ("signature", "AAAA"),
    ],
)
def test_anything_that_was_changed_is_not_signed(name: str, value: str) -> None:
    v = {**VECTORS["answer"], name: value}
    text = signing.answer_text(v["timestamp"], v["nonce"], v["body"].encode())
    assert not signing.is_signed(a_public_key(), text, v["signature"])


def test_an_empty_answer_is_a_line_too() -> None:
    assert signing.answer_text("1", "n", b"") == b"1\nn\n\n"


def resource(vector: dict[str, Any], **bent: Any) -> dict[str, Any]:
    names = ("nonce", "ciphertext", "associated_data")
    return {"algorithm": signing.AEAD, **{n: vector[n] for n in names}, **bent}


def test_the_sealed_text_of_the_vendor_s_library_opens() -> None:
    v = VECTORS["sealed"]
    opened = signing.open_resource(v["key"].encode(), resource(v))
    assert opened.decode() == v["plain"]


def test_the_callback_of_the_vendor_s_library_is_signed_and_opens() -> None:
    v = VECTORS["callback"]
    certificate = x509.load_der_x509_certificate(base64.b64decode(v["certificate"]))
    key, headers = certificate.public_key(), v["headers"]
    assert isinstance(key, rsa.RSAPublicKey)
    text = signing.answer_text(
        headers["wechatpay-timestamp"], headers["wechatpay-nonce"], v["body"].encode()
    )
    assert signing.is_signed(key, text, headers["wechatpay-signature"])
    opened = signing.open_resource(v["key"].encode(), json.loads(v["body"])["resource"])
    assert opened.decode() == v["plain"]


@pytest.mark.parametrize(
    "bent",
    [
        {"algorithm": "AEAD_SM4_GCM"},
        {"nonce": "wCq51qZv4Yfh"},
        {"nonce": ""},
        {"nonce": None},
        {"nonce": 12},
        {"associated_data": ""},
        {"associated_data": 7},
        {"ciphertext": "FsdXzxryWfKwvLJKf8LG/ToRPTRh8RN9wROD"},
        {"ciphertext": "not base64!"},
        {"ciphertext": ""},
        {"ciphertext": None},
    ],
)
def test_a_resource_that_was_changed_does_not_open(bent: dict[str, Any]) -> None:
    v = VECTORS["sealed"]
    with pytest.raises(ValueError, match=r"resource|sealed|text"):
        signing.open_resource(v["key"].encode(), resource(v, **bent))


@pytest.mark.parametrize("value", [None, "text", [], 7])
def test_a_resource_is_an_object(value: object) -> None:
    with pytest.raises(ValueError, match="resource"):
        signing.open_resource(b"k" * 32, value)


def test_no_associated_data_are_empty_ones() -> None:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    sealed = base64.b64encode(AESGCM(b"k" * 32).encrypt(b"n" * 12, b"text", b"")).decode()
    value = {"algorithm": signing.AEAD, "nonce": "n" * 12, "ciphertext": sealed}
    assert signing.open_resource(b"k" * 32, value) == b"text"


def test_a_sealed_field_is_for_the_channel_alone_and_never_twice_the_same() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    sealed = [signing.seal(key.public_key(), "王小明") for _ in range(2)]
    assert sealed[0] != sealed[1]
    sha1 = hashes.SHA1()
    oaep = padding.OAEP(padding.MGF1(sha1), sha1, None)
    for one in sealed:
        assert key.decrypt(base64.b64decode(one), oaep).decode() == "王小明"


def test_the_header_has_the_five_fields() -> None:
    header = signing.authorization(
        mchid="1900009191", serial="1DDE", timestamp=1554208460, nonce="593B", signature="uOVR=="
    )
    assert header == (
        'WECHATPAY2-SHA256-RSA2048 mchid="1900009191",nonce_str="593B",signature="uOVR==",'
        'timestamp="1554208460",serial_no="1DDE"'
    )
