"""Tills of one store without headquarters: real databases, real sockets, real threads."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edge.contract.ids import StoreGroup
from edge.contract.policy import Mode
from edge.contract.signed import Kind
from edge.contract.sync_message import UnitState
from edge.peers.membership import Presence
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import yuan
from tests.edge.peers.store import Till, a_list, a_policy, a_store, a_text, until


@pytest.fixture(name="pair")
def _pair(tmp_path: Path) -> Iterator[list[Till]]:
    with a_store(tmp_path) as tills:
        yield tills


def test_a_voucher_that_everybody_acknowledges_is_accepted_in_mode_lan(pair: list[Till]) -> None:
    entry = pair[0].present(a_text(1)).entry
    assert (entry.accepted, entry.mode, entry.policy_version) == (True, Mode.LAN, 1)
    assert pair[0].core.journal.risk.acceptances == 0, "it is no risk"


def test_the_next_till_refuses_it_whether_or_not_the_entry_has_come(pair: list[Till]) -> None:
    pair[0].present(a_text(1))
    entry = pair[1].present(a_text(1)).entry
    assert (entry.accepted, str(entry.reason)) == (False, "redeemed-elsewhere")
    until("the entry goes round", lambda: pair[1].has_entries_of(pair[0]))
    assert str(pair[1].present(a_text(1)).entry.reason) == "redeemed-elsewhere"


@pytest.mark.parametrize("trial", range(6))
def test_at_the_same_moment_one_of_two_tills_gets_it(pair: list[Till], trial: int) -> None:
    text = a_text(100 + trial)
    with ThreadPoolExecutor(2) as pool:
        both = [r.entry for r in pool.map(lambda till: till.present(text), pair)]
    accepted = [entry for entry in both if entry.accepted]
    assert len(accepted) <= 1, both
    reasons = {str(entry.reason) for entry in both if not entry.accepted}
    assert reasons <= {"redeemed-elsewhere"}


def test_what_several_tills_take_of_a_card_is_never_more_than_there_is(tmp_path: Path) -> None:
    card = b.a_token(**e.a_gift_card())  # 100.00
    with a_store(tmp_path, 3) as tills, ThreadPoolExecutor(3) as pool:
        first = list(pool.map(lambda till: till.present(card, yuan(3000)), tills))
        later = [till.present(card, yuan(3000)) for till in tills for _ in range(2)]
    entries = [recorded.entry for recorded in (*first, *later)]
    assert sum(entry.amount or 0 for entry in entries if entry.accepted) == 9000
    assert {entry.mode for entry in entries if entry.accepted} == {Mode.LAN}
    assert str(entries[-1].reason) == "insufficient-value"
    assert later[-1].notes.remaining == 1000


def test_a_void_at_one_till_frees_the_voucher_at_the_other(pair: list[Till]) -> None:
    first = pair[0].present(a_text(1))
    pair[0].core.voider.void(first.entry.epoch, first.entry.seq)
    until("the void goes round", lambda: pair[1].has_entries_of(pair[0]))
    assert pair[1].present(a_text(1)).entry.mode is Mode.LAN


def test_a_code_that_was_used_at_one_till_is_used_at_the_other(pair: list[Till]) -> None:
    """A photograph of the customer's screen at the next till; the card has uses left."""
    shown = e.a_dynamic_text(**e.a_coffee_card())
    assert pair[0].present(shown).entry.accepted
    until("the entry goes round", lambda: pair[1].has_entries_of(pair[0]))
    assert str(pair[1].present(shown).entry.reason) == "code-replayed"


def test_a_till_that_is_switched_off_is_no_consent(tmp_path: Path) -> None:
    with a_store(tmp_path, 3) as tills:
        tills[2].stop()
        assert tills[0].present(a_text(1)).entry.mode is Mode.DEGRADED
        assert tills[0].core.journal.risk.acceptances == 1
        assert str(tills[1].present(a_text(1)).entry.reason) == "redeemed-elsewhere"
        tills[2].start()
        until("it is back", lambda: tills[0].presence_of(tills[2]) is Presence.LIVE)
        until("they meet", lambda: tills[2].presence_of(tills[0]) is Presence.LIVE)
        until("they meet", lambda: tills[1].presence_of(tills[2]) is Presence.LIVE)
        assert tills[0].present(a_text(2)).entry.mode is Mode.LAN


def test_without_any_other_till_a_unit_stands_alone(pair: list[Till]) -> None:
    pair[1].stop()
    assert pair[0].present(a_text(1)).entry.mode is Mode.SOLO


def test_where_nobody_else_is_left_a_unit_is_alone_with_what_other_stores_take(
    tmp_path: Path,
) -> None:
    """Found by seed 2009 of the simulator: it was called degraded, which has a higher floor limit,
    although nobody had said a word."""
    with a_store(tmp_path, 1, peers=a_list(2, K2=UnitState.REVOKED)) as [till]:
        assert till.present(a_text(1)).entry.mode is Mode.LAN, "it is all of its store"
        assert till.present(a_text(2, scope=StoreGroup(0))).entry.mode is Mode.SOLO


def test_a_till_that_was_revoked_is_not_asked(tmp_path: Path) -> None:
    with a_store(tmp_path, 3) as tills:
        tills[2].stop()
        told = a_list(3, version=2, K3=UnitState.REVOKED)
        for till in tills[:2]:
            till.take(e.sealed(Kind.PEERS, told.to_body()))
        until("they have read it", lambda: tills[0].presence_of(tills[2]) is Presence.REVOKED)
        until("they have read it", lambda: tills[1].presence_of(tills[2]) is Presence.REVOKED)
        assert tills[0].present(a_text(1)).entry.mode is Mode.LAN


def test_what_a_destroyed_till_has_recorded_is_with_the_others(tmp_path: Path) -> None:
    with a_store(tmp_path, 3) as tills:
        for number in range(20):
            assert tills[0].present(a_text(number)).entry.mode is Mode.LAN
        until("the entries go round", lambda: tills[1].has_entries_of(tills[0]))
        until("the entries go round", lambda: tills[2].has_entries_of(tills[0]))
        journal = tills[0].core.journal.newest(100, scans_only=False)
        assert tills[0].store is not None
        tills[0].stop()
        for till in tills[1:]:
            held = [till.core.shelf.hash_of(r.entry.unit, r.entry.epoch, r.entry.seq)
                    for r in journal]  # fmt: skip
            assert held == [recorded.hash for recorded in journal]


def test_whoever_missed_an_entry_gets_it_from_a_third(tmp_path: Path) -> None:
    with a_store(tmp_path, 3) as tills:
        tills[2].stop()
        tills[0].present(a_text(1))
        until("the entry goes to one", lambda: tills[1].has_entries_of(tills[0]))
        tail = tills[0].core.journal.tail
        unit = tills[0].unit
        tills[0].stop()
        tills[2].start()

        def has_it() -> bool:
            newest = tills[2].core.shelf.newest().get(unit)
            return newest is not None and newest[:2] == tail[:2]

        until("the third has it", has_it)
        assert str(tills[2].present(a_text(1)).entry.reason) == "redeemed-elsewhere"


WIDE = a_list(2, group_stores=3)


def test_with_other_stores_in_the_group_the_lan_is_not_everybody(tmp_path: Path) -> None:
    with a_store(tmp_path, 2, peers=WIDE) as tills:
        assert tills[0].present(a_text(1)).entry.mode is Mode.DEGRADED
        assert str(tills[1].present(a_text(1)).entry.reason) == "redeemed-elsewhere"


def test_a_share_of_what_is_at_risk_needs_the_hub(tmp_path: Path) -> None:
    policy = a_policy(online_permille=1000)
    with a_store(tmp_path, 2, peers=WIDE, policy=policy) as tills:
        entry = tills[0].present(a_text(1)).entry
        assert (str(entry.reason), entry.mode) == ("online-required", Mode.DEGRADED)


def test_in_mode_lan_the_floor_of_that_mode_holds(tmp_path: Path) -> None:
    policy = a_policy(floors={Mode.LAN: (8799, 0, 0, 0)})
    with a_store(tmp_path, 2, policy=policy) as tills:
        entry = tills[0].present(a_text(1)).entry
        assert (str(entry.reason), entry.mode) == ("over-floor-limit", Mode.LAN)


def test_a_till_whose_journal_has_a_gap_is_not_believed(pair: list[Till]) -> None:
    pair[1].stop()
    (pair[1].directory / "anchor").unlink()
    pair[1].start()
    assert pair[1].core.journal.gap is not None
    until("it is back", lambda: pair[0].presence_of(pair[1]) is Presence.LIVE)
    until("they meet", lambda: pair[1].presence_of(pair[0]) is Presence.LIVE)
    assert pair[0].present(a_text(1)).entry.mode is Mode.SOLO, "nobody's word is worth anything"
    assert pair[1].present(a_text(2)).entry.mode is Mode.DEGRADED, "nor its own"


def test_what_is_to_be_seen_of_the_peers(pair: list[Till]) -> None:
    pair[1].present(a_text(1))
    until("the entry goes round", lambda: pair[0].has_entries_of(pair[1]))
    told = pair[0].core.health.status()["peers"]
    assert told["units"] == [{"unit": pair[1].unit, "presence": "live", "epoch": 1, "seq": 2}]
    figures = pair[0].core.health.figures()
    assert (figures["peers"], figures["peers_live"]) == (1, 1)
    assert figures["peers_at"] == told["listens_at"] == pair[0].node.address
    lamps = {lamp.name: (lamp.look, lamp.value) for lamp in pair[0].core.health.lamps("en")}
    assert lamps["Other tills"] == ("good", "all here")
