"""Messages: after the commit, never lost, again after a crash, and no poison stops the others."""

from __future__ import annotations

import peewee
import pytest

from central.errors import ChannelUnknown, KeyReused, NotFound
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.jobs import outbox
from central.foundation.jobs.alerts import alerts
from central.foundation.jobs.outbox import Courier, Message, Undeliverable, put
from central.foundation.jobs.when import LADDER_S
from tests.builders import NOW_S
from tests.central.builders import Database, at_once
from tests.central.foundation.jobs.test_schedule import Clock


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock()


def write(*keys: str) -> None:
    def work() -> None:
        for key in keys:
            put("mail", key, {"to": key}, NOW_S)

    money_transaction(work)


def state_of(key: str) -> str:
    [(state,)] = rows("SELECT state FROM outbox WHERE key = ?", (key,))
    return str(state)


def test_what_was_rolled_back_is_never_delivered(hub_database: Database, clock: Clock) -> None:
    def work() -> None:
        put("mail", "a", {}, NOW_S)
        raise RuntimeError("the order fails")

    with pytest.raises(RuntimeError):
        money_transaction(work)
    assert Courier({"mail": lambda _: None}, clock).run_due() == 0


def test_each_message_is_delivered_once(hub_database: Database, clock: Clock) -> None:
    got: list[Message] = []
    write("a", "b")
    write("a")  # the same again
    courier = Courier({"mail": got.append}, clock)
    assert courier.run_due() == 2
    assert courier.run_due() == 0
    assert [(m.key, m.body) for m in got] == [("a", {"to": "a"}), ("b", {"to": "b"})]


def test_one_key_is_one_message(hub_database: Database) -> None:
    write("a")
    with pytest.raises(KeyReused):
        money_transaction(lambda: put("mail", "a", {"to": "somebody else"}, NOW_S))


def test_two_couriers_share_the_work(hub_database: Database, clock: Clock) -> None:
    write(*(f"m{n}" for n in range(40)))
    got: list[str] = []
    at_once(4, lambda _: Courier({"mail": lambda m: got.append(m.key)}, clock).run_due())
    assert sorted(got) == sorted(f"m{n}" for n in range(40))


def test_a_message_that_fails_waits_ever_longer_while_others_pass(
    hub_database: Database, clock: Clock
) -> None:
    tried: list[int] = []

    def handle(message: Message) -> None:
        if message.key == "poison":
            tried.append(clock.now)
            raise ChannelUnknown("TIMEOUT")

    write("poison", "a")
    courier = Courier({"mail": handle}, clock)
    courier.run_due()
    assert state_of("a") == "sent"
    for wait in LADDER_S:
        clock.now += wait - 1
        assert courier.run_due() == 0
        clock.now += 1
        assert courier.run_due() == 1
    assert state_of("poison") == "dead"
    assert len(tried) == len(LADDER_S) + 1
    [alert] = alerts()
    assert (alert.kind, alert.subject) == ("message-dead", "mail poison")


def test_what_can_never_be_delivered_is_dead_at_once_and_may_be_sent_again(
    hub_database: Database, clock: Clock
) -> None:
    address_exists = False

    def handle(_: Message) -> None:
        if not address_exists:
            raise Undeliverable("there is no such mailbox")

    write("a")
    courier = Courier({"mail": handle}, clock)
    courier.run_due()
    assert state_of("a") == "dead"
    assert alerts()[0].said == "there is no such mailbox"
    [view] = outbox.messages("dead")
    address_exists = True
    outbox.send_again(view.id, clock.now)
    assert alerts() == []
    courier.run_due()
    assert state_of("a") == "sent"
    with pytest.raises(NotFound):
        outbox.send_again(view.id, clock.now)


def test_a_defect_of_a_handler_is_tried_again_and_says_no_secret(
    hub_database: Database, clock: Clock
) -> None:
    def handle(_: Message) -> None:
        raise ValueError("password=hunter2")

    write("a")
    Courier({"mail": handle}, clock).run_due()
    [view] = outbox.messages()
    assert (view.state, view.attempts) == ("waiting", 1)
    assert "hunter2" not in view.said


def test_a_courier_that_dies_leaves_its_message_to_another(
    hub_database: Database, clock: Clock
) -> None:
    class Killed(BaseException):
        pass

    def die(_: Message) -> None:
        raise Killed

    write("a")
    with pytest.raises(Killed):
        Courier({"mail": die}, clock).step()
    got: list[str] = []
    survivor = Courier({"mail": lambda m: got.append(m.key)}, clock)
    assert survivor.run_due() == 0
    clock.now += outbox.LEASE_S
    assert survivor.run_due() == 1
    assert got == ["a"]


def test_a_kind_that_nobody_handles_waits(hub_database: Database, clock: Clock) -> None:
    write("a")
    assert Courier({"sms": lambda _: None}, clock).run_due() == 0
    assert Courier({}, clock).run_due() == 0
    assert outbox.counts() == {"waiting": 1}


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM outbox",
        "UPDATE outbox SET body = '{}'",
        "UPDATE outbox SET key = 'b'",
        "UPDATE outbox SET state = 'waiting', done_at_s = NULL",
    ],
)
def test_the_database_keeps_what_was_sent(hub_database: Database, clock: Clock, sql: str) -> None:
    write("a")
    Courier({"mail": lambda _: None}, clock).run_due()
    with pytest.raises(peewee.DatabaseError, match="jobs:"):
        change(sql)
