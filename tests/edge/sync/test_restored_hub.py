"""A hub that was restored from a backup, and one that has stopped this unit."""

from __future__ import annotations

import pytest

from edge.contract.ids import Epoch, Seq
from edge.contract.signed import Kind
from edge.contract.sync_message import Ack, Push, UnitState
from edge.sync.plan import Breaker
from edge.sync.pull import compare_ack
from edge.sync.worker import SyncWorker
from tests.edge.builders import Rig
from tests.edge.sync.small_hub import (
    Answer,
    Asked,
    Reply,
    a_pull_answer,
    a_small_hub,
    an_exchange,
    good,
    signed_reply,
)

NEVER_S = 3600.0


def pulls_say(state: UnitState = UnitState.ACTIVE, ack: Ack | None = None) -> Answer:
    def answer(asked: Asked) -> Reply:
        if not asked.path.endswith("/pull"):
            return good(asked)
        body = a_pull_answer(asked, state=state, ack=ack).to_body()
        return signed_reply(Kind.PULL_ANSWER, body)

    return answer


def acked(rig: Rig, entries: int) -> list[Ack]:
    """Let a unit make entries, all acknowledged; return what acknowledges each."""
    for _ in range(entries):
        rig.present("garbage")
    acks = [
        Ack(one.entry.epoch, one.entry.seq, one.hash)
        for one in reversed(rig.core.journal.newest(100, scans_only=False))
    ]
    assert rig.core.journal.acknowledge(acks[-1])
    return acks


@pytest.mark.parametrize("kept", [0, 1, 3])
def test_what_a_restored_hub_has_forgotten_goes_up_without_a_new_entry(rig: Rig, kept: int) -> None:
    acks = acked(rig, 4)
    ack = acks[kept - 1] if kept else None
    with a_small_hub(pulls_say(ack=ack)) as hub:
        worker = SyncWorker(an_exchange(rig, hub.url), Breaker(), NEVER_S, dict)
        worker.sync_now()
        pushes = [Push.decode(a.body) for a in hub.asked if a.path.endswith("/push")]
    assert [(p.first_seq, len(p.entries)) for p in pushes] == [(kept + 1, len(acks) - kept)]
    assert rig.core.journal.unpushed() == 0


def test_a_push_that_overtakes_a_pull_is_no_restored_hub(rig: Rig) -> None:
    acks = acked(rig, 3)
    journal = rig.core.journal
    assert compare_ack(journal, acks[1], acks[1]), "it was asked before the push"
    assert journal.acked == acks[-1]


def test_another_journal_is_not_taken_for_a_restored_one(rig: Rig) -> None:
    acks = acked(rig, 3)
    other = Ack(Epoch(1), Seq(1), b"\x05" * 32)
    assert not compare_ack(rig.core.journal, other, acks[-1])
    assert rig.core.journal.acked == acks[-1]
