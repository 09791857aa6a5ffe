"""What a redemption needs of others: somebody who stands behind an acceptance."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from edge.contract.ids import VoucherId
from edge.contract.policy import Mode, Policy
from edge.contract.refusal import Refusal
from edge.contract.sync_message import Reservation, Reserve
from edge.contract.voucher_token import VoucherClaims
from edge.journal.knowledge import Knowledge


class Claim(NamedTuple):
    """What is about to be accepted.

    Args:
        request: The 16 bytes that the entry will bear; the same for every try of one request.
        amount: In the voucher's own measure.
        worth_minor: The same in minor units, 0 if nobody knows.
    """

    request: bytes
    claims: VoucherClaims
    amount: int
    worth_minor: int


class Assurance(NamedTuple):
    """What somebody says to a claim: he stands behind it, or the voucher must be refused.

    Args:
        mode: Which guarantee this is.
        refusal: Why the value must not be taken; None if it may.
        remaining: What is left afterwards, if he knows better than this unit.
        evidence: What the hub can hold the mode against; the entry bears it.
        life_s: How long after the question his word may be used; None if that does not matter.
    """

    mode: Mode
    refusal: Refusal | None = None
    remaining: int | None = None
    evidence: bytes | None = None
    life_s: float | None = None


class Guarantor(Protocol):
    """Somebody who may stand behind an acceptance. They are asked one after the other, the
    strongest guarantee first, and only those whose guarantee the policy allows."""

    modes: frozenset[Mode]
    """The guarantees that he may give."""

    def assure(self, claim: Claim, policy: Policy) -> Assurance | None:
        """Return his word, or None if he has none: then the next one is asked.

        Called without any lock or transaction. Never raises, and never takes longer than the
        policy lets a customer wait.
        """


class Neighbours(Protocol):
    """The other units of the store: what they have done with a voucher, and that no two of us
    begin with one at the same moment."""

    def knowledge_of(self, voucher_id: VoucherId) -> Knowledge:
        """Return what all of them together did with a voucher, as far as it is known here."""

    def hold(self, claim: Claim) -> Refusal | None:
        """Begin a redemption, whatever will stand behind it; say why it must not go on.

        Never raises. May wait for another request about the same voucher to end.
        """

    def elsewhere(self, claim: Claim, known: Knowledge) -> Knowledge:
        """Return what they did with the voucher, with what they have just said of it."""

    def end(self, request: bytes, *, nothing_taken: bool) -> None:
        """The redemption is recorded, or will not be. Called whatever happened."""


class Reserver(Protocol):
    """Asks the hub to hold part of a voucher."""

    def reserve(self, reserve: Reserve, timeout_ms: int) -> Reservation | None:
        """Return the hub's answer, or None if there was none within the time.

        Never raises: a hub that is silent, wrong or unbelievable is no hub. While the circuit is
        open it returns None at once.
        """
