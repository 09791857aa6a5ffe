"""What a store pays for a redemption. Pure, in whole minor units."""

from __future__ import annotations

from collections.abc import Sequence

from central.foundation.language.said import Saying
from central.money.settlement.model import FeeModel, Tier

PPM = 1_000_000
NO_FEE = FeeModel(0, 0, "", 0, ())
"""What a store pays that has no model."""
TIERS_MAX = 20


def fee_of(model: FeeModel, gross: int, volume: int) -> int:
    """Return the fee of one redemption; never more than the redemption.

    Each part of it is charged at the rate of the volume that it lies in, the parts are added up,
    and the sum is rounded once, half a minor unit upwards.

    Args:
        gross: What was redeemed, positive.
        volume: What was redeemed in the month before it; less than nothing counts as nothing.
    """
    start = max(0, volume)
    parts = sum(part * tier.ppm for tier, part in parts_of(model, gross, start))
    return min(gross, model.fixed_minor + (2 * parts + PPM) // (2 * PPM))


def parts_of(model: FeeModel, gross: int, volume: int) -> list[tuple[Tier, int]]:
    """Return how much of a redemption lies in which tier, for whoever checks a fee by hand."""
    end = volume + gross
    limits = [tier.from_minor for tier in model.tiers[1:]]
    found = []
    for tier, until in zip(model.tiers, [*limits, None], strict=False):
        part = (end if until is None else min(end, until)) - max(volume, tier.from_minor)
        if part > 0:
            found.append((tier, part))
    return found


def model_for(models: Sequence[FeeModel], day: int) -> FeeModel:
    """Return the model that counts on a business day: of those begun, the one that began last.

    Of two that begin on the same day, the newer one corrects the older.
    """
    begun = [model for model in models if model.first_day <= day]
    return max(begun, key=lambda m: (m.first_day, m.version), default=NO_FEE)


def fault_in(model: FeeModel) -> Saying | None:
    """Return what is wrong with a model as a sentence, None if nothing is."""
    begins = [tier.from_minor for tier in model.tiers]
    if model.fixed_minor < 0:
        return Saying("fee-below-nothing")
    if any(not 0 <= tier.ppm <= PPM for tier in model.tiers):
        return Saying("fee-rate")
    if begins and (begins[0] != 0 or sorted(set(begins)) != begins):
        return Saying("fee-tiers-order")
    if len(begins) > TIERS_MAX:
        return Saying("fee-tiers-most", most=TIERS_MAX)
    return None
