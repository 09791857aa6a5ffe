"""What the simulated hub tells a unit: everything that has changed since its cursor, signed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from central.foundation.feed import LIFE_BITS, is_of_this_life
from central.stores.units.bundle import EPOCHS_AFTER, EPOCHS_BEFORE, Cursor
from edge.contract import signed, status
from edge.contract.bundle import Handles, Peer, PeerList
from edge.contract.correction import Correction, CorrectionBook
from edge.contract.ids import EntryRef, UnitId, VoucherId
from edge.contract.keys import CodeAlgorithm, EpochKeys, IssuerKey, TrustList, key_epoch_at
from edge.contract.lease import Lease, LeaseBook
from edge.contract.signed import Kind
from edge.contract.status import Delta, Snapshot, Status
from edge.contract.sync_message import STATUS_SNAPSHOT
from tests import builders as b
from tests.simulation.hub.memory import (
    ALL,
    BUNDLE_KEY,
    DAY_S,
    GROUP,
    HEADER,
    ISSUER,
    Books,
    code_key,
)


class Word:
    """The half of a hub that speaks."""

    books: Books
    has_lan = False

    def _news(
        self, unit: UnitId, since: Cursor, at_s: int
    ) -> tuple[tuple[tuple[str, bytes], ...], Cursor]:
        books, since = self.books, self._as_heard(since)
        epoch, day = key_epoch_at(at_s), max(at_s // DAY_S, since.day)
        news: list[tuple[str, bytes]] = []

        def add(kind: Kind, body: object) -> None:
            news.append((str(kind), signed.seal(kind, ISSUER, body, BUNDLE_KEY)))

        if books.keys_n > since.n or day != since.day:
            add(Kind.TRUST_LIST, self._trust_list(at_s).to_body())
        if epoch != since.key_epoch:
            add(Kind.EPOCH_KEYS, self._epoch_keys(unit, epoch))
        assert books.policy is not None, "a hub has a policy"
        if books.policy.version > since.n:
            add(Kind.POLICY, books.policy.to_body())
        for kind, body in self._lists(unit, since.n, at_s):
            add(kind, body)
        if not since.n:
            add(Kind.CATALOGUE, books.catalogue.to_body())
            add(Kind.RECEIPT_TEMPLATE, HEADER.to_body())
        news += self._status(since.n, at_s)
        for scope in (ALL, GROUP):
            rows = tuple(
                s.claims for s in books.vouchers.values()
                if s.claims.scope == scope and s.issued_n > since.handles_n
            )  # fmt: skip
            if rows or not since.handles_n:
                add(Kind.HANDLES, Handles(scope, since.handles_n, books.n, rows).to_body())
        return tuple(news), Cursor(books.n, books.n, epoch, day)

    def _lists(self, unit: UnitId, since_n: int, at_s: int) -> Iterable[tuple[Kind, object]]:
        """Return the lists that a unit is given whole, whenever they have changed."""
        lent, given_back = self._lease_book(unit), self._correction_book(unit)
        if lent.version > since_n:
            yield Kind.LEASE, lent.to_body()
        if given_back.version > since_n:
            yield Kind.CORRECTIONS, given_back.to_body()
        told_n = self._at_least_this_life(self.books.peers_n)
        if self.has_lan and (told_n > since_n or not since_n):
            yield Kind.PEERS, self._peer_list(told_n, at_s).to_body()

    def _as_heard(self, since: Cursor) -> Cursor:
        """Return what a unit has heard of this hub as it is; if that is nothing, it gets all."""
        now, told = self.books.n, (since.n, since.handles_n)
        is_ours = max(told) <= now and all(is_of_this_life(n, now) for n in told)
        return since if is_ours else Cursor()

    def _lease_book(self, unit: UnitId) -> LeaseBook:
        found = sorted(
            ((i, lent) for i, lent in self.books.leases.items() if lent.unit == unit),
            key=lambda one: one[1].given_n,
        )
        numbers = [n for _, lent in found for n in lent[4:7] if n]
        leases = tuple(
            Lease(lease_id, lent.voucher_id, lent.amount, lent.expires_at_s)
            for lease_id, lent in found
            if lent.closed_n is None and lent.recalled_n is None
        )
        return LeaseBook(self._at_least_this_life(max(numbers, default=0)), unit, leases)

    def _correction_book(self, unit: UnitId) -> CorrectionBook:
        """Return what the units of the store are told of all that was given back: all are of it."""
        amounts: Counter[tuple[EntryRef, VoucherId]] = Counter()
        newest: dict[tuple[EntryRef, VoucherId], int] = {}
        for one in self.books.corrections:
            amounts[one.ref, one.voucher_id] += one.amount
            newest[one.ref, one.voucher_id] = one.n
        order = sorted(amounts, key=lambda name: -newest[name])
        told = tuple(Correction(ref, voucher_id, amounts[ref, voucher_id])
                     for ref, voucher_id in order)  # fmt: skip
        version = self._at_least_this_life(max(newest.values(), default=0))
        return CorrectionBook(version, unit, told)

    def _peers_changed(self) -> None:
        if self.has_lan:
            self.books.peers_n = self.books.next()

    def _peer_list(self, version: int, at_s: int) -> PeerList:
        """Return the units of the store; vouchers of all groups are good in another one too."""
        peers = tuple(
            Peer(unit, known.keys.sign_public, known.state, self.books.places.get(unit, ""))
            for unit, known in sorted(self.books.units.items())
        )
        return PeerList(version, at_s, b.STORE, 1, 2, peers)

    def _at_least_this_life(self, n: int) -> int:
        return max(n, self.books.n >> LIFE_BITS << LIFE_BITS)

    def _trust_list(self, at_s: int) -> TrustList:
        keys = tuple(
            IssuerKey(ISSUER, kid, key.public_key().public_bytes_raw())
            for kid, key in sorted(self.books.issuer_keys.items())
        )
        version = (at_s // DAY_S << 40) + self.books.keys_n
        ours = (BUNDLE_KEY.public_key().public_bytes_raw(),)
        return TrustList(version, ISSUER, at_s, at_s + 90 * DAY_S, keys, ours)

    def _epoch_keys(self, unit: UnitId, now: int) -> dict[int, object]:
        keys = {
            (scope, epoch): (CodeAlgorithm.SHA256, code_key(scope, epoch))
            for scope in (ALL, GROUP)
            for epoch in range(now - EPOCHS_BEFORE, now + EPOCHS_AFTER + 1)
        }
        seal = self.books.units[unit].keys.seal.public_key()
        return EpochKeys(unit, keys).sealed_body(seal)

    def _status(self, since_n: int, at_s: int) -> Iterable[tuple[str, bytes]]:
        changes = self.books.changes
        if not changes or changes[-1][0] <= since_n:
            return
        latest = {index: now for n, index, now in changes if n > since_n}
        version = changes[-1][0]
        if not since_n:
            bitmap = bytearray(status.BITMAP_BYTES)
            for index, now in latest.items():
                status.put(bitmap, index, now)
            snapshot = Snapshot(0, version, bytes(bitmap), at_s, at_s + 90 * DAY_S)
            yield STATUS_SNAPSHOT, snapshot.sign(ISSUER, BUNDLE_KEY)
            return
        before = max((n for n, _, _ in changes if n <= since_n), default=0)
        places: dict[Status, tuple[int, ...]] = {}
        for index, now in sorted(latest.items()):
            places[now] = (*places.get(now, ()), int(index))
        delta = Delta(0, before, version, at_s, places)
        body = delta.to_body()
        yield str(Kind.STATUS_DELTA), signed.seal(Kind.STATUS_DELTA, ISSUER, body, BUNDLE_KEY)
