"""Words for what settlement has, in English; the translations are keyed by them."""

from __future__ import annotations

from central.foundation.language.words import N_
from central.money.settlement.model import LineKind, State
from central.money.settlement.payable.watermark import Why

STATES: dict[State, str] = {
    State.DRAFT: N_("draft"),
    State.ISSUED: N_("issued"),
    State.CONFIRMED: N_("confirmed"),
    State.DISPUTED: N_("disputed"),
    State.PAYABLE: N_("payable"),
    State.PAID: N_("paid"),
}
LOOKS: dict[State, str] = {
    State.DRAFT: "quiet",
    State.ISSUED: "ask",
    State.CONFIRMED: "ask",
    State.DISPUTED: "bad",
    State.PAYABLE: "ask",
    State.PAID: "good",
}
KINDS: dict[LineKind, str] = {
    LineKind.REDEMPTION: N_("Redemption"),
    LineKind.CORRECTION: N_("Redemption taken back"),
    LineKind.CLAIM: N_("Double redemption, undecided"),
    LineKind.CLAIM_BACK: N_("Claim withdrawn"),
    LineKind.BORNE_BY_STORE: N_("Decided: the store bears it"),
    LineKind.BORNE_BY_OTHERS: N_("Decided for the store"),
    LineKind.DECISION_BACK: N_("Decision taken back"),
    LineKind.PAYMENT: N_("Payment"),
    LineKind.PAYMENT_BACK: N_("Payment came back"),
    LineKind.DISPUTE_SETTLED: N_("Dispute settled"),
    LineKind.ADJUSTMENT: N_("Adjustment"),
}
WHYS: dict[Why, str] = {
    Why.UP_TO_DATE: N_("up to date"),
    Why.SILENT: N_("not heard of"),
    Why.BEHIND: N_("has not sent everything"),
    Why.LOST: N_("has lost entries"),
    Why.UNTOLD: N_("does not say how far its journal goes"),
    Why.STOPPED: N_("two journals"),
}
WHY_LOOKS: dict[Why, str] = {
    Why.UP_TO_DATE: "good",
    Why.SILENT: "ask",
    Why.BEHIND: "ask",
    Why.LOST: "bad",
    Why.UNTOLD: "ask",
    Why.STOPPED: "bad",
}
