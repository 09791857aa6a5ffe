"""From a scanned text to a voucher, and to what its rotating code is worth.

A token brings its claims and a signature. A short code brings a handle, which leads through this
week's handle key to a row of the handle table; that row is the hub's signed word.
"""

from __future__ import annotations

from typing import NamedTuple

from edge.bundles.store import BundleStore, HubWord
from edge.clock.customers import SEARCH_S
from edge.clock.model import Source, TrustedTime
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

SEARCHED_STEPS = SEARCH_S // STEP_S + 2
"""How far either side a code is looked for that may tell what is wrong with our clock."""


class Identified(NamedTuple):
    """A genuine voucher. Whether it may be used is another question.

    Args:
        code_step: Set if the code counts.
        seen_step: The step whose code a signed voucher showed, whether it counts or not: what the
            customer's phone believes about the time.
    """

    claims: VoucherClaims
    code: CodeState
    code_step: int | None
    seen_step: int | None = None


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
    if step is not None or state is not CodeState.UNTIMED:
        return Identified(claims, state, step, step)
    return Identified(claims, state, None, _far_step(claims, scan.code, word, now))


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
    """Say what a rotating code is worth, and which time step it belongs to if it matches.

    A code that does not match although our clock is sure of itself is wrong; but if only a system
    clock stands behind it, and the code is that of a moment nearby, the clock may be the reason.
    """
    drift = drift_steps(now.uncertainty_s)
    if not _keys_near(claims, word, now, drift or 0):
        return CodeState.UNVERIFIABLE, None
    if drift is None:
        return CodeState.UNTIMED, None
    step = _step_of(claims, code, word, now, drift)
    if step is not None:
        return CodeState.MATCHES, step
    if now.source.rank >= Source.SYSTEM.rank and _far_step(claims, code, word, now) is not None:
        return CodeState.UNTIMED, None
    return CodeState.WRONG, None


def _far_step(claims: VoucherClaims, code: str, word: HubWord, now: TrustedTime) -> int | None:
    return _step_of(claims, code, word, now, SEARCHED_STEPS)


_STEPS_PER_EPOCH = KEY_EPOCH_S // STEP_S


def _keys_near(
    claims: VoucherClaims, word: HubWord, now: TrustedTime, drift: int
) -> list[tuple[int, tuple[CodeAlgorithm, bytes]]]:
    """Return the keys of the epochs that a window reaches into, as far as this unit has them."""
    near = step_at(now.at_s)
    epochs = {max(0, near + d) // _STEPS_PER_EPOCH for d in (-drift, drift)}
    if word.epoch_keys is None:
        return []
    return [(e, k) for e in sorted(epochs) if (k := word.epoch_keys.of(claims.scope, e))]


def _step_of(
    claims: VoucherClaims, code: str, word: HubWord, now: TrustedTime, drift: int
) -> int | None:
    for epoch, (algorithm, key) in _keys_near(claims, word, now, drift):
        seed = voucher_seed(key, claims.voucher_id, algorithm)
        step = matching_step(seed, code, now.at_s, drift, algorithm=algorithm)
        # A step belongs to one epoch and so to one seed.
        if step is not None and step // _STEPS_PER_EPOCH == epoch:
            return step
    return None
