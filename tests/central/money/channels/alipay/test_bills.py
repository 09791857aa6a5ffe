"""The very format of Alipay's bills, as merchants get them, and what breaks it."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.money.channels.alipay.bills import BillBroken, read_flow_bill, read_trade_bill
from central.money.channels.ports import TradeKind
from edge.contract.money import Money

DAY = dt.date(2026, 4, 11)
SELLER = "2088000000000001"

TRADE = """\
#支付宝业务明细查询
#账号：[20880000000000010156]
#起始日期：[2026年04月11日 00:00:00]   终止日期：[2026年04月12日 00:00:00]
#-----------------------------------------业务明细列表----------------------------------------
支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,\
订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,\
券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注
2026041122001458860515315453\t,PAY0000001\t,交易\t,"午餐券, 两份",2026-04-11 10:55:16,\
2026-04-11 10:55:23,store\t,store\t,alipay\t,\t,*拟(sim***@example.com)\t,88.00,88.00,0.00,0.00,\
0.00,0.00,0.00,,0.00\t,0.00,\t,-0.53,0.00,午餐券
2026041122001458860515315453\t,PAY0000001\t,退款\t,"午餐券, 两份",2026-04-11 10:55:16,\
2026-04-11 10:56:48,store\t,store\t,alipay\t,\t,*拟(sim***@example.com)\t,-8.00,-8.00,0.00,0.00,\
0.00,0.00,0.00,,0.00\t,0.00,BACK000001\t,0.05,0.00,不要了
#-----------------------------------------业务明细列表结束------------------------------------
#交易合计：1笔，商家实收共88.00元，商家优惠共0.00元
#退款合计：1笔，商家实收退款共-8.00元，商家优惠退款共0.00元
#导出时间：[2026年04月12日 05:46:49]
"""
FLOW = """\
#支付宝账务明细查询
#账号：[20880000000000010156]
#起始日期：[2026年04月11日 00:00:00]   终止日期：[2026年04月12日 00:00:00]
#-----------------------------------------账务明细列表----------------------------------------
账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,\
账户余额（元）,交易渠道,业务类型,备注
412233445566\t,2026041122001458860515315453\t,PAY0000001\t,午餐券\t,2026-04-11 10:55:24,*拟\t,\
0.00,-0.53,99.47,支付宝,收费,
412233445565\t,2026041122001458860515315453\t,PAY0000001\t,午餐券\t,2026-04-11 10:55:23,*拟\t,\
88.00,0.00,100.00,支付宝,交易付款,备注
#-----------------------------------------账务明细列表结束------------------------------------
#支出合计：1笔，共-0.53元
#收入合计：1笔，共88.00元
#导出时间：[2026年04月12日 05:46:49]
"""
SUMMARY = "#支付宝业务汇总查询\n门店编号,交易订单总笔数\n合计,1\n"


def zipped(text: str, encoding: str = "gb18030") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr(
            "20880000000000010156_20260411_业务明细(汇总).csv", SUMMARY.encode(encoding)
        )
        bundle.writestr("20880000000000010156_20260411_业务明细.csv", text.encode(encoding))
    return out.getvalue()


def test_a_trade_bill_as_merchants_get_it() -> None:
    paid, back = read_trade_bill(zipped(TRADE), SELLER, DAY)
    assert (paid.kind, paid.gross, paid.fee_e5) == (TradeKind.PAYMENT, Money(8800, "CNY"), 53000)
    assert (paid.number, paid.channel_number) == ("PAY0000001", "2026041122001458860515315453")
    assert (back.kind, back.gross, back.fee_e5) == (TradeKind.REFUND, Money(-800, "CNY"), -5000)
    assert back.refund_number == "BACK000001"
    assert back.occurred_at_s - paid.occurred_at_s == 85


def test_a_fund_bill_comes_newest_first_and_is_turned_round() -> None:
    first, second = read_flow_bill(zipped(FLOW), SELLER, DAY)
    assert (first.change, first.balance) == (Money(8800, "CNY"), Money(10000, "CNY"))
    assert (second.change, second.balance) == (Money(-53, "CNY"), Money(9947, "CNY"))
    assert (first.kind, first.memo, first.our_number) == ("交易付款", "备注", "PAY0000001")


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8-sig"])
def test_the_file_may_be_in_gbk_or_in_utf8_with_its_mark(encoding: str) -> None:
    assert len(read_trade_bill(zipped(TRADE, encoding), SELLER, DAY)) == 2


def test_the_account_may_stand_without_its_currency() -> None:
    assert read_trade_bill(zipped(TRADE.replace("0156]", "]")), SELLER, DAY)


Bend = Callable[[str], str]


def replaced(old: str, new: str) -> Bend:
    def bend(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return bend


@pytest.mark.parametrize(
    ("bend", "says"),
    [
        (lambda _: "", "业务明细"),
        (lambda _: SUMMARY, "业务明细"),
        (replaced("#账号：[2088000000000001", "#账号：[2088000000000002"), "another seller"),
        (replaced("#账号：", "#帐户："), "another seller"),
        (replaced("业务明细列表结束", "业务明细列表"), "cut off"),
        (replaced("支付宝交易号,", "交易号,"), "cut off"),
        (replaced(",服务费（元）,", ",手续费（元）,"), "服务费"),
        (replaced("#退款合计", "#合计"), "cut off"),
        (replaced("store\t,", "store\t,x,"), "fields"),
        (replaced('交易\t,"', '转账\t,"'), "neither"),
        (replaced("2026-04-11 10:55:23", "2026-04-12 10:55:23"), "another day"),
        (replaced("2026-04-11 10:55:23", "11.04.2026"), "time"),
        (replaced(",88.00,88.00,", ",88.00,88.0.0,"), "amount"),
        (replaced(",-0.53,", ",-0.5x,"), "fee"),
        (replaced("#交易合计：1笔", "#交易合计：2笔"), "交易合计"),
        (replaced("实收共88.00元", "实收共88.01元"), "交易合计"),
        (replaced("退款共-8.00元", "退款共-8.01元"), "退款合计"),
    ],
)
def test_a_trade_bill_that_does_not_hold_together_is_broken(bend: Bend, says: str) -> None:
    with pytest.raises(BillBroken, match=says):
        read_trade_bill(zipped(bend(TRADE)), SELLER, DAY)


@pytest.mark.parametrize(
    ("bend", "says"),
    [
        (replaced(",99.47,", ",99.46,"), "does not follow"),
        (replaced("#收入合计：1笔", "#收入合计：2笔"), "收入合计"),
        (replaced("共88.00元", "共88.01元"), "收入合计"),
        (replaced("共-0.53元", "共-0.52元"), "支出合计"),
        (replaced("#支出合计", "#合计"), "cut off"),
    ],
)
def test_a_fund_bill_that_does_not_hold_together_is_broken(bend: Bend, says: str) -> None:
    with pytest.raises(BillBroken, match=says):
        read_flow_bill(zipped(bend(FLOW)), SELLER, DAY)


@given(st.integers(0, len(zipped(TRADE)) - 1))
def test_wherever_the_zip_is_cut_off_it_is_noticed(end: int) -> None:
    with pytest.raises(BillBroken):
        read_trade_bill(zipped(TRADE)[:end], SELLER, DAY)


@given(st.integers(0, len(zipped(TRADE)) - 1), st.integers(1, 255))
def test_a_changed_byte_changes_no_amount(place: int, change: int) -> None:
    """The zip's checksums, or the sums, notice it; or it was in what does not count."""
    raw = bytearray(zipped(TRADE))
    raw[place] ^= change
    try:
        rows = read_trade_bill(bytes(raw), SELLER, DAY)
    except BillBroken:
        return
    assert rows == read_trade_bill(zipped(TRADE), SELLER, DAY)


def test_a_bomb_is_not_unpacked() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
        for place in range(60):
            bundle.writestr(f"{place}.csv", b"x")
    with pytest.raises(BillBroken, match="larger"):
        read_trade_bill(out.getvalue(), SELLER, DAY)
