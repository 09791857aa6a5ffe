"""Every page: in both languages, light and dark, from 320 to 1920 px, for eyes and for ears."""

from __future__ import annotations

from base64 import b64decode

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.stall import KEYS, SKU, Stall
from tests.browser.visit import LOCALES, Pictures, Stock, Visits, scan, walk
from tests.demo.processes import wait_until
from tests.demo.scenario import STORE, Stage, Till

pytestmark = pytest.mark.parametrize("locale", LOCALES)


def test_the_login_of_a_till(visits: Visits, pictures: Pictures, till: Till, locale: str) -> None:
    with visits.anybody(till.unit.url, locale=locale) as page:
        page.goto("/")
        assert page.url.endswith("/login")
        pictures.look(page, "till-login", locale, is_till=True)


def test_the_clerk_page_and_its_answers(
    visits: Visits, pictures: Pictures, stock: Stock, till: Till, locale: str
) -> None:
    def present(text: str, look: str) -> None:
        scan(page, text)
        expect(page.locator(f".answer.{look}")).to_be_visible()

    with visits.clerk(till, locale=locale, meant="net::ERR_FAILED") as page:
        page.locator(".question summary").click()
        pictures.look(page, "till-ready", locale, is_till=True)
        page.locator("#scan").focus()
        present(stock.text("lunch"), "good")
        page.locator(".undo summary").click()
        pictures.look(page, "till-accepted", locale, is_till=True)
        page.locator(".undo button").click()
        expect(page.locator(".answer.back")).to_be_visible()
        pictures.look(page, "till-taken-back", locale, is_till=True)
        present(stock.text("code"), "ask")
        pictures.look(page, "till-code-required", locale, is_till=True)
        present(stock.text("gift"), "ask")
        expect(page.locator("#amount")).to_be_focused()
        pictures.look(page, "till-amount", locale, is_till=True)
        page.route("**/redeem", lambda route: route.abort())
        present(stock.text("lunch"), "bad")
        expect(page.locator("[data-reason=fault]")).to_be_visible()
        pictures.look(page, "till-silent", locale, is_till=True)


def test_a_refused_voucher(
    visits: Visits, pictures: Pictures, stage: Stage, till: Till, locale: str
) -> None:
    expired = next(v["text"] for v in stage.vouchers if v["what"] == "expired")
    with visits.clerk(till, locale=locale) as page:
        scan(page, expired)
        expect(page.locator(".answer.bad")).to_be_visible()
        pictures.look(page, "till-refused", locale, is_till=True)


def test_the_recent_scans(
    visits: Visits, pictures: Pictures, till: Till, stock: Stock, locale: str
) -> None:
    with visits.clerk(till, locale=locale) as page:
        # Of a gift card a part can be taken back, too.
        scan(page, stock.text("gift"))
        page.locator("#amount").fill("30")
        page.locator("#amount").press("Enter")
        expect(page.locator(".answer.good")).to_be_visible()
        page.goto("/recent")
        page.locator(".undo summary").first.click()
        pictures.look(page, "till-recent", locale, is_till=True)


@pytest.mark.parametrize("slug", ["voucher-refused", "journal-broken"])
def test_a_problem_of_a_till(
    visits: Visits, pictures: Pictures, till: Till, locale: str, slug: str
) -> None:
    with visits.anybody(till.unit.url, locale=locale) as page:
        page.goto(f"/problems/{slug}")
        expect(page.locator("main")).to_contain_text(slug)
        pictures.look(page, f"till-problem-{slug}", locale, is_till=True)


def test_a_till_that_is_not_enrolled(
    visits: Visits, pictures: Pictures, bare_unit: str, locale: str
) -> None:
    with visits.anybody(bare_unit, locale=locale) as page:
        page.goto("/")
        expect(page.locator("pre")).to_have_text("tearoff-unit enrol --hub URL --code CODE")
        pictures.look(page, "till-not-enrolled", locale, is_till=True)
        page.locator("main a").last.click()
        expect(page.locator("main")).to_contain_text("unit-not-enrolled")


def test_the_doctor_of_a_till(visits: Visits, pictures: Pictures, till: Till, locale: str) -> None:
    with visits.clerk(till, "/doctor", locale=locale) as page:
        expect(page.locator("tbody tr").first).to_be_visible()
        pictures.look(page, "till-doctor", locale, is_till=True)
        assert walk(page) == []


def test_the_doctor_of_a_till_that_is_not_enrolled(
    visits: Visits, pictures: Pictures, bare_unit: str, locale: str
) -> None:
    with visits.anybody(bare_unit, locale=locale) as page:
        page.goto("/doctor")
        expect(page.locator(".tag.bad").first).to_be_visible()
        pictures.look(page, "till-doctor-not-enrolled", locale, is_till=True)


def test_an_address_of_a_till_that_is_not_there(
    visits: Visits, pictures: Pictures, till: Till, locale: str
) -> None:
    with visits.anybody(till.unit.url, locale=locale) as page:
        assert page.goto("/nowhere").status == 404  # type: ignore[union-attr]
        pictures.look(page, "till-nowhere", locale, is_till=True)


def test_the_printer(visits: Visits, pictures: Pictures, till: Till, locale: str) -> None:
    """It speaks both languages at once, so that nobody has to choose."""
    with visits.anybody(till.printer.url, locale=locale) as page:
        page.goto("/")
        expect(page.locator("article img").first).to_be_visible()
        pictures.look(page, "printer", "zh-CN")


def test_the_login_of_the_hub(
    visits: Visits, pictures: Pictures, stage: Stage, locale: str
) -> None:
    with visits.anybody(stage.hub.url, locale=locale) as page:
        page.goto("/login")
        pictures.look(page, "hub-login", locale)


HUB = [
    "/", "/units", "/policies", "/policies/1", "/receipts", "/receipts/1",
    "/redemptions", "/conflicts", "/diversions", "/cases",
    "/cases/1", "/settlement", "/settlement/watermark", "/settlement/fees", "/reconciliation",
    "/jobs", "/account",
    "/closing", "/ledger", f"/ledger/2310.{STORE}", "/ledger/journals/1", "/entries",
    "/entries/new/taken-back?journal=1",
    "/sharing", "/sharing/rules/default/new", "/sharing/simulate?amount=99.99",
    "/catalogue/types/new", "/prices/promotions", "/cards", "/cards/keys", "/cards/log",
    "/suppliers", "/suppliers/purchases", "/suppliers/route", "/orders", "/after-sales",
    "/shop", "/shop/GAME-50", "/vouchers", "/payouts",
    "/payouts/bank-files", "/payouts/tax", "/payouts/tax/202604", "/exchange",
    "/nowhere",
]  # fmt: skip


@pytest.mark.parametrize("path", HUB)
def test_the_hub(visits: Visits, pictures: Pictures, locale: str, path: str) -> None:
    with visits.operator(path, locale=locale) as page:
        name = path.partition("?")[0].strip("/").replace("/", "-") or "overview"
        pictures.look(page, f"hub-{name}", locale)
        assert walk(page) == []


def test_a_manual_entry_from_its_form_to_its_page(
    visits: Visits, pictures: Pictures, locale: str
) -> None:
    """It waits for a second person, so nobody's books move by it."""
    with visits.operator("/entries/new/brought-in", locale=locale) as page:
        page.select_option("[name='field.what']", "reserve")
        for name, text in (("amount", "12.50"), ("document", "OPEN-1"), ("note", "begun")):
            page.fill(f"[name={name}]", text)
        page.click("[name=do][value=preview]")
        expect(page.locator("main table")).to_contain_text("2710")
        pictures.look(page, "hub-entry-preview", locale)
        assert walk(page) == []
        page.click("[name=do][value=enter]")
        expect(page.locator(".notice.good")).to_be_visible()
        pictures.look(page, "hub-entry", locale)
        assert walk(page) == []
        page.goto("/entries")
        pictures.look(page, "hub-entries-some", locale)


def test_an_order_and_its_purchase(
    visits: Visits, pictures: Pictures, stage: Stage, locale: str
) -> None:
    number = stage.shop.bought[0].placed.number
    for path in (f"/orders/{number}", f"/suppliers/purchases/{number}-1"):
        with visits.operator(path, locale=locale) as page:
            expect(page.locator("main")).to_contain_text(number)
            pictures.look(page, f"hub-one-of-{path.split('/')[1]}", locale)
            assert walk(page) == []


def test_an_order_as_its_buyer_sees_it(
    visits: Visits, pictures: Pictures, stage: Stage, locale: str
) -> None:
    placed = stage.shop.bought[0].placed
    with visits.anybody(stage.hub.url, locale=locale) as page:
        page.goto(placed.page)
        expect(page.locator("main")).to_contain_text(placed.number)
        pictures.look(page, "shop-order", locale)
        assert walk(page) == []


def test_a_voucher_redeemed_outside_of_its_region(
    visits: Visits, pictures: Pictures, till: Till, stock: Stock, locale: str
) -> None:
    voucher = stock.take("elsewhere")
    with visits.clerk(till, locale=locale) as page:
        scan(page, voucher["text"])
        expect(page.locator(".answer.good")).to_be_visible()
    with visits.operator("/diversions", locale=locale) as page:
        link = page.locator(f"a[href$='{voucher['id_hex']}']")
        wait_until("the hub has heard of it", lambda: page.reload() and link.count())
        pictures.look(page, "hub-diversions", locale)
        assert walk(page) == []
        link.click()
        page.fill("[name=said]", "warned")
        pictures.look(page, "hub-diversion", locale)
        assert walk(page) == []
        page.locator("form[action$=close] [type=submit]").click()
        expect(page.locator(".notice.good")).to_be_visible()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/units",
        "/redemptions",
        "/conflicts",
        "/cases",
        "/settlement",
        "/ledger",
        "/cards",
        "/orders",
        "/shop",
    ],
)
def test_a_hub_on_its_first_day(
    visits: Visits, pictures: Pictures, bare_hub: tuple[str, str], locale: str, path: str
) -> None:
    address, password = bare_hub
    with visits.operator(path, address=address, password=password, locale=locale) as page:
        pictures.look(page, f"hub-first-day-{path.strip('/') or 'overview'}", locale)


def test_the_shop_from_the_shelf_to_the_key(  # noqa: PLR0915 - one walk
    visits: Visits, pictures: Pictures, stall: Stall, locale: str
) -> None:
    with visits.anybody(stall.hub.url, locale=locale) as page:
        page.goto("/shop")
        pictures.look(page, "shop", locale)
        assert walk(page) == []
        expect(page.locator(".good-card img")).to_have_js_property("naturalWidth", 480)
        page.locator(".good-card").click()
        pictures.look(page, "shop-piece", locale)
        order(page, "x" * 21)
        expect(page.locator(".fault")).to_be_visible()
        expect(page.locator("[name=contact]")).to_have_value("li@example.com")
        pictures.look(page, "shop-piece-fault", locale)
        order(page, "li")
        page.wait_for_url("**/o/*")
        pictures.look(page, "shop-order-unpaid", locale)
        page.locator("[name=channel][value=wechat-pay]").click()
        expect(page.locator("article.wait img")).to_be_visible()
        pictures.look(page, "shop-order-paying", locale)
        number = page.locator("h1 code").inner_text()
        stall.pay(f"P{number[1:]}01")
        # The page looks by itself, without anybody touching it.
        expect(page.locator("[name=code]")).to_be_visible()
        pictures.look(page, "shop-order-delivered", locale)
        show(page, "not the code")
        expect(page.locator(".notice.bad")).to_be_visible()
        show(page, "open sesame")
        key = page.locator("pre").inner_text()
        assert any(one in key for one in KEYS)
        page.locator("button[data-copies]").press("Enter")
        expect(page.locator("[id$=-said]")).not_to_be_empty()
        pictures.look(page, "shop-order-shown", locale)
        assert walk(page) == []
        page.locator("a[href$='/help/1']").click()
        pictures.look(page, "shop-help", locale)
        assert walk(page) == []
        complain(page)
        pictures.look(page, "shop-help-open", locale)
        link = page.url.partition("/help")[0]
        become_a_customer(page, pictures, stall, locale, link)
    with visits.operator(
        f"/orders/{number}", address=stall.hub.url, password=stall.password, locale=locale
    ) as page:
        assert not any(one in page.content() for one in KEYS)
        pictures.look(page, "hub-order", locale)
        assert walk(page) == []
        page.goto("/customers")
        pictures.look(page, "hub-customers", locale)
        page.locator("tbody th a").first.click()
        pictures.look(page, "hub-customer", locale)
        assert walk(page) == []
        make_link(page, pictures, locale)
        answer(page, pictures, locale)
        page.goto(f"/orders/{number}")
        page.check("[name=n]")
        pictures.look(page, "hub-order-open-case", locale)
        assert walk(page) == []
        page.goto("/catalogue/items/star")
        pictures.look(page, "hub-item", locale)
        assert walk(page) == []


def become_a_customer(page: Page, pictures: Pictures, stall: Stall, locale: str, link: str) -> None:
    """Sign in, add the order, look at the account, and top up."""
    page.goto("/my/sign-in")
    pictures.look(page, "my-sign-in", locale)
    page.fill("[name=contact]", f"li-{locale}@example.com".lower())
    page.click("main [type=submit]")
    page.wait_for_url("**/my/code")
    pictures.look(page, "my-code", locale)
    assert walk(page) == []
    page.fill("[name=code]", stall.code())
    page.click("main [type=submit]")
    page.wait_for_url("**/my")
    page.goto("/my/account")
    page.locator("details.confirm summary").click()
    pictures.look(page, "my-account", locale)
    page.goto("/my")
    page.fill("[name=link]", link)
    page.fill("[name=code]", "open sesame")
    page.click("main [type=submit]")
    expect(page.locator("tbody th a")).to_be_visible()
    pictures.look(page, "my-orders", locale)
    assert walk(page) == []
    page.goto("/my/balance")
    page.fill("[name=amount]", "100")
    pictures.look(page, "my-balance-empty", locale)
    page.locator("[name=channel][value=wechat-pay]").click()
    page.wait_for_url("**/my/top-ups/*")
    pictures.look(page, "my-top-up", locale)
    stall.pay(page.url.rpartition("/")[2])
    expect(page.locator(".notice.good")).to_be_visible()
    pictures.look(page, "my-topped-up", locale)
    page.goto("/my/balance")
    pictures.look(page, "my-balance", locale)
    assert walk(page) == []
    page.goto("/my/left")
    pictures.look(page, "my-left", locale)


def complain(page: Page) -> None:
    page.select_option("[name=reason]", "used")
    page.fill("[name=said]", "it says: used already")
    page.set_input_files("[name=picture]", files=[A_PICTURE])
    page.fill("[name=code]", "open sesame")
    page.click("main form:has([name=said]) [type=submit]")
    expect(page.locator(".notice.good")).to_be_visible()


def make_link(page: Page, pictures: Pictures, locale: str) -> None:
    page.goto("/orders")
    pictures.look(page, "hub-orders", locale)
    page.goto(f"/orders/link?sku={SKU}&quantity=2")
    expect(page.locator("article img")).to_be_visible()
    pictures.look(page, "hub-orders-link", locale)
    assert walk(page) == []


def answer(page: Page, pictures: Pictures, locale: str) -> None:
    page.goto("/after-sales")
    pictures.look(page, "hub-after-sales", locale)
    page.locator("tbody th a").first.click()
    expect(page.locator("article img")).to_have_js_property("naturalWidth", 1)
    pictures.look(page, "hub-after-sales-one", locale)
    assert walk(page) == []
    page.fill("[name=answer]", "You get some of your money back.")
    page.fill("[name=amount]", "1.00")
    page.click("[formaction$='/refund']")
    expect(page.locator(".notice.good")).to_be_visible()
    pictures.look(page, "hub-after-sales-answered", locale)


A_PICTURE: FilePayload = {
    "name": "used.png", "mimeType": "image/png",
    "buffer": b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
    ),
}  # fmt: skip
"""One pixel."""


def order(page: Page, account: str) -> None:
    page.fill("[name='field.account']", account)
    page.fill("[name=contact]", "li@example.com")
    page.fill("[name=code]", "open sesame")
    page.locator("main [type=submit]").click()


def show(page: Page, code: str) -> None:
    page.fill("[name=code]", code)
    page.check("[name=consent]")
    page.locator("main [type=submit]").click()


def test_a_problem_of_the_hub(
    visits: Visits, pictures: Pictures, stage: Stage, locale: str
) -> None:
    with visits.anybody(stage.hub.url, locale=locale) as page:
        page.goto("/problems/not-permitted")
        expect(page.locator("main")).to_contain_text("not-permitted")
        pictures.look(page, "hub-problem", locale)


def test_a_till_by_keyboard_alone(visits: Visits, till: Till, locale: str) -> None:
    with visits.clerk(till, locale=locale) as page:
        assert walk(page) == []
        page.goto("/recent")
        assert walk(page) == []
        wait_until("the strip is there", lambda: page.locator(".lamp").count() >= 6)
