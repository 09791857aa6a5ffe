"""Makes statements payable: answered, and nothing on them can change any more."""

from __future__ import annotations

from central.foundation.db.engine import money_transaction, rows
from central.money.settlement import store as books
from central.money.settlement.model import Shop, State
from central.money.settlement.payable.watermark import final_through_s, watermarks
from central.money.settlement.ports import Stores
from central.money.settlement.states import Event, before
from central.money.settlement.tables import StatementRow
from edge.contract.ids import StoreGroup


def release(stores: Stores, at_s: int) -> list[str]:
    """Make every statement payable that is answered and final; return their numbers."""

    def work() -> list[str]:
        marks = watermarks(stores.journals(), at_s)
        shops: dict[str, Shop] = {shop.id: shop for shop in stores.shops()}
        answered = [str(state) for state in before(Event.RELEASE)]
        query = StatementRow.select(StatementRow.no, StatementRow.store_id).where(
            StatementRow.state << answered
        )
        released = []
        for row in query.order_by(StatementRow.no):
            shop = shops[row.store_id]
            if all(
                until_s <= final_through_s(marks, scope, shop.group, at_s)
                for scope, until_s in waits_for(row.no)
            ):
                is_released = books.move(row.no, Event.RELEASE, payable_at_s=at_s)
                assert is_released, "serializable: nobody else has released it meanwhile"
                released.append(str(row.no))
        return released

    return money_transaction(work)


def waits_for(no: str) -> list[tuple[StoreGroup, int]]:
    """Return up to when which groups' journals must be known before a statement is paid.

    What is not due does not wait.
    """
    return [
        (StoreGroup(scope), int(until_s))
        for scope, until_s in rows(
            "SELECT scope, max(final_after_s) FROM statement_line"
            " WHERE statement_no = ? AND final_after_s IS NOT NULL AND due <> 0 GROUP BY scope"
            " ORDER BY scope",
            (no,),
        )
    ]


def kept_back(stores: Stores, shop: Shop, no: str, at_s: int) -> int | None:
    """Return up to when everything is known, if a statement waits for more; None if it does not."""
    marks = watermarks(stores.journals(), at_s)
    known = [
        (until_s, final_through_s(marks, scope, shop.group, at_s))
        for scope, until_s in waits_for(no)
    ]
    return min((known_s for until_s, known_s in known if until_s > known_s), default=None)


def is_answered(state: State) -> bool:
    """Say whether only the watermark stands between a statement and its payment."""
    return state in before(Event.RELEASE)
