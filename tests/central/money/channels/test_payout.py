"""Money out, against the simulator: confirmed by the payee, consented to, stopped, failed."""

from __future__ import annotations

import pytest

from central.errors import ConfigInvalid, NotFound
from central.money.channels.alipay.payout import AlipayOut
from central.money.channels.model import AuthorizationState
from central.money.channels.ports import (
    ChannelRefused,
    ChannelUnknown,
    Payee,
    PayoutOrder,
    PayoutState,
)
from central.money.channels.wechat_pay.payout import WeChatPayout
from central.simulators.channel import buyer, keys
from tests import builders as b
from tests.central.channel import (
    ALIPAY,
    CHANNELS,
    DAY_S,
    WECHAT,
    Served,
    a_payout,
    yuan,
)

both = pytest.mark.parametrize("name", CHANNELS)


def wechat(channel: Served) -> WeChatPayout:
    found = channel.channels().payout(WECHAT)
    assert isinstance(found, WeChatPayout)
    return found


def know(channel: Served, account: str, name: str) -> None:
    """Let the simulator know what somebody is really called."""
    channel.world.books.run("INSERT INTO receiver VALUES ('person', ?, '', ?)", account, name)


# --- WeChat Pay: confirmed by the payee ----------------------------------------------------------


def test_a_transfer_waits_for_its_payee_and_is_made_when_he_confirms(channel: Served) -> None:
    out = wechat(channel)
    asked = out.transfer(a_payout(WECHAT))
    assert asked.state is PayoutState.WAITS_FOR_PAYEE
    assert asked.package_info
    assert asked.confirm_until_s == b.NOW_S + DAY_S
    assert not asked.state.is_final
    before = channel.balance("wechat/OPERATION")
    buyer.confirm(channel.world, "OUT0000001")
    made = out.query("OUT0000001")
    assert (made.state, made.amount, made.payee) == (PayoutState.PAID, yuan("120.00"), keys.OPENID)
    assert (made.done_at_s, made.confirm_until_s) == (b.NOW_S, None)
    assert before - channel.balance("wechat/OPERATION") == 12000


def test_the_payee_s_name_arrives_sealed(channel: Served) -> None:
    wechat(channel).transfer(a_payout(WECHAT))
    row = channel.row("transfer", "OUT0000001")
    assert row is not None
    assert row["name"] == "王小明"


def test_a_name_that_is_not_the_payee_s_fails_the_transfer(channel: Served) -> None:
    know(channel, keys.OPENID, "王大明")
    out = wechat(channel)
    out.transfer(a_payout(WECHAT))
    buyer.confirm(channel.world, "OUT0000001")
    failed = out.query("OUT0000001")
    assert (failed.state, failed.fail_code) == (PayoutState.FAILED, "NAME_NOT_CORRECT")


def test_below_thirty_fen_no_name_is_sent(channel: Served) -> None:
    wechat(channel).transfer(a_payout(WECHAT, amount="0.29"))
    row = channel.row("transfer", "OUT0000001")
    assert row is not None
    assert row["name"] == ""


@pytest.mark.parametrize(
    ("amount", "name", "code"), [("0.09", "王小明", "too-little"), ("2000.00", "", "no-name")]
)
def test_what_wechat_pay_does_not_take_is_not_sent(
    channel: Served, amount: str, name: str, code: str
) -> None:
    with pytest.raises(ChannelRefused) as refusal:
        wechat(channel).transfer(a_payout(WECHAT, amount=amount, name=name))
    assert refusal.value.code == code
    assert channel.world.books.rows("SELECT * FROM request") == []


def test_a_transfer_that_nobody_confirms_fails_after_a_day(channel: Served) -> None:
    out = wechat(channel)
    out.transfer(a_payout(WECHAT))
    channel.forward(DAY_S - 1)
    assert out.query("OUT0000001").state is PayoutState.WAITS_FOR_PAYEE
    channel.forward(1)
    failed = out.query("OUT0000001")
    assert (failed.state, failed.fail_code) == (PayoutState.FAILED, "OVERDUE_CLOSE")


def test_the_channel_may_close_late(channel: Served) -> None:
    """Our own clock is no reason to call a transfer failed."""
    channel.let("close-late")
    out = wechat(channel)
    out.transfer(a_payout(WECHAT))
    channel.forward(2 * DAY_S)
    late = out.query("OUT0000001")
    assert late.state is PayoutState.WAITS_FOR_PAYEE
    assert late.confirm_until_s is not None
    assert late.confirm_until_s < channel.clock()


def test_a_transfer_whose_time_was_up_at_once(channel: Served) -> None:
    channel.let("expired")
    out = wechat(channel)
    out.transfer(a_payout(WECHAT))
    assert out.query("OUT0000001").fail_code == "OVERDUE_CLOSE"


# --- WeChat Pay: stopped -------------------------------------------------------------------------


def test_a_transfer_that_waits_can_be_stopped(channel: Served) -> None:
    out = wechat(channel)
    out.transfer(a_payout(WECHAT))
    assert out.cancel("OUT0000001").state is PayoutState.CANCELLING
    stopped = out.query("OUT0000001")
    assert stopped.state is PayoutState.CANCELLED
    assert stopped.state.is_final
    assert channel.balance("wechat/OPERATION") == 1_000_000_00


def test_a_transfer_that_was_confirmed_cannot_be_stopped(channel: Served) -> None:
    out = wechat(channel)
    out.transfer(a_payout(WECHAT))
    buyer.confirm(channel.world, "OUT0000001")
    with pytest.raises(ChannelRefused):
        out.cancel("OUT0000001")
    assert out.query("OUT0000001").state is PayoutState.PAID


def test_a_number_that_was_never_sent_cannot_be_stopped(channel: Served) -> None:
    with pytest.raises(ChannelRefused) as refusal:
        wechat(channel).cancel("NEVER00001")
    assert refusal.value.code == "NOT_FOUND"


# --- WeChat Pay: consent -------------------------------------------------------------------------


def test_under_a_standing_consent_nothing_is_confirmed(channel: Served) -> None:
    out = wechat(channel)
    asked = out.ask_consent("AUTH000001", keys.OPENID, "小王的推广")
    assert (asked.state, asked.id) == (AuthorizationState.WAITS_FOR_PAYEE, "")
    assert asked.package_info
    buyer.consent(channel.world, "AUTH000001")
    granted = out.query_consent("AUTH000001")
    assert (granted.state, granted.payee) == (AuthorizationState.IN_FORCE, keys.OPENID)
    assert granted.id
    out.transfer(a_payout(WECHAT, authorization_id=granted.id))
    assert out.query("OUT0000001").state is PayoutState.PAID


def test_a_consent_can_be_ended(channel: Served) -> None:
    out = wechat(channel)
    out.ask_consent("AUTH000001", keys.OPENID, "小王的推广")
    buyer.consent(channel.world, "AUTH000001")
    consent = out.query_consent("AUTH000001").id
    assert out.end_consent("AUTH000001").state is AuthorizationState.CLOSED
    with pytest.raises(ChannelUnknown) as failure:
        out.transfer(a_payout(WECHAT, authorization_id=consent))
    assert failure.value.code == "NO_AUTH"
    assert out.query("OUT0000001").state is PayoutState.NOT_FOUND


def test_a_consent_that_nobody_gives_is_closed_after_a_day(channel: Served) -> None:
    out = wechat(channel)
    out.ask_consent("AUTH000001", keys.OPENID, "小王的推广")
    channel.forward(DAY_S)
    assert out.query_consent("AUTH000001").state is AuthorizationState.CLOSED


def test_nobody_consents_twice(channel: Served) -> None:
    out = wechat(channel)
    out.ask_consent("AUTH000001", keys.OPENID, "小王的推广")
    buyer.consent(channel.world, "AUTH000001")
    with pytest.raises(ChannelRefused):
        out.ask_consent("AUTH000002", keys.OPENID, "小王的推广")


def test_a_consent_that_was_never_asked_for_is_not_found(channel: Served) -> None:
    out = wechat(channel)
    assert out.query_consent("NEVER00001").state is AuthorizationState.NOT_FOUND
    with pytest.raises(ChannelRefused):
        out.end_consent("NEVER00001")


# --- Alipay --------------------------------------------------------------------------------------


def test_a_transfer_of_alipay_s_is_made_at_once(channel: Served) -> None:
    out = channel.channels().payout(ALIPAY)
    made = out.transfer(a_payout(ALIPAY))
    assert (made.state, made.done_at_s) == (PayoutState.PAID, b.NOW_S)
    found = out.query("OUT0000001")
    assert (found.state, found.amount) == (PayoutState.PAID, yuan("120.00"))
    assert found.channel_number == made.channel_number
    assert channel.balance("alipay/BASIC") == 1_000_000_00 - 12000


def test_alipay_stops_nothing(channel: Served) -> None:
    out = channel.channels().payout(ALIPAY)
    assert not out.can_cancel
    with pytest.raises(ChannelRefused):
        out.cancel("OUT0000001")


@pytest.mark.parametrize(
    ("account", "name", "kind"),
    [
        ("2088123456789012", "", "ALIPAY_USER_ID"),
        ("li@example.com", "李四", "ALIPAY_LOGON_ID"),
        ("13800138000", "李四", "ALIPAY_LOGON_ID"),
        ("074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoCo5", "", "ALIPAY_OPEN_ID"),
    ],
)
def test_an_account_s_kind_is_told_by_its_looks(
    channel: Served, account: str, name: str, kind: str
) -> None:
    """The simulator takes an account of the right kind only."""
    out = channel.channels().payout(ALIPAY)
    for number, payee in (("OUT0000001", Payee(account, name)),
                          ("OUT0000002", Payee(account, name, kind))):  # fmt: skip
        made = out.transfer(PayoutOrder(number, payee, yuan("1.00"), "佣金"))
        assert made.state is PayoutState.PAID


def test_a_login_needs_a_name(channel: Served) -> None:
    out = channel.channels().payout(ALIPAY)
    with pytest.raises(ChannelRefused) as refusal:
        out.transfer(PayoutOrder("OUT0000001", Payee("li@example.com"), yuan("1.00"), "佣金"))
    assert refusal.value.code == "no-name"


def test_a_name_that_is_not_the_payee_s_is_refused_by_alipay(channel: Served) -> None:
    know(channel, "2088123456789012", "王大明")
    with pytest.raises(ChannelRefused) as refusal:
        channel.channels().payout(ALIPAY).transfer(a_payout(ALIPAY))
    assert refusal.value.code == "PAYEE_USER_INFO_ERROR"


def test_less_than_ten_fen_is_not_sent(channel: Served) -> None:
    with pytest.raises(ChannelRefused) as refusal:
        channel.channels().payout(ALIPAY).transfer(a_payout(ALIPAY, amount="0.09"))
    assert refusal.value.code == "too-little"


def test_alipay_pays_nobody_out_without_certificates(channel: Served) -> None:
    with_public_key(channel)
    channels = channel.channels()
    with pytest.raises(NotFound):
        channels.payout(ALIPAY)
    assert channels.alipay is not None
    with pytest.raises(ConfigInvalid, match="certificates"):
        AlipayOut(channels.alipay)


def with_public_key(channel: Served) -> None:
    """Set Alipay up with a public key instead of certificates."""
    for setting in ("app_cert_file", "alipay_cert_files", "root_cert_file"):
        channel.set(setting, "")
    channel.add("alipay", 'public_key_file = "alipay_public_key.pem"')


# --- both ----------------------------------------------------------------------------------------


@both
def test_a_transfer_that_was_sent_twice_is_one(channel: Served, name: str) -> None:
    out = channel.channels().payout(name)
    first, second = (out.transfer(a_payout(name)) for _ in range(2))
    assert (first.state, first.channel_number) == (second.state, second.channel_number)
    assert len(channel.world.books.rows("SELECT * FROM transfer")) == 1


@both
def test_the_same_number_for_another_is_no_refusal(channel: Served, name: str) -> None:
    """Something exists under it; nothing may be set free."""
    out = channel.channels().payout(name)
    out.transfer(a_payout(name))
    with pytest.raises(ChannelUnknown):
        out.transfer(a_payout(name, amount="121.00"))


@both
def test_a_number_that_was_never_sent_is_not_found(channel: Served, name: str) -> None:
    assert channel.channels().payout(name).query("NEVER00001").state is PayoutState.NOT_FOUND


@both
def test_an_empty_account_is_no_refusal(channel: Served, name: str) -> None:
    """The same number may be sent again once there is money."""
    account = {WECHAT: "wechat/OPERATION", ALIPAY: "alipay/BASIC"}[name]
    channel.world.books.run("UPDATE account SET balance = 11999 WHERE name = ?", account)
    out = channel.channels().payout(name)
    with pytest.raises(ChannelUnknown) as failure:
        out.transfer(a_payout(name))
    assert failure.value.code in {"NOT_ENOUGH", "PAYER_BALANCE_NOT_ENOUGH"}
    channel.world.books.run("UPDATE account SET balance = 12000 WHERE name = ?", account)
    assert out.transfer(a_payout(name)).state is not PayoutState.FAILED


@both
def test_a_payee_is_in_no_representation(channel: Served, name: str) -> None:
    order = a_payout(name)
    out = channel.channels().payout(name)
    shown = repr(order) + repr(out.transfer(order)) + repr(out.query(order.number))
    assert order.payee.account not in shown
    assert order.payee.name not in shown
