"""The hub's side of an enrolment."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from edge.contract import canonical
from edge.contract.enrolment import EnrolOffer, EnrolRequest, comparison_number
from edge.sync.enrol import PATH
from tests import builders as b
from tests.edge.sync.small_hub import Asked, Reply


@dataclass
class Desk:
    """The headquarters' desk, as one test needs it: the ``answer`` of a SmallHub.

    Attributes:
        states: What the unit is told while it waits, one after the other.
    """

    states: list[bytes] = field(default_factory=lambda: [canonical.encode({})])
    key: str = "bundle"
    hub_nonce: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    request: EnrolRequest | None = None
    nonce: bytes = b""

    def __call__(self, asked: Asked) -> Reply:
        if asked.path == PATH:
            self.request = EnrolRequest.open(asked.body)
            public = b.a_sign_key(self.key).public_key().public_bytes_raw()
            offer = EnrolOffer(bytes(16), b.ISSUER, public, self.hub_nonce, b.NOW_S)
            return Reply(offer.sign(b.a_sign_key(self.key)))
        if asked.path == f"{PATH}/{bytes(16).hex()}/reveal":
            self.nonce = canonical.decode(asked.body)[1]
            return Reply(canonical.encode({}))
        assert asked.path == f"{PATH}/{bytes(16).hex()}/state"
        return Reply(self.states.pop(0) if len(self.states) > 1 else self.states[0])

    def number(self) -> str:
        """What the hub's screen shows."""
        request = self.request
        assert request is not None
        public = b.a_sign_key(self.key).public_key().public_bytes_raw()
        return comparison_number(
            request.sign_key, request.seal_key, self.nonce, public, self.hub_nonce
        )
