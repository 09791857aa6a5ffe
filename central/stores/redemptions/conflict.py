"""The case of a redemption beyond its voucher's value: opened, closed by somebody, or withdrawn.

Rule 20: while nobody has decided, the excess stands at 1150 and the store is not paid it. Then
exactly one thing ends the claim, under one key. Facts that arrive later may change what was found;
then all that was posted for the case is taken back, and a new one begins.
"""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import NamedTuple

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import money_transaction, rows
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.money.ledger import rules
from central.money.ledger.balance import balance
from central.money.ledger.closes import open_day
from central.money.ledger.store import post, reverse
from central.stores.redemptions.tables import ConflictCase, ConflictRow
from central.stores.units.tables import Store, Unit
from central.stores.vouchers.tables import Voucher
from edge.contract.ids import EntryRef, Epoch, Seq, StoreId, UnitId, VoucherId
from edge.contract.money import Money, decimal_text

DECIDE_S = 7 * 86400
"""A case that nobody has decided by then is overdue: the store waits for its money."""
REASON_CHARS = 500


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    """Later facts have changed what it was about."""


class CaseOutcome(StrEnum):
    """Who bears it, or that there was nothing to bear."""

    PLATFORM = "platform"
    RESERVE = "reserve"
    STORE = "store"
    AGENT = "agent"
    NO_CONFLICT = "no-conflict"


_BEARERS = {
    CaseOutcome.PLATFORM: rules.Bearer.PLATFORM,
    CaseOutcome.RESERVE: rules.Bearer.RESERVE,
    CaseOutcome.STORE: rules.Bearer.STORE,
    CaseOutcome.AGENT: rules.Bearer.AGENT,
}


class Excess(NamedTuple):
    """What was found about one entry.

    Args:
        excess: Beyond the voucher's value, in its own measure; 0 if it is covered.
        worth: The same as money.
    """

    ref: EntryRef
    voucher_id: VoucherId
    store: StoreId
    excess: int
    worth: Money


class Decision(NamedTuple):
    """What somebody has decided about a case.

    Args:
        agent: Who bears it, if an agent does.
        reason: In words, for whoever asks later.
    """

    outcome: CaseOutcome
    by: str
    reason: str
    agent: str = ""


def follow(found: Excess, at_s: int, timezone: str) -> None:
    """Bring the case of an entry in line with what was found.

    Call it in the transaction that found it. Calling it again changes nothing.
    """
    case = counting(found.ref)
    if case is not None and case.excess == found.excess:
        return
    day = open_day(rules.business_day(at_s, timezone))
    if case is not None:
        _withdraw(case, at_s, day)
    if found.excess:
        _open(found, at_s, day)


def close(case_id: int, decision: Decision, at_s: int) -> ConflictCase:
    """Let one bear a double redemption, or say that there was none. Returns the closed case.

    Raises:
        NotFound: there is no such case, or no such agent. Conflict: it is not open any more, or
            the reserve does not hold as much. RequestInvalid: no reason, or an agent is missing
            or superfluous.
        PostingRefused: the agent's account cannot be.
    """
    _check(decision)

    def work() -> ConflictCase:
        case = ConflictCase.get_or_none(ConflictCase.id == case_id)
        if case is None:
            raise NotFound(Saying("no-conflict", case=case_id))
        if case.state != CaseState.OPEN:
            raise Conflict(Saying("conflict-is", case=case_id, state=str(case.state)))
        if decision.outcome is CaseOutcome.RESERVE:
            _check_reserve(case)
        timezone = Store.get(Store.id == case.store_id).timezone
        day = open_day(rules.business_day(at_s, timezone))
        return _close(case, decision, at_s, day)

    return money_transaction(work)


def open_missing(currency: str, at_s: int) -> int:
    """Open a case for every conflict that has none; return how many were. Again: none.

    There are such from before there were cases, and where the ledger has refused a claim.
    """
    missing = rows(
        "SELECT c.unit_id, c.epoch, c.seq FROM conflict c LEFT JOIN conflict_case k"
        " ON k.unit_id = c.unit_id AND k.epoch = c.epoch AND k.seq = c.seq"
        " AND k.state <> 'withdrawn' WHERE c.state = 'open' AND k.id IS NULL"
        " ORDER BY c.unit_id, c.epoch, c.seq"
    )
    return sum(
        money_transaction(partial(_open_one, EntryRef(*ref), currency, at_s)) for ref in missing
    )


def counting(ref: EntryRef) -> ConflictCase | None:
    """Return the case of an entry that was not withdrawn."""
    found: ConflictCase | None = ConflictCase.get_or_none(
        ConflictCase.unit_id == ref.unit, ConflictCase.epoch == ref.epoch,
        ConflictCase.seq == ref.seq, ConflictCase.state != str(CaseState.WITHDRAWN),
    )  # fmt: skip
    return found


def claim_of(case: ConflictCase) -> rules.DoubleRedemption:
    """Return what the ledger knows a case by."""
    return rules.DoubleRedemption(
        EntryRef(UnitId(case.unit_id), Epoch(case.epoch), Seq(case.seq)),
        VoucherId(case.voucher_id),
        case.store_id,
        Money(case.excess_minor, case.currency),
        case.times,
    )


def claimed(voucher: Voucher, excess: int) -> int:
    """Return how much of an excess is claimed, in the voucher's own measure.

    However much a broken till says it has taken: nobody has given more than all of a voucher.
    """
    return min(excess, int(voucher.capacity))


# --- writing -------------------------------------------------------------------------------------


def _open_one(ref: EntryRef, currency: str, at_s: int) -> bool:
    row = ConflictRow.get(
        ConflictRow.unit_id == ref.unit, ConflictRow.epoch == ref.epoch, ConflictRow.seq == ref.seq
    )
    if row.state != "open" or counting(ref) is not None:
        return False
    voucher = Voucher.get(Voucher.id == row.voucher_id)
    store = Store.get(Store.id == Unit.get(Unit.id == ref.unit).store_id)
    excess = claimed(voucher, row.excess)
    worth = Money(voucher.worth_minor(excess), currency)
    found = Excess(ref, VoucherId(voucher.id), StoreId(store.id), excess, worth)
    follow(found, at_s, store.timezone)
    return True


def _open(found: Excess, at_s: int, day: int) -> None:
    ref = found.ref
    times = (
        ConflictCase.select()
        .where(
            ConflictCase.unit_id == ref.unit, ConflictCase.epoch == ref.epoch,
            ConflictCase.seq == ref.seq,
        )
        .count()
    )  # fmt: skip
    claim = rules.DoubleRedemption(ref, found.voucher_id, found.store, found.worth, times)
    posted = post(rules.double_redemption_claimed(claim, day, str(ref.unit)), at_s)
    ConflictCase.create(
        unit_id=ref.unit, epoch=ref.epoch, seq=ref.seq, times=times, store_id=found.store,
        voucher_id=found.voucher_id, excess=found.excess, excess_minor=found.worth.minor,
        currency=found.worth.currency, state=str(CaseState.OPEN), opened_at_s=at_s,
        decide_until_s=at_s + DECIDE_S, claim_journal_id=posted.id,
    )  # fmt: skip


def _withdraw(case: ConflictCase, at_s: int, day: int) -> None:
    claim = claim_of(case)
    by = str(claim.ref.unit)
    if case.state == CaseState.OPEN:
        reverse(claim.outcome_idem, case.claim_journal_id, at_s, day=day, actor=by)
    elif case.outcome != CaseOutcome.NO_CONFLICT:  # then the claim was taken back already
        assert case.outcome_journal_id is not None, "a closed case has an outcome"
        reverse(f"rv:{claim.outcome_idem}", case.outcome_journal_id, at_s, day=day, actor=by)
        reverse(f"rv:{claim.idem}", case.claim_journal_id, at_s, day=day, actor=by)
    _move(case, state=str(CaseState.WITHDRAWN), withdrawn_at_s=at_s)


def _close(case: ConflictCase, decision: Decision, at_s: int, day: int) -> ConflictCase:
    claim = claim_of(case)
    if decision.outcome is CaseOutcome.NO_CONFLICT:
        key, journal_id = claim.outcome_idem, case.claim_journal_id
        posted = reverse(key, journal_id, at_s, day=day, actor=decision.by)
    else:
        bearer = _BEARERS[decision.outcome]
        posted = post(
            rules.double_redemption_borne(claim, bearer, day, decision.by, agent=decision.agent),
            at_s,
        )
    _move(
        case, state=str(CaseState.CLOSED), outcome=str(decision.outcome),
        agent=decision.agent or None, reason=decision.reason.strip(), closed_at_s=at_s,
        closed_by=decision.by, outcome_journal_id=posted.id,
    )  # fmt: skip
    closed: ConflictCase = ConflictCase.get(ConflictCase.id == case.id)
    return closed


def _move(case: ConflictCase, **changes: object) -> None:
    changed = (
        ConflictCase.update(**changes)
        .where(ConflictCase.id == case.id, ConflictCase.state == case.state)
        .execute()
    )
    if changed != 1:
        raise Conflict(Saying("conflict-moved", case=case.id))


def _check(decision: Decision) -> None:
    if not 1 <= len(decision.reason.strip()) <= REASON_CHARS:
        raise RequestInvalid(N_("Say why, in at most 500 characters."))
    if (decision.outcome is CaseOutcome.AGENT) != bool(decision.agent):
        raise RequestInvalid(N_("Name the agent if an agent bears it, and nobody else."))
    # Also one who has left may bear it; whom nobody knows, owes nothing.
    if decision.agent and not rows("SELECT 1 FROM agent WHERE id = ?", (decision.agent,)):
        raise NotFound(Saying("no-agent", agent=str(decision.agent)))


def _check_reserve(case: ConflictCase) -> None:
    held = balance("2710").available
    if held < case.excess_minor:
        shown = decimal_text(max(0, held), case.currency)
        raise Conflict(Saying("reserve-holds", amount=shown))
