"""Words for what the room's values mean, in English; the translations are keyed by them."""

from __future__ import annotations

from central.foundation.language.words import N_

REASONS = {
    "disabled": N_("switched off"),
    "tried": N_("tried already"),
    "breaker-open": N_("left alone after failures"),
    "probed-already": N_("another purchase is trying it"),
    "balance-low": N_("not enough on the account"),
    "too-few": N_("sells more at a time"),
    "too-many": N_("sells fewer at a time"),
    "no-stock": N_("sold out"),
    "input-missing": N_("needs more from the buyer"),
    "over-cap": N_("dearer than the cap"),
}
"""Why an offer was left out."""
POLICIES = {
    "cheapest": N_("the cheapest"),
    "priority": N_("by priority"),
    "weighted": N_("by weight"),
    "fastest": N_("the fastest"),
    "success": N_("the most reliable"),
}
PURCHASES = {
    "open": N_("being bought"),
    "sourced": N_("bought"),
    "exhausted": N_("nobody delivers"),
    "held": N_("needs a person"),
    "cancelled": N_("not wanted any more"),
}
PURCHASE_LOOKS = {"open": "quiet", "sourced": "good", "exhausted": "bad", "held": "ask",
                  "cancelled": "quiet"}  # fmt: skip
ATTEMPTS = {
    "planned": N_("about to be asked for"),
    "sending": N_("sent, no answer yet"),
    "accepted": N_("taken, not delivered yet"),
    "unknown": N_("nobody knows"),
    "held": N_("needs a person"),
    "succeeded": N_("delivered"),
    "late": N_("delivered too late"),
    "failed": N_("given back"),
    "rejected": N_("refused"),
    "not_sent": N_("not reached"),
    "not_found": N_("never arrived"),
    "dropped": N_("not asked for"),
}
ATTEMPT_LOOKS = {
    "accepted": "quiet", "unknown": "ask", "held": "ask", "succeeded": "good", "late": "ask",
    "failed": "bad", "rejected": "bad", "not_sent": "bad", "not_found": "bad",
}  # fmt: skip
BREAKERS = {
    "closed": N_("in use"),
    "open": N_("left alone"),
    "half-open": N_("may be tried"),
    "probing": N_("being tried"),
}
BREAKER_LOOKS = {"closed": "good", "open": "bad", "half-open": "ask", "probing": "ask"}
ALERTS = {
    "low-balance": N_("little money on the account"),
    "breaker-open": N_("fails, and is left alone"),
    "credentials-refused": N_("refuses our credentials"),
    "price-raised": N_("a price has risen"),
    "charged-over-cap": N_("charged more than the cap"),
    "prepaid-short": N_("our books have less there than it took"),
    "held": N_("a purchase needs a person"),
    "disputed": N_("a second top-up: claim it back"),
    "forged-callback": N_("a callback that cannot be believed"),
    "other-number": N_("a callback with another number"),
}
KINDS = {"supplier_key": N_("card key"), "direct_topup": N_("direct top-up")}
