"""The holder's page in a real browser: its codes, with and without a network, and at a till."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from central import cli as hub_cli
from central.foundation.clock import now_s
from central.money.ledger.rules import business_day
from central.stores.holders.link import make_link, unlock
from central.stores.vouchers.issue import Order, issue
from edge.contract.ids import VoucherId, parse_voucher_id
from edge.contract.scan import ShortScan, TokenScan, read_scan
from edge.contract.voucher_token import DAY_S, DAY_ZERO_S, decode_payload, split
from tests.browser.visit import LOCALES, Pictures, Stock, Visits, scan
from tests.demo.scenario import GIFT, GROUP, Stage, Till

# RFC 6238, appendix B: time, and the code of eight digits by SHA-256; the secret is its own.
RFC_6238 = {
    59: "46119246", 1111111109: "68084774", 1111111111: "67062674", 1234567890: "91819424",
    2000000000: "90698825", 20000000000: "77737706",
}  # fmt: skip


@pytest.fixture(name="token")
def _token(stage: Stage, stock: Stock) -> str:
    return link_to(stage, parse_voucher_id(stock.take("code")["id_hex"]))


def link_to(stage: Stage, voucher_id: VoucherId) -> str:
    with hub_cli.Hub(stage.hub_config):
        return make_link(voucher_id, "test", now_s())


@contextmanager
def a_phone(browser: Browser, stage: Stage, locale: str = "en") -> Iterator[BrowserContext]:
    """A browser of its own; nothing is on it."""
    phone = browser.new_context(
        base_url=stage.hub.url, locale=locale, viewport={"width": 390, "height": 800},
        color_scheme="light", reduced_motion="reduce",
    )  # fmt: skip
    try:
        yield phone
    finally:
        phone.close()


def shown(page: Page) -> tuple[str, str]:
    """What the QR says, and the number below it; both of one moment."""
    expect(page.locator("#code")).to_be_visible()
    both = page.evaluate(
        "() => [document.getElementById('qr').dataset.shown,"
        " document.getElementById('short').dataset.shown]"
    )
    return both[0], both[1]


def test_the_codes_of_the_page_are_those_of_rfc_6238(browser: Browser, stage: Stage) -> None:
    with a_phone(browser, stage) as phone:
        page = phone.new_page()
        page.goto("/h/")
        codes = page.evaluate(
            """async (times) => {
              const { seedKey, codeOf } = await import("/static/holder/codes.js");
              const secret = new TextEncoder().encode("12345678901234567890123456789012");
              const key = await seedKey(secret);
              return Promise.all(times.map((at) => codeOf(key, Math.floor(at / 30), 8)));
            }""",
            list(RFC_6238),
        )
    assert codes == list(RFC_6238.values())


def test_the_page_keeps_the_voucher_and_a_till_takes_what_it_shows(
    browser: Browser, stage: Stage, till: Till, visits: Visits, token: str
) -> None:
    with a_phone(browser, stage) as phone:
        page = phone.new_page()
        page.goto(f"/h/#{token}")
        qr, _ = shown(page)
        assert isinstance(read_scan(qr), TokenScan)
        expect(page).to_have_url(re.compile(r"/h/$"))  # the secret has left the address
        with visits.clerk(till) as clerk:
            once = shown(page)[0]
            scan(clerk, once)
            expect(clerk.locator(".answer.good")).to_be_visible()
            clerk.goto("/")  # another sale
            scan(clerk, once)
            expect(clerk.locator("[data-reason=code-replayed]")).to_be_visible()


def test_the_picture_on_the_screen_says_what_the_page_means(
    browser: Browser, stage: Stage, till: Till, visits: Visits, token: str
) -> None:
    from edge.devices.pictures.still import read_picture  # noqa: PLC0415 - heavy

    with a_phone(browser, stage) as phone:
        page = phone.new_page()
        page.goto(f"/h/#{token}")
        shown(page)
        picture = page.locator("#qr").screenshot()
        before, after = shown(page)[0], None
        reading = read_picture(picture)
        after = shown(page)[0]
        assert reading is not None
        assert before[:218] == reading.text[:218]
        assert before != after or reading.text == before
        page.emulate_media(color_scheme="dark")
        by_night = read_picture(page.locator("#qr").screenshot())
        assert by_night is not None
        assert by_night.text[:218] == before[:218]


def test_the_number_is_taken_too_and_without_a_network(
    browser: Browser, stage: Stage, till: Till, visits: Visits, token: str
) -> None:
    with a_phone(browser, stage) as phone:
        page = phone.new_page()
        page.goto(f"/h/#{token}")
        shown(page)
        page.wait_for_function("navigator.serviceWorker.ready.then((w) => Boolean(w.active))")
        page.wait_for_function(
            "caches.open('holder-1').then((c) => c.match('/static/holder/show.js')).then(Boolean)"
        )
        phone.set_offline(True)
        page.reload()
        number = shown(page)[1]
        assert isinstance(read_scan(number), ShortScan)
        expect(page.locator("#notices")).to_contain_text("No network")
        till.api.ask("POST", "/v1/sync", {})
        with visits.clerk(till) as clerk:
            scan(clerk, shown(page)[1])
            expect(clerk.locator(".answer.good")).to_be_visible()


def test_a_second_phone_is_told_the_way_out_and_gets_it_once_it_is_unlocked(
    browser: Browser, stage: Stage, token: str
) -> None:
    with a_phone(browser, stage) as first, a_phone(browser, stage) as second:
        page = first.new_page()
        page.goto(f"/h/#{token}")
        token_text = shown(page)[0][:218]
        other = second.new_page()
        other.goto(f"/h/#{token}")
        expect(other.locator("h1")).to_have_text("This voucher is on another phone")
        expect(other.locator("#message")).to_contain_text("ask the shop")
        with hub_cli.Hub(stage.hub_config):
            unlock(decode_payload(split(token_text)[0]).voucher_id, "li", "new phone", now_s())
        other.get_by_role("button", name="Try again").click()
        assert shown(other)[0][:218] == token_text
        page.reload()
        expect(page.locator("h1")).to_have_text("This voucher is on another phone")


def test_no_script_can_read_the_keys_of_the_codes(
    browser: Browser, stage: Stage, token: str
) -> None:
    with a_phone(browser, stage) as phone:
        page = phone.new_page()
        page.goto(f"/h/#{token}")
        shown(page)
        kept = page.evaluate(
            """async () => {
              const { vouchers, kept } = await import("/static/holder/keep.js");
              const [voucher] = await vouchers();
              const keys = [...voucher.epochs.map((e) => e.key), (await kept("key")).sign];
              return keys.map((key) => [key.type, key.extractable]);
            }"""
        )
        assert len(kept) > 2
        assert all(not extractable for _, extractable in kept)


@pytest.mark.parametrize("off_s", [-7200, 95])
def test_a_phone_whose_clock_is_wrong_learns_the_time_and_says_so(
    browser: Browser, stage: Stage, till: Till, visits: Visits, token: str, off_s: int
) -> None:
    with a_phone(browser, stage) as phone:
        page = phone.new_page()
        page.add_init_script(
            f"const true_ = Date.now; Date.now = () => true_.call(Date) + {off_s * 1000};"
        )
        page.goto(f"/h/#{token}")
        shown(page)
        expect(page.locator("#notices")).to_contain_text("slow" if off_s < 0 else "fast")
        with visits.clerk(till) as clerk:
            scan(clerk, shown(page)[0])
            expect(clerk.locator(".answer.good")).to_be_visible()


@pytest.mark.parametrize("locale", LOCALES)
def test_the_page_in_every_way(
    browser: Browser, stage: Stage, stock: Stock, pictures: Pictures, locale: str
) -> None:
    with a_phone(browser, stage, locale) as phone:
        page = phone.new_page()
        page.goto("/h/")
        expect(page.locator("#message")).to_be_visible()
        pictures.look(page, "holder-empty", locale, is_till=True)
        for what in ("code", "gift"):
            voucher_id = parse_voucher_id(stock.take(what)["id_hex"])
            page.goto("about:blank")
            page.goto(f"/h/#{link_to(stage, voucher_id)}")
            shown(page)
            pictures.look(page, f"holder-{what}", locale, is_till=True)
        page.goto("about:blank")
        page.goto("/h/#" + "x" * 32)
        expect(page.locator("#message")).to_be_visible()
        pictures.look(page, "holder-no-link", locale, is_till=True)
        page.goto("about:blank")
        page.goto("/h/")
        other = "en" if locale == "zh-CN" else "zh-CN"
        page.get_by_role("button", name="English" if other == "en" else "中文").click()
        expect(page.locator("html")).to_have_attribute("lang", other)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_sale_that_the_till_may_not_accept_alone_is_verified_by_the_phone(
    browser: Browser, stage: Stage, other_till: Till, visits: Visits, pictures: Pictures,
    locale: str,
) -> None:  # fmt: skip
    """The till has lost its hub; the phone has not."""
    with hub_cli.Hub(stage.hub_config) as hub:
        today = (now_s() - DAY_ZERO_S) // DAY_S
        order = Order(GIFT, 1, GROUP, today - 1, today + 365, value=90000, online_only=True)
        batch = issue(
            order, hub.keyring, currency="CNY", at_s=now_s(),
            day=business_day(now_s(), hub.config.timezone), actor="test",
        )  # fmt: skip
    [card] = batch.vouchers
    with (
        a_phone(browser, stage, locale) as phone,
        visits.clerk(other_till, locale=locale) as clerk,
    ):
        page = phone.new_page()
        page.goto(f"/h/#{link_to(stage, card.claims.voucher_id)}")
        shown(page)  # it has its voucher before the hub goes
        other_till.api.ask("POST", "/v1/sync", {})
        stage.hub.stop()
        try:
            scan(clerk, shown(page)[0])
            clerk.fill("#amount", "600")
            clerk.keyboard.press("Enter")
            link = clerk.locator("[data-qr]")
            expect(link).to_be_visible()
        finally:
            stage.hub.start("The hub listens at")
        pictures.look(clerk, "till-by-phone", locale, is_till=True)
        address = urlsplit(link.get_attribute("data-qr") or "")
        assert address.geturl().startswith(stage.hub.url)
        page.goto(f"{address.path}#{address.fragment}")
        agree = page.locator("#grant button").first
        expect(agree).to_be_visible()
        pictures.look(page, "holder-agree", locale, is_till=True)
        agree.click()
        expect(page.locator("#granted")).to_be_visible()
        pictures.look(page, "holder-grant", locale, is_till=True)
        scan(clerk, page.locator("#granted").get_attribute("data-shown") or "")
        expect(clerk.locator(".answer.good")).to_be_visible()
        expect(clerk.locator(".answer.good")).to_contain_text("600.00")


@pytest.mark.parametrize("locale", LOCALES)
def test_the_vouchers_page_of_headquarters(
    visits: Visits, pictures: Pictures, stage: Stage, stock: Stock, till: Till, locale: str
) -> None:
    number = stock.take("gift")["id_hex"]
    with visits.operator(f"/vouchers/{number}", locale=locale) as page:
        page.locator("[name=amount]").last.fill("50")
        page.locator("form[action$=leases] button").click()
        expect(page.locator("section[aria-labelledby=lent] tbody tr")).to_have_count(1)
        page.locator("form[action$=link] button").click()
        expect(page.locator("pre")).to_contain_text("/h/#")
        pictures.look(page, "hub-voucher", locale)
