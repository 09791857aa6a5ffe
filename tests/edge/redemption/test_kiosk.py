"""A customer alone at a screen: he shows a voucher, and it is redeemed once, whatever happens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from edge.app import Unit
from edge.config import KioskSection
from edge.contract.sync_message import UnitState
from edge.core import Core, Parts
from edge.devices.scanners.states import State
from edge.redemption.kiosk import ASKED_S
from edge.web.session import Clerks
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import Clock, a_config, a_rig

GIFT_CARD = b.a_token(**e.a_gift_card(voucher_id=e.voucher(50)))


class Screen:
    """The kiosk's screen, and what its page does."""

    def __init__(self, unit: Unit, clock: Clock, pin: str) -> None:
        assert unit.core
        self.unit, self.clock, self.pin = unit, clock, pin
        self.core: Core = unit.core
        self.page: FlaskClient = unit.flask.test_client()
        self.page.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"

    def show(self, text: str) -> int:
        """A customer shows a voucher; returns the number of the scan as the page learns it."""
        self.core.scanners.inbox.offer("window", 1, text.encode())
        seen = self.page.get("/kiosk/next").get_json()
        assert set(seen) == {"number"}, "the text stays with the unit"
        return int(seen["number"])

    def redeem(self, number: int, **form: Any) -> Shown:
        return Shown(self.page.post("/kiosk/redeem", data={"scan": number, **form}))

    @property
    def scans(self) -> int:
        return self.core.journal.tail.seq - 1

    def why(self) -> str:
        return str(self.page.get("/kiosk/state").get_json()["why"])


class Shown:
    """The answer on the screen."""

    def __init__(self, response: TestResponse) -> None:
        assert response.status_code == 200, response.text
        self.html = response.text
        self.look = re.findall(r'data-look="(\w+)"', self.html)[0]
        self.reason = re.findall(r'data-reason="([\w-]*)"', self.html)[0]
        self.text = " ".join(re.sub(r"<[^>]+>", " ", self.html).split())


@pytest.fixture(name="screen")
def _screen(tmp_path: Path) -> Iterator[Screen]:
    with a_rig(tmp_path / "unit") as rig:
        pin = Clerks(rig.store, rig.clock.steady_s).add("li")
    clock = Clock()
    config = replace(a_config(tmp_path / "unit"), kiosk=KioskSection(page=True))
    unit = Unit(config, Parts(clock.wall_s, clock.steady_s))
    yield Screen(unit, clock, pin)
    unit.stop()


# --- redeeming -----------------------------------------------------------------------------------


def test_a_voucher_that_is_shown_is_redeemed_and_its_source_noted(screen: Screen) -> None:
    shown = screen.redeem(screen.show(b.a_token()))
    assert (shown.look, shown.reason) == ("good", "")
    assert "Accepted" in shown.text
    entry, _, notes = screen.core.journal.newest(1)[0]
    assert (entry.accepted, entry.clerk, notes.source) == (True, None, "window")


def test_the_same_scan_asked_for_again_has_the_same_answer_and_takes_nothing(
    screen: Screen,
) -> None:
    number = screen.show(b.a_token())
    answers = [screen.redeem(number) for _ in range(3)]
    assert {a.look for a in answers} == {"good"}
    assert screen.scans == 1


def test_a_used_voucher_is_refused_with_what_a_customer_can_do(screen: Screen) -> None:
    screen.redeem(screen.show(b.a_token()))
    screen.clock.pass_s(2)
    shown = screen.redeem(screen.show(b.a_token()))
    assert (shown.look, shown.reason) == ("bad", "already-redeemed")
    assert "It cannot be used." in shown.text


def test_the_way_out_speaks_to_the_customer(screen: Screen) -> None:
    shown = screen.redeem(screen.show(b.a_token(dynamic_required=True)))
    assert shown.reason == "code-required"
    assert "Please show the code that your phone displays right now." in shown.text


def test_a_code_that_is_no_voucher_gets_an_answer_and_is_recorded(screen: Screen) -> None:
    shown = screen.redeem(screen.show("https://example.org/<script>"))
    assert (shown.look, shown.reason) == ("ask", "not-a-token")
    assert screen.scans == 1


def test_a_stored_value_asks_how_much_and_takes_it_once(screen: Screen) -> None:
    number = screen.show(GIFT_CARD)
    shown = screen.redeem(number)
    assert (shown.look, shown.reason) == ("ask", "amount-missing")
    assert GIFT_CARD not in shown.html
    for _ in range(2):  # the second tap of a hasty finger
        taken = screen.redeem(number, amount="30.00")
        assert taken.look == "good"
        assert "70.00" in taken.text
    assert screen.core.journal.newest(1)[0].entry.amount == 3000
    other = screen.redeem(number, amount="40.00")
    assert other.look == "bad"
    assert "redeemed a moment ago" in other.text
    assert screen.scans == 2  # the question, and the redemption


def test_all_of_it_is_a_button(screen: Screen) -> None:
    number = screen.show(GIFT_CARD)
    assert 'name="all" value="100.00"' in screen.redeem(number).html
    assert screen.redeem(number, all="100.00").look == "good"


@pytest.mark.parametrize("amount", ["x", "1.234", "-5", "99999999999999999999"])
def test_a_wrong_amount_takes_nothing(screen: Screen, amount: str) -> None:
    number = screen.show(GIFT_CARD)
    assert screen.redeem(number, amount=amount).look in {"bad", "ask"}
    assert not [r for r in screen.core.journal.newest(9) if r.entry.accepted]
    assert screen.redeem(number, amount="1.00").look == "good"


def test_a_voucher_that_waited_too_long_for_its_amount_has_to_be_shown_again(
    screen: Screen,
) -> None:
    number = screen.show(GIFT_CARD)
    screen.redeem(number)
    screen.clock.pass_s(ASKED_S + 1)
    shown = screen.redeem(number, amount="30.00")
    assert "show it again" in shown.text
    assert not screen.core.journal.newest(1)[0].entry.accepted


def test_a_scan_that_nobody_took_is_not_redeemed_later(screen: Screen) -> None:
    number = screen.show(b.a_token())
    screen.clock.pass_s(11)
    assert screen.redeem(number).look == "bad"
    assert screen.scans == 0


def test_a_number_that_never_was_is_refused(screen: Screen) -> None:
    assert screen.redeem(77).look == "bad"
    assert screen.page.post("/kiosk/redeem", data={"scan": "x"}).status_code == 400
    assert screen.page.post("/kiosk/redeem", data={}).status_code == 400


def test_a_keyboard_scanner_types_into_the_same_line(screen: Screen) -> None:
    sent = screen.page.post("/kiosk/typed", data={"text": b.a_token()})
    assert sent.status_code == 204
    number = screen.page.get("/kiosk/next").get_json()["number"]
    assert screen.redeem(number).look == "good"
    assert screen.core.journal.newest(1)[0].notes.source == "page"


# --- who may, and out of order -------------------------------------------------------------------

ADDRESSES = ["/kiosk", "/kiosk/state", "/kiosk/next"]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize(
    "far", [{"REMOTE_ADDR": "192.168.1.9"}, {"HTTP_X_FORWARDED_FOR": "192.168.1.9"}]
)
def test_from_anywhere_else_it_answers_nobody(
    screen: Screen, address: str, far: dict[str, str]
) -> None:
    assert screen.page.get(address, environ_base=far).status_code == 401


def test_a_page_of_another_site_redeems_nothing(screen: Screen) -> None:
    number = screen.show(b.a_token())
    other = {"Sec-Fetch-Site": "cross-site"}
    sent = screen.page.post("/kiosk/redeem", data={"scan": number}, headers=other)
    assert sent.status_code == 401
    assert screen.scans == 0


def test_a_unit_that_is_no_kiosk_has_no_such_page(unit: Unit) -> None:
    for address in ADDRESSES:
        assert unit.flask.test_client().get(address).status_code == 404


def test_a_stopped_unit_is_out_of_order_and_hands_out_no_scan(screen: Screen) -> None:
    assert screen.why() == ""
    word = screen.core.bundles.word
    assert word
    screen.core.bundles.word = replace(word, state=UnitState.REVOKED)
    assert screen.why() == "This machine has been stopped."
    screen.core.scanners.inbox.offer("window", 1, b.a_token().encode())
    assert screen.page.get("/kiosk/next").status_code == 204


def test_without_a_scanner_that_works_it_is_out_of_order(tmp_path: Path) -> None:
    with a_rig(tmp_path / "unit"):
        pass
    config = replace(
        a_config(tmp_path / "unit"), kiosk=KioskSection(page=True),
        scanners={"window": f"serial:{tmp_path}/nothing"},
    )  # fmt: skip
    unit = Unit(config)
    assert unit.core
    assert unit.core.scanners.seen()[0].state is State.ABSENT
    page = unit.flask.test_client()
    told = page.get("/kiosk/state", headers={"Accept-Language": "zh-CN"}).get_json()
    assert told == {"why": "扫码设备无法使用。"}
    unit.stop()


def test_a_unit_that_is_not_enrolled_shows_the_kiosk_out_of_order(tmp_path: Path) -> None:
    config = replace(a_config(tmp_path / "bare"), kiosk=KioskSection(page=True))
    unit = Unit(config)
    page = unit.flask.test_client()
    page.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    assert page.get("/kiosk").status_code == 200
    assert page.get("/kiosk/state").get_json() == {"why": "This machine is not set up yet."}
    assert page.get("/kiosk/next").status_code == 204
    assert page.post("/kiosk/redeem", data={"scan": "1"}).status_code == 404
    unit.stop()


# --- leaving by a PIN ----------------------------------------------------------------------------


def test_staff_leave_by_a_pin_and_the_screen_comes_back_by_itself(screen: Screen) -> None:
    page = screen.page
    assert 'href="/login?kiosk=1"' in page.get("/kiosk").text
    comes_back = '<meta name="kiosk" content="/kiosk" data-seconds="'
    assert comes_back in page.get("/login?kiosk=1").text
    assert comes_back not in page.get("/login").text
    wrong = page.post("/login?kiosk=1", data={"name": "li", "pin": "000000"})
    assert wrong.status_code == 401
    assert comes_back in wrong.text
    good = page.post("/login?kiosk=1", data={"name": "li", "pin": screen.pin})
    assert good.location == "/"
    assert 'href="/kiosk"' in page.get("/").text
    assert comes_back in page.get("/").text
    assert page.post("/logout").location == "/kiosk"


def test_a_clerk_who_only_goes_back_to_the_kiosk_is_logged_out(screen: Screen) -> None:
    page = screen.page
    page.post("/login?kiosk=1", data={"name": "li", "pin": screen.pin})
    assert page.get("/").status_code == 200
    page.get("/kiosk")
    assert page.get("/").location == "/login"


def test_a_kiosk_on_a_second_screen_does_not_log_the_clerk_out(screen: Screen) -> None:
    page = screen.page
    page.post("/login", data={"name": "li", "pin": screen.pin})
    page.get("/kiosk")
    assert 'name="kiosk"' not in page.get("/").text


@pytest.mark.parametrize(("locale", "words"), [("en", "Hold your voucher"), ("zh-CN", "请将券码")])
def test_the_page_speaks_both_languages(screen: Screen, locale: str, words: str) -> None:
    assert words in screen.page.get("/kiosk", headers={"Accept-Language": locale}).text
