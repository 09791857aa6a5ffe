"""Rotating codes at the till: once each, within their window, and not by guessing."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.contract.dynamic_code import STEP_S, step_at
from edge.contract.handle import handle_of, index_of
from edge.contract.ids import StatusIndex, StoreGroup
from edge.contract.keys import KEY_EPOCH_S, handle_key, key_epoch_at
from edge.contract.refusal import Refusal
from edge.redemption.lockout import FREE_MISSES
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import Clock, Rig, a_rig, with_wrong_code

WEEK_ENDS_S = (key_epoch_at(b.NOW_S) + 1) * KEY_EPOCH_S


def test_a_rotating_code_is_accepted_once(rig: Rig) -> None:
    card = e.a_coffee_card(dynamic_required=True)
    accepted = rig.present(e.a_dynamic_text(**card))
    assert (accepted.entry.accepted, accepted.entry.code_step) == (True, step_at(b.NOW_S))
    assert rig.refusal(e.a_dynamic_text(**card)) == "code-replayed"
    rig.restart()
    assert rig.refusal(e.a_dynamic_text(**card)) == "code-replayed"
    rig.clock.pass_s(STEP_S)
    assert rig.refusal(e.a_dynamic_text(b.NOW_S + STEP_S, **card)) == "accepted"


def test_one_step_is_two_codes_for_two_vouchers(rig: Rig) -> None:
    assert rig.refusal(e.a_dynamic_text()) == "accepted"
    assert rig.refusal(e.a_dynamic_text(voucher_id=e.voucher(1))) == "accepted"


@pytest.mark.parametrize("steps", range(-4, 5))
def test_a_code_counts_within_two_steps_when_the_clock_may_be_off_by_seconds(
    rig: Rig, steps: int
) -> None:
    """A code of a moment near by may be an old one, or our clock is off: nobody knows which."""
    text = e.a_dynamic_text(b.NOW_S + steps * STEP_S, dynamic_required=True)
    assert rig.refusal(text) == ("accepted" if abs(steps) <= 2 else "clock-uncertain")


@pytest.mark.parametrize("steps", range(-3, 4))
def test_the_window_is_narrower_once_the_hub_has_told_the_time(rig: Rig, steps: int) -> None:
    """Not narrower than a step either side: the uncertainty is never below a second."""
    clock = rig.core.journal.clock
    clock.learn_from_hub(b.NOW_S, clock.steady_s())
    text = e.a_dynamic_text(b.NOW_S + steps * STEP_S, dynamic_required=True)
    assert rig.refusal(text) == ("accepted" if abs(steps) <= 2 else "code-wrong")


def test_a_picture_of_a_rotating_voucher_is_refused(rig: Rig) -> None:
    assert rig.refusal(b.a_token(dynamic_required=True)) == "code-required"


def test_the_code_of_another_voucher_is_wrong(rig: Rig) -> None:
    text = b.a_token() + e.a_dynamic_text(voucher_id=e.voucher(1))[-8:]
    refused = rig.present(text).entry
    assert (refused.reason, refused.code_step) == (Refusal.CODE_WRONG, None)


def test_a_wrong_code_is_wrong_even_where_none_is_needed(rig: Rig) -> None:
    assert rig.refusal(with_wrong_code(e.a_dynamic_text())) == "code-wrong"
    assert rig.refusal(b.a_token()) == "accepted"


def test_without_keys_of_this_week_codes_cannot_be_checked(tmp_path: Path) -> None:
    now = key_epoch_at(b.NOW_S)
    word = [message for message in e.first_word() if message[0] != "epoch-keys"]
    word.append(e.an_epoch_keys_message(epochs=[now - 1]))
    with a_rig(tmp_path / "unit", word=word) as rig:
        refused = rig.present(e.a_dynamic_text(dynamic_required=True)).entry
        assert refused.reason is Refusal.CODE_UNVERIFIABLE
        assert rig.refusal(b.a_token()) == "accepted", "a static one needs no key"


def test_a_unit_that_never_got_keys_says_that_it_cannot_check(tmp_path: Path) -> None:
    word = [message for message in e.first_word() if message[0] != "epoch-keys"]
    with a_rig(tmp_path / "unit", word=word) as rig:
        assert rig.refusal(e.a_dynamic_text()) == "code-unverifiable"
        assert rig.refusal(e.a_short_text()) == "unknown-handle"


def test_with_an_uncertain_clock_codes_cannot_be_checked(tmp_path: Path) -> None:
    with a_rig(tmp_path / "unit", clock=Clock(wall_s=0)) as rig:
        text = e.a_dynamic_text(expires_day=65535, dynamic_required=True)
        assert rig.refusal(text) == "clock-uncertain"


def test_keys_of_group_0_check_the_vouchers_of_all_groups(rig: Rig) -> None:
    assert rig.refusal(e.a_dynamic_text(scope=StoreGroup(0))) == "accepted"


# --- short codes ---------------------------------------------------------------------------------


def test_a_typed_short_code_is_the_voucher_behind_it(rig: Rig) -> None:
    accepted = rig.present(e.a_short_text()).entry
    assert (accepted.accepted, accepted.voucher_id) == (True, b.some_claims().voucher_id)
    assert rig.refusal(b.a_token()) == "already-redeemed"


def test_a_short_code_is_accepted_once_also_as_a_picture_of_the_qr(rig: Rig) -> None:
    card = e.a_coffee_card()
    rig.take(e.a_handles_message(b.some_claims(**card)))
    assert rig.refusal(e.a_short_text(**card)) == "accepted"
    assert rig.refusal(e.a_short_text(**card)) == "code-replayed"
    assert rig.refusal(e.a_dynamic_text(**card)) == "code-replayed"


@pytest.mark.parametrize("place", range(1, 12))
def test_any_mistyped_digit_of_the_handle_is_noticed(rig: Rig, place: int) -> None:
    text = e.a_short_text()
    typed = text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :]
    assert rig.refusal(typed) == "mistyped"


def test_a_handle_that_is_not_in_the_table_leads_nowhere(rig: Rig) -> None:
    assert rig.refusal(e.a_short_text(status_index=10)) == "unknown-handle"


def test_last_weeks_handle_leads_nowhere_this_week(rig: Rig) -> None:
    assert rig.refusal(e.a_short_text(b.NOW_S - KEY_EPOCH_S)) == "unknown-handle"


@pytest.mark.parametrize("shown_s", [-STEP_S, -1, 0, STEP_S])
@pytest.mark.parametrize("now_s", [-STEP_S, -1, 0, STEP_S])
def test_at_the_end_of_a_week_codes_of_both_weeks_count(
    tmp_path: Path, shown_s: int, now_s: int
) -> None:
    with a_rig(tmp_path / "unit", clock=Clock(WEEK_ENDS_S + now_s)) as rig:
        rig.take(hub_time_s=WEEK_ENDS_S + now_s)
        assert rig.refusal(e.a_short_text(WEEK_ENDS_S + shown_s)) == "accepted"
        other = e.a_dynamic_text(WEEK_ENDS_S + shown_s, voucher_id=e.voucher(1))
        assert rig.refusal(other) == "accepted"


def test_a_step_keeps_its_seed_at_the_end_of_a_week(tmp_path: Path) -> None:
    """Next week's key must not make a code of this week's steps, nor the reverse."""
    after = WEEK_ENDS_S + STEP_S
    with a_rig(tmp_path / "unit", clock=Clock(WEEK_ENDS_S)) as rig:
        this_week = e.a_dynamic_text(WEEK_ENDS_S - STEP_S)
        next_week = e.a_dynamic_text(after)
        rig.take(hub_time_s=WEEK_ENDS_S)
        accepted = [rig.present(text, basket=text[-4:]).entry for text in (this_week, next_week)]
        assert accepted[0].code_step == step_at(WEEK_ENDS_S - STEP_S)
        assert accepted[1].reason is Refusal.ALREADY_REDEEMED


def two_vouchers_of_one_handle() -> tuple[StatusIndex, StatusIndex]:
    """Places of a voucher of our group and of one of all groups whose handles are equal now."""
    epoch = key_epoch_at(b.NOW_S)
    ours, of_all = (handle_key(e.key_of(group, epoch)) for group in (b.GROUP, e.ALL_GROUPS))
    for index in range(1000):
        other = index_of(handle_of(index, ours), of_all)
        if other < 2**32:
            return StatusIndex(index), StatusIndex(other)
    raise AssertionError("one in two fits")


@pytest.mark.parametrize("group", [b.GROUP, e.ALL_GROUPS])
def test_two_vouchers_whose_handles_are_equal_are_told_apart(rig: Rig, group: StoreGroup) -> None:
    """Two groups' handles are two permutations: with a million vouchers each, a hundred meet."""
    ours, of_all = two_vouchers_of_one_handle()
    mine = {"status_index": ours, "scope": b.GROUP, "voucher_id": e.voucher(1)}
    theirs = {"status_index": of_all, "scope": e.ALL_GROUPS, "voucher_id": e.voucher(2)}
    rig.take(
        e.a_handles_message(b.some_claims(**mine)),
        e.a_handles_message(b.some_claims(**theirs), group=e.ALL_GROUPS),
    )
    wanted = mine if group else theirs
    entry = rig.present(e.a_short_text(**wanted)).entry
    assert (entry.accepted, entry.voucher_id) == (True, wanted["voucher_id"])


# --- guessing ------------------------------------------------------------------------------------


def miss(rig: Rig, times: int, **bent: int) -> list[str]:
    """Present wrong codes one after the other."""
    return [
        rig.refusal(with_wrong_code(e.a_dynamic_text(**bent), by)) for by in range(1, times + 1)
    ]


def test_wrong_codes_lock_the_code_out_and_the_lock_ends(rig: Rig) -> None:
    assert miss(rig, FREE_MISSES + 2) == ["code-wrong"] * FREE_MISSES + ["locked-out"] * 2
    assert rig.refusal(e.a_dynamic_text()) == "locked-out", "even the right one"
    rig.clock.pass_s(29)
    assert rig.refusal(e.a_dynamic_text(b.NOW_S + 29)) == "locked-out"
    rig.clock.pass_s(1)
    assert rig.refusal(e.a_dynamic_text(b.NOW_S + 30)) == "accepted"


def test_each_further_miss_locks_twice_as_long(rig: Rig) -> None:
    miss(rig, FREE_MISSES)
    waited_s = 0
    for wait_s in (30, 60, 120, 240):
        rig.clock.pass_s(wait_s - 1)
        waited_s += wait_s
        assert miss(rig, 1) == ["locked-out"]
        rig.clock.pass_s(1)
        assert rig.refusal(with_wrong_code(e.a_dynamic_text(b.NOW_S + waited_s))) == "code-wrong"


def test_misses_of_many_vouchers_lock_the_unit(rig: Rig) -> None:
    """Else a thief would try one code on each of a thousand vouchers."""
    for number in range(FREE_MISSES):
        assert miss(rig, 1, voucher_id=e.voucher(number)) == ["code-wrong"]
    assert miss(rig, 1, voucher_id=e.voucher(99)) == ["locked-out"]


def test_a_lock_out_survives_a_restart(rig: Rig) -> None:
    miss(rig, FREE_MISSES)
    rig.restart()
    assert rig.refusal(e.a_dynamic_text()) == "locked-out"


def test_a_lock_out_does_not_hold_up_vouchers_without_a_code(rig: Rig) -> None:
    miss(rig, FREE_MISSES)
    assert rig.refusal(b.a_token()) == "accepted"


def test_a_day_later_misses_are_forgotten(rig: Rig) -> None:
    miss(rig, FREE_MISSES)
    rig.clock.pass_s(86400)
    rig.take(hub_time_s=b.NOW_S + 86400)
    text = with_wrong_code(e.a_dynamic_text(b.NOW_S + 86400))
    assert [rig.refusal(text) for _ in range(FREE_MISSES)] == ["code-wrong"] * FREE_MISSES


def test_a_day_of_guessing_gets_fewer_than_forty_tries(rig: Rig) -> None:
    """One code in a million, five steps at a time: odds of one in five thousand."""
    tries = miss(rig, 12).count("code-wrong")
    for _ in range(24):
        rig.clock.pass_s(3600)
        tries += miss(rig, 12).count("code-wrong")
    assert FREE_MISSES < tries < 40
