"""Mode 2: a sale that this unit may not accept alone, verified by the customer's own phone.

The unit shows a link, the phone fetches the hub's grant for that sale, and the unit scans it. What
was asked for is remembered in memory only: after a restart the customer verifies once more.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from typing import NamedTuple, Protocol

from edge.bundles.store import HubWord
from edge.clock.trusted_time import TrustedClock
from edge.contract.grant import Grant, GrantRequest, digest_of
from edge.contract.ids import VoucherId
from edge.contract.policy import Mode, Policy
from edge.contract.refusal import Refusal
from edge.contract.signed import MessageInvalid
from edge.redemption.ports import Assurance, Claim

ASKED_MAX = 200
"""Sales that are remembered; the oldest is forgotten."""
ASKED_S = 900
"""How long a sale is remembered; a grant lives three minutes."""


class Sale(Protocol):
    """The scan that a grant is to complete."""

    def request(self) -> bytes:
        """Return the 16 bytes that its entry will bear."""


class Asked(NamedTuple):
    """A sale that waits for its grant.

    Args:
        asked_at_steady_s: When the link was made, by the steady counter.
    """

    sale: Sale
    voucher_id: VoucherId
    amount: int
    asked_at_steady_s: float


class Opened(NamedTuple):
    """What a scanned grant is worth: a sale that may go on, or a reason why none does."""

    asked: Asked | None
    reason: Refusal | None


def misfit(grant: Grant, word: HubWord, asked: Asked | None) -> Refusal | None:
    """Say why a genuine grant is not for what was asked here, None if it is. Pure."""
    who = word.enrolment
    if grant.store != who.store:
        return Refusal.GRANT_OTHER_STORE
    if grant.unit != who.unit:
        return Refusal.GRANT_OTHER_UNIT
    if asked is None or asked.voucher_id != grant.voucher_id:
        return Refusal.GRANT_OTHER_SALE
    return Refusal.GRANT_OTHER_AMOUNT if asked.amount != grant.amount else None


class PhoneDesk:
    """Remembers what was asked for, and opens what the phones bring. Implements
    ``ports.Guarantor``; safe to call from many threads.

    Args:
        page_url: Address of the holder's page as phones reach it.
        token_hex: Draws so many bytes, for the name of a sale.
    """

    modes = frozenset({Mode.GRANT})

    def __init__(
        self, page_url: str, clock: TrustedClock,
        token_hex: Callable[[int], str] = secrets.token_hex,
    ) -> None:  # fmt: skip
        self._page_url = page_url
        self._token_hex = token_hex
        self._clock = clock
        self._lock = threading.Lock()
        self._asked: dict[bytes, Asked] = {}
        self._granted: dict[bytes, tuple[Grant, bytes]] = {}

    def new_key(self) -> str:
        """Return the key of a sale that a phone verifies: nobody can have it before."""
        return self._token_hex(16)

    def ask(self, sale: Sale, voucher_id: VoucherId, amount: int, word: HubWord) -> str:
        """Return the link to be shown for a sale, which is remembered."""
        nonce = sale.request()
        now_s = self._clock.steady_s()
        with self._lock:
            for old, asked in list(self._asked.items()):
                if now_s - asked.asked_at_steady_s > ASKED_S or len(self._asked) >= ASKED_MAX:
                    self._forget(old)
            self._asked[nonce] = Asked(sale, voucher_id, amount, now_s)
        who = word.enrolment
        return GrantRequest(who.store, who.unit, nonce, voucher_id, amount).link(self._page_url)

    def open(self, text: str, word: HubWord) -> Opened:
        """Say which sale a grant completes, or why it completes none.

        A grant of ours brings the hub's time: it was written after we had asked, and before now.
        """
        try:
            grant = Grant.open(text.strip(), word.enrolment.issuer, word.bundle_keys())
        except MessageInvalid:
            return Opened(None, Refusal.GRANT_INVALID)
        with self._lock:
            asked = self._asked.get(grant.nonce)
        reason = misfit(grant, word, asked)
        if reason or asked is None:
            return Opened(None, reason)
        # Nobody can have had it before its nonce was made, so it is no older than our question.
        self._clock.learn_from_hub(grant.hub_time_s, asked.asked_at_steady_s)
        if self._clock.now().latest_s > grant.expires_at_s:
            return Opened(None, Refusal.GRANT_EXPIRED)
        with self._lock:
            self._granted[grant.nonce] = (grant, digest_of(text.strip()))
        return Opened(asked, None)

    def assure(self, claim: Claim, policy: Policy) -> Assurance | None:
        """Return the hub's word that a phone has brought for this request, None if none has."""
        del policy
        with self._lock:
            found = self._granted.get(claim.request)
        if found is None:
            return None
        grant, evidence = found
        if (grant.voucher_id, grant.amount) != (claim.claims.voucher_id, claim.amount):
            return Assurance(Mode.GRANT, Refusal.GRANT_OTHER_AMOUNT)
        return Assurance(Mode.GRANT, None, grant.remaining, evidence)

    def _forget(self, nonce: bytes) -> None:
        self._asked.pop(nonce, None)
        self._granted.pop(nonce, None)
