"""What is signed, where it stands in an answer, and what certificates are called."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from central.money.channels.alipay import signing

ROOT_FILE = Path(__file__).with_name("alipayRootCert.crt")
"""As Alipay hands it out (opendocs.alipay.com, 公钥证书); the serial is what its own SDKs say."""
ROOT_SN = "687b59193f3f462dd5336e5abf83c5d8_02941eef3187dddf3d3b83462e1dfcf6"
METHOD = "alipay.trade.query"


def test_the_root_s_serial_is_what_alipay_s_own_libraries_make_of_it() -> None:
    """Of four roots in the file two count: SM2 and ECDSA do not, SHA-1 with RSA does.

    The one of ECDSA has parameters that RFC 5758 forbids; a strict reader cannot read it.
    """
    assert signing.root_cert_sn(ROOT_FILE.read_bytes()) == ROOT_SN


def test_a_root_of_rsa_that_cannot_be_read_is_not_left_out() -> None:
    blocks = ROOT_FILE.read_bytes().split(b"\n\n")
    broken = blocks[1].replace(b"MIIF0zCC", b"MIIF0zCA")
    with pytest.raises(ValueError, match=r"."):
        signing.root_cert_sn(b"\n\n".join([blocks[0], broken, *blocks[2:]]))


@pytest.mark.parametrize("content", [b"", b"no certificate"])
def test_a_root_file_without_a_root_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        signing.root_cert_sn(content)


def test_a_certificate_s_serial_hashes_its_issuer_from_the_end_and_its_number() -> None:
    """The text that is hashed is CN=…,OU=…,O=…,C=… and the decimal number."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    issuer = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Ant Financial"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Certification Authority"),
            x509.NameAttribute(NameOID.COMMON_NAME, "Ant Financial R1"),
        ]
    )
    begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(issuer)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(1234567890)
        .not_valid_before(begin)
        .not_valid_after(begin + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    # md5sum of CN=Ant Financial R1,OU=Certification Authority,O=Ant Financial,C=CN1234567890
    assert signing.cert_sn(certificate) == "3292faca96557d9b2db285463419bfec"


def test_a_request_is_sorted_without_its_signature_and_without_what_is_empty() -> None:
    parameters = {"method": "m", "sign": "s", "app_id": "1", "sign_type": "RSA2", "empty": ""}
    assert signing.request_text(parameters) == b"app_id=1&method=m&sign_type=RSA2"


def test_a_notification_is_sorted_without_the_kind_of_signature_too() -> None:
    form = {"trade_no": "2", "sign": "s", "app_id": "1", "sign_type": "RSA2", "body": ""}
    assert signing.notify_text(form) == b"app_id=1&trade_no=2"


# --- where the signed part is --------------------------------------------------------------------


def located(whole: str) -> signing.Signed:
    return signing.locate(whole.encode(), METHOD)


def test_the_signed_part_is_the_very_bytes_between_the_braces() -> None:
    raw = '{ "code" : "10000",  "msg":"成功" }'
    found = located(f'{{"alipay_trade_query_response":{raw},"sign":"abc"}}')
    assert found.raw == raw.encode()
    assert found.value == {"code": "10000", "msg": "成功"}
    assert (found.signature, found.cert_sn) == ("abc", "")


def test_a_brace_within_a_text_ends_nothing() -> None:
    raw = '{"code":"10000","remark":"} \\" ,\\"sign\\":\\"x\\"}"}'
    found = located(f'{{"sign":"abc","alipay_trade_query_response":{raw},"alipay_cert_sn":"5e"}}')
    assert found.raw == raw.encode()
    assert (found.signature, found.cert_sn) == ("abc", "5e")


@given(
    st.dictionaries(
        st.text(max_size=8),
        st.recursive(
            st.text(max_size=20) | st.integers() | st.booleans() | st.none(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=5), inner, max_size=3)
            ),
            max_leaves=8,
        ),
        max_size=6,
    ),
    st.booleans(),
)
def test_whatever_stands_in_an_answer_its_signed_part_is_found(
    content: dict[str, Any], ascii_only: bool
) -> None:
    raw = json.dumps(content, ensure_ascii=ascii_only, indent=1)
    if any("\ud800" <= c <= "\udfff" for c in raw):
        return
    found = located(f'{{"alipay_trade_query_response":\n {raw}\t,"sign":"abc"}}')
    assert found.raw.decode() == raw
    assert found.value == content


def test_an_answer_may_be_an_error_s() -> None:
    raw = '{"code":"40002","sub_code":"isv.invalid-signature"}'
    assert located(f'{{"error_response":{raw},"sign":"abc"}}').raw == raw.encode()


def test_money_in_an_answer_is_never_a_float() -> None:
    found = located('{"alipay_trade_query_response":{"total_amount":0.1},"sign":"abc"}')
    assert found.value == {"total_amount": "0.1"}


@pytest.mark.parametrize(
    "whole",
    [
        "",
        "null",
        "[]",
        "<html></html>",
        '{"alipay_trade_query_response":{}}',
        '{"sign":"abc"}',
        '{"alipay_trade_refund_response":{},"sign":"abc"}',
        '{"alipay_trade_query_response":{},"sign":"abc"',
        '{"alipay_trade_query_response":{},"sign":"abc"}}',
        '{"alipay_trade_query_response":{},"sign":"abc"} {}',
        '{"alipay_trade_query_response":{},"alipay_trade_query_response":{},"sign":"abc"}',
        '{"alipay_trade_query_response":{},"sign":"abc","sign":"abd"}',
        '{"alipay_trade_query_response":"text","sign":"abc"}',
        '{"alipay_trade_query_response":{},"sign":7}',
        '{"alipay_trade_query_response":{},"sign":"abc","alipay_cert_sn":7}',
        '{"alipay_trade_query_response":{} "sign":"abc"}',
        '{"alipay_trade_query_response" {},"sign":"abc"}',
        '{alipay_trade_query_response:{},"sign":"abc"}',
    ],
)
def test_what_is_not_such_an_answer_is_refused(whole: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        located(whole)


def test_what_is_not_utf8_is_refused() -> None:
    with pytest.raises(ValueError, match="utf-8"):
        signing.locate(b'{"alipay_trade_query_response":{"m":"\xb3\xc9"},"sign":"a"}', METHOD)
