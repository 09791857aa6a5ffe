"""Headquarters gives back what a till has taken: money, status, and what the till is told."""

from __future__ import annotations

from typing import Any

import pytest

from central.errors import Conflict, HubError, NotFound, RequestInvalid
from central.foundation.db.engine import HUB, change
from central.stores.corrections.give_back import Wanted, book_of, give_back
from central.stores.redemptions.tables import RedemptionEntry
from central.stores.vouchers.tables import Voucher
from edge.contract.ids import EntryRef, Epoch, Seq, UnitId, VoucherId
from edge.contract.journal_entry import JournalEntry
from edge.contract.status import Status
from tests import builders as b
from tests.central.books import assert_sound, balances
from tests.central.builders import (
    CURRENCY,
    GIFT,
    LUNCH,
    Database,
    a_voucher,
    an_app,
    as_person,
    enrolled,
    fill_in,
    furnish,
    outcomes,
)


@pytest.fixture(autouse=True)
def _hub(hub_database: Database) -> None:
    furnish()


def give(entry: JournalEntry, amount: int, **bent: Any) -> None:
    assert entry.voucher_id is not None
    wanted = Wanted(entry.ref, entry.voucher_id, amount, "goods came back")._replace(**bent)
    give_back(wanted, by="anna", currency=CURRENCY, at_s=b.NOW_S + 9)


def status_of(voucher_id: VoucherId) -> Status:
    return Status(Voucher.get_by_id(voucher_id).status)


def test_part_of_a_redemption_is_given_back_and_the_store_is_owed_the_rest() -> None:
    till, card = enrolled(), a_voucher(GIFT)
    entry = till.accept(card, 5000)
    till.deliver()
    assert balances()["2310.S0412"] == -5000
    give(entry, 2000)
    assert balances()["2310.S0412"] == -3000
    give(entry, 3000)
    assert "2310.S0412" not in balances()
    assert_sound()


def test_a_part_that_the_till_took_back_is_not_owed_and_not_given_back_again() -> None:
    """Till and headquarters may not know of one another: what both gave back counts once."""
    till, card = enrolled(), a_voucher(GIFT)
    entry = till.accept(card, 5000)
    till.void(entry, amount=1200)
    assert outcomes(till.deliver()) == ["applied", "recorded"]
    assert balances()["2310.S0412"] == -3800
    with pytest.raises(Conflict):
        give(entry, 3801)
    give(entry, 3000)
    assert balances()["2310.S0412"] == -800
    till.void(entry, amount=3800)  # it had not heard of that yet
    assert outcomes(till.deliver(3)) == ["recorded"]
    assert "2310.S0412" not in balances()
    with pytest.raises(Conflict):
        give(entry, 1)
    for amount in (0, 5001):
        till.void(entry, amount=amount)
    assert outcomes(till.deliver(4)) == ["quarantined voids-nothing"] * 2
    assert status_of(card.voucher_id) is Status.VALID
    till.accept(card, 20000)
    assert outcomes(till.deliver(6)) == ["applied"], "all of the card is there again"
    assert_sound()


def test_a_voucher_that_was_used_up_is_valid_again() -> None:
    till, lunch = enrolled(), a_voucher(LUNCH)
    entry = till.accept(lunch)
    till.deliver()
    assert status_of(lunch.voucher_id) is Status.REDEEMED
    give(entry, 1)
    assert status_of(lunch.voucher_id) is Status.VALID
    till.accept(lunch)
    assert outcomes(till.deliver()) == ["applied", "applied"]
    assert_sound()


def test_what_was_given_back_covers_what_was_beyond_the_value() -> None:
    till, lunch = enrolled(), a_voucher(LUNCH)
    first = till.accept(lunch)
    till.accept(lunch, at_s=b.NOW_S + 60)
    assert outcomes(till.deliver()) == ["applied", "overspend"]
    give(first, 1)
    states = [str(r.outcome) for r in RedemptionEntry.select().order_by(RedemptionEntry.seq)]
    assert states == ["applied", "applied"]
    assert_sound()


def test_the_till_is_told_in_all_what_was_given_back_of_each_entry() -> None:
    till, card = enrolled(), a_voucher(GIFT)
    entry = till.accept(card, 5000)
    till.deliver()
    assert book_of(till.unit).version == 0
    give(entry, 2000)
    give(entry, 500)
    [told] = book_of(till.unit).corrections
    assert told == (entry.ref, card.voucher_id, 2500)


@pytest.mark.parametrize(
    ("error", "amount", "bent"),
    [
        (Conflict, 5001, {}),
        (RequestInvalid, 0, {}),
        (RequestInvalid, 1, {"reason": " "}),
        (NotFound, 1, {"voucher_id": VoucherId(5)}),
    ],
    ids=["more than was taken", "nothing", "no reason", "of another voucher"],
)
def test_what_cannot_be_given_back_changes_nothing(
    error: type[HubError], amount: int, bent: dict[str, Any]
) -> None:
    till, card = enrolled(), a_voucher(GIFT)
    entry = till.accept(card, 5000)
    till.deliver()
    before = balances()
    with pytest.raises(error):
        give(entry, amount, **bent)
    assert balances() == before


def test_what_the_till_took_back_or_never_took_is_not_given_back() -> None:
    till, card = enrolled(), a_voucher(GIFT)
    entry = till.accept(card, 5000)
    void = till.void(entry)
    refusal = till.refuse()
    till.deliver()
    with pytest.raises(Conflict):
        give(entry, 1)
    for other in (void, refusal._replace(voucher_id=card.voucher_id)):
        with pytest.raises(NotFound):
            give(other, 1)
    with pytest.raises(NotFound):
        give(entry, 1, ref=EntryRef(UnitId("S0412-K1"), Epoch(9), Seq(9)))


def test_a_void_after_it_gives_nothing_back_twice() -> None:
    till, card = enrolled(), a_voucher(GIFT)
    entry = till.accept(card, 5000)
    till.deliver()
    give(entry, 2000)
    till.void(entry)
    till.deliver()
    assert "2310.S0412" not in balances()
    assert_sound()


def test_the_schema_itself_gives_back_no_more_than_was_taken() -> None:
    till, card = enrolled(), a_voucher(GIFT)
    till.accept(card, 5000)
    till.deliver()
    row = (
        "INSERT INTO correction (unit_id, epoch, seq, voucher_id, amount, reason, corrected_by,"
        " at_s, n) VALUES (?, 1, 1, ?, ?, 'x', 'x', 1, 1)"
    )
    with pytest.raises(Exception, match="more is given back than was taken"), HUB.obj.atomic():
        change(row, (till.unit, card.voucher_id, 5001))
    change(row, (till.unit, card.voucher_id, 5000))
    with pytest.raises(Exception, match="a correction stays"), HUB.obj.atomic():
        change("DELETE FROM correction")


def test_it_is_given_back_on_the_vouchers_page_with_who_and_why(hub_database: Database) -> None:
    app = an_app(hub_database)
    till, card = enrolled(), a_voucher(GIFT)
    till.accept(card, 5000)
    till.deliver()
    at = f"/vouchers/{card.voucher_id:012x}"
    finance = as_person(app, "admin")
    fill_in(
        finance, f"{at}/entries/{till.unit}/1/1/give-back", at, amount="12.50", reason="cold soup"
    )
    page = finance.get(at).text
    assert "cold soup" in page
    assert "12.50" in page
    assert balances()["2310.S0412"] == -3750
