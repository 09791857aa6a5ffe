"""A callback is one row, however often it comes; and somebody is woken once, on both engines."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from central.errors import CallbackRefused
from central.foundation.db.engine import rows
from central.money.channels.ports import Event, EventKind
from central.money.channels.take_in import take_in
from tests import builders as b
from tests.central.builders import Database, at_once
from tests.central.channel import yuan

EVENT = Event(
    channel="wechat-pay", event_id="EV-1", kind=EventKind.PAYMENT,
    event_type="TRANSACTION.SUCCESS", number="PAY0000001", amount=yuan("88.00"),
    body_sha256=b"h" * 32, created_at_s=b.NOW_S,
)  # fmt: skip


def bent(**fields: Any) -> Event:
    return dataclasses.replace(EVENT, **fields)


def inbox() -> list[tuple[Any, ...]]:
    return [
        tuple(row)
        for row in rows(
            "SELECT channel, event_id, kind, number, amount_minor, currency, deliveries"
            " FROM channel_inbox ORDER BY id"
        )
    ]


def test_a_callback_is_written_down_and_wakes_who_waits(hub_database: Database) -> None:
    woken: list[Event] = []
    wake = {EventKind.PAYMENT: woken.append}
    assert take_in(EVENT, wake, b.NOW_S)
    assert inbox() == [("wechat-pay", "EV-1", "payment", "PAY0000001", 8800, "CNY", 1)]
    assert woken == [EVENT]


def test_it_comes_again_and_nobody_is_woken(hub_database: Database) -> None:
    woken: list[Event] = []
    wake = {EventKind.PAYMENT: woken.append}
    told = [take_in(EVENT, wake, b.NOW_S + n) for n in range(3)]
    assert told == [True, False, False]
    assert len(woken) == 1
    assert inbox()[0][-1] == 3


def test_the_same_id_with_another_word_is_refused(hub_database: Database) -> None:
    take_in(EVENT, {}, b.NOW_S)
    with pytest.raises(CallbackRefused, match="something else"):
        take_in(bent(body_sha256=b"o" * 32), {}, b.NOW_S)
    assert inbox()[0][-1] == 1


def test_the_same_id_at_another_channel_is_another(hub_database: Database) -> None:
    assert take_in(EVENT, {}, b.NOW_S)
    assert take_in(bent(channel="alipay"), {}, b.NOW_S)


def test_what_nobody_waits_for_is_written_down(hub_database: Database) -> None:
    assert take_in(bent(kind=EventKind.OTHER, number="", amount=None), {}, b.NOW_S)
    assert inbox() == [("wechat-pay", "EV-1", "other", "", None, None, 1)]


def test_who_cannot_be_woken_leaves_no_row(hub_database: Database) -> None:
    """The channel repeats it, and then it wakes."""

    def fail(_: Event) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        take_in(EVENT, {EventKind.PAYMENT: fail}, b.NOW_S)
    assert inbox() == []
    assert take_in(EVENT, {}, b.NOW_S)


def test_two_at_once_are_one(hub_database: Database) -> None:
    woken: list[Event] = []
    wake = {EventKind.PAYMENT: woken.append}
    told = at_once(4, lambda _: take_in(EVENT, wake, b.NOW_S))
    assert sorted(map(str, told)) == ["False", "False", "False", "True"]
    assert inbox()[0][-1] == 4
