"""The page of a simulated printer: what came out, and what can be made to go wrong."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.test_clerk import answer, fact
from tests.browser.visit import Stock, Visits, scan
from tests.demo.scenario import Till


def test_a_paper_comes_in_while_one_looks(visits: Visits, other_till: Till, stock: Stock) -> None:
    with visits.anybody(other_till.printer.url) as printer, visits.clerk(other_till) as page:
        printer.goto("/")
        scan(page, stock.text("lunch"))
        receipt = fact(answer(page, "good"), "Receipt")
        # Papers of before may still be coming in; this is the last one.
        newest = printer.locator("article").filter(has_text=re.compile(rf"\s{receipt}\b")).first
        expect(newest.locator("pre")).to_contain_text("88.00")
        expect(newest.locator("pre")).to_contain_text("静安店")
        width = newest.locator("img").evaluate("e => e.complete && e.naturalWidth")
        assert width > 300, "the picture of the paper is there"


def test_a_fault_is_switched_by_keyboard(visits: Visits, other_till: Till) -> None:
    with visits.anybody(other_till.printer.url) as page:
        page.goto("/")
        cover = page.get_by_role("button", name="Cover open")
        for pressed in ("true", "false"):
            cover.focus()
            page.keyboard.press("Enter")
            expect(cover).to_have_attribute("aria-pressed", pressed)
