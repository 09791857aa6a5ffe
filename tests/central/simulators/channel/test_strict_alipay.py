"""The simulator refuses what Alipay's gateway refuses, with the codes that it uses."""

from __future__ import annotations

from typing import Any

import pytest

from central.simulators.channel import keys
from tests.central.channel import Served
from tests.central.simulators.channel.raw import alipay

TRADE = {"out_trade_no": "RAW0000001", "total_amount": "88.00", "subject": "午餐券"}
TRANSFER: dict[str, Any] = {
    "out_biz_no": "RAW0000001",
    "trans_amount": "120.00",
    "product_code": "TRANS_ACCOUNT_NO_PWD",
    "biz_scene": "DIRECT_TRANSFER",
    "order_title": "五月佣金",
    "payee_info": {"identity": "2088123456789012", "identity_type": "ALIPAY_USER_ID"},
}


def test_a_trade_as_documented_is_taken(channel: Served) -> None:
    found = alipay(channel, TRADE)
    assert (found["code"], found["msg"]) == ("10000", "Success")
    assert found["qr_code"].startswith("https://qr.alipay.com/")


@pytest.mark.parametrize(
    ("name", "sub_code"),
    [
        ("method", "isv.missing-method"),
        ("app_id", "isv.missing-app-id"),
        ("timestamp", "isv.missing-timestamp"),
        ("version", "isv.missing-version"),
        ("sign_type", "isv.missing-signature-type"),
    ],
)
def test_a_parameter_that_is_missing_is_named(channel: Served, name: str, sub_code: str) -> None:
    found = alipay(channel, TRADE, bent={name: None})
    assert (found["code"], found["sub_code"]) == ("40001", sub_code)


@pytest.mark.parametrize(
    ("bent", "sub_code"),
    [
        ({"app_id": "2021999999999999"}, "isv.invalid-app-id"),
        ({"sign_type": "RSA"}, "isv.invalid-signature-type"),
        ({"version": "2.0"}, "isv.invalid-version"),
        ({"charset": "gbk"}, "isv.invalid-charset"),
        ({"format": "XML"}, "isv.invalid-format"),
        ({"timestamp": "2026-04-11"}, "isv.invalid-timestamp"),
        ({"timestamp": "2026-04-11 04:00:00"}, "isv.invalid-timestamp"),
        ({"app_cert_sn": "0" * 32}, "isv.invalid-app-cert-sn"),
        ({"alipay_root_cert_sn": None}, "isv.invalid-app-cert-sn"),
        ({"notify_url": "http://hub.example/callbacks"}, "isv.invalid-parameter"),
        ({"method": "alipay.trade.wap.pay"}, "isv.invalid-method"),
    ],
)
def test_a_parameter_that_is_wrong_is_named(
    channel: Served, bent: dict[str, str | None], sub_code: str
) -> None:
    found = alipay(channel, TRADE, bent=bent)
    assert (found["code"], found["sub_code"]) == ("40002", sub_code)
    assert channel.world.books.rows("SELECT * FROM payment") == []


@pytest.mark.parametrize(
    "changed",
    [
        {"sign": "AAAA"},
        {"sign": "not base64"},
        {"biz_content": '{"out_trade_no":"RAW0000001","total_amount":"0.01","subject":"x"}'},
        {"more": "x"},
    ],
)
def test_what_was_changed_after_it_was_signed_is_noticed(
    channel: Served, changed: dict[str, str]
) -> None:
    found = alipay(channel, TRADE, changed=changed)
    assert (found["code"], found["sub_code"]) == ("40002", "isv.invalid-signature")


@pytest.mark.parametrize("content", ["{", "[]", "null"])
def test_content_that_is_not_a_json_object_is_refused(channel: Served, content: str) -> None:
    assert alipay(channel, content)["sub_code"] == "isv.invalid-parameter"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("out_trade_no", None),
        ("out_trade_no", 1),
        ("out_trade_no", "N" * 65),
        ("total_amount", None),
        ("total_amount", 88),
        ("total_amount", "88.001"),
        ("total_amount", "0"),
        ("total_amount", "-1"),
        ("total_amount", "1e3"),
        ("total_amount", "８８"),
        ("subject", None),
        ("subject", "券" * 257),
        ("time_expire", "2026-04-11T12:00:00"),
        ("time_expire", "2026-04-10 12:00:00"),
    ],
)
def test_a_trade_with_a_wrong_field_is_refused(channel: Served, name: str, value: Any) -> None:
    content = {k: v for k, v in {**TRADE, name: value}.items() if v is not None}
    found = alipay(channel, content)
    assert (found["code"], found["sub_code"]) == ("40004", "ACQ.INVALID_PARAMETER")


@pytest.mark.parametrize(
    ("bent", "sub_code"),
    [
        ({"trans_amount": 120}, "INVALID_PARAMETER"),
        ({"trans_amount": "0.09"}, "EXCEED_LIMIT_SM_MIN_AMOUNT"),
        ({"product_code": "OTHER"}, "INVALID_PARAMETER"),
        ({"biz_scene": "OTHER"}, "INVALID_PARAMETER"),
        ({"payee_info": "2088123456789012"}, "INVALID_PARAMETER"),
        (
            {"payee_info": {"identity": "1", "identity_type": "ALIPAY_USER_ID"}},
            "INVALID_PARAMETER",
        ),
        (
            {"payee_info": {"identity": "li@example.com", "identity_type": "OTHER"}},
            "INVALID_PARAMETER",
        ),
    ],
)
def test_a_transfer_with_a_wrong_field_is_refused(
    channel: Served, bent: dict[str, Any], sub_code: str
) -> None:
    method = "alipay.fund.trans.uni.transfer"
    found = alipay(channel, {**TRANSFER, **bent}, method=method)
    assert (found["code"], found["sub_code"]) == ("40004", sub_code)
    assert alipay(channel, TRANSFER, method=method)["status"] == "SUCCESS"
    assert channel.balance("alipay/BASIC") == 1_000_000_00 - 12000


def test_without_certificates_nobody_is_paid(channel: Served) -> None:
    bare: dict[str, str | None] = {"app_cert_sn": None, "alipay_root_cert_sn": None}
    found = alipay(channel, TRANSFER, method="alipay.fund.trans.uni.transfer", bent=bare)
    assert (found["code"], found["sub_code"]) == ("40006", "isv.insufficient-isv-permissions")
    assert alipay(channel, TRADE, bent=bare)["code"] == "10000"


def test_the_parties_are_those_of_the_settings(channel: Served) -> None:
    text = channel.settings_file.read_text()
    for name in (keys.MCHID, keys.APPID, keys.APP_ID, keys.SELLER_ID, keys.PUBLIC_KEY_ID):
        assert f'"{name}"' in text
