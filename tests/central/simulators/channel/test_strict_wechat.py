"""The simulator refuses what WeChat Pay refuses: a lenient one proves nothing."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from central.simulators.channel import keys
from tests.central.channel import OTHER_OPENID, Served
from tests.central.simulators.channel.raw import NATIVE, ORDER, code_of, wechat

TRANSFER = "/v3/fund-app/mch-transfer/transfer-bills"
BILL: dict[str, Any] = {
    "appid": keys.APPID,
    "out_bill_no": "RAW0000001",
    "transfer_scene_id": "1005",
    "openid": OTHER_OPENID,
    "transfer_amount": 100,
    "transfer_remark": "五月佣金",
    "transfer_scene_report_infos": [
        {"info_type": "岗位类型", "info_content": "推广员"},
        {"info_type": "报酬说明", "info_content": "推广佣金"},
    ],
}


def test_an_order_as_documented_is_taken(channel: Served) -> None:
    answer = wechat(channel, body=ORDER)
    assert answer.status_code == 200
    assert set(answer.json()) == {"code_url"}
    for name in ("Timestamp", "Nonce", "Serial", "Signature", "Signature-Type"):
        assert answer.headers[f"Wechatpay-{name}"]


# --- the signature -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bent",
    [
        {"scheme": "WECHATPAY2-SM2-WITH-SM3"},
        {"mchid": "1900000001"},
        {"mchid": ""},
        {"serial_no": "51" + "00" * 19},
        {"serial_no": ""},
        {"signature": "AAAA"},
        {"signature": "not base64"},
        {"nonce_str": ""},
        {"nonce_str": "n" * 33},
        {"timestamp": ""},
        {"timestamp": "1775908800000"},
        {"more": "x"},
        {"headers": {"Authorization": None}},
        {"headers": {"Authorization": ""}},
        {"headers": {"Authorization": "Bearer x"}},
        {"sent": b"{}"},
        {"sent_target": "/v3/pay/transactions/native?x=1"},
    ],
)
def test_a_request_that_is_not_signed_as_demanded_is_refused(
    channel: Served, bent: dict[str, Any]
) -> None:
    answer = wechat(channel, body=ORDER, **bent)
    assert code_of(answer) == (401, "SIGN_ERROR")
    assert channel.world.books.rows("SELECT * FROM payment") == []


def test_a_stranger_s_key_is_refused(channel: Served) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert code_of(wechat(channel, body=ORDER, key=key)) == (401, "SIGN_ERROR")


@pytest.mark.parametrize(("away_s", "status"), [(-301, 401), (-300, 200), (300, 200), (301, 401)])
def test_a_request_is_good_for_five_minutes(channel: Served, away_s: int, status: int) -> None:
    answer = wechat(channel, body=ORDER, timestamp=str(channel.clock() + away_s))
    assert answer.status_code == status


def test_a_request_is_good_once(channel: Served) -> None:
    assert wechat(channel, body=ORDER, nonce_str="N" * 32).status_code == 200
    assert code_of(wechat(channel, body=ORDER, nonce_str="N" * 32)) == (401, "SIGN_ERROR")


@pytest.mark.parametrize(
    "headers",
    [{"Accept": "text/html"}, {"User-Agent": ""}, {"Content-Type": "text/plain"}],
)
def test_a_header_that_is_not_as_demanded_is_refused(
    channel: Served, headers: dict[str, str]
) -> None:
    assert code_of(wechat(channel, body=ORDER, headers=headers)) == (400, "PARAM_ERROR")


@pytest.mark.parametrize(
    "raw", [b"{", b"[]", b"null", b"\xff", b'{"mchid": "1", "mchid": "2"}', b"appid=1"]
)
def test_a_body_that_is_not_a_json_object_is_refused(channel: Served, raw: bytes) -> None:
    assert code_of(wechat(channel, raw=raw)) == (400, "PARAM_ERROR")


def test_the_answer_is_signed_with_the_key_that_was_asked_for(channel: Served) -> None:
    for serial, expected in (
        (keys.PUBLIC_KEY_ID, keys.PUBLIC_KEY_ID),
        ("", channel.world.keys.signing.serial),
    ):
        answer = wechat(channel, body=ORDER, headers={"Wechatpay-Serial": serial or None})
        assert answer.headers["Wechatpay-Serial"] == expected


def test_an_interface_that_is_not_there_says_so(channel: Served) -> None:
    answer = wechat(channel, target="/v3/pay/transactions/h5", body=ORDER)
    assert code_of(answer) == (404, "NOT_FOUND")


# --- the fields ----------------------------------------------------------------------------------


def bent_body(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    found = copy.deepcopy(body)
    inner: Any = found
    *outside, name = path.split(".")
    for step in outside:
        inner = inner[int(step)] if step.isdigit() else inner[step]
    if value is None:
        del inner[name]
    else:
        inner[name] = value
    return found


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("appid", None),
        ("appid", "wx0000000000000000"),
        ("mchid", "1900000001"),
        ("description", None),
        ("description", ""),
        ("description", "券" * 128),
        ("description", 7),
        ("out_trade_no", None),
        ("out_trade_no", "short"),
        ("out_trade_no", "N" * 33),
        ("out_trade_no", "单号000001"),
        ("notify_url", None),
        ("notify_url", "http://hub.example/callbacks"),
        ("notify_url", "https://hub.example/callbacks?a=1"),
        ("notify_url", "hub.example"),
        ("amount", None),
        ("amount", 8800),
        ("amount.total", None),
        ("amount.total", "8800"),
        ("amount.total", 88.0),
        ("amount.total", True),
        ("amount.total", 0),
        ("amount.total", -1),
        ("amount.currency", "USD"),
        ("time_expire", "2026-04-11 12:00:00"),
        ("time_expire", "2026-04-11T11:00:00+08:00"),
        ("time_expire", "tomorrow"),
        ("time_expire", 1775908800),
    ],
)
def test_an_order_with_a_wrong_field_is_refused(channel: Served, path: str, value: Any) -> None:
    status, code = code_of(wechat(channel, body=bent_body(ORDER, path, value)))
    assert (status, code in {"PARAM_ERROR", "APPID_MCHID_NOT_MATCH"}) == (400, True)
    assert channel.world.books.rows("SELECT * FROM payment") == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("out_bill_no", "with-dash01"),
        ("out_bill_no", "N" * 33),
        ("transfer_scene_id", 1005),
        ("transfer_scene_id", None),
        ("openid", None),
        ("transfer_amount", 9),
        ("transfer_amount", "100"),
        ("transfer_amount", 200_000),
        ("transfer_remark", None),
        ("transfer_remark", "佣" * 33),
        ("transfer_scene_report_infos", None),
        ("transfer_scene_report_infos", []),
        ("transfer_scene_report_infos.0.info_type", "职位"),
        ("transfer_scene_report_infos.0.info_content", "推" * 33),
        ("user_name", "王小明"),
        ("notify_url", "ftp://hub.example"),
    ],
)
def test_a_transfer_with_a_wrong_field_is_refused(channel: Served, path: str, value: Any) -> None:
    headers = {"Wechatpay-Serial": keys.PUBLIC_KEY_ID}
    assert wechat(channel, target=TRANSFER, body=BILL, headers=headers).status_code == 200
    bent = bent_body({**BILL, "out_bill_no": "RAW0000002"}, path, value)
    answer = wechat(channel, target=TRANSFER, body=bent, headers=headers)
    assert code_of(answer) == (400, "PARAM_ERROR")
    assert len(channel.world.books.rows("SELECT * FROM transfer")) == 1


def test_a_sealed_name_needs_to_say_whose_key_it_was(channel: Served) -> None:
    """A serial that is none of the platform's, or none at all."""
    body = {**BILL, "user_name": "AAAA"}
    for serial in (None, "51" + "00" * 19):
        answer = wechat(channel, target=TRANSFER, body=body, headers={"Wechatpay-Serial": serial})
        assert code_of(answer) == (400, "PARAM_ERROR")


def test_a_query_names_the_merchant(channel: Served) -> None:
    assert wechat(channel, body=ORDER).status_code == 200
    target = "/v3/pay/transactions/out-trade-no/RAW0000001"
    assert code_of(wechat(channel, "GET", target)) == (400, "PARAM_ERROR")
    other = f"{target}?mchid=1900000001"
    assert code_of(wechat(channel, "GET", other)) == (400, "PARAM_ERROR")
    assert wechat(channel, "GET", f"{target}?mchid={keys.MCHID}").status_code == 200


def test_a_request_that_was_refused_uses_no_fault_up(channel: Served) -> None:
    channel.let("error-before")
    assert wechat(channel, body=ORDER, signature="AAAA").status_code == 401
    assert wechat(channel, body=ORDER).status_code == 500
    assert wechat(channel, target=NATIVE, body=ORDER).status_code == 200
