"""Everything works without JavaScript too, by loading the page again."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.visit import Stock, Visits, log_in_at_hub, log_in_at_till, scan
from tests.demo.processes import Process
from tests.demo.scenario import STORE, Stage, Till


def scan_when_focused(page: Page, text: str) -> None:
    """The browser moves the focus to the field with a frame of its own, some time after loading."""
    expect(page.locator("#scan")).to_be_focused()
    scan(page, text)


def test_a_clerk_works_without_javascript(visits: Visits, till: Till, stock: Stock) -> None:
    with visits.anybody(till.unit.url, script=False) as page:
        page.goto("/login")
        log_in_at_till(page, till.pin)
        expect(page.locator("#scan")).to_be_focused()
        scan_when_focused(page, stock.text("lunch"))
        expect(page.locator(".answer.good h1")).to_have_text("Accepted")
        expect(page).to_have_title(f"Accepted · {till.name}")
        page.locator(".undo summary").click()
        page.get_by_role("button", name="Yes, take it back").click()
        expect(page.locator(".answer.back")).to_be_visible()
        page.reload()
        expect(page.locator(".answer.back")).to_be_visible()
        page.get_by_role("button", name="中文").click()
        expect(page.locator(".answer.empty h1")).to_have_text("请扫码")
        page.get_by_role("link", name="最近扫码").click()
        expect(page.locator("tbody tr").first).to_contain_text("已撤销")
        page.get_by_role("button", name="退出").click()
        expect(page).to_have_url(f"{till.unit.url}/login")


def test_a_gift_card_is_used_without_javascript(visits: Visits, till: Till, stock: Stock) -> None:
    with visits.clerk(till, script=False) as page:
        scan_when_focused(page, stock.text("gift"))
        expect(page.locator("#amount")).to_be_focused()
        page.keyboard.type("x\n")
        expect(page.locator("#answer h1")).to_have_text("The amount is not a number.")
        page.keyboard.type("12.50\n")
        expect(page.locator(".answer.good")).to_contain_text("¥187.50")
        page.reload()
        expect(page.locator(".answer.good")).to_contain_text("¥187.50")


def test_several_uses_and_a_picture_without_javascript(
    visits: Visits, till: Till, stock: Stock
) -> None:
    with visits.clerk(till, script=False) as page:
        page.locator("summary", has_text="Several uses").click()
        page.fill("#uses", "3")
        page.locator("#scan").focus()
        scan_when_focused(page, stock.text("coffee"))
        expect(page.locator(".answer.good")).to_contain_text("¥45.00")
        page.locator("#picture").set_input_files(stock.take("lunch")["png"])
        page.get_by_role("button", name="Read it").click()
        expect(page.locator(".answer.good")).to_contain_text("¥88.00")


def test_recent_scans_are_copied_and_taken_back_without_javascript(
    visits: Visits, till: Till, stock: Stock
) -> None:
    with visits.clerk(till, script=False) as page:
        scan_when_focused(page, stock.text("lunch"))
        expect(page.locator(".answer.good")).to_be_visible()
        page.goto("/recent")
        row = page.locator("tbody tr").first
        row.get_by_role("button", name="Print a copy").click()
        expect(page.get_by_role("status")).to_have_text("A copy will be printed.")
        row.locator("summary").click()
        row.get_by_role("button", name="Yes, take it back").click()
        expect(page.get_by_role("status")).to_have_text("The redemption was taken back.")


def test_a_printer_is_watched_without_javascript(visits: Visits, till: Till) -> None:
    with visits.anybody(till.printer.url, script=False) as page:
        page.goto("/")
        error = page.get_by_role("button", name="Cutter error")
        for pressed in ("true", "false"):
            error.click()
            expect(error).to_have_attribute("aria-pressed", pressed)


def test_an_operator_works_without_javascript(visits: Visits, stage: Stage, tmp_path: Path) -> None:
    with visits.anybody(stage.hub.url, script=False) as page:
        page.goto("/login")
        log_in_at_hub(page, stage.admin_password)
        page.goto("/units")
        page.get_by_role("button", name="Make a code").click()
        code = page.locator(".number-big").inner_text()
        newcomer = Process(
            "newcomer", "", tmp_path / "log",
            ["tearoff-unit", "--set", f"unit.data_dir={tmp_path / 'unit'}", "enrol", "--hub",
             stage.hub.url, "--code", code],
        )  # fmt: skip
        newcomer.start("Compare this number")
        try:
            page.get_by_role("link", name="Look for it").click()
            page.get_by_role("button", name="They differ").click()
            expect(page.get_by_role("status")).to_have_text("The enrolment was refused.")
        finally:
            newcomer.stop()
        page.goto(f"/ledger/2310.{STORE}")
        page.fill("[name=last]", "2026-01-01")
        page.get_by_role("button", name="Show").click()
        expect(page.locator("tbody")).to_contain_text("Nothing happened in these days.")
        page.get_by_role("button", name="中文").click()
        expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
        page.get_by_role("button", name="退出").click()
        expect(page).to_have_url(f"{stage.hub.url}/login")
