"""From a scanned text to a voucher, and to what its rotating code is worth.

A token brings its claims and a signature. A short code brings a handle, which leads through this
week's handle key to a row of the handle table; that row is the hub's signed word.
"""

from __future__ import annotations

from typing import NamedTuple

from edge.bundles.store import BundleStore, HubWord
from edge.clock.model import TrustedTime
from edge.contract import voucher_token
from edge.contract.dynamic_code import STEP_S, drift_steps, matching_step, step_at
from edge.contract.handle import index_of
from edge.contract.ids import StatusIndex, StoreGroup
from edge.contract.keys import (
    KEY_EPOCH_S,
    CodeAlgorithm,
    handle_key,
    key_epoch_at,
    voucher_seed,
)
from edge.contract.refusal import Refusal
from edge.contract.scan import ShortScan, read_scan
from edge.contract.voucher_token import TokenInvalid, VoucherClaims
from edge.redemption.decide import CodeState


class Identified(NamedTuple):
    """A genuine voucher. Whether it may be used is another question."""

    claims: VoucherClaims
    code: CodeState
    code_step: int | None


def identify(text: str, bundles: BundleStore, word: HubWord, now: TrustedTime) -> Identified:
    """Return the voucher that a text stands for.

    Raises:
        TokenInvalid: it stands for none; ``reason`` says why.
    """
    scan = read_scan(text)
    if isinstance(scan, ShortScan):
        return _by_handle(scan, bundles, word, now)
    if word.trust is None or word.trust.expires_at_s < now.earliest_s:
        raise TokenInvalid(Refusal.UNKNOWN_KEY)
    claims = voucher_token.verify_signature(scan.text, word.trust)
    if scan.code is None:
        return Identified(claims, CodeState.ABSENT, None)
    state, step = check_code(claims, scan.code, word, now)
    return Identified(claims, state, step)


def _by_handle(
    scan: ShortScan, bundles: BundleStore, word: HubWord, now: TrustedTime
) -> Identified:
    """Look the handle up. Near the end of an epoch it may belong to either of two."""
    drift_s = STEP_S * (drift_steps(now.uncertainty_s) or 0)
    first, last = key_epoch_at(max(0, now.at_s - drift_s)), key_epoch_at(now.at_s + drift_s)
    found: list[Identified] = []
    for epoch in range(first, last + 1):
        for group in (word.enrolment.group, StoreGroup(0)):
            held = word.epoch_keys and word.epoch_keys.of(group, epoch)
            index = index_of(scan.handle, handle_key(held[1])) if held else 2**32
            rows = bundles.handles([StatusIndex(index)]) if index < 2**32 else []
            found += [
                Identified(claims, *check_code(claims, scan.code, word, now))
                for claims in rows
                if claims.scope == group
            ]
    if not found:
        raise TokenInvalid(Refusal.UNKNOWN_HANDLE)
    # Handles of two groups or epochs may be equal by chance: then the code says which is meant.
    return next((one for one in found if one.code is CodeState.MATCHES), found[0])


def check_code(
    claims: VoucherClaims, code: str, word: HubWord, now: TrustedTime
) -> tuple[CodeState, int | None]:
    """Say what a rotating code is worth, and which time step it belongs to if it matches."""
    drift = drift_steps(now.uncertainty_s)
    if drift is None or word.epoch_keys is None:
        return CodeState.UNVERIFIABLE, None
    near = step_at(now.at_s)
    steps_per_epoch = KEY_EPOCH_S // STEP_S
    epochs = {max(0, near + d) // steps_per_epoch for d in (-drift, drift)}
    held = [(e, k) for e in sorted(epochs) if (k := word.epoch_keys.of(claims.scope, e))]
    if not held:
        return CodeState.UNVERIFIABLE, None
    for epoch, (algorithm, key) in held:
        step = _match(claims, code, now.at_s, drift, (algorithm, key))
        # A step belongs to one epoch and so to one seed.
        if step is not None and step // steps_per_epoch == epoch:
            return CodeState.MATCHES, step
    return CodeState.WRONG, None


def _match(
    claims: VoucherClaims, code: str, now_s: int, drift: int, key: tuple[CodeAlgorithm, bytes]
) -> int | None:
    algorithm, epoch_key = key
    seed = voucher_seed(epoch_key, claims.voucher_id, algorithm)
    return matching_step(seed, code, now_s, drift, algorithm=algorithm)
