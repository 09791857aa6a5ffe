"""The threads that push and pull: whatever the hub does, they live, and neither waits."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from edge.contract.ids import Epoch, Seq
from edge.contract.signed import Kind
from edge.contract.status import Status
from edge.contract.sync_message import Ack, Push
from edge.sync.plan import Breaker
from edge.sync.worker import SyncWorker
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import Rig
from tests.edge.peers.test_shelf import OTHER, a_journal, give
from tests.edge.sync.small_hub import (
    WAIT_S,
    Answer,
    Asked,
    Reply,
    SmallHub,
    a_pull_answer,
    a_small_hub,
    an_exchange,
    good,
    signed_reply,
)

NEVER_S = 3600.0
PROBLEM = "application/problem+json"


@contextmanager
def working(
    rig: Rig, hub: SmallHub, every_s: float = NEVER_S, timeout_s: float = 5.0
) -> Iterator[SyncWorker]:
    worker = SyncWorker(an_exchange(rig, hub.url, timeout_s), Breaker(), every_s, dict)
    worker.start()
    try:
        yield worker
    finally:
        hub.is_closing.set()  # whoever hangs
        worker.stop()


def on(path: str, answer: Answer) -> Answer:
    """A hub that is good, but for one path."""
    return lambda asked: answer(asked) if asked.path.endswith(path) else good(asked)


def test_a_hub_restored_from_a_backup_gets_again_what_an_idle_unit_has(rig: Rig) -> None:
    """Nobody redeems anything here any more, so no push would ever find out."""
    rig.present(b.a_token())
    with a_small_hub() as hub:
        worker = SyncWorker(an_exchange(rig, hub.url), Breaker(), NEVER_S, dict)
        assert worker.sync_now() == {"pull": True, "push": True}
        assert rig.core.journal.unpushed() == 0
        first = rig.core.journal.hash_of(Epoch(1), Seq(1))
        assert first is not None
        ack = Ack(Epoch(1), Seq(1), first)
        hub.answer = on("/pull", lambda asked: signed_reply(
            Kind.PULL_ANSWER, a_pull_answer(asked, ack=ack).to_body()))  # fmt: skip
        assert worker.sync_now() == {"pull": True, "push": True}
        pushed = Push.decode(hub.wait_for(2, "/push")[1].body)
        assert (pushed.first_seq, len(pushed.entries)) == (2, 1)


def test_a_hub_restored_from_a_backup_is_brought_again_what_it_had_of_others(rig: Rig) -> None:
    rig.present(b.a_token())
    shelf, journal = rig.core.shelf, a_journal(count=2)
    give(shelf, journal)
    newest = journal.newest()
    assert newest is not None
    shelf.note_acked(OTHER, newest)
    with a_small_hub() as hub:
        worker = SyncWorker(an_exchange(rig, hub.url), Breaker(), NEVER_S, dict, shelf)
        assert worker.sync_now() == {"pull": True, "push": True}
        assert shelf.unsent() == 0
        ack = Ack(Epoch(0), Seq(0), bytes(32))
        hub.answer = on("/pull", lambda asked: signed_reply(
            Kind.PULL_ANSWER, a_pull_answer(asked, ack=ack).to_body()))  # fmt: skip
        worker.sync_now()
        assert shelf.unsent() == 2


def test_a_new_entry_is_pushed_at_once(rig: Rig) -> None:
    with a_small_hub() as hub, working(rig, hub) as worker:
        hub.wait_for(1, "/push")
        recorded = rig.present(b.a_token())
        worker.wake()
        push = Push.decode(hub.wait_for(2, "/push")[1].body)
        assert push.first_seq == recorded.entry.seq


def test_it_pulls_again_and_again(rig: Rig) -> None:
    with a_small_hub() as hub, working(rig, hub, every_s=0.02):
        assert len(hub.wait_for(4, "/pull")) >= 4


def test_what_a_pull_did_not_finish_is_pulled_at_once(rig: Rig) -> None:
    def with_more(asked: Asked) -> Reply:
        pulls = len([a for a in hub.asked if a.path.endswith("/pull")])
        answer = a_pull_answer(asked, more=pulls < 3)
        return signed_reply(Kind.PULL_ANSWER, answer.to_body())

    with a_small_hub() as hub:
        hub.answer = on("/pull", with_more)
        with working(rig, hub):
            assert len(hub.wait_for(3, "/pull")) == 3


@pytest.mark.parametrize(("hanging", "going_on"), [("/pull", "/push"), ("/push", "/pull")])
def test_push_and_pull_do_not_wait_for_one_another(rig: Rig, hanging: str, going_on: str) -> None:
    with a_small_hub() as hub:
        hub.answer = on(hanging, hub.hang)
        with working(rig, hub, every_s=0.02) as worker:
            hub.wait_for(1, hanging)
            for _ in range(3):
                seen = len(hub.wait_for(0, going_on))
                rig.present("garbage")
                worker.wake()
                hub.wait_for(seen + 1, going_on)
            assert len(hub.wait_for(1, hanging)) == 1, "it still hangs"


def test_redemption_goes_on_while_the_hub_hangs(rig: Rig) -> None:
    with a_small_hub() as hub:
        hub.answer = hub.hang
        with working(rig, hub):
            hub.wait_for(2)
            assert rig.refusal(b.a_token()) == "accepted"


BAD: list[tuple[str, Answer]] = [
    ("HTML", lambda _: Reply(b"<h1>", 500, "text/html")),
    ("nonsense", lambda _: Reply(b"\x00\xff")),
    ("nothing", lambda _: Reply(raw=b"")),
    ("wait for ever", lambda _: Reply(b"{}", 503, PROBLEM, (("Retry-After", "9" * 20),))),
    ("a problem nested without end", lambda _: Reply(b"[" * 100_000, 503, PROBLEM)),
    ("wrong signature", lambda a: signed_reply(Kind.PULL_ANSWER, {}, key="thief")),
]


@pytest.mark.parametrize("bad", [pytest.param(row[1], id=row[0]) for row in BAD])
def test_after_any_answer_the_threads_live_and_recover(rig: Rig, bad: Answer) -> None:
    with a_small_hub(bad) as hub, working(rig, hub) as worker:
        hub.wait_for(2)
        hub.answer = good
        worker.pushing.hub_is_back()
        worker.pulling.hub_is_back()
        asked = len(hub.asked)
        hub.wait_for(2, "/push")
        hub.wait_for(2, "/pull")
        assert asked >= 2


def test_an_error_that_nobody_thought_of_ends_no_thread(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    moods = iter([ZeroDivisionError("never thought of")])

    def health() -> Mapping[str, str | int]:
        for mood in moods:
            raise mood
        return {}

    with a_small_hub() as hub:
        worker = SyncWorker(an_exchange(rig, hub.url), Breaker(), NEVER_S, health)
        assert worker.sync_now() == {"pull": False, "push": True}
        assert worker.pulling.last_error == "unexpected error"
        assert worker.sync_now() == {"pull": True, "push": True}
        assert (worker.pulling.failures, worker.pulling.last_error) == (0, "")
    assert "never thought of" in caplog.text


def test_a_pull_that_succeeds_ends_the_pause_of_the_push(rig: Rig) -> None:
    broken = on("/push", lambda _: Reply(b"", 500, "text/html"))
    with a_small_hub(broken) as hub, working(rig, hub) as worker:
        hub.wait_for(1, "/push")
        hub.answer = good
        assert worker.pulling.round()
        hub.wait_for(2, "/push")


def test_a_push_that_succeeds_ends_the_pause_of_the_pull(rig: Rig) -> None:
    """What is shown as offline is the pull; a clerk should not look at it half a minute longer."""
    broken = on("/pull", lambda _: Reply(b"", 500, "text/html"))
    with a_small_hub(broken) as hub, working(rig, hub) as worker:
        hub.wait_for(1, "/pull")
        hub.answer = good
        rig.present(b.a_token())
        assert worker.pushing.round()
        hub.wait_for(2, "/pull")


def test_failures_are_counted_until_one_round_succeeds(rig: Rig) -> None:
    with a_small_hub(lambda _: Reply(b"", 500, "text/html")) as hub:
        worker = SyncWorker(an_exchange(rig, hub.url), Breaker(), NEVER_S, dict)
        for failures in (1, 2, 3):
            assert not worker.pulling.round()
            assert worker.pulling.failures == failures
        assert "not the hub's" in worker.pulling.last_error


def test_pulls_tell_the_breaker_that_the_hub_is_gone_and_back(rig: Rig) -> None:
    breaker = Breaker()
    with a_small_hub(lambda _: Reply(b"", 500, "text/html")) as hub:
        worker = SyncWorker(an_exchange(rig, hub.url), breaker, NEVER_S, dict)
        opened = [worker.pulling.round() or breaker.is_open for _ in range(2)]
        hub.answer = good
        closed = [worker.pulling.round() and not breaker.is_open for _ in range(2)]
    assert (opened, closed) == ([False, True], [False, True])


def test_stopping_takes_no_longer_than_the_round_at_hand(rig: Rig) -> None:
    with a_small_hub() as hub:
        worker = SyncWorker(an_exchange(rig, hub.url), Breaker(), NEVER_S, dict)
        worker.start()
        hub.wait_for(2)
        stopped = threading.Thread(target=worker.stop)
        stopped.start()
        stopped.join(WAIT_S)
        assert not stopped.is_alive()
        assert not {"push", "pull"} & {t.name for t in threading.enumerate()}


def test_a_hub_that_knows_more_opens_a_new_epoch_which_goes_up(rig: Rig) -> None:
    ahead = Ack(Epoch(1), Seq(9), b"h" * 32)
    answer = on("/pull", lambda a: signed_reply(
        Kind.PULL_ANSWER, a_pull_answer(a, ack=ahead).to_body()))  # fmt: skip
    with a_small_hub(answer) as hub:
        worker = SyncWorker(an_exchange(rig, hub.url), Breaker(), NEVER_S, dict)
        assert worker.sync_now() == {"pull": True, "push": True}
        pushed = [Push.decode(a.body).epoch for a in hub.asked if a.path.endswith("/push")]
    assert pushed == [1, 2]
    assert rig.core.journal.unpushed() == 0


def test_bundles_of_a_pull_count_for_the_next_scan(rig: Rig) -> None:
    revoked = e.a_delta_message(1, 2, Status.REVOKED, 9)
    answer = on("/pull", lambda a: signed_reply(
        Kind.PULL_ANSWER, a_pull_answer(a, revoked).to_body()))  # fmt: skip
    with a_small_hub(answer) as hub:
        SyncWorker(an_exchange(rig, hub.url), Breaker(), NEVER_S, dict).sync_now()
    assert rig.refusal(b.a_token()) == "revoked"
