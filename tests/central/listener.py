"""What a unit makes of all that the hub tells it: the same steps as a unit's, and no more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from central.foundation.db.engine import reading
from central.stores.unit_books import books_of
from central.stores.units.bundle import (
    HANDLES_PER_PULL,
    STATUS_PLACES_PER_PULL,
    Cursor,
    News,
    news_for,
)
from central.stores.units.tables import Unit
from edge.contract import signed, status
from edge.contract.bundle import Catalogue, Handles, PeerList
from edge.contract.correction import CorrectionBook
from edge.contract.ids import StatusIndex, VoucherId
from edge.contract.keys import EpochKeys, TrustList
from edge.contract.lease import LeaseBook
from edge.contract.policy import Policy
from edge.contract.receipt_template import ReceiptTemplate
from edge.contract.signed import Kind
from edge.contract.status import Delta, Status
from edge.contract.status_block import StatusBlock
from edge.contract.sync_message import STATUS_SNAPSHOT
from tests import builders as b
from tests.central.builders import BUNDLE_KEYS, CURRENCY, KEYRING, Till

_READERS: dict[str, Any] = {
    Kind.TRUST_LIST: TrustList,
    Kind.POLICY: Policy,
    Kind.CATALOGUE: Catalogue,
    Kind.RECEIPT_TEMPLATE: ReceiptTemplate,
    Kind.PEERS: PeerList,
    Kind.LEASE: LeaseBook,
    Kind.CORRECTIONS: CorrectionBook,
}


@dataclass
class Listener:
    """One unit's copy of the hub's word. Every message must open with the hub's bundle key."""

    till: Till
    cursor: bytes = b""
    told: dict[str, Any] = field(default_factory=dict)
    shards: dict[int, tuple[int, bytearray]] = field(default_factory=dict)
    handles: dict[int, dict[StatusIndex, VoucherId]] = field(default_factory=dict)
    knows: tuple[str, ...] = ()
    status_places_max: int = STATUS_PLACES_PER_PULL
    status_n: int = 0

    def pull(self, at_s: int = b.NOW_S, handles_max: int = HANDLES_PER_PULL) -> list[str]:
        """Pull until there is no more; return the kinds of what came, in order."""
        kinds: list[str] = []
        for _ in range(1000):
            news = self.pull_once(at_s, handles_max)
            kinds += [kind for kind, _ in news.bundles]
            if not news.more:
                return kinds
        raise AssertionError("there is always more")

    def pull_once(self, at_s: int = b.NOW_S, handles_max: int = HANDLES_PER_PULL) -> News:
        """Pull once, and take what comes."""
        since = Cursor.decode(self.cursor)
        unit = Unit.get(Unit.id == self.till.unit)
        news = reading(
            lambda: news_for(
                unit, since, KEYRING, CURRENCY, at_s, handles_max,
                books=books_of(self.till.unit), knows=self.knows,
                status_places_max=self.status_places_max,
            )
        )  # fmt: skip
        for kind, message in news.bundles:
            self.take(kind, message)
        self.cursor = news.cursor.encode()
        return news

    def take(self, kind: str, message: bytes) -> None:
        """Verify one message and note what it says."""
        if kind == STATUS_SNAPSHOT:
            snapshot = status.open_snapshot(message, b.ISSUER, BUNDLE_KEYS)
            self.shards[snapshot.shard] = (snapshot.version, bytearray(snapshot.bitmap))
            return
        body = signed.unseal(Kind(kind), b.ISSUER, message, BUNDLE_KEYS)
        if kind == Kind.STATUS_DELTA:
            self._take_delta(Delta.from_body(body))
        elif kind == Kind.STATUS_BLOCK:
            self._take_block(StatusBlock.from_body(body))
        elif kind == Kind.HANDLES:
            self._take_handles(Handles.from_body(body))
        elif kind == Kind.EPOCH_KEYS:
            self.told[kind] = EpochKeys.from_sealed_body(body, self.till.unit, self.till.seal)
        else:
            known, value = self.told.get(kind), _READERS[kind].from_body(body)
            assert known is None or known.version <= value.version, "an older word is never taken"
            self.told[kind] = value

    def status_of(self, index: StatusIndex) -> Status:
        """Look a voucher up as a unit does; a shard nobody told of is all valid."""
        _, bitmap = self.shards.get(status.shard_of(index), (0, b""))
        return status.get(bitmap, index) if bitmap else Status.VALID

    def vouchers(self) -> set[VoucherId]:
        """Return every voucher in the handle table."""
        return {voucher for table in self.handles.values() for voucher in table.values()}

    def _take_delta(self, delta: Delta) -> None:
        version, bitmap = self.shards.get(delta.shard, (0, bytearray(status.BITMAP_BYTES)))
        assert delta.from_version == version, "a change was skipped"
        delta.apply(bitmap)
        self.shards[delta.shard] = (delta.to_version, bitmap)

    def _take_block(self, block: StatusBlock) -> None:
        assert block.from_version <= self.status_n, "a block of changes was skipped"
        empty = not block.from_version
        bitmaps = {
            shard: bytearray(status.BITMAP_BYTES)
            if empty or shard not in self.shards else self.shards[shard][1]
            for shard in block.shards
        }  # fmt: skip
        block.apply(bitmaps)
        self.shards |= {shard: (block.to_version, bitmaps[shard]) for shard in block.shards}
        self.status_n = max(self.status_n, block.to_version)

    def _take_handles(self, table: Handles) -> None:
        if table.from_version == 0:
            self.handles[table.group] = {}
        rows = self.handles[table.group]
        rows.update({claims.status_index: claims.voucher_id for claims in table.vouchers})
