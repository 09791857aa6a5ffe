"""Mistakes in what the units of one store ask and tell one another."""

from __future__ import annotations

from typing import Any

from edge.contract.peer_message import Verdict
from edge.journal.knowledge import Knowledge
from edge.peers.claim import Claims
from edge.peers.gossip import Batch
from edge.peers.membership import Members
from edge.peers.neighbourhood import Neighbourhood
from edge.peers.node import PeerNode
from edge.peers.shelf import PeerShelf
from edge.redemption.lan import Lan
from tests.simulation.bugs.seam import Bug, Seam


def _everybody_says_yes(seam: Seam) -> None:
    """A claim is acknowledged whatever goes on here with the voucher."""
    right = seam.put(Claims, "claimed", None)

    def wrong(self: Claims, peer: Any, claim: Any, session: bytes) -> Verdict:
        held = self._held.pop(claim.voucher_id, None)
        try:
            verdict: Verdict = right(self, peer, claim, session)
            return verdict
        finally:
            if held is not None:
                self._held[claim.voucher_id] = held

    seam.over(Claims, "claimed", wrong)


def _says_nothing_of_what_was_taken(seam: Seam) -> None:
    right = seam.put(Neighbourhood, "_answer", None)

    def wrong(self: Neighbourhood, *args: Any) -> Any:
        return right(self, *args)._replace(taken={})

    seam.over(Neighbourhood, "_answer", wrong)
    seam.put(Lan, "knowledge_of", lambda *_: Knowledge())


def _entries_are_not_kept(seam: Seam) -> None:
    def wrong(self: PeerShelf, batch: Batch) -> None:
        """They are believed to be here, and are not."""

    seam.put(PeerShelf, "put", wrong)


NEIGHBOUR_BUGS = (
    Bug("silence is consent",
        lambda s: s.put(Members, "required", Members.awaited)),
    Bug("degraded is called everybody's word",
        lambda s: s.put(PeerNode, "is_exact", lambda *_: True)),
    Bug("a claim is acknowledged while the voucher is held", _everybody_says_yes),
    Bug("nobody says what he has taken", _says_nothing_of_what_was_taken),
    Bug("what was acknowledged is forgotten at once",
        lambda s: s.put(Claims, "promised", lambda *_: {})),
    Bug("entries of others are not kept", _entries_are_not_kept),
)  # fmt: skip
