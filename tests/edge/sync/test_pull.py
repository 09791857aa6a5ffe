"""A pull: what changed comes down with the hub's time, or nothing does."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from edge.clock.model import Source
from edge.contract.ids import UnitId
from edge.contract.signed import Kind
from edge.contract.status import Status
from edge.contract.sync_message import Pull, UnitState
from edge.errors import HubUnreachable
from edge.sync.pull import pull_once
from tests import builders as b
from tests.edge import builders as e
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

HEALTH: Mapping[str, str | int] = {"software": "0.1.0", "unsent": 3}
POLICY_2 = e.a_policy_message(b.a_policy(version=2))


def answering(*messages: e.SignedMessage, **bent: object) -> Answer:
    return lambda asked: signed_reply(
        Kind.PULL_ANSWER, a_pull_answer(asked, *messages, **bent).to_body()
    )


def policy_version(rig: Rig) -> int:
    word = rig.core.bundles.word
    assert word is not None
    assert word.policy is not None
    return word.policy.version


def test_a_pull_says_who_asks_from_where_and_how_the_unit_is(rig: Rig) -> None:
    with a_small_hub(answering(POLICY_2, cursor=b"c2")) as hub:
        exchange = an_exchange(rig, hub.url)
        answer = pull_once(exchange, HEALTH)
        pull_once(exchange, {})
        first, second = (Pull.decode(asked.body) for asked in hub.asked)
    assert (first.unit, first.cursor, first.health) == (b.UNIT, b"c1", HEALTH)
    assert (second.cursor, second.health) == (b"c2", {})
    assert first.nonce != second.nonce
    assert (answer.cursor, policy_version(rig)) == (b"c2", 2)


def test_the_hubs_time_is_learnt(rig: Rig) -> None:
    with a_small_hub(answering(hub_time_s=b.NOW_S + 777)) as hub:
        pull_once(an_exchange(rig, hub.url), {})
    now = rig.core.journal.clock.now()
    assert (now.at_s, now.source) == (b.NOW_S + 777, Source.HUB)
    assert rig.present("garbage").entry.wall_s == b.NOW_S + 777


def test_a_unit_without_a_clock_can_pull_and_then_has_one(rig: Rig) -> None:
    rig.close()
    rig.clock.start_again(battery=False)
    rig.open()
    assert not rig.core.journal.clock.now().is_known
    with a_small_hub(answering(hub_time_s=b.NOW_S + 60)) as hub:
        pull_once(an_exchange(rig, hub.url), {})
    assert rig.core.journal.clock.now().at_s == b.NOW_S + 60


def replayed(first: list[Reply]) -> Answer:
    """The good answer to the first question, to every question."""

    def answer(asked: Asked) -> Reply:
        first.append(answering(POLICY_2)(asked))
        return first[0]

    return answer


def test_an_answer_played_back_is_not_believed(rig: Rig) -> None:
    with a_small_hub(replayed([])) as hub:
        exchange = an_exchange(rig, hub.url)
        pull_once(exchange, {})
        with pytest.raises(HubUnreachable, match="another question"):
            pull_once(exchange, {})


UNBELIEVABLE: list[tuple[str, Answer]] = [
    ("nonsense", lambda _: Reply(b"\x00\xff nonsense")),
    ("nothing", lambda _: Reply(b"")),
    ("truncated", lambda a: Reply(answering(POLICY_2)(a).body[:-1])),
    ("one byte altered",
     lambda a: Reply(answering(POLICY_2)(a).body.replace(b"active", b"activf"))),
    ("signed by a thief", lambda a: signed_reply(
        Kind.PULL_ANSWER, a_pull_answer(a, POLICY_2).to_body(), key="thief")),
    ("of another issuer", lambda a: signed_reply(
        Kind.PULL_ANSWER, a_pull_answer(a, POLICY_2).to_body(), issuer="x.example")),
    ("of another kind", lambda a: signed_reply(
        Kind.PUSH_RECEIPT, a_pull_answer(a, POLICY_2).to_body())),
    ("another unit's", answering(POLICY_2, unit=UnitId("S0412-K2"))),
    ("to another question", answering(POLICY_2, nonce=bytes(16))),
    ("a state that nobody knows", lambda a: signed_reply(
        Kind.PULL_ANSWER, {**a_pull_answer(a, POLICY_2).to_body(), 5: "on-holiday"})),
    ("one bundle of a thief", answering(POLICY_2, e.a_trust_message(key="thief"))),
    ("500 in HTML", lambda _: Reply(b"<h1>Oops</h1>", 500, "text/html")),
    ("a redirect", lambda _: Reply(b"", 302, headers=(("Location", "/edge/v1/pull"),))),
    ("five megabytes", lambda _: Reply(bytes(5 << 20))),
    ("a problem", lambda _: Reply(b"{}", 503, "application/problem+json", (("Retry-After", "9"),))),
]  # fmt: skip


@pytest.mark.parametrize("answer", [pytest.param(row[1], id=row[0]) for row in UNBELIEVABLE])
def test_an_answer_that_cannot_be_believed_changes_nothing(rig: Rig, answer: Answer) -> None:
    rig.clock.step_wall_s(-b.NOW_S)
    rig.restart()
    word, now = rig.core.bundles.word, rig.core.journal.clock.now()
    with a_small_hub(answer) as hub:
        exchange = an_exchange(rig, hub.url)
        with pytest.raises(HubUnreachable):
            pull_once(exchange, {})
        assert rig.core.bundles.word == word
        one_bundle_is_bad = rig.core.journal.clock.now().source is Source.HUB
        assert one_bundle_is_bad or rig.core.journal.clock.now() == now
        hub.answer = answering(POLICY_2)
        pull_once(exchange, {})
        assert policy_version(rig) == 2


def test_after_a_gap_in_the_status_the_next_pull_begins_from_nothing(rig: Rig) -> None:
    gap = answering(e.a_delta_message(5, 6, Status.REVOKED, 9), POLICY_2, cursor=b"c9")
    with a_small_hub(gap) as hub:
        exchange = an_exchange(rig, hub.url)
        with pytest.raises(HubUnreachable, match="another version"):
            pull_once(exchange, {})
        assert policy_version(rig) == 1
        hub.answer = answering(e.a_snapshot_message(6, _9=Status.REVOKED), POLICY_2)
        pull_once(exchange, {})
        assert Pull.decode(hub.asked[1].body).cursor == b""
    assert rig.refusal(b.a_token()) == "revoked"


def test_a_unit_that_was_quarantined_still_pulls_and_is_let_go_again(rig: Rig) -> None:
    with a_small_hub(answering(state=UnitState.QUARANTINED)) as hub:
        exchange = an_exchange(rig, hub.url)
        pull_once(exchange, {})
        assert rig.core.bundles.word is not None
        assert rig.core.bundles.word.state is UnitState.QUARANTINED
        hub.answer = good
        pull_once(exchange, {})
    assert rig.refusal(b.a_token()) == "accepted"
