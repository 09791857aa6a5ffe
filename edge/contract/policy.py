"""The policy: which guarantee stands behind an acceptance, and how much may be risked on it.

Signed, versioned data from the hub. Every decision records the mode it was made in and the
version of the policy, so that a later dispute can be settled by what was in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from edge.contract.read import Fields
from edge.contract.refusal import Refusal
from edge.contract.status import Staleness

STALENESS_ORDER = (Staleness.FRESH, Staleness.STALE, Staleness.OLD, Staleness.EXPIRED)


class Mode(IntEnum):
    """What stands behind an acceptance, strongest first. The first that works is used."""

    ONLINE = 1
    """The hub reserved it: exact."""
    GRANT = 2
    """The hub's grant came by the customer's phone: exact."""
    LEASE = 3
    """This store holds a lease on the value: exact within the lease."""
    LAN = 4
    """Every live unit of the store acknowledged the claim: exact within the store."""
    DEGRADED = 5
    """Some units of the store were silent: at risk."""
    SOLO = 6
    """This unit alone: at risk."""


EXACT = frozenset({Mode.ONLINE, Mode.GRANT, Mode.LEASE, Mode.LAN})
"""Modes in which the same value is never accepted twice."""


OVERRIDABLE = frozenset(
    {
        Refusal.CODE_REQUIRED, Refusal.CODE_UNVERIFIABLE, Refusal.OFFLINE_TOO_LONG,
        Refusal.OVER_FLOOR_LIMIT, Refusal.OFFLINE_COUNT, Refusal.OFFLINE_SUM, Refusal.VELOCITY,
    }
)  # fmt: skip
"""What a supervisor at the till may overrule, if the policy says so: limits and codes, never what
the voucher is or what has become of it."""


@dataclass(frozen=True, slots=True)
class SoloLimits:
    """How much one unit may risk alone, counted since the hub last acknowledged its journal.

    Args:
        count: Acceptances.
        sum_minor: Their worth together, minor units.
        per_10_min: Acceptances in any ten minutes.
        hours: Hours since the last word of the hub.
    """

    count: int
    sum_minor: int
    per_10_min: int
    hours: int


@dataclass(frozen=True, slots=True)
class Policy:
    """What this unit may accept, and on what guarantee.

    Args:
        version: Grows with every change; an older policy is never accepted again.
        modes: Modes that may be used at all.
        floors: Floor limit of one acceptance by mode, minor units, for each staleness of the
            status in STALENESS_ORDER. A mode without a row is not limited.
        online_timeout_ms: How long a customer waits for the hub before the next mode is tried.
        void_s: Seconds within which the unit itself may void an acceptance.
        overrides: What a supervisor may overrule, and up to which worth, minor units.
        online_permille: Of a thousand vouchers in mode DEGRADED, how many need the hub; drawn.
    """

    version: int
    currency: str
    modes: frozenset[Mode]
    floors: Mapping[Mode, tuple[int, int, int, int]]
    solo: SoloLimits
    online_timeout_ms: int = 800
    void_s: int = 900
    issued_at_s: int = field(default=0)
    overrides: Mapping[Refusal, int] = field(default_factory=dict)
    online_permille: int = 0

    def floor(self, mode: Mode, age: Staleness) -> int | None:
        """Return the most that one acceptance may be worth, or None for no limit."""
        row = self.floors.get(mode)
        return None if row is None else row[STALENESS_ORDER.index(age)]

    def may_overrule(self, reason: Refusal, worth_minor: int) -> bool:
        """Say whether a supervisor may overrule this refusal; a worth nobody knows is too much."""
        most = self.overrides.get(reason, 0) if reason in OVERRIDABLE else 0
        return 0 < worth_minor <= most

    def to_body(self) -> dict[int, Any]:
        """Return the body of the signed message."""
        overrides = [[str(reason), most] for reason, most in sorted(self.overrides.items())]
        # Not written while it is 0: so a unit of an earlier version reads what it always did.
        drawn = {10: self.online_permille} if self.online_permille else {}
        return (
            drawn
            | {
                1: self.version,
                2: self.issued_at_s,
                3: self.currency,
                4: sorted(int(mode) for mode in self.modes),
                5: [[int(mode), list(row)] for mode, row in sorted(self.floors.items())],
                6: [self.solo.count, self.solo.sum_minor, self.solo.per_10_min, self.solo.hours],
                7: self.online_timeout_ms,
                8: self.void_s,
            }
            | ({9: overrides} if overrides else {})
        )

    @classmethod
    def from_body(cls, body: Any) -> Policy:
        """Read the body of a signed message; MessageInvalid if it is another."""
        with Fields(body, "policy") as f:
            solo = f.row(6)
            floors = {}
            for row in f.rows(5, 2):
                limits = row.row(1)
                floors[Mode(row.uint(0))] = (
                    limits.uint(0), limits.uint(1), limits.uint(2), limits.uint(3),
                )  # fmt: skip
            return cls(
                version=f.uint(1),
                issued_at_s=f.uint(2),
                currency=f.text(3, 3),
                modes=frozenset(Mode(number) for number in f.uints(4)),
                floors=floors,
                solo=SoloLimits(solo.uint(0), solo.uint(1), solo.uint(2), solo.uint(3)),
                online_timeout_ms=f.uint(7, 60_000),
                void_s=f.uint(8, 86_400),
                overrides={
                    Refusal(row.text(0)): row.uint(1, 2**63 - 1)
                    for row in (f.rows(9, 2) if f.has(9) else ())
                },
                online_permille=f.uint(10, 1000) if f.has(10) else 0,
            )
