"""One scan on a real database: what is recorded, what is owed, and what becomes of a voucher."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.contract.bundle import Catalogue
from edge.contract.ids import StoreGroup
from edge.contract.journal_entry import GENESIS, EntryKind
from edge.contract.policy import Mode
from edge.contract.refusal import Refusal
from edge.contract.status import Status
from edge.contract.sync_message import UnitState
from edge.contract.voucher_token import DAY_S, FOR_EVER
from edge.errors import NotEnrolled, UnitStopped
from edge.journal.audit import audit
from edge.receipt.spool import JobState
from edge.redemption.decide import Wish
from edge.redemption.redeem import Redeemer
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import Rig, a_rig, yuan


def test_an_acceptance_is_recorded_with_everything_a_dispute_needs(rig: Rig) -> None:
    recorded = rig.present(b.a_token(), clerk="li", basket="b-1", key="k")
    entry = recorded.entry
    assert (entry.kind, entry.accepted, entry.amount) == (EntryKind.REDEMPTION, True, 1)
    assert (entry.unit, entry.epoch, entry.seq, entry.receipt) == (b.UNIT, 1, 2, 1)
    assert (entry.voucher_id, entry.mode, entry.reason) == (0x0A1B2C3D4E5F, Mode.SOLO, None)
    assert (entry.wall_s, entry.uncertainty_s, entry.monotonic_ms) == (b.NOW_S, 5, 1_000_000)
    assert (entry.policy_version, entry.clerk, entry.basket) == (1, "li", "b-1")
    assert (recorded.notes.product, recorded.notes.worth_minor, recorded.notes.remaining) == (
        7, 8800, 0,
    )  # fmt: skip


def test_entry_anchor_and_paper_are_there_together(rig: Rig) -> None:
    recorded = rig.present(b.a_token())
    entry = recorded.entry
    assert rig.core.journal.get(entry.epoch, entry.seq) == recorded
    assert entry.prev == rig.core.journal.hash_of(entry.epoch, rig.core.journal.tail.seq - 1)  # type: ignore[arg-type]
    [job] = rig.core.spool.of(entry.epoch, entry.seq)
    assert (job.copy, job.state) == (0, JobState.QUEUED)
    rig.restart()
    assert rig.core.journal.gap is None, "the anchor knew of it"
    assert audit(rig.store) == (2, [])


def test_the_first_entry_opens_the_epoch(rig: Rig) -> None:
    [opened] = rig.core.journal.newest(5, scans_only=False)
    assert (opened.entry.kind, opened.entry.seq, opened.entry.prev) == (EntryKind.EPOCH, 1, GENESIS)


UNREADABLE = [
    ("hello", Refusal.NOT_A_TOKEN),
    ("", Refusal.NOT_A_TOKEN),
    ("9" * 5000, Refusal.NOT_A_TOKEN),
    ("９" * 218, Refusal.NOT_A_TOKEN),
    ("\ud800", Refusal.NOT_A_TOKEN),
    (b.a_token(key="thief"), Refusal.BAD_SIGNATURE),
    (b.a_token()[:-1] + str((int(b.a_token()[-1]) + 1) % 10), Refusal.BAD_SIGNATURE),
    (b.a_token(kid=2), Refusal.UNKNOWN_KEY),
    (e.a_short_text()[:-7] + str((int(e.a_short_text()[-7]) + 1) % 10) + "123456",
     Refusal.MISTYPED),
    (e.a_short_text(status_index=77), Refusal.UNKNOWN_HANDLE),
]  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), UNREADABLE)
def test_what_is_no_voucher_is_refused_and_recorded_too(
    rig: Rig, text: str, reason: Refusal
) -> None:
    recorded = rig.present(text, clerk="li", basket="b-1")
    entry = recorded.entry
    assert (entry.kind, entry.reason, entry.seq) == (EntryKind.REFUSAL, reason, 2)
    assert (entry.voucher_id, entry.amount, entry.mode, entry.receipt) == (None, None, None, None)
    assert (entry.clerk, entry.basket) == ("li", "b-1")
    assert rig.core.spool.owed() == 0
    assert rig.core.journal.get(entry.epoch, entry.seq) == recorded


def test_a_known_foreign_voucher_is_told_apart_from_a_forged_one(rig: Rig) -> None:
    foreign = b.an_issuer_key("other.example", kid=9, foreign=True)
    rig.take(e.a_trust_message(b.a_trust_list(b.an_issuer_key(), foreign, version=2)))
    text = b.a_token(issuer="other.example", key="other.example", kid=9)
    assert rig.refusal(text) == "foreign-issuer"


def test_a_voucher_spent_here_is_refused_again(rig: Rig) -> None:
    assert rig.refusal(b.a_token()) == "accepted"
    second = rig.present(b.a_token())
    assert (second.entry.reason, second.entry.voucher_id) == (
        Refusal.ALREADY_REDEEMED, 0x0A1B2C3D4E5F,
    )  # fmt: skip
    rig.restart()
    assert rig.refusal(b.a_token()) == "already-redeemed"
    assert len(rig.acceptances()) == 1


def test_another_token_of_the_same_voucher_is_the_same_voucher(rig: Rig) -> None:
    """What is counted is the verified id, never the scanned text."""
    rig.present(b.a_token())
    assert rig.refusal(b.a_token(expires_day=199)) == "already-redeemed"
    assert rig.refusal("]Q1\\000026" + b.a_token() + "\r\n") == "already-redeemed"


def test_a_gift_card_is_used_in_parts_until_nothing_is_left(rig: Rig) -> None:
    card = b.a_token(**e.a_gift_card())
    left = [rig.present(card, wish=yuan(minor)).notes.remaining for minor in (3000, 6999)]
    assert left == [7000, 1]
    too_much = rig.present(card, wish=yuan(2))
    assert (too_much.entry.reason, too_much.notes.remaining) == (Refusal.INSUFFICIENT_VALUE, 1)
    assert rig.present(card, wish=yuan(1)).notes.remaining == 0
    assert rig.refusal(card, wish=yuan(1)) == "already-redeemed"
    assert sum(r.entry.amount or 0 for r in rig.acceptances()) == 10000


def test_a_multi_use_voucher_is_used_until_it_is_used_up(rig: Rig) -> None:
    card = b.a_token(**e.a_coffee_card())
    assert [rig.present(card).notes.remaining for _ in range(4)] == [9, 8, 7, 6]
    assert rig.refusal(card, wish=Wish(uses=7)) == "insufficient-value"
    assert rig.present(card, wish=Wish(uses=6)).notes.remaining == 0
    assert rig.refusal(card) == "already-redeemed"
    assert [r.entry.amount for r in rig.acceptances()] == [1, 1, 1, 1, 6]


def test_receipts_are_numbered_over_acceptances_only(rig: Rig) -> None:
    rig.present(b.a_token())
    rig.present("garbage")
    rig.present(b.a_token(voucher_id=e.voucher(1)))
    assert [r.entry.receipt for r in rig.acceptances()] == [1, 2]


def test_a_voucher_of_another_group_is_refused_and_one_of_all_groups_is_not(rig: Rig) -> None:
    assert rig.refusal(b.a_token(scope=StoreGroup(4))) == "wrong-store"
    assert rig.refusal(b.a_token(scope=StoreGroup(0))) == "accepted"


def test_with_a_trust_list_that_has_expired_no_token_is_believed(rig: Rig) -> None:
    expires_at_s = b.NOW_S + DAY_S
    rig.take(e.a_trust_message(b.a_trust_list(version=2, expires_at_s=expires_at_s)))
    rig.clock.pass_s(DAY_S)
    rig.take(hub_time_s=expires_at_s)
    assert rig.refusal(b.a_token()) == "accepted", "it may not have expired yet"
    rig.clock.pass_s(60)
    assert rig.refusal(b.a_token(voucher_id=e.voucher(1))) == "unknown-key"


def test_before_the_first_pull_nothing_is_accepted(tmp_path: Path) -> None:
    with a_rig(tmp_path / "unit", word=None) as rig:
        assert rig.refusal(b.a_token()) == "unknown-key"
        rig.take(e.a_trust_message(), e.a_catalogue_message())
        assert rig.refusal(b.a_token()) == "policy-missing"


def test_a_unit_that_has_a_trust_list_but_never_pulled_a_status_says_so(tmp_path: Path) -> None:
    with a_rig(tmp_path / "unit", word=None) as rig:
        rig.take(e.a_trust_message(), e.a_policy_message())
        with rig.store.transaction():
            rig.store.execute("DELETE FROM note WHERE key = 'pulled'")
        rig.restart()
        assert rig.refusal(b.a_token()) == "status-missing"


@pytest.mark.parametrize(
    ("status", "reason"),
    [(Status.REVOKED, "revoked"), (Status.SUSPENDED, "suspended"),
     (Status.REDEEMED, "redeemed-elsewhere")],
)  # fmt: skip
def test_what_the_hub_tells_of_a_voucher_counts_from_then_on(
    rig: Rig, status: Status, reason: str
) -> None:
    rig.take(e.a_delta_message(1, 2, status, 9))
    refused = rig.present(b.a_token())
    assert (refused.entry.reason, refused.entry.status_version) == (reason, 2)
    assert rig.refusal(b.a_token(status_index=10, voucher_id=e.voucher(1))) == "accepted"
    rig.take(e.a_delta_message(2, 3, Status.VALID, 9))
    assert rig.refusal(b.a_token()) == "accepted"


def test_a_partly_used_card_that_the_hub_calls_used_up_is_refused(rig: Rig) -> None:
    card = b.a_token(**e.a_gift_card())
    rig.present(card, wish=yuan(3000))
    rig.take(e.a_delta_message(1, 2, Status.REDEEMED, 9))
    assert rig.refusal(card, wish=yuan(1)) == "redeemed-elsewhere"


def test_an_acceptance_names_the_versions_it_was_decided_by(rig: Rig) -> None:
    rig.take(e.a_policy_message(b.a_policy(version=7)), e.a_snapshot_message(5))
    entry = rig.present(b.a_token()).entry
    assert (entry.policy_version, entry.status_version) == (7, 5)


def test_a_unit_that_begins_in_1970_says_that_its_clock_is_the_reason(tmp_path: Path) -> None:
    """Not even what is good for ever is taken: nobody knows how old the status list is."""
    clock = e.Clock(wall_s=0)
    with a_rig(tmp_path / "unit", clock=clock) as rig:
        rig.restart()  # so that the floor is the newest thing that is known
        refused = rig.present(b.a_token())
        assert refused.entry.reason is Refusal.CLOCK_UNCERTAIN
        assert refused.entry.wall_s >= b.NOW_S, "never below what is known to have passed"
        assert rig.refusal(b.a_token(expires_day=FOR_EVER)) == "clock-uncertain"


def test_a_wall_clock_that_somebody_sets_changes_nothing(rig: Rig) -> None:
    rig.clock.step_wall_s(200 * DAY_S)
    entry = rig.present(b.a_token()).entry
    assert (entry.accepted, entry.wall_s) == (True, b.NOW_S)


def test_a_voucher_expires_while_the_unit_runs(rig: Rig) -> None:
    text = b.a_token(expires_day=101)
    rig.clock.pass_s(DAY_S / 2 - 11)  # the uncertainty has grown to ten seconds
    assert rig.core.redeemer.verify(text, Wish()).decision.accepted
    rig.clock.pass_s(1)
    assert rig.refusal(text) == "clock-uncertain"
    rig.clock.pass_s(20)
    assert rig.refusal(text) == "expired"


@pytest.mark.parametrize("state", [UnitState.REVOKED, UnitState.QUARANTINED])
def test_a_unit_that_the_hub_has_stopped_decides_nothing(rig: Rig, state: UnitState) -> None:
    rig.take(e.a_policy_message(), state=state)
    with pytest.raises(UnitStopped) as caught:
        rig.present(b.a_token())
    assert caught.value.extra["state"] == str(state)
    with pytest.raises(UnitStopped):
        rig.core.redeemer.verify(b.a_token(), Wish())
    rig.restart()
    with pytest.raises(UnitStopped):
        rig.present(b.a_token())
    rig.take(e.a_policy_message())
    assert rig.refusal(b.a_token()) == "accepted"


def test_a_unit_that_is_not_enrolled_decides_nothing(rig: Rig) -> None:
    core = rig.core
    core.bundles.word = None
    with pytest.raises(NotEnrolled):
        rig.present(b.a_token())


def test_whoever_prints_and_pushes_is_told_of_each_new_entry(rig: Rig) -> None:
    told: list[int] = []
    core = rig.core
    redeemer = Redeemer(
        core.journal, core.bundles, core.spool, core.journal.clock,
        recorded=lambda: told.append(core.journal.tail.seq),
    )  # fmt: skip
    redeemer.redeem(rig.presented(b.a_token()))
    redeemer.redeem(rig.presented("garbage"))
    assert told == [2, 3]


def test_a_product_that_nobody_knows_is_accepted_for_what_the_token_says(rig: Rig) -> None:
    rig.take(e.a_catalogue_message(Catalogue(2, {})))
    recorded = rig.present(b.a_token())
    assert (recorded.entry.accepted, recorded.notes.worth_minor) == (True, 8800)


# --- looking without taking ----------------------------------------------------------------------


def test_verifying_records_nothing_and_says_what_there_is(rig: Rig) -> None:
    found = rig.core.redeemer.verify(b.a_token(), Wish())
    assert (found.decision.accepted, found.decision.amount) == (True, 1)
    assert rig.core.journal.tail.seq == 1
    rig.present(b.a_token())
    assert rig.core.redeemer.verify(b.a_token(), Wish()).decision.reason == "already-redeemed"


def test_verifying_a_gift_card_without_an_amount_says_what_is_left(rig: Rig) -> None:
    card = b.a_token(**e.a_gift_card())
    rig.present(card, wish=yuan(3000))
    decision = rig.core.redeemer.verify(card, Wish()).decision
    assert (decision.accepted, decision.amount, decision.remaining) == (True, 0, 7000)


def test_verifying_garbage_gives_the_reason_and_no_voucher(rig: Rig) -> None:
    verification = rig.core.redeemer.verify("garbage", Wish())
    assert (verification.decision.reason, verification.identified) == (Refusal.NOT_A_TOKEN, None)
