"""Keys that leave in a file: one person asks, another one approves, the first one fetches it once.

The file is never on the hub's disk. What was fetched is out of stock and is never sold here.
"""

from __future__ import annotations

import csv
import io
from typing import NamedTuple

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import money_transaction, rows
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.money.ledger.rules import stock_used
from central.money.ledger.store import post
from central.supply.cards.access.log import Asker, Noted, note
from central.supply.cards.access.unseal import unseal
from central.supply.cards.store import check_sku
from central.supply.cards.vault.keys import Vault
from edge.contract.money import Money

KEYS_MAX = 10_000
"""Keys of one file; it is made in memory."""
APPROVED_FOR_S = 24 * 3600
"""How long whoever has asked may fetch it."""
_COLUMNS = (
    "id, sku, wanted, reason, state, requested_by, requested_at_s, decided_by, decided_at_s,"
    " fetched_at_s"
)


class Export(NamedTuple):
    """A request for a file, as its row stands."""

    id: int
    sku: str
    wanted: int
    reason: str
    state: str
    requested_by: str
    requested_at_s: int
    decided_by: str | None
    decided_at_s: int | None
    fetched_at_s: int | None


def request(sku: str, wanted: int, reason: str, by: Asker, at_s: int) -> Export:
    """Ask for a file with so many keys.

    Raises:
        RequestInvalid: none or too many, or no reason.
        NotFound: there is no such SKU.
    """
    if not 1 <= wanted <= KEYS_MAX:
        raise RequestInvalid(Saying("export-count", most=KEYS_MAX))
    if not 1 <= len(reason.strip()) <= 200:
        raise RequestInvalid(N_("Say why, in 1 to 200 characters."))

    def work() -> Export:
        check_sku(sku)
        [(number,)] = rows(
            "INSERT INTO card_export (sku, wanted, reason, state, requested_by, requested_at_s)"
            " VALUES (?, ?, ?, 'requested', ?, ?) RETURNING id",
            (sku, wanted, reason.strip(), by.actor, at_s),
        )
        note(Noted("export-requested", None, f"export {number}", reason.strip()), by, at_s)
        return get(number)

    return money_transaction(work)


def decide(number: int, by: Asker, at_s: int, *, approved: bool) -> Export:
    """Approve or refuse a file; whoever has asked for it may refuse it alone.

    Raises:
        Conflict: it was decided before, or the same person wants to approve.
    """

    def work() -> Export:
        asked = get(number)
        if approved and asked.requested_by == by.actor:
            raise Conflict(N_("Somebody else than who asked for it has to approve it."))
        state = "approved" if approved else "refused"
        moved = rows(
            "UPDATE card_export SET state = ?, decided_by = ?, decided_at_s = ?"
            " WHERE id = ? AND state = 'requested' AND (requested_by <> ? OR ? = 'refused')"
            " RETURNING id",
            (state, by.actor, at_s, number, by.actor, state),
        )
        if not moved:
            raise Conflict(Saying("export-is", number=number, state=str(asked.state)))
        note(Noted(f"export-{state}", None, f"export {number}", ""), by, at_s)
        return get(number)

    return money_transaction(work)


def fetch(number: int, vault: Vault, by: Asker, at_s: int, *, day: int) -> bytes:
    """Return the file, once, to whoever has asked for it: CSV, UTF-8, ``number,secret``.

    Raises:
        Conflict: it is not approved, too old, somebody else's, or was fetched.
        Conflict: there are not so many keys any more.
        CardUnreadable, VaultShut: then nothing has left.
    """

    def work() -> bytes:
        moved = rows(
            "UPDATE card_export SET state = 'fetched', fetched_at_s = ? WHERE id = ?"
            " AND state = 'approved' AND requested_by = ? AND decided_at_s > ?"
            " RETURNING sku, wanted, reason",
            (at_s, number, by.actor, at_s - APPROVED_FOR_S),
        )
        if not moved:
            raise Conflict(
                N_("Only who has asked for it fetches it, once, within a day of its approval.")
            )
        [(sku, wanted, reason)] = moved
        keys = _take_out(number, sku, wanted, at_s)
        note(Noted("exported", None, f"export {number}", f"{len(keys)}: {reason}"), by, at_s)
        _post(number, sku, keys, at_s, day, by.actor)
        # In memory and within the transaction: if one does not open, none has left the stock.
        return _csv([key for key, _ in keys], vault)

    return money_transaction(work)


def get(number: int) -> Export:
    """Return a request.

    Raises:
        NotFound: there is none of this number.
    """
    found = rows(f"SELECT {_COLUMNS} FROM card_export WHERE id = ?", (number,))
    if not found:
        raise NotFound(Saying("no-export", number=number))
    return Export(*found[0])


def newest(count: int) -> list[Export]:
    """Return the newest requests, newest first."""
    return [
        Export(*row)
        for row in rows(f"SELECT {_COLUMNS} FROM card_export ORDER BY id DESC LIMIT ?", (count,))
    ]


def _take_out(number: int, sku: str, wanted: int, at_s: int) -> list[tuple[int, Money]]:
    moved = rows(
        "UPDATE card_key SET state = 'exported', export_id = ?, changed_at_s = ?"
        " WHERE id IN (SELECT k.id FROM card_key k JOIN card_batch b ON b.id = k.batch_id"
        "  WHERE b.sku = ? AND b.state = 'stocked' AND b.kind = 'stock'"
        "  AND k.state = 'available' AND (b.expires_at_s IS NULL OR b.expires_at_s > ?)"
        "  ORDER BY coalesce(b.expires_at_s, ?), k.id LIMIT ?)"
        " AND state = 'available' RETURNING id, batch_id",
        (number, at_s, sku, at_s, 1 << 40, wanted),
    )
    if len(moved) != wanted:
        raise Conflict(Saying("export-too-few", there=len(moved), sku=sku, wanted=wanted))
    costs = {
        batch: Money(*rows("SELECT unit_cost, currency FROM card_batch WHERE id = ?", (batch,))[0])
        for batch in {batch for _, batch in moved}
    }
    return sorted((key, costs[batch]) for key, batch in moved)


def _post(
    number: int, sku: str, keys: list[tuple[int, Money]], at_s: int, day: int, actor: str
) -> None:
    minor = sum(cost.minor for _, cost in keys)
    if minor:
        cost = Money(minor, keys[0][1].currency)
        post(stock_used(f"card-export-{number}", sku, cost, day, actor), at_s)


def _csv(keys: list[int], vault: Vault) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("number", "secret"))
    writer.writerows((card.number, card.secret) for card in unseal(keys, vault))
    return text.getvalue().encode("utf-8-sig")
