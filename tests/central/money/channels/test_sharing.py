"""Shares of a payment, against the simulator: receivers, shares, what is left, what comes back."""

from __future__ import annotations

import pytest

from central.money.channels.ports import ChannelRefused, Share, ShareOrder, ShareState
from central.money.channels.wechat_pay.sharing import WeChatSharing
from tests.central.channel import (
    ALIPAY,
    CHANNELS,
    WECHAT,
    Served,
    a_payment,
    yuan,
)

both = pytest.mark.parametrize("name", CHANNELS)
PERSON = {WECHAT: "oPromoter000000000000000001", ALIPAY: "2088000000000555"}
FIRM = {WECHAT: "1900000555", ALIPAY: "2088000000000666"}
BASIC = {WECHAT: "wechat/BASIC", ALIPAY: "alipay/BASIC"}


def paid(channel: Served, name: str, *, to_be_shared: bool = True) -> str:
    """Return the channel's number of a payment of 88.00 that can be shared by now."""
    money_in = channel.channels().pay_in(name)
    money_in.create(a_payment(to_be_shared=to_be_shared))
    channel.pay(name, "PAY0000001")
    channel.forward(60)
    return money_in.query("PAY0000001").channel_number


def a_share(name: str, amount: str = "8.80") -> Share:
    return Share(PERSON[name], yuan(amount), "佣金", is_person=True)


@both
def test_a_share_is_worked_on_later(channel: Served, name: str) -> None:
    sharing = channel.channels().sharing(name)
    number = paid(channel, name)
    sharing.add_receiver(PERSON[name], is_person=True)
    before = channel.balance(BASIC[name])
    asked = sharing.share(ShareOrder("SHARE00001", number, (a_share(name),)))
    assert asked.state is ShareState.PROCESSING
    done = sharing.query_share("SHARE00001", number)
    assert done.state is ShareState.DONE
    assert done.parts == ((PERSON[name], yuan("8.80"), ShareState.DONE, ""),)
    assert before - channel.balance(BASIC[name]) == 880


@both
def test_shares_that_were_asked_for_twice_are_shared_once(channel: Served, name: str) -> None:
    sharing = channel.channels().sharing(name)
    number = paid(channel, name)
    sharing.add_receiver(PERSON[name], is_person=True)
    sharing.add_receiver(PERSON[name], is_person=True)
    before = channel.balance(BASIC[name])
    for _ in range(2):
        sharing.share(ShareOrder("SHARE00001", number, (a_share(name),)))
        sharing.query_share("SHARE00001", number)
    assert before - channel.balance(BASIC[name]) == 880


@both
def test_more_than_the_ceiling_is_refused(channel: Served, name: str) -> None:
    """30 percent, as long as the merchant has not agreed on more with the channel."""
    sharing = channel.channels().sharing(name)
    number = paid(channel, name)
    sharing.add_receiver(PERSON[name], is_person=True)
    with pytest.raises(ChannelRefused):
        sharing.share(ShareOrder("SHARE00001", number, (a_share(name, "26.41"),)))
    sharing.share(ShareOrder("SHARE00002", number, (a_share(name, "26.40"),)))


@both
def test_a_payment_that_was_not_placed_for_it_is_not_shared(channel: Served, name: str) -> None:
    sharing = channel.channels().sharing(name)
    number = paid(channel, name, to_be_shared=False)
    sharing.add_receiver(PERSON[name], is_person=True)
    with pytest.raises(ChannelRefused):
        sharing.share(ShareOrder("SHARE00001", number, (a_share(name),)))


@both
def test_a_stranger_gets_no_share(channel: Served, name: str) -> None:
    sharing = channel.channels().sharing(name)
    number = paid(channel, name)
    with pytest.raises(ChannelRefused):
        sharing.share(ShareOrder("SHARE00001", number, (a_share(name),)))


@both
def test_nothing_is_shared_after_the_last_time(channel: Served, name: str) -> None:
    sharing = channel.channels().sharing(name)
    number = paid(channel, name)
    sharing.add_receiver(PERSON[name], is_person=True)
    sharing.share(ShareOrder("SHARE00001", number, (a_share(name),), is_last=True))
    with pytest.raises(ChannelRefused):
        sharing.share(ShareOrder("SHARE00002", number, (a_share(name),)))


@both
def test_what_is_not_shared_can_be_made_ours(channel: Served, name: str) -> None:
    sharing = channel.channels().sharing(name)
    number = paid(channel, name)
    sharing.add_receiver(PERSON[name], is_person=True)
    sharing.unfreeze("FREE000001", number, "没有推广")
    with pytest.raises(ChannelRefused):
        sharing.share(ShareOrder("SHARE00001", number, (a_share(name),)))


@both
def test_a_request_that_was_never_sent_is_not_found(channel: Served, name: str) -> None:
    sharing = channel.channels().sharing(name)
    number = paid(channel, name)
    assert sharing.query_share("NEVER00001", number).state is ShareState.NOT_FOUND


@both
def test_fifty_are_the_most(channel: Served, name: str) -> None:
    order = ShareOrder("SHARE00001", "4200", tuple(a_share(name) for _ in range(51)))
    with pytest.raises(ValueError, match="50"):
        channel.channels().sharing(name).share(order)


@both
def test_a_share_that_cannot_be_moved_fails_alone(channel: Served, name: str) -> None:
    sharing = channel.channels().sharing(name)
    number = paid(channel, name)
    for account, is_person in ((PERSON[name], True), (FIRM[name], False)):
        sharing.add_receiver(account, is_person=is_person, name="某某有限公司")
    channel.world.books.run("UPDATE account SET balance = 1000 WHERE name = ?", BASIC[name])
    shares = (
        a_share(name), Share(FIRM[name], yuan("8.80"), "服务费", name="某某有限公司"),
    )  # fmt: skip
    sharing.share(ShareOrder("SHARE00001", number, shares))
    parts = sharing.query_share("SHARE00001", number).parts
    assert [part[2] for part in parts] == [ShareState.DONE, ShareState.FAILED]
    assert parts[1][3]


@both
def test_a_receiver_is_in_no_representation(channel: Served, name: str) -> None:
    sharing = channel.channels().sharing(name)
    number = paid(channel, name)
    sharing.add_receiver(PERSON[name], is_person=True)
    order = ShareOrder("SHARE00001", number, (a_share(name),))
    shown = repr(order) + repr(sharing.share(order)) + repr(sharing.query_share(*_of(order)))
    assert PERSON[name] not in shown


def _of(order: ShareOrder) -> tuple[str, str]:
    return order.number, order.payment_channel_number


# --- WeChat Pay alone ----------------------------------------------------------------------------


def test_a_share_before_its_minute_is_over_is_refused(channel: Served) -> None:
    channels = channel.channels()
    channels.pay_in(WECHAT).create(a_payment(to_be_shared=True))
    channel.pay(WECHAT, "PAY0000001")
    sharing = channels.sharing(WECHAT)
    sharing.add_receiver(PERSON[WECHAT], is_person=True)
    number = channels.pay_in(WECHAT).query("PAY0000001").channel_number
    with pytest.raises(ChannelRefused):
        sharing.share(ShareOrder("SHARE00001", number, (a_share(WECHAT),)))


def shared_with_a_firm(channel: Served) -> WeChatSharing:
    sharing = channel.channels().sharing(WECHAT)
    assert isinstance(sharing, WeChatSharing)
    number = paid(channel, WECHAT)
    sharing.add_receiver(FIRM[WECHAT], is_person=False, name="某某有限公司")
    sharing.add_receiver(PERSON[WECHAT], is_person=True)
    shares = (
        a_share(WECHAT), Share(FIRM[WECHAT], yuan("8.80"), "服务费", name="某某有限公司"),
    )  # fmt: skip
    sharing.share(ShareOrder("SHARE00001", number, shares))
    assert sharing.query_share("SHARE00001", number).state is ShareState.DONE
    return sharing


def test_a_firm_gives_its_share_back(channel: Served) -> None:
    sharing = shared_with_a_firm(channel)
    before = channel.balance("wechat/BASIC")
    for _ in range(2):
        state = sharing.give_back("RET0000001", "SHARE00001", FIRM[WECHAT], yuan("8.80"), "退")
        assert state is ShareState.DONE
    assert channel.balance("wechat/BASIC") - before == 880
    assert sharing.query_give_back("RET0000001", "SHARE00001") is ShareState.DONE
    assert sharing.query_give_back("NEVER00001", "SHARE00001") is ShareState.NOT_FOUND


def test_a_firm_gives_no_more_back_than_it_got(channel: Served) -> None:
    sharing = shared_with_a_firm(channel)
    with pytest.raises(ChannelRefused):
        sharing.give_back("RET0000001", "SHARE00001", FIRM[WECHAT], yuan("8.81"), "退")


def test_a_person_gives_nothing_back(channel: Served) -> None:
    sharing = shared_with_a_firm(channel)
    with pytest.raises(ChannelRefused):
        sharing.give_back("RET0000001", "SHARE00001", PERSON[WECHAT], yuan("1.00"), "退")


def test_a_receiver_s_name_arrives_sealed(channel: Served) -> None:
    channel.channels().sharing(WECHAT).add_receiver(
        FIRM[WECHAT], is_person=False, name="某某有限公司"
    )
    row = channel.row("receiver", FIRM[WECHAT], "account")
    assert row is not None
    assert row["name"] == "某某有限公司"
