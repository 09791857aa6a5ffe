"""P1 and P3: what a decision costs over what physics and mathematics charge for it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import apsw

from edge.bundles.identity import UnitKeys
from edge.bundles.store import BundleStore
from edge.clock.trusted_time import TrustedClock
from edge.contract import signed, voucher_token
from edge.contract.ids import Epoch, StatusIndex, VoucherId
from edge.contract.signed import Kind
from edge.contract.sync_message import PullAnswer, UnitState
from edge.db import Store
from edge.journal.anchor import AnchorFile
from edge.journal.model import Mark
from edge.journal.store import Journal
from edge.receipt.spool import Spool
from edge.redemption.redeem import Presented, Redeemer
from tests import builders as b
from tests.bench.rounds import Ratio, in_turns

RECORD_BYTES = 4096


class _NoAnchor(AnchorFile):
    """The same without its flush, to see what that costs."""

    def write(self, mark: Mark) -> None:
        """Write nothing."""


def verification(directory: Path) -> Ratio:
    """P3: token verify over the same library's bare Ed25519 verify."""
    del directory
    trust, text = b.a_trust_list(), b.a_token()
    return in_turns(
        lambda: voucher_token.verify_signature(text, trust), _bare_verify(), rounds=40, per_round=40
    )


def decision(directory: Path, *, anchored: bool) -> Ratio:
    """P1: scan to durable decision over a bare verify and one flush of a pre-sized record."""
    rounds, per_round = 40, 40
    texts = _tokens((rounds + 1) * per_round)
    with _redeemer(directory, anchored=anchored) as redeemer, _limit(directory) as limit:
        return in_turns(
            lambda: _redeem_next(redeemer, texts), limit, rounds=rounds, per_round=per_round
        )


class Written(NamedTuple):
    """What one redemption costs the medium, on average."""

    flushes: float
    kib: float


def written(directory: Path) -> Written:
    """P2: flushes and KiB, counted in the layer between SQLite and the operating system."""
    warm, counted = 200, 500
    texts = _tokens(warm + counted)
    counter = CountingVfs()
    with _redeemer(directory, anchored=True, vfs=counter.name) as redeemer:
        for _ in range(warm):
            _redeem_next(redeemer, texts)
        counter.reset()
        for _ in range(counted):
            _redeem_next(redeemer, texts)
        # The anchor is not SQLite's: one flush each.
        return Written(counter.syncs / counted + 1, counter.written / counted / 1024)


class CountingVfs(apsw.VFS):
    """Passes everything on and counts what is written and flushed."""

    def __init__(self) -> None:
        self.name = "counting"
        super().__init__(self.name, base="")
        self.reset()

    def reset(self) -> None:
        """Begin to count anew."""
        self.syncs = self.written = 0

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - apsw's word
        """Open a file that counts."""
        return _CountingFile(self, name, flags)


class _CountingFile(apsw.VFSFile):
    def __init__(self, counter: CountingVfs, name: Any, flags: list[int]) -> None:
        self._counter = counter
        super().__init__("", name, flags)

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802 - apsw's word
        self._counter.written += len(data)
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802 - apsw's word
        self._counter.syncs += 1
        super().xSync(flags)


def _redeem_next(redeemer: Redeemer, texts: Iterator[str]) -> None:
    text = next(texts)
    recorded = redeemer.redeem(Presented(text, text[-40:]))
    assert recorded.entry.accepted, recorded.entry.reason


def _tokens(count: int) -> Iterator[str]:
    made = [
        b.a_token(voucher_id=VoucherId(7_000_000_000_000 + n * 7919), status_index=StatusIndex(n))
        for n in range(count)
    ]
    return iter(made)


def _bare_verify() -> Callable[[], None]:
    key = b.an_issuer_key()
    payload, signature = voucher_token.split(b.a_token())
    message = key.signed_prefix + payload
    return lambda: key.public_key.verify(signature, message)


@contextmanager
def _limit(directory: Path) -> Iterator[Callable[[], None]]:
    """Verify, then overwrite one pre-sized record and flush: what cannot be undercut."""
    verify, record = _bare_verify(), os.urandom(RECORD_BYTES)
    handle = os.open(directory / "record", os.O_RDWR | os.O_CREAT)
    os.pwrite(handle, bytes(RECORD_BYTES), 0)
    os.fsync(handle)

    def limit() -> None:
        verify()
        os.pwrite(handle, record, 0)
        os.fdatasync(handle)

    yield limit
    os.close(handle)


@contextmanager
def _redeemer(directory: Path, *, anchored: bool, vfs: str = "") -> Iterator[Redeemer]:
    keys = UnitKeys(b.a_sign_key("unit"), b.a_seal_key())
    store = Store(directory / "unit.db", vfs=vfs)
    clock = TrustedClock(lambda: float(b.NOW_S), time.monotonic, 0)
    bundles = BundleStore(store, keys)
    bundle_key = b.a_sign_key("bundle")
    enrolment = signed.seal(Kind.ENROLMENT, b.ISSUER, b.an_enrolment().to_body(), bundle_key)
    bundles.enrol(enrolment, bundle_key.public_key().public_bytes_raw())
    generous = b.a_policy(solo=b.a_policy().solo.__class__(10**6, 10**12, 10**6, 72))
    bundles.take(
        PullAnswer(
            b.UNIT, bytes(16), b.NOW_S, UnitState.ACTIVE, None,
            tuple(
                (str(kind), signed.seal(kind, b.ISSUER, body, bundle_key))
                for kind, body in (
                    (Kind.TRUST_LIST, b.a_trust_list().to_body()),
                    (Kind.POLICY, generous.to_body()),
                    (Kind.CATALOGUE, b.a_catalogue().to_body()),
                )
            ),
            b"",
        )
    )  # fmt: skip
    anchor = (AnchorFile if anchored else _NoAnchor)(directory / "anchor", keys.anchor_key())
    journal = Journal(store, anchor, clock, b.UNIT, boot=b"bootboot", first_epoch=Epoch(1))
    yield Redeemer(journal, bundles, Spool(store, b"bootboot"), clock)
    journal.close()
    store.close()
