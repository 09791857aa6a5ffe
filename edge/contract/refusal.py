"""The closed list of reasons a scan is refused, and the way out that each one has.

The values are stable for ever: they stand in signed journals, in the local API and in the hub's
records. The sentences for people stand in the translations, keyed by these values.
"""

from __future__ import annotations

from enum import StrEnum


class Refusal(StrEnum):
    """Why a scan was not accepted."""

    # What was scanned is not a voucher of ours.
    NOT_A_TOKEN = "not-a-token"  # noqa: S105 - no password
    MISTYPED = "mistyped"
    UNKNOWN_KEY = "unknown-key"
    BAD_SIGNATURE = "bad-signature"
    FOREIGN_ISSUER = "foreign-issuer"
    UNKNOWN_HANDLE = "unknown-handle"
    UNKNOWN_VOUCHER = "unknown-voucher"
    # It is ours, but not here, not now, or not any more.
    WRONG_STORE = "wrong-store"
    NOT_YET_VALID = "not-yet-valid"
    EXPIRED = "expired"
    CLOCK_UNCERTAIN = "clock-uncertain"
    REVOKED = "revoked"
    SUSPENDED = "suspended"
    ALREADY_REDEEMED = "already-redeemed"
    REDEEMED_ELSEWHERE = "redeemed-elsewhere"
    # The amount does not fit.
    AMOUNT_MISSING = "amount-missing"
    AMOUNT_MISMATCH = "amount-mismatch"
    WRONG_CURRENCY = "wrong-currency"
    INSUFFICIENT_VALUE = "insufficient-value"
    # The rotating code does not fit.
    CODE_REQUIRED = "code-required"
    CODE_WRONG = "code-wrong"
    CODE_REPLAYED = "code-replayed"
    CODE_UNVERIFIABLE = "code-unverifiable"
    LOCKED_OUT = "locked-out"
    # Nothing is wrong with the voucher; the policy does not let this unit risk it alone.
    ONLINE_REQUIRED = "online-required"
    OVER_FLOOR_LIMIT = "over-floor-limit"
    OFFLINE_COUNT = "offline-count"
    OFFLINE_SUM = "offline-sum"
    OFFLINE_TOO_LONG = "offline-too-long"
    VELOCITY = "velocity"
    # What the customer's phone shows is not the hub's word for this sale.
    GRANT_INVALID = "grant-invalid"
    GRANT_EXPIRED = "grant-expired"
    GRANT_USED = "grant-used"
    GRANT_OTHER_STORE = "grant-other-store"
    GRANT_OTHER_UNIT = "grant-other-unit"
    GRANT_OTHER_SALE = "grant-other-sale"
    GRANT_OTHER_AMOUNT = "grant-other-amount"
    VALUE_LENT = "value-lent"
    # This unit does not know enough yet.
    POLICY_MISSING = "policy-missing"
    STATUS_MISSING = "status-missing"


class WayOut(StrEnum):
    """What the person at the till can do next."""

    NONE = "none"
    """Nothing here: the voucher cannot be used."""
    SCAN_AGAIN = "scan-again"
    FRESH_CODE = "fresh-code"
    """Let the customer show the code that the phone displays now."""
    ENTER_AMOUNT = "enter-amount"
    OTHER_STORE = "other-store"
    WAIT = "wait"
    """Later: the validity has not begun, or a lock-out ends."""
    NETWORK = "network"
    """The hub can decide: get this unit online."""
    VERIFY_AGAIN = "verify-again"
    """Scan the voucher again, and let the customer verify this sale by phone."""
    ASK_HEADQUARTERS = "ask-headquarters"


WAY_OUT: dict[Refusal, WayOut] = {
    Refusal.NOT_A_TOKEN: WayOut.SCAN_AGAIN,
    Refusal.MISTYPED: WayOut.SCAN_AGAIN,
    Refusal.UNKNOWN_KEY: WayOut.NETWORK,
    Refusal.BAD_SIGNATURE: WayOut.NONE,
    Refusal.FOREIGN_ISSUER: WayOut.NONE,
    Refusal.UNKNOWN_HANDLE: WayOut.NETWORK,
    Refusal.UNKNOWN_VOUCHER: WayOut.ASK_HEADQUARTERS,
    Refusal.WRONG_STORE: WayOut.OTHER_STORE,
    Refusal.NOT_YET_VALID: WayOut.WAIT,
    Refusal.EXPIRED: WayOut.ASK_HEADQUARTERS,
    Refusal.CLOCK_UNCERTAIN: WayOut.NETWORK,
    Refusal.REVOKED: WayOut.ASK_HEADQUARTERS,
    Refusal.SUSPENDED: WayOut.ASK_HEADQUARTERS,
    Refusal.ALREADY_REDEEMED: WayOut.NONE,
    Refusal.REDEEMED_ELSEWHERE: WayOut.NONE,
    Refusal.AMOUNT_MISSING: WayOut.ENTER_AMOUNT,
    Refusal.AMOUNT_MISMATCH: WayOut.ENTER_AMOUNT,
    Refusal.WRONG_CURRENCY: WayOut.ENTER_AMOUNT,
    Refusal.INSUFFICIENT_VALUE: WayOut.ENTER_AMOUNT,
    Refusal.CODE_REQUIRED: WayOut.FRESH_CODE,
    Refusal.CODE_WRONG: WayOut.FRESH_CODE,
    Refusal.CODE_REPLAYED: WayOut.FRESH_CODE,
    Refusal.CODE_UNVERIFIABLE: WayOut.NETWORK,
    Refusal.LOCKED_OUT: WayOut.WAIT,
    Refusal.ONLINE_REQUIRED: WayOut.NETWORK,
    Refusal.OVER_FLOOR_LIMIT: WayOut.NETWORK,
    Refusal.OFFLINE_COUNT: WayOut.NETWORK,
    Refusal.OFFLINE_SUM: WayOut.NETWORK,
    Refusal.OFFLINE_TOO_LONG: WayOut.NETWORK,
    Refusal.VELOCITY: WayOut.NETWORK,
    Refusal.GRANT_INVALID: WayOut.SCAN_AGAIN,
    Refusal.GRANT_EXPIRED: WayOut.VERIFY_AGAIN,
    Refusal.GRANT_USED: WayOut.NONE,
    Refusal.GRANT_OTHER_STORE: WayOut.VERIFY_AGAIN,
    Refusal.GRANT_OTHER_UNIT: WayOut.VERIFY_AGAIN,
    Refusal.GRANT_OTHER_SALE: WayOut.VERIFY_AGAIN,
    Refusal.GRANT_OTHER_AMOUNT: WayOut.VERIFY_AGAIN,
    Refusal.VALUE_LENT: WayOut.ENTER_AMOUNT,
    Refusal.POLICY_MISSING: WayOut.NETWORK,
    Refusal.STATUS_MISSING: WayOut.NETWORK,
}
