"""Keeps prices, stock and balances up to date: each account in its own rhythm, near zero at once.

Where a supplier tells what has changed since a moment, that is asked for at every turn. Whatever it
leaves out, what it no longer sells before all, the next whole look in the account's rhythm finds.

A price is ours to use and theirs to set: a change is written down, and one that rises by more than
a twentieth at once raises an alert. It stays until a person has dealt with it, or the price is
down again to what it was before. Quotes are asked for outside of any transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import NamedTuple

from central.errors import HubError
from central.foundation.db.engine import change, money_transaction, rows
from central.supply.suppliers.buy import Adapters
from central.supply.suppliers.model import e4_text
from central.supply.suppliers.ports import Quote, Supplier, SupplierSilent, TellsChanges
from central.supply.suppliers.records import accounts, offers
from central.supply.suppliers.records.accounts import Account
from central.supply.suppliers.records.offers import OfferRow

log = logging.getLogger(__name__)

NEAR_ZERO = 5
"""Pieces; with fewer, an offer is asked for at every turn."""
RAISED_BP = 500
"""A price that rises by more than this of what it was, in 1/10,000, is said to somebody."""
RAISED = "price-raised"
PAGES_MAX = 200
OVERLAP_S = 120
"""How much of what was asked for is asked for again: his clock, or his list, may be behind."""


class Synced(NamedTuple):
    """What came of it: accounts asked, offers whose price or stock changed, accounts silent."""

    accounts: int
    changed: int
    silent: int


def sync_due(adapters: Adapters, now_s: Callable[[], int], *, all_of_them: bool = False) -> Synced:
    """Ask every account whose time has come."""
    done = Synced(0, 0, 0)
    for account in accounts.accounts():
        at_s = now_s()
        is_due = all_of_them or account.synced_at_s + account.sync_every_s <= at_s
        mine = offers.offer_rows("WHERE o.account = ?", (account.id,))
        near_zero = [o for o in mine if o.stock is not None and o.stock < NEAR_ZERO]
        if account.state != "active" or not (is_due or mine):
            continue
        try:
            adapter = adapters.adapter(account.id)
            tells = _tells(adapter)
            if is_due:
                changed = _sync(adapter, account, mine, now_s)
            elif tells is not None:
                changed = _take_changes(tells, account, mine, now_s)
            elif near_zero:
                changed = _ask_each(adapter, near_zero, {}, now_s)
            else:
                continue
        except (SupplierSilent, HubError) as exc:
            log.warning("%s does not say what it sells: %s", account.id, exc)
            done = done._replace(silent=done.silent + 1)
            continue
        done = Synced(done.accounts + 1, done.changed + changed, done.silent)
    return done


def _sync(
    adapter: Supplier, account: Account, mine: list[OfferRow], now_s: Callable[[], int]
) -> int:  # fmt: skip
    """Ask for balance, prices and stock of one account; return how many offers changed."""
    balance_e4 = adapter.ping()
    money_transaction(lambda: _note_balance(account, balance_e4, now_s()))
    quotes = _listed(adapter.list_offers)[0] if adapter.caps.lists_offers else {}
    return _ask_each(adapter, mine, quotes, now_s)


def _tells(adapter: Supplier) -> TellsChanges | None:
    if isinstance(adapter, TellsChanges) and adapter.caps.lists_changes:
        return adapter
    return None


def _take_changes(
    adapter: TellsChanges, account: Account, mine: list[OfferRow], now_s: Callable[[], int]
) -> int:  # fmt: skip
    """Ask what has changed since the last question; return how many offers of ours did."""
    asked_at_s = now_s()
    since_s = max(account.changes_at_s, account.synced_at_s) - OVERLAP_S
    quotes, is_whole = _listed(lambda cursor: adapter.list_changes(since_s, cursor))
    changed = 0
    for offer in mine:
        quote = quotes.get(offer.their_ref)
        if quote is not None:
            changed += money_transaction(lambda: _write(offer, quote, now_s()))  # noqa: B023
    # Only now: what broke off, or was more than is read at once, is asked for again.
    if is_whole:
        money_transaction(
            lambda: change(
                "UPDATE supplier_account SET changes_at_s = ? WHERE id = ? AND changes_at_s <= ?",
                (asked_at_s, account.id, asked_at_s),
            )
        )
    return changed


def _ask_each(
    adapter: Supplier, wanted: list[OfferRow], quotes: Mapping[str, Quote],
    now_s: Callable[[], int],
) -> int:  # fmt: skip
    """Write down what was listed of each offer, or ask for it; return how many changed."""
    changed = 0
    for offer in wanted:
        quote = quotes.get(offer.their_ref) or _quote(adapter, offer)
        if quote is not None:
            changed += money_transaction(lambda: _write(offer, quote, now_s()))  # noqa: B023
    return changed


def _listed(page_of: Callable[[str], tuple[list[Quote], str]]) -> tuple[dict[str, Quote], bool]:
    """Return what a list holds, one request a page and not one an offer; and whether it is all."""
    found: dict[str, Quote] = {}
    cursor = ""
    for _ in range(PAGES_MAX):
        page, cursor = page_of(cursor)
        found |= {quote.their_ref: quote for quote in page}
        if not cursor:
            return found, True
    return found, False


def _quote(adapter: Supplier, offer: OfferRow) -> Quote | None:
    try:
        return adapter.quote(offer.their_ref)
    except SupplierSilent as exc:
        log.info("no quote for offer %s: %s", offer.id, exc.code)
        return None


def _note_balance(account: Account, balance_e4: int, at_s: int) -> None:
    accounts.set_balance(account, balance_e4, at_s)
    change("UPDATE supplier_account SET synced_at_s = ? WHERE id = ?", (at_s, account.id))


def _write(offer: OfferRow, quote: Quote, at_s: int) -> int:
    stock = quote.stock if quote.is_on_sale else 0
    [(before_e4, before)] = rows(
        "SELECT cost_e4, stock FROM supplier_offer WHERE id = ?", (offer.id,)
    )
    offers.seen(offer.id, quote.cost_e4, stock, at_s)
    if quote.cost_e4 * 10_000 > before_e4 * (10_000 + RAISED_BP):
        told = f"{e4_text(before_e4)} → {e4_text(quote.cost_e4)}"
        accounts.alert(RAISED, f"offer {offer.id}", told, at_s)
    elif quote.cost_e4 < before_e4:
        _clear_raised(offer.id, quote.cost_e4, at_s)
    return int((before_e4, before) != (quote.cost_e4, stock))


def _clear_raised(offer: int, cost_e4: int, at_s: int) -> None:
    """End the alert of an offer whose price is down again to where it had risen from."""
    about = f"offer {offer}"
    for one in accounts.alerts():
        if (one.kind, one.object) == (RAISED, about) and cost_e4 <= _risen_from(one.detail):
            accounts.clear(RAISED, about, at_s, "worker")


def _risen_from(told: str) -> int:
    return int(told.partition(" ")[0].replace(".", ""))
