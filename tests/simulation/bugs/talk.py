"""Mistakes in what unit and hub say to one another, and in what the hub makes of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from central.stores.redemptions.accept import Place
from central.stores.redemptions.resolve import Fact, Share
from edge.contract.ids import Seq
from edge.contract.journal_entry import entry_hash
from edge.contract.policy import Mode
from edge.contract.refusal import Refusal
from edge.contract.sync_message import Ack, Outcome, UnitState
from edge.errors import HubUnreachable
from edge.journal.store import Journal
from edge.sync import push, worker
from edge.sync.reserve import HubReserver
from tests.simulation.bugs.seam import Bug, Seam
from tests.simulation.hub import facts, thin_hub
from tests.simulation.hub.facts import Facts
from tests.simulation.hub.promises import Promises
from tests.simulation.hub.thin_hub import ThinHub
from tests.simulation.hub.word import Word


def _ack_by_number(seam: Seam) -> None:
    def wrong(self: Journal, ack: Ack) -> bool:
        with self.store.lock:
            with self.store.transaction():
                value = ack.epoch.to_bytes(8, "big") + ack.seq.to_bytes(8, "big") + ack.hash
                self._note("acked", value)
            self.acked = ack
            self.risk = self._count_risk()
            return True

    seam.put(Journal, "acknowledge", wrong)


def _push_skips_one(seam: Seam) -> None:
    right = seam.put(Journal, "next_to_push", None)

    def wrong(self: Journal) -> Any:
        following = right(self)
        if following is None or len(following[2]) < 2 or following[1] == 1:
            return following
        epoch, first, entries = following
        return epoch, Seq(first + 1), entries[1:]

    seam.over(Journal, "next_to_push", wrong)


def _hub_ahead_is_ignored(seam: Seam) -> None:
    seam.put(worker, "compare_ack", lambda *_: True)


def _a_lesser_hub_is_ignored(seam: Seam) -> None:
    right = seam.part(worker, "compare_ack")
    seam.put(worker, "compare_ack", lambda journal, ack, known: right(journal, ack))


def _waits_behind_another_end(seam: Seam) -> None:
    class Never:
        def __eq__(self, other: object) -> bool:
            return False

        def __hash__(self) -> int:
            return 0

    right = Journal.acknowledge
    last: dict[int, Ack] = {}

    def wrong(self: Journal, ack: Ack) -> bool:
        if last.get(id(self)) is not None and last.pop(id(self)) != ack:
            raise HubUnreachable("The hub acknowledges another journal than this unit's.")
        told = right(self, ack)
        if not told:
            last[id(self)] = ack
        return told

    seam.put(push, "FORKED", Never())
    seam.put(Journal, "acknowledge", wrong)


def _request_changes(seam: Seam) -> None:
    right = seam.put(HubReserver, "reserve", None)
    counted = [0]

    def wrong(self: HubReserver, reserve: Any, timeout_ms: int) -> Any:
        counted[0] += 1
        other = replace(reserve, request=counted[0].to_bytes(16, "big"))
        return right(self, other, timeout_ms)

    seam.over(HubReserver, "reserve", wrong)


def _refusal_is_not_heard(seam: Seam) -> None:
    right = seam.put(HubReserver, "reserve", None)

    def wrong(self: HubReserver, reserve: Any, timeout_ms: int) -> Any:
        answer = right(self, reserve, timeout_ms)
        if answer is None or answer.refusal is not Refusal.REDEEMED_ELSEWHERE:
            return answer
        return replace(answer, refusal=None)

    seam.over(HubReserver, "reserve", wrong)


# --- the hub -------------------------------------------------------------------------------------


def _arranged(change: Any) -> Any:
    def plant(seam: Seam) -> None:
        right = seam.part(thin_hub, "arrange")

        def wrong(*args: Any) -> Any:
            return [change(one) for one in right(*args)]

        seam.put(thin_hub, "arrange", wrong)

    return plant


def _known_is_fork(seam: Seam) -> None:
    right = seam.part(thin_hub, "arrange")
    seam.put(thin_hub, "arrange", lambda unit, tail, known, *rest: right(unit, tail, {}, *rest))


def _acks_what_was_pushed(seam: Seam) -> None:
    right = seam.put(ThinHub, "_push", None)

    def wrong(self: ThinHub, push: Any, at_s: int) -> Any:
        receipt = right(self, push, at_s)
        last = Seq(push.first_seq + len(push.entries) - 1)
        return replace(receipt, ack=Ack(push.epoch, last, entry_hash(push.entries[-1])))

    seam.over(ThinHub, "_push", wrong)


def _in_order_of_arrival(seam: Seam) -> None:
    def wrong(capacity: int, all_facts: Any) -> dict[Any, Share]:
        left, shares = capacity, {}
        for fact in all_facts:
            covered = 0 if fact.is_voided else min(fact.amount, left)
            left -= covered
            excess = 0 if fact.is_voided else fact.amount - covered
            shares[fact.ref] = Share(covered, excess)
        return shares

    seam.put(facts, "resolve", wrong)


def _by_time_alone(seam: Seam) -> None:
    right = seam.part(facts, "resolve")

    def wrong(capacity: int, known: Any) -> Any:
        return right(capacity, [Fact(*f)._replace(mode=Mode.SOLO) for f in known])

    seam.put(facts, "resolve", wrong)


class _NothingBack(Counter[Any]):
    def __getitem__(self, key: Any) -> int:
        return 0


def _voided_spends(seam: Seam) -> None:
    seam.put(facts, "Counter", _NothingBack)


def _double_is_dropped(seam: Seam) -> None:
    right = seam.put(ThinHub, "_settle", None)

    def wrong(self: ThinHub, voucher_id: Any) -> None:
        right(self, voucher_id)
        for ref in [r for r in self.books.conflicts if self._is_about(r, voucher_id)]:
            del self.books.conflicts[ref]

    seam.over(ThinHub, "_settle", wrong)


def _others_are_not_counted(seam: Seam) -> None:
    right = seam.put(Promises, "_decide", None)

    def wrong(self: ThinHub, wanted: Any, at_s: int, *, is_done: bool) -> Any:
        held, self.books.held = self.books.held, {}
        try:
            return right(self, wanted, at_s, is_done=is_done)
        finally:
            self.books.held = held

    seam.over(Promises, "_decide", wrong)


def _cursor_is_a_time(seam: Seam) -> None:
    right = seam.put(Word, "_news", None)

    def wrong(self: ThinHub, *args: Any) -> Any:
        news, cursor = right(self, *args)
        # As a time would: what changes within the same second lies before it.
        return news, cursor._replace(n=cursor.n + 1) if news else args[1]

    seam.over(Word, "_news", wrong)


def _delta_of_the_last(seam: Seam) -> None:
    right = seam.put(Word, "_status", None)

    def wrong(self: ThinHub, since_n: int, at_s: int) -> Any:
        changes = self.books.changes
        new = [c for c in changes if c[0] > since_n]
        if since_n and len(new) > 1:
            try:
                self.books.changes = [c for c in changes if c[0] <= since_n] + new[-1:]
                return list(right(self, since_n, at_s))
            finally:
                self.books.changes = changes
        return right(self, since_n, at_s)

    seam.over(Word, "_status", wrong)


def _revoked_counts(seam: Seam) -> None:
    right = seam.put(ThinHub, "_first_outcome", None)

    def wrong(self: ThinHub, one: Any, unit: Any) -> Any:
        outcome, why = right(self, one, unit)
        return (Outcome.APPLIED, "") if why == "after-revocation" else (outcome, why)

    seam.over(ThinHub, "_first_outcome", wrong)


def _newest_epoch_alone(seam: Seam) -> None:
    def wrong(self: ThinHub, unit: Any) -> Any:
        return max((a for (u, _), a in self.books.tails.items() if u == unit), default=None)

    seam.put(ThinHub, "_ack_of", wrong)


def _reserves_for_anybody(seam: Seam) -> None:
    right = seam.put(ThinHub, "_quarantine", None)

    def wrong(self: ThinHub, forks: Any, push: Any) -> None:
        before = self.books.units[push.unit]
        alarms = len(self.books.alarms)
        right(self, forks, push)
        if before.state is UnitState.ACTIVE:
            self.books.units[push.unit] = before
            del self.books.alarms[alarms:]

    seam.over(ThinHub, "_quarantine", wrong)


TALK_BUGS = (
    Bug("an acknowledgement is a number alone", _ack_by_number),
    Bug("a push leaves its first entry out", _push_skips_one),
    Bug("a hub that is ahead is ignored", _hub_ahead_is_ignored),
    Bug("a hub that was set back gets nothing again", _a_lesser_hub_is_ignored),
    Bug("a unit waits for ever behind another end of its epoch", _waits_behind_another_end),
    Bug("the request changes when it is sent", _request_changes),
    Bug("a refusal of the hub is not heard", _refusal_is_not_heard),
    Bug("the hub takes what comes after a hole",
        _arranged(lambda a: a._replace(place=Place.NEXT) if a.place is Place.GAP else a)),
    Bug("the hub takes a fork for what it knows",
        _arranged(lambda a: a._replace(place=Place.KNOWN) if a.place is Place.FORK else a)),
    Bug("the hub takes what it knows for a fork", _known_is_fork),
    Bug("the hub acknowledges what was pushed", _acks_what_was_pushed),
    Bug("the first to arrive is paid", _in_order_of_arrival),
    Bug("an exact acceptance counts as any other", _by_time_alone),
    Bug("what was taken back spends all the same", _voided_spends),
    Bug("a double redemption is dropped", _double_is_dropped),
    Bug("the hub promises what it holds for others", _others_are_not_counted),
    Bug("a promise ends by the clock alone",
        lambda s: s.put(Facts, "_has_all_until", lambda *_: True)),
    Bug("the cursor is a time", _cursor_is_a_time),
    Bug("a delta holds the last change only", _delta_of_the_last),
    Bug("what a revoked unit does counts", _revoked_counts),
    Bug("the end of an earlier epoch is never asked for", _newest_epoch_alone),
    Bug("two journals of one unit stop nobody", _reserves_for_anybody),
)  # fmt: skip
