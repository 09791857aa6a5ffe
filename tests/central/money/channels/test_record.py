"""Every outside call is a row before it is sent, on both engines."""

from __future__ import annotations

import pytest

from central.errors import ChannelRefused, ChannelUnknown, KeyReused
from central.foundation.db.engine import money_transaction, rows
from central.money.channels.ports import PayoutState
from central.money.channels.record import RecordedCalls, calls
from tests import builders as b
from tests.central.builders import Database, at_once
from tests.central.channel import WECHAT, Clock, Served, a_payout

HASH, OTHER = b"h" * 32, b"o" * 32


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def record(hub_database: Database, clock: Clock) -> RecordedCalls:
    return RecordedCalls(clock)


def test_a_call_is_there_before_it_is_answered(record: RecordedCalls, clock: Clock) -> None:
    call_id = record.begin(WECHAT, "transfer", "OUT0000001", HASH)
    [call] = calls("OUT0000001")
    assert (call.channel, call.kind, call.state) == (WECHAT, "transfer", "sent")
    assert (call.attempts, call.answered_at_s) == (1, None)
    clock.at_s += 3
    record.end(call_id, "answered", "")
    [call] = calls("OUT0000001")
    assert (call.state, call.sent_at_s, call.answered_at_s) == ("answered", b.NOW_S, b.NOW_S + 3)


def test_the_same_call_again_is_the_same_row(record: RecordedCalls, clock: Clock) -> None:
    first = record.begin(WECHAT, "transfer", "OUT0000001", HASH)
    record.end(first, "unknown", "timeout")
    clock.at_s += 60
    assert record.begin(WECHAT, "transfer", "OUT0000001", HASH) == first
    [call] = calls("OUT0000001")
    assert (call.state, call.attempts, call.last_code) == ("sent", 2, "timeout")
    assert (call.first_sent_at_s, call.sent_at_s) == (b.NOW_S, b.NOW_S + 60)
    assert call.answered_at_s is None


def test_a_number_never_goes_out_with_another_request(record: RecordedCalls) -> None:
    record.begin(WECHAT, "transfer", "OUT0000001", HASH)
    with pytest.raises(KeyReused):
        record.begin(WECHAT, "transfer", "OUT0000001", OTHER)
    [call] = calls("OUT0000001")
    assert call.attempts == 1


def test_other_channels_and_kinds_have_the_number_too(record: RecordedCalls) -> None:
    for channel, kind in ((WECHAT, "transfer"), (WECHAT, "transfer.query"), ("alipay", "transfer")):
        record.begin(channel, kind, "OUT0000001", HASH)
    assert len(calls("OUT0000001")) == 3


def test_two_at_once_are_one_row(record: RecordedCalls) -> None:
    ids = at_once(4, lambda _: record.begin(WECHAT, "transfer", "OUT0000001", HASH))
    assert len(set(map(str, ids))) == 1, ids
    [call] = calls("OUT0000001")
    assert call.attempts == 4


def test_nobody_calls_inside_of_a_transaction(record: RecordedCalls) -> None:
    with pytest.raises(AssertionError, match="inside of a transaction"):
        money_transaction(lambda: record.begin(WECHAT, "transfer", "OUT0000001", HASH))
    assert calls("OUT0000001") == []


def test_a_long_code_is_cut(record: RecordedCalls) -> None:
    call_id = record.begin(WECHAT, "transfer", "OUT0000001", HASH)
    record.end(call_id, "unknown", "X" * 200)
    assert calls("OUT0000001")[0].last_code == "X" * 64


def test_no_payee_and_no_name_is_in_the_record(hub_database: Database, channel: Served) -> None:
    order = a_payout(WECHAT)
    channel.channels(RecordedCalls(channel.clock)).payout(WECHAT).transfer(order)
    text = str(rows("SELECT * FROM channel_call"))
    assert order.payee.account not in text
    assert order.payee.name not in text


def test_the_record_of_a_bad_afternoon(hub_database: Database, channel: Served) -> None:
    out = channel.channels(RecordedCalls(channel.clock)).payout(WECHAT)
    channel.let("lost-after", "wechat.transfer")
    with pytest.raises(ChannelUnknown):
        out.transfer(a_payout(WECHAT))
    assert out.query("OUT0000001").state is PayoutState.WAITS_FOR_PAYEE
    with pytest.raises(KeyReused):
        out.transfer(a_payout(WECHAT, amount="121.00"))
    out.transfer(a_payout(WECHAT))
    with pytest.raises(ChannelRefused):
        out.cancel("NEVER00001")
    told = {(c.kind, c.state, c.attempts, c.last_code) for c in calls("OUT0000001")}
    assert told == {("transfer", "answered", 2, ""), ("transfer.query", "answered", 1, "")}
    assert calls("NEVER00001")[0].state == "refused"
    assert len(channel.world.books.rows("SELECT * FROM transfer")) == 1
