"""Codes that rotate every 30 seconds (RFC 6238), in a QR and as 18 digits to type.

::

    dynamic QR    the 218 digits of the token, then 8 digits
    short code    8 | handle 10 | Damm digit 1 | code 6

A short code carries no signature: what it stands for comes from the store group's handle table.
The leading 8 and 9 stay clear of WeChat Pay (10-15) and Alipay (25-30), so an existing POS can
route by the first digits.
"""

from __future__ import annotations

import hashlib
from base64 import b32encode

import pyotp

from edge.contract.handle import damm_digit, handle_of
from edge.contract.ids import StatusIndex, VoucherId
from edge.contract.keys import CodeAlgorithm, handle_key, voucher_seed

STEP_S = 30
"""Seconds that one code lasts."""
QR_CODE_DIGITS = 8
SHORT_CODE_DIGITS = 6
SHORT_TEXT_DIGITS = 18
SHORT_PREFIX = "8"

WINDOW_STEPS_MAX = 5
"""The widest window in all: a code is looked for at most two steps either side of now."""

_DIGESTS = {CodeAlgorithm.SHA1: hashlib.sha1, CodeAlgorithm.SHA256: hashlib.sha256}


def step_at(at_s: int) -> int:
    """Return the time step that a moment (Unix seconds) lies in."""
    return at_s // STEP_S


def code_at_step(seed: bytes, step: int, digits: int, algorithm: CodeAlgorithm) -> str:
    """Return the code of one step, zero-padded (RFC 6238 §4.2)."""
    hotp = pyotp.HOTP(b32encode(seed).decode(), digits=digits, digest=_DIGESTS[algorithm])
    return hotp.generate_otp(step)


def drift_steps(uncertainty_s: int) -> int | None:
    """Return how many steps either side of now to look, or None if the clock is too uncertain.

    One step for the customer's clock, and what this unit's own uncertainty adds. Beyond
    WINDOW_STEPS_MAX in all, a guess would have too many chances and the check is unavailable.
    """
    steps = 1 + -(-uncertainty_s // STEP_S)
    return steps if 2 * steps + 1 <= WINDOW_STEPS_MAX else None


def matching_step(
    seed: bytes, code: str, now_s: int, drift: int = 1, *, algorithm: CodeAlgorithm
) -> int | None:
    """Return the time step whose code this is, or None.

    The caller must refuse a step it has already seen for this voucher: RFC 6238 §5.2 forbids
    accepting one password twice, and only the journal knows.

    Args:
        seed: The voucher's secret in the epoch of the steps looked at.
        code: Exactly 6 or 8 ASCII digits; anything else gives None, never an error.
        now_s: Unix time, seconds, UTC. Pass the unit's corrected clock.
        drift: Steps of 30 s looked at on either side; 1 means 90 s in all.

    Source: RFC 6238 §4.2, §5.2; vectors tests/contract/vectors/v1/dynamic_code.json.
    """
    if len(code) not in (SHORT_CODE_DIGITS, QR_CODE_DIGITS) or not _ascii_digits(code):
        return None
    now = step_at(now_s)
    # Nearest first, the older of two equally near ones first: its code was shown longer.
    for step in sorted(range(now - drift, now + drift + 1), key=lambda s: (abs(s - now), s)):
        if step >= 0 and code_at_step(seed, step, len(code), algorithm) == code:
            return step
    return None


def dynamic_text(token_text: str, seed: bytes, now_s: int, algorithm: CodeAlgorithm) -> str:
    """Return what the holder's QR shows at a moment: the token and its 8-digit code."""
    return token_text + code_at_step(seed, step_at(now_s), QR_CODE_DIGITS, algorithm)


def short_text(
    index: StatusIndex,
    voucher_id: VoucherId,
    epoch_key: bytes,
    now_s: int,
    algorithm: CodeAlgorithm,
) -> str:
    """Return the 18 digits of a voucher at a moment.

    Args:
        index: The voucher's status index.
        epoch_key: The key of the epoch that ``now_s`` lies in.
    """
    static = SHORT_PREFIX + handle_of(index, handle_key(epoch_key))
    seed = voucher_seed(epoch_key, voucher_id, algorithm)
    code = code_at_step(seed, step_at(now_s), SHORT_CODE_DIGITS, algorithm)
    return static + damm_digit(static) + code


def _ascii_digits(text: str) -> bool:
    return text.isascii() and text.isdecimal()
