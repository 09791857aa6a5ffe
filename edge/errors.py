"""Everything that can go wrong in a unit and that a caller may want to tell apart.

::

    EdgeError                     has a stable slug, an HTTP status, a title, and a way out
    ├── ConfigInvalid             a setting is unknown or wrong
    ├── RequestInvalid            the caller sent something that cannot be done
    │   ├── IdempotencyMissing    a POST that acts has no Idempotency-Key
    │   └── IdempotencyConflict   the key was used for something else
    ├── NotPermitted              no API key, no PIN, or the wrong one
    ├── NotFound                  there is no such thing here
    ├── ScanTaken                 another screen has taken this scan, or it is too old
    ├── TooManyScans              a scanner delivers more than anybody can look at
    ├── VoidRefused               an acceptance cannot be taken back any more
    ├── NotEnrolled               this unit does not know who it is yet
    ├── UnitStopped               the hub has revoked or quarantined this unit
    ├── AlreadyRunning            another process holds this unit's data
    ├── StoreUnavailable          the database cannot be used at the moment
    │   ├── DiskFull              no room to record anything: nothing is accepted
    │   ├── JournalBroken         what is recorded cannot be trusted any more
    │   └── CommitUnknown         a commit failed; whether it happened must be read back
    ├── HubUnreachable            no answer, or none that could be believed
    │   └── HubRefused            the hub answered with a problem
    └── DecoderUnavailable        pictures cannot be read on this unit

A refusal of a voucher is *not* among them: that is a value (``redemption.decide``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge.contract.problem import Problem


def N_(text: str) -> str:  # noqa: N802 - the name that gettext's tools look for
    """Mark a sentence for translation without translating it here."""
    return text


class EdgeError(Exception):
    """Base of all; a message is a sentence for a person and repeats no secret.

    What a clerk may see is one constant sentence, so that it can be translated; what differs from
    case to case is an extra.
    """

    slug = "internal"
    status = 500
    title = "Something went wrong inside the unit"

    def __init__(self, detail: str = "", **extra: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.extra: Mapping[str, Any] = extra

    def problem(self) -> Problem:
        """Return the problem details of this error."""
        return Problem(self.slug, self.status, self.title, self.detail, extra=self.extra)


class ConfigInvalid(EdgeError):
    """A setting is unknown or has a value that cannot be used."""

    slug, status, title = "config-invalid", 500, "A setting is wrong"


class RequestInvalid(EdgeError):
    """The caller sent something that cannot be done, whatever the voucher."""

    slug, status, title = "request-invalid", 400, "The request cannot be understood"


class IdempotencyMissing(RequestInvalid):
    """A POST that acts came without an Idempotency-Key."""

    slug, status = "idempotency-key-missing", 400
    title = "An Idempotency-Key is needed"


class IdempotencyConflict(RequestInvalid):
    """The Idempotency-Key was used before, for a different request."""

    slug, status = "idempotency-key-reused", 422
    title = "This Idempotency-Key was used for a different request"


class NotPermitted(EdgeError):
    """Nobody has shown that he may do this."""

    slug, status, title = "not-permitted", 401, "An API key or PIN is needed"


class NotFound(EdgeError):
    """There is no such thing on this unit."""

    slug, status, title = "not-found", 404, "There is no such thing here"


class ScanTaken(EdgeError):
    """A scan that waited for a screen is not there any more."""

    slug, status, title = "scan-taken", 409, "This scan is not waiting any more"


class TooManyScans(EdgeError):
    """More was delivered than any screen can take; nothing of it was kept."""

    slug, status, title = "too-many-scans", 429, "Too many scans at once"


class VoidRefused(EdgeError):
    """An acceptance is not taken back; it stands."""

    slug, status, title = "void-refused", 409, "This cannot be taken back any more"


class NotEnrolled(EdgeError):
    """The unit has not been enrolled at a hub."""

    slug, status, title = "unit-not-enrolled", 503, "This unit is not enrolled yet"


class UnitStopped(EdgeError):
    """The hub has revoked or quarantined this unit; ``extra["state"]`` says which."""

    slug, status, title = "unit-stopped", 403, "This unit has been stopped by headquarters"


class AlreadyRunning(EdgeError):
    """Another process works on the same data."""

    slug, status, title = "already-running", 500, "This unit is already running"


class StoreUnavailable(EdgeError):
    """The database cannot be used at the moment; nothing was accepted."""

    slug, status, title = "store-unavailable", 503, "The unit cannot record anything right now"


class DiskFull(StoreUnavailable):
    """There is no room to record anything."""

    slug, status, title = "disk-full", 507, "The disk of this unit is full"


class JournalBroken(StoreUnavailable):
    """The journal does not prove itself any more: nothing is accepted on it."""

    slug, status, title = "journal-broken", 503, "The journal of this unit is damaged"


class CommitUnknown(StoreUnavailable):
    """COMMIT raised an error: the transaction may or may not be on the disk."""


class HubUnreachable(EdgeError):
    """The hub did not answer, or not in a way that can be believed."""

    slug, status, title = "hub-unreachable", 503, "The hub cannot be reached"


class HubRefused(HubUnreachable):
    """The hub answered with a problem; ``extra["hub"]`` is its slug."""

    slug, status, title = "hub-refused", 502, "The hub refused"


class FileRefused(EdgeError):
    """A file that somebody carries is not taken, or not given; ``extra["fault"]`` says why."""

    slug, status, title = "file-refused", 422, "The file is not taken"


class DecoderUnavailable(EdgeError):
    """Pictures cannot be read: the camera extra is missing, or the decoder does not answer."""

    slug, status, title = "decoder-unavailable", 503, "Pictures cannot be read on this unit"
