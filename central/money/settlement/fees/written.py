"""Fees as a person writes them: `0.6` percent, `100000` and `0.5` from a volume on. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from central.foundation.language.written import minor, ppm
from central.money.settlement.model import FeeModel, Tier


def model_of(
    first_day: int, fixed: str, tiers: Sequence[tuple[str, str]], currency: str
) -> FeeModel:
    """Return what was written as a model without a version.

    Args:
        fixed: An amount, "0.10"; empty for none.
        tiers: Volume and percentage each.

    Raises:
        RequestInvalid: an amount, a volume or a percentage cannot be read.
    """
    return FeeModel(
        0, first_day, currency, minor(fixed or "0", currency),
        tuple(Tier(minor(volume, currency), ppm(percent)) for volume, percent in tiers),
    )  # fmt: skip
