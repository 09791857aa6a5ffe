"""The pretend buyer and payee: pays what is open, confirms what waits, consents."""

from __future__ import annotations

from central.simulators.channel.alipay import trades
from central.simulators.channel.wechat import orders, transfers
from central.simulators.channel.world import Refuse, World

BUYER_OPENID = "oSimulatedBuyer000000000001"


def pay(world: World, channel: str, code: str, payer: str = "") -> None:
    """Pay an order, named by its number, its QR code's text or its prepay_id.

    Raises:
        Refuse: there is none, or it cannot be paid any more.
    """
    token = code.rpartition("pr=")[2].rpartition("/")[2].removeprefix("wx")
    with world.books.writing():
        found = world.books.row(
            "SELECT number FROM payment WHERE channel = ? AND (number = ? OR token = ?)",
            channel, code, token,
        )  # fmt: skip
        if found is None:
            raise Refuse(404, "ORDER_NOT_EXIST", "there is no such order")
        if channel == "wechat":
            order = orders.payment(world, found["number"])
            assert order is not None
            orders.pay(world, order, payer or BUYER_OPENID)
        else:
            trade = trades.trade(world, found["number"])
            assert trade is not None
            trades.pay(world, trade)


def scan(world: World, number: str) -> None:
    """Scan an Alipay code without paying yet."""
    with world.books.writing():
        found = trades.trade(world, number)
        if found is None:
            raise Refuse(404, "TRADE_NOT_EXIST", "there is no such trade")
        trades.scan(world, found)


def confirm(world: World, number: str) -> None:
    """Confirm a transfer of WeChat Pay's."""
    with world.books.writing():
        transfers.finish(world)
        transfers.confirm(world, number)


def consent(world: World, number: str) -> None:
    """Let transfers through without confirming each."""
    with world.books.writing():
        transfers.grant(world, number)
