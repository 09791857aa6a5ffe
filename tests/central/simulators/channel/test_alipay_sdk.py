"""The simulator as somebody else's client of Alipay finds it: the library python-alipay-sdk.

It was written against the real gateway and knows nothing of us. One of its habits we do not
share: it looks for the end of the signed part by counting braces.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
from alipay import AliPay, DCAliPay
from alipay.exceptions import AliPayException, AliPayValidationError

from central.simulators.channel import keys
from tests.central.channel import ALIPAY, Served

pytestmark = pytest.mark.filterwarnings("ignore:X509:DeprecationWarning")
"""It reads certificates with a part of pyOpenSSL that will not be there for ever."""


@pytest.fixture
def wall_clock(channel: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """The library writes the machine's local time and calls it Beijing's."""
    channel.clock.at_s = int(time.time())
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Shanghai")
        time.tzset()
        yield channel
    time.tzset()


def client(channel: Served, *, by_certificate: bool = True, **bent: Any) -> AliPay:
    """Set the library up with the merchant's files, and lead it to the simulator."""
    folder = channel.settings_file.parent

    def text(name: str) -> str:
        return (folder / name).read_text()

    values: dict[str, Any] = {
        "appid": keys.APP_ID,
        "app_notify_url": "https://hub.example/callbacks/alipay",
        "app_private_key_string": text("alipay_app_key.pem"),
    }
    if by_certificate:
        made = DCAliPay(
            **{
                **values,
                "app_public_key_cert_string": text(f"appCertPublicKey_{keys.APP_ID}.crt"),
                "alipay_public_key_cert_string": text("alipayCertPublicKey_RSA2.crt"),
                "alipay_root_cert_string": text("alipayRootCert.crt"),
                **bent,
            }
        )
    else:
        public = text("alipay_public_key.pem")
        made = AliPay(**{**values, "alipay_public_key_string": public, **bent})
    made._gateway = f"{channel.url}/gateway.do"
    return made


both_ways = pytest.mark.parametrize("by_certificate", [True, False], ids=["certificate", "key"])


@both_ways
def test_it_precreates_queries_and_sends_back(wall_clock: Served, *, by_certificate: bool) -> None:
    pay = client(wall_clock, by_certificate=by_certificate)
    made = pay.api_alipay_trade_precreate("午餐券", "SDK0000001", "88.00")
    assert made["code"] == "10000"
    assert pay.api_alipay_trade_query("SDK0000001")["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    wall_clock.pay(ALIPAY, made["qr_code"])
    paid = pay.api_alipay_trade_query("SDK0000001")
    assert (paid["trade_status"], paid["total_amount"]) == ("TRADE_SUCCESS", "88.00")
    back = pay.api_alipay_trade_refund("8.00", "SDK0000001", out_request_no="BACK000001")
    assert (back["fund_change"], back["refund_fee"]) == ("Y", "8.00")
    found = pay.api_alipay_trade_fastpay_refund_query("BACK000001", out_trade_no="SDK0000001")
    assert (found["refund_status"], found["refund_amount"]) == ("REFUND_SUCCESS", "8.00")


def test_it_cancels_and_closes(wall_clock: Served) -> None:
    pay = client(wall_clock)
    pay.api_alipay_trade_precreate("午餐券", "SDK0000001", "88.00")
    assert pay.api_alipay_trade_cancel("SDK0000001")["action"] == "close"
    assert pay.api_alipay_trade_close("SDK0000001")["sub_code"] == "ACQ.TRADE_NOT_EXIST"


def test_it_transfers_by_certificate_only(wall_clock: Served) -> None:
    pay = client(wall_clock)
    assert isinstance(pay, DCAliPay)

    def transfer() -> dict[str, Any]:
        found: dict[str, Any] = pay.api_alipay_fund_trans_uni_transfer(
            "OUT0000001", "ALIPAY_USER_ID", "2088123456789012", "120.00", order_title="五月佣金"
        )
        return found

    assert transfer()["status"] == "SUCCESS"
    assert transfer()["status"] == "SUCCESS"
    assert wall_clock.balance("alipay/BASIC") == 1_000_000_00 - 12000
    by_key = client(wall_clock, by_certificate=False)
    content = {"out_biz_no": "OUT0000002", "trans_amount": "1.00"}
    refused = by_key.server_api("alipay.fund.trans.uni.transfer", content)
    assert refused["sub_code"] == "isv.insufficient-isv-permissions"
    asked = {
        "out_biz_no": "OUT0000001", "product_code": "TRANS_ACCOUNT_NO_PWD",
        "biz_scene": "DIRECT_TRANSFER",
    }  # fmt: skip
    assert pay.server_api("alipay.fund.trans.common.query", asked)["trans_amount"] == "120.00"


@both_ways
def test_it_believes_the_simulator_s_notifications(
    wall_clock: Served, *, by_certificate: bool
) -> None:
    pay = client(wall_clock, by_certificate=by_certificate)
    wall_clock.pay(ALIPAY, pay.api_alipay_trade_precreate("午餐券", "SDK1", "88.00")["qr_code"])
    [message] = wall_clock.callbacks()
    form = dict(parse_qsl(message.body.decode()))
    assert pay.verify(form, form.pop("sign"))


def test_it_does_not_believe_forged_ones(wall_clock: Served) -> None:
    pay = client(wall_clock)
    wall_clock.pay(ALIPAY, pay.api_alipay_trade_precreate("午餐券", "SDK1", "88.00")["qr_code"])
    wall_clock.let("callback-forged")
    [message] = wall_clock.callbacks()
    form = dict(parse_qsl(message.body.decode()))
    assert not pay.verify(form, form.pop("sign"))


@pytest.mark.parametrize("fault", ["wrong-signature", "no-signature"])
def test_it_refuses_an_answer_that_is_not_signed(wall_clock: Served, fault: str) -> None:
    wall_clock.let(fault)
    with pytest.raises((AliPayValidationError, AliPayException)):
        client(wall_clock).api_alipay_trade_query("SDK0000001")


def test_a_brace_within_a_text_breaks_it_and_not_us(wall_clock: Served) -> None:
    """Its transfer was made and it reports a failure: why we do not count braces."""
    wall_clock.let("brace", "alipay.fund", times=2)
    pay = client(wall_clock)
    assert isinstance(pay, DCAliPay)
    with pytest.raises(AliPayValidationError):
        pay.api_alipay_fund_trans_uni_transfer(
            "OUT0000001", "ALIPAY_USER_ID", "2088123456789012", "120.00", order_title="佣金"
        )
    assert wall_clock.balance("alipay/BASIC") == 1_000_000_00 - 12000
    assert wall_clock.channels().payout(ALIPAY).query("OUT0000001").channel_number


def test_another_application_s_request_is_not_taken(wall_clock: Served) -> None:
    stranger = client(wall_clock, appid="2021999999999999")
    assert stranger.api_alipay_trade_query("SDK0000001")["sub_code"] == "isv.invalid-app-id"
