"""The machine that sends payouts, each exactly once through crashes, faults and lost answers.

One step is: take a payout (a lease and a row in the database), ask the channel outside of any
transaction, write down what it said. A payout that was taken before is queried first, under its
one number; only if the channel has no such number is the identical order sent again. Nothing but
the channel's definite word ends a payout.
"""

from __future__ import annotations

import logging
import math
import secrets
from collections.abc import Callable, Mapping
from typing import NamedTuple

from central.errors import ChannelRefused, ChannelUnknown, Conflict
from central.foundation.db.engine import money_transaction
from central.money.channels.model import PayoutState, Transfer
from central.money.channels.ports import Payout as PayoutChannel
from central.money.payouts import store
from central.money.payouts.end import By, given_back, paid
from central.money.payouts.model import (
    CONFIRMING_S,
    NO_CHANNEL,
    PARKED_AFTER_S,
    Event,
    State,
    pause_s,
)
from central.money.payouts.store import Payout

log = logging.getLogger(__name__)

LEASE_S = 120
"""Longer than any call to a channel may take; a worker that dies leaves its payout this long."""
WORKER = "worker"

_ENDS = {
    PayoutState.FAILED: Event.FAILED,
    PayoutState.CANCELLED: Event.CANCELLED,
}


class Machine:
    """Sends what is due. Several may run at once, in several processes.

    Args:
        channels: By name; a payout whose channel is not here stays ready, and counts as unsent.
        now_s: Reads the clock, Unix seconds.
        day_of: Returns the business day of a moment.
        jitter: Returns a number from 0 to 1.
        crash: Called between the steps; a test dies there.
    """

    def __init__(
        self, channels: Mapping[str, PayoutChannel], now_s: Callable[[], int],
        day_of: Callable[[int], int],
        jitter: Callable[[], float] = lambda: secrets.randbelow(1000) / 1000,
        crash: Callable[[str], None] = lambda _: None,
    ) -> None:  # fmt: skip
        self._channels = channels
        self._now_s = now_s
        self._day_of = day_of
        self._jitter = jitter
        self._crash = crash

    def run_due(self, most: int = 1000) -> int:
        """Work on what is due now, one after the other; return how many steps were made."""
        for done in range(most):
            if not self.step():
                return done
        return most

    def step(self) -> bool:
        """Work on one payout; False if none is due."""
        taken = self._take()
        if taken is None:
            return False
        self._crash("taken")
        said = self._ask(taken)
        self._crash("asked")
        try:
            money_transaction(lambda: self._write(taken, said))
        except Conflict:
            # The lease ran out while the channel thought; whoever has it now asks again.
            log.warning("payout %s is another worker's by now", taken.payout.no)
        self._crash("written")
        return True

    def _take(self) -> _Taken | None:
        lease, at_s = secrets.token_hex(8), self._now_s()

        def work() -> _Taken | None:
            room = store.limits().room_this_hour(store.sent_since(at_s - store.HOUR_S))
            payout = store.due(at_s, room, self._channels)
            if payout is None:
                return None
            try:
                after = store.take(payout, lease, at_s, at_s + LEASE_S)
            except Conflict:
                return None  # another worker was quicker
            return _Taken(after, lease, is_first=payout.state is State.READY)

        return money_transaction(work)

    def _ask(self, taken: _Taken) -> _Said:
        """Ask the channel; no transaction is open here."""
        payout = taken.payout
        channel = self._channels.get(payout.channel)
        if channel is None:
            return _Said(None, NO_CHANNEL)
        if taken.is_first:
            return self._send(channel, taken)
        try:
            found = channel.query(payout.no)
            if found.state is PayoutState.NOT_FOUND:
                return self._send(channel, taken)
            if payout.state is State.CANCELLING and not found.state.is_final and channel.can_cancel:
                return _Said(channel.cancel(payout.no))
        except (ChannelUnknown, ChannelRefused) as exc:
            # A query or a stop that is refused says nothing of the payout itself.
            return _Said(None, exc.code)
        return _Said(found)

    @staticmethod
    def _send(channel: PayoutChannel, taken: _Taken) -> _Said:
        """Send the order, for the first time or once more; a refusal of it is a definite end."""
        payout = taken.payout
        if payout.state is not State.SENT:
            # It was there, or somebody wants it stopped: sending it now needs a person's word.
            return _Said(None, "lost-by-channel", park=True)
        try:
            return _Said(channel.transfer(payout.order))
        except ChannelUnknown as exc:
            return _Said(None, exc.code)
        except ChannelRefused as exc:
            refused = exc
        end = Transfer(payout.no, PayoutState.FAILED, fail_code=refused.code)
        if taken.is_first:
            return _Said(end)
        # An earlier try may have arrived after all, too late for the query: look once more before
        # anything is given back.
        try:
            found = channel.query(payout.no)
        except (ChannelUnknown, ChannelRefused) as exc:
            return _Said(None, exc.code)
        return _Said(end if found.state is PayoutState.NOT_FOUND else found)

    def _write(self, taken: _Taken, said: _Said) -> None:
        payout, at_s = taken.payout, self._now_s()
        transfer = said.transfer
        wrong = _misfit(payout, transfer) if transfer else ""
        if wrong or said.park:
            self._park(taken, at_s, wrong or said.code)
        elif transfer is None:
            self._later(taken, at_s, said.code)
        elif transfer.state is PayoutState.PAID:
            paid(
                payout, self._by(taken, at_s), channel_number=transfer.channel_number,
                done_at_s=transfer.done_at_s or at_s,
            )  # fmt: skip
        elif transfer.state in _ENDS:
            code = transfer.fail_code or transfer.channel_state
            given_back(
                payout, _ENDS[transfer.state], self._by(taken, at_s), code, last_code=code,
                channel_number=transfer.channel_number,
            )  # fmt: skip
        elif transfer.state is PayoutState.WAITS_FOR_PAYEE and payout.state is State.SENT:
            store.happen(
                payout, Event.WAITS_FOR_PAYEE, at_s, WORKER, lease=taken.lease,
                lease_until_s=0, next_at_s=at_s + CONFIRMING_S,
                channel_number=transfer.channel_number, package_info=transfer.package_info,
                confirm_until_s=transfer.confirm_until_s,
            )  # fmt: skip
        else:
            self._later(taken, at_s, str(transfer.state))

    def _by(self, taken: _Taken, at_s: int) -> By:
        return By(WORKER, at_s, self._day_of(at_s), taken.lease)

    def _later(self, taken: _Taken, at_s: int, code: str) -> None:
        payout = taken.payout
        assert payout.first_sent_at_s is not None, "it was taken"
        if at_s - max(payout.first_sent_at_s, payout.confirm_until_s or 0) > PARKED_AFTER_S:
            self._park(taken, at_s, code)
            return
        waits = payout.state is State.CONFIRMING and code == PayoutState.WAITS_FOR_PAYEE
        wait_s = CONFIRMING_S if waits else pause_s(payout.attempts, self._jitter())
        store.put_back(payout, taken.lease, at_s + math.ceil(wait_s), code)
        if code != payout.last_code:
            store.note(payout, at_s, WORKER, "no-end-yet", code)

    def _park(self, taken: _Taken, at_s: int, why: str) -> None:
        store.happen(
            taken.payout, Event.PARKED, at_s, WORKER, why, lease=taken.lease, lease_until_s=0,
            last_code=why,
        )  # fmt: skip


class _Taken(NamedTuple):
    """A payout that is ours for a while."""

    payout: Payout
    lease: str
    is_first: bool


class _Said(NamedTuple):
    """What the channel said; None: nothing that can be relied on."""

    transfer: Transfer | None
    code: str = ""
    park: bool = False


def _misfit(payout: Payout, transfer: Transfer) -> str:
    """Return what in the channel's word does not fit what was asked for; empty if all does."""
    if transfer.number != payout.no:
        return f"the channel speaks of {transfer.number}"
    if transfer.amount is not None and transfer.amount != payout.order.amount:
        return "the channel names another amount"
    if transfer.payee is not None and transfer.payee != payout.order.payee.account:
        return "the channel names another payee"
    return ""
