"""The clerk's page as a clerk uses it: scanner, keyboard, eyes and ears."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.visit import Stock, Visits, log_in_at_till, scan
from tests.demo.holder import Phone
from tests.demo.processes import wait_until
from tests.demo.scenario import Stage, Till

ANSWER_MS = 200


def lamp(page: Page, name: str) -> Locator:
    label = page.locator(".lamp-name", has_text=re.compile(f"^{name}$"))
    return page.locator(".lamp", has=label)


def answer(page: Page, look: str) -> Page:
    expect(page.locator(f"#answer .answer.{look}")).to_be_visible()
    return page


def title(page: Page) -> str:
    return page.locator("#answer h1").inner_text()


def fact(page: Page, name: str) -> str:
    return page.locator("#answer dl div", has_text=name).locator("dd").inner_text()


def entries(till: Till) -> int:
    return int(till.api.get("/v1/status")["journal"]["seq"])


# --- coming in -----------------------------------------------------------------------------------


def test_a_clerk_comes_in_with_a_pin_and_goes_out_again(visits: Visits, till: Till) -> None:
    with visits.anybody(till.unit.url) as page:
        page.goto("/recent")
        expect(page).to_have_url(f"{till.unit.url}/login")
        page.keyboard.type("000000\n")
        expect(page.get_by_role("alert")).to_have_text("The PIN is wrong.")
        log_in_at_till(page, till.pin)
        expect(page.locator("#scan")).to_be_focused()
        page.get_by_role("button", name="Log out").click()
        expect(page).to_have_url(f"{till.unit.url}/login")
        page.goto("/")
        expect(page).to_have_url(f"{till.unit.url}/login")


def test_a_session_that_is_over_leads_back_to_the_pin(
    visits: Visits, till: Till, stock: Stock
) -> None:
    with visits.anybody(till.unit.url, meant="401") as page:
        page.goto("/login")
        log_in_at_till(page, till.pin)
        # What is on its way would bring the cookie back: the strip is asked for every two seconds.
        page.wait_for_event("requestfinished", lambda request: request.url.endswith("/strip"))
        page.context.clear_cookies()
        scan(page, stock.text("lunch"))
        expect(page).to_have_url(f"{till.unit.url}/login")


def test_the_language_is_changed_and_stays(visits: Visits, till: Till) -> None:
    with visits.anybody(till.unit.url, locale="en") as page:
        page.goto("/login")
        page.get_by_role("button", name="中文").click()
        expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
        log_in_at_till(page, till.pin)
        expect(page.locator("#answer h1")).to_have_text("请扫码")
        expect(page).to_have_title("核销 · S0412-K1")


# --- one question, one answer --------------------------------------------------------------------


def test_the_answer_comes_in_words_shape_colour_and_sound(
    visits: Visits, till: Till, stock: Stock, stage: Stage
) -> None:
    expired = next(v["text"] for v in stage.vouchers if v["what"] == "expired")
    looks = {}
    with visits.clerk(till) as page:
        for look, text, words in (
            ("good", stock.text("lunch"), "Accepted"),
            ("bad", expired, "This voucher has expired."),
            ("ask", "hello", "This is not one of our vouchers."),
        ):
            page.evaluate("heard.length = 0")
            scan(page, text)
            answer(page, look)
            assert title(page) == words
            field = page.locator("#answer .answer")
            looks[look] = (
                field.locator(".icon-body").evaluate("e => e.outerHTML"),
                field.evaluate("e => getComputedStyle(e).backgroundColor"),
                tuple(page.evaluate("heard")),
            )
            assert words in page.locator("#said").inner_text(), "a screen reader says it"
    for what in zip(*looks.values(), strict=True):
        assert len(set(what)) == 3, "no two looks share a shape, a colour or a sound"
    assert looks["good"][2] == (660, 990)


def test_the_answer_is_on_the_screen_within_200_ms(
    visits: Visits, till: Till, stock: Stock
) -> None:
    with visits.clerk(till) as page:
        for _ in range(5):
            scan(page, stock.text("lunch"))
            answer(page, "good")
            page.keyboard.press("Escape")
            answer(page, "empty")
        waited = page.evaluate("waited")[::2]
    # A machine that does something else meanwhile makes an answer later, never earlier.
    print(f"from Enter to the answer: {sorted(round(ms) for ms in waited)} ms")
    assert min(waited) <= ANSWER_MS


def test_a_refusal_says_the_way_out(visits: Visits, till: Till, stock: Stock) -> None:
    with visits.clerk(till) as page:
        used = stock.text("lunch")
        scan(page, used)
        answer(page, "good")
        scan(page, stock.text("code"))
        answer(page, "ask")
        assert title(page) == "A picture of this voucher is not enough: its code rotates."
        expect(page.locator(".answer-detail")).to_have_text("Three coffees")
        expect(page.locator(".answer-out")).to_have_text(
            "Scan the code that the customer's phone shows right now."
        )
        scan(page, used)
        answer(page, "bad")
        expect(page.locator(".answer-out")).to_have_text("It cannot be used.")


def test_a_code_from_a_phone_is_scanned_or_typed(visits: Visits, till: Till, stock: Stock) -> None:
    shown = Phone(stock.take("code")).qr()  # the next one is good again, half a minute later
    with visits.clerk(till) as page:
        scan(page, shown)
        answer(page, "good")
        assert fact(page, "Uses left") == "2"
        page.keyboard.press("Escape")
        scan(page, shown)
        answer(page, "ask")
        assert title(page) == "This code was used already."


def test_several_uses_are_taken_at_once(visits: Visits, till: Till, stock: Stock) -> None:
    with visits.clerk(till) as page:
        page.locator("summary", has_text="Several uses").click()
        page.fill("#uses", "2")
        expect(page.locator("#uses")).to_be_focused()
        scan(page, stock.text("coffee"))
        answer(page, "good")
        assert (fact(page, "Amount"), fact(page, "Uses left")) == ("¥30.00", "1")


# --- the scanner ---------------------------------------------------------------------------------

FOCUS = ["body", "#answer", ".bar-nav a >> nth=1", "[name=locale]", "summary", "#uses", "#picture"]


@pytest.mark.parametrize("where", FOCUS)
def test_a_scanner_may_type_wherever_the_focus_is(
    visits: Visits, till: Till, stock: Stock, where: str
) -> None:
    with visits.clerk(till) as page:
        page.locator("details").first.evaluate("e => { e.open = true; }")
        page.evaluate("document.activeElement.blur()")
        if where not in {"body", "#answer"}:
            page.locator(where).first.focus()
        else:
            page.locator(where).click(position={"x": 5, "y": 5})
        page.keyboard.type(stock.text("lunch") + "\n")  # key by key, as a scanner does
        answer(page, "good")


def test_a_scanner_that_ends_with_two_line_ends_asks_once(
    visits: Visits, till: Till, stock: Stock
) -> None:
    with visits.clerk(till) as page:
        before = entries(till)
        scan(page, stock.text("lunch"))
        page.keyboard.press("Enter")
        answer(page, "good")
        assert entries(till) == before + 1


def test_a_scanner_that_fires_twice_is_answered_once(
    visits: Visits, till: Till, stock: Stock
) -> None:
    text = stock.text("lunch")
    with visits.clerk(till) as page:
        before = entries(till)
        page.locator("#scan").fill(text)
        page.keyboard.press("Enter")
        page.locator("#scan").fill(text)
        page.keyboard.press("Enter")
        answer(page, "good")
        wait_until("both are answered", lambda: page.evaluate("waited.length") == 2)
        answer(page, "good")
        assert entries(till) == before + 1


def test_what_is_scanned_while_an_answer_is_awaited_waits_its_turn(
    visits: Visits, till: Till, stock: Stock
) -> None:
    with visits.clerk(till) as page:
        before = entries(till)
        for _ in range(3):
            page.locator("#scan").fill(stock.text("lunch"))
            page.keyboard.press("Enter")
        wait_until("all are answered", lambda: page.evaluate("waited.length") == 3)
        answer(page, "good")
        assert entries(till) == before + 3


def test_a_scan_during_the_question_for_an_amount_is_a_scan(
    visits: Visits, till: Till, stock: Stock
) -> None:
    with visits.clerk(till) as page:
        scan(page, stock.text("gift"))
        expect(page.locator("#amount")).to_be_focused()
        scan(page, stock.text("lunch"))
        answer(page, "good")
        expect(page.locator(".answer-detail")).to_have_text("Lunch voucher")


# --- the amount ----------------------------------------------------------------------------------


def test_part_of_a_gift_card_is_taken(visits: Visits, till: Till, stock: Stock) -> None:
    with visits.clerk(till) as page:
        scan(page, stock.text("gift"))
        answer(page, "ask")
        assert (title(page), fact(page, "Balance")) == ("How much shall be taken?", "¥200.00")
        page.keyboard.press("Enter")
        expect(page.locator("#amount")).to_be_focused()
        page.keyboard.type("thirty\n")
        expect(page.locator("#answer h1")).to_have_text("The amount is not a number.")
        page.keyboard.type("200.01\n")
        expect(page.locator("#answer h1")).to_have_text("There is not enough left on this voucher.")
        page.keyboard.type("30\n")
        answer(page, "good")
        assert (fact(page, "Amount"), fact(page, "Balance")) == ("¥30.00", "¥170.00")
        expect(page.locator("#scan")).to_be_focused()


def test_all_of_a_gift_card_is_taken_by_one_button(
    visits: Visits, till: Till, stock: Stock
) -> None:
    with visits.clerk(till) as page:
        scan(page, stock.text("gift"))
        page.get_by_role("button", name="All of it 200.00").click()
        answer(page, "good")
        assert fact(page, "Balance") == "¥0.00"


@pytest.mark.parametrize("how", ["Escape", "button"])
def test_the_question_for_an_amount_can_be_left(
    visits: Visits, till: Till, stock: Stock, how: str
) -> None:
    with visits.clerk(till) as page:
        scan(page, stock.text("gift"))
        answer(page, "ask")
        if how == "button":
            page.locator("[data-cancel]").click()
        else:
            page.keyboard.press(how)
        answer(page, "empty")
        expect(page.locator("#scan")).to_be_focused()


# --- pictures ------------------------------------------------------------------------------------


def test_a_voucher_is_read_from_a_picture(visits: Visits, till: Till, stock: Stock) -> None:
    with visits.clerk(till) as page:
        page.locator("#picture").set_input_files(stock.take("lunch")["png"])
        answer(page, "good")
        assert fact(page, "Amount") == "¥88.00"


def test_what_is_no_picture_is_told(visits: Visits, till: Till, tmp_path: Path) -> None:
    note = tmp_path / "note.png"
    note.write_text("not a picture")
    with visits.clerk(till) as page:
        before = entries(till)
        page.locator("#picture").set_input_files(note)
        answer(page, "bad")
        expect(page.locator("#answer")).to_contain_text("This is not a picture")
        assert entries(till) == before


# --- taking back, and the recent scans -----------------------------------------------------------


def test_a_mistake_is_taken_back_at_once(visits: Visits, till: Till, stock: Stock) -> None:
    with visits.clerk(till) as page:
        scan(page, stock.text("lunch"))
        answer(page, "good")
        page.locator(".undo summary").click()
        page.get_by_role("button", name="Yes, take it back").click()
        answer(page, "back")
        assert (title(page), fact(page, "Amount")) == ("Taken back", "¥88.00")
        assert page.evaluate("heard.slice(-2)") == [660, 440]


def test_recent_scans_are_copied_and_taken_back(visits: Visits, till: Till, stock: Stock) -> None:
    with visits.clerk(till) as page:
        scan(page, stock.text("lunch"))
        receipt = fact(answer(page, "good"), "Receipt")
        page.goto("/recent")
        row = page.locator("tbody tr").filter(has_text=f"№ {receipt}")
        expect(row).to_contain_text("Accepted")
        row.get_by_role("button", name="Print a copy").click()
        expect(page.get_by_role("status")).to_have_text("A copy will be printed.")
        row.locator("summary").click()
        row.get_by_role("button", name="Yes, take it back").click()
        expect(page.get_by_role("status")).to_have_text("The redemption was taken back.")
        expect(row.locator(".tag")).to_have_text(["● Accepted", "↶ Taken back"])
        expect(row.locator("summary")).to_have_count(0)
        expect(page.locator("tbody tr").first).to_contain_text("−¥88.00")
    void = str(int(receipt) + 1)
    wait_until(
        "copy and void are on paper",
        lambda: _is_on_paper(till, "COPY", receipt) and _is_on_paper(till, "VOID", void),
    )


def _is_on_paper(till: Till, mark: str, receipt: str) -> bool:
    papers: Any = type(till.api)(till.printer.url, "").get("/papers.json")
    return any(mark in p["text"] and f" {receipt}\n" in p["text"] for p in papers)


# --- when something is not well ------------------------------------------------------------------


def test_a_till_that_does_not_answer_is_asked_again_and_takes_once(
    visits: Visits, till: Till, stock: Stock
) -> None:
    with visits.clerk(till, meant="net::ERR") as page:
        before = entries(till)

        def lose_the_answer(route: Any) -> None:
            route.fetch()
            route.abort()

        page.route("**/redeem", lose_the_answer)
        scan(page, stock.text("lunch"))
        expect(page.locator("[data-reason=fault]")).to_be_visible()
        assert title(page) == "The unit does not answer."
        page.unroute("**/redeem")
        page.keyboard.press("Enter")
        answer(page, "good")
        assert entries(till) == before + 1, "it was recorded the first time"


def test_the_strip_says_what_is_not_well_with_the_printer(
    visits: Visits, other_till: Till, stock: Stock
) -> None:
    with (
        visits.clerk(other_till) as page,
        visits.anybody(other_till.printer.url) as printer,
    ):
        machine, paper = lamp(page, "Printer"), lamp(page, "Paper")
        expect(machine).to_contain_text("ready")
        expect(paper).to_contain_text("enough")
        printer.goto("/")
        printer.get_by_role("button", name="Paper end").click()
        expect(printer.get_by_role("button", name="Paper end")).to_have_attribute(
            "aria-pressed", "true"
        )
        scan(page, stock.text("lunch"))
        answer(page, "good")
        expect(machine).to_have_class("lamp bad")
        expect(machine).to_contain_text("waits for paper · 1 waiting")
        expect(paper).to_contain_text("used up")
        printer.get_by_role("button", name="Paper end").click()
        expect(machine).to_contain_text("ready")


def test_the_strip_says_how_long_the_hub_has_been_away(
    visits: Visits, other_till: Till, stock: Stock, stage: Stage
) -> None:
    with visits.clerk(other_till) as page:
        hub, unsent = lamp(page, "Headquarters"), lamp(page, "Not yet sent")
        expect(hub).to_contain_text("online")
        assert page.locator(".lamp").count() == 6
        stage.hub.stop()
        try:
            scan(page, stock.text("lunch"))
            answer(page, "good")
            assert fact(page, "Checked") == "offline"
            expect(hub).to_contain_text("offline ·")
            expect(unsent).to_contain_text("1 · oldest")
            expect(hub).to_have_class("lamp ask")
        finally:
            stage.hub.start("The hub listens at")
        wait_until("the till is online", lambda: other_till.api.get("/v1/status")["hub"]["online"])
        expect(hub).to_contain_text("online")
        expect(unsent.locator(".lamp-value")).to_have_text("0")


def test_an_address_that_is_not_there_leads_back(visits: Visits, till: Till) -> None:
    with visits.clerk(till, "/nowhere") as page:
        page.get_by_role("link", name="Back to the till").click()
        answer(page, "empty")
