"""What to do about each problem: at headquarters, and in the program that got it.

``/problems/<slug>`` shows it; docs/reference/problems.md is written from it. A test fails when a
slug has none.
"""

from __future__ import annotations

from collections.abc import Mapping

from central.foundation.language.words import N_
from edge.contract.problem import Advice, Again

AGAIN: Mapping[Again, str] = {
    Again.NO: N_("No: this request gets the same answer each time."),
    Again.NOW: N_("Yes, at once; whatever was done before is not done twice."),
    Again.LATER: N_("Yes, once the cause is gone."),
}
ADVICE: Mapping[str, Advice] = {
    "request-invalid": Advice(
        N_("Something in the request is missing or wrong. Nothing was changed."),
        N_("Correct what was typed."),
        N_("`detail` says what is wrong; `errors` names each parameter that does not suit."),
        Again.NO,
    ),
    "bad-request": Advice(
        N_("This is not HTTP as the hub understands it, or a form has lost its token."),
        N_("Load the page again, and send the form once more."),
        N_("Mend the caller; `GET /openapi.json` lists what there is."),
        Again.NO,
    ),
    "not-found": Advice(
        N_("There is no such address, or nothing of this name."),
        N_("Go back to the page before."),
        N_("Check the id; `GET /openapi.json` lists the addresses."),
        Again.NO,
    ),
    "method-not-allowed": Advice(
        N_("The address exists, but not with this method."),
        N_("Go back to the page before."),
        N_("`Allow` lists the methods that there are."),
        Again.NO,
    ),
    "request-too-large": Advice(
        N_("The body is larger than its address takes: 1 MiB, where pictures are sent 8 MiB."),
        N_("Send less at once, or a smaller picture."),
        N_("`limit_bytes` says how much. A unit splits its push; any other caller sends less."),
        Again.NO,
    ),
    "unsupported-media-type": Advice(
        N_("The body is of a type that is not taken."),
        N_("Load the page again."),
        N_("Send the `Content-Type` that `GET /openapi.json` says."),
        Again.NO,
    ),
    "not-identified": Advice(
        N_("No API key came, or one that nobody has; or a unit's signature is not its own."),
        N_("Log in again."),
        N_(
            "`tearoff-hub api-key` makes a key. A unit whose clock is wrong pulls first: the"
            " answer brings the time."
        ),
        Again.LATER,
    ),
    "not-permitted": Advice(
        N_("The role of this person or key may not do this; or the unit was stopped."),
        N_("Ask an administrator for the role that may."),
        N_("Use a key of another role; docs/reference/routes.md says which role may do what."),
        Again.LATER,
    ),
    "conflict": Advice(
        N_("What was asked does not fit what is there already. Nothing was changed."),
        N_("Load the page again: somebody else may have been quicker."),
        N_("Read the present state, then decide anew; `detail` says what is in the way."),
        Again.NO,
    ),
    "key-reused": Advice(
        N_("This key came before, with another request."),
        N_("Nothing was changed. Begin anew."),
        N_("A defect of the caller: a key stands for one request for ever. Use a new one."),
        Again.NO,
    ),
    "posting-refused": Advice(
        N_("The rules of the ledger refuse it: unbalanced, overdrawn, a closed day or account."),
        N_("Nothing was posted. `detail` says which rule; ask whoever keeps the books."),
        N_("Nothing was posted and nothing else was changed with it."),
        Again.NO,
    ),
    "sharing-refused": Advice(
        N_("A sale cannot be shared like this, or more is to be undone than is left of it."),
        N_("Nothing was booked. Look at the rule set and at what was refunded before."),
        N_("Nothing was booked; `detail` says why."),
        Again.NO,
    ),
    "enrolment-refused": Advice(
        N_("The code is wrong, used or older than ten minutes, or the two numbers differ."),
        N_("Make a new code. If the numbers differed, find out who stands in between."),
        N_("Begin again with the new code: `tearoff-unit enrol`."),
        Again.NO,
    ),
    "too-many-tries": Advice(
        N_("Too many requests of this kind came from one address."),
        N_("Wait as long as the page says."),
        N_("`Retry-After` says for how many seconds to wait."),
        Again.LATER,
    ),
    "message-refused": Advice(
        N_("A unit's push does not hold together: its signed head is that of something else."),
        N_("Nothing was taken. Let somebody look at the unit."),
        N_("A defect of the unit, or somebody in between: `tearoff-unit doctor` looks."),
        Again.NO,
    ),
    "file-refused": Advice(
        N_("A unit's journal file is cut off, altered, or somebody else's; `fault` says which."),
        N_("Nothing of it was taken. Let the unit write the file again, and copy it whole."),
        N_("`not-a-file`, `cut-off`, `altered`, `not-signed`, `other-issuer`, `other-unit`."),
        Again.NO,
    ),
    "internal": Advice(
        N_("A defect of the hub. The log has an entry that `instance` names."),
        N_("Try once more. If it stays, call support and tell them `instance`."),
        N_("Send the same again with the same key; report `instance`."),
        Again.NOW,
    ),
    "config-invalid": Advice(
        N_("A setting is missing, unknown, or has a value that cannot be used."),
        N_("Call whoever looks after the hub."),
        N_("Only commands say this. `detail` names the setting; see docs/reference/settings.md."),
        Again.LATER,
    ),
    # What a message between unit and hub can be refused for; see docs/reference/contract.md.
    "malformed-message": Advice(
        N_("The message is not of the form that the contract says."),
        N_("Nothing was taken. Let somebody look at the unit."),
        N_("Check the bytes against docs/reference/contract.md and its vectors."),
        Again.NO,
    ),
    "malformed-entry": Advice(
        N_("An entry of a journal cannot be read. The hub keeps it aside."),
        N_("Nothing is posted for it. Let somebody look at the unit."),
        N_("Check the bytes against docs/reference/contract.md and its vectors."),
        Again.NO,
    ),
    "bad-message-signature": Advice(
        N_("The message was not signed by a key that is trusted for it."),
        N_("Nothing was taken. Let somebody look at the unit."),
        N_("Check key, kind and issuer: all three are in what is signed."),
        Again.NO,
    ),
    "foreign-message": Advice(
        N_("The message was made for another unit."),
        N_("Nothing was taken. Let somebody look at the unit."),
        N_("Epoch keys are sealed to one unit: pull them with its own name."),
        Again.NO,
    ),
    "payout-refused": Advice(
        N_("A limit is in the way, payouts are stopped, or a second person is needed."),
        N_("Let a second person release it, or look at the limits."),
        N_("Nothing was held. Ask again with the same key once the limit has room."),
        Again.LATER,
    ),
    "out-of-stock": Advice(
        N_("There are not as many keys as were ordered; nothing was kept."),
        N_("Take keys in, or have a supplier's offer for this SKU."),
        N_("Order fewer, or ask again later with another key."),
        Again.LATER,
    ),
    "on-another-phone": Advice(
        N_("The link of a voucher was opened by another phone before. Nothing was shown."),
        N_("If the holder has a new phone, unlock the voucher on its page; it is noted who did."),
        N_("Show the holder the way out: the shop or headquarters can unlock it."),
        Again.LATER,
    ),
    "price-too-high": Advice(
        N_("The price is above the highest that the order named; nothing was kept."),
        N_("The price has changed since it was shown. Look at it again."),
        N_("`price_minor` is the price now. Order again with a higher limit, or leave it."),
        Again.LATER,
    ),
    "channel-refused": Advice(
        N_("The payment channel has said that it has not done it and will not."),
        N_("Nothing was paid, and what was held is free. `code` is the channel's own word."),
        N_("A new try is a new request with a new key."),
        Again.NO,
    ),
    "channel-unknown": Advice(
        N_("Nobody knows whether the payment channel has done it."),
        N_("Wait: the hub asks the channel until it knows, and holds the money meanwhile."),
        N_("Ask under the same number; never begin anew under another one."),
        Again.LATER,
    ),
    "callback-refused": Advice(
        N_("A payment channel's callback is forged, too old, unreadable, or for another merchant."),
        N_("Nothing was changed. Compare the keys with those at the channel."),
        N_("Sign it anew: with the channel's key, for this merchant, within five minutes."),
        Again.LATER,
    ),
    "vault-shut": Advice(
        N_("The key file that the card keys are locked with is missing, or is another one."),
        N_("Nothing was shown or changed. Tell whoever runs the hub."),
        N_(
            "`detail` names the file: put it back from your copy. `tearoff-hub cards make-keys`"
            " makes the first ones, and only those."
        ),
        Again.LATER,
    ),
    "card-unreadable": Advice(
        N_("The row of a card key was altered or moved, so it does not open."),
        N_("Nothing was shown. Tell whoever runs the hub: an alert is on the page of card keys."),
        N_("Find out who has written to the database; take the row from a backup."),
        Again.NO,
    ),
    "font-missing": Advice(
        N_("No font with Chinese characters is installed where the hub runs."),
        N_("Take the statement as CSV or workbook meanwhile."),
        N_("Install Debian's fonts-wqy-microhei; `./run` does."),
        Again.LATER,
    ),
    "picture-missing": Advice(
        N_("The program that draws receipts is not installed where the hub runs, or is too slow."),
        N_("Save the receipt without its picture, or look at it later."),
        N_("Install the unit's part beside the hub's: `pip install 'tearoff[edge]'`."),
        Again.LATER,
    ),
    "picture-refused": Advice(
        N_("The file is no PNG, JPEG or WebP, is damaged, moves, or has too many bytes or pixels."),
        N_("Save it anew as PNG or JPEG, smaller if it is very large, and send that."),
        N_(
            "`fault` says which: not-a-picture, damaged, animated, too-many-bytes,"
            " too-many-pixels. What a picture is, its bytes say; its name does not count."
        ),
        Again.NO,
    ),
    "preview-missing": Advice(
        N_("The tills' program that decides could not be run where the hub runs, or is too slow."),
        N_("Save the policy without its answer, or ask again later."),
        N_("Ask again. `python -m edge.redemption.preview` is a part of this package."),
        Again.LATER,
    ),
    "unknown-version": Advice(
        N_("The message is of another version of the contract."),
        N_("Bring unit and hub to versions that know one another."),
        N_("The hub speaks version 1; field 1 of each message says its version."),
        Again.LATER,
    ),
    "push-too-large": Advice(
        N_("A push holds nothing, more than 500 entries, or more than 256 KiB."),
        N_("Nothing was taken. Let somebody look at the unit."),
        N_("Split the push. Entries that were acknowledged need not be sent again."),
        Again.NO,
    ),
}
