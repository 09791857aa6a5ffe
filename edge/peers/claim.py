"""Claim before accept: no two units of a store take the same value. Pure; time is passed in.

Each redemption, whatever will stand behind it, first *holds* its voucher here, and ends that once
it is recorded or refused. While a voucher is held, every other unit's claim to it is answered
BUSY, but for one case: two units that ask at the same moment agree on the smaller (clock, unit),
and the larger gives up *before* it acknowledges.

Why two acceptances with everybody's word (mode LAN) always know of one another: each needed the
other's ACK. A unit gives an ACK only before its own claim begins or after it has ended, never in
between. If both had given theirs before their own began, each claim would have begun before the
other. So at least one gave it afterwards, and an ACK says what was taken. No clock enters into
this: clocks only settle who goes first.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from edge.contract.ids import UnitId, VoucherId
from edge.contract.peer_message import ClaimAsked, ClaimReply, Verdict

RESENDS_S = (0.045, 0.090)
"""When a claim is sent again to whoever has not answered."""
DECIDED_S = 0.150
"""After this nobody is waited for."""
PROMISES_MAX = 4096
"""Claims of others that were acknowledged and whose end is not known; the oldest goes first.
Likewise for what others have said that they have taken."""


class Standing(Enum):
    """What the units of the store have said to a claim."""

    ALL = "all"
    """Every unit that could accept the voucher has acknowledged."""
    SOME = "some"
    NONE = "none"
    BUSY = "busy"
    """Another unit is redeeming this voucher, and was earlier."""


class Stage(Enum):
    """What goes on with a voucher that is held."""

    HOLDING = "holding"
    ASKING = "asking"
    LOST = "lost"


@dataclass(slots=True, eq=False)
class Attempt:
    """A voucher is being redeemed here.

    Args:
        nonce: Of the claim that was asked last; replies to an earlier one do not count.
        required: Whose ACK it takes for everybody's word.
        awaited: Whom it is worth waiting for: those of them that were heard of lately.
        acks: What each has said it knows to be taken, by unit.
    """

    request: bytes
    voucher_id: VoucherId
    amount: int
    stage: Stage = Stage.HOLDING
    nonce: bytes = b""
    clock: int = 0
    required: frozenset[UnitId] = frozenset()
    awaited: frozenset[UnitId] = frozenset()
    asked_at_s: float = 0.0
    resends: int = 0
    acks: dict[UnitId, dict[UnitId, int]] = field(default_factory=dict)
    unsure: set[UnitId] = field(default_factory=set)
    standing: Standing | None = None
    """None while it is asked, and before."""

    def claim(self) -> ClaimAsked:
        """Return the message that asks for it."""
        return ClaimAsked(self.nonce, self.request, self.voucher_id, self.amount, self.clock)


class Promise(NamedTuple):
    """A claim of another unit that was acknowledged: what became of it is not known yet."""

    nonce: bytes
    request: bytes
    amount: int
    session: bytes


class Asking(NamedTuple):
    """How a claim is asked: under which name, at what time, and of whom."""

    nonce: bytes
    clock: int
    required: frozenset[UnitId]
    awaited: frozenset[UnitId]


class Claims:
    """What is claimed here, by this unit and by others."""

    def __init__(self, me: UnitId) -> None:
        self._me = me
        self._held: dict[VoucherId, Attempt] = {}
        self._asking: dict[bytes, Attempt] = {}
        self._promises: OrderedDict[tuple[VoucherId, UnitId], Promise] = OrderedDict()
        self._told: OrderedDict[VoucherId, dict[UnitId, int]] = OrderedDict()

    # --- this unit's -----------------------------------------------------------------------------

    def hold(self, request: bytes, voucher_id: VoucherId, amount: int) -> Attempt | None:
        """Hold a voucher; None while another request of this unit holds it."""
        if voucher_id in self._held:
            return None
        attempt = Attempt(request, voucher_id, amount)
        self._held[voucher_id] = attempt
        return attempt

    def ask(self, attempt: Attempt, how: Asking, now_s: float) -> None:
        """Begin a claim to a voucher that is held. An attempt that was lost may be asked again."""
        if self._held.setdefault(attempt.voucher_id, attempt) is not attempt:
            attempt.standing = Standing.BUSY  # by another request of this unit
            return
        attempt.nonce, attempt.clock = how.nonce, how.clock
        attempt.required, attempt.awaited = how.required, how.awaited & how.required
        attempt.asked_at_s, attempt.resends = now_s, 0
        attempt.acks, attempt.unsure = {}, set()
        attempt.stage, attempt.standing = Stage.ASKING, None
        self._asking[attempt.nonce] = attempt
        self._settle(attempt)

    def end(self, attempt: Attempt) -> None:
        """It is recorded, or will not be: the voucher is free again."""
        self._asking.pop(attempt.nonce, None)
        if self._held.get(attempt.voucher_id) is attempt:
            del self._held[attempt.voucher_id]

    def replied(self, peer: UnitId, reply: ClaimReply) -> None:
        """A unit has answered a claim; what nobody waits for any more is nothing."""
        attempt = self._asking.get(reply.nonce)
        if attempt is None or peer not in attempt.required:
            return
        if reply.verdict is Verdict.BUSY:
            self._lose(attempt)
            return
        if reply.verdict is Verdict.UNSURE:
            attempt.unsure.add(peer)
        else:
            attempt.acks[peer] = reply.taken
            # It has nothing going on: what it once claimed has ended, and its word says how. That
            # word stays, for the entry may come after the next request for the same voucher.
            self._promises.pop((attempt.voucher_id, peer), None)
            self._note_told(attempt.voucher_id, peer, reply.taken.get(peer, 0))
        self._settle(attempt)

    def due(self, now_s: float) -> list[tuple[Attempt, frozenset[UnitId]]]:
        """Decide what has waited long enough; return what is to be sent again, and to whom."""
        again = []
        for attempt in list(self._asking.values()):
            waited_s = now_s - attempt.asked_at_s
            if waited_s >= DECIDED_S:
                self._decide(attempt)
            elif (
                attempt.resends < len(RESENDS_S) and waited_s >= RESENDS_S[attempt.resends]
            ):  # fmt: skip
                attempt.resends += 1
                silent = attempt.required - set(attempt.acks) - attempt.unsure
                again.append((attempt, frozenset(silent)))
        return again

    def next_due_s(self) -> float | None:
        """Return when ``due`` has something to do, None if nothing is asked."""
        moments = []
        for attempt in self._asking.values():
            waits = (*RESENDS_S, DECIDED_S)
            moments.append(attempt.asked_at_s + waits[attempt.resends])
        return min(moments, default=None)

    def _settle(self, attempt: Attempt) -> None:
        """Decide at once if nobody is left to wait for."""
        if attempt.awaited <= set(attempt.acks) | attempt.unsure:
            self._decide(attempt)

    def _decide(self, attempt: Attempt) -> None:
        del self._asking[attempt.nonce]
        attempt.stage = Stage.HOLDING
        if attempt.required <= set(attempt.acks):
            attempt.standing = Standing.ALL
        else:
            attempt.standing = Standing.SOME if attempt.acks else Standing.NONE

    def _lose(self, attempt: Attempt) -> None:
        del self._asking[attempt.nonce]
        del self._held[attempt.voucher_id]
        attempt.stage, attempt.standing = Stage.LOST, Standing.BUSY

    # --- others' ---------------------------------------------------------------------------------

    def claimed(self, peer: UnitId, claim: ClaimAsked, session: bytes) -> Verdict:
        """Answer the claim of another unit.

        After ACK the caller says what was taken, before anything else of that voucher begins.
        """
        held = self._held.get(claim.voucher_id)
        if held is not None:
            mine_goes_first = (held.clock, self._me) < (claim.clock, peer)
            if held.stage is Stage.HOLDING or mine_goes_first:
                return Verdict.BUSY
            self._lose(held)
        key = (claim.voucher_id, peer)
        self._promises[key] = Promise(claim.nonce, claim.request, claim.amount, session)
        self._promises.move_to_end(key)
        if len(self._promises) > PROMISES_MAX:
            self._promises.popitem(last=False)
        return Verdict.ACK

    def ended(self, peer: UnitId, nonce: bytes, voucher_id: VoucherId) -> None:
        """Another unit has ended a claim."""
        promise = self._promises.get((voucher_id, peer))
        if promise and promise.nonce == nonce:
            del self._promises[voucher_id, peer]

    def recorded(self, peer: UnitId, voucher_id: VoucherId | None, request: bytes | None) -> None:
        """An entry of another unit is here: the claim that led to it has ended."""
        if voucher_id is None:
            return
        promise = self._promises.get((voucher_id, peer))
        if promise and promise.request == request:
            del self._promises[voucher_id, peer]

    def caught_up(self, peer: UnitId, session: bytes) -> None:
        """Everything that a unit has recorded is here; what an earlier start of it claimed was
        recorded or never will be."""
        stale = [
            key for key, promise in self._promises.items()
            if key[1] == peer and promise.session != session
        ]  # fmt: skip
        for key in stale:
            del self._promises[key]

    def told(self, voucher_id: VoucherId) -> dict[UnitId, int]:
        """Return what each unit has last said that it has taken of a voucher."""
        return dict(self._told.get(voucher_id, {}))

    def _note_told(self, voucher_id: VoucherId, peer: UnitId, amount: int) -> None:
        told = self._told.pop(voucher_id, {})
        told.pop(peer, None)
        if amount:
            told[peer] = amount
        if told:
            self._told[voucher_id] = told
        if len(self._told) > PROMISES_MAX:
            self._told.popitem(last=False)

    def promised(self, voucher_id: VoucherId) -> dict[UnitId, int]:
        """Return what others may be taking of a voucher, by unit."""
        # Few at any moment: an entry, or the word that there is none, follows within the second.
        return {u: p.amount for (v, u), p in self._promises.items() if v == voucher_id}
