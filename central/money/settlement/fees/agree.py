"""Sets what a store pays from a day on. What was agreed before stays on record."""

from __future__ import annotations

import json

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import money_transaction
from central.foundation.language.said import Saying
from central.money.ledger.rules import is_day
from central.money.settlement import store as books
from central.money.settlement.fees.charge import fault_in
from central.money.settlement.model import FeeModel
from central.money.settlement.ports import Stores
from central.money.settlement.tables import FeeModelRow, SettledThrough


def agree(
    stores: Stores, store: str, model: FeeModel, *, currency: str, by: str, at_s: int
) -> FeeModel:
    """Set what a store pays for each redemption of a business day and of those after it.

    Args:
        model: Its version is ignored.
        currency: What the house keeps its books in.

    Raises:
        NotFound: there is no such store.
        RequestInvalid: as ``checked``.
        Conflict: as ``checked``; or the day was gone through already.
    """
    checked(model, currency)

    def work() -> FeeModel:
        if store not in {shop.id for shop in stores.shops()}:
            raise NotFound(Saying("no-store", store=store))
        through = SettledThrough.get_or_none(SettledThrough.store_id == store)
        if through is not None and model.first_day <= through.day:
            raise Conflict(Saying("fee-day-gone", store=store, day=through.day))
        known = books.fee_models(store)
        version = known[-1].version + 1 if known else 1
        FeeModelRow.create(
            store_id=store, version=version, first_day=model.first_day, currency=currency,
            fixed_minor=model.fixed_minor, tiers=json.dumps(list(model.tiers)), set_at_s=at_s,
            set_by=by,
        )  # fmt: skip
        return model._replace(version=version)

    return money_transaction(work)


def checked(model: FeeModel, currency: str) -> FeeModel:
    """Return a model if it can be agreed with any store.

    Raises:
        RequestInvalid: no such day; a fee below nothing or above 100 %; tiers out of order.
        Conflict: another currency than the house's.
    """
    fault = fault_in(model) if is_day(model.first_day) else Saying("no-day", day=model.first_day)
    if fault:
        raise RequestInvalid(fault)
    if model.currency != currency:
        raise Conflict(Saying("books-currency", kept=currency, wanted=model.currency))
    return model
