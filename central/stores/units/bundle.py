"""What a unit may know: everything that has changed since its cursor, signed for it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from central.foundation.feed import is_of_this_life, newest_change
from central.stores.keys import trust
from central.stores.keys.keyring import Keyring
from central.stores.units.peers import peer_list, version_of
from central.stores.units.receipt_template import template_of
from central.stores.units.steer import policy_of
from central.stores.units.tables import Store, Unit
from central.stores.vouchers.status import blocks, deltas, snapshots
from central.stores.vouchers.tables import Voucher
from central.supply.catalogue import products
from edge.contract import canonical, signed
from edge.contract.bundle import Handles
from edge.contract.correction import CorrectionBook
from edge.contract.ids import StoreGroup, StoreId, UnitId
from edge.contract.keys import CodeAlgorithm, EpochKeys, epoch_key, group_key, key_epoch_at
from edge.contract.lease import LeaseBook
from edge.contract.policy import Policy
from edge.contract.read import Fields
from edge.contract.receipt_template import ReceiptTemplate
from edge.contract.signed import Kind, MessageInvalid
from edge.contract.status_block import BLOCK_PLACES_MAX, StatusBlock
from edge.contract.sync_message import STATUS_SNAPSHOT

ALL_SHARDS = 2**32
STATUS_PLACES_PER_PULL = 2 * BLOCK_PLACES_MAX
"""About a megabyte. A first load goes on with the next pull, also after a restart."""
HANDLES_PER_PULL = 5000
"""Rows of the handle table in one answer, about 200 kB."""
EPOCHS_BEFORE, EPOCHS_AFTER = 1, 2
"""A unit holds the key epochs now-1 to now+2: a stolen one knows nothing after three weeks."""


class Cursor(NamedTuple):
    """How far a unit has everything. Opaque to the unit.

    Args:
        n: Number of the newest change it has.
        handles_n: Number of the newest voucher in its handle table.
        key_epoch: The newest key epoch it was given keys for.
        day: The day on which its trust list was signed.
        shard: It has the status of every shard below this one; ALL_SHARDS once it has all.
    """

    n: int = 0
    handles_n: int = 0
    key_epoch: int = 0
    day: int = 0
    shard: int = 0

    def encode(self) -> bytes:
        """Return the bytes that the unit keeps."""
        return canonical.encode(list(self))

    @classmethod
    def decode(cls, data: bytes) -> Cursor:
        """Read a cursor; anything that is none begins from nothing."""
        if not data:
            return cls()
        try:
            row = Fields(canonical.decode(data, bytes_max=64), "cursor")
            # A cursor of before there were blocks came with every snapshot at once.
            shard = row.uint(4) if row.has(4) else ALL_SHARDS
            return cls(row.uint(0), row.uint(1), row.uint(2), row.uint(3), shard)
        except (canonical.NotCanonical, MessageInvalid):
            return cls()


UnitBook = LeaseBook | CorrectionBook
"""A list that one unit is given, whole, whenever it has changed."""


class News(NamedTuple):
    """What a pull answers."""

    bundles: tuple[tuple[str, bytes], ...]
    cursor: Cursor
    more: bool


def news_for(  # noqa: PLR0913 - three of them are limits
    unit: Unit, since: Cursor, keyring: Keyring, currency: str, at_s: int,
    handles_max: int = HANDLES_PER_PULL, *, books: Collection[tuple[Kind, UnitBook]],
    knows: Collection[str] = (),
    status_places_max: int = STATUS_PLACES_PER_PULL,
) -> News:  # fmt: skip
    """Return the bundles that a unit has not got yet; call it in one transaction.

    Args:
        books: What this unit is told of itself alone; see unit_books.
        knows: Kinds of bundles that not every unit reads, and this one does.
    """
    store = Store.get(Store.id == unit.store_id)
    group = StoreGroup(store.store_group)
    now = newest_change()
    since = as_heard(since)
    # A clock that was ahead and is right again: a unit never takes an older trust list.
    key_epoch, day = key_epoch_at(at_s), max(at_s // trust.REFRESH_S, since.day)
    bundles: list[tuple[str, bytes]] = []

    def add(kind: Kind, body: object) -> None:
        bundles.append((str(kind), signed.seal(kind, keyring.issuer, body, keyring.bundle)))

    if trust.changed_n() > since.n or day != since.day:
        add(Kind.TRUST_LIST, trust.trust_list(keyring, at_s).to_body())
    if key_epoch != since.key_epoch:
        add(Kind.EPOCH_KEYS, _epoch_keys(unit, group, keyring, key_epoch))
    policy, template = policy_of(group, currency, at_s), template_of(group)
    lists: list[tuple[Kind, Policy | ReceiptTemplate | UnitBook]] = [
        (Kind.POLICY, policy), (Kind.RECEIPT_TEMPLATE, template), *books,
    ]  # fmt: skip
    for kind, told in lists:
        if told.version > since.n:
            add(kind, told.to_body())
    if products.changed_n() > since.n or not since.n:
        add(Kind.CATALOGUE, products.catalogue().to_body())
    told_n = version_of(StoreId(store.id))
    if told_n > since.n or not since.n:
        add(Kind.PEERS, peer_list(StoreId(store.id), at_s).to_body())
    shard = ALL_SHARDS
    if Kind.STATUS_BLOCK in knows:
        blocks, shard = _status_blocks(since, group, now, keyring, at_s, status_places_max)
        bundles += blocks
    else:
        bundles += _status(since, group, keyring, at_s)
    handles, handles_n = _handles(group, since.handles_n, now, handles_max)
    for table in handles:
        add(Kind.HANDLES, table.to_body())
    more = handles_n < now or shard < ALL_SHARDS
    return News(tuple(bundles), Cursor(now, handles_n, key_epoch, day, shard), more)


def as_heard(since: Cursor) -> Cursor:
    """Return what a unit has heard of this hub as it is; if that is nothing, it gets all again.

    A hub that was restored from a backup has forgotten some changes, or its operator has said so.
    """
    now = newest_change()
    told = (since.n, since.handles_n)
    is_ours = max(told) <= now and all(is_of_this_life(n, now) for n in told)
    return since if is_ours else Cursor()


def _epoch_keys(unit: Unit, group: StoreGroup, keyring: Keyring, now: int) -> dict[int, object]:
    keys = {
        (scope, epoch): (
            CodeAlgorithm.SHA256,
            epoch_key(group_key(keyring.master, scope), epoch),
        )
        for scope in (StoreGroup(0), group)
        for epoch in range(now - EPOCHS_BEFORE, now + EPOCHS_AFTER + 1)
    }
    seal_key = X25519PublicKey.from_public_bytes(bytes(unit.seal_key))
    return EpochKeys(UnitId(unit.id), keys).sealed_body(seal_key)


def _status(
    since: Cursor, group: StoreGroup, keyring: Keyring, at_s: int
) -> Iterator[tuple[str, bytes]]:
    if not since.n:
        for snapshot in snapshots([0, group], at_s):
            yield STATUS_SNAPSHOT, snapshot.sign(keyring.issuer, keyring.bundle)
        return
    for delta in deltas([0, group], since.n, at_s):
        body = delta.to_body()
        message = signed.seal(Kind.STATUS_DELTA, keyring.issuer, body, keyring.bundle)
        yield str(Kind.STATUS_DELTA), message


def _status_blocks(
    since: Cursor, group: StoreGroup, now: int, keyring: Keyring, at_s: int, places_max: int
) -> tuple[list[tuple[str, bytes]], int]:
    """Return what has changed in the shards that the unit has, then shards that it has not.

    The second value is the first shard that is still missing.
    """
    scopes, found, places = [0, group], list[StatusBlock](), 0
    shard = since.shard if since.n else 0
    if shard:
        found += blocks(scopes, since.n, now, at_s, below=shard)
        places = sum(block.places for block in found)
    if shard < ALL_SHARDS:
        a_block_max = min(places_max, BLOCK_PLACES_MAX)
        missing = blocks(scopes, 0, now, at_s, first_shard=shard, places_max=a_block_max)
        shard = ALL_SHARDS
        for block in missing:
            if places >= places_max:
                shard = block.shards[0]
                break
            found.append(block)
            places += block.places
    kind = Kind.STATUS_BLOCK
    bodies = (signed.seal(kind, keyring.issuer, b.to_body(), keyring.bundle) for b in found)
    return [(str(kind), message) for message in bodies], shard


def _handles(group: StoreGroup, since_n: int, now: int, rows_max: int) -> tuple[list[Handles], int]:
    """Return the vouchers sold since, and up to which change that is: whole batches only."""
    ours = Voucher.scope << [0, group]
    rows = list(
        Voucher.select()
        .where(ours, Voucher.issued_n > since_n)
        .order_by(Voucher.issued_n)
        .limit(rows_max)
    )
    up_to = now
    if len(rows) == rows_max:
        # The batch that the limit has cut in two is taken whole.
        up_to = rows[-1].issued_n
        rows = list(Voucher.select().where(ours, Voucher.issued_n.between(since_n + 1, up_to)))
    tables = [
        Handles(scope, since_n, up_to, tuple(r.claims() for r in rows if r.scope == scope))
        for scope in (StoreGroup(0), group)
    ]
    return [table for table in tables if table.vouchers or not since_n], up_to
