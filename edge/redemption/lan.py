"""Modes 4 and 5: the other units of this store stand behind an acceptance, or some of them."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Mapping

from edge.bundles.store import BundleStore
from edge.contract.ids import UnitId, VoucherId
from edge.contract.policy import Mode, Policy
from edge.contract.refusal import Refusal
from edge.contract.voucher_token import VoucherKind
from edge.journal.knowledge import Knowledge
from edge.peers.claim import Attempt, Standing
from edge.peers.node import PeerNode
from edge.peers.shelf import PeerShelf
from edge.redemption.ports import Assurance, Claim

TRIES = 3
"""How often the others are asked while one of them is redeeming the same voucher."""
PAUSE_S = 0.08
"""By then whoever was first has recorded it, unless his disk is slow."""


class Lan:
    """The peers as a guarantor. Implements ``ports.Guarantor`` and ``ports.Neighbours``.

    Args:
        draw_key: Random bytes of this start. Which vouchers the policy sends to the hub is drawn
            with it, one draw a voucher: presenting it again draws nothing new.
    """

    modes = frozenset({Mode.LAN, Mode.DEGRADED})

    def __init__(
        self, node: PeerNode, shelf: PeerShelf, bundles: BundleStore, draw_key: bytes
    ) -> None:
        self._node = node
        self._shelf = shelf
        self._bundles = bundles
        self._draw_key = draw_key
        self._lock = threading.Lock()
        self._attempts: dict[bytes, Attempt] = {}

    def knowledge_of(self, voucher_id: VoucherId) -> Knowledge:
        """Return what all other units together did with a voucher, as far as it is here."""
        if not self._node.had_peers:
            return Knowledge()
        taken = self._still_taken(voucher_id, self._shelf.taken(voucher_id))
        return Knowledge(taken, None, self._shelf.used_steps(voucher_id))

    def hold(self, claim: Claim) -> Refusal | None:
        """Begin a redemption, whatever will stand behind it; say why it must not go on."""
        # Also without any peer yet: the hub may name one while this is under way.
        attempt = self._node.hold(claim.request, claim.claims.voucher_id, claim.amount)
        if attempt is None:
            return _while_busy(claim)
        with self._lock:
            self._attempts[claim.request] = attempt
        if self._node.is_contended(attempt) and self._ask(attempt) is Standing.BUSY:
            return _while_busy(claim)
        return None

    def elsewhere(self, claim: Claim, known: Knowledge) -> Knowledge:
        """Return what the others have taken, with what they have just said of it."""
        attempt = self._attempt(claim)
        if attempt is None:
            return known
        taken = self._node.taken_elsewhere(attempt)
        return known._replace(taken=self._still_taken(attempt.voucher_id, taken))

    def assure(self, claim: Claim, policy: Policy) -> Assurance | None:
        """Return the others' word; None if nobody of them answers."""
        attempt = self._attempt(claim)
        if attempt is None:
            return None
        standing = attempt.standing
        if standing in {None, Standing.NONE}:
            standing = self._ask(attempt)
        mode = Mode.LAN if Mode.LAN in policy.modes else Mode.DEGRADED
        if standing is Standing.BUSY:
            return Assurance(mode, _while_busy(claim))
        if mode is Mode.LAN and self._node.is_exact(attempt, claim.claims.scope):
            return Assurance(Mode.LAN)
        if not attempt.acks:
            return None  # nobody answers; or there is nobody else in this store, but in others
        drawn = draw(self._draw_key, claim.claims.voucher_id)
        if drawn < policy.online_permille:
            return Assurance(Mode.DEGRADED, Refusal.ONLINE_REQUIRED)
        return Assurance(Mode.DEGRADED)

    def end(self, request: bytes, *, nothing_taken: bool) -> None:
        """It is recorded, or will not be. Call it whatever happened."""
        with self._lock:
            attempt = self._attempts.pop(request, None)
        if attempt is not None:
            self._node.end(attempt, nothing_taken=nothing_taken)

    def _still_taken(self, voucher_id: VoucherId, taken: Mapping[UnitId, int]) -> int:
        """Return what others have taken together, less what headquarters has given back."""
        back = self._shelf.given_back(self._bundles.given_back(voucher_id))
        return sum(max(0, amount - back.get(unit, 0)) for unit, amount in taken.items())

    def _attempt(self, claim: Claim) -> Attempt | None:
        with self._lock:
            return self._attempts.get(claim.request)

    def _ask(self, attempt: Attempt) -> Standing:
        for tries_left in reversed(range(TRIES)):
            standing = self._node.ask(attempt)
            if standing is not Standing.BUSY or not tries_left:
                break
            self._node.pause(PAUSE_S)
        return standing


def _while_busy(claim: Claim) -> Refusal:
    """Return why a voucher is refused that another till is redeeming at this moment."""
    # Of a single voucher nothing is left by then. Of the others something may be, and the hub
    # could tell how much; so can this till, in a moment.
    single = claim.claims.kind is VoucherKind.SINGLE
    return Refusal.REDEEMED_ELSEWHERE if single else Refusal.ONLINE_REQUIRED


def draw(key: bytes, voucher_id: VoucherId) -> int:
    """Return a number from 0 to 999 that nobody without the key can foresee."""
    digest = hmac.digest(key, voucher_id.to_bytes(6, "big"), "sha256")
    return int.from_bytes(digest[:8], "big") % 1000
