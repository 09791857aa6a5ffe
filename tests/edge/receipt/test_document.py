"""What a receipt says, whatever paper it will be on."""

from __future__ import annotations

import pytest

from edge.contract.journal_entry import EntryKind
from edge.contract.policy import EXACT, Mode
from edge.receipt.document import Code, Cut, Document, Line, Pair, Shop, Title, local_time, money
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


@pytest.mark.parametrize("mode", list(Mode))
def test_the_paper_says_whether_it_was_checked_online(mode: Mode) -> None:
    document = a_receipt(a_stub(mode=mode), template=only("en"))
    assert value_of(document, "Checked") == ("online" if mode in EXACT else "offline")


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
