"""A store in virtual time: the real core of every till, and a network that loses and reorders.

Nothing here waits: an hour passes in as long as its events take. One seed, one course of events.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from edge.contract.bundle import Peer, PeerList
from edge.contract.ids import Epoch, Seq, StoreId, UnitId, VoucherId
from edge.contract.journal_entry import GENESIS, EntryKind, Head, JournalEntry, entry_hash
from edge.contract.peer_message import Entries
from edge.contract.policy import EXACT, Mode
from edge.contract.refusal import Refusal
from edge.contract.sync_message import Ack, UnitState
from edge.peers.claim import Attempt, Standing
from edge.peers.contact import Address, Me
from edge.peers.gossip import Batch, fits
from edge.peers.membership import Presence
from edge.peers.neighbourhood import Neighbourhood
from tests import builders as b

STORE = StoreId("S0412")


def unit_name(number: int) -> UnitId:
    return UnitId(f"S0412-K{number}")


def a_peer_list(count: int, version: int = 1, **states: UnitState) -> PeerList:
    """The first tills of a store; a state other than active by name, ``K2=UnitState.REVOKED``."""
    peers = tuple(
        Peer(
            unit_name(n),
            b.a_sign_key(f"till {n}").public_key().public_bytes_raw(),
            states.get(f"K{n}", UnitState.ACTIVE),
            f"10.0.0.{n}:8478",
        )
        for n in range(1, count + 1)
    )
    return PeerList(version, b.NOW_S, STORE, 1, 2, peers)


class MemoryJournal:
    """A journal that lives as long as its till's disk. Implements ``gossip.OwnJournal``."""

    def __init__(self, me: Me) -> None:
        self.me = me
        self.raws: list[bytes] = []
        self.entries: list[JournalEntry] = []

    def append(self, **fields: object) -> JournalEntry:
        before = entry_hash(self.raws[-1]) if self.raws else GENESIS
        entry = b.an_entry(
            **{"unit": self.me.unit, "seq": Seq(len(self.raws) + 1), "prev": before, **fields}
        )
        self.entries.append(entry)
        self.raws.append(entry.encode())
        return entry

    def newest(self) -> Ack | None:
        if not self.raws:
            return None
        return Ack(Epoch(1), Seq(len(self.raws)), entry_hash(self.raws[-1]))

    def acked(self) -> Ack | None:
        return None

    def taken(self, voucher_id: VoucherId) -> int:
        return sum(e.amount or 0 for e in self.entries if e.accepted and e.voucher_id == voucher_id)

    def hash_of(self, epoch: Epoch, seq: Seq) -> bytes | None:
        here = epoch == 1 and 1 <= seq <= len(self.raws)
        return entry_hash(self.raws[seq - 1]) if here else None

    def after(self, held: Ack | None) -> Entries | None:
        start = held.seq if held else 0
        raws = self.raws[start : start + 40]
        if not raws:
            return None
        chosen = fits(raws)
        last = Seq(start + len(chosen))
        head = Head(self.me.unit, Epoch(1), last, entry_hash(chosen[-1]), b.NOW_S)
        return Entries(
            self.me.unit, Epoch(1), Seq(start + 1), tuple(chosen),
            head.sign(self.me.issuer, self.me.key), held is None,
        )  # fmt: skip


class MemoryShelf:
    """What a till's disk has of others. Implements ``gossip.Shelf``."""

    def __init__(self) -> None:
        self.batches: dict[UnitId, list[Batch]] = {}
        self._amounts: dict[VoucherId, dict[UnitId, int]] = {}

    def newest(self) -> dict[UnitId, Ack]:
        return {unit: batches[-1].newest for unit, batches in self.batches.items()}

    def hash_of(self, unit: UnitId, epoch: Epoch, seq: Seq) -> bytes | None:
        for batch in self.batches.get(unit, ()):
            at = seq - batch.message.first_seq
            if batch.message.epoch == epoch and 0 <= at < len(batch.hashes):
                return batch.hashes[at]
        return None

    def taken(self, voucher_id: VoucherId) -> dict[UnitId, int]:
        return self._amounts.get(voucher_id, {})

    def put(self, batch: Batch) -> None:
        self.batches.setdefault(batch.message.unit, []).append(batch)
        for entry in batch.entries:
            if entry and entry.accepted and entry.voucher_id is not None:
                row = self._amounts.setdefault(entry.voucher_id, {})
                row[entry.unit] = row.get(entry.unit, 0) + (entry.amount or 0)

    def after(self, unit: UnitId, held: Ack | None) -> Entries | None:
        for batch in self.batches.get(unit, ()):
            if held is None or batch.newest[:2] > held[:2]:
                return batch.message._replace(begins=held is None)
        return None

    def note_acked(self, unit: UnitId, acked: Ack) -> None:
        raise AssertionError("nothing is sent to a hub here")


@dataclass(frozen=True)
class Network:
    """What the cable does to each datagram."""

    loss: float = 0.0
    delay_s: tuple[float, float] = (0.001, 0.008)
    doubled: float = 0.0


@dataclass
class Hub:
    """What headquarters has promised, for tills that reach it: voucher to amount."""

    promised: dict[VoucherId, int] = field(default_factory=dict)

    def reserve(self, voucher_id: VoucherId, amount: int, capacity: int) -> bool:
        taken = self.promised.get(voucher_id, 0)
        if taken + amount > capacity:
            return False
        self.promised[voucher_id] = taken + amount
        return True


class Till:
    """One unit: its disk stays when it is switched off, everything else goes."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.unit = unit_name(number)
        self.address: Address = (f"10.0.0.{number}", 8478)
        self.me = Me(b.ISSUER, STORE, self.unit, b.a_sign_key(f"till {number}"))
        self.journal = MemoryJournal(self.me)
        self.shelf = MemoryShelf()
        self.reaches_hub = False
        self.life = 0
        self.core: Neighbourhood | None = None

    def start(self) -> None:
        self.life += 1
        self.core = Neighbourhood(self.me, self.journal, self.shelf, self.world.random.randbytes)
        self.core.learn(self.world.peer_list)
        self._tick(self.life)

    def kill(self) -> None:
        self.life += 1
        self.core = None

    def flush(self) -> None:
        if self.core:
            for address, datagram in self.core.take_outbox():
                self.world.carry(self, address, datagram)

    def receive(self, datagram: bytes, source: Address) -> None:
        if self.core:
            self.core.receive(datagram, source, self.world.now_s)
            self.flush()
            self.world.look_at(self)

    def _tick(self, life: int) -> None:
        if life != self.life or self.core is None:
            return
        self.core.tick(self.world.now_s)
        self.flush()
        self.world.look_at(self)
        wait_s = max(0.001, self.core.next_tick_s(self.world.now_s) - self.world.now_s)
        self.world.later(wait_s, lambda: self._tick(life))

    # --- a redemption ----------------------------------------------------------------------------

    def present(self, voucher_id: VoucherId, amount: int, capacity: int) -> None:
        """What ``Redeemer`` does with a voucher, with its pauses."""
        if self.core is None:
            return
        request = self.world.random.randbytes(16)
        attempt = self.core.hold(request, voucher_id, amount)
        if attempt is None:
            self.world.outcomes.append("busy-here")
            return
        scan = Scan(attempt, capacity, self.life, self.world.now_s)
        if self.reaches_hub and not self.core.is_contended(attempt, self.world.now_s):
            self._ask_hub(scan)
        else:
            self._ask_peers(scan)

    def _ask_peers(self, scan: Scan) -> None:
        assert self.core is not None
        self.core.ask(scan.attempt, self.world.now_s, int(self.world.now_s * 1000))
        self.flush()
        self.world.waiting.append((self, scan))
        life = self.life
        self.world.later(0.046, lambda: self._wake(life))
        self.world.later(0.091, lambda: self._wake(life))
        self.world.later(0.151, lambda: self._wake(life))
        self.world.look_at(self)

    def _wake(self, life: int) -> None:
        if life == self.life and self.core:
            self.core.tick(self.world.now_s)
            self.flush()
            self.world.look_at(self)

    def _ask_hub(self, scan: Scan) -> None:
        delay_s = self.world.random.uniform(0.02, 0.3)
        self.world.later(delay_s, lambda: self._hub_says(scan))

    def _hub_says(self, scan: Scan) -> None:
        if scan.life != self.life or self.core is None:
            return
        attempt = scan.attempt
        fits_here = self._taken(attempt) + attempt.amount <= scan.capacity
        if fits_here and self.world.hub.reserve(attempt.voucher_id, attempt.amount, scan.capacity):
            self._commit_later(scan, Mode.ONLINE)
        else:
            self._commit_later(scan, None)

    def _taken(self, attempt: Attempt) -> int:
        assert self.core is not None
        elsewhere = sum(self.core.taken_elsewhere(attempt).values())
        return elsewhere + self.journal.taken(attempt.voucher_id)

    def decided(self, scan: Scan) -> None:
        """Everybody has answered, or nobody is waited for any more."""
        assert self.core is not None
        attempt = scan.attempt
        self.world.waits_s.append(self.world.now_s - scan.asked_at_s)
        if attempt.standing is Standing.BUSY:
            self.core.end(attempt, nothing_taken=True)
            self.flush()
            self.world.outcomes.append("busy")
            return
        if self._taken(attempt) + attempt.amount > scan.capacity:
            self._commit_later(scan, None)
        elif self.reaches_hub:
            self._ask_hub(scan)
        elif self.world.gullible or self.core.is_unanimous(attempt):
            self._commit_later(scan, Mode.LAN)
        elif attempt.standing is Standing.NONE:
            self._commit_later(scan, Mode.SOLO)
        else:
            self._commit_later(scan, Mode.DEGRADED)

    def _commit_later(self, scan: Scan, mode: Mode | None) -> None:
        delay_s = self.world.random.uniform(0.003, 0.06)
        self.world.later(delay_s, lambda: self._commit(scan, mode))

    def _commit(self, scan: Scan, mode: Mode | None) -> None:
        if scan.life != self.life or self.core is None:
            return  # switched off before the commit: nothing was taken
        attempt = scan.attempt
        if mode is None:
            self.journal.append(
                kind=EntryKind.REFUSAL, voucher_id=attempt.voucher_id, request=attempt.request,
                reason=Refusal.ALREADY_REDEEMED, amount=None, mode=None, receipt=None,
            )  # fmt: skip
        else:
            self.journal.append(
                voucher_id=attempt.voucher_id, amount=attempt.amount, mode=mode,
                request=attempt.request,
            )  # fmt: skip
        self.core.end(attempt, nothing_taken=mode is None)
        self.core.appended(self.world.now_s)
        self.flush()
        self.world.outcomes.append(str(mode.name) if mode else "refused")


@dataclass(eq=False)
class Scan:
    attempt: Attempt
    capacity: int
    life: int
    asked_at_s: float


class World:
    """A store of so many tills on one network."""

    def __init__(self, seed: int, tills: int, network: Network | None = None) -> None:
        self.random = random.Random(seed)
        self.now_s = 1000.0
        self.network = network or Network()
        self.peer_list = a_peer_list(tills)
        self.hub = Hub()
        self.gullible = False
        """Whether anybody's word is taken for everybody's: what must be found out."""
        self.outcomes: list[str] = []
        self.waits_s: list[float] = []
        self.waiting: list[tuple[Till, Scan]] = []
        self.carried = 0
        """How many datagrams somebody has sent."""
        self.cut: set[tuple[UnitId, UnitId]] = set()
        """Directions in which nothing arrives."""
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self.tills = [Till(self, n) for n in range(1, tills + 1)]
        self._at = {till.address: till for till in self.tills}
        for till in self.tills:
            till.start()

    def also_at(self, till: Till) -> None:
        """Let one more machine stand at its address."""
        self._at[till.address] = till

    def later(self, delay_s: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now_s + delay_s, next(self._numbers), what))

    def run(self, seconds: float) -> None:
        """Let so much time pass."""
        end_s = self.now_s + seconds
        while self._events and self._events[0][0] <= end_s:
            self.now_s, _, what = heapq.heappop(self._events)
            what()
        self.now_s = end_s

    def until_all_live(self) -> None:
        """Let time pass until every till that is on has heard of every other."""
        for _ in range(200):
            self.run(0.1)
            on = [till for till in self.tills if till.core]
            if all(
                till.core.members.presence(other.unit, self.now_s) is Presence.LIVE
                for till in on
                for other in on
                if till.core and till is not other
            ):
                return
        raise AssertionError("they do not find one another")

    def carry(self, sender: Till, to: Address, datagram: bytes) -> None:
        """Take a datagram to where it goes, perhaps."""
        receiver = self._at.get(to)
        self.carried += 1
        if receiver is None or (sender.unit, receiver.unit) in self.cut:
            return
        copies = 2 if self.random.random() < self.network.doubled else 1
        for _ in range(copies):
            if self.random.random() >= self.network.loss:
                delay_s = self.random.uniform(*self.network.delay_s)
                self.later(delay_s, partial(receiver.receive, datagram, sender.address))

    def look_at(self, till: Till) -> None:
        """Go on with what the till has waited for."""
        for one in [w for w in self.waiting if w[0] is till]:
            if one[1].life != till.life:
                self.waiting.remove(one)
            elif one[1].attempt.standing is not None:
                self.waiting.remove(one)
                till.decided(one[1])

    # --- what came of it -------------------------------------------------------------------------

    def taken(self, voucher_id: VoucherId, modes: frozenset[Mode] = EXACT) -> int:
        """What was taken of a voucher by all tills, in these modes."""
        return sum(
            entry.amount or 0
            for till in self.tills
            for entry in till.journal.entries
            if entry.accepted and entry.voucher_id == voucher_id and entry.mode in modes
        )
