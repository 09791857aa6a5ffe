"""The store among itself, in virtual time: who is believed, and what becomes of who is not."""

from __future__ import annotations

from typing import Any

import pytest

from edge.contract.ids import Epoch, Seq, StoreId, UnitId, VoucherId
from edge.contract.journal_entry import GENESIS, EntryKind, Head, entry_hash
from edge.contract.peer_link import Hello
from edge.contract.peer_message import ClaimAsked, ClaimReply, Entries, Verdict
from edge.contract.policy import Mode
from edge.contract.sync_message import Ack, UnitState
from edge.peers.claim import Standing
from edge.peers.contact import Me
from edge.peers.membership import SILENT_S, Presence
from edge.peers.neighbourhood import Neighbourhood
from tests import builders as b
from tests.edge.peers.world import (
    STORE,
    MemoryJournal,
    Network,
    Till,
    World,
    a_peer_list,
    unit_name,
)

VOUCHER = VoucherId(7)


def a_world(tills: int = 2, loss: float = 0.0, seed: int = 1) -> World:
    """Tills that have found one another."""
    world = World(seed, tills, Network(loss))
    world.until_all_live()
    return world


def core_of(till: Till) -> Neighbourhood:
    assert till.core is not None
    return till.core


def presence(one: Till, other: Till) -> Presence:
    return core_of(one).members.presence(other.unit, one.world.now_s)


def send(world: World, to: Till, datagram: bytes, source: tuple[str, int] = ("10.9.9.9", 1)) -> str:
    """Deliver a datagram; return why it was refused, empty if it was not."""
    before = dict(core_of(to).refused)
    to.receive(datagram, source)
    after = core_of(to).refused
    return next((slug for slug, n in after.items() if n != before.get(slug, 0)), "")


def accept(till: Till, voucher_id: VoucherId = VOUCHER, amount: int = 1, capacity: int = 1) -> str:
    """Present a voucher and wait for what comes of it."""
    count = len(till.world.outcomes)
    till.present(voucher_id, amount, capacity)
    till.world.run(1.0)
    return till.world.outcomes[count]


# --- who is believed -----------------------------------------------------------------------------


def a_hello(
    till: Till, receiver: Till, *, key: str = "", issuer: str = b.ISSUER, **bent: Any
) -> bytes:
    ephemeral = b.a_seal_key("other").public_key().public_bytes_raw()
    hello = Hello(STORE, till.unit, b"sessionX", ephemeral, receiver.unit)._replace(**bent)
    signer = b.a_sign_key(key) if key else till.me.key
    return hello.sign(issuer, signer)


@pytest.mark.parametrize(
    ("bent", "slug"),
    [
        ({"key": "thief"}, "bad-message-signature"),
        ({"issuer": "other.example"}, "bad-message-signature"),
        ({"store": StoreId("S0413")}, "foreign-message"),
        ({"unit": UnitId("S0412-K9")}, "foreign-message"),
        ({"to": UnitId("S0412-K3")}, "foreign-message"),
    ],
)
def test_a_hello_that_is_not_believed(bent: dict[str, Any], slug: str) -> None:
    world = a_world()
    one, other = world.tills
    assert send(world, one, a_hello(other, one, **bent)) == slug
    assert accept(one) == "LAN", "and nothing has changed"


def test_a_hello_of_a_revoked_unit_is_not_answered() -> None:
    world = a_world(3)
    world.peer_list = a_peer_list(3, version=2, K3=UnitState.REVOKED)
    for till in world.tills[:2]:
        core_of(till).learn(world.peer_list)
    assert send(world, world.tills[0], a_hello(world.tills[2], world.tills[0])) == "foreign-message"
    assert presence(world.tills[0], world.tills[2]) is Presence.REVOKED
    assert accept(world.tills[0]) == "LAN", "it takes the word of those that are left"


def test_a_unit_that_does_not_know_of_its_revocation_gets_nobodys_word() -> None:
    world = a_world(3)
    world.peer_list = a_peer_list(3, version=2, K3=UnitState.REVOKED)
    for till in world.tills[:2]:
        core_of(till).learn(world.peer_list)
    world.run(SILENT_S + 1)
    assert accept(world.tills[2]) == "SOLO"


def test_a_unit_that_headquarters_has_stopped_is_not_believed_and_yet_needed() -> None:
    world = a_world(3)
    world.peer_list = a_peer_list(3, version=2, K3=UnitState.QUARANTINED)
    for till in world.tills:
        core_of(till).learn(world.peer_list)
    assert accept(world.tills[0]) == "DEGRADED"


def test_whoever_plays_back_a_hello_gets_no_further() -> None:
    """It is really signed; but nobody can make a frame of that session any more."""
    world = a_world()
    one, other = world.tills
    replayed = a_hello(other, one, session=b"sessionY")
    for _ in range(5):
        assert send(world, one, replayed) == ""
        world.run(0.5)
    assert presence(one, other) is Presence.LIVE
    assert accept(one) == "LAN"


def test_a_frame_that_is_played_back_is_refused() -> None:
    world = a_world()
    one, other = world.tills
    core_of(other).tick(world.now_s + 60)
    datagrams = [d for to, d in core_of(other).take_outbox() if to == one.address]
    assert datagrams
    assert send(world, one, datagrams[0], other.address) == ""
    assert send(world, one, datagrams[0], other.address) == "replayed-message"


@pytest.mark.parametrize(
    "octets", [b"", b"x", b"VX1f" + bytes(60), b"VX1h" + bytes(60), bytes(9000)]
)
def test_garbage_is_counted_and_nothing_else(octets: bytes) -> None:
    world = a_world()
    assert send(world, world.tills[0], octets)
    assert accept(world.tills[0]) == "LAN"


# --- who is there --------------------------------------------------------------------------------


def test_a_silent_unit_is_missed_after_three_beats() -> None:
    world = a_world()
    one, other = world.tills
    other.kill()
    world.run(5.0)
    assert presence(one, other) is Presence.LIVE
    world.run(4.0)
    assert presence(one, other) is Presence.SILENT
    other.start()
    world.run(4.0)
    assert presence(one, other) is Presence.LIVE
    assert accept(one) == "LAN"


def test_a_unit_of_which_nothing_was_ever_heard_is_needed_too() -> None:
    """It may stand behind a cable that somebody has pulled, accepting."""
    world = World(1, 3)
    world.tills[2].kill()
    world.run(5.0)
    assert presence(world.tills[0], world.tills[2]) is Presence.NEVER_SEEN
    assert accept(world.tills[0]) == "DEGRADED"


def test_a_cable_that_is_pulled_splits_the_store_and_no_half_is_everybody() -> None:
    world = a_world(4)
    halves = world.tills[:2], world.tills[2:]
    for one in halves[0]:
        for other in halves[1]:
            world.cut |= {(one.unit, other.unit), (other.unit, one.unit)}
    world.run(10.0)
    assert [accept(half[0], VoucherId(100 + i)) for i, half in enumerate(halves)] == [
        "DEGRADED", "DEGRADED",
    ]  # fmt: skip


def test_where_only_one_direction_works_there_is_no_word() -> None:
    world = a_world()
    one, other = world.tills
    world.cut.add((other.unit, one.unit))
    world.run(10.0)
    assert accept(one) == "SOLO"
    assert accept(other, VoucherId(8)) != "LAN"


# --- liars and doubles ---------------------------------------------------------------------------


def test_two_units_with_one_identity_are_noticed_and_not_believed() -> None:
    """A copied card: same key, same name. The one that started first goes on sending."""
    world = a_world(3)
    one, other, copied = world.tills
    copy = Till(world, 3)
    copy.address = ("10.0.0.33", 8478)
    world.also_at(copy)
    copy.journal.raws, copy.journal.entries = list(copied.journal.raws), []
    world.run(1.0)
    copy.start()
    world.run(12.0)
    assert Presence.DOUBTFUL in {presence(one, copied), presence(other, copied)}
    outcomes = {accept(one, VoucherId(50)), accept(other, VoucherId(51))}
    assert "DEGRADED" in outcomes


def test_two_ends_of_one_journal_are_noticed_by_the_others_and_by_itself() -> None:
    world = a_world(3)
    one, other, forked = world.tills
    accept(forked, VoucherId(1))
    forked.kill()
    forked.journal.raws.pop()
    forked.journal.entries.pop()
    forked.start()
    world.run(8.0)
    assert core_of(forked).two_of_us, "somebody has an entry of mine that I do not have"
    assert accept(forked, VoucherId(2)) == "DEGRADED"
    world.run(3.0)
    assert {presence(till, forked) for till in (one, other)} == {Presence.DOUBTFUL}


def test_whoever_says_others_have_taken_it_is_outdone_by_their_own_word() -> None:
    world = a_world(3)
    one, other, liar = world.tills
    attempt = core_of(one).hold(bytes(16), VOUCHER, 1)
    assert attempt is not None
    core_of(one).ask(attempt, world.now_s, 1)
    claims = core_of(one)._claims
    lie = {other.unit: 99, one.unit: 99}
    claims.replied(liar.unit, ClaimReply(attempt.nonce, Verdict.ACK, 1, lie))
    lied = {other.unit: 99}
    assert core_of(one).taken_elsewhere(attempt) == lied, "as long as nobody knows better"
    claims.replied(other.unit, ClaimReply(attempt.nonce, Verdict.ACK, 1, {}))
    assert attempt.standing is Standing.ALL
    assert core_of(one).taken_elsewhere(attempt) == {}


def an_entries_message(till: Till, *, signer: Me | None = None, **bent: Any) -> Entries:
    raw = b.an_entry(unit=till.unit, prev=GENESIS, seq=Seq(1), epoch=Epoch(1)).encode()
    me = signer or till.me
    head = Head(till.unit, Epoch(1), Seq(1), entry_hash(raw), b.NOW_S).sign(me.issuer, me.key)
    return Entries(till.unit, Epoch(1), Seq(1), (raw,), head, begins=True)._replace(**bent)


OTHER_RAW = b.an_entry(unit=unit_name(2), amount=2).encode()
BAD_ENTRIES: dict[str, dict[str, Any]] = {
    "signed by whoever brings it": {"signer": 3},
    "other entries than the head's": {"entries": (OTHER_RAW,)},
    "another number": {"first_seq": Seq(2)},
    "another epoch": {"epoch": Epoch(2)},
    "in another unit's name": {"unit": unit_name(3)},
    "of a unit of no store of ours": {"unit": UnitId("S9999-K1")},
    "no head": {"head": b""},
}


@pytest.mark.parametrize("name", BAD_ENTRIES)
def test_entries_that_their_author_has_not_signed_are_not_taken(name: str) -> None:
    world = a_world(3)
    one, other, liar = world.tills
    bent = dict(BAD_ENTRIES[name])
    signer = liar.me if bent.pop("signer", None) else None
    message = an_entries_message(other, signer=signer, **bent)
    link = core_of(liar)._contacts[one.unit].link
    assert link is not None
    assert send(world, one, link.seal(message.encode()), liar.address) in {
        "bad-message-signature", "foreign-message", "malformed-message",
    }  # fmt: skip
    assert one.shelf.batches == {}


def test_entries_that_a_third_brings_are_taken_once() -> None:
    world = a_world(3)
    one, other, third = world.tills
    link = core_of(third)._contacts[one.unit].link
    assert link is not None
    for _ in range(2):
        datagram = link.seal(an_entries_message(other).encode())
        assert send(world, one, datagram, third.address) == ""
    assert [len(batches) for batches in one.shelf.batches.values()] == [1]


def test_a_claim_of_a_unit_that_is_doubted_is_not_acknowledged() -> None:
    world = a_world(2)
    one, other = world.tills
    core_of(one).members.doubt(other.unit, world.now_s)
    assert accept(other) == "SOLO"
    assert core_of(one)._claims.promised(VOUCHER) == {}


def test_a_late_claim_does_no_harm() -> None:
    """It comes when its asker has long decided; the voucher is the others' again by its word."""
    world = a_world(2)
    one, other = world.tills
    link = core_of(other)._contacts[one.unit].link
    assert link is not None
    late = ClaimAsked(b"late----", bytes(16), VOUCHER, 1, 1)
    assert send(world, one, link.seal(late.encode()), other.address) == ""
    assert core_of(one)._claims.promised(VOUCHER) == {other.unit: 1}
    assert accept(one) == "LAN"


# --- entries go round ----------------------------------------------------------------------------


@pytest.mark.parametrize("loss", [0.0, 0.2])
def test_every_entry_goes_to_every_unit(loss: float) -> None:
    world = a_world(4, loss, seed=5)
    for number in range(40):
        world.tills[number % 4].present(VoucherId(number), 1, 1)
        world.run(0.3)
    world.run(60.0)
    for one in world.tills:
        for other in world.tills:
            if one is not other:
                assert one.shelf.newest()[other.unit] == other.journal.newest()


def test_a_unit_that_was_off_for_long_gets_everything() -> None:
    world = a_world(3)
    world.tills[2].kill()
    for number in range(150):
        world.tills[0].journal.append(voucher_id=VoucherId(number), mode=Mode.SOLO)
    core_of(world.tills[0]).appended(world.now_s)
    world.run(20.0)
    author = world.tills[0]
    newest = author.journal.newest()
    author.kill()
    world.tills[2].start()
    world.run(40.0)
    assert world.tills[2].shelf.newest()[author.unit] == newest, "from a third"


class LostJournal(MemoryJournal):
    """One that has a newest entry, and not those that lead to it."""

    def after(self, held: Ack | None) -> Entries | None:
        return None


def test_two_that_lack_what_is_lost_do_not_talk_as_fast_as_they_can() -> None:
    """Found by seed 53 of the simulator: each asked the other for what was missing, and each
    question was an answer that asked again; eight hundred datagrams a second, for ever."""
    world = World(1, 2)
    for till in world.tills:
        till.kill()
        till.journal = LostJournal(till.me)
        till.journal.append(kind=EntryKind.REFUSAL, amount=None, mode=None, receipt=None)
        till.start()
    world.until_all_live()
    world.run(4.0)
    before = world.carried
    world.run(60.0)
    assert world.carried - before < 60 * 10


def test_the_hubs_word_of_another_store_is_not_taken() -> None:
    world = a_world()
    one = core_of(world.tills[0])
    foreign = a_peer_list(1, version=9)
    one.learn(type(foreign)(9, b.NOW_S, StoreId("S0413"), 1, 1, ()))
    assert len(one.members.all()) == 1


def test_what_was_said_counts_until_the_entry_comes() -> None:
    """Two requests one after the other, while the entry of what another has taken is on its way.

    The first asks and is told. The second, with the hub in reach, asked nobody, and was accepted
    beside what the other had taken in mode LAN.
    """
    world = a_world(2)
    one, taker = world.tills
    assert accept(taker, VOUCHER, 7, 10) == "LAN"
    one.shelf._amounts.clear()  # as if the entry had not come
    assert accept(one, VOUCHER, 4, 10) == "refused"
    one.reaches_hub = True
    assert accept(one, VOUCHER, 4, 10) == "refused"
    assert accept(one, VOUCHER, 3, 10) == "ONLINE"
