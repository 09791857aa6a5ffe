"""Words for cases, for pages."""

from __future__ import annotations

from central.foundation.language.words import N_
from central.sale.after_sales.model import CaseState, ClaimState, Reason
from central.sale.orders.words import ACTORS

STATES = {
    CaseState.OPEN: N_("waits for an answer"),
    CaseState.REPLACED: N_("replaced"),
    CaseState.REFUNDED: N_("price given back"),
    CaseState.REJECTED: N_("refused"),
    CaseState.WITHDRAWN: N_("withdrawn by the buyer"),
}
LOOKS = {
    CaseState.OPEN: "ask", CaseState.REPLACED: "good", CaseState.REFUNDED: "good",
    CaseState.REJECTED: "bad", CaseState.WITHDRAWN: "quiet",
}  # fmt: skip
REASONS = {
    Reason.INVALID: N_("it does not work"),
    Reason.USED: N_("it was used already"),
    Reason.WRONG: N_("it is not what I ordered"),
    Reason.NOT_ARRIVED: N_("it has not arrived"),
    Reason.OTHER: N_("something else"),
    Reason.CHANGED_MIND: N_("I do not want it any more"),
}
CLAIMS = {
    ClaimState.NONE: N_("nothing claimed"),
    ClaimState.SENT: N_("claimed from the supplier"),
    ClaimState.ACCEPTED: N_("given back by the supplier"),
    ClaimState.DENIED: N_("denied by the supplier"),
}


def for_pages() -> dict[str, object]:
    """Return all of them, by the names that templates know."""
    return {
        "case_states": STATES, "case_looks": LOOKS, "case_reasons": REASONS,
        "claim_states": CLAIMS, "actors": ACTORS,
    }  # fmt: skip
