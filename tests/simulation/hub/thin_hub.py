"""A hub in memory: the rules of the real one, without its database, its money and its pages.

What decides is the real code: ``arrange``, ``resolve``, the contract. What the real hub does around
it with tables is done here with dictionaries, in the same order. ``test_thin_hub`` holds the two
against one another over the same seeds, so that this one cannot drift away.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from central.stores.redemptions.accept import Arrived, Place, arrange, empty_tail
from central.stores.units.bundle import Cursor
from central.stores.units.restored import life_at
from edge.bundles.identity import UnitKeys
from edge.contract import signed
from edge.contract.ids import (
    EntryRef,
    Epoch,
    KeyId,
    Seq,
    StatusIndex,
    UnitId,
    VoucherId,
)
from edge.contract.journal_entry import EntryKind, EpochCause, Head, JournalEntry, entry_hash
from edge.contract.lease import LeaseRequest
from edge.contract.policy import Policy
from edge.contract.signed import Kind
from edge.contract.status import Status
from edge.contract.sync_message import (
    Ack,
    Outcome,
    Pull,
    PullAnswer,
    Push,
    PushReceipt,
    Relay,
    Reserve,
    Result,
    UnitState,
)
from edge.contract.voucher_token import VoucherClaims
from edge.sync import borrow as borrow_paths
from edge.sync import pull as pull_paths
from edge.sync import push as push_paths
from edge.sync import relay as relay_paths
from edge.sync import reserve as reserve_paths
from tests import builders as b
from tests.simulation.hub.memory import (
    BUNDLE_KEY,
    ISSUER,
    SKEW_S,
    Books,
    Corrected,
    HubSays,
    Kept,
    Known,
    Sold,
)
from tests.simulation.hub.promises import Promises
from tests.simulation.hub.word import Word


class ThinHub(Promises, Word):
    """A hub that never fails by itself; who talks to it does so through the network."""

    def __init__(self, policy: Policy) -> None:
        self.books = Books()
        self.add_issuer_key(KeyId(1))
        self.set_policy(policy)

    # --- what headquarters does --------------------------------------------------------------

    def add_unit(self, unit: UnitId, keys: UnitKeys) -> None:
        """Know a unit."""
        self.books.units[unit] = Known(keys)
        self._peers_changed()

    def add_issuer_key(self, kid: KeyId) -> None:
        """Sign new vouchers with a new key from now on."""
        self.books.issuer_keys[kid] = b.a_sign_key(f"issuer {kid}")
        self.books.keys_n = self.books.next()

    def set_policy(self, policy: Policy) -> None:
        """Tell the units another policy."""
        self.books.policy = replace(policy, version=self.books.next())

    def policy(self) -> Policy:
        """Return the policy of now."""
        assert self.books.policy is not None, "a hub has a policy"
        return self.books.policy

    def sell(self, claims: VoucherClaims, capacity: int) -> None:
        """Sell a voucher."""
        sold = Sold(claims, capacity, Status.VALID, self.books.next())
        self.books.vouchers[claims.voucher_id] = sold

    def change_status(self, voucher_id: VoucherId, wanted: Status, allowed: set[Status]) -> bool:
        """Change a voucher's status if it has one of the allowed ones."""
        sold = self.books.vouchers.get(voucher_id)
        if sold is None or sold.status not in allowed:
            return False
        self.books.vouchers[voucher_id] = sold._replace(status=wanted)
        self.books.changes.append((self.books.next(), sold.claims.status_index, wanted))
        return True

    def give_back(self, ref: EntryRef, voucher_id: VoucherId, amount: int, at_s: int) -> None:
        """Give back part or all of an acceptance.

        Raises:
            HubSays: there is none, or as much was not taken.
        """
        del at_s
        kept = self.books.entries.get(ref)
        entry = kept and kept.entry
        if amount < 1:
            raise HubSays("request-invalid")
        is_one = entry is not None and entry.kind is EntryKind.REDEMPTION
        if kept is None or entry is None or not is_one or entry.voucher_id != voucher_id:
            raise HubSays("not-found")
        if kept.outcome is Outcome.QUARANTINED:
            raise HubSays("not-found")
        back = sum(
            e.amount or 0 for _, e in self._about(voucher_id) if e.voids and
            EntryRef(e.unit, *e.voids) == ref
        )  # fmt: skip
        given = sum(one.amount for one in self.books.corrections if one.ref == ref)
        if back >= (entry.amount or 0) or amount > (entry.amount or 0) - back - given:
            raise HubSays("conflict")
        self.books.corrections.append(Corrected(ref, voucher_id, amount, self.books.next()))
        self._settle(voucher_id)

    def resume(self, voucher_id: VoucherId) -> None:
        """Let a suspended voucher be good again; used up if it is."""
        if voucher_id not in self.books.vouchers:
            return  # sold after the backup that this hub was set back to
        spent = self._covered(voucher_id) >= self.books.vouchers[voucher_id].capacity
        after = Status.REDEEMED if spent else Status.VALID
        self.change_status(voucher_id, after, {Status.SUSPENDED})

    def set_state(self, unit: UnitId, state: UnitState, at_s: int) -> None:
        """Stop a unit for good, or let a quarantined one go on."""
        known = self.books.units[unit]
        if known.state is UnitState.REVOKED:
            return
        revoked_at_s = at_s if state is UnitState.REVOKED else None
        self.books.units[unit] = known._replace(state=state, revoked_at_s=revoked_at_s)
        self._peers_changed()

    def state_of(self, unit: UnitId) -> UnitState:
        """Return what the hub thinks of a unit."""
        return self.books.units[unit].state

    def backup(self) -> Any:
        """Return all that is remembered now."""
        return self.books.copy()

    def restore(self, backup: Any) -> None:
        """Remember only what a backup holds; the units and keys are those of now."""
        units = self.books.units
        self.books = backup.copy()
        self.books.units = dict(units)

    def begin_new_life(self, at_s: int) -> None:
        """Do what ``tearoff-hub restored`` does."""
        books = self.books
        books.n = life_at(at_s, books.n)
        index, now = books.changes[-1][1:] if books.changes else (StatusIndex(0), Status.VALID)
        books.changes.append((books.next(), index, now))
        self.set_policy(self.policy())
        books.keys_n = books.next()

    # --- what a unit asks --------------------------------------------------------------------

    def post(self, path: str, body: bytes, created_s: int, at_s: int) -> bytes:
        """Answer a request whose signature was checked.

        Raises:
            HubSays: the answer is a problem.
            MessageInvalid: the request cannot be read.
        """
        if path == pull_paths.PATH:
            is_recent = abs(at_s - created_s) <= SKEW_S
            pulled = self._pull(Pull.decode(body), at_s, is_recent=is_recent)
            kind, answer = Kind.PULL_ANSWER, pulled.to_body()
        elif path == push_paths.PATH:
            kind, answer = Kind.PUSH_RECEIPT, self._push(Push.decode(body), at_s).to_body()
        elif path == relay_paths.PATH:
            kind, answer = Kind.PUSH_RECEIPT, self._relay(Relay.decode(body), at_s).to_body()
        elif path == reserve_paths.PATH:
            wanted = Reserve.decode(body)
            if abs(at_s - created_s) > SKEW_S:
                raise HubSays("not-identified")
            kind, answer = Kind.RESERVATION, self._reserve(wanted, at_s).to_body()
        elif path == borrow_paths.PATH:
            asked = LeaseRequest.decode(body)
            if abs(at_s - created_s) > SKEW_S:
                raise HubSays("not-identified")
            self.lend(asked, at_s)
            kind, answer = Kind.LEASE, self._lease_book(asked.unit).to_body()
        else:
            raise HubSays("not-found")
        return signed.seal(kind, ISSUER, answer, BUNDLE_KEY)

    # --- push --------------------------------------------------------------------------------

    def _push(self, push: Push, at_s: int) -> PushReceipt:
        books, unit = self.books, push.unit
        key = books.units[unit].keys.sign.public_key()
        head = Head.open(push.head, ISSUER, Ed25519PublicKey.from_public_bytes(
            key.public_bytes_raw()))  # fmt: skip
        last = Seq(push.first_seq + len(push.entries) - 1)
        if head[:4] != (unit, push.epoch, last, entry_hash(push.entries[-1])):
            raise HubSays("message-refused")
        before = books.tails.get((unit, push.epoch)) or empty_tail(push.epoch)
        refs = [EntryRef(unit, push.epoch, Seq(s)) for s in range(push.first_seq, last + 1)]
        known = {ref.seq: books.entries[ref].hash for ref in refs if ref in books.entries}
        beside = {
            digest for (ref, digest) in books.forked
            if ref == EntryRef(unit, push.epoch, Seq(push.first_seq - 1))
        }  # fmt: skip
        arrived = arrange(unit, before, known, push.first_seq, push.entries, beside)
        new = [a for a in arrived if a.place is Place.NEXT]
        for one in new:
            self._keep(one, push, at_s)
        for voucher_id in dict.fromkeys(a.entry.voucher_id for a in new if a.entry):
            if voucher_id in books.vouchers:
                self._settle(voucher_id)
        forks = [a for a in arrived if a.place is Place.FORK]
        if forks:
            self._quarantine(forks, push)
        ack = Ack(push.epoch, new[-1].seq, new[-1].hash) if new else before
        if new:
            books.tails[unit, push.epoch] = ack
        return PushReceipt(unit, ack, tuple(self._results(arrived, push)), at_s)

    def _relay(self, relay: Relay, at_s: int) -> PushReceipt:
        units = self.books.units
        is_ours = relay.push.unit in units
        if units[relay.unit].state is not UnitState.ACTIVE or not is_ours:
            raise HubSays("not-permitted")
        if relay.push.unit == relay.unit:
            raise HubSays("message-refused")
        return self._push(relay.push, at_s)

    def _results(self, arrived: list[Arrived], push: Push) -> Iterable[Result]:
        for one in arrived:
            if one.place in {Place.NEXT, Place.KNOWN}:
                kept = self.books.entries[EntryRef(push.unit, push.epoch, one.seq)]
                yield Result(one.seq, kept.outcome, kept.reason)
            elif one.place is Place.FORK:
                yield Result(one.seq, Outcome.QUARANTINED, "fork")

    def _keep(self, one: Arrived, push: Push, at_s: int) -> None:
        books, entry = self.books, one.entry
        outcome, why = self._first_outcome(one, push.unit)
        ref = EntryRef(push.unit, push.epoch, one.seq)
        books.entries[ref] = Kept(one.raw, one.hash, entry, outcome, why, at_s=at_s)
        if entry:
            self._arrived(push.unit, entry)
        if entry and entry.gap and entry.gap.cause is not EpochCause.FIRST_START:
            books.alarms.append((push.unit, "new-epoch"))

    def _first_outcome(self, one: Arrived, unit: UnitId) -> tuple[Outcome, str]:
        entry, revoked_at_s = one.entry, self.books.units[unit].revoked_at_s
        if entry is None:
            return Outcome.QUARANTINED, one.fault
        if entry.kind not in {EntryKind.REDEMPTION, EntryKind.VOID}:
            return Outcome.RECORDED, ""
        why = ""
        if entry.voucher_id not in self.books.vouchers:
            why = "unknown-voucher"
        elif revoked_at_s is not None and entry.wall_s > revoked_at_s:
            why = "after-revocation"
        elif entry.voids and not self._voids_its_own(entry):
            why = "voids-nothing"
        if why:
            return Outcome.QUARANTINED, why
        is_void = entry.kind is EntryKind.VOID
        return Outcome.RECORDED if is_void else Outcome.APPLIED, ""

    def _voids_its_own(self, entry: JournalEntry) -> bool:
        assert entry.voids is not None, "a void names an acceptance"
        kept = self.books.entries.get(EntryRef(entry.unit, *entry.voids))
        taken = kept and kept.entry
        if taken is None or taken.kind is not EntryKind.REDEMPTION:
            return False
        if taken.voucher_id != entry.voucher_id:
            return False
        return 0 < (entry.amount or 0) <= (taken.amount or 0)

    def _settle(self, voucher_id: VoucherId) -> None:
        books = self.books
        for ref, share in self.shares(voucher_id).items():
            outcome = Outcome.OVERSPEND if share.excess else Outcome.APPLIED
            kept = books.entries[ref]
            books.entries[ref] = kept._replace(outcome=outcome, covered=share.covered)
            if share.excess:
                books.conflicts[ref] = share.excess
            else:
                books.conflicts.pop(ref, None)
        if self._covered(voucher_id) >= books.vouchers[voucher_id].capacity:
            self.change_status(voucher_id, Status.REDEEMED, {Status.VALID})
        else:
            self.change_status(voucher_id, Status.VALID, {Status.REDEEMED})

    def _quarantine(self, forks: list[Arrived], push: Push) -> None:
        for one in forks:
            self.books.forked[EntryRef(push.unit, push.epoch, one.seq), one.hash] = one.raw
        known = self.books.units[push.unit]
        if known.state is UnitState.ACTIVE:
            self.books.units[push.unit] = known._replace(state=UnitState.QUARANTINED)
            self._peers_changed()
            self.books.alarms.append((push.unit, "fork"))

    # --- pull --------------------------------------------------------------------------------

    def _pull(self, pull: Pull, at_s: int, *, is_recent: bool) -> PullAnswer:
        known, since = self.books.units[pull.unit], Cursor.decode(pull.cursor)
        told = tuple(pull.health.get(f"journal_{name}") for name in ("epoch", "seq", "at_s"))
        self.books.health[pull.unit] = tuple(int(t or 0) for t in told)  # type: ignore[assignment]
        place = str(pull.health.get("peers_at", ""))
        if is_recent and self.books.places.get(pull.unit, "") != place:
            self.books.places[pull.unit] = place
            self._peers_changed()
        if is_recent:
            self._note_pull(pull.unit, self._as_heard(since).n, at_s)
        bundles: tuple[tuple[str, bytes], ...] = ()
        if known.state is UnitState.ACTIVE:
            bundles, since = self._news(pull.unit, since, at_s)
        return PullAnswer(
            pull.unit,
            pull.nonce,
            at_s,
            known.state,
            self._ack_of(pull.unit),
            bundles,
            since.encode(),
            more=False,
        )

    def _ack_of(self, unit: UnitId) -> Ack | None:
        books = self.books
        tails = {epoch: ack for (u, epoch), ack in books.tails.items() if u == unit}
        for epoch in sorted(tails):
            opened = books.entries[EntryRef(unit, Epoch(epoch), Seq(1))].entry
            gap = opened and opened.gap
            if not gap or not gap.have_seq:
                continue
            ref = EntryRef(unit, gap.epoch, gap.have_seq)
            kept = books.entries.get(ref)
            if (kept is None or kept.hash != gap.have_hash) and (
                (ref, gap.have_hash) not in books.forked
            ):
                return tails.get(gap.epoch, empty_tail(gap.epoch))
        return max(tails.values(), default=None)

    def status_version(self) -> int:
        """Return the number of the newest change of any voucher's status."""
        return self.books.changes[-1][0] if self.books.changes else 0
