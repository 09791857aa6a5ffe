"""Both ends of the wire, as every round of sync needs them together."""

from __future__ import annotations

from typing import NamedTuple

from edge.bundles.identity import UnitKeys
from edge.bundles.store import BundleStore
from edge.journal.store import Journal
from edge.sync.hub_client import HubClient


class Exchange(NamedTuple):
    """What this unit has to say and remembers, and whom it says it to.

    Args:
        timeout_s: How long to wait for an answer of the hub.
    """

    journal: Journal
    bundles: BundleStore
    keys: UnitKeys
    client: HubClient
    timeout_s: float
