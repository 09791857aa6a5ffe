"""The clerk's pages as a browser without JavaScript sees them, in both languages."""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from edge.app import Unit
from edge.contract.journal_entry import EntryKind
from edge.contract.refusal import Refusal
from edge.contract.sync_message import UnitState
from edge.core import Core, Parts
from edge.receipt.spool import COPIES_MAX, Event
from edge.redemption.pages import PICTURE_BYTES_MAX, RECENT, way_back
from edge.web.session import Clerks
from edge.web.words import REFUSALS, translate
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import Clock, a_form, a_rig, a_unit
from tests.edge.devices import pictures as p

BOTH = ("zh-CN", "en")
ZH = {"Accept-Language": "zh-CN"}
GIFT_CARD = b.a_token(**e.a_gift_card(voucher_id=e.voucher(50)))


class Till:
    """A unit's pages, and a clerk who has logged in."""

    def __init__(self, unit: Unit, clock: Clock, pin: str = "") -> None:
        assert unit.core is not None
        self.unit, self.clock, self.pin = unit, clock, pin
        self.core: Core = unit.core
        self.visitor = self.browser()
        self.clerk = self.browser()
        with self.clerk.session_transaction() as session:
            session["clerk"] = "li"

    def browser(self, language: str = "en") -> FlaskClient:
        client = self.unit.flask.test_client()
        client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
        return client

    def log_in(self, client: FlaskClient, pin: str = "", name: str = "li") -> TestResponse:
        return client.post("/login", data={"name": name, "pin": pin or self.pin})

    def scan(self, text: str, language: str = "", **form: Any) -> Shown:
        headers = {"Accept-Language": language} if language else {}
        return Shown(self.clerk.post("/redeem", data={"scan": text, **form}, headers=headers))

    def picture(self, content: bytes | None, language: str = "en", **form: str) -> Shown:
        parts: dict[str, Any] = {} if content is None else {"picture": ("photo.jpg", content)}
        headers = {"Accept-Language": language}
        return Shown(self.clerk.post("/picture", headers=headers, **a_form(**parts, **form)))

    def scans(self) -> int:
        return self.core.journal.tail.seq - 1


class Shown:
    """The big answer on a page."""

    def __init__(self, response: TestResponse) -> None:
        assert response.status_code == 200, response.text
        self.page = response.text
        found = re.search(r'<section class="answer.*?</section>', self.page, re.DOTALL)
        assert found, self.page
        self.section = found[0]
        self.look = re.findall(r'data-look="(\w+)"', self.section)[0]
        self.reason = re.findall(r'data-reason="([\w-]*)"', self.section)[:1]
        self.title = html.unescape(re.findall(r"<h1>(.*?)</h1>", self.section)[0])
        self.text = html.unescape(" ".join(re.sub(r"<[^>]+>", " ", self.section).split()))

    def field(self, name: str) -> str:
        """The value of a hidden field of the form in the answer."""
        return str(re.findall(rf'name="{name}" value="([^"]*)"', self.section)[0])


@contextmanager
def a_till(directory: Path, pin: str = "") -> Iterator[Till]:
    clock = Clock()
    with a_unit(directory, parts=Parts(clock.wall_s, clock.steady_s)) as unit:
        yield Till(unit, clock, pin)


@pytest.fixture(name="enrolled", scope="module")
def _enrolled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The files of an enrolled unit, to be copied, and the PIN of its clerk."""
    directory = tmp_path_factory.mktemp("enrolled") / "unit"
    with a_rig(directory) as rig:
        pin = Clerks(rig.store, rig.clock.steady_s).add("li")
    return directory, pin


@pytest.fixture(name="till")
def _till(tmp_path: Path, enrolled: tuple[Path, str]) -> Iterator[Till]:
    directory, pin = enrolled
    shutil.copytree(directory, tmp_path / "unit")
    with a_till(tmp_path / "unit", pin) as till:
        yield till


@pytest.fixture(name="untouched", scope="module")
def _untouched(
    tmp_path_factory: pytest.TempPathFactory, enrolled: tuple[Path, str]
) -> Iterator[Till]:
    """A till for all tests that end with nothing recorded."""
    directory = tmp_path_factory.mktemp("untouched") / "unit"
    shutil.copytree(enrolled[0], directory)
    with a_till(directory) as till:
        yield till


# --- logging in ----------------------------------------------------------------------------------


def test_a_pin_opens_the_till_and_logging_out_closes_it(till: Till) -> None:
    client = till.browser()
    assert client.get("/").location == "/login"
    assert "<option>li</option>" in client.get("/login").text
    response = till.log_in(client)
    assert (response.status_code, response.location) == (302, "/")
    cookie = response.headers["Set-Cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Strict", "Expires="))
    assert client.get("/").status_code == 200
    assert client.post("/logout").location == "/login"
    assert client.get("/").location == "/login"


@pytest.mark.parametrize(("name", "pin"), [("li", "000"), ("li", ""), ("nobody", "123456"),
                                           ("", ""), ("li\0", "1"), ("<b>", "'")])  # fmt: skip
def test_a_wrong_pin_is_told_without_telling_more(till: Till, name: str, pin: str) -> None:
    for language, told in (("zh-CN", "PIN 不正确。"), ("en", "The PIN is wrong.")):
        client = till.browser(language)
        response = client.post("/login", data={"name": name, "pin": pin})
        assert response.status_code == 401
        assert f'role="alert">{told}</p>' in response.text
        assert "<b>" not in response.text
        assert client.get("/").location == "/login"


def test_after_five_wrong_pins_everybody_waits(till: Till) -> None:
    for _ in range(5):
        assert till.log_in(till.visitor, "wrong").status_code == 401
    for language, told in (("zh-CN", "PIN 输错次数过多，请稍候。"), ("en", "Too many wrong PINs")):
        response = till.log_in(till.browser(language))
        assert (response.status_code, told in response.text) == (401, True)
    assert till.clerk.get("/").status_code == 200, "whoever works already works on"
    till.clock.pass_s(31)
    assert till.log_in(till.visitor).status_code == 302


def test_a_unit_without_a_clerk_says_how_to_add_one(tmp_path: Path) -> None:
    with a_rig(tmp_path / "unit"):
        pass
    with a_unit(tmp_path / "unit") as unit:
        page = unit.flask.test_client().get("/login", headers=ZH).text
    assert "本终端还没有设置店员 PIN" in page
    assert "tearoff-unit clerk add NAME" in page


def test_a_session_ends_after_a_night(till: Till) -> None:
    cookie = till.clerk.get_cookie("tearoff")
    assert cookie is not None
    till.visitor.set_cookie("tearoff", cookie.value + "x")
    assert till.visitor.get("/").location == "/login", "a cookie that we did not sign"
    other = till.browser()
    other.set_cookie("tearoff", cookie.value)
    assert other.get("/").status_code == 200
    assert till.unit.flask.permanent_session_lifetime.total_seconds() == 12 * 3600


def test_nobody_acts_without_a_pin_and_is_told_so_in_words(till: Till) -> None:
    for path in ("/redeem", "/picture", "/void/1/2", "/recent/1/2/copy", "/papers/1", "/logout"):
        response = till.browser("zh-CN").post(path, data={"scan": b.a_token()})
        problem = json.loads(response.data)
        assert (response.status_code, problem["type"]) == (401, "/problems/not-permitted")
        assert problem["detail"].startswith("请登录")
    assert till.scans() == 0


def test_a_page_of_another_site_cannot_act_for_the_clerk(till: Till) -> None:
    for site, status in (("cross-site", 401), ("same-site", 401), ("same-origin", 200),
                         ("none", 200)):  # fmt: skip
        headers = {"Sec-Fetch-Site": site}
        response = till.clerk.post("/redeem", data={"scan": "x"}, headers=headers)
        assert response.status_code == status
    assert till.scans() == 2


# --- scanning ------------------------------------------------------------------------------------


def test_an_accepted_voucher_is_green_with_everything_a_clerk_needs(till: Till) -> None:
    shown = till.scan(b.a_token())
    assert (shown.look, shown.title, shown.reason) == ("good", "Accepted", [""])
    for fact in ("Lunch voucher", "Amount ¥88.00", "Receipt 1", "Checked offline"):
        assert fact in shown.text
    recorded = till.core.journal.newest(1)[0].entry
    assert (recorded.clerk, recorded.kind) == ("li", EntryKind.REDEMPTION)


def test_the_same_in_chinese(till: Till) -> None:
    shown = till.scan(b.a_token(), "zh-CN")
    assert (shown.look, shown.title) == ("good", "核销成功")
    for fact in ("午餐券", "金额 ¥88.00", "小票号 1"):
        assert fact in shown.text


def test_a_script_gets_the_answer_alone(till: Till) -> None:
    response = till.clerk.post("/redeem", data={"scan": "x"}, headers={"X-Fragment": "1"})
    assert "<html" not in response.text
    assert Shown(response).look == "ask"


def test_a_voucher_used_twice_is_red_with_the_reason(till: Till) -> None:
    till.scan(b.a_token())
    shown = till.scan(b.a_token())
    assert (shown.look, shown.reason) == ("bad", ["already-redeemed"])
    assert "This voucher was used here already. Lunch voucher It cannot be used." in shown.text


def test_a_form_that_is_sent_twice_is_one_redemption(till: Till) -> None:
    """Somebody presses the button again, or loads the page again."""
    for number, form in enumerate([{"key": "k-1"}, {"basket": "b-1"}]):
        token = b.a_token(voucher_id=e.voucher(number))
        looks = [till.scan(token, **form).look for _ in range(2)]
        assert looks == ["good", "good"]
    assert till.scans() == 2


def test_every_form_has_a_key_of_its_own(till: Till) -> None:
    pages = [till.clerk.get("/").text for _ in range(2)]
    keys = [set(re.findall(r'name="key" value="(\w+)"', page)) for page in pages]
    assert all(keys)
    assert not keys[0] & keys[1]


GARBAGE: dict[str, str] = {
    "nothing": "",
    "words": "not a voucher",
    "an address": "https://evil.example/?q=1",
    "markup": "<script>alert(1)</script>",
    "quotes": "\"' onfocus='x",
    "control characters": "\x00\x01\x1b[2J\x07\x7f",
    "line ends": "9\r\n9\n",
    "Chinese": "券" * 100,
    "other digits": "９" * 218,
    "signs that join": "\u202e\u200b\ufeff",
    "half a character": "\ud800",
    "a token cut short": b.a_token()[:217],
    "half a token": b.a_token()[:109],
    "a token and a digit": b.a_token() + "0",
    "two tokens": b.a_token() * 2,
    "five thousand digits": "9" * 5000,
    "fifty thousand letters": "x" * 50_000,
}


@pytest.mark.parametrize("text", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_refused_in_words_recorded_and_never_repeated(till: Till, text: str) -> None:
    sent = text.encode("utf-8", "surrogatepass")
    for language in BOTH:
        shown = till.scan(sent, language)  # type: ignore[arg-type]
        assert (shown.look, shown.reason) == ("ask", ["not-a-token"])
        assert shown.title == translate(language, REFUSALS[Refusal.NOT_A_TOKEN])
        assert ("Scan or type it again." if language == "en" else "请重新") in shown.text
        assert len(text) < 6 or text not in shown.page
        assert "<script>alert" not in shown.page
    assert till.scans() == 2


def test_a_form_that_is_not_utf_8_is_refused_too(till: Till) -> None:
    response = till.clerk.post(
        "/redeem", data=b"scan=%ff%fe%c3%28&key=%ff",
        content_type="application/x-www-form-urlencoded",
    )  # fmt: skip
    assert Shown(response).reason == ["not-a-token"]


def test_an_altered_token_is_refused_as_forged(till: Till) -> None:
    token = b.a_token()
    digit = str((int(token[100]) + 1) % 10)
    shown = till.scan(token[:100] + digit + token[101:])
    assert (shown.look, shown.reason) == ("bad", ["bad-signature"])


@pytest.mark.parametrize("number", range(18))
def test_a_mistyped_digit_of_a_short_code_is_noticed(till: Till, number: int) -> None:
    text = e.a_short_text()
    wrong = text[:number] + str((int(text[number]) + 1) % 10) + text[number + 1 :]
    assert till.scan(wrong).look in {"ask", "bad"}
    assert till.core.journal.newest(1)[0].entry.reason is not None


def test_what_cannot_be_a_key_or_basket_is_none(till: Till) -> None:
    for hidden in ("", "x" * 5000, "\x00\x1b", "券" * 90):
        till.scan("garbage", key=hidden, basket=hidden)
    assert till.scans() == 4


# --- amounts and uses ----------------------------------------------------------------------------


def test_a_gift_card_stays_on_the_screen_until_an_amount_was_taken(till: Till) -> None:
    asked = till.scan(GIFT_CARD)
    assert (asked.look, asked.reason) == ("ask", ["amount-missing"])
    assert "Balance ¥100.00" in asked.text
    assert (asked.field("scan"), asked.field("all")) == (GIFT_CARD, "100.00")
    taken = till.scan(GIFT_CARD, amount="30")
    assert (taken.look, "Amount ¥30.00 Balance ¥70.00" in taken.text) == ("good", True)
    rest = till.scan(GIFT_CARD, amount="", all="70.00")
    assert (rest.look, "Balance ¥0.00" in rest.text) == ("good", True)


def test_more_than_there_is_can_be_asked_for_again(till: Till) -> None:
    shown = till.scan(GIFT_CARD, amount="100.01")
    assert (shown.look, shown.reason) == ("ask", ["insufficient-value"])
    assert shown.field("scan") == GIFT_CARD


NO_AMOUNTS = ["abc", "1,2,3", "-5", "+5", "1e3", "0x10", "1.234", "５", "9" * 400, "1.2.3", "NaN",
              "inf", "\x00", "10.00 CNY", "1_000", " . ", "٣"]  # fmt: skip


@pytest.mark.parametrize("amount", NO_AMOUNTS)
def test_an_amount_that_is_none_takes_nothing_and_is_asked_for_again(
    untouched: Till, amount: str
) -> None:
    for language, told in (("zh-CN", "金额不是有效数字。"), ("en", "The amount is not a number.")):
        shown = untouched.scan(GIFT_CARD, language, amount=amount)
        assert (shown.look, shown.title, shown.field("scan")) == ("ask", told, GIFT_CARD)
    assert untouched.scans() == 0


@pytest.mark.parametrize("amount", ["0", "0.00", "00"])
def test_nothing_cannot_be_taken(till: Till, amount: str) -> None:
    assert till.scan(GIFT_CARD, amount=amount).look != "good"


@pytest.mark.parametrize(
    "uses", ["abc", "-1", "0", "1.5", "１", "100000", "9" * 400, "\x00", "1 2", "²"]
)
def test_uses_that_are_none_take_nothing(untouched: Till, uses: str) -> None:
    card = b.a_token(**e.a_coffee_card())
    for language, told in (("zh-CN", "次数不是有效数字。"), ("en", "The uses are not a number.")):
        shown = untouched.scan(card, language, uses=uses)
        assert shown.look == "bad"
        assert told in shown.text
    assert untouched.scans() == 0


def test_several_uses_are_taken_at_once(till: Till) -> None:
    shown = till.scan(b.a_token(**e.a_coffee_card()), uses=" 3 ")
    assert (shown.look, "Uses left 7" in shown.text) == ("good", True)


def test_an_amount_for_a_voucher_that_has_none_says_so(till: Till) -> None:
    shown = till.scan(b.a_token(), amount="5")
    assert (shown.look, shown.reason) == ("ask", ["amount-mismatch"])


# --- pictures ------------------------------------------------------------------------------------


def test_a_picture_of_a_voucher_is_a_scan(till: Till) -> None:
    shown = till.picture(p.jpeg(p.on_a_phone(p.a_qr(b.a_token(), module_px=5))))
    assert (shown.look, shown.title) == ("good", "Accepted")
    again = till.picture(p.png(p.a_qr(b.a_token(), module_px=5)))
    assert again.reason == ["already-redeemed"]


def test_an_amount_is_taken_from_the_voucher_in_a_picture(till: Till) -> None:
    picture = p.png(p.a_qr(GIFT_CARD, module_px=4))
    asked = till.picture(picture)
    assert (asked.reason, asked.field("scan")) == (["amount-missing"], GIFT_CARD)
    assert till.picture(picture, amount="30").look == "good"


def test_a_picture_without_a_code_is_refused_and_recorded(till: Till) -> None:
    shown = till.picture(p.png(np.full((480, 640), 200, np.uint8)))
    assert (shown.look, shown.reason, till.scans()) == ("ask", ["not-a-token"], 1)


def test_any_other_code_in_a_picture_is_refused(till: Till) -> None:
    foreign: list[str | bytes] = ["<script>alert(1)</script>", b"\xff\xfe\x00\x1b", "9" * 4096,
                                  "https://evil.example"]  # fmt: skip
    for payload in foreign:
        shown = till.picture(p.png(p.a_qr(payload, module_px=4, error="l")))
        assert (shown.look, shown.reason) == ("ask", ["not-a-token"])
        assert "alert(1)" not in shown.page
    assert till.scans() == len(foreign)


@pytest.mark.parametrize("size", [65_000, 131_072, 700_000, 5_000_000])
def test_a_photograph_is_not_too_large_whatever_its_bytes_are(untouched: Till, size: int) -> None:
    """Where a piece of the upload ends with a line end, the parser keeps it for the next."""
    content = (b"\xff\xd8" + b"\n\r" * size)[:size]
    assert "This is not a picture that can be opened." in untouched.picture(content).text


NONE = ("The picture is missing or too large.", "没有图片，或图片过大。")
NO_PICTURE = ("This is not a picture that can be opened.", "这不是可以打开的图片。")
NO_PICTURES: list[tuple[bytes | None, str, str]] = [
    (None, *NONE),
    (b"", *NONE),
    (b"text", *NO_PICTURE),
    (p.png(p.a_qr("x"))[:60], *NO_PICTURE),
    (bytes(PICTURE_BYTES_MAX), *NO_PICTURE),
    (bytes(PICTURE_BYTES_MAX + 1), *NONE),
]


@pytest.mark.parametrize(
    ("content", "en", "zh"), NO_PICTURES, ids=["missing", "empty", "text", "cut", "16 MB", "more"]
)
def test_a_file_that_is_no_picture_is_told_and_takes_nothing(
    untouched: Till, content: bytes | None, en: str, zh: str
) -> None:
    shown = untouched.picture(content)
    assert shown.look == "bad"
    assert en in shown.text
    assert zh in untouched.picture(content, "zh-CN").text
    assert untouched.scans() == 0


# --- what was scanned ----------------------------------------------------------------------------


def test_the_recent_scans_are_listed_newest_first(till: Till) -> None:
    assert "Nothing has been scanned on this unit yet." in till.clerk.get("/recent").text
    till.scan(b.a_token())
    till.scan("garbage")
    page = till.clerk.get("/recent").text
    rows = re.findall(r"<tr>(.*?)</tr>", page.split("<tbody>")[1], re.DOTALL)
    assert len(rows) == 2
    assert "This is not one of our vouchers." in rows[0]
    assert all(told in rows[1] for told in ("Accepted", "Lunch voucher", "¥88.00", "offline"))
    assert "午餐券" in till.clerk.get("/recent", headers=ZH).text


def test_only_the_newest_are_listed(till: Till) -> None:
    for _ in range(RECENT + 3):
        till.scan("garbage")
    assert till.clerk.get("/recent").text.count("<tr>") == RECENT + 1


def test_a_copy_is_printed_when_asked_for(till: Till) -> None:
    till.scan(b.a_token())
    response = till.clerk.post("/recent/1/2/copy")
    assert response.location == "/recent?done=copy"
    assert "A copy will be printed." in till.clerk.get(response.location).text
    assert till.core.spool.owed() == 2


@pytest.mark.parametrize("number", ["1/1", "1/9", "0/0", f"{'9' * 30}/1", "x/y", "-1/2"])
def test_a_receipt_that_is_not_there_cannot_be_copied_nor_taken_back(
    untouched: Till, number: str
) -> None:
    copied = untouched.clerk.post(f"/recent/{number}/copy")
    assert (copied.status_code, json.loads(copied.data)["type"]) == (404, "/problems/not-found")
    taken = untouched.clerk.post(f"/void/{number}")
    assert taken.status_code == 404 or Shown(taken).look == "bad"
    assert untouched.core.journal.tail.seq == 1


def test_an_acceptance_is_taken_back_and_can_be_used_again(till: Till) -> None:
    accepted = till.scan(b.a_token())
    assert 'action="/void/1/2"' in accepted.section
    back = Shown(till.clerk.post("/void/1/2"))
    assert (back.look, back.title) == ("back", "Taken back")
    assert Shown(till.clerk.post("/void/1/2")).look == "back", "asking again is the same answer"
    assert till.scans() == 2
    assert till.scan(b.a_token()).look == "good"


def test_in_the_list_it_is_taken_back_too(till: Till) -> None:
    till.scan(b.a_token())
    assert "Yes, take it back" in till.clerk.get("/recent").text
    response = till.clerk.post("/void/1/2", data={"then": "recent"})
    page = till.clerk.get(response.location).text
    assert "The redemption was taken back." in page
    assert "Yes, take it back" not in page


def test_in_the_list_a_part_is_taken_back(till: Till) -> None:
    till.scan(b.a_token(**e.a_gift_card()), amount="30.00")
    page = till.clerk.get("/recent").text
    assert "30.00 CNY" in page
    found = re.search(r'name="key" value="([0-9a-f]+)"', page)
    assert found is not None
    fields = {"part": "1", "key": found[1], "then": "recent", "amount": "12.00"}
    for _ in range(2):  # a double click is one
        assert till.clerk.post("/void/1/2", data=fields).status_code == 302
    page = till.clerk.get("/recent").text
    assert "−¥12.00" in page
    assert "18.00 CNY" in page
    over = Shown(till.clerk.post("/void/1/2", data=fields | {"key": "k2", "amount": "18.01"}))
    assert over.look == "bad"
    assert Shown(till.clerk.post("/void/1/2", data=fields | {"amount": "x"})).look == "bad"
    assert till.scans() == 2
    till.scan(b.a_token())
    assert page.count('name="part"') == 1, "what is used once has no parts"


def test_what_was_accepted_too_long_ago_stands(till: Till) -> None:
    till.scan(b.a_token())
    till.clock.pass_s(24 * 3600)
    assert "Yes, take it back" not in till.clerk.get("/recent").text
    for language, told in (("zh-CN", "总部"), ("en", "Headquarters can help.")):
        headers = {"Accept-Language": language}
        shown = Shown(till.clerk.post("/void/1/2", headers=headers))
        assert (shown.look, told in shown.text) == ("bad", True)
    assert till.scan(b.a_token()).reason == ["already-redeemed"]


# --- a unit in trouble ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "told"),
    [("zh-CN", "本终端暂时无法记账"), ("en", "The unit cannot record anything right now")],
)
def test_a_unit_that_cannot_record_says_so_and_takes_nothing(
    till: Till, language: str, told: str
) -> None:
    assert till.unit.store is not None
    till.unit.store.close()
    headers = {"Accept-Language": language}
    for path in ("/redeem", "/void/1/2"):
        response = till.clerk.post(path, data={"scan": b.a_token()}, headers=headers)
        problem = json.loads(response.data)
        assert (response.status_code, problem["type"]) == (503, "/problems/store-unavailable")
        assert problem["title"] == told


def test_a_unit_that_headquarters_has_stopped_says_so(tmp_path: Path) -> None:
    with a_rig(tmp_path / "unit") as rig:
        rig.take(state=UnitState.QUARANTINED)
    with a_till(tmp_path / "unit") as till:
        shown = till.scan(b.a_token())
        assert (shown.look, shown.title) == (
            "bad", "This unit has been stopped by headquarters",
        )  # fmt: skip
        assert "call them" in shown.text
        assert "请联系总部" in till.scan(b.a_token(), "zh-CN").text


# --- languages and the rest ----------------------------------------------------------------------


def test_the_language_can_be_chosen_and_outlives_log_in_and_log_out(till: Till) -> None:
    client = till.browser("zh-CN")
    assert client.post("/language", data={"locale": "en", "back": "/login"}).location == "/login"
    assert '<html lang="en">' in client.get("/login").text
    till.log_in(client)
    assert '<html lang="en">' in client.get("/").text
    client.post("/logout")
    assert '<html lang="en">' in client.get("/login").text


@pytest.mark.parametrize("locale", ["fr", "", "../en", "zh_CN", "en\0", "x" * 1000])
def test_a_language_that_is_none_changes_nothing(untouched: Till, locale: str) -> None:
    untouched.clerk.post("/language", data={"locale": locale})
    assert '<html lang="en">' in untouched.clerk.get("/").text


ELSEWHERE = ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example",
             "/\n/evil.example", "\\\\evil.example", "evil.example", "", "/\r\nSet-Cookie: a=b",
             "javascript:alert(1)", " //evil.example", "/\x00", "/券"]  # fmt: skip


@pytest.mark.parametrize("back", ELSEWHERE)
def test_nobody_is_led_to_another_host(untouched: Till, back: str) -> None:
    assert way_back(back) == "/"
    response = untouched.visitor.post("/language", data={"locale": "en", "back": back})
    assert (response.status_code, response.location) == (302, "/")


def test_no_page_of_ours_leads_elsewhere_or_is_kept(till: Till) -> None:
    for path in ("/", "/recent", "/login", "/problems/disk-full"):
        response = till.clerk.get(path)
        headers = response.headers
        assert response.status_code == 200
        assert headers["Content-Security-Policy"].startswith("default-src 'self';")
        assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == (
            "nosniff", "no-store",
        )  # fmt: skip
        assert not re.findall(r'(?:src|href|action)="(?!/|#)[^"]', response.text)


def test_the_strip_tells_how_the_unit_is(till: Till) -> None:
    assert "Headquarters" in till.clerk.get("/strip").text
    assert "总部" in till.clerk.get("/strip", headers=ZH).text


def test_before_it_is_enrolled_a_unit_changes_its_language_too(tmp_path: Path) -> None:
    with a_unit(tmp_path / "unit") as unit:
        client = unit.flask.test_client()
        assert "未注册" in client.get("/", headers=ZH).text
        client.post("/language", data={"locale": "en"})
        page = client.get("/", headers=ZH)
        assert (page.status_code, "This unit is not enrolled yet" in page.text) == (503, True)
        assert client.get("/login").status_code == 404


# --- papers that need somebody -------------------------------------------------------------------


def a_held_paper(till: Till) -> int:
    till.scan(b.a_token())
    spool = till.core.spool
    for _ in range(COPIES_MAX + 1):
        job = spool.take()
        assert job is not None
        spool.report(job, Event.NO_ANSWER)
    assert spool.take() is None
    [held] = spool.held()
    return held.id


@pytest.mark.parametrize(
    ("language", "head", "again"),
    [("en", "Papers that need you", "Print it again"), ("zh-CN", "需要处理的小票", "重新打印")],
)
def test_a_paper_that_is_unclear_is_shown_to_whoever_can_look_at_the_printer(
    till: Till, language: str, head: str, again: str
) -> None:
    headers = {"Accept-Language": language}
    assert head not in till.clerk.get("/recent", headers=headers).text
    a_held_paper(till)
    page = till.clerk.get("/recent", headers=headers).text
    assert head in page
    assert again in page


@pytest.mark.parametrize(
    ("choice", "told", "owed"),
    [("again", "A copy will be printed.", 1), ("give-up", "This paper will not be printed.", 0)],
)
def test_the_clerk_decides_about_a_paper_once(
    till: Till, choice: str, told: str, owed: int, caplog: pytest.LogCaptureFixture
) -> None:
    number = a_held_paper(till)
    answer = till.clerk.post(f"/papers/{number}", data={"do": choice})
    assert answer.status_code == 302
    assert told in till.clerk.get(answer.location).text
    assert till.core.spool.owed() == owed
    assert "by li" in caplog.text
    late = till.clerk.post(f"/papers/{number}", data={"do": "again"})
    assert "has decided about this paper already" in till.clerk.get(late.location).text
    assert till.core.spool.owed() == owed
