"""The very format of WeChat Pay's bills, as its documents show it, and what breaks it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.money.channels.ports import TradeKind
from central.money.channels.wechat_pay.bills import (
    FLOW_HEADING,
    FLOW_SUMS,
    TRADE_HEADING,
    TRADE_SUMS,
    BillBroken,
    read_flow_bill,
    read_trade_bill,
)
from edge.contract.money import Money

DAY = dt.date(2026, 4, 11)
MCHID = "1900009231"

PAID = (
    "`2026-04-11 14:23:08,`wx2421b1c4370ec43b,`1900009231,`0,`,`4200000985202604113059171213,"
    "`1111111120260411,`oUpF8uMuAJO_M2pxb1Q9zNjWeS6o,`JSAPI,`SUCCESS,`OTHERS,`CNY,`88.00,`0.00,`0,"
    "`0,`0.00,`0.00,`,`,`午餐券, 两份,`,`0.52800,`0.60%,`88.00,`0.00,`"
)
BACK = (
    "`2026-04-11 15:01:59,`wx2421b1c4370ec43b,`1900009231,`0,`,`4200000985202604113059171213,"
    "`1111111120260411,`oUpF8uMuAJO_M2pxb1Q9zNjWeS6o,`JSAPI,`REFUND,`OTHERS,`CNY,`0.00,`0.00,"
    "`50300507472026041139171213,`T1111111120260411,`8.00,`0.00,`ORIGINAL,`PROCESSING,"
    "`午餐券, 两份,`,`-0.04800,`0.60%,`0.00,`8.00,`"
)
SUMS = "`2,`88.00,`8.00,`0.00,`0.48000,`88.00,`8.00"

IN = (
    "`2026-04-11 14:23:08,`4200000985202604113059171213,`1900009231026041155555,`交易,`交易,`收入,"
    "`88.00,`100.00,`system,`缴费,`1111111120260411"
)
OUT = (
    "`2026-04-11 14:23:08,`4200000985202604113059171213,`1900009231026041155556,`交易,"
    "`扣除交易手续费,`支出,`0.53,`99.47,`system,`,`1111111120260411"
)
FLOW = "`2.0,`1.0,`88.00,`1.0,`0.53"


def bill(heading: str, rows: list[str], sums_heading: str, sums: str) -> bytes:
    return ("﻿" + "\r\n".join([heading, *rows, sums_heading, sums]) + "\r\n").encode()


def trade(*rows: str, sums: str = SUMS) -> bytes:
    return bill(TRADE_HEADING, list(rows), TRADE_SUMS, sums)


def flow(*rows: str, sums: str = FLOW) -> bytes:
    return bill(FLOW_HEADING, list(rows), FLOW_SUMS, sums)


def test_a_trade_bill_as_documented() -> None:
    paid, back = read_trade_bill(trade(PAID, BACK), MCHID, DAY)
    assert (paid.kind, paid.gross, paid.fee_e5) == (TradeKind.PAYMENT, Money(8800, "CNY"), 52800)
    assert (paid.number, paid.refund_number) == ("1111111120260411", "")
    assert (back.kind, back.gross, back.fee_e5) == (TradeKind.REFUND, Money(-800, "CNY"), -4800)
    assert back.refund_number == "T1111111120260411"
    assert back.refund_channel_number == "50300507472026041139171213"
    assert back.state == "PROCESSING"
    assert paid.occurred_at_s == int(dt.datetime(2026, 4, 11, 6, 23, 8, tzinfo=dt.UTC).timestamp())


def test_a_fund_bill_as_documented() -> None:
    first, second = read_flow_bill(flow(IN, OUT), DAY)
    assert (first.change, first.balance) == (Money(8800, "CNY"), Money(10000, "CNY"))
    assert (second.change, second.balance) == (Money(-53, "CNY"), Money(9947, "CNY"))
    assert (second.kind, second.our_number) == ("扣除交易手续费", "1111111120260411")
    assert (first.memo, second.memo) == ("缴费", "")


def test_a_fund_bill_with_the_newest_first_is_turned_round() -> None:
    assert read_flow_bill(flow(OUT, IN), DAY) == read_flow_bill(flow(IN, OUT), DAY)


@pytest.mark.parametrize("count", ["2", "2.0", "2.00"])
def test_a_number_of_rows_may_have_a_point(count: str) -> None:
    assert read_flow_bill(flow(IN, OUT, sums=FLOW.replace("`2.0", f"`{count}")), DAY)


def test_lines_may_end_in_one_way_or_the_other() -> None:
    raw = trade(PAID, BACK)
    assert read_trade_bill(raw.replace(b"\r\n", b"\n"), MCHID, DAY) == read_trade_bill(
        raw, MCHID, DAY
    )


Bend = Callable[[bytes], bytes]


def replaced(old: str, new: str) -> Bend:
    def bend(raw: bytes) -> bytes:
        assert old.encode() in raw
        return raw.replace(old.encode(), new.encode(), 1)

    return bend


@pytest.mark.parametrize(
    ("bend", "says"),
    [
        (lambda _: b"", "begin with the heading"),
        (lambda _: b"\xff\xfe", "UTF-8"),
        (lambda raw: raw.replace("交易时间".encode(), "时间".encode()), "begin with the heading"),
        (lambda raw: raw[: len(raw) // 2], "."),
        (lambda raw: raw.rsplit(b"\r\n", 2)[0], "sums are missing"),
        (replaced(",`1900009231,", ",`1900009232,"), "another merchant"),
        (replaced("`2026-04-11 14", "`2026-04-12 14"), "another day"),
        (replaced("`2026-04-11 14:23:08", "`11.4.2026"), "time"),
        (replaced(",`CNY,`88.00", ",`USD,`88.00"), "not in CNY"),
        (replaced(",`SUCCESS,", ",`USERPAYING,"), "neither a payment nor a refund"),
        (replaced("`2026-04-11 14", "2026-04-11 14"), "back-tick"),
        (replaced(",`JSAPI,", ",`JSAPI,`more,"), "fields"),
        (replaced("`88.00,`0.00,`0,", "`88.0x,`0.00,`0,"), "amount"),
        (replaced("`0.52800", "`0.528000"), "fee"),
        (replaced("`2,`88.00", "`3,`88.00"), "总交易单数"),
        (replaced("`2,`88.00", "`two,`88.00"), "number of rows"),
        (replaced("`2,`88.00,`8.00", "`2,`88.01,`8.00"), "应结订单总金额"),
        (replaced("`2,`88.00,`8.00", "`2,`88.00,`8.01"), "退款总金额"),
        (replaced("`0.48000", "`0.48001"), "手续费总金额"),
        (replaced("`0.48000,`88.00", "`0.48000,`87.99"), "订单总金额"),
        (replaced("`0.48000,`88.00,`8.00", "`0.48000,`88.00,`7.99"), "申请退款总金额"),
    ],
)
def test_a_trade_bill_that_is_not_as_documented_is_broken(bend: Bend, says: str) -> None:
    with pytest.raises(BillBroken, match=says):
        read_trade_bill(bend(trade(PAID, BACK)), MCHID, DAY)


@pytest.mark.parametrize(
    ("bend", "says"),
    [
        (replaced("`收入,`88.00", "`收支,`88.00"), "neither"),
        (replaced("`99.47", "`99.46"), "does not follow"),
        (replaced("`2.0,", "`2.5,"), "number of rows"),
        (replaced("`2.0,", "`3.0,"), "资金流水总笔数"),
        (replaced("`1.0,`88.00", "`2.0,`88.00"), "收入笔数"),
        (replaced("`1.0,`88.00", "`1.0,`88.01"), "收入金额"),
        (replaced("`1.0,`0.53", "`0.0,`0.53"), "支出笔数"),
        (replaced("`1.0,`0.53", "`1.0,`0.52"), "支出金额"),
    ],
)
def test_a_fund_bill_that_is_not_as_documented_is_broken(bend: Bend, says: str) -> None:
    with pytest.raises(BillBroken, match=says):
        read_flow_bill(bend(flow(IN, OUT)), DAY)


@given(st.integers(0, len(trade(PAID, BACK)) - 3))
def test_wherever_it_is_cut_off_it_is_noticed(end: int) -> None:
    """Unless nothing is missing but the zeros of the very last sum."""
    whole = trade(PAID, BACK)
    try:
        rows = read_trade_bill(whole[:end], MCHID, DAY)
    except BillBroken:
        return
    assert whole[end:].strip(b"\r\n") in {b".00", b"0"}
    assert rows == read_trade_bill(whole, MCHID, DAY)
