"""Bills against the simulator: a day of everything, and every way in which a bill can be wrong."""

from __future__ import annotations

import datetime as dt
import json
import urllib.request

import pytest

from central.money.channels.model import FEE_UNITS
from central.money.channels.ports import ChannelUnknown, FundAccount, TradeKind
from central.simulators.channel import buyer
from central.simulators.channel.faults import BILL_FAULTS, FILE_FAULTS
from tests.central.channel import (
    ALIPAY,
    CHANNELS,
    DAY_S,
    WECHAT,
    Notes,
    Served,
    a_payment,
    a_payout,
    a_refund,
    yuan,
)

both = pytest.mark.parametrize("name", CHANNELS)
DAY = dt.date(2026, 4, 11)
"""The day of ``b.NOW_S`` in Beijing."""


def a_day(channel: Served, name: str) -> None:
    """Two payments, a refund of one, a payout; then it is the next afternoon."""
    channels = channel.channels()
    money_in, out = channels.pay_in(name), channels.payout(name)
    for number, amount in (("PAY0000001", "88.00"), ("PAY0000002", "12.34")):
        money_in.create(a_payment(number, amount))
        channel.pay(name, number)
    money_in.refund(a_refund())
    out.transfer(a_payout(name))
    if name == WECHAT:
        buyer.confirm(channel.world, "OUT0000001")
    channel.forward(DAY_S)


@both
def test_a_day_s_payments_and_refunds_are_in_the_trade_bill(channel: Served, name: str) -> None:
    a_day(channel, name)
    bill = channel.channels().bills(name).trade_bill(DAY)
    assert (bill.channel, bill.day) == (name, DAY)
    assert bill.raw
    assert [(r.kind, r.number, r.gross, r.refund_number) for r in bill.rows] == [
        (TradeKind.PAYMENT, "PAY0000001", yuan("88.00"), ""),
        (TradeKind.PAYMENT, "PAY0000002", yuan("12.34"), ""),
        (TradeKind.REFUND, "PAY0000001", yuan("-8.00"), "BACK000001"),
    ]
    assert all(row.channel_number for row in bill.rows)
    assert {row.occurred_at_s for row in bill.rows} == {channel.clock() - DAY_S}


@both
def test_fees_are_counted_finer_than_fen(channel: Served, name: str) -> None:
    """0.6 % of 88.00 is 0.528; Alipay's file gives whole fen."""
    a_day(channel, name)
    rows = channel.channels().bills(name).trade_bill(DAY).rows
    expected = {
        WECHAT: [52800, 7404, -4800],
        ALIPAY: [53000, 7000, -5000],
    }[name]  # fmt: skip
    assert [row.fee_e5 for row in rows] == expected
    assert FEE_UNITS == 100_000


def test_every_movement_of_the_account_is_in_the_fund_bill_of_wechat_pay(channel: Served) -> None:
    a_day(channel, WECHAT)
    bills = channel.channels().bills(WECHAT)
    basic = bills.flow_bill(DAY)
    assert [(r.kind, r.change, r.our_number) for r in basic.rows] == [
        ("交易", yuan("88.00"), "PAY0000001"),
        ("扣除交易手续费", yuan("-0.53"), "PAY0000001"),
        ("交易", yuan("12.34"), "PAY0000002"),
        ("扣除交易手续费", yuan("-0.07"), "PAY0000002"),
        ("退还交易手续费", yuan("0.05"), "BACK000001"),
        ("退款", yuan("-8.00"), "BACK000001"),
    ]
    assert basic.rows[-1].balance.minor == channel.balance("wechat/BASIC")
    operation = bills.flow_bill(DAY, FundAccount.OPERATION)
    assert [(r.change, r.our_number) for r in operation.rows] == [(yuan("-120.00"), "OUT0000001")]
    assert bills.flow_bill(DAY, FundAccount.FEES).rows == ()
    assert list(bills.accounts) == list(FundAccount)


def test_every_movement_of_the_account_is_in_the_bill_of_alipay(channel: Served) -> None:
    a_day(channel, ALIPAY)
    bills = channel.channels().bills(ALIPAY)
    rows = bills.flow_bill(DAY).rows
    assert [(r.kind, r.change) for r in rows] == [
        ("交易付款", yuan("88.00")), ("收费", yuan("-0.53")), ("交易付款", yuan("12.34")),
        ("收费", yuan("-0.07")), ("退费", yuan("0.05")), ("交易退款", yuan("-8.00")),
        ("转账", yuan("-120.00")),
    ]  # fmt: skip
    assert rows[-1].balance.minor == channel.balance("alipay/BASIC")
    assert rows[-1].our_number == "OUT0000001"
    assert list(bills.accounts) == [FundAccount.BASIC]
    with pytest.raises(ValueError, match="FEES"):
        bills.flow_bill(DAY, FundAccount.FEES)


@both
def test_a_day_without_movements_is_a_bill_without_rows(channel: Served, name: str) -> None:
    channel.forward(DAY_S)
    bills = channel.channels().bills(name)
    for bill in (bills.trade_bill(DAY), bills.flow_bill(DAY)):
        assert (bill.rows, bill.raw) == ((), b"")


def test_a_bill_that_is_not_made_yet_is_not_an_empty_one(channel: Served) -> None:
    a_day(channel, WECHAT)
    with pytest.raises(ChannelUnknown) as failure:
        channel.channels().bills(WECHAT).trade_bill(DAY + dt.timedelta(days=1))
    assert failure.value.code == "STATEMENT_CREATING"


@both
@pytest.mark.parametrize("fault", sorted(BILL_FAULTS | FILE_FAULTS))
def test_a_bill_that_does_not_hold_together_is_not_taken(
    channel: Served, name: str, fault: str
) -> None:
    a_day(channel, name)
    notes = Notes()
    bills = channel.channels(notes).bills(name)
    channel.let(fault)
    with pytest.raises(ChannelUnknown) as failure:
        bills.flow_bill(DAY)
    assert failure.value.code == ("no-answer" if fault == "bill-lost" else "bill-broken")
    assert notes.ended[-1] == ("unknown", failure.value.code)
    assert channel.world.faults.waiting() == []
    assert bills.flow_bill(DAY).rows
    if fault == "bill-broken-chain":
        return
    channel.let(fault)
    with pytest.raises(ChannelUnknown):
        bills.trade_bill(DAY)
    assert bills.trade_bill(DAY).rows


@both
@pytest.mark.parametrize(
    ("fault", "why"),
    [("bill-cut", "cut off|fields"), ("bill-wrong-sum", "not what the rows make"),
     ("bill-broken-chain", "does not follow from the line")],
)  # fmt: skip
def test_what_is_wrong_with_a_bill_names_its_line(
    channel: Served, name: str, fault: str, why: str
) -> None:
    a_day(channel, name)
    channel.let(fault)
    with pytest.raises(ChannelUnknown, match=rf"broken: line [0-9]+: .*({why})"):
        channel.channels().bills(name).flow_bill(DAY)


@both
def test_goods_with_commas_and_quotes_break_no_row(channel: Served, name: str) -> None:
    order = a_payment()
    odd = type(order)(order.number, order.amount, '套餐 "A", 两人,`份\\', order.expires_at_s)
    channel.channels().pay_in(name).create(odd)
    channel.pay(name, "PAY0000001")
    channel.forward(DAY_S)
    bills = channel.channels().bills(name)
    assert len(bills.trade_bill(DAY).rows) == 1
    assert len(bills.flow_bill(DAY).rows) == 2


def test_a_bill_s_address_is_good_for_a_while_only(channel: Served) -> None:
    """Half a minute at Alipay; who comes later gets nothing that could be taken for a bill."""
    a_day(channel, ALIPAY)
    client = channel.channels().alipay
    assert client is not None
    url = client.ask(
        "alipay.data.dataservice.bill.downloadurl.query", "x",
        {"bill_type": "trade", "bill_date": DAY.isoformat()}, lambda a: a["bill_download_url"],
    )  # fmt: skip
    assert url is not None
    assert client.fetch("x", url, 1 << 20, len) > 100
    channel.forward(31)
    with pytest.raises(ChannelUnknown) as failure:
        client.fetch("x", url, 1 << 20, len)
    assert failure.value.code == "http-404"


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9/bill", "https://bills.example/x", "https://dwbillcenter.alipay.com:81/"],
)
def test_a_bill_is_fetched_from_the_channel_and_from_nobody_else(channel: Served, url: str) -> None:
    client = channel.channels().alipay
    assert client is not None
    with pytest.raises(ChannelUnknown) as failure:
        client.fetch("x", url, 1 << 20, len)
    assert failure.value.code == "foreign-host"


def test_a_request_for_a_bill_of_wechat_pay_must_be_signed_too(channel: Served) -> None:
    """The address alone does not do: who finds it in a log has nothing."""
    a_day(channel, WECHAT)
    client = channel.channels().wechat_pay
    assert client is not None
    query = f"/v3/bill/tradebill?bill_date={DAY}&bill_type=ALL"
    url = client.ask("bill.trade", "x", query, lambda a: a["download_url"])
    assert url is not None
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(url)
    assert json.loads(refusal.value.read())["code"] == "PARAM_ERROR"
    refusal.value.close()


@both
def test_a_too_large_file_is_not_read_to_its_end(channel: Served, name: str) -> None:
    a_day(channel, name)
    channels = channel.channels()
    if name == WECHAT:
        client = channels.wechat_pay
        assert client is not None
        query = f"/v3/bill/tradebill?bill_date={DAY}&bill_type=ALL"
        url = client.ask("bill.trade", "x", query, lambda a: a["download_url"])
        assert url is not None
        with pytest.raises(ChannelUnknown) as failure:
            client.fetch("f", "x", url.removeprefix(channel.url), 100, len)
    else:
        alipay = channels.alipay
        assert alipay is not None
        method = "alipay.data.dataservice.bill.downloadurl.query"
        content = {"bill_type": "trade", "bill_date": DAY.isoformat()}
        url = alipay.ask(method, "x", content, lambda a: a["bill_download_url"])
        assert url is not None
        with pytest.raises(ChannelUnknown) as failure:
            alipay.fetch("x", url, 100, len)
    assert failure.value.code == "too-large"
