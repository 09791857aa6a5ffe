"""Faults happen to whom they are meant for, as often as was asked; a swarm can be had again."""

from __future__ import annotations

import pytest

from central.simulators.channel.faults import ALL, ANSWER_FAULTS, BILL_FAULTS, SWARM, Fault, Faults


def drawn(seed: int, per_mille: int = 300) -> list[str]:
    faults = Faults()
    faults.swarm(seed, per_mille)
    return [faults.take("wechat.pay", "N", ANSWER_FAULTS) for _ in range(1000)]


def test_a_swarm_is_the_same_for_the_same_seed() -> None:
    assert drawn(7) == drawn(7)
    assert drawn(7) != drawn(8)


def test_a_swarm_is_about_as_dense_as_was_asked_and_of_every_kind() -> None:
    found = drawn(7)
    assert 250 < sum(bool(kind) for kind in found) < 350
    assert set(found) == {"", *SWARM}
    assert not any(drawn(7, per_mille=0))
    assert all(drawn(7, per_mille=1000))


def test_a_swarm_bends_answers_and_not_bills() -> None:
    faults = Faults()
    faults.swarm(7, 1000)
    assert faults.take("wechat.bill", "2026-04-11", BILL_FAULTS) == ""


def test_a_fault_waits_for_its_operation_and_its_number() -> None:
    faults = Faults()
    faults.add(Fault("lost-after", "wechat.transfer", "OUT0000001", times=2))
    assert faults.take("wechat.pay", "OUT0000001", ANSWER_FAULTS) == ""
    assert faults.take("wechat.transfer", "OUT0000002", ANSWER_FAULTS) == ""
    assert faults.take("wechat.transfer.query", "OUT0000001", ANSWER_FAULTS) == "lost-after"
    assert faults.waiting() == [Fault("lost-after", "wechat.transfer", "OUT0000001", 1)]
    assert faults.take("wechat.transfer", "OUT0000001", ANSWER_FAULTS) == "lost-after"
    assert faults.take("wechat.transfer", "OUT0000001", ANSWER_FAULTS) == ""


def test_the_first_one_that_fits_happens_first() -> None:
    faults = Faults()
    faults.add(Fault("slow"))
    faults.add(Fault("stale"))
    assert [faults.take("x", "", ANSWER_FAULTS) for _ in range(3)] == ["slow", "stale", ""]


def test_clearing_ends_all() -> None:
    faults = Faults()
    faults.add(Fault("slow"))
    faults.swarm(1, 1000)
    faults.clear()
    assert faults.take("x", "", ANSWER_FAULTS) == ""
    assert (faults.waiting(), faults.swarm_now) == ([], (0, 0))


@pytest.mark.parametrize(
    "fault", [Fault("nothing"), Fault("slow", times=0), Fault("slow", times=10_001)]
)
def test_a_fault_that_there_is_not_is_refused(fault: Fault) -> None:
    with pytest.raises(ValueError, match="no fault"):
        Faults().add(fault)


@pytest.mark.parametrize("per_mille", [-1, 1001])
def test_a_swarm_is_at_most_everything(per_mille: int) -> None:
    with pytest.raises(ValueError, match="per_mille"):
        Faults().swarm(1, per_mille)


def test_every_fault_says_what_it_does_in_both_languages() -> None:
    for kind, text in ALL.items():
        chinese, dot, english = text.partition(" · ")
        assert dot, kind
        assert not chinese.isascii()
        assert english.isascii()
