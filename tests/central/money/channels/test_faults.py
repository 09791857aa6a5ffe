"""Every operation, every fault of the channel: what is not known is never called a refusal.

The simulator does what it was asked for, or not, and then answers as a channel does on a bad day.
The adapters must say "unknown", and the identical request afterwards must end as if nothing had
happened: done once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from central.money.channels.alipay.pay_in import AlipayIn
from central.money.channels.gather import Channels
from central.money.channels.ports import (
    ChannelRefused,
    ChannelUnknown,
    PaymentState,
    PayoutState,
    Share,
    ShareOrder,
)
from central.money.channels.wechat_pay.payout import WeChatPayout
from central.money.channels.wechat_pay.sharing import WeChatSharing
from central.simulators.channel import buyer, keys
from central.simulators.channel.faults import ANSWER_FAULTS
from tests.central.channel import (
    ALIPAY,
    WECHAT,
    Notes,
    Served,
    a_payment,
    a_payout,
    a_refund,
    an_in_app_payment,
    yuan,
)

FAULTS = sorted(set(ANSWER_FAULTS) - {"slow"})
Step = Callable[[Served, Channels, str], object]


@dataclass(frozen=True)
class Operation:
    """One thing that can be asked of a channel."""

    name: str
    act: Step
    prepare: Step | None = None
    says_number: bool = True
    """Whether its answer says what it is about; WeChat Pay's does not always."""


def _payout(channels: Channels) -> WeChatPayout:
    found = channels.payout(WECHAT)
    assert isinstance(found, WeChatPayout)
    return found


def _sharing(channels: Channels) -> WeChatSharing:
    found = channels.sharing(WECHAT)
    assert isinstance(found, WeChatSharing)
    return found


def _alipay(channels: Channels) -> AlipayIn:
    found = channels.pay_in(ALIPAY)
    assert isinstance(found, AlipayIn)
    return found


def _asked(name: str) -> Step:
    def prepare(served: Served, channels: Channels, n: str) -> None:
        channels.pay_in(name).create(a_payment(f"PAY{n}", clock=served.clock()))
        if name == ALIPAY:
            buyer.scan(served.world, f"PAY{n}")

    return prepare


def _paid(name: str) -> Step:
    def prepare(served: Served, channels: Channels, n: str) -> None:
        order = a_payment(f"PAY{n}", clock=served.clock(), to_be_shared=True)
        channels.pay_in(name).create(order)
        served.pay(name, f"PAY{n}")
        served.forward(60)

    return prepare


def _refunded(name: str) -> Step:
    def prepare(served: Served, channels: Channels, n: str) -> None:
        _paid(name)(served, channels, n)
        channels.pay_in(name).refund(a_refund(f"PAY{n}", f"BACK{n}"))

    return prepare


def _sent(name: str) -> Step:
    def prepare(_: Served, channels: Channels, n: str) -> None:
        channels.payout(name).transfer(a_payout(name, f"OUT{n}"))

    return prepare


PERSON = {WECHAT: "oPromoter000000000000000001", ALIPAY: "2088000000000555"}
FIRM = "1900000555"


def _channel_number(served: Served, n: str) -> str:
    row = served.row("payment", f"PAY{n}")
    assert row is not None
    return str(row["channel_no"])


def _share(name: str) -> Step:
    def act(served: Served, channels: Channels, n: str) -> object:
        parts = [Share(PERSON[name], yuan("1.00"), "佣金", is_person=True)]
        if name == WECHAT:
            parts.append(Share(FIRM, yuan("2.00"), "服务费"))
        order = ShareOrder(f"SHARE{n}", _channel_number(served, n), tuple(parts))
        return channels.sharing(name).share(order)

    return act


def _to_be_shared(name: str) -> Step:
    def prepare(served: Served, channels: Channels, n: str) -> None:
        _paid(name)(served, channels, n)
        channels.sharing(name).add_receiver(PERSON[name], is_person=True)
        if name == WECHAT:
            channels.sharing(name).add_receiver(FIRM, is_person=False, name="某某有限公司")

    return prepare


def _shared(name: str) -> Step:
    def prepare(served: Served, channels: Channels, n: str) -> None:
        _to_be_shared(name)(served, channels, n)
        _share(name)(served, channels, n)
        channels.sharing(name).query_share(f"SHARE{n}", _channel_number(served, n))

    return prepare


def _given_back(served: Served, channels: Channels, n: str) -> None:
    _shared(WECHAT)(served, channels, n)
    _sharing(channels).give_back(f"RET{n}", f"SHARE{n}", FIRM, yuan("1.00"), "退")


def _consent_asked(_: Served, channels: Channels, n: str) -> object:
    return _payout(channels).ask_consent(f"AUTH{n}", f"oPayee{n}", "小王")


def _consented(served: Served, channels: Channels, n: str) -> None:
    _consent_asked(served, channels, n)
    buyer.consent(served.world, f"AUTH{n}")


def _transfer_under_consent(_: Served, channels: Channels, n: str) -> object:
    out = _payout(channels)
    consent = out.query_consent(f"AUTH{n}").id
    return out.transfer(a_payout(WECHAT, f"OUT{n}", authorization_id=consent))


MOVES = [
    Operation(
        "wechat.pay.native",
        lambda s, c, n: c.pay_in(WECHAT).create(a_payment(f"PAY{n}", clock=s.clock())),
        says_number=False,
    ),
    Operation(
        "wechat.pay.jsapi",
        lambda _, c, n: c.pay_in(WECHAT).create(an_in_app_payment(f"PAY{n}", keys.OPENID)),
        says_number=False,
    ),
    Operation(
        "wechat.pay.close", lambda _, c, n: c.pay_in(WECHAT).close(f"PAY{n}"), _asked(WECHAT),
        says_number=False,
    ),
    Operation(
        "wechat.refund",
        lambda _, c, n: c.pay_in(WECHAT).refund(a_refund(f"PAY{n}", f"BACK{n}")), _paid(WECHAT),
    ),
    Operation(
        "wechat.transfer",
        lambda _, c, n: c.payout(WECHAT).transfer(a_payout(WECHAT, f"OUT{n}")),
    ),
    Operation("wechat.transfer", _transfer_under_consent, _consented),
    Operation(
        "wechat.transfer.cancel", lambda _, c, n: c.payout(WECHAT).cancel(f"OUT{n}"),
        _sent(WECHAT),
    ),
    Operation("wechat.authorize", _consent_asked),
    Operation(
        "wechat.authorize.close", lambda _, c, n: _payout(c).end_consent(f"AUTH{n}"), _consented
    ),
    Operation(
        "wechat.share.receiver",
        lambda _, c, n: c.sharing(WECHAT).add_receiver(f"oPerson{n}", is_person=True),
        says_number=False,
    ),
    Operation("wechat.share", _share(WECHAT), _to_be_shared(WECHAT)),
    Operation(
        "wechat.share.unfreeze",
        lambda s, c, n: c.sharing(WECHAT).unfreeze(f"FREE{n}", _channel_number(s, n), "没有推广"),
        _paid(WECHAT),
    ),
    Operation(
        "wechat.share.return",
        lambda _, c, n: _sharing(c).give_back(f"RET{n}", f"SHARE{n}", FIRM, yuan("1.00"), "退"),
        _shared(WECHAT),
    ),
    Operation(
        "alipay.trade.precreate",
        lambda s, c, n: c.pay_in(ALIPAY).create(a_payment(f"PAY{n}", clock=s.clock())),
    ),
    Operation(
        "alipay.trade.close", lambda _, c, n: c.pay_in(ALIPAY).close(f"PAY{n}"), _asked(ALIPAY)
    ),
    Operation(
        "alipay.trade.cancel", lambda _, c, n: _alipay(c).cancel(f"PAY{n}"), _asked(ALIPAY)
    ),
    Operation(
        "alipay.trade.refund",
        lambda _, c, n: c.pay_in(ALIPAY).refund(a_refund(f"PAY{n}", f"BACK{n}")), _paid(ALIPAY),
    ),
    Operation(
        "alipay.fund.trans.uni.transfer",
        lambda _, c, n: c.payout(ALIPAY).transfer(a_payout(ALIPAY, f"OUT{n}")),
    ),
    Operation(
        "alipay.trade.royalty.relation.bind",
        lambda _, c, n: c.sharing(ALIPAY).add_receiver(f"2088{n}"[:16], is_person=True),
        says_number=False,
    ),
    Operation("alipay.trade.order.settle", _share(ALIPAY), _to_be_shared(ALIPAY)),
]  # fmt: skip

QUERIES = [
    Operation("wechat.pay.query", lambda _, c, n: c.pay_in(WECHAT).query(f"PAY{n}"), _paid(WECHAT)),
    Operation(
        "wechat.refund.query",
        lambda _, c, n: c.pay_in(WECHAT).query_refund(f"PAY{n}", f"BACK{n}"), _refunded(WECHAT),
    ),
    Operation(
        "wechat.transfer.query", lambda _, c, n: c.payout(WECHAT).query(f"OUT{n}"), _sent(WECHAT)
    ),
    Operation(
        "wechat.authorize.query", lambda _, c, n: _payout(c).query_consent(f"AUTH{n}"), _consented
    ),
    Operation(
        "wechat.share.query",
        lambda s, c, n: c.sharing(WECHAT).query_share(f"SHARE{n}", _channel_number(s, n)),
        _shared(WECHAT),
    ),
    Operation(
        "wechat.share.return.query",
        lambda _, c, n: _sharing(c).query_give_back(f"RET{n}", f"SHARE{n}"), _given_back,
    ),
    Operation(
        "alipay.trade.query", lambda _, c, n: c.pay_in(ALIPAY).query(f"PAY{n}"), _paid(ALIPAY)
    ),
    Operation(
        "alipay.trade.fastpay.refund.query",
        lambda _, c, n: c.pay_in(ALIPAY).query_refund(f"PAY{n}", f"BACK{n}"), _refunded(ALIPAY),
    ),
    Operation(
        "alipay.fund.trans.common.query", lambda _, c, n: c.payout(ALIPAY).query(f"OUT{n}"),
        _sent(ALIPAY),
    ),
    Operation(
        "alipay.trade.order.settle.query",
        lambda s, c, n: c.sharing(ALIPAY).query_share(f"SHARE{n}", _channel_number(s, n)),
        _shared(ALIPAY),
    ),
]  # fmt: skip


def _id(operation: Operation) -> str:
    return operation.name


def _is_harmless(fault: str, operation: Operation) -> bool:
    return fault == "brace" or (fault == "other-number" and not operation.says_number)


def _money(served: Served) -> dict[str, int]:
    rows = served.world.books.rows("SELECT * FROM account")
    return {row["name"]: row["balance"] for row in rows}


def _numbers(served: Served) -> list[int]:
    tables = ("payment", "refund", "transfer", "consent", "sharing", "share", "give_back")
    found = []
    for table in tables:
        [row] = served.world.books.rows(f"SELECT count(*) AS n FROM {table}")
        found.append(row["n"])
    return found


@pytest.mark.parametrize("operation", MOVES, ids=_id)
def test_whatever_goes_wrong_it_is_unknown_and_the_same_again_does_it_once(
    channel: Served, operation: Operation
) -> None:
    notes = Notes()
    channels = channel.channels(notes)
    for place, fault in enumerate(FAULTS):
        n = f"{place + 1:012d}"
        if operation.prepare:
            operation.prepare(channel, channels, n)
        before, moved_before = _numbers(channel), _money(channel)
        channel.let(fault, operation.name)
        if _is_harmless(fault, operation):
            operation.act(channel, channels, n)
        else:
            with pytest.raises(ChannelUnknown) as failure:
                operation.act(channel, channels, n)
            assert failure.value.code, fault
            assert notes.ended[-1] == ("unknown", failure.value.code)
        assert channel.world.faults.waiting() == [], f"{fault} has not happened"
        if fault.endswith("-before") or fault == "new-code":
            assert (_numbers(channel), _money(channel)) == (before, moved_before), fault
        operation.act(channel, channels, n)
        after, moved_after = _numbers(channel), _money(channel)
        operation.act(channel, channels, n)
        assert (_numbers(channel), _money(channel)) == (after, moved_after), fault
        assert sum(after) - sum(before) <= 3, "one row, or one with the shares in it"


@pytest.mark.parametrize("operation", QUERIES, ids=_id)
def test_a_question_that_was_not_answered_is_unknown_and_never_not_found(
    channel: Served, operation: Operation
) -> None:
    channels = channel.channels()
    n = "000000000001"
    assert operation.prepare
    operation.prepare(channel, channels, n)
    known = operation.act(channel, channels, n)
    for fault in FAULTS:
        channel.let(fault, operation.name)
        if _is_harmless(fault, operation):
            assert operation.act(channel, channels, n) == known
        else:
            with pytest.raises(ChannelUnknown):
                operation.act(channel, channels, n)
        assert channel.world.faults.waiting() == [], f"{fault} has not happened"
    assert operation.act(channel, channels, n) == known


@pytest.mark.parametrize("name", [WECHAT, ALIPAY])
@pytest.mark.parametrize(
    "fault",
    ["no-signature", "wrong-signature", "unknown-serial", "stale", "lost-after", "error-after"],
)
def test_a_refusal_that_cannot_be_believed_is_none(channel: Served, name: str, fault: str) -> None:
    """Who sets a hold free because of a forged refusal pays twice."""
    money_in = channel.channels().pay_in(name)
    money_in.create(a_payment())
    channel.pay(name, "PAY0000001")
    channel.let(fault)
    with pytest.raises(ChannelUnknown):
        money_in.close("PAY0000001")
    with pytest.raises(ChannelRefused):
        money_in.close("PAY0000001")


@pytest.mark.parametrize("name", [WECHAT, ALIPAY])
@pytest.mark.parametrize("fault", ["no-signature", "wrong-signature", "unknown-serial"])
def test_that_there_is_no_such_number_must_be_signed_too(
    channel: Served, name: str, fault: str
) -> None:
    """Who repeats a payout because of a forged "not found" may pay twice."""
    out = channel.channels().payout(name)
    channel.let(fault)
    with pytest.raises(ChannelUnknown):
        out.query("OUT0000001")
    assert out.query("OUT0000001").state is PayoutState.NOT_FOUND


@pytest.mark.parametrize("name", [WECHAT, ALIPAY])
def test_an_answer_that_does_not_come_in_time_is_unknown(channel: Served, name: str) -> None:
    patient = channel.channels()
    for section in ("wechat_pay", "alipay"):
        channel.add(section, "timeout_s = 0.5")
    channel.let("slow")
    with pytest.raises(ChannelUnknown) as failure:
        channel.channels().payout(name).transfer(a_payout(name))
    assert failure.value.code == "timeout"
    assert channel.server.hangs.wait(30), "the request arrived"
    channel.server.go_on.set()
    assert patient.payout(name).query("OUT0000001").state is not PayoutState.NOT_FOUND
    assert len(channel.world.books.rows("SELECT * FROM transfer")) == 1


@pytest.mark.parametrize("name", [WECHAT, ALIPAY])
def test_nobody_listens(channel: Served, name: str) -> None:
    channel.set("base_url", '"http://127.0.0.1:1"')
    with pytest.raises(ChannelUnknown) as failure:
        channel.channels().payout(name).transfer(a_payout(name))
    assert failure.value.code == "no-answer"


def test_a_swarm_of_faults_moves_no_money_twice(channel: Served) -> None:
    """Every third request goes wrong; each number is sent until it is known to be done."""
    channels = channel.channels()
    channel.world.faults.swarm(seed=7, per_mille=350)
    failures = 0
    for place in range(12):
        name = (WECHAT, ALIPAY)[place % 2]
        out, number = channels.payout(name), f"OUT{place:012d}"
        state = PayoutState.NOT_FOUND
        while state is PayoutState.NOT_FOUND:
            try:
                state = out.query(number).state
                if state is PayoutState.NOT_FOUND:
                    state = out.transfer(a_payout(name, number, "1.00")).state
            except ChannelUnknown:
                failures += 1
        if name == WECHAT:
            buyer.confirm(channel.world, number)
    channel.world.faults.clear()
    assert failures > 5
    assert len(channel.world.books.rows("SELECT * FROM transfer")) == 12
    assert channel.balance("wechat/OPERATION") == 1_000_000_00 - 600
    assert channel.balance("alipay/BASIC") == 1_000_000_00 - 600


def test_an_unknown_payment_is_found_by_its_number(channel: Served) -> None:
    money_in = channel.channels().pay_in(WECHAT)
    channel.let("lost-after", "wechat.pay")
    with pytest.raises(ChannelUnknown):
        money_in.create(a_payment())
    assert money_in.query("PAY0000001").state is PaymentState.OPEN
