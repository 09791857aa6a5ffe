"""Words for cases, in English; the translations are keyed by them."""

from __future__ import annotations

from central.foundation.language.words import N_
from central.stores.cases.liability import Question
from central.stores.redemptions.conflict import CaseOutcome, CaseState
from edge.contract.status import Staleness

STATES: dict[CaseState, str] = {
    CaseState.OPEN: N_("open"),
    CaseState.CLOSED: N_("decided"),
    CaseState.WITHDRAWN: N_("withdrawn by later facts"),
}
OUTCOMES: dict[CaseOutcome, str] = {
    CaseOutcome.PLATFORM: N_("We bear it"),
    CaseOutcome.RESERVE: N_("The reserve bears it"),
    CaseOutcome.STORE: N_("The store bears it"),
    CaseOutcome.AGENT: N_("An agent bears it"),
    CaseOutcome.NO_CONFLICT: N_("It is no conflict"),
}
CONSEQUENCES: dict[CaseOutcome, str] = {
    CaseOutcome.PLATFORM: N_("Posted as a loss (5050). The store is paid next."),
    CaseOutcome.RESERVE: N_("Taken from the reserve (2710). The store is paid next."),
    CaseOutcome.STORE: N_("The store is not paid for it (2310)."),
    CaseOutcome.AGENT: N_("The agent owes it (1110). The store is paid next."),
    CaseOutcome.NO_CONFLICT: N_("The claim is taken back, and nobody is paid for it."),
}  # fmt: skip
QUESTIONS: dict[Question, str] = {
    Question.ONE_JOURNAL: N_("Does only one journal claim to be this unit's?"),
    Question.POLICY_KNOWN: N_("Is the policy that was in force known?"),
    Question.MODE_ALLOWED: N_("Was this way of checking allowed?"),
    Question.OFFLINE_ALLOWED: N_("May this voucher be taken offline?"),
    Question.WITHIN_FLOOR: N_("Was the amount within the floor limit?"),
    Question.STATUS_RECENT: N_("Had the unit heard of the hub recently enough?"),
}
REASONS: dict[Question | None, str] = {
    None: N_("The store has kept to everything that it was told."),
    Question.ONE_JOURNAL: N_("Two journals claim to be this unit's, and the store answers for it."),
    Question.POLICY_KNOWN: N_("Nobody knows any more what was allowed then."),
    Question.MODE_ALLOWED: N_("The store has taken it in a way that was not allowed."),
    Question.OFFLINE_ALLOWED: N_("The voucher may only be taken online."),
    Question.WITHIN_FLOOR: N_("The amount was above the floor limit."),
    Question.STATUS_RECENT: N_("The unit had worked alone for longer than it may."),
}
AGES: dict[Staleness, str] = {
    Staleness.FRESH: N_("fresh"),
    Staleness.STALE: N_("stale"),
    Staleness.OLD: N_("old"),
    Staleness.EXPIRED: N_("too old"),
}
