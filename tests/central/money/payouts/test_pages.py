"""The queue of payouts on pages and over the API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from central.foundation.people import login
from central.money.ledger.balance import balance
from central.money.payouts import release, store
from central.money.payouts.model import Limits, State
from central.money.payouts.pages import LOOKS, STATES, WHERE
from tests.builders import NOW_S
from tests.central.builders import Database, an_app, as_person, fill_in
from tests.central.money.payouts.builders import AGENT, an_agent, an_office, ask_for


@pytest.fixture(name="hub")
def _hub(sqlite_database: Database) -> Any:
    return an_app(sqlite_database)


@pytest.fixture(name="finance")
def _finance(hub: Any) -> FlaskClient:
    return as_person(hub, "finance")


def text(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_data(as_text=True)


def press(client: FlaskClient, no: str, what: str, **fields: str) -> str:
    """Press a button of a payout's page, and read the page one is led to."""
    answer = fill_in(client, f"/payouts/{no}/{what}", f"/payouts/{no}", **fields)
    assert answer.status_code == 302
    return text(client, answer.headers["Location"])


def test_every_state_says_where_the_money_is() -> None:
    assert set(STATES) == set(WHERE) == set(LOOKS) == set(State)


def test_an_empty_queue_says_so(finance: FlaskClient) -> None:
    assert "There is no payout here." in text(finance, "/payouts")


def test_the_queue_shows_each_payout_and_where_its_money_is(
    finance: FlaskClient, tmp_path: Path
) -> None:
    an_agent()
    payout = ask_for(8800)
    page = text(finance, "/payouts")
    assert "88.00" in page
    assert "Its channel is not connected: nothing is sent" in page
    an_office(tmp_path).work()
    assert "With the payee." in text(finance, f"/payouts/{payout.no}")
    assert payout.no[:12] in text(finance, "/payouts?state=paid")
    assert payout.no[:12] not in text(finance, "/payouts?state=ready")


def test_who_may_release_sees_to_whom_and_nobody_the_whole_address(
    finance: FlaskClient, hub: Any
) -> None:
    an_agent(address="openid-of-a-person")
    payout = ask_for()
    viewer = as_person(hub, "viewer")
    for client in (finance, viewer):
        for path in ("/payouts", f"/payouts/{payout.no}"):
            assert "openid-of-a-person" not in text(client, path)
        assert "ope****on" in text(client, f"/payouts/{payout.no}")
    assert payout.order.payee.name in text(finance, f"/payouts/{payout.no}")
    assert payout.order.payee.name not in text(viewer, f"/payouts/{payout.no}")


def test_a_second_person_releases_on_the_page(finance: FlaskClient) -> None:
    an_agent()
    release.set_limits(Limits(two_person_above=1000), NOW_S, "boss")
    payout = ask_for(8800, actor="somebody else")
    assert "Somebody else has to release it." in text(finance, f"/payouts/{payout.no}")
    assert "It is released." in press(finance, payout.no, "release")
    assert store.get(payout.no).state is State.READY


def test_giving_back_needs_a_reason(finance: FlaskClient) -> None:
    an_agent()
    payout = ask_for()
    assert "Say why" in press(finance, payout.no, "refuse")
    assert store.get(payout.no).state is State.READY
    assert "wrong month" in press(finance, payout.no, "refuse", why="wrong month")
    assert balance(AGENT).held == 0


def test_a_payout_is_not_ended_by_a_button_once_it_was_sent(
    finance: FlaskClient, tmp_path: Path
) -> None:
    an_agent()
    payout = ask_for()
    an_office(tmp_path, faults=lambda: "lost").machine.step()
    assert "only the channel can end it now" in press(finance, payout.no, "refuse", why="hurry")
    assert "It is being stopped." in press(finance, payout.no, "stop")


def test_an_unknown_button_does_nothing(finance: FlaskClient) -> None:
    an_agent()
    payout = ask_for()
    answer = fill_in(finance, f"/payouts/{payout.no}/explode", f"/payouts/{payout.no}")
    assert answer.status_code == 400


def test_all_is_stopped_with_one_switch_and_goes_on_within_the_limits(
    finance: FlaskClient,
) -> None:
    amounts = dict.fromkeys(("two_person_above", "payee_per_day", "per_hour"), "100.00")
    fill_in(finance, "/payouts/limits", "/payouts", least="0.10", **amounts)
    fill_in(finance, "/payouts/stop", "/payouts", why=" ")
    assert not store.limits().is_stopped
    fill_in(finance, "/payouts/stop", "/payouts", why="a key was lost")
    assert store.limits() == Limits(True, 10_000, 10_000, 10_000, 10)
    page = text(finance, "/payouts")
    assert "Payouts are stopped" in page
    assert "a key was lost" in page
    fill_in(finance, "/payouts/go_on", "/payouts", why="it was found")
    assert store.limits() == Limits(False, 10_000, 10_000, 10_000, 10)


def test_more_goes_out_only_when_a_second_person_wants_the_same(
    finance: FlaskClient, hub: Any
) -> None:
    more = {"two_person_above": "1000.01", "payee_per_day": "20000.00", "per_hour": "100000.00"}

    def put(client: FlaskClient, **amounts: str) -> Limits:
        fill_in(client, "/payouts/limits", "/payouts", least="0.10", **{**more, **amounts})
        return store.limits()

    for _ in range(2):  # asking twice makes nobody two people
        assert put(finance) == Limits()
    assert "Put this in force" not in text(finance, "/payouts")
    other = as_person(hub, "finance")
    assert "Put this in force" in text(other, "/payouts")
    assert put(other, two_person_above="2000.00") == Limits(), "that is something else"
    assert put(finance, two_person_above="2000.00") == Limits(two_person_above=200_000)
    assert put(finance, two_person_above="10.00") == Limits(two_person_above=1000)


@pytest.mark.parametrize("least", ["", "ten", "-1.00", "0.001", "0.00"])
def test_limits_that_are_no_amounts_change_nothing(finance: FlaskClient, least: str) -> None:
    amounts = dict.fromkeys(("two_person_above", "payee_per_day", "per_hour"), "100.00")
    fill_in(finance, "/payouts/limits", "/payouts", least=least, **amounts)
    assert store.limits() == Limits()


def test_a_batch_is_asked_for_on_the_page(finance: FlaskClient) -> None:
    an_agent(minor=5000)
    fill_in(finance, "/payouts/batch", "/payouts", remark="四月佣金")
    assert [p.amount.minor for p in store.newest(10)] == [5000]


def test_who_may_only_read_sees_no_button(hub: Any) -> None:
    an_agent()
    payout = ask_for()
    viewer = as_person(hub, "viewer")
    page = text(viewer, f"/payouts/{payout.no}") + text(viewer, "/payouts")
    assert "Give the money back" not in page
    assert "Stop all payouts" not in page
    answer = fill_in(viewer, f"/payouts/{payout.no}/refuse", "/payouts", why="I want to")
    assert answer.status_code == 403


def test_a_program_asks_once(hub: Any) -> None:
    an_agent()
    key = login.add_api_key("shop", "finance", NOW_S)
    client = hub.test_client()
    headers = {"Authorization": f"Bearer {key}"}
    body = {
        "account": AGENT, "key": "april", "remark": "佣金",
        "amount": {"amount": 8800, "currency": "CNY"},
    }  # fmt: skip
    answers = [client.post("/v1/payouts", json=body, headers=headers) for _ in range(2)]
    assert [a.status_code for a in answers] == [200, 200]
    assert answers[0].json == answers[1].json
    no = answers[0].json["no"]
    told = client.get(f"/v1/payouts/{no}", headers=headers).json
    assert [h["event"] for h in told["story"]] == ["requested"]
    assert client.get("/v1/payouts?state=paid", headers=headers).json == {"payouts": []}
    other = client.post(
        "/v1/payouts", json=body | {"amount": {"amount": 1, "currency": "CNY"}}, headers=headers
    )
    assert (other.status_code, other.json["type"]) == (422, "/problems/key-reused")


@pytest.mark.parametrize(
    ("bent", "status", "slug"),
    [
        ({"amount": {"amount": 8800, "currency": "USD"}}, 409, "posting-refused"),
        ({"amount": {"amount": 2**63, "currency": "CNY"}}, 422, "request-invalid"),
        ({"amount": {"amount": 0, "currency": "CNY"}}, 422, "request-invalid"),
        ({"account": "4010"}, 422, "request-invalid"),
        ({"account": "2110.nobody"}, 409, "conflict"),
        ({"amount": {"amount": 50_001, "currency": "CNY"}}, 409, "posting-refused"),
        ({"colour": "red"}, 422, "request-invalid"),
    ],
)
def test_what_cannot_be_paid_is_refused_and_nothing_is_held(
    hub: Any, bent: dict[str, Any], status: int, slug: str
) -> None:
    an_agent()
    headers = {"Authorization": f"Bearer {login.add_api_key('shop', 'finance', NOW_S)}"}
    body = {
        "account": AGENT, "key": "april", "remark": "佣金",
        "amount": {"amount": 8800, "currency": "CNY"},
    }  # fmt: skip
    answer = hub.test_client().post("/v1/payouts", json=body | bent, headers=headers)
    assert (answer.status_code, answer.json["type"]) == (status, f"/problems/{slug}")
    assert store.newest(10) == []
    assert balance(AGENT).held == 0
