"""A push: entries go up under a signed head, and only this journal's acknowledgement counts."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edge.contract import canonical
from edge.contract.ids import Epoch, Seq, UnitId
from edge.contract.journal_entry import GENESIS, Head, JournalEntry, entry_hash
from edge.contract.signed import Kind
from edge.contract.sync_message import Ack, Outcome, Push, Result
from edge.errors import HubUnreachable
from edge.sync.push import push_once
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import Rig, a_rig
from tests.edge.sync.small_hub import (
    Answer,
    Asked,
    Reply,
    a_push_receipt,
    a_small_hub,
    an_exchange,
    good,
    signed_reply,
)

UNIT_KEY = e.KEYS.sign.public_key()


def receipt(**bent: object) -> Answer:
    """A hub that signs a receipt with something bent."""
    return lambda asked: signed_reply(Kind.PUSH_RECEIPT, a_push_receipt(asked, **bent).to_body())


def acked(rig: Rig) -> tuple[int, int]:
    epoch, seq, _ = rig.core.journal.acked
    return epoch, seq


def test_everything_new_goes_up_once_under_the_head_of_its_last_entry(rig: Rig) -> None:
    recorded = [rig.present(text) for text in (b.a_token(), "garbage")]
    with a_small_hub() as hub:
        exchange = an_exchange(rig, hub.url)
        assert [push_once(exchange) for _ in range(3)] == [3, 0, 0]
        [asked] = hub.asked
    push = Push.decode(asked.body)
    assert (push.unit, push.epoch, push.first_seq) == (b.UNIT, 1, 1)
    assert [JournalEntry.decode(raw) for raw in push.entries][1:] == [r.entry for r in recorded]
    head = Head.open(push.head, b.ISSUER, UNIT_KEY)
    assert head == Head(b.UNIT, Epoch(1), Seq(3), recorded[-1].hash, b.NOW_S)
    assert rig.core.journal.unpushed() == 0


def test_what_came_after_goes_up_from_there(rig: Rig) -> None:
    with a_small_hub() as hub:
        exchange = an_exchange(rig, hub.url)
        push_once(exchange)
        rig.present("garbage")
        assert push_once(exchange) == 1
        assert Push.decode(hub.asked[1].body).first_seq == 2
        rig.restart()
        assert push_once(an_exchange(rig, hub.url)) == 0


def test_a_hub_that_takes_a_part_gets_the_rest(rig: Rig) -> None:
    rig.present("garbage")
    rig.present("garbage")
    first = rig.core.journal.newest(9, scans_only=False)[-1]
    part = Ack(Epoch(1), Seq(1), first.hash)
    with a_small_hub(receipt(ack=part)) as hub:
        exchange = an_exchange(rig, hub.url)
        assert push_once(exchange) == 1
        hub.answer = good
        assert push_once(exchange) == 2
        assert Push.decode(hub.asked[1].body).first_seq == 2


def test_an_overspend_is_acknowledged_like_any_other(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    results = (Result(Seq(1), Outcome.RECORDED), Result(Seq(2), Outcome.OVERSPEND, "spent at K2"))
    rig.present(b.a_token())
    with a_small_hub(receipt(results=results)) as hub:
        assert push_once(an_exchange(rig, hub.url)) == 2
    assert "entry 1/2: overspend spent at K2" in caplog.text


def test_a_hub_restored_from_a_backup_gets_everything_again(rig: Rig) -> None:
    rig.present("garbage")
    with a_small_hub() as hub:
        exchange = an_exchange(rig, hub.url)
        assert push_once(exchange) == 2
        rig.present("garbage")
        hub.answer = receipt(ack=Ack(Epoch(1), Seq(0), GENESIS))
        assert push_once(exchange) == 0, "it has nothing any more"
        hub.answer = good
        assert push_once(exchange) == 3


def forked(asked: Asked) -> Reply:
    """The hub has another journal in these places, and keeps ours beside it."""
    push = Push.decode(asked.body)
    seqs = range(push.first_seq, push.first_seq + len(push.entries))
    results = tuple(Result(Seq(seq), Outcome.QUARANTINED, "fork") for seq in seqs)
    ack = Ack(push.epoch, Seq(2), b"c" * 32)
    return signed_reply(
        Kind.PUSH_RECEIPT, a_push_receipt(asked, ack=ack, results=results).to_body()
    )


def test_what_the_hub_keeps_beside_a_clones_entries_holds_nothing_up(rig: Rig) -> None:
    """The unit opens a new epoch, which would otherwise wait behind the fork for ever."""
    rig.present("garbage")
    with a_small_hub(forked) as hub:
        exchange = an_exchange(rig, hub.url)
        push_once(exchange)
        assert acked(rig) == (1, 2)
        rig.core.journal.hub_is_ahead(Ack(Epoch(1), Seq(2), b"c" * 32))
        hub.answer = good
        assert [push_once(exchange) for _ in range(2)] == [1, 0]
        assert Push.decode(hub.asked[-1].body).epoch == 2


def test_a_card_set_back_behind_what_the_hub_has_holds_nothing_up(rig: Rig, tmp_path: Path) -> None:
    """The receipts of what was pushed were lost, then the card was: the hub has more of the old
    epoch than the unit, and what the unit still has it knows."""
    rig.present("garbage")
    older = tmp_path / "older"
    shutil.copytree(rig.directory, older)
    lost = rig.present("garbage")
    shutil.copy(rig.directory / "anchor", older / "anchor")

    def knows_more(asked: Asked) -> Reply:
        if Push.decode(asked.body).epoch > 1:
            return good(asked)
        return receipt(ack=Ack(Epoch(1), lost.entry.seq, lost.hash))(asked)

    with a_rig(older) as again, a_small_hub(knows_more) as hub:
        exchange = an_exchange(again, hub.url)
        assert [push_once(exchange) for _ in range(3)] == [2, 1, 0]
        assert acked(again) == (2, 1)


def test_an_end_that_this_unit_has_not_given_up_is_not_believed(rig: Rig) -> None:
    rig.present("garbage")
    answer = receipt(ack=Ack(Epoch(1), Seq(9), b"h" * 32))
    with a_small_hub(answer) as hub, pytest.raises(HubUnreachable):
        push_once(an_exchange(rig, hub.url))
    assert acked(rig) == (0, 0)


def test_after_a_loss_the_rest_of_the_old_epoch_goes_up_before_the_new_one(rig: Rig) -> None:
    rig.core.journal.hub_is_ahead(Ack(Epoch(1), Seq(5), b"h" * 32))
    with a_small_hub() as hub:
        exchange = an_exchange(rig, hub.url)
        assert [push_once(exchange) for _ in range(3)] == [1, 1, 0]
        assert [Push.decode(asked.body).epoch for asked in hub.asked] == [1, 2]


def other_kind(asked: Asked) -> Reply:
    return signed_reply(Kind.PULL_ANSWER, a_push_receipt(asked).to_body())


def truncated(asked: Asked) -> Reply:
    return Reply(good(asked).body[:-1])


def wrong_hash(asked: Asked) -> Reply:
    ack = Ack(Epoch(1), Seq(2), b"w" * 32)
    return signed_reply(Kind.PUSH_RECEIPT, a_push_receipt(asked, ack=ack).to_body())


def body_of_something_else(_: Asked) -> Reply:
    return signed_reply(Kind.PUSH_RECEIPT, {1: 1})


UNBELIEVABLE: list[tuple[str, Answer]] = [
    ("nonsense", lambda _: Reply(b"\x00\xff nonsense")),
    ("nothing", lambda _: Reply(b"")),
    ("that nobody signed", lambda a: Reply(canonical.encode(a_push_receipt(a).to_body()))),
    ("signed by a thief",
     lambda a: signed_reply(Kind.PUSH_RECEIPT, a_push_receipt(a).to_body(), key="thief")),
    ("of another issuer",
     lambda a: signed_reply(Kind.PUSH_RECEIPT, a_push_receipt(a).to_body(), issuer="x.example")),
    ("of another kind", other_kind),
    ("truncated", truncated),
    ("a body of something else", body_of_something_else),
    ("another unit's", receipt(unit=UnitId("S0412-K2"))),
    ("of another epoch", receipt(ack=Ack(Epoch(2), Seq(1), GENESIS))),
    ("the right number, another hash", wrong_hash),
    ("more than was pushed", receipt(ack=Ack(Epoch(1), Seq(99), b"h" * 32))),
]  # fmt: skip


@pytest.mark.parametrize("answer", [pytest.param(row[1], id=row[0]) for row in UNBELIEVABLE])
def test_a_receipt_that_cannot_be_believed_acknowledges_nothing(rig: Rig, answer: Answer) -> None:
    rig.present(b.a_token())
    with a_small_hub(answer) as hub:
        exchange = an_exchange(rig, hub.url)
        with pytest.raises(HubUnreachable):
            push_once(exchange)
        assert (acked(rig), rig.core.journal.unpushed()) == ((0, 0), 2)
        hub.answer = good
        assert push_once(exchange) == 2, "the same entries go up again"
        assert hub.asked[0].body[:40] == hub.asked[1].body[:40]


def test_a_unit_that_has_nothing_asks_nothing(rig: Rig) -> None:
    with a_small_hub() as hub:
        exchange = an_exchange(rig, hub.url)
        push_once(exchange)
        push_once(exchange)
        assert len(hub.asked) == 1


def test_an_old_receipt_played_back_loses_nothing(rig: Rig) -> None:
    """It bears no nonce; what it says was true once, so at worst entries go up again."""
    with a_small_hub() as hub:
        exchange = an_exchange(rig, hub.url)
        push_once(exchange)
        old = good(hub.asked[0])
        rig.present(b.a_token())
        push_once(exchange)
        rig.present("garbage")
        hub.answer = lambda _: old
        assert push_once(exchange) == 0
        assert rig.core.journal.unpushed() == 2
        hub.answer = good
        assert push_once(exchange) == 2


def test_what_is_pushed_hashes_to_what_the_head_says(rig: Rig) -> None:
    for text in ("garbage", b.a_token()):
        rig.present(text, clerk="丽", basket="b-1")
    with a_small_hub() as hub:
        push_once(an_exchange(rig, hub.url))
        push = Push.decode(hub.asked[0].body)
    previous = GENESIS
    for raw in push.entries:
        assert JournalEntry.decode(raw).prev == previous
        previous = entry_hash(raw)
    assert Head.open(push.head, b.ISSUER, UNIT_KEY).hash == previous
