"""What to do about each problem: at the till, and in the program that got it.

``/problems/<slug>`` shows it without a network; docs/reference/problems.md is written from it. A
test fails when a slug has none.
"""

from __future__ import annotations

from collections.abc import Mapping

from edge.contract.problem import Advice, Again
from edge.web.words import N_

AGAIN: Mapping[Again, str] = {
    Again.NO: N_("No: this request gets the same answer each time."),
    Again.NOW: N_("Yes, at once, with the same Idempotency-Key."),
    Again.LATER: N_("Yes, with the same Idempotency-Key, once the cause is gone."),
}
ADVICE: Mapping[str, Advice] = {
    "voucher-refused": Advice(
        N_("The voucher was looked at and not accepted. The scan is on record."),
        N_("The page says why not, and what can be done next."),
        N_(
            "Show `detail`, act on `way_out`; `reason` is a stable slug. A new scan takes a new"
            " Idempotency-Key."
        ),
        Again.NO,
    ),
    "request-invalid": Advice(
        N_("Something in the request is missing or wrong. Nothing was recorded."),
        N_("Correct what was typed."),
        N_("`detail` says what is wrong, `member` in which member of the body. Mend the caller."),
        Again.NO,
    ),
    "idempotency-key-missing": Advice(
        N_("A redemption came without an Idempotency-Key. Nothing was recorded."),
        N_("Nothing was accepted. Call whoever looks after the cash register."),
        N_("Make one key a sale, keep it with the sale, and send it with each try."),
        Again.NO,
    ),
    "idempotency-key-reused": Advice(
        N_("This Idempotency-Key came before, with another voucher, amount, basket or clerk."),
        N_("Nothing was accepted. Begin the sale anew."),
        N_("Never use a key for a second sale. What the key stands for is not changed."),
        Again.NO,
    ),
    "not-permitted": Advice(
        N_("No API key or PIN came, or the wrong one; or there were too many wrong PINs."),
        N_("Log in again. After five wrong PINs each further try has to wait."),
        N_("`tearoff-unit api-key` shows the key. Heed `Retry-After` if it is there."),
        Again.LATER,
    ),
    "not-found": Advice(
        N_("There is no such address, or no scan or receipt of this number."),
        N_("Go back to the page before."),
        N_("`entry` of each answer holds the numbers, epoch and seq, of its scan."),
        Again.NO,
    ),
    "method-not-allowed": Advice(
        N_("The address exists, but not with this method."),
        N_("Go back to the page before."),
        N_("Mend the caller; `GET /openapi.json` lists what there is."),
        Again.NO,
    ),
    "bad-request": Advice(
        N_("This is not HTTP as the unit understands it."),
        N_("Load the page again."),
        N_("Mend the caller; `GET /openapi.json` lists what there is."),
        Again.NO,
    ),
    "request-too-large": Advice(
        N_("The body is larger than any scan or picture can be."),
        N_("Take a smaller picture: at most 16 MB."),
        N_("Send the text of the code, not its picture."),
        Again.NO,
    ),
    "unsupported-media-type": Advice(
        N_("The body is of a type that is not taken."),
        N_("Load the page again."),
        N_("Send `Content-Type: application/json`."),
        Again.NO,
    ),
    "internal": Advice(
        N_("A defect of the unit. The log has an entry that `instance` names."),
        N_("Try once more. If it stays, call support and tell them the slug and the time."),
        N_("Send the same again: if the scan was recorded, the answer is what was recorded."),
        Again.NOW,
    ),
    "store-unavailable": Advice(
        N_("The database cannot be used at the moment. Nothing is accepted until it can."),
        N_("Hand nothing out. Try again; if it stays, call whoever looks after the unit."),
        N_("Send the same again: if the scan was recorded, the answer is what was recorded."),
        Again.NOW,
    ),
    "disk-full": Advice(
        N_("There is no room left to record anything, so nothing is accepted."),
        N_("Hand nothing out. Call whoever looks after the unit."),
        N_("Free some space on the disk of `unit.data_dir`. What was recorded before is safe."),
        Again.LATER,
    ),
    "journal-broken": Advice(
        N_("What is recorded cannot be proven any more, so nothing is accepted on it."),
        N_("Hand nothing out at this till. Call headquarters."),
        N_("`tearoff-unit doctor` says what is damaged; docs/how-to/recover-a-unit.md, what then."),
        Again.LATER,
    ),
    "unit-not-enrolled": Advice(
        N_("This machine does not know yet which unit of which store it is."),
        N_("Call headquarters and ask for a code."),
        N_("Enrol it with `tearoff-unit enrol`; docs/how-to/enrol-a-unit.md shows how."),
        Again.LATER,
    ),
    "scan-taken": Advice(
        N_(
            "A scan waits for a screen for ten seconds, and the first screen that takes it has it."
            " This one was taken by another, or nobody took it in time."
        ),
        N_("If no screen shows an answer, scan again. It cannot be redeemed twice by that."),
        N_("Ask for the next scan. Nothing was recorded by this call."),
        Again.NO,
    ),
    "too-many-scans": Advice(
        N_(
            "A scanner delivered faster than a hand can, or eight of its scans waited for a screen."
            " What came on top was not kept."
        ),
        N_("Wait for the answers, then scan again. If nobody scanned, have the scanner looked at."),
        N_("Send one scan for each code that a person shows, and wait for its answer."),
        Again.LATER,
    ),
    "void-refused": Advice(
        N_("An acceptance can be taken back for some minutes only. It stands."),
        N_("Keep the receipt and call headquarters, who can refund the customer."),
        N_("The policy's limit is over, 15 minutes unless headquarters has set another."),
        Again.NO,
    ),
    "unit-stopped": Advice(
        N_("Headquarters has revoked this unit, or two journals claim to be its own."),
        N_("Hand nothing out at this till. Call headquarters."),
        N_("`state` is `revoked` or `quarantined`. The latter can be released at the hub."),
        Again.LATER,
    ),
    "decoder-unavailable": Advice(
        N_("Pictures cannot be read: the camera extra is missing, or this picture broke the"
           " decoder."),
        N_("Use the scanner, or type the 18 digits."),
        N_("Only the clerk's page answers this; `tearoff-unit doctor` says what is missing."),
        Again.LATER,
    ),
    "file-refused": Advice(
        N_("A bundle file is cut off, altered, somebody else's or too old; `fault` says which."),
        N_("Fetch a new file for this unit from headquarters, and copy it whole."),
        N_("`not-a-file`, `cut-off`, `altered`, `not-signed`, `other-issuer`, `other-unit`,"
           " `older`; `no-key` if a journal is asked for before the first bundle file."),
        Again.NO,
    ),
    "config-invalid": Advice(
        N_("A setting is missing, unknown, or has a value that cannot be used."),
        N_("Call whoever looks after the unit."),
        N_("`detail` names the setting; see docs/reference/settings.md. Then start it again."),
        Again.LATER,
    ),
    "already-running": Advice(
        N_("Another process works on the data of this unit."),
        N_("Nothing: the other process goes on serving."),
        N_("Only commands say this. Stop the running unit first."),
        Again.LATER,
    ),
    "hub-unreachable": Advice(
        N_("The hub did not answer, or not in a way that can be believed."),
        N_("Go on: the unit decides by itself as far as its policy lets it."),
        N_("Only commands say this, never a redemption. Look at `hub.url`, network and clock."),
        Again.LATER,
    ),
    "hub-refused": Advice(
        N_("The hub answered with a problem of its own; `hub` holds its slug."),
        N_("Go on: the unit decides by itself as far as its policy lets it."),
        N_("Only commands say this, never a redemption. Look the slug up among those of the hub."),
        Again.LATER,
    ),
}  # fmt: skip
