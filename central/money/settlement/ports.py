"""What settlement needs of the stores, who know of units and vouchers. ``stores`` has the one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from central.money.settlement.model import AtTheTill, Shop, Signed, UnitJournal
from edge.contract.ids import EntryRef


class Stores(Protocol):
    """All but ``open_cases`` only read, in the transaction of whoever asks."""

    def open_cases(self, at_s: int) -> int:
        """Open a case for every double redemption that has none; return how many were.

        Called outside of a transaction; calling it again does no harm.
        """

    def shops(self) -> Sequence[Shop]:
        """Return every store, by its id."""

    def tills(self, entries: Sequence[EntryRef]) -> Mapping[EntryRef, AtTheTill]:
        """Return where and when these entries were made; one that is not known is left out."""

    def journals(self) -> Sequence[UnitJournal]:
        """Return what is known of each unit that is enrolled and not revoked."""

    def signed(self, entry: EntryRef) -> Signed | None:
        """Return an entry as its unit signed for it; None if there is none."""
