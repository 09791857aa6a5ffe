"""Words for what happens to a balance and where an account is, for pages."""

from __future__ import annotations

from central.foundation.language.words import N_
from central.sale.customers.model import CustomerState
from central.sale.orders.words import CHANNELS, REFUNDS

LINES = {
    "balance-topped-up": N_("topped up"),
    "bought": N_("order paid"),
    "refund-confirmed": N_("back from an order"),
    "balance-given-back": N_("given back to you"),
}
"""Of the journals that move a balance; the same words in every language's statement."""
STATES = {
    CustomerState.ACTIVE: N_("active"),
    CustomerState.STOPPED: N_("stopped"),
    CustomerState.DELETED: N_("deleted"),
}
STATE_LOOKS = {
    CustomerState.ACTIVE: "good",
    CustomerState.STOPPED: "bad",
    CustomerState.DELETED: "quiet",
}


def for_pages() -> dict[str, object]:
    """Return all of them, by the names that templates know."""
    return {
        "line_names": LINES, "customer_states": STATES, "customer_looks": STATE_LOOKS,
        "channel_names": CHANNELS, "refund_states": REFUNDS,
    }  # fmt: skip
