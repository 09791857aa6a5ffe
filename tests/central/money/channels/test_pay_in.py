"""Money in, against the simulator: asked for, paid, closed, sent back; both channels alike."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from central.money.channels.ports import (
    ChannelRefused,
    ChannelUnknown,
    PaymentState,
    PayWay,
    RefundState,
)
from central.simulators.channel import buyer, keys
from tests import builders as b
from tests.central.channel import (
    ALIPAY,
    CHANNELS,
    WECHAT,
    Served,
    a_payment,
    a_refund,
    an_in_app_payment,
    yuan,
)

both = pytest.mark.parametrize("name", CHANNELS)


@both
def test_a_payment_is_asked_for_and_paid(channel: Served, name: str) -> None:
    money_in = channel.channels().pay_in(name)
    invitation = money_in.create(a_payment())
    beginning = {WECHAT: "weixin://wxpay/bizpayurl?pr=", ALIPAY: "https://qr.alipay.com/"}[name]
    assert invitation.qr_text.startswith(beginning)
    channel.pay(name, invitation.qr_text)
    paid = money_in.query("PAY0000001")
    assert (paid.state, paid.amount) == (PaymentState.PAID, yuan("88.00"))
    assert paid.channel_number
    assert paid.payer
    assert paid.paid_at_s == b.NOW_S


@both
def test_a_payment_that_was_asked_for_twice_is_one(channel: Served, name: str) -> None:
    money_in = channel.channels().pay_in(name)
    assert money_in.create(a_payment()) == money_in.create(a_payment())
    assert len(channel.world.books.rows("SELECT * FROM payment")) == 1


@both
def test_the_same_number_with_other_data_is_refused(channel: Served, name: str) -> None:
    money_in = channel.channels().pay_in(name)
    money_in.create(a_payment())
    with pytest.raises(ChannelRefused):
        money_in.create(a_payment(amount="89.00"))


def test_an_order_at_wechat_pay_is_open_until_it_is_paid(channel: Served) -> None:
    money_in = channel.channels().pay_in(WECHAT)
    money_in.create(a_payment())
    found = money_in.query("PAY0000001")
    assert (found.state, found.channel_state) == (PaymentState.OPEN, "NOTPAY")
    assert found.paid_at_s is None


def test_a_trade_at_alipay_exists_once_its_code_is_scanned(channel: Served) -> None:
    money_in = channel.channels().pay_in(ALIPAY)
    money_in.create(a_payment())
    assert money_in.query("PAY0000001").state is PaymentState.NOT_FOUND
    buyer.scan(channel.world, "PAY0000001")
    assert money_in.query("PAY0000001").state is PaymentState.OPEN


@both
def test_a_number_that_was_never_sent_is_not_found(channel: Served, name: str) -> None:
    money_in = channel.channels().pay_in(name)
    assert money_in.query("NEVER00001").state is PaymentState.NOT_FOUND
    refund = money_in.query_refund("NEVER00001", "BACK000001")
    assert refund.state is RefundState.NOT_FOUND


@both
def test_a_payment_whose_time_is_up_is_closed(channel: Served, name: str) -> None:
    money_in = channel.channels().pay_in(name)
    money_in.create(a_payment())
    if name == ALIPAY:
        buyer.scan(channel.world, "PAY0000001")
    channel.forward(1800)
    assert money_in.query("PAY0000001").state is PaymentState.CLOSED


# --- within the app ------------------------------------------------------------------------------


def test_a_payment_within_wechat_comes_with_what_opens_the_till(channel: Served) -> None:
    invitation = channel.channels().pay_in(WECHAT).create(an_in_app_payment())
    found = invitation.app_parameters
    assert sorted(found) == ["appId", "nonceStr", "package", "paySign", "signType", "timeStamp"]
    assert found["package"].startswith("prepay_id=wx")
    assert (found["appId"], found["signType"]) == (keys.APPID, "RSA")
    assert found["timeStamp"] == str(b.NOW_S)
    text = "".join(found[n] + "\n" for n in ("appId", "timeStamp", "nonceStr", "package"))
    channel.world.keys.merchant_key.verify(
        base64.b64decode(found["paySign"]), text.encode(), padding.PKCS1v15(), hashes.SHA256()
    )


def test_a_payment_within_wechat_is_the_payer_s(channel: Served) -> None:
    money_in = channel.channels().pay_in(WECHAT)
    money_in.create(an_in_app_payment(payer="oSomebodyElse0000000000001"))
    channel.pay(WECHAT, "PAY0000001")
    assert money_in.query("PAY0000001").payer == "oSomebodyElse0000000000001"


def test_without_a_payer_nothing_is_sent(channel: Served) -> None:
    with pytest.raises(ChannelRefused) as refusal:
        channel.channels().pay_in(WECHAT).create(an_in_app_payment(payer=""))
    assert refusal.value.code == "no-payer"
    assert channel.world.books.rows("SELECT * FROM request") == []


def test_alipay_offers_the_code_only(channel: Served) -> None:
    money_in = channel.channels().pay_in(ALIPAY)
    assert money_in.ways == {PayWay.QR}
    with pytest.raises(ChannelRefused) as refusal:
        money_in.create(an_in_app_payment())
    assert refusal.value.code == "not-offered"


# --- closing -------------------------------------------------------------------------------------


@both
def test_a_closed_payment_cannot_be_paid(channel: Served, name: str) -> None:
    money_in = channel.channels().pay_in(name)
    money_in.create(a_payment())
    if name == ALIPAY:
        buyer.scan(channel.world, "PAY0000001")
    money_in.close("PAY0000001")
    assert money_in.query("PAY0000001").state is PaymentState.CLOSED
    money_in.close("PAY0000001")  # twice does no harm
    with pytest.raises(ChannelRefused):
        money_in.create(a_payment())


@both
def test_a_paid_one_cannot_be_closed(channel: Served, name: str) -> None:
    money_in = channel.channels().pay_in(name)
    money_in.create(a_payment())
    channel.pay(name, "PAY0000001")
    with pytest.raises(ChannelRefused):
        money_in.close("PAY0000001")
    assert money_in.query("PAY0000001").state is PaymentState.PAID


def test_wechat_pay_closes_what_it_has_never_seen(channel: Served) -> None:
    """It answers 204: that a close went well says nothing about the number."""
    money_in = channel.channels().pay_in(WECHAT)
    money_in.close("NEVER00001")
    assert money_in.query("NEVER00001").state is PaymentState.NOT_FOUND


def test_alipay_does_not_close_what_nobody_has_scanned(channel: Served) -> None:
    money_in = channel.channels().pay_in(ALIPAY)
    money_in.create(a_payment())
    with pytest.raises(ChannelRefused) as refusal:
        money_in.close("PAY0000001")
    assert refusal.value.code == "ACQ.TRADE_NOT_EXIST"


def test_alipay_cancels_what_waits_and_what_was_paid(channel: Served) -> None:
    from central.money.channels.alipay.pay_in import AlipayIn  # noqa: PLC0415

    money_in = channel.channels().pay_in(ALIPAY)
    assert isinstance(money_in, AlipayIn)
    money_in.create(a_payment())
    assert money_in.cancel("PAY0000001") is False
    with pytest.raises(ChannelRefused):
        money_in.create(a_payment())
    money_in.create(a_payment("PAY0000002"))
    channel.pay(ALIPAY, "PAY0000002")
    before = channel.balance("alipay/BASIC")
    assert money_in.cancel("PAY0000002") is True
    assert money_in.query("PAY0000002").state is PaymentState.REFUNDED
    # The fee comes back with the money.
    assert before - channel.balance("alipay/BASIC") == 8800 - 53


# --- refunds -------------------------------------------------------------------------------------


@both
def test_part_of_a_payment_goes_back(channel: Served, name: str) -> None:
    money_in = channel.channels().pay_in(name)
    money_in.create(a_payment())
    channel.pay(name, "PAY0000001")
    asked = money_in.refund(a_refund())
    assert asked.state is {WECHAT: RefundState.PROCESSING, ALIPAY: RefundState.DONE}[name]
    found = money_in.query_refund("PAY0000001", "BACK000001")
    assert (found.state, found.amount) == (RefundState.DONE, yuan("8.00"))
    assert found.done_at_s == b.NOW_S
    assert found.channel_number


@both
def test_a_refund_that_was_asked_for_twice_is_one(channel: Served, name: str) -> None:
    money_in = channel.channels().pay_in(name)
    money_in.create(a_payment())
    channel.pay(name, "PAY0000001")
    for _ in range(3):
        assert money_in.refund(a_refund()).amount in {None, yuan("8.00")}
    assert [row["amount"] for row in channel.world.books.rows("SELECT * FROM refund")] == [800]


@both
def test_a_refund_number_is_good_for_one_amount(channel: Served, name: str) -> None:
    money_in = channel.channels().pay_in(name)
    money_in.create(a_payment())
    channel.pay(name, "PAY0000001")
    money_in.refund(a_refund())
    failures = {WECHAT: ChannelRefused, ALIPAY: ChannelUnknown}
    with pytest.raises(failures[name]):
        money_in.refund(a_refund(amount="9.00"))
    assert money_in.query_refund("PAY0000001", "BACK000001").amount == yuan("8.00")


@both
def test_more_than_was_paid_does_not_go_back(channel: Served, name: str) -> None:
    money_in = channel.channels().pay_in(name)
    money_in.create(a_payment())
    channel.pay(name, "PAY0000001")
    money_in.refund(a_refund(amount="80.00"))
    with pytest.raises(ChannelRefused):
        money_in.refund(a_refund(refund="BACK000002", amount="8.01"))
    money_in.refund(a_refund(refund="BACK000003", amount="8.00"))
    assert money_in.query("PAY0000001").state is PaymentState.REFUNDED


@both
def test_what_was_not_paid_cannot_go_back(channel: Served, name: str) -> None:
    money_in = channel.channels().pay_in(name)
    money_in.create(a_payment())
    with pytest.raises(ChannelRefused):
        money_in.refund(a_refund())


def test_a_long_description_is_cut_to_what_the_channel_takes(channel: Served) -> None:
    channels = channel.channels()
    for name, most in ((WECHAT, 127), (ALIPAY, 256)):
        order = a_payment()
        long = type(order)(order.number, order.amount, "券" * 300, order.expires_at_s)
        channels.pay_in(name).create(long)
        row = channel.row("payment", {WECHAT: "wechat", ALIPAY: "alipay"}[name], "channel")
        assert row is not None
        assert len(row["description"]) == most
