"""What the vault's states, faults and refusals are called on a page."""

from __future__ import annotations

from typing import Any

from central.foundation.language.words import N_
from central.supply.cards.card import Fault
from central.supply.cards.model import BatchState, KeyState

KEY_STATES = {
    KeyState.AVAILABLE: N_("in stock"),
    KeyState.RESERVED: N_("reserved"),
    KeyState.SOLD: N_("sold"),
    KeyState.REVEALED: N_("sold and seen"),
    KeyState.REPLACED: N_("replaced"),
    KeyState.QUARANTINED: N_("set aside"),
    KeyState.EXPORTED: N_("exported"),
    KeyState.VOID: N_("void"),
}
KEY_LOOKS = {
    KeyState.AVAILABLE: "good", KeyState.RESERVED: "quiet", KeyState.SOLD: "quiet",
    KeyState.REVEALED: "quiet", KeyState.REPLACED: "ask", KeyState.QUARANTINED: "ask",
    KeyState.EXPORTED: "quiet", KeyState.VOID: "bad",
}  # fmt: skip
BATCH_STATES = {
    BatchState.IMPORTING: N_("import not ended"),
    BatchState.STAGED: N_("to be looked at"),
    BatchState.STOCKED: N_("in stock"),
    BatchState.DISCARDED: N_("thrown away"),
}
BATCH_LOOKS = {
    BatchState.IMPORTING: "ask", BatchState.STAGED: "ask", BatchState.STOCKED: "good",
    BatchState.DISCARDED: "quiet",
}  # fmt: skip
FAULTS = {
    Fault.EMPTY: N_("without a secret"),
    Fault.ERROR_TEXT: N_("an error text, not a key"),
    Fault.FORMULA: N_("a formula or a spreadsheet's error"),
    Fault.ROUNDED: N_("a number that the spreadsheet has rounded"),
    Fault.TOO_SHORT: N_("too short"),
    Fault.TOO_LONG: N_("too long"),
    Fault.CONTROL: N_("with characters that cannot be seen"),
    Fault.COLUMNS: N_("of another number of columns"),
    Fault.TWICE: N_("twice in this file"),
    Fault.KNOWN: N_("in the vault already"),
}
REFUSED = {
    "password": N_("The password is wrong. Nothing is shown."),
    "locked": N_("Too many wrong passwords; wait an hour. Nothing is shown."),
    "person": N_("You have seen too many keys within an hour. Nothing is shown."),
    "address": N_("Too many keys were seen from your address within an hour. Nothing is shown."),
    "order": N_("Too many keys were seen for this reference within a day. Nothing is shown."),
}
ALERTS = {
    "reveal": N_("was looked at"),
    "search": N_("was searched for"),
    "import": N_("stood in a file that came in"),
    "change": N_("was to be set aside or made void"),
    "unreadable": N_("does not open: its row was altered"),
}
EXPORT_STATES = {
    "requested": N_("asked for"),
    "approved": N_("approved"),
    "refused": N_("refused"),
    "fetched": N_("fetched"),
}
ACCESSES = {
    "revealed": N_("seen"),
    "searched": N_("searched"),
    "wrong-password": N_("wrong password"),
    "refused-person": N_("refused: too many by one person"),
    "refused-address": N_("refused: too many from one address"),
    "refused-order": N_("refused: too many for one reference"),
    "quarantined": N_("set aside"),
    "released": N_("back in stock"),
    "voided": N_("made void"),
    "touched": N_("was to be changed"),
    "bait-planted": N_("bait planted"),
    "export-requested": N_("export asked for"),
    "export-approved": N_("export approved"),
    "export-refused": N_("export refused"),
    "exported": N_("exported"),
}
WORDS: dict[str, Any] = {
    "key_states": KEY_STATES,
    "key_looks": KEY_LOOKS,
    "batch_states": BATCH_STATES,
    "batch_looks": BATCH_LOOKS,
    "fault_names": FAULTS,
    "alert_kinds": ALERTS,
    "export_states": EXPORT_STATES,
    "accesses": ACCESSES,
}
"""For a page."""
