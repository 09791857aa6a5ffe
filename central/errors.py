"""Everything that can go wrong at the hub and that a caller may want to tell apart.

::

    HubError                      has a stable slug, an HTTP status and a title
    ├── ConfigInvalid             a setting is unknown or wrong
    ├── RequestInvalid            the caller sent something that cannot be done
    ├── MessageRefused            a unit's message cannot be believed
    ├── FileRefused               a file that somebody carried here is not taken
    ├── NotPermitted              nobody has shown that he may do this
    ├── NotFound                  there is no such thing
    ├── Conflict                  it does not fit what is there already
    │   ├── KeyReused             the same business key, another request
    │   ├── PostingRefused        the ledger's own rules refuse it
    │   ├── SharingRefused        a sale cannot be shared, or not be undone, like this
    │   ├── PayoutRefused         a limit on payouts is in the way
    │   ├── OutOfStock            there are not as many
    │   ├── OnAnotherPhone        another phone has this voucher
    │   └── PriceTooHigh          it costs more than the buyer wants to pay
    ├── VaultShut                 the vault's keys are not there, or are others
    ├── CardUnreadable            a card key was altered or moved, and does not open
    ├── FontMissing               a paper cannot be set in Chinese on this machine
    ├── PictureMissing            what a receipt would look like cannot be drawn here
    ├── PictureRefused            a picture that somebody has sent is not taken
    ├── PreviewMissing            what a till would answer cannot be worked out here
    ├── EnrolmentRefused          a code is wrong, used, too old, or the numbers differ
    ├── ChannelRefused            a payment channel has definitely not done it
    ├── ChannelUnknown            nobody knows whether a payment channel has done it
    ├── CallbackRefused           a payment channel's callback cannot be believed
    └── TooManyTries              wait
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from edge.contract.problem import Problem


class HubError(Exception):
    """Base of all; a message is a sentence for a person and repeats no secret."""

    slug = "internal"
    status = 500
    title = "Something went wrong inside the hub"

    def __init__(self, detail: str = "", **extra: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.extra: Mapping[str, Any] = extra

    def problem(self) -> Problem:
        """Return the problem details of this error."""
        return Problem(self.slug, self.status, self.title, self.detail, extra=self.extra)


class ConfigInvalid(HubError):
    """A setting is unknown or has a value that cannot be used."""

    slug, status, title = "config-invalid", 500, "A setting is wrong"


class RequestInvalid(HubError):
    """The caller sent something that cannot be done."""

    slug, status, title = "request-invalid", 400, "The request cannot be understood"


class MessageRefused(HubError):
    """A unit's message is malformed, not signed by it, or of another contract."""

    slug, status, title = "message-refused", 400, "The message cannot be believed"


class FileRefused(HubError):
    """A file from a unit without a network is not taken; ``extra["fault"]`` says why."""

    slug, status, title = "file-refused", 422, "The file is not taken"


class NotPermitted(HubError):
    """Nobody has shown that he may do this."""

    slug, status, title = "not-permitted", 403, "This is not permitted"


class NotIdentified(NotPermitted):
    """Nobody has said who is asking, or not in a way that can be believed."""

    slug, status, title = "not-identified", 401, "Say who is asking"


class NotFound(HubError):
    """There is no such thing."""

    slug, status, title = "not-found", 404, "There is no such thing here"


class Conflict(HubError):
    """It does not fit what is there already."""

    slug, status, title = "conflict", 409, "This does not fit what is there already"


class KeyReused(Conflict):
    """The same business key came with another request."""

    slug, status, title = "key-reused", 422, "This key was used for a different request"


class PostingRefused(Conflict):
    """The ledger's own rules refuse a journal: unbalanced, overdrawn, closed day, …"""

    slug, status, title = "posting-refused", 409, "The ledger refuses this posting"


class SharingRefused(Conflict):
    """A sale cannot be shared like this, or more is to be undone than is left of it."""

    slug, status, title = "sharing-refused", 409, "This cannot be shared like that"


class PayoutRefused(Conflict):
    """A limit on payouts is in the way, or a second person is needed."""

    slug, title = "payout-refused", "The payout may not be made"


class VaultShut(HubError):
    """The key that the card keys are locked with is missing, or is another one."""

    slug, status, title = "vault-shut", 503, "The card-key vault cannot be opened"


class CardUnreadable(HubError):
    """A card key's row was altered or moved; nothing of it is shown."""

    slug, status, title = "card-unreadable", 500, "A card key cannot be read"


class OutOfStock(Conflict):
    """There are not as many keys as were ordered."""

    slug, title = "out-of-stock", "There are not as many"


class OnAnotherPhone(Conflict):
    """A voucher's link was opened by another phone before; only staff can unlock it."""

    slug, title = "on-another-phone", "This voucher is on another phone"


class PriceTooHigh(Conflict):
    """It costs more than the buyer said it may; ``extra["price_minor"]`` is what it costs."""

    slug, title = "price-too-high", "It costs more than it may"


class FontMissing(HubError):
    """No font with Chinese characters is installed, so no paper can be set."""

    slug, status, title = "font-missing", 503, "There is no font for this paper"


class PictureMissing(HubError):
    """The picture of a receipt cannot be drawn on this machine, or not now."""

    slug, status, title = "picture-missing", 503, "The picture of the receipt cannot be drawn"


class PictureRefused(HubError):
    """A picture that somebody has sent is not taken; ``extra["fault"]`` says why."""

    slug, status, title = "picture-refused", 422, "The picture is not taken"


class PreviewMissing(HubError):
    """What a till would answer under a policy cannot be worked out on this machine, or not now."""

    slug, status, title = "preview-missing", 503, "What a till would answer cannot be worked out"


class EnrolmentRefused(HubError):
    """A code is wrong, used or too old, or the numbers were not the same."""

    slug, status, title = "enrolment-refused", 403, "The enrolment was refused"


class ChannelRefused(HubError):
    """A payment channel has said, verifiably, that it has not done it and will not.

    What was held for the request may be set free. A new attempt is a new request.
    """

    slug, status, title = "channel-refused", 409, "The payment channel has refused it"
    is_definite: ClassVar[bool] = True

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(detail, code=code)
        self.code = code


class ChannelUnknown(HubError):
    """Nobody knows whether a payment channel has done it: time-out, 5xx, unverifiable, new code.

    Nothing may be set free. Query under the same number; only if the channel has no such number,
    send the identical request again.
    """

    slug, status, title = "channel-unknown", 502, "The payment channel's answer is not known"
    is_definite: ClassVar[bool] = False

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(detail, code=code)
        self.code = code


class CallbackRefused(HubError):
    """A payment channel's callback is forged, stale, unreadable, or for somebody else."""

    slug, status, title = "callback-refused", 401, "The callback cannot be believed"


class TooManyTries(HubError):
    """Somebody guesses; ``extra["retry_after_s"]`` says how long to wait."""

    slug, status, title = "too-many-tries", 429, "Too many tries; wait"
