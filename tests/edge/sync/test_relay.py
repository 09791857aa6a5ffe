"""Bringing the hub what a neighbour has recorded."""

from __future__ import annotations

import pytest

from edge.contract.ids import Epoch, Seq
from edge.contract.journal_entry import entry_hash
from edge.contract.signed import Kind
from edge.contract.sync_message import Ack, PushReceipt, Relay
from edge.errors import HubUnreachable
from edge.sync.pull import compare_ack
from edge.sync.relay import relay_once
from tests import builders as b
from tests.edge.builders import Rig
from tests.edge.peers.test_shelf import OTHER, a_journal, give
from tests.edge.peers.world import MemoryJournal
from tests.edge.sync.small_hub import Asked, Reply, a_small_hub, an_exchange, signed_reply


@pytest.fixture(name="journal")
def _journal(rig: Rig) -> MemoryJournal:
    """A neighbour's, of which everything is here and waits."""
    journal = a_journal(count=3)
    give(rig.core.shelf, journal)
    rig.clock.pass_s(60)
    return journal


def a_receipt(asked: Asked, seq: int = 3, **bent: object) -> Reply:
    push = Relay.decode(asked.body).push
    digest = entry_hash(push.entries[seq - push.first_seq]) if seq else bytes(32)
    values = {"unit": push.unit, "ack": Ack(push.epoch, Seq(seq), digest), "results": (),
              "hub_time_s": b.NOW_S}  # fmt: skip
    return signed_reply(Kind.PUSH_RECEIPT, PushReceipt(**{**values, **bent}).to_body())  # type: ignore[arg-type]


def test_the_authors_entries_and_head_are_brought_as_they_came(
    rig: Rig, journal: MemoryJournal
) -> None:
    with a_small_hub(a_receipt) as hub:
        assert relay_once(an_exchange(rig, hub.url), rig.core.shelf) == 3
        assert relay_once(an_exchange(rig, hub.url), rig.core.shelf) == 0, "nothing is left"
    [asked] = hub.asked
    relay = Relay.decode(asked.body)
    assert asked.path == "/edge/v1/relays"
    assert (relay.unit, relay.push.unit) == (b.UNIT, OTHER)
    assert list(relay.push.entries) == journal.raws
    assert rig.core.shelf.acked(OTHER) == journal.newest()


def test_a_hub_that_lacks_what_came_before_is_not_asked_again_at_once(
    rig: Rig, journal: MemoryJournal
) -> None:
    with a_small_hub(lambda asked: a_receipt(asked, 0)) as hub:
        assert relay_once(an_exchange(rig, hub.url), rig.core.shelf) == 0
    assert rig.core.shelf.unsent() == 3


@pytest.mark.parametrize(
    "answer",
    [
        lambda asked: Reply(b"nonsense"),
        lambda asked: Reply(status=503),
        lambda asked: a_receipt(asked, unit=b.UNIT),
        lambda asked: a_receipt(asked, ack=Ack(Epoch(9), Seq(1), bytes(32))),
    ],
)
def test_what_cannot_be_believed_acknowledges_nothing(
    rig: Rig, journal: MemoryJournal, answer: object
) -> None:
    with a_small_hub(answer) as hub, pytest.raises(HubUnreachable):  # type: ignore[arg-type]
        relay_once(an_exchange(rig, hub.url), rig.core.shelf)
    assert rig.core.shelf.unsent() == 3


def test_what_a_neighbour_has_brought_is_acknowledged_with_the_next_pull(rig: Rig) -> None:
    rig.present(b.a_token())
    tail = rig.core.journal.tail
    assert rig.core.journal.unpushed() == 2
    assert compare_ack(rig.core.journal, Ack(tail.epoch, tail.seq, tail.hash))
    assert rig.core.journal.unpushed() == 0
    assert rig.core.journal.risk.acceptances == 0, "and so it is no risk any more"
