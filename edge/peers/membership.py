"""Who belongs to the store, who is there, and whose word it takes. Pure; time is passed in.

Everybody's word means: of every unit that the hub has enrolled here and not revoked. A unit that
is silent may stand behind a cable that somebody has pulled, accepting; so silence never counts as
consent, and a unit that is switched off is silent (docs/decisions/0029). Whoever is off for good
is revoked at the hub, which from then on promises it nothing.
"""

from __future__ import annotations

from enum import StrEnum

from edge.contract.bundle import Peer, PeerList
from edge.contract.ids import UnitId
from edge.contract.sync_message import UnitState

BEAT_S = 2.0
MISSED_MAX = 3
SILENT_S = BEAT_S * MISSED_MAX + 0.5
"""Three beats and what a network may delay the fourth."""
DOUBT_S = 600.0
"""A unit that was met twice at once is not believed for this long after the last time."""


class Presence(StrEnum):
    """What a unit's peer is to it at a moment."""

    LIVE = "live"
    SILENT = "silent"
    """It was here since this start, and then no more."""
    NEVER_SEEN = "never-seen"
    DOUBTFUL = "doubtful"
    """Two units claim to be it, or its journal has two ends."""
    STOPPED = "stopped"
    """The hub has quarantined it."""
    REVOKED = "revoked"


class Members:
    """The units of the store as this one sees them."""

    def __init__(self, me: UnitId) -> None:
        self._me = me
        self._peers: dict[UnitId, Peer] = {}
        self._heard_at_s: dict[UnitId, float] = {}
        self._doubted_until_s: dict[UnitId, float] = {}

    def learn(self, peer_list: PeerList) -> None:
        """Take the hub's newest list; whoever was doubted and then looked at is so no more."""
        for peer in peer_list.peers:
            if self._peers.get(peer.unit, peer).state is not peer.state:
                self._doubted_until_s.pop(peer.unit, None)
        self._peers = {p.unit: p for p in peer_list.peers if p.unit != self._me}

    def get(self, unit: UnitId) -> Peer | None:
        """Return what the hub says of a unit; None if it is not of this store."""
        return self._peers.get(unit)

    def all(self) -> list[Peer]:
        """Return every other unit of the store."""
        return list(self._peers.values())

    def heard(self, unit: UnitId, now_s: float) -> None:
        """Something came from a unit."""
        self._heard_at_s[unit] = now_s

    def doubt(self, unit: UnitId, now_s: float, for_s: float = DOUBT_S) -> None:
        """There are two of a unit, or its journal has two ends."""
        self._doubted_until_s[unit] = max(now_s + for_s, self._doubted_until_s.get(unit, 0.0))

    def presence(self, unit: UnitId, now_s: float) -> Presence:
        """Return what a unit of the store is at this moment."""
        peer = self._peers[unit]
        heard_at_s = self._heard_at_s.get(unit)
        if peer.state is UnitState.REVOKED:
            return Presence.REVOKED
        if peer.state is not UnitState.ACTIVE:
            return Presence.STOPPED
        if self._doubted_until_s.get(unit, now_s) > now_s:
            return Presence.DOUBTFUL
        if heard_at_s is None:
            return Presence.NEVER_SEEN
        return Presence.LIVE if now_s - heard_at_s <= SILENT_S else Presence.SILENT

    def presences(self, now_s: float) -> dict[UnitId, Presence]:
        """Return what each unit of the store is at this moment."""
        return {unit: self.presence(unit, now_s) for unit in self._peers}

    def required(self, now_s: float) -> frozenset[UnitId]:
        """Return whose word is everybody's."""
        presences = self.presences(now_s).items()
        return frozenset(unit for unit, p in presences if p is not Presence.REVOKED)

    def awaited(self, now_s: float) -> frozenset[UnitId]:
        """Return whom it is worth waiting for."""
        return frozenset(u for u, p in self.presences(now_s).items() if p is Presence.LIVE)
