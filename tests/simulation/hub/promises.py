"""What the simulated hub promises: reservations, grants, leases, and when each is over."""

from __future__ import annotations

from central.stores.redemptions.lease import LIFE_S_MAX, LIFE_S_MIN
from edge.contract.grant import GRANT_LIFE_S, Grant, GrantRequest, digest_of
from edge.contract.ids import UnitId, VoucherId
from edge.contract.journal_entry import JournalEntry
from edge.contract.lease import LeaseRequest
from edge.contract.refusal import Refusal
from edge.contract.status import Status
from edge.contract.sync_message import Outcome, Reservation, Reserve, UnitState
from edge.contract.voucher_token import DAY_S, DAY_ZERO_S, VoucherKind, validity
from tests import builders as b
from tests.simulation.hub.facts import Facts
from tests.simulation.hub.memory import (
    ALL,
    BUNDLE_KEY,
    GROUP,
    ISSUER,
    RESERVED_S,
    SKEW_S,
    Granted,
    Held,
    HubSays,
    Lent,
)


class Promises(Facts):
    """The half of a hub that holds value for somebody."""

    # --- reservations ----------------------------------------------------------------------------

    def _reserve(self, wanted: Reserve, at_s: int) -> Reservation:
        if self.books.units[wanted.unit].state is not UnitState.ACTIVE:
            raise HubSays("not-permitted")
        return self._hold(wanted, at_s, RESERVED_S)

    def _hold(self, wanted: Reserve, at_s: int, life_s: int) -> Reservation:
        books, unit = self.books, wanted.unit
        self._forget_over(wanted.voucher_id, at_s)
        key = (unit, wanted.request)
        mine = books.held.get(key)
        if mine and mine[:2] != (wanted.voucher_id, wanted.amount):
            raise HubSays("key-reused")
        if mine and mine.expires_at_s <= at_s:
            del books.held[key]
            mine = None
        is_done = any(
            ref.unit == unit and kept.entry is not None and kept.entry.request == wanted.request
            and kept.outcome is Outcome.APPLIED
            for ref, kept in books.entries.items()
        )  # fmt: skip
        refusal, left = self._decide(wanted, at_s, is_done=is_done)
        expires_at_s = mine.expires_at_s if mine else at_s + life_s
        if refusal is None and mine is None and not is_done:
            books.held[key] = Held(wanted.voucher_id, wanted.amount, expires_at_s)
        return Reservation(unit, wanted.request, refusal, max(0, left), expires_at_s, at_s)

    def _decide(self, wanted: Reserve, at_s: int, *, is_done: bool) -> tuple[Refusal | None, int]:
        sold = self.books.vouchers.get(wanted.voucher_id)
        if sold is None:
            return Refusal.UNKNOWN_VOUCHER, 0
        on_loan = self._lent(wanted.voucher_id)
        others = self._promised(wanted.voucher_id, but=(wanted.unit, wanted.request))
        left = sold.capacity - self._covered(wanted.voucher_id) - others - on_loan
        by_status = {Status.REVOKED: Refusal.REVOKED, Status.SUSPENDED: Refusal.SUSPENDED}
        refusal = by_status.get(sold.status) or validity(sold.claims, at_s, at_s)
        if sold.claims.scope not in {ALL, GROUP}:
            refusal = Refusal.WRONG_STORE
        if refusal or is_done:
            return refusal, left
        if left < wanted.amount <= left + on_loan:
            return Refusal.VALUE_LENT, left
        if wanted.amount < 1 or wanted.amount > left:
            is_spent = left + on_loan <= 0
            return Refusal.REDEEMED_ELSEWHERE if is_spent else Refusal.INSUFFICIENT_VALUE, left
        return None, left - wanted.amount

    def _promised(self, voucher_id: VoucherId, but: tuple[UnitId, bytes] | None = None) -> int:
        return sum(
            held.amount for key, held in self.books.held.items()
            if held.voucher_id == voucher_id and key != but
        )  # fmt: skip

    def _forget_over(self, voucher_id: VoucherId, at_s: int) -> None:
        """Forget the reservations and close the leases of a voucher that are over."""
        self.books.held = {
            key: held for key, held in self.books.held.items()
            if held.voucher_id != voucher_id or held.expires_at_s > at_s
            or not self._is_over(key, held)
        }  # fmt: skip
        for lease_id, lent in list(self.books.leases.items()):
            if lent.voucher_id == voucher_id and lent.closed_n is None:
                self._close_if_over(lease_id, lent, at_s)

    def _is_over(self, key: tuple[UnitId, bytes], held: Held) -> bool:
        """Say whether the entry of something that has expired cannot come any more."""
        # A phone was promised it: when a till is lost, a person says what becomes of that.
        is_told = self._has_told if key in self.books.grants else self._has_all_until
        return is_told(key[0], held.expires_at_s + SKEW_S)

    def _arrived(self, unit: UnitId, entry: JournalEntry) -> None:
        """An entry is here: what was held for it is not held any more."""
        if entry.request:
            self.books.held.pop((unit, entry.request), None)

    # --- grants ----------------------------------------------------------------------------------

    def give(self, asked: GrantRequest, at_s: int) -> Grant | Refusal:
        """Hold an amount and return the grant of it. Asking again is the same grant.

        Raises:
            HubSays: no till of ours asks, or it has asked for something else before.
        """
        known, key = self.books.units.get(asked.unit), (asked.unit, asked.nonce)
        if known is None or known.state is not UnitState.ACTIVE or asked.store != b.STORE:
            raise HubSays("request-invalid")
        before = self.books.grants.get(key)
        if before is not None and before.expires_at_s <= at_s:
            return Refusal.GRANT_EXPIRED
        wanted = Reserve(asked.unit, asked.nonce, asked.voucher_id, asked.amount)
        held = self._hold(wanted, at_s, GRANT_LIFE_S)
        if held.refusal:
            return held.refusal
        if before is not None:
            return _grant(asked, before.given_at_s, before.remaining)
        grant = _grant(asked, at_s, held.remaining)
        self.books.grants[key] = Granted(
            asked.voucher_id, asked.amount, digest_of(grant.sign(ISSUER, BUNDLE_KEY)), at_s,
            grant.expires_at_s, grant.remaining,
        )  # fmt: skip
        return grant

    # --- leases ----------------------------------------------------------------------------------

    def lend(self, wanted: LeaseRequest, at_s: int) -> None:
        """Lend part of a voucher to a unit. Asking again with the same id is the same lease.

        Raises:
            HubSays: it is not lent like this.
        """
        before = self.books.leases.get(wanted.lease_id)
        if before is not None:
            if before[:3] != (wanted.unit, wanted.voucher_id, wanted.amount):
                raise HubSays("key-reused")
            return
        sold, known = self.books.vouchers.get(wanted.voucher_id), self.books.units.get(wanted.unit)
        if sold is None or known is None:
            raise HubSays("not-found")
        is_whole = sold.claims.kind is VoucherKind.SINGLE
        fits = 1 <= wanted.amount <= sold.capacity and LIFE_S_MIN <= wanted.life_s <= LIFE_S_MAX
        if is_whole or not fits:
            raise HubSays("request-invalid")
        is_good = sold.status is Status.VALID and validity(sold.claims, at_s, at_s) is None
        if known.state is not UnitState.ACTIVE or sold.claims.scope not in {ALL, GROUP}:
            raise HubSays("conflict")
        if not is_good:
            raise HubSays("conflict")
        self._forget_over(wanted.voucher_id, at_s)
        spoken_for = self._promised(wanted.voucher_id) + self._lent(wanted.voucher_id)
        if wanted.amount > sold.capacity - self._covered(wanted.voucher_id) - spoken_for:
            raise HubSays("conflict")
        ends_s = min(at_s + wanted.life_s, DAY_ZERO_S + sold.claims.expires_day * DAY_S)
        self.books.leases[wanted.lease_id] = Lent(
            wanted.unit, wanted.voucher_id, wanted.amount, ends_s, self.books.next()
        )

    def recall(self, lease_id: bytes) -> None:
        """Ask a lease back; HubSays if there is none, or it is over or recalled."""
        lent = self._open_lease(lease_id)
        if lent.recalled_n is not None:
            raise HubSays("conflict")
        self.books.leases[lease_id] = lent._replace(recalled_n=self.books.next())

    def write_off(self, lease_id: bytes, at_s: int) -> None:
        """Give a lease up whose unit will never tell."""
        self._close(lease_id, self._open_lease(lease_id), "written-off", at_s)

    def _lent(self, voucher_id: VoucherId) -> int:
        """Return what is lent of a voucher and not spent yet."""
        return sum(
            lent.amount - self.spent_on(lease_id, lent)
            for lease_id, lent in self.books.leases.items()
            if lent.voucher_id == voucher_id and lent.closed_n is None
        )

    def spent_on(self, lease_id: bytes, lent: Lent) -> int:
        """Return what was spent on a lease, as far as it is known here and covered."""
        spent = sum(
            kept.covered for kept in self.books.entries.values()
            if kept.entry is not None and kept.entry.evidence == lease_id
        )  # fmt: skip
        return min(lent.amount, spent)

    def _note_pull(self, unit: UnitId, knows_n: int, at_s: int) -> None:
        """Close what a unit has given back by what it says with a pull."""
        for lease_id, lent in list(self.books.leases.items()):
            if lent.unit != unit or lent.closed_n is not None:
                continue
            if self._close_if_over(lease_id, lent, at_s):
                continue
            is_heard = lent.recalled_n is not None and lent.recalled_n <= knows_n
            if is_heard and not self.has_lost(unit) and self._is_here(unit):
                self._close(lease_id, lent, "returned", at_s)

    def _close_if_over(self, lease_id: bytes, lent: Lent, at_s: int) -> bool:
        is_over = lent.expires_at_s <= at_s and self._heard_past(lent.unit, lent.expires_at_s)
        if is_over:
            self._close(lease_id, lent, "returned", at_s)
        return is_over

    def _open_lease(self, lease_id: bytes) -> Lent:
        lent = self.books.leases.get(lease_id)
        if lent is None:
            raise HubSays("not-found")
        if lent.closed_n is not None:
            raise HubSays("conflict")
        return lent

    def _close(self, lease_id: bytes, lent: Lent, how: str, at_s: int) -> None:
        self.books.leases[lease_id] = lent._replace(
            closed_n=self.books.next(), closed_how=how, closed_at_s=at_s
        )


def _grant(asked: GrantRequest, at_s: int, remaining: int) -> Grant:
    return Grant(
        asked.store, asked.unit, asked.nonce, asked.voucher_id, asked.amount,
        at_s + GRANT_LIFE_S, at_s, remaining,
    )  # fmt: skip
