"""The simulator as somebody else's client of WeChat Pay finds it: the library wechatpayv3.

It was written against the real channel and knows nothing of us. What it signs, the simulator
verifies; what the simulator signs and seals, it verifies and opens.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import time
from typing import Any

import pytest
from wechatpayv3 import WeChatPay, WeChatPayType

from central.simulators.channel import buyer, keys
from central.simulators.channel.world import BEIJING
from tests.central.channel import DAY_S, WECHAT, Served

pytestmark = pytest.mark.filterwarnings(
    "ignore:Properties that return a na:cryptography.utils.CryptographyDeprecationWarning"
)
"""It asks certificates for their dates in a way that cryptography will not answer for ever."""
REPORTS = [
    {"info_type": "岗位类型", "info_content": "推广员"},
    {"info_type": "报酬说明", "info_content": "推广佣金"},
]


@pytest.fixture
def wall_clock(channel: Served) -> Served:
    """The library reads the machine's clock, so the simulator must."""
    channel.clock.at_s = int(time.time())
    channel.world.keys.announce(channel.clock())
    channel.world.keys.switch()
    channel.world.keys.retire()
    return channel


def client(channel: Served, *, by_public_key: bool = True, **bent: Any) -> WeChatPay:
    """Set the library up with the merchant's files, and lead it to the simulator."""
    folder = channel.settings_file.parent
    values: dict[str, Any] = {
        "wechatpay_type": WeChatPayType.NATIVE,
        "mchid": keys.MCHID,
        "private_key": (folder / "apiclient_key.pem").read_text(),
        "cert_serial_no": channel.world.keys.merchant_serial,
        "appid": keys.APPID,
        "apiv3_key": (folder / "apiv3.key").read_text(),
        "notify_url": "https://hub.example/callbacks/wechat-pay",
    }
    if by_public_key:
        values["public_key"] = (folder / "pub_key.pem").read_text()
        values["public_key_id"] = keys.PUBLIC_KEY_ID
        made = WeChatPay(**{**values, **bent})
        made._core._gate_way = channel.url
        return made
    # Without a public key it downloads certificates as soon as it is made; give it a key until
    # it knows where.
    placeholder = (folder / "pub_key.pem").read_text()
    made = WeChatPay(**{**values, "public_key": placeholder, "public_key_id": "PUB_KEY_ID_0"})
    made._core._gate_way = channel.url
    made._core._public_key = made._core._public_key_id = None
    made._core._init_certificates()
    return made


def said(answer: tuple[int, Any], status: int = 200) -> dict[str, Any]:
    code, text = answer
    assert code == status, text
    found: dict[str, Any] = json.loads(text) if text else {}
    return found


both_ways = pytest.mark.parametrize("by_public_key", [True, False], ids=["key", "certificate"])


def placed(pay: WeChatPay, number: str = "SDK0000001", **more: Any) -> dict[str, Any]:
    return said(pay.pay("午餐券", number, {"total": 8800, "currency": "CNY"}, **more))


@both_ways
def test_it_places_pays_queries_and_sends_back(wall_clock: Served, *, by_public_key: bool) -> None:
    pay = client(wall_clock, by_public_key=by_public_key)
    code_url = placed(pay)["code_url"]
    assert said(pay.query(out_trade_no="SDK0000001"))["trade_state"] == "NOTPAY"
    wall_clock.pay(WECHAT, code_url)
    paid = said(pay.query(out_trade_no="SDK0000001"))
    assert (paid["trade_state"], paid["amount"]["total"]) == ("SUCCESS", 8800)
    assert said(pay.query(transaction_id=paid["transaction_id"])) == paid
    amount = {"refund": 800, "total": 8800, "currency": "CNY"}
    assert (
        said(pay.refund("BACK000001", amount, out_trade_no="SDK0000001"))["status"] == "PROCESSING"
    )
    assert said(pay.query_refund("BACK000001"))["status"] == "SUCCESS"


def test_it_pays_within_wechat(wall_clock: Served) -> None:
    pay = client(wall_clock, wechatpay_type=WeChatPayType.JSAPI)
    prepay_id = placed(pay, payer={"openid": "oBuyer00000000000001"})["prepay_id"]
    wall_clock.pay(WECHAT, prepay_id)
    assert said(pay.query(out_trade_no="SDK0000001"))["payer"] == {"openid": "oBuyer00000000000001"}


def test_it_closes(wall_clock: Served) -> None:
    pay = client(wall_clock)
    placed(pay)
    assert said(pay.close("SDK0000001"), 204) == {}
    assert said(pay.query(out_trade_no="SDK0000001"))["trade_state"] == "CLOSED"
    code, text = pay.query(out_trade_no="NEVER00001")
    assert (code, json.loads(text)["code"]) == (404, "ORDER_NOT_EXIST")


@both_ways
def test_it_transfers_with_a_sealed_name_and_stops_one(
    wall_clock: Served, *, by_public_key: bool
) -> None:
    pay = client(wall_clock, by_public_key=by_public_key)

    def transfer(number: str) -> dict[str, Any]:
        return said(
            pay.mch_transfer_bills(
                number, "1005", keys.OPENID, 12000, "五月佣金", user_name="王小明",
                transfer_scene_report_infos=REPORTS,
            )
        )  # fmt: skip

    assert transfer("OUT0000001")["state"] == "WAIT_USER_CONFIRM"
    row = wall_clock.row("transfer", "OUT0000001")
    assert row is not None
    assert row["name"] == "王小明"
    buyer.confirm(wall_clock.world, "OUT0000001")
    assert said(pay.mch_transfer_bills_query("OUT0000001"))["state"] == "SUCCESS"
    transfer("OUT0000002")
    assert said(pay.mch_transfer_bills_cancel("OUT0000002"))["state"] == "CANCELING"
    assert said(pay.mch_transfer_bills_query("OUT0000002"))["state"] == "CANCELLED"


def test_it_shares(wall_clock: Served) -> None:
    pay = client(wall_clock)
    wall_clock.pay(WECHAT, placed(pay, settle_info={"profit_sharing": True})["code_url"])
    number = said(pay.query(out_trade_no="SDK0000001"))["transaction_id"]
    wall_clock.forward(60)
    said(
        pay.profitsharing_add_receiver(
            "MERCHANT_ID", "1900000555", "DISTRIBUTOR", name="某某有限公司"
        )
    )
    receiver = {
        "type": "MERCHANT_ID", "account": "1900000555", "amount": 880, "description": "服务费",
        "name": "某某有限公司",
    }  # fmt: skip
    shared = said(pay.profitsharing_order(number, "SHARE00001", [receiver], unfreeze_unsplit=False))
    assert shared["state"] == "PROCESSING"
    found = said(pay.profitsharing_order_query(number, "SHARE00001"))
    assert (found["state"], found["receivers"][0]["result"]) == ("FINISHED", "SUCCESS")
    left = said(pay.profitsharing_amount_query(number))["unsplit_amount"]
    assert left == 8800 - 880 - 53, "without the share and the fee"
    back = said(
        pay.profitsharing_return("RET0000001", "1900000555", 880, "退", out_order_no="SHARE00001")
    )
    assert back["result"] == "SUCCESS"
    assert said(pay.profitsharing_return_query("SHARE00001", "RET0000001"))["result"] == "SUCCESS"
    assert said(pay.profitsharing_unfreeze(number, "FREE000001", "完"))["state"] in {
        "PROCESSING", "FINISHED",
    }  # fmt: skip


def test_it_fetches_bills_by_their_hash(wall_clock: Served) -> None:
    pay = client(wall_clock)
    wall_clock.pay(WECHAT, placed(pay)["code_url"])
    day = dt.datetime.fromtimestamp(wall_clock.clock(), BEIJING).date().isoformat()
    # Only the simulator's clock moves: the library signs with the machine's.
    for code, text in (pay.trade_bill(day, tar_type=""), pay.fundflow_bill(day, tar_type="")):
        assert (code, json.loads(text)["code"]) == (400, "STATEMENT_CREATING")
    wall_clock.world.books.run("UPDATE payment SET paid_at_s = paid_at_s - ?", 2 * DAY_S)
    wall_clock.world.books.run("UPDATE flow SET at_s = at_s - ?", 2 * DAY_S)
    earlier = (dt.date.fromisoformat(day) - dt.timedelta(days=2)).isoformat()
    for answer in (
        pay.trade_bill(earlier, tar_type=""), pay.fundflow_bill(earlier, tar_type=""),
    ):  # fmt: skip
        offered = said(answer)
        code, content = pay.download_bill(offered["download_url"])
        assert code == 200
        assert hashlib.sha1(content).hexdigest() == offered["hash_value"]
        assert b"SDK0000001" in content
    code, text = pay.trade_bill(earlier)
    assert (code, json.loads(text)["code"]) == (400, "PARAM_ERROR"), "it does not compress"


@both_ways
def test_it_believes_the_simulator_s_callbacks(wall_clock: Served, *, by_public_key: bool) -> None:
    wall_clock.world.callback_signing = "public-key" if by_public_key else "certificate"
    pay = client(wall_clock, by_public_key=by_public_key)
    wall_clock.pay(WECHAT, placed(pay)["code_url"])
    [message] = wall_clock.callbacks()
    event = pay.callback(message.headers, message.body)
    assert event["event_type"] == "TRANSACTION.SUCCESS"
    assert event["resource"]["out_trade_no"] == "SDK0000001"
    assert event["resource"]["amount"]["total"] == 8800


@pytest.mark.parametrize("fault", ["callback-forged", "callback-probe"])
def test_it_does_not_believe_forged_ones(wall_clock: Served, fault: str) -> None:
    pay = client(wall_clock)
    wall_clock.pay(WECHAT, placed(pay)["code_url"])
    wall_clock.let(fault)
    [message] = wall_clock.callbacks()
    assert not pay.callback(message.headers, message.body)


def test_it_follows_a_renewal_of_the_certificates(wall_clock: Served) -> None:
    pay = client(wall_clock, by_public_key=False)
    placed(pay)
    wall_clock.world.keys.announce(wall_clock.clock())
    wall_clock.world.keys.switch()
    wall_clock.world.keys.retire()
    assert said(pay.query(out_trade_no="SDK0000001"))["trade_state"] == "NOTPAY"


def test_it_refuses_an_answer_that_is_not_signed(wall_clock: Served) -> None:
    pay = client(wall_clock)
    for fault in ("wrong-signature", "no-signature"):
        wall_clock.let(fault)
        with pytest.raises(Exception, match="signature"):
            placed(pay)


@pytest.mark.parametrize(
    "bent",
    [{"cert_serial_no": "51" + "00" * 19}, {"mchid": "1900000001"}],
)
def test_another_merchant_s_request_is_not_taken(wall_clock: Served, bent: dict[str, Any]) -> None:
    code, text = client(wall_clock, **bent).pay("午餐券", "SDK0000001", {"total": 1})
    assert (code, json.loads(text)["code"]) == (401, "SIGN_ERROR")
