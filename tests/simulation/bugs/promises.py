"""Mistakes in what is promised now and spent later: leases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from edge.bundles.store import BundleStore
from edge.contract.signed import Kind
from edge.journal.store import Journal
from tests.simulation.bugs.seam import Bug, Seam
from tests.simulation.hub.facts import Facts
from tests.simulation.hub.promises import Promises


def _never_gives_back(seam: Seam) -> None:
    """A unit goes on with a lease that the hub's newest book does not name any more."""
    right = seam.put(BundleStore, "_take_versioned", None)

    def wrong(self: BundleStore, word: Any, kind: Any, body: Any, message: bytes) -> Any:
        changed = right(self, word, kind, body, message)
        if kind is not Kind.LEASE or changed is None or word.leases is None:
            return changed
        kept = {lease.lease_id: lease for lease in (*word.leases.leases, *changed.leases.leases)}
        return replace(changed, leases=replace(changed.leases, leases=tuple(kept.values())))

    seam.over(BundleStore, "_take_versioned", wrong)


LEASE_BUGS = (
    Bug("what was spent on a lease is not counted",
        lambda s: s.put(Journal, "spent_on", lambda *_: 0)),
    Bug("a recalled lease is spent on", _never_gives_back),
    Bug("a lease comes back by the clock alone",
        lambda s: s.put(Facts, "_heard_past", lambda *_: True)),
    Bug("what is lent is free for others",
        lambda s: s.put(Promises, "_lent", lambda *_: 0)),
    Bug("a lease never comes back",
        lambda s: s.put(Promises, "_close", lambda *_: None)),
)  # fmt: skip
PROMISE_BUGS = (*LEASE_BUGS,)
