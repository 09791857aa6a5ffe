"""What everybody gives back when part of a sale is undone, or earns when part is used. Pure.

Rounding the *original* shares cumulatively is not monotone: of 50,000 chains of refunds 537 paid
an agent more on a refund. So each step looks only at what everybody still keeps.
"""

from __future__ import annotations

from collections.abc import Sequence

from central.money.sharing.split import apportion


def claw(kept: Sequence[int], add: int, total: int) -> list[int]:
    """Return how much of what each party keeps goes with ``add`` of ``total``.

    By largest remainder over what each still keeps, ties by declared order; the house, which
    keeps ``total - sum(kept)``, takes part as the last of them, so that together exactly ``add``
    is given back. Never negative, never more than is kept, within one minor unit of
    ``kept × add ÷ total``; and with the last part everybody is at zero.

    Args:
        kept: What each agent still keeps, minor units.
        add: The part that is undone now.
        total: What is not undone yet, ``add`` included.

    Raises:
        ValueError: ``add`` is negative or more than ``total``, or more is kept than ``total``.
    """
    if not 0 <= add <= total:
        raise ValueError(f"of {total} that are left, {add} cannot be undone")
    if any(part < 0 for part in kept) or sum(kept) > total:
        raise ValueError("more is kept than there was")
    if total == 0:
        return [0] * len(kept)
    return apportion(add, [*kept, total - sum(kept)], total)[:-1]
