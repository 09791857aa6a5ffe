"""A voucher that was redeemed outside of its region: found when the redemption reaches the hub,
dealt with once by a person.

It is accepted all the same: whoever holds it is not at fault, and units know no regions
(docs/decisions/0039). What it leads to is between headquarters and the agent.
"""

from __future__ import annotations

from collections.abc import Sequence

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.stores.units.regions import region_of
from central.stores.vouchers.tables import Voucher
from central.supply.catalogue.regions import lies_outside
from edge.contract.ids import EntryRef, VoucherId, voucher_id_text

SAID_CHARS = 500


def look(voucher: Voucher, accepted: Sequence[EntryRef], store: str, at_s: int) -> None:
    """Note a diversion if a voucher was accepted outside of its region; the first time counts.

    In the caller's transaction. A voucher without a region costs nothing.

    Args:
        accepted: Acceptances of it that have just come in, all of one store.
    """
    if not voucher.region or not accepted:
        return
    lies = region_of(store)
    if not lies_outside(lies, voucher.region):
        return
    ref = accepted[0]
    change(
        "INSERT INTO diversion (voucher_id, unit_id, epoch, seq, store_id, region, store_region,"
        " agent, found_at_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (voucher_id) DO NOTHING",
        (voucher.id, *ref, store, voucher.region, lies, voucher.agent, at_s),
    )


def deal_with(voucher_id: VoucherId, said: str, *, by: str, at_s: int) -> None:
    """Say what was done about a diversion. Once.

    Raises:
        RequestInvalid: nothing is said, or too much. NotFound: there is none of this voucher.
        Conflict: somebody has dealt with it.
    """
    if not 1 <= len(said.strip()) <= SAID_CHARS:
        raise RequestInvalid(N_("Say what was done about it, in at most 500 characters."))

    def work() -> None:
        done = rows(
            "UPDATE diversion SET closed_at_s = ?, closed_by = ?, said = ? WHERE voucher_id = ?"
            " AND closed_at_s IS NULL RETURNING voucher_id",
            (at_s, by, said.strip(), voucher_id),
        )
        if done:
            return
        name = voucher_id_text(voucher_id)
        if rows("SELECT 1 FROM diversion WHERE voucher_id = ?", (voucher_id,)):
            raise Conflict(Saying("diversion-done", voucher=name))
        raise NotFound(Saying("no-diversion", voucher=name))

    money_transaction(work)
