"""Leases: value that the hub lends to one unit for a time, to be spent there without a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from edge.contract import VERSION, canonical
from edge.contract.ids import UnitId, VoucherId, parse_unit_id
from edge.contract.read import Fields
from edge.contract.sync_message import read_request

LEASE_ID_BYTES = 16


class Lease(NamedTuple):
    """Part of a voucher that one unit may spend, and nobody else.

    Args:
        lease_id: 16 random bytes; entries bear it as their evidence.
        amount: In the voucher's own measure, for all acceptances under it together.
        expires_at_s: Unix seconds; nothing is spent under it once this may have passed.
    """

    lease_id: bytes
    voucher_id: VoucherId
    amount: int
    expires_at_s: int


class LeaseRequest(NamedTuple):
    """A unit asks for a lease.

    Args:
        lease_id: 16 random bytes: asking again with the same is the same lease.
        amount: In the voucher's own measure.
        life_s: For how long.
    """

    unit: UnitId
    lease_id: bytes
    voucher_id: VoucherId
    amount: int
    life_s: int

    def encode(self) -> bytes:
        """Return the request body."""
        return canonical.encode({1: VERSION} | dict(enumerate(self, start=2)))

    @classmethod
    def decode(cls, body: bytes) -> LeaseRequest:
        """Read a request body; MessageInvalid says what is wrong with it."""
        with read_request(body, "lease-request") as f:
            return cls(
                parse_unit_id(f.text(2)), f.octets(3, LEASE_ID_BYTES),
                VoucherId(f.uint(4, 2**48 - 1)), f.uint(5, 2**63 - 1), f.uint(6, 2**32),
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class LeaseBook:
    """All that is lent to a unit now. One that is not in it any more was taken back."""

    version: int
    unit: UnitId
    leases: tuple[Lease, ...] = ()

    def of(self, voucher_id: VoucherId) -> tuple[Lease, ...]:
        """Return the leases on a voucher, the one that ends first first."""
        found = [lease for lease in self.leases if lease.voucher_id == voucher_id]
        return tuple(sorted(found, key=lambda lease: (lease.expires_at_s, lease.lease_id)))

    def to_body(self) -> dict[int, Any]:
        """Return the body of the signed message."""
        return {1: self.version, 2: self.unit, 3: [list(lease) for lease in self.leases]}

    @classmethod
    def from_body(cls, body: Any) -> LeaseBook:
        """Read the body of a signed message; MessageInvalid if it is another."""
        with Fields(body, "lease") as f:
            leases = tuple(
                Lease(
                    row.octets(0, LEASE_ID_BYTES), VoucherId(row.uint(1, 2**48 - 1)),
                    row.uint(2, 2**63 - 1), row.uint(3),
                )
                for row in f.rows(3, 4)
            )  # fmt: skip
            return cls(f.uint(1), parse_unit_id(f.text(2)), leases)
