"""Lets a suspended voucher go on, as what its facts have made of it meanwhile."""

from __future__ import annotations

from central.foundation.db.engine import money_transaction
from central.stores.redemptions.settle import settle_status
from central.stores.vouchers.status import move
from edge.contract.ids import VoucherId
from edge.contract.status import Status


def resume(voucher_id: VoucherId) -> None:
    """Make a suspended voucher valid again, or redeemed if offline tills have used it up.

    Raises:
        NotFound: there is none; Conflict: it is not suspended.
    """
    money_transaction(lambda: settle_status(move(voucher_id, Status.VALID, {Status.SUSPENDED})))
