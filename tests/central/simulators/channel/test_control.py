"""Steering the simulator: with its token only, and nothing that makes no sense."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from central.simulators.channel.faults import ALL
from tests.central.channel import ALIPAY, DAY_S, WECHAT, Served, a_payment, a_payout


def call(
    channel: Served, method: str, path: str, body: Any = None, token: str | None = None
) -> requests.Response:
    headers = {"Authorization": f"Bearer {channel.token if token is None else token}"}
    with requests.Session() as session:
        session.trust_env = False
        return session.request(
            method, f"{channel.url}/control/{path}", json=body, headers=headers, timeout=30
        )


def books(channel: Served) -> dict[str, Any]:
    found: dict[str, Any] = call(channel, "GET", "books").json()
    return found


@pytest.mark.parametrize("token", ["", "wrong", "令牌".encode().decode("latin-1")])
@pytest.mark.parametrize(("method", "path"), [("GET", "faults"), ("POST", "deliver"),
                                              ("GET", "books"), ("GET", "nothing")])  # fmt: skip
def test_who_has_not_the_token_steers_nothing(
    channel: Served, token: str, method: str, path: str
) -> None:
    answer = call(channel, method, path, {}, token=token)
    assert answer.status_code in ({401, 404} if path == "nothing" else {401})


def test_the_token_is_a_file_for_its_owner_alone(channel: Served) -> None:
    file = channel.server.template / "control-token"
    assert file.read_text() == channel.token
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(channel.token) >= 32


def test_faults_are_set_listed_and_cleared(channel: Served) -> None:
    call(channel, "POST", "faults", {"kind": "lost-after", "operation": "wechat", "times": 3})
    call(channel, "POST", "swarm", {"seed": 7, "per_mille": 100})
    found = call(channel, "GET", "faults").json()
    assert found["known"] == ALL
    assert found["waiting"] == [
        {"kind": "lost-after", "operation": "wechat", "number": "", "times": 3}
    ]
    assert found["swarm"] == {"seed": 7, "per_mille": 100}
    call(channel, "DELETE", "faults")
    assert call(channel, "GET", "faults").json()["waiting"] == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", None),
        ("faults", []),
        ("faults", {}),
        ("faults", {"kind": "nothing"}),
        ("faults", {"kind": 7}),
        ("faults", {"kind": "slow", "times": "2"}),
        ("faults", {"kind": "slow", "times": True}),
        ("swarm", {"per_mille": 1001}),
        ("clock", {"forward_s": 1.5}),
        ("rotate/sideways", {}),
        ("callback-signing/none", {}),
        ("buyer/steal", {}),
        ("buyer/pay", {}),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(
    channel: Served, path: str, body: Any
) -> None:
    answer = call(channel, "POST", path, body)
    assert answer.status_code == 400
    assert answer.json()["detail"]


@pytest.mark.parametrize("act", ["pay", "confirm", "consent"])
def test_a_buyer_cannot_do_what_is_not_there(channel: Served, act: str) -> None:
    answer = call(channel, "POST", f"buyer/{act}", {"code": "NEVER00001"})
    assert answer.status_code in {404, 409}


@pytest.mark.parametrize("name", [WECHAT, ALIPAY])
def test_the_buyer_pays_once(channel: Served, name: str) -> None:
    channel.channels().pay_in(name).create(a_payment())
    short = {WECHAT: "wechat", ALIPAY: "alipay"}[name]
    body = {"channel": short, "code": "PAY0000001"}
    assert call(channel, "POST", "buyer/pay", body).status_code == 200
    assert call(channel, "POST", "buyer/pay", body).status_code == 409
    [paid] = books(channel)["payment"]
    assert paid["state"] == "paid"


def test_a_payee_confirms_and_the_clock_moves(channel: Served) -> None:
    out = channel.channels().payout(WECHAT)
    out.transfer(a_payout(WECHAT, "OUT0000001"))
    out.transfer(a_payout(WECHAT, "OUT0000002"))
    call(channel, "POST", "buyer/confirm", {"code": "OUT0000001"})
    now_s = call(channel, "POST", "clock", {"forward_s": DAY_S}).json()["now_s"]
    assert now_s == channel.clock() + DAY_S
    states = {row["number"]: row["state"] for row in books(channel)["transfer"]}
    assert states == {"OUT0000001": "SUCCESS", "OUT0000002": "FAIL"}


def test_money_is_put_in(channel: Served) -> None:
    call(channel, "POST", "recharge", {"account": "wechat/OPERATION", "fen": 500})
    assert channel.balance("wechat/OPERATION") == 1_000_000_00 + 500


def test_a_person_has_a_name(channel: Served) -> None:
    order = a_payout(ALIPAY)
    person = {"account": order.payee.account, "name": "王大明"}
    assert call(channel, "POST", "person", person).status_code == 200
    row = channel.row("receiver", order.payee.account, "account")
    assert row is not None
    assert row["name"] == "王大明"


def test_certificates_are_renewed_in_three_steps(channel: Served) -> None:
    old = channel.world.keys.signing.serial
    new = call(channel, "POST", "rotate/announce").json()["serial"]
    assert [s.serial for s in channel.world.keys.platform] == [old, new]
    assert channel.world.keys.signing.serial == old
    assert call(channel, "POST", "rotate/switch").json()["serial"] == new
    assert call(channel, "POST", "rotate/retire").json()["gone"] == [old]
    assert [s.serial for s in channel.world.keys.platform] == [new]


def test_callbacks_are_signed_in_the_way_that_was_asked_for(channel: Served) -> None:
    assert call(channel, "POST", "callback-signing/certificate").status_code == 200
    channel.channels().pay_in(WECHAT).create(a_payment())
    channel.pay(WECHAT, "PAY0000001")
    [message] = channel.callbacks()
    assert message.headers["Wechatpay-Serial"] == channel.world.keys.signing.serial


def test_callbacks_that_reach_nobody_are_kept(channel: Served) -> None:
    """Nothing listens where these settings say that the hub is."""
    channel.channels().pay_in(WECHAT).create(a_payment())
    channel.pay(WECHAT, "PAY0000001")
    assert call(channel, "POST", "deliver").json() == {"sent": 1}
    [row] = books(channel)["callback"]
    assert (row["state"], row["tries"]) == ("waiting", 1)
    assert row["last"].startswith("no answer")
    assert row["next_at_s"] == channel.clock() + 15


def test_a_callback_can_be_lost_on_the_way(channel: Served) -> None:
    channel.let("callback-lost")
    channel.channels().pay_in(WECHAT).create(a_payment())
    channel.pay(WECHAT, "PAY0000001")
    assert call(channel, "POST", "deliver").json() == {"sent": 0}
    assert books(channel)["callback"][0]["state"] == "lost"
