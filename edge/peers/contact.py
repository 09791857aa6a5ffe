"""This unit, and one other of the store as far as datagrams are concerned.

Addresses, sessions, progress. Pure: no socket, no clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.contract.ids import StoreId, UnitId
from edge.contract.peer_link import Hello, Link
from edge.contract.sync_message import Ack

Address = tuple[str, int]

ADDRESSES_MAX = 8
LEFT_MAX = 64
"""Sessions that are remembered as left."""
STRAGGLES_S = 3.0
"""A datagram of a unit's last start may be this late; what comes after that was sent after it."""


class Me(NamedTuple):
    """Who this unit is. Not to be shown: it holds its key."""

    issuer: str
    store: StoreId
    unit: UnitId
    key: Ed25519PrivateKey

    def __repr__(self) -> str:
        return f"Me({self.store}, {self.unit})"


@dataclass(slots=True)
class Contact:
    """What is known of the way to a unit.

    Attributes:
        link: What is talked through; None before the first session was confirmed.
        pending: A session that its unit has not proven to be in yet.
        have: How far it said it has each journal.
        sent: How far each journal was sent to it, and how many messages ahead of its word.
        rewound: From where, and when, a journal was sent to it again.
        lacked_at_s: When it was last told that something of its own is missing here.
        is_known: Since this unit's own start everything that this one had, of any unit, was here.
    """

    unit: UnitId
    addresses: list[Address] = field(default_factory=list)
    source: Address | None = None
    link: Link | None = None
    pending: Link | None = None
    left_link: Link | None = None
    left_at_s: float = 0.0
    left: deque[bytes] = field(default_factory=lambda: deque(maxlen=LEFT_MAX))
    said_hello_at_s: float | None = None
    have: dict[UnitId, Ack] = field(default_factory=dict)
    sent: dict[UnitId, tuple[Ack | None, int]] = field(default_factory=dict)
    rewound: dict[UnitId, tuple[Ack | None, float]] = field(default_factory=dict)
    lagging: dict[UnitId, Ack | None] = field(default_factory=dict)
    is_known: bool = False
    lacked_at_s: float | None = None

    def may_be_at(self, addresses: Iterable[Address]) -> None:
        """Note where it may be found; the newest word of it comes first."""
        fresh = list(dict.fromkeys([*addresses, *self.addresses]))
        self.addresses = fresh[:ADDRESSES_MAX]

    def knows(self, session: bytes) -> bool:
        """Say whether a session is one that this unit was met in."""
        links = (self.link, self.pending, self.left_link)
        return any(link and link.theirs.session == session for link in links)

    def link_of(self, session: bytes) -> Link | None:
        """Return the link of a session, the one that was left included."""
        for link in (self.link, self.pending, self.left_link):
            if link and link.theirs.session == session:
                return link
        return None

    def wants(self, hello: Hello) -> bool:
        """Say whether a verified hello begins something new."""
        session = hello.session
        if self.link and self.link.theirs.session == session:
            return False
        if self.pending and self.pending.theirs == hello._replace(
            to=self.pending.theirs.to, echo=self.pending.theirs.echo
        ):
            return False
        return session not in self.left

    def confirm(self, now_s: float) -> None:
        """The pending session is the one from now on; the one before is left for good."""
        if self.link is not None:
            self.left.append(self.link.theirs.session)
            self.left_link, self.left_at_s = self.link, now_s
        self.link, self.pending = self.pending, None
        self.have, self.sent, self.rewound, self.lagging = {}, {}, {}, {}
