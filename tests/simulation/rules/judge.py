"""Watches one world from outside and accuses whoever breaks a promise.

It never asks the code under test whether it was right: it counts for itself, from what customers
were shown and told, and from the bytes that units and hub hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.bundles.store import HubWord
from edge.clock.model import Source
from edge.contract.ids import EntryRef, UnitId, VoucherId
from edge.contract.journal_entry import EntryKind, JournalEntry
from edge.contract.policy import Mode
from edge.contract.status import Status
from edge.contract.sync_message import UnitState
from edge.errors import EdgeError
from edge.journal.store import Recorded
from edge.redemption.void import Part
from tests.simulation.customers import Asked
from tests.simulation.hub.memory import Lent
from tests.simulation.machine import Machine
from tests.simulation.rules import answers, at_rest, books, neighbours, promises
from tests.simulation.rules.answers import Before

if TYPE_CHECKING:
    from tests.simulation.world import World

RULES = {
    "told-is-kept": "I1: what was told is in the journal and at the hub, or in a reported gap",
    "one-row": "I2: one request of a customer is one entry at the hub",
    "never-over": "I3: covered uses never exceed the voucher; each surplus is a conflict",
    "hub-chain": "I4: the hub's chain of each unit and epoch has no hole and every link holds",
    "own-journal": "I5: a unit never accepts what its own journal has used up",
    "step-once": "I6: a code is accepted once, and only while it is current",
    "time-forward": "I6: within one start the steady counter of the journal never goes back",
    "in-step": "I7: once everything works, units and hub hold the same",
    "fork-seen": "I8: two journals of one unit stop it",
    "never-back": "I9: versions of keys, policy and status never go back",
    "ack-is-own": "I10: an acknowledgement bears number and hash of the unit's own entry",
    "paper-is-true": "I15: each receipt is an entry of the journal, and one original of it",
    "revoked-stays-out": "I16: nothing counts that a unit did after it was revoked",
    "same-answer": "who asks again with the same key is told the same",
    "no-false-gap": "a unit reports a loss only if something was taken from it",
    "exact-is-exact": "two exact acceptances never use the same value",
    "lease-within-value": "leases, what is held and what is left never exceed a voucher; what is on"
    " a lease is exact, and what is unspent comes back",
    "grant-fits": "a phone's grant is taken by the till and for the sale that it is for, once and"
    " in its time; it is exact",
    "parts-within": "what a till and headquarters take back of an acceptance is never more than it"
    " took, and each part is taken back once",
    "store-is-exact": "what units of a store accept in modes 1 to 4 is never more than there is",
    "everybody-was-asked": "mode LAN: since the scan each unit of the store was reached and heard;"
    " mode DEGRADED: at least one",
    "within-limits": "alone, a unit risks no more than its policy lets it",
    "good-voucher": "only a good voucher, here and now, is accepted",
    "fair-refusal": "a refusal's reason is true",
    "codes-are-guessed-slowly": "after five wrong codes the next one waits",
    "one-void": "an acceptance is taken back once, while it is fresh",
    "true-time": "what the hub has told a unit of the time holds within its bounds",
    "one-promise": "what the hub holds is held for a request that somebody made",
    "no-lock-held": "nobody waits for the hub with the database in his hand",
    "no-surprise": "no error that nobody foresaw",
}


class Judge:
    """The judge of one world.

    Attributes:
        told_of: Everything that was ever told by a unit: entry by name and hash.
        reported: Of these, what a unit has reported as lost when it came up.
        excused: Of these, what was lost so that nobody can know it.
        set_back: Machines whose card is an older one now; the value: with their anchor.
        lent: Every lease that any hub has ever given; ``given_up`` those that were written off.
        voids: What a machine has taken back of an acceptance, by the hash of each void; ``parts``
            what it was told for each request; ``given_back`` what headquarters gave back of it.
        granted: The entry that the grant of a sale has led to at a machine.
        tampered: Machines to which something was done that they may report as a gap.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.told_of: dict[tuple[EntryRef, bytes], tuple[str, JournalEntry]] = {}
        self.excused: set[tuple[EntryRef, bytes]] = set()
        self.reported: set[tuple[EntryRef, bytes]] = set()
        self.set_back: dict[str, bool] = {}
        self.tampered: set[str] = set()
        self.ever_set_back: set[str] = set()
        self.whole_cards: set[str] = set()
        self.lost_anchors: set[str] = set()
        self.cloned_units: set[UnitId] = set()
        self.misses: dict[str, list[tuple[int, VoucherId | None]]] = {}
        self.steps: dict[str, set[tuple[VoucherId, int]]] = {}
        self.voids: dict[tuple[str, EntryRef], dict[bytes, int]] = {}
        self.parts: dict[tuple[str, EntryRef, str | None], bytes] = {}
        self.given_back: dict[EntryRef, tuple[VoucherId, int]] = {}
        self.papers_seen: dict[str, int] = {}
        self.originals: set[tuple[str, str]] = set()
        self.versions: dict[str, tuple[int, ...]] = {}
        self.before_revocation: set[EntryRef] = set()
        self.lent: dict[bytes, Lent] = {}
        self.given_up: set[bytes] = set()
        self.granted: dict[tuple[str, bytes], EntryRef] = {}

    def accuse(self, rule: str, what: str) -> None:
        """Note that a rule is broken."""
        assert rule in RULES, rule
        self.world.trace.accuse(rule, what)

    # --- what is done to machines ----------------------------------------------------------------

    def rolled_back(self, machine: Machine, *, with_anchor: bool) -> None:
        """An older card was put in."""
        self.set_back[machine.name] = with_anchor or self.set_back.get(machine.name, False)
        self.tampered.add(machine.name)
        self.ever_set_back.add(machine.name)
        self.versions.pop(machine.name, None)
        self.misses.pop(machine.name, None)
        if with_anchor:
            self.steps.pop(machine.name, None)
            self.whole_cards.add(machine.name)
        for asked in self.world.asked:
            asked.may_differ |= asked.machine == machine.name

    def both_are_older(self, name: str) -> bool:
        """Card, anchor and hub were all set back: what only they had, only paper has."""
        return name in self.whole_cards and self.world.is_rewritten

    def is_doubtful(self, unit: UnitId) -> bool:
        """Say whether something was done to a unit's journal, or there were two of it."""
        touched = self.ever_set_back | self.lost_anchors
        return unit in self.cloned_units or any(
            m.unit == unit and m.name in touched for m in self.world.machines
        )

    def is_waited_for(self, entry: JournalEntry) -> bool:
        """Say whether the hub holds what stands behind an acceptance until it has come.

        What a unit had accepted before it was revoked may still come, and nobody waits for it; nor
        for what was on a lease that somebody has given up.
        """
        unit = self.world.hub.books.units[entry.unit]
        return unit.revoked_at_s is None and entry.evidence not in self.given_up

    def lost_anchor(self, machine: Machine) -> None:
        """Its anchor is gone."""
        self.tampered.add(machine.name)
        self.lost_anchors.add(machine.name)

    def cloned(self, machine: Machine, twin: Machine) -> None:
        """There are two of it."""
        self.cloned_units.add(machine.unit)
        self.tampered |= {machine.name, twin.name}
        self.ever_set_back |= {machine.name, twin.name}
        for asked in self.world.asked:
            asked.may_differ |= asked.machine == machine.name

    def hub_restored(self) -> None:
        """The hub has forgotten something."""
        self.versions.clear()

    def unit_revoked(self) -> None:
        """What the hub has by now it had before."""
        self.before_revocation |= self.world.hub.books.entries.keys()

    def withdraw(self, machine: Machine) -> None:
        """A copied card is taken out; what only it has stays on it."""
        hub = self.world.hub.books
        for (ref, digest), (name, _) in self.told_of.items():
            kept = hub.entries.get(ref)
            if name == machine.name and not (kept and kept.hash == digest):
                self.excused.add((ref, digest))

    def broken(self, machine: Machine, why: str) -> None:
        """A journal cannot be trusted; no fault of this simulation damages one."""
        self.accuse("no-surprise", f"the journal of {machine.name} is called broken: {why}")

    def error(self, machine: Machine, error: EdgeError) -> None:
        """An error that a caller was told of."""
        expected = {"unit-stopped", "idempotency-key-reused", "void-refused", "not-found",
                    "unit-not-enrolled"}  # fmt: skip
        if error.slug not in expected:
            self.accuse("no-surprise", f"{machine.name}: {error.slug} {error}")

    # --- a unit comes up -------------------------------------------------------------------------

    def started(self, machine: Machine) -> None:
        """Look at what a unit says of itself, and at whether it names what it lost."""
        gap = machine.journal.gap
        if gap is not None and machine.name not in self.tampered:
            self.accuse("no-false-gap", f"{machine.name} reports {gap.cause} {gap.known_seq}")
        with_anchor = self.set_back.pop(machine.name, None)
        here, names = at_rest.journal_of(machine)
        hub = self.world.hub.books
        for (ref, digest), (name, _) in self.told_of.items():
            if name != machine.name or here.get(ref[1:]) == digest:
                continue
            if names(ref):
                self.reported.add((ref, digest))
            if (ref, digest) in self.excused | self.reported:
                continue
            kept = hub.entries.get(ref)
            if kept and kept.hash == digest:
                continue
            if with_anchor or self.both_are_older(machine.name):
                self.excused.add((ref, digest))
            else:
                self.accuse("told-is-kept", f"{machine.name} came up without {ref}")
        self.tampered.discard(machine.name)
        word = machine.bundles.word
        assert word is not None, "enrolled"

    # --- a customer is told something ------------------------------------------------------------

    def before(self, machine: Machine, asked: Asked) -> Before:
        """Look at a unit before it is asked."""
        word, now = machine.bundles.word, machine.clock.now()
        assert word is not None, "enrolled"
        age_s = None if word.pulled_at_s is None else max(0, now.at_s - word.pulled_at_s)
        sold = self.world.hub.books.vouchers.get(asked.voucher.claims.voucher_id)
        off_s = abs(now.at_s - self.world.now_s)
        return Before(
            self.world.now_s, word.policy.version if word.policy else None, age_s, word.state,
            sold.status if sold else Status.VALID,
            is_honest=now.source is not Source.FLOOR and off_s <= now.uncertainty_s + 2,
            known_keys=frozenset(k.kid for k in word.trust.keys) if word.trust else frozenset(),
            tail=machine.journal.tail[:2],
        )  # fmt: skip

    def told(self, machine: Machine, asked: Asked, recorded: Recorded, before: Before) -> None:
        """Hold an answer against everything that is known."""
        if asked.told is not None and not asked.may_differ and asked.told.hash != recorded.hash:
            self.accuse("same-answer", f"{machine.name} {asked.presented.key} is told another")
        asked.told, asked.may_differ = recorded, False
        self._second_scan(machine, asked, recorded)
        entry = recorded.entry
        known = (entry.ref, recorded.hash) in self.told_of
        self.note_told(machine, recorded)
        if known:
            if entry.voucher_id not in {None, asked.voucher.claims.voucher_id}:
                self.accuse("same-answer", f"{machine.name} {asked.presented.key} got another's")
            return
        if asked.grant is not None:
            promises.granted(self, machine, asked, recorded, before)
            return
        if entry.request != asked.presented.request() or entry.ref[1:] <= before.tail:
            return  # recorded for an earlier question, whose answer got lost
        self.note_promises()
        answers.codes(self, machine, entry, asked)
        if entry.accepted:
            answers.accepted(self, machine, asked, entry, before)
            neighbours.accepted(self, machine, entry, before)
            if entry.mode is Mode.LEASE:
                promises.on_lease(self, machine, entry, before, f"{machine.name} {entry.ref[1:]}")
        elif entry.reason:
            answers.refused(self, machine, asked, entry, before)

    def _second_scan(self, machine: Machine, asked: Asked, recorded: Recorded) -> None:
        """Twice within one sale, and at once, is one redemption."""
        shown, presented, entry = asked.shown.text, asked.presented, recorded.entry
        for other in self.world.asked[-4:]:
            first = other.told
            if (
                other is not asked and first is not None and first.entry.accepted
                and entry.accepted and first.entry.ref != entry.ref
                and presented.basket is not None
                and other.machine == asked.machine and other.shown.text == shown
                and other.presented[2:] == presented[2:]
                and first.entry.boot == entry.boot
                and 0 <= entry.monotonic_ms - first.entry.monotonic_ms < 4000
                and 0 <= entry.wall_s - first.entry.wall_s < 5
                and machine.name not in self.ever_set_back
                and (machine.name, first.entry.ref) not in self.voids
                and not self._between(first.entry, entry)
            ):  # fmt: skip
                self.accuse("same-answer", f"{entry.ref} and {first.entry.ref} are one sale")

    def _between(self, first: JournalEntry, second: JournalEntry) -> bool:
        """Another sale used the same voucher meanwhile: only the newest is looked at."""
        return any(
            e.unit == first.unit and e.voucher_id == first.voucher_id and e.accepted
            and first.ref < e.ref < second.ref
            for _, e in self.told_of.values()
        )  # fmt: skip

    def note_promises(self) -> None:
        """Remember what the hubs have promised."""
        for hub in (self.world.hub, self.world.second_hub):
            if hub is not None:
                self.lent.update(hub.books.leases)
                promises.note_given_back(self, hub.books)

    def given_back_here(self, unit: UnitId, voucher_id: VoucherId) -> int:
        """Return what headquarters has given back of what a unit had taken of a voucher."""
        about = self.given_back.items()
        return sum(n for ref, (v, n) in about if ref.unit == unit and v == voucher_id)

    def note_told(self, machine: Machine, recorded: Recorded) -> None:
        """Remember that somebody was told of an entry."""
        self.told_of[recorded.entry.ref, recorded.hash] = (machine.name, recorded.entry)

    def was_here_before(self, ref: EntryRef) -> bool:
        """Say whether the hub had an entry before it revoked its unit."""
        return ref in self.before_revocation

    # --- other things that are told --------------------------------------------------------------

    def voided(
        self, machine: Machine, accepted: Recorded, recorded: Recorded, part: Part | None = None,
        wanted: int = 0,
    ) -> None:  # fmt: skip
        """Hold a void, of all or of a part, against what was accepted."""
        entry, taken = recorded.entry, accepted.entry
        who = f"{machine.name} {entry.epoch}/{entry.seq}"
        self.note_told(machine, recorded)
        if entry.kind is not EntryKind.VOID or entry.voids is None:
            self.accuse("one-void", f"{who} is none")
            return
        if machine.name not in self.ever_set_back:
            if (entry.voids, entry.voucher_id) != ((taken.epoch, taken.seq), taken.voucher_id):
                self.accuse("one-void", f"{who} takes something else back")
            request = (machine.name, taken.ref, part.key if part else None)
            if self.parts.setdefault(request, recorded.hash) != recorded.hash:
                rule = "parts-within" if part else "one-void"
                self.accuse(rule, f"{who} takes {taken.ref} back again")
            promises.part(self, machine, taken, recorded, wanted if part else None)
        policy = self.world.policies.get(entry.policy_version or 0)
        if policy is not None and entry.wall_s - taken.wall_s > policy.void_s:
            self.accuse("one-void", f"{who} after {entry.wall_s - taken.wall_s} s")

    def printed(self, machine: Machine) -> None:
        """Read the papers that have come out since."""
        seen = self.papers_seen.get(machine.name, 0)
        for paper in machine.printer.papers[seen:]:
            ref, digest = paper.strip().splitlines()[-1].split(" ")
            _, epoch, seq = ref.rsplit("/", 2)
            if machine.is_up:
                found = at_rest.hash_at(machine, int(epoch), int(seq))
                if found is None or found.hex() != digest:
                    self.accuse("paper-is-true", f"{machine.name} prints {ref} {digest[:8]}")
            if "COPY" in paper or machine.name in self.ever_set_back:
                continue
            if (machine.name, digest) in self.originals:
                self.accuse("paper-is-true", f"{machine.name} prints the original of {ref} twice")
            self.originals.add((machine.name, digest))
        self.papers_seen[machine.name] = len(machine.printer.papers)

    def synced(self, machine: Machine) -> None:
        """After a talk with the hub."""
        acked, word = machine.journal.acked, machine.bundles.word
        if acked.seq and at_rest.hash_at(machine, acked.epoch, acked.seq) != acked.hash:
            self.accuse("ack-is-own", f"{machine.name} is acknowledged {acked.epoch}/{acked.seq}")
        if acked.seq and not self.world.is_rewritten:
            ref = EntryRef(machine.unit, acked.epoch, acked.seq)
            kept = self.world.hub.books.entries.get(ref)
            is_beside = (ref, acked.hash) in self.world.hub.books.forked
            if (kept is None or kept.hash != acked.hash) and not is_beside:
                self.accuse("ack-is-own", f"the hub has no {acked.epoch}/{acked.seq} of it")
        self._time(machine)
        assert word is not None, "enrolled"
        now = (
            word.trust.version if word.trust else 0,
            word.policy.version if word.policy else 0,
            _newest_epoch(word),
            *(held.version for _, held in sorted(word.shards.held.items())),
        )
        before = self.versions.get(machine.name, ())
        if any(a < b for a, b in zip(now, before, strict=False)) or len(now) < len(before):
            self.accuse("never-back", f"{machine.name} has {now}, had {before}")
        self.versions[machine.name] = now

    def _time(self, machine: Machine) -> None:
        now = machine.clock.now()
        off_s = abs(now.at_s - self.world.now_s)
        if now.source is Source.HUB and off_s > now.uncertainty_s + 1.5:
            self.accuse("true-time", f"{machine.name} is {off_s:.0f} s off, says {now}")

    # --- the whole -------------------------------------------------------------------------------

    def after_step(self) -> None:
        """Look at what can be looked at all the time; at the hub every few steps."""
        if self.world.network.held_lock:
            self.accuse("no-lock-held", f"{sorted(self.world.network.held_lock)}")
        held = {request for _, request in self.world.hub.books.held}
        if held:
            held -= {a.presented.request() for a in self.world.asked}
            held -= {phone.request.nonce for phone in self.world.phones}
        for request in held:
            self.accuse("one-promise", f"{request[:4].hex()} was asked by nobody")
        self.note_promises()
        if self.world.trace.step % 16 == 0:
            books.check(self)

    def at_rest(self) -> None:
        """Look at everything, now that nothing moves any more."""
        books.check(self)
        at_rest.check(self)
        promises.check(self)
        neighbours.check(self)


def _newest_epoch(word: HubWord) -> int:
    """Return a unit's newest key epoch; a unit that was revoked has destroyed its keys for good."""
    if word.state is UnitState.REVOKED:
        return 2**63
    return max(word.epoch_keys.epochs(), default=0) if word.epoch_keys else 0
