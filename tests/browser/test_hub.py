"""The hub's pages as an operator uses them; what they say is what the hub's API says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from central.foundation.language.words import grouped
from edge.contract.money import decimal_text
from tests.browser.visit import LOCALES, Pictures, Visits, log_in_at_hub
from tests.demo.processes import Process, wait_until
from tests.demo.scenario import STORE, Stage


def figure(minor: int) -> str:
    return grouped(decimal_text(minor, "CNY"))


def cells(page: Page, row: str) -> list[str]:
    found = page.locator("tr", has=page.get_by_role("rowheader", name=row, exact=True))
    return [text.strip() for text in found.locator("td").all_inner_texts()]


# --- coming in -----------------------------------------------------------------------------------


def test_an_operator_comes_in_where_he_wanted_to_and_goes_out(visits: Visits, stage: Stage) -> None:
    with visits.anybody(stage.hub.url) as page:
        page.goto("/conflicts")
        page.fill("[name=name]", "admin")
        page.fill("[name=password]", "wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("Name or password is wrong.")
        expect(page.locator("[name=name]")).to_have_value("admin")
        page.fill("[name=password]", stage.admin_password)
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{stage.hub.url}/conflicts")
        page.get_by_role("button", name="Log out").click()
        expect(page).to_have_url(f"{stage.hub.url}/login")


def test_the_language_is_changed_without_losing_the_place(visits: Visits, stage: Stage) -> None:
    with visits.anybody(stage.hub.url) as page:
        page.goto("/login")
        log_in_at_hub(page, stage.admin_password)
        page.goto(f"/ledger/2310.{STORE}?first=2026-01-01&last=2026-01-31")
        page.get_by_role("button", name="中文").click()
        expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
        expect(page.locator("[name=last]")).to_have_value("2026-01-31")


def test_the_navigation_says_where_one_is(visits: Visits) -> None:
    with visits.operator("/") as page:
        here = page.locator("nav [aria-current]")
        for name in ("Units", "Redemptions", "Conflicts", "Trial balance"):
            page.get_by_role("navigation").get_by_role("link", name=name).click()
            expect(here).to_have_text(name)
            expect(page.locator("h1")).to_have_text(name)
        page.get_by_role("link", name=f"2310.{STORE}").click()
        expect(here).to_have_text("Trial balance")


def test_each_tile_of_the_overview_leads_to_its_page(visits: Visits) -> None:
    with visits.operator("/") as page:
        assert page.locator(".tile").count() == 6
        conflicts = page.locator(".tile.bad", has_text="Conflicts")
        expect(conflicts.locator(".tile-value")).to_have_text("1")
        conflicts.click()
        expect(page.locator("h1")).to_have_text("Conflicts")


# --- units ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("locale", LOCALES)
def test_a_unit_is_invited_compared_confirmed_and_revoked(
    visits: Visits, pictures: Pictures, stage: Stage, tmp_path: Path, locale: str
) -> None:
    with visits.operator("/units", locale=locale) as page:
        page.locator("form[action='/units/invite'] button").click()
        code = page.locator(".number-big").inner_text()
        pictures.look(page, "hub-units-invited", locale)
        newcomer = Process(
            "newcomer", "", tmp_path / "log",
            ["tearoff-unit", "--set", f"unit.data_dir={tmp_path / 'unit'}", "enrol", "--hub",
             stage.hub.url, "--code", code],
        )  # fmt: skip
        newcomer.start("Compare this number")
        try:
            shown = newcomer.log.read_text().partition("hub:")[2].split("\n")[0].strip()
            # It comes to the page that is open, without loading it again.
            expect(page.locator("#waiting .number-big")).to_have_text(shown)
            expect(page.get_by_text(code, exact=True)).to_be_visible()
            pictures.look(page, "hub-units-waiting", locale)
            page.locator("#waiting button[value=same]").click()
            expect(page.locator(".notice.good")).to_be_visible()
            wait_until("it knows its name", lambda: "This is unit" in newcomer.log.read_text())
        finally:
            newcomer.stop()
        name = newcomer.log.read_text().partition("This is unit ")[2].split()[0].strip(".")
        expect(page.locator(".notice.good")).to_contain_text(name)
        row = page.locator("tr", has_text=name)
        row.locator("summary").click()
        row.locator("button").click()
        expect(page.locator(".notice.good")).to_contain_text(name)
        expect(page.locator("tr", has_text=name).locator(".tag.bad")).to_be_visible()
        expect(page.locator("tr", has_text=name).locator("summary")).to_have_count(0)


def test_every_unit_is_told_with_how_far_the_hub_has_heard(visits: Visits, stage: Stage) -> None:
    with visits.operator("/units") as page:
        units = stage.hub_api.get("/v1/units")["units"]
        heard_of = [unit for unit in units if unit["acked"]]  # others may have joined just now
        assert set(stage.tills) <= {unit["id"] for unit in heard_of}
        for unit in heard_of:
            row = page.locator("tr", has_text=unit["id"])
            expect(row).to_contain_text("静安店")
            expect(row).to_contain_text(f"{unit['acked']['epoch']}/")


# --- what was redeemed ---------------------------------------------------------------------------


def test_a_conflict_shows_both_receipts(visits: Visits, stage: Stage) -> None:
    [conflict] = stage.hub_api.get("/v1/conflicts")["conflicts"]
    with visits.operator("/conflicts") as page:
        expect(page.locator("article")).to_have_count(1)
        expect(page.locator("article")).to_contain_text(conflict["voucher_id"])
        receipts = page.locator(".receipts > li")
        expect(receipts).to_have_count(2)
        for shown, receipt in zip(receipts.all(), conflict["receipts"], strict=True):
            expect(shown).to_contain_text(f"{receipt['unit']} · № {receipt['receipt']}")
            expect(shown).to_contain_text(receipt["hash_hex"][:8])
            expect(shown).to_contain_text(f"{receipt['epoch']}/{receipt['seq']}")
            covered = receipt["covered_minor"] == receipt["worth_minor"]
            expect(shown).to_have_class("good" if covered else "bad")
        expect(page.locator(".receipts > .bad")).to_have_count(1)


def test_redemptions_are_told_with_words_and_not_with_slugs(visits: Visits) -> None:
    with visits.operator("/redemptions") as page:
        text = page.locator("table").inner_text()
        for words in ("refused: forged or altered", "refused: expired", "overspend", "applied"):
            assert words in text
        assert "bad-signature" not in text


# --- the ledger ----------------------------------------------------------------------------------


def test_the_trial_balance_is_that_of_the_ledger(visits: Visits, stage: Stage) -> None:
    with visits.operator("/ledger") as page:
        ledger = stage.hub_api.get("/v1/ledger/trial-balance")
        page.reload()
        expect(page.locator(".notice.good")).to_contain_text("Sound:")
        for account in ledger["accounts"]:
            row = cells(page, account["code"])
            assert row[:3] == [
                account["name"], figure(account["debit"]), figure(account["credit"])
            ], account["code"]  # fmt: skip
        total = cells(page, "Total CNY")
        assert (total[0], total[2]) == (total[1], "0.00")
        for right in page.locator("td.number").all():
            assert right.evaluate("e => getComputedStyle(e).textAlign") == "right"
            numeric = right.evaluate("e => getComputedStyle(e).fontVariantNumeric")
            assert "tabular-nums" in numeric


def test_a_statement_adds_up_and_is_asked_for_by_days(visits: Visits, stage: Stage) -> None:
    account: dict[str, Any] = stage.hub_api.get(
        f"/v1/ledger/accounts/2310.{STORE}/statement?first=20260101&last=20991231"
    )
    with visits.operator(f"/ledger/2310.{STORE}") as page:
        page.fill("[name=first]", "2026-01-01")
        page.fill("[name=last]", "2099-12-31")
        page.get_by_role("button", name="Show").click()
        expect(page.locator("[name=last]")).to_have_value("2099-12-31")
        rows = page.locator("tbody tr").filter(has=page.locator("time"))
        assert rows.count() == len(account["lines"])
        balance = account["opening"]
        for shown, line in zip(rows.all(), account["lines"], strict=True):
            balance += line["change"]
            texts = shown.locator("td").all_inner_texts()
            assert [text.strip() for text in texts[-2:]] == [
                figure(line["change"]),
                figure(balance),
            ]
        expect(page.locator("tfoot td").last).to_have_text(figure(account["closing"]))
        page.fill("[name=last]", "2026-01-01")
        page.get_by_role("button", name="Show").click()
        expect(page.locator("tbody")).to_contain_text("Nothing happened in these days.")
