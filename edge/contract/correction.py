"""Corrections: what headquarters has given back of what the units of a store have taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from edge.contract.ids import EntryRef, Epoch, Seq, UnitId, VoucherId, parse_unit_id
from edge.contract.read import Fields


class Correction(NamedTuple):
    """So much of one acceptance is on its voucher again.

    Args:
        ref: The acceptance, of this unit or of another one of its store.
        amount: In the voucher's own measure, of all corrections of this entry together.
    """

    ref: EntryRef
    voucher_id: VoucherId
    amount: int


@dataclass(frozen=True, slots=True)
class CorrectionBook:
    """All that was given back of what a store's units have taken, as one of them is told."""

    version: int
    unit: UnitId
    corrections: tuple[Correction, ...] = ()
    _by_voucher: dict[VoucherId, list[Correction]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        for one in self.corrections:
            self._by_voucher.setdefault(one.voucher_id, []).append(one)

    def of(self, voucher_id: VoucherId) -> Sequence[Correction]:
        """Return what was given back on one voucher."""
        return self._by_voucher.get(voucher_id, ())

    def to_body(self) -> dict[int, Any]:
        """Return the body of the signed message."""
        rows = [[*one.ref, one.voucher_id, one.amount] for one in self.corrections]
        return {1: self.version, 2: self.unit, 3: rows}

    @classmethod
    def from_body(cls, body: Any) -> CorrectionBook:
        """Read the body of a signed message; MessageInvalid if it is another."""
        with Fields(body, "corrections") as f:
            found = tuple(
                Correction(
                    EntryRef(parse_unit_id(row.text(0)), Epoch(row.uint(1)), Seq(row.uint(2))),
                    VoucherId(row.uint(3, 2**48 - 1)),
                    row.uint(4, 2**63 - 1),
                )
                for row in f.rows(3, 5)
            )  # fmt: skip
            return cls(f.uint(1), parse_unit_id(f.text(2)), found)
