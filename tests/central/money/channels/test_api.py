"""Callbacks, from the simulator into the hub: believed, refused, repeated, and never acted upon."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from central.foundation.db.engine import rows
from central.money.channels import api
from central.money.channels.gather import Channels
from central.money.channels.ports import Event, EventKind
from central.money.channels.record import RecordedCalls
from central.simulators.channel import buyer
from central.simulators.channel.deliver import LADDER_S, Message, deliver_due
from tests import builders as b
from tests.central.builders import Database, an_app
from tests.central.channel import (
    ALIPAY,
    CHANNELS,
    WECHAT,
    Served,
    a_payment,
    a_payout,
    a_refund,
)

both = pytest.mark.parametrize("name", CHANNELS)
PATHS = {WECHAT: "/callbacks/wechat-pay", ALIPAY: "/callbacks/alipay"}


@dataclass
class Hub:
    """The hub, and the channel that calls it."""

    channel: Served
    channels: Channels
    client: FlaskClient
    answers: list[tuple[int, str]] = field(default_factory=list)

    def paid(self, name: str, number: str = "PAY0000001") -> None:
        """Let a payment of 88.00 be paid; a callback waits then."""
        order = a_payment(number, clock=self.channel.clock())
        self.channels.pay_in(name).create(order)
        self.channel.pay(name, number)

    def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        """Bring a callback to the hub as the simulator does."""
        path = "/" + url.split("/", 3)[3]
        answer = self.client.post(path, data=body, headers=dict(headers))
        self.answers.append((answer.status_code, answer.text))
        return self.answers[-1]

    def deliver(self) -> list[tuple[int, str]]:
        """Deliver what is due; return what the hub has answered."""
        self.answers.clear()
        deliver_due(self.channel.world, self.send)
        return list(self.answers)

    def bring(self, name: str, message: Message) -> tuple[int, str]:
        """Bring one message."""
        return self.send(f"http://hub{PATHS[name]}", message.body, message.headers)


@pytest.fixture
def hub(hub_database: Database, channel: Served) -> Hub:
    home = hub_database.sqlite_file.parent
    shutil.copytree(channel.settings_file.parent, home, dirs_exist_ok=True)
    client = an_app(hub_database, channel.clock).test_client()
    return Hub(channel, channel.channels(), client)


def inbox() -> list[tuple[Any, ...]]:
    return [
        tuple(row)
        for row in rows(
            "SELECT channel, kind, number, amount_minor, deliveries FROM channel_inbox ORDER BY id"
        )
    ]


# --- believed ------------------------------------------------------------------------------------


@both
def test_a_callback_is_taken_in_and_answered(hub: Hub, name: str) -> None:
    hub.paid(name)
    assert hub.deliver() == [{WECHAT: (204, ""), ALIPAY: (200, "success")}[name]]
    assert inbox() == [(name, "payment", "PAY0000001", 8800, 1)]
    [row] = hub.channel.world.books.rows("SELECT state FROM callback")
    assert row["state"] == "taken"


def test_a_certificate_s_signature_does_as_well_as_the_public_key_s(hub: Hub) -> None:
    assert hub.channels.wechat_pay is not None
    hub.channels.wechat_pay.refresh_certificates()
    pem = hub.channel.world.keys.signing
    folder = hub.channel.directory.parent / "platform_certificates"
    (folder / f"{pem.serial}.pem").write_bytes(pem.certificate)
    hub.channel.world.callback_signing = "certificate"
    hub.paid(WECHAT)
    assert hub.deliver() == [(204, "")]


@both
def test_what_a_callback_is_about_is_told_apart(hub: Hub, name: str) -> None:
    hub.paid(name)
    hub.channels.pay_in(name).refund(a_refund())
    hub.channels.payout(name).transfer(a_payout(name))
    if name == WECHAT:
        buyer.confirm(hub.channel.world, "OUT0000001")
    hub.channel.forward(0)
    assert {status for status, _ in hub.deliver()} <= {200, 204}
    assert sorted(row[1:4] for row in inbox()) == [
        ("payment", "PAY0000001", 8800),
        ("refund", "BACK000001", 800),
        ("transfer", "OUT0000001", 12000),
    ]


def test_consents_and_shares_call_too(hub: Hub) -> None:
    from central.money.channels.wechat_pay.payout import WeChatPayout  # noqa: PLC0415

    out = hub.channels.payout(WECHAT)
    assert isinstance(out, WeChatPayout)
    out.ask_consent("AUTH000001", "oPayee", "小王")
    buyer.consent(hub.channel.world, "AUTH000001")
    assert hub.deliver() == [(204, "")]
    assert inbox() == [(WECHAT, "authorization", "AUTH000001", None, 1)]


@both
def test_a_duplicate_is_answered_the_same_and_is_one_row(hub: Hub, name: str) -> None:
    hub.paid(name)
    hub.channel.let("callback-duplicate")
    first, second = hub.deliver()
    assert first == second
    assert inbox() == [(name, "payment", "PAY0000001", 8800, 2)]


@both
def test_a_repetition_by_the_ladder_is_the_same_event(hub: Hub, name: str) -> None:
    """It is sealed and signed anew each time, with another time in it."""
    hub.paid(name)
    world = hub.channel.world
    [before] = hub.channel.callbacks()
    world.books.run("UPDATE callback SET state = 'waiting'")
    hub.bring(name, before)
    hub.channel.forward(60)
    assert hub.deliver()[0][0] in {200, 204}
    assert inbox() == [(name, "payment", "PAY0000001", 8800, 2)]


@both
def test_the_hub_was_away_and_the_ladder_brings_it(hub: Hub, name: str) -> None:
    """As many tries as documented, as far apart as documented; then the channel gives up."""
    hub.paid(name)
    short = {WECHAT: "wechat", ALIPAY: "alipay"}[name]

    def away(*_: object) -> tuple[int, str]:
        raise OSError("nobody there")

    waits = []
    for _ in range(len(LADDER_S[short])):
        assert deliver_due(hub.channel.world, away) == 1
        [row] = hub.channel.world.books.rows("SELECT * FROM callback")
        waits.append(row["next_at_s"] - hub.channel.clock())
        hub.channel.forward(waits[-1] - 1)
        assert deliver_due(hub.channel.world, away) == 0
        hub.channel.forward(1)
    assert waits == list(LADDER_S[short])
    assert hub.deliver()[0][0] in {200, 204}
    assert inbox() == [(name, "payment", "PAY0000001", 8800, 1)]


@both
def test_the_channel_gives_up_in_the_end(hub: Hub, name: str) -> None:
    hub.paid(name)
    short = {WECHAT: "wechat", ALIPAY: "alipay"}[name]
    for wait in (*LADDER_S[short], 0):
        assert deliver_due(hub.channel.world, lambda *_: (503, "")) == 1
        hub.channel.forward(wait)
    [row] = hub.channel.world.books.rows("SELECT * FROM callback")
    assert (row["state"], row["tries"]) == ("given-up", len(LADDER_S[short]) + 1)
    assert hub.deliver() == []


# --- refused -------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    "fault",
    ["callback-forged", "callback-stale", "callback-probe", "callback-unknown-serial",
     "callback-other-merchant", "callback-text-amount"],
)  # fmt: skip
def test_what_cannot_be_believed_leaves_nothing_and_comes_again(
    hub: Hub, name: str, fault: str
) -> None:
    hub.paid(name)
    hub.channel.let(fault)
    [(status, text)] = hub.deliver()
    assert status == 401
    assert json.loads(text)["type"].endswith("callback-refused")
    assert inbox() == []
    hub.channel.forward(300)
    assert hub.deliver()[0][0] in {200, 204}
    assert len(inbox()) == 1


@both
def test_a_stranger_s_callback_makes_the_hub_call_nobody(hub: Hub, name: str) -> None:
    """Otherwise everybody could make it download certificates all day."""
    hub.paid(name)
    asked = len(hub.channel.world.books.rows("SELECT * FROM request"))
    for fault in ("callback-unknown-serial", "callback-forged", "callback-probe"):
        hub.channel.let(fault)
        hub.deliver()
        hub.channel.forward(300)
    assert len(hub.channel.world.books.rows("SELECT * FROM request")) == asked
    assert rows("SELECT * FROM channel_call") == []


@both
def test_another_amount_is_written_down_and_nothing_more(hub: Hub, name: str) -> None:
    """A signed amount that is not ours: the query that it wakes knows better."""
    hub.paid(name)
    hub.channel.let("callback-wrong-amount")
    hub.deliver()
    amount = {WECHAT: 8801, ALIPAY: 9999999}[name]
    assert inbox() == [(name, "payment", "PAY0000001", amount, 1)]
    query = hub.channels.pay_in(name).query("PAY0000001")
    assert query.amount is not None
    assert query.amount.minor == 8800


@both
def test_the_same_event_with_another_word_is_refused(hub: Hub, name: str) -> None:
    hub.paid(name)
    hub.deliver()
    hub.channel.world.books.run("UPDATE callback SET state = 'waiting'")
    hub.channel.let("callback-wrong-amount")
    assert hub.deliver()[0][0] == 401
    assert inbox() == [(name, "payment", "PAY0000001", 8800, 1)]


@both
def test_a_replay_after_its_window_is_refused(hub: Hub, name: str) -> None:
    """WeChat Pay's is good for five minutes; Alipay's repeats for a day, and its id is known."""
    hub.paid(name)
    [message] = hub.channel.callbacks()
    first = hub.bring(name, message)
    hub.channel.forward(301)
    replay = hub.bring(name, message)
    assert replay == {WECHAT: (401, replay[1]), ALIPAY: first}[name]
    hub.channel.forward(72 * 3600)
    assert hub.bring(name, message)[0] == 401
    assert inbox() == [(name, "payment", "PAY0000001", 8800, {WECHAT: 1, ALIPAY: 2}[name])]


@both
@pytest.mark.parametrize("place", [0, 10, -3])
def test_a_byte_that_was_changed_on_the_way_is_noticed(hub: Hub, name: str, place: int) -> None:
    hub.paid(name)
    [message] = hub.channel.callbacks()
    body = bytearray(message.body)
    body[place] = body[place] ^ 1
    assert hub.bring(name, Message(bytes(body), message.headers))[0] == 401
    assert inbox() == []


@both
@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"null", b"\xff\xfe", b"[" * 5000, b"a=1&a=2", b"a", b"%FF=1"]
)
def test_whatever_a_stranger_sends_is_refused(hub: Hub, name: str, body: bytes) -> None:
    headers = {
        "Content-Type": "application/x-www-form-urlencoded"
        if name == ALIPAY
        else "application/json"
    }
    assert hub.bring(name, Message(body, headers))[0] == 401
    assert inbox() == []


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Wechatpay-Timestamp", ""),
        ("Wechatpay-Timestamp", "now"),
        ("Wechatpay-Timestamp", "１７７５"),
        ("Wechatpay-Timestamp", "9" * 20),
        ("Wechatpay-Nonce", ""),
        ("Wechatpay-Serial", ""),
        ("Wechatpay-Serial", "PUB_KEY_ID_0"),
        ("Wechatpay-Signature", ""),
        ("Wechatpay-Signature", "A" * 344),
        ("Wechatpay-Signature-Type", "WECHATPAY2-SM2-WITH-SM3"),
    ],
)
def test_a_header_that_is_not_as_it_should_be_is_refused(hub: Hub, header: str, value: str) -> None:
    hub.paid(WECHAT)
    [message] = hub.channel.callbacks()
    headers = {**message.headers, header: value.encode("utf-8").decode("latin-1")}
    assert hub.bring(WECHAT, Message(message.body, headers))[0] == 401
    assert inbox() == []


def test_a_callback_of_one_channel_is_none_of_the_other(hub: Hub) -> None:
    for name, other in ((WECHAT, ALIPAY), (ALIPAY, WECHAT)):
        hub.paid(name, f"PAY{name[:4]}01".replace("-", "0").upper())
        [message] = hub.channel.callbacks()
        assert hub.bring(other, message)[0] == 401
    assert inbox() == []


def test_what_wechat_pay_is_refused_with_says_fail(hub: Hub) -> None:
    """Beside our own words stands what its documents ask for."""
    status, text = hub.bring(WECHAT, Message(b"{}", {}))
    assert (status, json.loads(text)["code"]) == (401, "FAIL")


# --- the hub without it, and what it never does -------------------------------------------------


@both
def test_a_channel_that_is_not_in_use_is_not_there(sqlite_database: Database, name: str) -> None:
    client = an_app(sqlite_database).test_client()
    assert client.post(PATHS[name], data=b"{}").status_code == 404


@both
def test_only_a_post_calls_back(hub: Hub, name: str) -> None:
    assert hub.client.get(PATHS[name]).status_code == 405


@both
def test_nothing_of_a_callback_is_in_the_log(
    hub: Hub, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    hub.paid(name)
    with caplog.at_level(logging.DEBUG):
        hub.deliver()
    row = hub.channel.row("payment", "PAY0000001")
    assert row is not None
    ours = [r.getMessage() for r in caplog.records if r.name.startswith("central.money")]
    assert ours
    assert row["payer"] not in " ".join(ours)


@both
def test_a_callback_wakes_who_waits_for_its_kind_once(
    sqlite_database: Database, channel: Served, name: str
) -> None:
    assert sqlite_database.sqlite_file.exists()
    woken: list[Event] = []
    channels = channel.channels(RecordedCalls(channel.clock))
    app = Flask(__name__)
    wake = {EventKind.PAYMENT: woken.append}
    app.register_blueprint(api.blueprint(channels, wake, channel.clock))
    hub = Hub(channel, channels, app.test_client())
    hub.paid(name)
    hub.channel.let("callback-duplicate")
    hub.deliver()
    assert [(e.channel, e.number, e.created_at_s) for e in woken] == [(name, "PAY0000001", b.NOW_S)]
