"""Asks the hub to lend part of a voucher to this unit."""

from __future__ import annotations

from edge.bundles.store import BundleStore
from edge.contract.lease import Lease, LeaseRequest
from edge.contract.signed import MessageInvalid
from edge.errors import HubUnreachable
from edge.sync.hub_client import HubClient

PATH = "/edge/v1/leases"


def borrow(
    wanted: LeaseRequest, client: HubClient, bundles: BundleStore, timeout_s: float
) -> Lease:
    """Return the lease, which this unit has from now on. Asking again is the same lease.

    Raises:
        HubRefused: the hub does not lend it; ``extra["hub"]`` is its slug.
        HubUnreachable: there was no answer that can be believed.
    """
    message = client.post(PATH, wanted.encode(), timeout_s)
    try:
        book = bundles.take_leases(message)
    except MessageInvalid as exc:
        raise HubUnreachable(f"The leases cannot be believed: {exc}") from exc
    found = next((one for one in book.leases if one.lease_id == wanted.lease_id), None)
    if found is None:
        raise HubUnreachable("The hub does not name the lease that was asked for.")
    return found
