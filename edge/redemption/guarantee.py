"""Guarantors that stand behind an acceptance: the hub, and a lease of this unit."""

from __future__ import annotations

from edge.bundles.store import BundleStore, HubWord
from edge.clock.model import TrustedTime
from edge.clock.trusted_time import TrustedClock
from edge.contract.ids import UnitId, VoucherId
from edge.contract.lease import Lease
from edge.contract.policy import Mode, Policy
from edge.contract.sync_message import Reserve
from edge.journal.store import Journal
from edge.redemption.ports import Assurance, Claim, Reserver


class Online:
    """Mode 1: the hub holds what is taken. Implements ``ports.Guarantor``."""

    modes = frozenset({Mode.ONLINE})

    def __init__(self, reserver: Reserver, unit: UnitId) -> None:
        self._reserver = reserver
        self._unit = unit

    def assure(self, claim: Claim, policy: Policy) -> Assurance | None:
        """Return the hub's word, None if it is silent."""
        answer = self._reserver.reserve(
            Reserve(self._unit, claim.request, claim.claims.voucher_id, claim.amount),
            policy.online_timeout_ms,
        )
        if answer is None:
            return None
        life_s = answer.expires_at_s - answer.hub_time_s
        return Assurance(Mode.ONLINE, answer.refusal, answer.remaining, life_s=life_s)


def lease_for(
    voucher_id: VoucherId, amount: int, word: HubWord | None, journal: Journal, now: TrustedTime
) -> Lease | None:
    """Return a lease of this unit that leaves enough for an amount, None if none does.

    Its end must certainly not have passed: a clock that is uncertain ends it earlier.
    """
    book = word.leases if word else None
    if word is None or book is None or book.unit != word.enrolment.unit:
        return None
    for lease in book.of(voucher_id):
        is_over = now.latest_s >= lease.expires_at_s
        if not is_over and amount <= lease.amount - journal.spent_on(voucher_id, lease.lease_id):
            return lease
    return None


class Leases:
    """Mode 3: stands behind what is spent on a lease. Implements ``ports.Guarantor``.

    What it says holds for as long as nobody else spends: whoever records looks once more, under
    the journal's lock.
    """

    modes = frozenset({Mode.LEASE})

    def __init__(self, bundles: BundleStore, journal: Journal, clock: TrustedClock) -> None:
        self._bundles = bundles
        self._journal = journal
        self._clock = clock

    def assure(self, claim: Claim, policy: Policy) -> Assurance | None:
        """Return the lease's word, None if no lease leaves enough."""
        del policy
        lease = lease_for(
            claim.claims.voucher_id, claim.amount, self._bundles.word, self._journal,
            self._clock.now(),
        )  # fmt: skip
        return Assurance(Mode.LEASE, evidence=lease.lease_id) if lease else None
