"""The page: what is in the books, what a buyer can do, and nothing for strangers."""

from __future__ import annotations

import re

import pytest
import requests

from central.simulators.channel import keys
from central.simulators.channel.faults import ALL
from central.simulators.channel.wechat.transfers import ask_consent
from tests.central.channel import CHANNELS, WECHAT, Served, a_payment, a_payout


@pytest.fixture
def browser() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session


def page(channel: Served, browser: requests.Session, *, token: bool = False) -> str:
    address = f"{channel.url}/" + (f"?token={channel.token}" if token else "")
    answer = browser.get(address, timeout=30)
    assert answer.status_code == 200
    return answer.text


def a_busy_day(channel: Served) -> None:
    channels = channel.channels()
    for name in CHANNELS:
        channels.pay_in(name).create(a_payment())
        channels.payout(name).transfer(a_payout(name))


def test_an_empty_simulator_says_so(channel: Served, browser: requests.Session) -> None:
    text = page(channel, browser)
    assert text.count("None yet.") == 4
    assert "1000000.00" in text


def test_what_is_in_the_books_is_on_the_page(channel: Served, browser: requests.Session) -> None:
    a_busy_day(channel)
    channel.let("lost-after", "wechat.transfer", "OUT0000009")
    text = page(channel, browser)
    for part in ("PAY0000001", "OUT0000001", "88.00", "120.00", "lost-after", "OUT0000009",
                 "wechat.pay.native", channel.world.keys.signing.serial):  # fmt: skip
        assert part in text, part


@pytest.mark.parametrize(
    ("act", "name", "code"),
    [("pay", "wechat", "PAY0000001"), ("pay", "alipay", "PAY0000001"),
     ("confirm", "wechat", "OUT0000001"), ("consent", "wechat", "AUTH000001")],
)  # fmt: skip
def test_a_button_does_what_it_says_once(
    channel: Served, browser: requests.Session, act: str, name: str, code: str
) -> None:
    a_busy_day(channel)
    body = {
        "appid": keys.APPID, "out_authorization_no": "AUTH000001", "openid": "oPayee",
        "transfer_scene_id": "1005", "user_display_name": "小王",
        "authorization_notify_url": "https://hub.example/callbacks/wechat-pay",
    }  # fmt: skip
    ask_consent(channel.world, body)
    assert f'action="/buyer/{act}"' in page(channel, browser)
    form = {"channel": name, "code": code}
    sent = browser.post(f"{channel.url}/buyer/{act}", data=form, timeout=30)
    assert (sent.status_code, sent.url) == (200, f"{channel.url}/")
    again = browser.post(f"{channel.url}/buyer/{act}", data=form, timeout=30)
    assert again.status_code == 409


def test_only_who_has_the_token_lets_things_go_wrong(
    channel: Served, browser: requests.Session
) -> None:
    assert "<select" not in page(channel, browser)
    text = page(channel, browser, token=True)
    assert set(re.findall(r'<option value="([\w-]+)"', text)) == {*ALL, "none"}
    form = {"kind": "slow"}
    assert browser.post(f"{channel.url}/fault", data=form, timeout=30).status_code == 403
    form["token"] = channel.token
    assert browser.post(f"{channel.url}/fault", data=form, timeout=30).status_code == 200
    assert [f.kind for f in channel.world.faults.waiting()] == ["slow"]
    form["kind"] = "nothing"
    assert browser.post(f"{channel.url}/fault", data=form, timeout=30).status_code == 400
    form["kind"] = "none"
    browser.post(f"{channel.url}/fault", data=form, timeout=30)
    assert channel.world.faults.waiting() == []


def test_a_form_of_another_site_is_refused(channel: Served, browser: requests.Session) -> None:
    a_busy_day(channel)
    form = {"channel": "wechat", "code": "PAY0000001", "token": channel.token, "kind": "slow"}
    for path in ("buyer/pay", "fault"):
        for site in ("cross-site", "same-site"):
            answer = browser.post(
                f"{channel.url}/{path}", data=form, headers={"Sec-Fetch-Site": site}, timeout=30
            )
            assert answer.status_code == 403
    row = channel.row("payment", "wechat", "channel")
    assert row is not None
    assert row["state"] == "open"


@pytest.mark.parametrize("path", ["/", "/control/books", "/gateway.do", "/v3/certificates"])
def test_a_name_that_is_not_this_machine_s_is_not_served(
    channel: Served, browser: requests.Session, path: str
) -> None:
    """A page elsewhere may let its own name lead to this address (DNS rebinding)."""
    for host in ("hub.example", "127.0.0.1.example:80", "[::ffff:8.8.8.8]:80"):
        answer = browser.get(channel.url + path, headers={"Host": host}, timeout=30)
        assert answer.status_code == 421, host


def test_the_page_loads_nothing_from_elsewhere_and_may_not(
    channel: Served, browser: requests.Session
) -> None:
    answer = browser.get(f"{channel.url}/", timeout=30)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "style=" not in answer.text
    loaded = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
    assert loaded
    for address in loaded:
        assert address == "/bank" or address.startswith("/static/")
        assert browser.get(channel.url + address, timeout=30).status_code == 200


def test_goods_are_text_and_not_markup(channel: Served, browser: requests.Session) -> None:
    order = a_payment()
    odd = type(order)(order.number, order.amount, "<script>alert(1)</script>", order.expires_at_s)
    channel.channels().pay_in(WECHAT).create(odd)
    text = page(channel, browser)
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_a_channel_s_answer_has_no_policy_of_a_page(
    channel: Served, browser: requests.Session
) -> None:
    for path in ("/gateway.do", "/v3/certificates"):
        assert "Content-Security-Policy" not in browser.get(channel.url + path, timeout=30).headers
