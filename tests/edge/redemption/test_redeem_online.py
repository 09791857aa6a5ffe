"""Asking the hub first: what it says counts, and its silence stops nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.contract.policy import Mode
from edge.contract.refusal import Refusal
from edge.contract.sync_message import Reservation, Reserve
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import Reservations, a_reservation, a_rig, yuan

GIFT_CARD = b.a_token(**e.a_gift_card())


def test_the_hub_is_asked_for_what_is_taken_under_the_number_of_the_request(
    tmp_path: Path,
) -> None:
    hub = Reservations(a_reservation(remaining=6500))
    with a_rig(tmp_path / "unit", reserver=hub) as rig:
        presented = rig.presented(GIFT_CARD, wish=yuan(3000))
        recorded = rig.core.redeemer.redeem(presented)
    [asked] = hub.asked
    assert (asked.unit, asked.voucher_id, asked.amount) == (b.UNIT, 0x0A1B2C3D4E5F, 3000)
    assert asked.request == presented.request() == recorded.entry.request
    assert (recorded.entry.mode, recorded.entry.amount) == (Mode.ONLINE, 3000)
    assert recorded.notes.remaining == 6500, "the hub knows better what is left"


@pytest.mark.parametrize(
    "reason", [Refusal.UNKNOWN_VOUCHER, Refusal.REDEEMED_ELSEWHERE, Refusal.INSUFFICIENT_VALUE]
)
def test_what_the_hub_refuses_is_refused_for_its_reason(tmp_path: Path, reason: Refusal) -> None:
    hub = Reservations(a_reservation(refusal=reason))
    with a_rig(tmp_path / "unit", reserver=hub) as rig:
        entry = rig.present(b.a_token()).entry
        assert (entry.accepted, entry.reason, entry.mode) == (False, reason, Mode.ONLINE)
        assert rig.core.spool.owed() == 0


def test_what_the_hub_knows_to_be_left_is_told_with_its_refusal(tmp_path: Path) -> None:
    """The unit itself would say 100.00: it has not heard of the other tills yet."""
    hub = Reservations(a_reservation(refusal=Refusal.INSUFFICIENT_VALUE, remaining=1200))
    with a_rig(tmp_path / "unit", reserver=hub) as rig:
        assert rig.present(GIFT_CARD, wish=yuan(3000)).notes.remaining == 1200


def test_without_an_answer_the_unit_decides_alone(tmp_path: Path) -> None:
    with a_rig(tmp_path / "unit", reserver=Reservations(None)) as rig:
        entry = rig.present(b.a_token()).entry
        assert (entry.accepted, entry.mode) == (True, Mode.SOLO)
        assert rig.core.journal.risk.sum_minor == 8800


class Slow(Reservations):
    """A hub whose answer reaches a process that was asleep meanwhile."""

    def __init__(self, clock: e.Clock, seconds: float, answer: Reservation) -> None:
        super().__init__(answer)
        self._clock, self._seconds = clock, seconds

    def reserve(self, reserve: Reserve, timeout_ms: int) -> Reservation | None:
        self._clock.pass_s(self._seconds)
        return super().reserve(reserve, timeout_ms)


@pytest.mark.parametrize(("slept_s", "mode"), [(299, Mode.ONLINE), (301, Mode.SOLO)])
def test_a_promise_that_is_over_is_not_used(tmp_path: Path, slept_s: int, mode: Mode) -> None:
    """The hub may have given the same value to another till."""
    clock = e.Clock()
    hub = Slow(clock, slept_s, a_reservation(expires_at_s=b.NOW_S + 300))
    with a_rig(tmp_path / "unit", clock=clock, reserver=hub) as rig:
        assert rig.present(b.a_token()).entry.mode is mode


def test_what_the_hub_holds_is_no_risk_of_the_unit(tmp_path: Path) -> None:
    with a_rig(tmp_path / "unit", reserver=Reservations(a_reservation())) as rig:
        assert rig.present(b.a_token()).entry.mode is Mode.ONLINE
        assert rig.core.journal.risk.acceptances == 0


REFUSED_ANYWAY = [
    "garbage",
    b.a_token(key="thief"),
    b.a_token(expires_day=95),
    b.a_token(dynamic_required=True),
    GIFT_CARD,
]


@pytest.mark.parametrize("text", REFUSED_ANYWAY)
def test_the_hub_is_not_asked_for_what_is_refused_anyway(tmp_path: Path, text: str) -> None:
    hub = Reservations(a_reservation())
    with a_rig(tmp_path / "unit", reserver=hub) as rig:
        assert not rig.present(text).entry.accepted
    assert hub.asked == []


def test_a_voucher_that_was_used_here_is_not_asked_for_again(tmp_path: Path) -> None:
    hub = Reservations(a_reservation())
    with a_rig(tmp_path / "unit", reserver=hub) as rig:
        rig.present(b.a_token(), key="k")
        assert rig.refusal(b.a_token()) == "already-redeemed"
        rig.present(b.a_token(), key="k")
    assert len(hub.asked) == 1


def test_only_a_policy_that_allows_it_lets_the_hub_be_asked(tmp_path: Path) -> None:
    hub = Reservations(a_reservation())
    with a_rig(tmp_path / "unit", reserver=hub) as rig:
        rig.take(e.a_policy_message(b.a_policy(version=2, modes=frozenset({Mode.SOLO}))))
        assert rig.present(b.a_token()).entry.mode is Mode.SOLO
    assert hub.asked == []


@pytest.mark.parametrize(
    ("answer", "reason"), [(a_reservation(), "accepted"), (None, "online-required")]
)
def test_an_online_only_voucher_needs_the_hub(
    tmp_path: Path, answer: Reservation | None, reason: str
) -> None:
    with a_rig(tmp_path / "unit", reserver=Reservations(answer)) as rig:
        assert rig.refusal(b.a_token(online_only=True)) == reason


def test_online_there_is_no_floor_and_alone_there_is(tmp_path: Path) -> None:
    card = b.a_token(**e.a_gift_card(value=90000))
    hub = Reservations(a_reservation(remaining=30000), None)
    with a_rig(tmp_path / "unit", reserver=hub) as rig:
        assert rig.refusal(card, wish=yuan(60000)) == "accepted"
        assert rig.refusal(card, wish=yuan(30000)) == "accepted"
        other = b.a_token(**e.a_gift_card(value=90000, voucher_id=e.voucher(1)))
        assert rig.refusal(other, wish=yuan(60000)) == "over-floor-limit"
