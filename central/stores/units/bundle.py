"""What a unit may know: everything that has changed since its cursor, signed for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from central.foundation.feed import newest_change
from central.stores.keys import trust
from central.stores.keys.keyring import Keyring
from central.stores.units.steer import policy_of, template_of
from central.stores.units.tables import Store, Unit, UnitTail
from central.stores.vouchers.status import deltas, snapshots
from central.stores.vouchers.tables import Voucher
from central.supply.catalogue import products
from edge.contract import canonical, signed
from edge.contract.bundle import Handles
from edge.contract.ids import Epoch, Seq, StoreGroup, UnitId
from edge.contract.keys import CodeAlgorithm, EpochKeys, epoch_key, group_key, key_epoch_at
from edge.contract.read import Fields
from edge.contract.signed import Kind, MessageInvalid
from edge.contract.sync_message import STATUS_SNAPSHOT, Ack

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
    """

    n: int = 0
    handles_n: int = 0
    key_epoch: int = 0
    day: int = 0

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
            return cls(row.uint(0), row.uint(1), row.uint(2), row.uint(3))
        except (canonical.NotCanonical, MessageInvalid):
            return cls()


class News(NamedTuple):
    """What a pull answers."""

    bundles: tuple[tuple[str, bytes], ...]
    cursor: Cursor
    more: bool


def news_for(
    unit: Unit, since: Cursor, keyring: Keyring, currency: str, at_s: int,
    handles_max: int = HANDLES_PER_PULL,
) -> News:  # fmt: skip
    """Return the bundles that a unit has not got yet; call it in one transaction."""
    store = Store.get(Store.id == unit.store_id)
    group = StoreGroup(store.store_group)
    now = newest_change()
    if max(since.n, since.handles_n) > now:
        since = Cursor()  # this hub was restored from a backup: the unit gets everything again
    # A clock that was ahead and is right again: a unit never takes an older trust list.
    key_epoch, day = key_epoch_at(at_s), max(at_s // trust.REFRESH_S, since.day)
    bundles: list[tuple[str, bytes]] = []

    def add(kind: Kind, body: object) -> None:
        bundles.append((str(kind), signed.seal(kind, keyring.issuer, body, keyring.bundle)))

    if trust.changed_n() > since.n or day != since.day:
        add(Kind.TRUST_LIST, trust.trust_list(keyring, at_s).to_body())
    if key_epoch != since.key_epoch:
        add(Kind.EPOCH_KEYS, _epoch_keys(unit, group, keyring, key_epoch))
    policy = policy_of(group, currency, at_s)
    if policy.version > since.n:
        add(Kind.POLICY, policy.to_body())
    if products.changed_n() > since.n or not since.n:
        add(Kind.CATALOGUE, products.catalogue().to_body())
    template = template_of(group)
    if template.version > since.n:
        add(Kind.RECEIPT_TEMPLATE, template.to_body())
    bundles += _status(since, group, keyring, at_s)
    handles, handles_n = _handles(group, since.handles_n, now, handles_max)
    for table in handles:
        add(Kind.HANDLES, table.to_body())
    return News(tuple(bundles), Cursor(now, handles_n, key_epoch, day), more=handles_n < now)


def ack_of(unit: UnitId) -> Ack | None:
    """Return how far the hub has the newest epoch of a unit's journal."""
    tail = UnitTail.select().where(UnitTail.unit_id == unit).order_by(UnitTail.epoch.desc()).first()
    return Ack(Epoch(tail.epoch), Seq(tail.seq), bytes(tail.hash)) if tail else None


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
