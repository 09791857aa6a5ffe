"""What settlement is told of stores: plain values, and nothing of how they are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from central.foundation.db.engine import rows
from central.money.settlement.model import AtTheTill, Shop, Signed, UnitJournal
from central.stores.redemptions.complete import unit_journals
from central.stores.redemptions.conflict import open_missing
from central.stores.redemptions.settle import counts_at_s
from central.stores.units.tables import Store
from edge.contract.ids import EntryRef, Epoch, Seq, StoreGroup, StoreId, UnitId
from edge.contract.journal_entry import JournalEntry
from edge.contract.signed import MessageInvalid

_AT_ONCE = 200
"""Entries asked for in one statement; each takes three of its places."""


class SettlementFacts:
    """Implements ``money.settlement.ports.Stores``.

    Args:
        currency: What the house keeps its books in.
    """

    def __init__(self, currency: str) -> None:
        self._currency = currency

    def open_cases(self, at_s: int) -> int:
        """Open a case for every double redemption that has none; return how many were."""
        return open_missing(self._currency, at_s)

    def shops(self) -> Sequence[Shop]:
        """Return every store, by its id."""
        return [
            Shop(StoreId(s.id), s.name, s.timezone, StoreGroup(s.store_group))
            for s in Store.select().order_by(Store.id)
        ]

    def tills(self, entries: Sequence[EntryRef]) -> Mapping[EntryRef, AtTheTill]:
        """Return where and when these entries were made; one that is not known is left out."""
        found: dict[EntryRef, AtTheTill] = {}
        wanted = sorted(set(entries))
        for start in range(0, len(wanted), _AT_ONCE):
            found.update(_tills(wanted[start : start + _AT_ONCE]))
        return found

    def journals(self) -> Sequence[UnitJournal]:
        """Return what is known of each unit that is enrolled and not revoked."""
        return unit_journals()

    def signed(self, entry: EntryRef) -> Signed | None:
        """Return an entry as its unit signed for it; None if there is none."""
        found = rows(
            "SELECT e.entry, e.hash, e.received_at_s, t.seq FROM redemption_entry e"
            " JOIN unit_tail t ON t.unit_id = e.unit_id AND t.epoch = e.epoch"
            " WHERE e.unit_id = ? AND e.epoch = ? AND e.seq = ?",
            tuple(entry),
        )
        if not found:
            return None
        [(raw, digest, received_at_s, acked)] = found
        return Signed(entry, bytes(raw), bytes(digest), fields_of(bytes(raw)), received_at_s, acked)


def fields_of(raw: bytes) -> tuple[tuple[str, str], ...]:
    """Return what an entry says, as names and texts; nothing if it cannot be read."""
    try:
        entry = JournalEntry.decode(raw)
    except MessageInvalid:
        return ()
    return tuple(
        (name, _text(name, value)) for name, value in entry._asdict().items() if value is not None
    )


def _text(name: str, value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    if name in {"kind", "mode"}:
        return str(getattr(value, "name", value)).lower()
    if name == "voucher_id":
        return f"{value:012x}"
    return "/".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _tills(entries: Sequence[EntryRef]) -> dict[EntryRef, AtTheTill]:
    marks = ", ".join(["(?, ?, ?)"] * len(entries))
    values = tuple(part for entry in entries for part in entry)
    return {
        EntryRef(UnitId(unit), Epoch(epoch), Seq(seq)): AtTheTill(
            told_s, counts_at_s(told_s, came_at_s, enrolled_at_s), StoreGroup(scope)
        )
        for unit, epoch, seq, told_s, came_at_s, enrolled_at_s, scope in rows(
            "SELECT e.unit_id, e.epoch, e.seq, e.wall_s, e.received_at_s, u.enrolled_at_s, v.scope"  # noqa: S608 - question marks only
            " FROM redemption_entry e JOIN unit u ON u.id = e.unit_id"
            " JOIN voucher v ON v.id = e.voucher_id"
            f" WHERE (e.unit_id, e.epoch, e.seq) IN (VALUES {marks})",
            values,
        )
    }
