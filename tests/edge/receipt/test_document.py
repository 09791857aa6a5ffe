"""What a receipt says, whatever paper it will be on."""

from __future__ import annotations

import pytest

from edge.contract.journal_entry import EntryKind
from edge.contract.policy import Mode
from edge.receipt.document import (
    Code,
    Cut,
    Document,
    Line,
    Pair,
    Picture,
    Shop,
    Title,
    local_time,
    money,
)
from tests import builders as b
from tests.edge.receipt.papers import CARD, COFFEE, SHOP, a_receipt, a_stub, only, translate


def value_of(document: Document, label: str) -> str | None:
    """The value behind a label."""
    return next((p.value for p in document if isinstance(p, Pair) and p.label == label), None)


def titles(document: Document) -> list[str]:
    return [part.text for part in document if isinstance(part, Title)]


def test_the_original_bears_no_mark_and_a_copy_says_which_it_is() -> None:
    assert titles(a_receipt(template=only("en"))) == ["静安店"]
    assert titles(a_receipt(template=only("en"), copy=1)) == ["静安店", "COPY 1"]
    assert titles(a_receipt(copy=7)) == ["静安店", "副本 COPY 7"]


def test_a_void_says_so() -> None:
    stub = a_stub(kind=EntryKind.VOID, mode=None)
    assert "作废 VOID" in titles(a_receipt(stub))


def test_copy_and_void_are_both_said() -> None:
    stub = a_stub(kind=EntryKind.VOID, mode=None)
    assert titles(a_receipt(stub, copy=1, template=only("en"))) == ["静安店", "COPY 1", "VOID"]


def test_the_paper_says_what_stood_behind_it() -> None:
    said = [value_of(a_receipt(a_stub(mode=m), template=only("en")), "Checked") for m in Mode]
    assert said == [
        "online", "by the customer's phone", "offline, on lent value",
        "offline, by the store's tills", "offline", "offline",
    ]  # fmt: skip


def test_number_and_hash_of_the_entry_are_on_paper_in_words_and_as_a_code() -> None:
    document = a_receipt(template=only("en"))
    assert value_of(document, "Entry") == "S0412-K1/1/1 00010203"
    [code] = [part for part in document if isinstance(part, Code)]
    assert code.data == f"S0412-K1/1/1 {bytes(range(32)).hex()}"
    assert isinstance(document[-1], Cut)


def test_of_a_multi_use_voucher_uses_are_told_and_of_a_card_the_balance() -> None:
    coffee = a_receipt(a_stub(product=COFFEE, amount=2, remaining=8), template=only("en"))
    assert (value_of(coffee, "Uses"), value_of(coffee, "Uses left")) == ("2", "8")
    card = a_receipt(a_stub(product=CARD, remaining=7000), template=only("en"))
    assert value_of(card, "Balance") == "¥70.00"
    single = a_receipt(template=only("en"))
    assert (value_of(single, "Uses"), value_of(single, "Balance")) == (None, None)


def test_a_worth_that_nobody_knows_is_not_on_paper() -> None:
    assert value_of(a_receipt(a_stub(product=None, worth_minor=0)), "金额 Amount") is None


def test_a_name_that_is_the_same_in_both_languages_is_printed_once() -> None:
    product = COFFEE._replace(names={"en": "Espresso", "zh-CN": "Espresso"})
    document = a_receipt(a_stub(product=product))
    assert [p for p in document if p == Line("Espresso")] == [Line("Espresso")]


def test_the_template_stands_above_and_below_in_its_languages() -> None:
    document = a_receipt()
    lines = [part.text for part in document if isinstance(part, Line) and part.centred]
    assert lines == ["欢迎光临", "Welcome", "请保留此小票", "Please keep this receipt"]


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(8800, "CNY", "¥88.00"), (5, "CNY", "¥0.05"), (0, "EUR", "€0.00"), (1234, "JPY", "¥1234"),
     (8800, "HKD", "HK$88.00"), (8800, "CHF", "CHF 88.00"), (12345, "KWD", "KWD 12.345"),
     (2**63 - 1, "CNY", "¥92233720368547758.07")],
)  # fmt: skip
def test_money_is_written_as_customers_read_it(minor: int, currency: str, text: str) -> None:
    assert money(minor, currency) == text


def test_the_time_is_that_of_the_shops_own_wall() -> None:
    assert local_time(b.NOW_S, "Asia/Shanghai") == "2026-04-11 20:00:00"
    assert local_time(b.NOW_S, "America/New_York") == "2026-04-11 08:00:00"


def test_a_time_zone_that_this_machine_does_not_know_is_no_reason_to_print_nothing() -> None:
    assert local_time(b.NOW_S, "Mars/Olympus") == "2026-04-11 12:00:00Z"
    shop = Shop(SHOP.store_name, "CNY", "../../etc/passwd")
    assert value_of(a_receipt(shop=shop, template=only("en")), "Time") == "2026-04-11 12:00:00Z"


def test_the_words_of_both_languages_stand_side_by_side() -> None:
    assert translate("zh-CN", "Amount") == "金额"
    assert value_of(a_receipt(), "金额 Amount") == "¥88.00"


def test_a_template_says_which_lines_and_in_which_order() -> None:
    template = b.a_receipt_template(
        locales=("en",), header={}, footer={}, lines=("time", "entry", "rule", "product")
    )
    assert [type(part).__name__ for part in a_receipt(template=template)] == [
        "Pair", "Pair", "Rule", "Line", "Cut",
    ]  # fmt: skip


@pytest.mark.parametrize("lines", [("entry",), ("store", "header", "entry"), ("logo", "entry")])
def test_no_template_hides_that_a_paper_is_a_copy_or_a_void(lines: tuple[str, ...]) -> None:
    template = b.a_receipt_template(locales=("en",), lines=lines)
    stub = a_stub(kind=EntryKind.VOID, mode=None)
    document = a_receipt(stub, copy=2, template=template)
    assert titles(document)[-2:] == ["COPY 2", "VOID"]
    assert value_of(document, "Entry")


def test_marks_are_printed_though_nothing_follows_them() -> None:
    """A template whose only known lines stand above the marks; the entry is the newer hub's."""
    template = b.a_receipt_template(locales=("en",), lines=("header", "store"))
    assert titles(a_receipt(copy=1, template=template)) == ["静安店", "COPY 1"]


def test_what_this_unit_does_not_know_is_left_out() -> None:
    template = b.a_receipt_template(locales=("en",), lines=("from-the-future", "entry"))
    assert len(a_receipt(template=template)) == 2


def test_the_bill_ends_with_its_total_and_then_the_amount_is_small() -> None:
    document = a_receipt(template=b.a_full_template(locales=("en",)))
    amounts = [(p.label, p.large) for p in document if isinstance(p, Pair) and p.value == "¥88.00"]
    assert amounts == [("Amount", False), ("Total", True)]


def test_the_holder_gets_a_code_of_what_is_on_the_paper_anyway() -> None:
    document = a_receipt(template=b.a_full_template())
    [code] = [part for part in document if isinstance(part, Code)]
    tail = value_of(a_receipt(template=only("en")), "Voucher")
    assert code.data == f"https://tearoff.example/r?e=S0412-K1%2F1%2F1&v={tail}"


def test_a_link_of_which_nothing_is_left_makes_no_code() -> None:
    template = b.a_full_template(lines=("entry", "holder-code"), holder_link="{product}")
    assert not [
        p for p in a_receipt(a_stub(product=None), template=template) if isinstance(p, Code)
    ]


def test_the_logo_stands_where_the_template_has_it() -> None:
    assert a_receipt(template=b.a_full_template())[0] == Picture(b.LOGO)
    without = a_receipt(template=b.a_full_template(logo=None))
    assert not [part for part in without if isinstance(part, Picture)]
