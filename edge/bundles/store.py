"""Keeps what the hub sent, exactly as it was signed, and serves it from memory.

A message is believed if a bundle key of the trust list signed it, for this issuer and this
purpose, and if its version is not lower than the one held: an older one is never taken back.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge.bundles.identity import UnitKeys
from edge.bundles.shards import Held, ShardDamaged, ShardFiles, Shards
from edge.contract import canonical, cose, signed, status
from edge.contract.bundle import Catalogue, Handles, PeerList
from edge.contract.correction import Correction, CorrectionBook
from edge.contract.enrolment import Enrolment
from edge.contract.ids import KeyId, ProductId, StatusIndex, StoreGroup, VoucherId
from edge.contract.keys import EpochKeys, TrustList
from edge.contract.lease import LeaseBook
from edge.contract.policy import Policy
from edge.contract.receipt_template import ReceiptTemplate
from edge.contract.signed import Kind, MessageInvalid
from edge.contract.status import Delta, Snapshot, Status
from edge.contract.status_block import StatusBlock
from edge.contract.sync_message import STATUS_SNAPSHOT, PullAnswer, UnitState
from edge.contract.voucher_token import VoucherClaims, VoucherKind
from edge.db import FREE_SPACE, TRY_AGAIN, Store
from edge.errors import N_, DiskFull, JournalBroken, StoreUnavailable

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HubWord:
    """Everything the hub has told this unit, at one moment. Replaced as a whole by a pull.

    Args:
        pulled_at_s: The hub's time at the newest pull; None before the first is complete.
        shards: Version and bitmap of each status shard in which anything is not valid.
        status_n: The version up to which blocks have brought the shards.
    """

    enrolment: Enrolment
    trust: TrustList | None = None
    epoch_keys: EpochKeys | None = None
    policy: Policy | None = None
    leases: LeaseBook | None = None
    corrections: CorrectionBook | None = None
    catalogue: Catalogue = field(default_factory=lambda: Catalogue(0, {}))
    template: ReceiptTemplate = field(
        default_factory=lambda: ReceiptTemplate(0, ("zh-CN", "en"), {}, {})
    )
    shards: Shards = field(default_factory=Shards)
    status_n: int = 0
    peers: PeerList | None = None
    pulled_at_s: int | None = None
    cursor: bytes = b""
    state: UnitState = UnitState.ACTIVE

    def status_of(self, index: StatusIndex) -> tuple[Status | None, int]:
        """Return status and the version of its shard.

        A shard nobody sent is all valid; of one whose file is damaged nothing is known.
        """
        try:
            version, bitmap = self.shards[index >> status.SHARD_BITS]
        except KeyError:
            return Status.VALID, 0
        except ShardDamaged:
            return None, 0
        return status.get(bitmap, index), version

    def bundle_keys(self) -> list[Ed25519PublicKey]:
        """Return the keys whose word is the hub's."""
        raw = self.trust.bundle_keys if self.trust else (self.enrolment.bundle_key,)
        return [Ed25519PublicKey.from_public_bytes(key) for key in raw]


class BundleStore:
    """The hub's word in the database. ``word`` may be read from any thread without a lock.

    Raises:
        JournalBroken: what is stored cannot be read, or is for another unit's keys.
    """

    def __init__(self, store: Store, keys: UnitKeys) -> None:
        self._store = store
        self._keys = keys
        self._files = ShardFiles(store.path.with_name("status"))
        self.word: HubWord | None = self._load_believed()
        """None until the unit is enrolled."""

    def given_back(self, voucher_id: VoucherId) -> Sequence[Correction]:
        """Return what headquarters has given back on a voucher, whoever of the store took it."""
        book = self.word.corrections if self.word else None
        return book.of(voucher_id) if book else ()

    def enrol(self, message: bytes, bundle_key: bytes) -> Enrolment:
        """Take a signed enrolment whose key the operator has compared.

        Raises:
            MessageInvalid: it is not signed by that key, or names another unit's key.
        """
        enrolment = read_enrolment(message, bundle_key, self._keys)
        with self._store.transaction():
            for table in ("bundle", "status_shard", "status_file", "handle"):
                self._store.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
            self._store.execute("DELETE FROM note WHERE key IN ('cursor', 'pulled', 'status_n')")
            self._put("enrolment", 0, bundle_key + message)
        self.word = HubWord(enrolment, shards=Shards(self._files))
        return enrolment

    def take(self, answer: PullAnswer) -> list[str]:
        """Take what a pull brought, in one transaction; return the kinds that were new.

        Raises:
            MessageInvalid: one of them cannot be believed. Then none is taken.
        """
        with self._store.lock:  # pulls may overlap: each begins with what the last one has left
            before = self.word
            word, taken = self._take_all(answer)
            self.word = word
            if before is not None:
                self._files.retire(before.shards, word.shards)
        return taken

    def _take_all(self, answer: PullAnswer) -> tuple[HubWord, list[str]]:
        assert self.word is not None, "a unit pulls after it was enrolled"
        word, taken = self.word, list[str]()
        pulled_at_s: int | None
        with self._store.transaction():
            for kind, message in answer.bundles:
                changed = self._take_one(word, kind, message)
                if changed is not None:
                    word = changed
                    taken.append(kind)
            pulled_at_s = max(answer.hub_time_s, word.pulled_at_s or 0)
            if answer.more and word.pulled_at_s is None:
                pulled_at_s = None  # of what has not come yet nobody knows that it is valid
            word = replace(word, pulled_at_s=pulled_at_s, cursor=answer.cursor, state=answer.state)
            if answer.state is UnitState.REVOKED:
                word = self._wipe(word)
            self._flush_shards()
            pulled = [word.pulled_at_s, str(word.state)]
            self._note("cursor", word.cursor)
            self._note("pulled", canonical.encode(pulled))
        return word, taken

    def take_leases(self, message: bytes) -> LeaseBook:
        """Take what the hub has answered when this unit asked for a lease.

        Raises:
            MessageInvalid: it cannot be believed, or is another unit's.
        """
        with self._store.lock:
            assert self.word is not None, "a unit asks after it was enrolled"
            with self._store.transaction():
                changed = self._take_one(self.word, str(Kind.LEASE), message)
            self.word = changed or self.word
            return self.word.leases or LeaseBook(0, self.word.enrolment.unit)

    def _wipe(self, word: HubWord) -> HubWord:
        """Destroy what a stopped unit must not know any more; its journal still goes up.

        A revocation is for good. Whoever enrols the machine anew gets everything anew.
        """
        if word.epoch_keys is not None:
            log.warning("headquarters has revoked this unit: its keys are destroyed")
        self._store.execute("PRAGMA secure_delete = on")  # overwritten, not only unlinked
        self._store.execute("DELETE FROM bundle WHERE kind = ?", (str(Kind.EPOCH_KEYS),))
        self._store.execute("DELETE FROM handle")
        return replace(word, epoch_keys=None)

    def forget_cursor(self) -> None:
        """Let the next pull begin from nothing, because something was missed."""
        with self._store.lock:
            assert self.word is not None, "a unit pulls after it was enrolled"
            with self._store.transaction():
                self._note("cursor", b"")
            self.word = replace(self.word, cursor=b"")

    def handles(self, indices: Iterable[StatusIndex]) -> list[VoucherClaims]:
        """Return the vouchers that these status indices stand for in the handle table."""
        found = []
        with self._store.reading():
            for index in indices:
                found += self._store.rows(
                    "SELECT voucher_id, product, value, scope, not_before_day, expires_day,"
                    " status_index, kind, dynamic_required, online_only"
                    " FROM handle WHERE status_index = ?",
                    (index,),
                )
        return [
            VoucherClaims(
                KeyId(0), VoucherId(v), ProductId(p), value, StoreGroup(g), start, end,
                StatusIndex(i), VoucherKind(k), bool(dynamic), bool(online),
            )
            for v, p, value, g, start, end, i, k, dynamic, online in found
        ]  # fmt: skip

    # --- one message -----------------------------------------------------------------------------

    def _take_one(self, word: HubWord, kind: str, message: bytes) -> HubWord | None:
        """Return the word with this message in it; None if it is old or of no use to us."""
        if kind == STATUS_SNAPSHOT:
            issuer = word.enrolment.issuer
            return self._take_snapshot(
                word, status.open_snapshot(message, issuer, word.bundle_keys())
            )
        if kind not in set(Kind):
            return None  # a later hub knows kinds that this unit does not
        known = Kind(kind)
        body = signed.unseal(known, word.enrolment.issuer, message, word.bundle_keys())
        takers: dict[Kind, Callable[[], HubWord | None]] = {
            Kind.STATUS_DELTA: lambda: self._take_delta(word, Delta.from_body(body)),
            Kind.STATUS_BLOCK: lambda: self._take_block(word, StatusBlock.from_body(body)),
            Kind.HANDLES: lambda: self._take_handles(word, Handles.from_body(body)),
            Kind.EPOCH_KEYS: lambda: self._take_epoch_keys(word, body, message),
        }
        take = takers.get(known)
        return take() if take else self._take_versioned(word, known, body, message)

    def _take_versioned(
        self, word: HubWord, kind: Kind, body: Any, message: bytes
    ) -> HubWord | None:
        if kind not in _READERS:
            return None
        name, reader = _READERS[kind]
        value, held = reader.from_body(body), getattr(word, name)
        is_book = isinstance(value, LeaseBook | CorrectionBook)
        if is_book and value.unit != word.enrolment.unit:
            raise MessageInvalid("foreign-message", f"the {kind} is another unit's")
        if held is not None and value.version < held.version:
            # A hub restored from a backup; the rest of what it says must not wait for it.
            log.warning("the %s is older than the one held and was not taken", kind)
            return None
        self._put(kind, value.version, message)
        changes: dict[str, Any] = {name: value}
        return replace(word, **changes)

    def _take_epoch_keys(self, word: HubWord, body: Any, message: bytes) -> HubWord | None:
        epoch_keys = EpochKeys.from_sealed_body(body, word.enrolment.unit, self._keys.seal)
        newest = max(epoch_keys.epochs(), default=0)
        if word.epoch_keys and newest < max(word.epoch_keys.epochs(), default=0):
            return None
        self._put(Kind.EPOCH_KEYS, newest, message)
        return replace(word, epoch_keys=epoch_keys)

    def _take_snapshot(self, word: HubWord, snapshot: Snapshot) -> HubWord | None:
        held = word.shards.held.get(snapshot.shard)
        if held is not None and snapshot.version < held.version:
            return None  # the shard has moved on by deltas
        return self._put_shards(word, snapshot.version, {snapshot.shard: snapshot.bitmap})

    def _take_delta(self, word: HubWord, delta: Delta) -> HubWord | None:
        held = word.shards.held.get(delta.shard)
        version = held.version if held else 0
        if delta.to_version <= version:
            return None
        if delta.from_version != version:
            raise MessageInvalid("status-gap", f"shard {delta.shard} is at another version")
        changed = self._bitmap(word, delta.shard)
        delta.apply(changed)
        return self._put_shards(word, delta.to_version, {delta.shard: changed})

    def _take_block(self, word: HubWord, block: StatusBlock) -> HubWord | None:
        if block.from_version and block.to_version <= word.status_n:
            return None
        if block.from_version > word.status_n:
            raise MessageInvalid("status-gap", "a block of changes is missing")
        begins = not block.from_version
        bitmaps = {
            shard: bytearray(status.BITMAP_BYTES) if begins else self._bitmap(word, shard)
            for shard in block.shards
        }
        try:
            block.apply(bitmaps)
        except ValueError as exc:
            raise MessageInvalid("malformed-message", "the status block is no code") from exc
        held = word.shards.held
        # Nothing is written of shards in which nothing is, or was, other than valid.
        bitmaps = {n: bitmap for n, bitmap in bitmaps.items() if n in held or any(bitmap)}
        status_n = max(block.to_version, word.status_n)
        self._note("status_n", status_n.to_bytes(8, "big"))
        return replace(self._put_shards(word, block.to_version, bitmaps), status_n=status_n)

    def _bitmap(self, word: HubWord, shard: int) -> bytearray:
        """Return a bitmap to be changed.

        Raises:
            MessageInvalid: ``status-gap``, if the one that is held is damaged: fetch it anew.
        """
        try:
            return bytearray(word.shards[shard][1])
        except KeyError:
            return bytearray(status.BITMAP_BYTES)
        except ShardDamaged as exc:
            raise MessageInvalid("status-gap", str(exc)) from exc

    def _put_shards(
        self, word: HubWord, version: int, bitmaps: Mapping[int, bytes | bytearray]
    ) -> HubWord:
        changed: dict[int, Held] = {}
        for shard, bitmap in bitmaps.items():
            with _medium():
                changed[shard] = held = self._files.write(shard, version, bitmap)
            self._store.execute("INSERT OR REPLACE INTO status_file VALUES (?, ?, ?)",
                                (shard, held.version, held.digest))  # fmt: skip
        return replace(word, shards=word.shards.with_(changed))

    def _flush_shards(self) -> None:
        with _medium():
            self._files.flush()

    def _take_handles(self, word: HubWord, handles: Handles) -> HubWord:
        if handles.from_version == 0:
            self._store.execute("DELETE FROM handle WHERE scope = ?", (handles.group,))
        for c in handles.vouchers:
            self._store.execute(
                "INSERT OR REPLACE INTO handle VALUES (?,?,?,?,?,?,?,?,?,?)",
                (c.status_index, c.voucher_id, c.product, c.value, c.scope, c.not_before_day,
                 c.expires_day, int(c.kind), c.dynamic_required, c.online_only),
            )  # fmt: skip
        return word

    # --- the database ----------------------------------------------------------------------------

    def _load_believed(self) -> HubWord | None:
        try:
            return self._load()
        except (ValueError, KeyError, TypeError) as exc:
            # It was verified when it came: the file is damaged, or the keys are others now.
            raise JournalBroken(
                N_("What the hub has told this unit cannot be read; set it aside and enrol again."),
                command="tearoff-unit enrol --hub URL --code CODE --replace-journal",
            ) from exc

    def _load(self) -> HubWord | None:
        with self._store.reading():
            messages = dict(self._store.rows("SELECT kind, message FROM bundle"))
            self._move_old_shards()
            shards = self._store.rows("SELECT shard, version, digest FROM status_file")
            notes = dict(
                self._store.rows(
                    "SELECT key, value FROM note WHERE key IN ('cursor', 'pulled', 'status_n')"
                )
            )
        stored = messages.pop("enrolment", None)
        if stored is None:
            return None
        word = HubWord(
            read_enrolment(stored[32:], stored[:32], self._keys),
            shards=Shards(self._files, {n: Held(version, bytes(d)) for n, version, d in shards}),
            status_n=int.from_bytes(notes.get("status_n", b""), "big"),
            cursor=notes.get("cursor", b""),
        )
        self._files.sweep(word.shards)
        if "pulled" in notes:
            pulled_at_s, state = canonical.decode(notes["pulled"])
            word = replace(word, pulled_at_s=pulled_at_s, state=UnitState(state))
        return self._with_messages(word, messages)

    def _move_old_shards(self) -> None:
        """Make files of what an earlier version of this software has kept in the database."""
        rows = self._store.rows("SELECT shard, version, bitmap FROM status_shard")
        if not rows:
            return
        with self._store.transaction(), _medium():
            for shard, version, bitmap in rows:
                held = self._files.write(shard, version, bitmap)
                self._store.execute("INSERT OR REPLACE INTO status_file VALUES (?, ?, ?)",
                                    (shard, held.version, held.digest))  # fmt: skip
            self._files.flush()
            self._store.execute("DELETE FROM status_shard")

    def _with_messages(self, word: HubWord, messages: Mapping[str, bytes]) -> HubWord:
        """Read the stored messages. They were verified when they came; the file is ours."""
        for kind, message in messages.items():
            body = canonical.decode(
                cose.open_sign1(message, bytes_max=signed.MESSAGE_BYTES_MAX).payload,
                bytes_max=signed.MESSAGE_BYTES_MAX,
            )
            if kind == Kind.EPOCH_KEYS:
                unit = word.enrolment.unit
                word = replace(
                    word, epoch_keys=EpochKeys.from_sealed_body(body, unit, self._keys.seal)
                )
            else:
                name, reader = _READERS[Kind(kind)]
                changes: dict[str, Any] = {name: reader.from_body(body)}
                word = replace(word, **changes)
        return word

    def _put(self, kind: str, version: int, message: bytes) -> None:
        self._store.execute(
            "INSERT OR REPLACE INTO bundle VALUES (?, ?, ?)", (kind, version, message)
        )

    def _note(self, key: str, value: bytes) -> None:
        self._store.execute("INSERT OR REPLACE INTO note VALUES (?, ?)", (key, value))


@contextmanager
def _medium() -> Iterator[None]:
    """Turn what the file system says into our own errors; nothing is committed then."""
    try:
        yield
    except OSError as exc:
        full = exc.errno in {errno.ENOSPC, errno.EDQUOT}
        raise (
            DiskFull(FREE_SPACE) if full else StoreUnavailable(TRY_AGAIN, cause="OSError")
        ) from exc


def read_enrolment(message: bytes, bundle_key: bytes, keys: UnitKeys) -> Enrolment:
    """Return what an enrolment says, by the key that the operator has compared.

    Raises:
        MessageInvalid: it is not signed by that key, or names another unit's key.
    """
    issuer = _issuer_of(message)
    key = Ed25519PublicKey.from_public_bytes(bundle_key)
    enrolment = Enrolment.from_body(signed.unseal(Kind.ENROLMENT, issuer, message, [key]))
    if enrolment.sign_key != keys.sign_public or enrolment.bundle_key != bundle_key:
        raise MessageInvalid("foreign-message", "the enrolment is another unit's")
    return enrolment


_READERS: dict[Kind, tuple[str, Any]] = {
    Kind.TRUST_LIST: ("trust", TrustList),
    Kind.POLICY: ("policy", Policy),
    Kind.CATALOGUE: ("catalogue", Catalogue),
    Kind.RECEIPT_TEMPLATE: ("template", ReceiptTemplate),
    Kind.PEERS: ("peers", PeerList),
    Kind.LEASE: ("leases", LeaseBook),
    Kind.CORRECTIONS: ("corrections", CorrectionBook),
}


def _issuer_of(message: bytes) -> str:
    """Return the issuer that an enrolment names; the signature is checked with it afterwards."""
    try:
        body = canonical.decode(cose.open_sign1(message).payload)
    except ValueError as exc:
        raise MessageInvalid("malformed-message", "not an enrolment") from exc
    return Enrolment.from_body(body).issuer
