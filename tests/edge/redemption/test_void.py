"""An acceptance is taken back: once, while it is fresh, as a new entry with its own receipt."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.contract.correction import Correction, CorrectionBook
from edge.contract.ids import EntryRef, Epoch, Seq, VoucherId
from edge.contract.journal_entry import EntryKind
from edge.contract.signed import Kind
from edge.contract.sync_message import UnitState
from edge.errors import IdempotencyConflict, NotFound, RequestInvalid, UnitStopped, VoidRefused
from edge.journal.audit import audit
from edge.journal.store import Recorded
from edge.redemption.decide import Wish
from edge.redemption.void import Part, Voider, is_fresh
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import Rig, a_rig, yuan


def void(rig: Rig, accepted: Recorded, clerk: str | None = None) -> Recorded:
    return rig.core.voider.void(accepted.entry.epoch, accepted.entry.seq, clerk)


def test_a_void_is_an_entry_of_its_own_that_names_what_it_takes_back(rig: Rig) -> None:
    accepted = rig.present(b.a_token(), clerk="li", basket="b-1")
    taken_back = void(rig, accepted, clerk="wang")
    entry = taken_back.entry
    assert (entry.kind, entry.accepted) == (EntryKind.VOID, False)
    assert entry.voids == (accepted.entry.epoch, accepted.entry.seq)
    assert (entry.voucher_id, entry.amount) == (accepted.entry.voucher_id, 1)
    assert (entry.receipt, entry.clerk, entry.basket) == (2, "wang", "b-1")
    assert (entry.policy_version, entry.mode, entry.reason) == (1, None, None)
    assert (taken_back.notes.worth_minor, taken_back.notes.remaining) == (8800, 1)
    assert rig.core.spool.owed() == 2, "a receipt of each"
    assert audit(rig.store) == (3, [])


def test_what_was_taken_back_can_be_used_again(rig: Rig) -> None:
    for receipt in (1, 3):
        accepted = rig.present(b.a_token())
        assert (accepted.entry.accepted, accepted.entry.receipt) == (True, receipt)
        void(rig, accepted)
    assert rig.refusal(b.a_token()) == "accepted"
    assert rig.refusal(b.a_token()) == "already-redeemed"


def test_asking_again_is_the_same_answer(rig: Rig) -> None:
    accepted = rig.present(b.a_token())
    first = void(rig, accepted)
    assert void(rig, accepted) == first
    rig.restart()
    rig.clock.pass_s(3600)
    assert void(rig, accepted) == first, "also when it would be too late by now"
    assert rig.core.journal.tail.seq == first.entry.seq


def test_only_one_of_two_acceptances_is_taken_back(rig: Rig) -> None:
    card = b.a_token(**e.a_gift_card())
    first = rig.present(card, wish=yuan(3000))
    rig.present(card, wish=yuan(500))
    assert void(rig, first).notes.remaining == 9500
    assert rig.present(card, wish=yuan(9501)).notes.remaining == 9500
    assert rig.present(card, wish=yuan(9500)).notes.remaining == 0


def test_a_code_that_was_used_stays_used(rig: Rig) -> None:
    text = e.a_dynamic_text(dynamic_required=True)
    void(rig, rig.present(text))
    assert rig.refusal(text) == "code-replayed"
    rig.clock.pass_s(30)
    assert rig.refusal(e.a_dynamic_text(b.NOW_S + 30, dynamic_required=True)) == "accepted"


@pytest.mark.parametrize(("late_s", "allowed"), [(0, True), (900, True), (901, False)])
def test_it_is_for_fifteen_minutes(rig: Rig, late_s: int, *, allowed: bool) -> None:
    accepted = rig.present(b.a_token())
    rig.clock.pass_s(late_s)
    assert rig.core.voider.may_void(accepted) is allowed
    if allowed:
        assert void(rig, accepted).entry.voids
        return
    with pytest.raises(VoidRefused):
        void(rig, accepted)
    assert rig.refusal(b.a_token()) == "already-redeemed"


def test_without_a_policy_nothing_is_fresh() -> None:
    assert not is_fresh(b.NOW_S, b.NOW_S, None)
    assert is_fresh(b.NOW_S, b.NOW_S, b.a_policy())


def test_what_is_no_acceptance_cannot_be_taken_back(rig: Rig) -> None:
    accepted = rig.present(b.a_token())
    refused = rig.present(b.a_token())
    taken_back = void(rig, accepted)
    for recorded in (refused, taken_back, accepted):
        assert not rig.core.voider.may_void(recorded)
    for number in (refused.entry.seq, taken_back.entry.seq, 99, 1):
        with pytest.raises(NotFound):
            rig.core.voider.void(Epoch(1), Seq(number))


def test_a_unit_that_was_stopped_takes_nothing_back(rig: Rig) -> None:
    accepted = rig.present(b.a_token())
    rig.take(state=UnitState.REVOKED)
    assert not rig.core.voider.may_void(accepted)
    with pytest.raises(UnitStopped):
        void(rig, accepted)


def test_whoever_prints_and_pushes_is_told_once(tmp_path: Path) -> None:
    told: list[int] = []
    with a_rig(tmp_path / "unit") as rig:
        core = rig.core
        voider = Voider(core.journal, core.bundles, core.spool, lambda: told.append(1))
        accepted = rig.present(b.a_token())
        for _ in range(2):
            voider.void(accepted.entry.epoch, accepted.entry.seq)
    assert told == [1]


# --- parts ---------------------------------------------------------------------------------------


def back(rig: Rig, accepted: Recorded, wish: Wish, key: str = "k") -> Recorded:
    """Take a part of an acceptance back."""
    return rig.core.voider.void(accepted.entry.epoch, accepted.entry.seq, "wang", Part(wish, key))


def test_parts_are_taken_back_until_nothing_is_left(rig: Rig) -> None:
    """Of 100.00 on the card 30.00 are taken; 10.00 and 5.50 go back, then the rest."""
    card = b.a_token(**e.a_gift_card())
    accepted = rig.present(card, wish=yuan(3000), basket="b-1")
    part = back(rig, accepted, yuan(1000))
    entry = part.entry
    assert (entry.kind, entry.amount, entry.receipt) == (EntryKind.VOID, 1000, 2)
    assert entry.voids == (accepted.entry.epoch, accepted.entry.seq)
    assert (part.notes.worth_minor, part.notes.remaining) == (1000, 8000)
    assert back(rig, accepted, yuan(1000)) == part, "the same request is the same entry"
    with pytest.raises(IdempotencyConflict):
        back(rig, accepted, yuan(999))
    second = back(rig, accepted, yuan(550), "k2")
    assert rig.core.voider.left_to_void(accepted) == 1450
    with pytest.raises(VoidRefused):
        back(rig, accepted, yuan(1451), "k3")
    rig.restart()
    assert back(rig, accepted, yuan(1000)) == part, "after a restart too"
    assert rig.refusal(card, wish=yuan(8551)) == "insufficient-value"
    rest = void(rig, accepted)
    assert (rest.entry.amount, rest.notes.remaining) == (1450, 10_000)
    assert void(rig, accepted) == rest
    with pytest.raises(VoidRefused):
        back(rig, accepted, yuan(1), "k4")
    assert rig.refusal(card, wish=yuan(10_000)) == "accepted"
    assert second.entry.receipt == 3


def test_uses_are_taken_back_and_a_single_voucher_only_as_a_whole(rig: Rig) -> None:
    coffee = b.a_token(**e.a_coffee_card())
    accepted = rig.present(coffee, wish=Wish(uses=3))
    part = back(rig, accepted, Wish(uses=2))
    assert (part.entry.amount, part.notes.worth_minor, part.notes.remaining) == (2, 3000, 9)
    single = rig.present(b.a_token(voucher_id=VoucherId(77)))
    for of, wish in ((accepted, yuan(1500)), (accepted, Wish()), (single, Wish(uses=1))):
        with pytest.raises(RequestInvalid):
            back(rig, of, wish, "other")
    with pytest.raises(VoidRefused):
        back(rig, accepted, Wish(uses=2), "other")
    rig.clock.pass_s(901)
    with pytest.raises(VoidRefused):
        back(rig, accepted, Wish(uses=1), "late")


def test_what_headquarters_gave_back_is_not_taken_back_again(rig: Rig) -> None:
    card = b.a_token(**e.a_gift_card())
    accepted = rig.present(card, wish=yuan(3000))
    entry = accepted.entry
    assert entry.voucher_id is not None
    given = Correction(EntryRef(entry.unit, entry.epoch, entry.seq), entry.voucher_id, 2000)
    book = CorrectionBook(5, entry.unit, (given,))
    rig.take(e.sealed(Kind.CORRECTIONS, book.to_body()))
    assert rig.core.voider.left_to_void(accepted) == 1000
    with pytest.raises(VoidRefused):
        back(rig, accepted, yuan(1001))
    assert void(rig, accepted).entry.amount == 1000
    assert rig.refusal(card, wish=yuan(10_001)) == "insufficient-value"
    assert rig.refusal(card, wish=yuan(10_000)) == "accepted"
