"""The shapes of the prices' API."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from central.foundation.web.describe import WHOLE, BodyJson, Whole
from central.supply.catalogue.api_json import TypeNamesJson

_SLUG = "^[a-z0-9][a-z0-9-]{0,31}$"
_SKU = "^[A-Z0-9][A-Z0-9-]{0,31}$"
_AGENT = "^[A-Z0-9][A-Z0-9-]{0,31}$"
_CURRENCY = "^[A-Z]{3}$"
_S = "Unix seconds; now if not given."


class BookPath(BaseModel):
    """Which price book."""

    book: str = Field(pattern=_SLUG, description="Its id.")


class PromotionPath(BaseModel):
    """Which promotion."""

    promotion_id: str = Field(pattern=_SLUG, description="Its id.")


class PriceBookJson(BodyJson):
    """For whom prices are."""

    id: str = Field(pattern=_SLUG, description="Its id.")
    names: TypeNamesJson = Field(description="What it is called.")
    currency: str = Field(pattern=_CURRENCY, description="ISO 4217.")
    agent: str = Field("", pattern=f"{_AGENT}|^$", description="For this agent alone.")
    level: str = Field("", pattern=f"{_SLUG}|^$", description="For agents of this level.")
    channel: str = Field("", pattern=f"{_SLUG}|^$", description="In this channel alone.")


class PriceBooksJson(BaseModel):
    """Every price book, the narrowest first."""

    books: list[PriceBookJson] = Field(description="In the order in which they count.")


class PriceTierJson(BodyJson):
    """From so many pieces on, one costs so much."""

    min_qty: Whole = Field(ge=1, le=100_000, description="Pieces.")
    unit_minor: Whole = Field(ge=1, le=10**13, description="Minor units for one.")


class SetPriceJson(BodyJson):
    """What a SKU is to cost by a book."""

    sku: str = Field(pattern=_SKU, description="Which SKU.")
    mode: str = Field(
        "ladder", pattern="^(ladder|mark_up|closed|wider)$",
        description="ladder, mark_up, closed (not sold to these), wider (the next book decides).",
    )  # fmt: skip
    tiers: list[PriceTierJson] = Field(default=[], max_length=20, description="Of a ladder.")
    mark_up: str = Field("", pattern=f"{_SLUG}|^$", description="Of a mark-up.")
    member_minor: Annotated[int, Field(ge=1, le=10**13), WHOLE] | None = Field(
        None, description="What members pay."
    )
    member_stacks: bool = Field(default=False, description="Stacking promotions may join it.")
    note: str = Field("", max_length=500, description="Why.")


class SetPricesJson(BodyJson):
    """What SKUs are to cost by a book: all of them, or none."""

    prices: list[SetPriceJson] = Field(max_length=1000, description="One for each SKU.")
    from_s: Whole | None = Field(None, description=_S)


class PriceVersionJson(BaseModel):
    """One version of a price; who does not see cost is not told the mark-up."""

    sku: str = Field(description="Which SKU.")
    version: int = Field(description="Counted from 1 for each book and SKU.")
    mode: str = Field(description="ladder, mark_up, closed, wider.")
    tiers: list[PriceTierJson] = Field(description="Of a ladder.")
    mark_up: str | None = Field(None, description="Of a mark-up; absent without cost.see.")
    member_minor: int | None = Field(description="What members pay; null: like others.")
    member_stacks: bool = Field(description="Stacking promotions may join it.")
    note: str = Field(description="Why.")
    from_s: int = Field(description="Since when it counts.")
    made_by: str = Field(description="Who set it.")
    made_at_s: int = Field(description="When it was set.")


class PriceVersionsJson(BaseModel):
    """What a book says, by SKU; what begins last comes first."""

    prices: list[PriceVersionJson] = Field(description="Every version.")


class FloorJson(BodyJson):
    """What nobody may go below."""

    sku: str = Field(pattern=_SKU, description="Which SKU.")
    currency: str = Field(pattern=_CURRENCY, description="ISO 4217.")
    floor_minor: Annotated[int, Field(ge=1, le=10**13), WHOLE] | None = Field(
        None, description="Minor units; null lifts the floor."
    )
    from_s: Whole | None = Field(None, description=_S)


class FloorsQuery(BaseModel):
    """Of which currency."""

    currency: str | None = Field(None, pattern=_CURRENCY, description="The hub's if not given.")


class FloorsJson(BaseModel):
    """Every floor that counts now."""

    floors: list[FloorJson] = Field(description="By SKU.")


class MarkUpJson(BodyJson):
    """base × (1 + ppm) + fixed, rounded so that it ends with ``ending_minor`` of ``step_minor``."""

    id: str = Field(pattern=_SLUG, description="Its id.")
    names: TypeNamesJson = Field(description="What it is called.")
    currency: str = Field(pattern=_CURRENCY, description="ISO 4217.")
    base: str = Field(
        pattern="^(cost|face|wider)$", description="cost, face, wider: the next wider book."
    )
    ppm: Whole = Field(0, description="Parts per million; negative for less.")
    fixed_minor: Whole = Field(0, description="Minor units; negative for less.")
    step_minor: Whole = Field(1, ge=1, le=10**13, description="100: every whole yuan.")
    ending_minor: Whole = Field(0, ge=0, lt=10**13, description="90: prices end with .90.")
    direction: str = Field(
        "nearest", pattern="^(up|nearest|down)$", description="up, nearest, down."
    )
    from_s: Whole | None = Field(None, description=_S)


class MarkUpsJson(BaseModel):
    """Every mark-up as it counts now."""

    mark_ups: list[MarkUpJson] = Field(description="By id.")


class PromotionJson(BodyJson):
    """A promotion. Exactly one makes it cheaper, unless all that do say that they stack."""

    id: str = Field(pattern=_SLUG, description="Its id.")
    names: TypeNamesJson = Field(description="What it is called.")
    currency: str = Field(pattern=_CURRENCY, description="ISO 4217.")
    kind: str = Field(pattern="^(price|percent|amount)$", description="price, percent, amount.")
    ppm: Whole = Field(0, description="Parts per million off, of percent.")
    minor: Whole = Field(0, description="Minor units: the price, or what is taken off.")
    skus: list[Annotated[str, Field(pattern=_SKU)]] = Field(
        default=[], max_length=500, description="For these; empty for all."
    )
    category: str = Field("", pattern=f"{_SLUG}|^$", description="For what lies in or below it.")
    channel: str = Field("", pattern=f"{_SLUG}|^$", description="In this channel alone.")
    level: str = Field("", pattern=f"{_SLUG}|^$", description="For agents of this level.")
    is_for_members: bool = Field(default=False, description="For members alone.")
    stacks: bool = Field(default=False, description="It may be taken beside others that say so.")
    min_qty: Whole = Field(1, ge=1, le=100_000, description="From so many pieces on.")
    from_s: Whole = Field(description="Unix seconds.")
    until_s: Whole = Field(description="Until before this second.")


class PromotionsJson(BaseModel):
    """Every promotion in its newest version."""

    promotions: list[PromotionJson] = Field(description="By id.")


class AskPriceJson(BodyJson):
    """What somebody wants to know the price of."""

    sku: str = Field(pattern=_SKU, description="Which SKU.")
    quantity: Whole = Field(1, description="How many.")
    currency: str | None = Field(None, pattern=_CURRENCY, description="The hub's if not given.")
    at_s: Annotated[int, Field(ge=0, le=2**35), WHOLE] | None = Field(None, description=_S)
    channel: str = Field("", pattern=f"{_SLUG}|^$", description="Where it is sold.")
    agent: str = Field("", pattern=f"{_AGENT}|^$", description="Who buys, if an agent does.")
    level: str = Field("", pattern=f"{_SLUG}|^$", description="As if one of this level bought.")
    is_member: bool = Field(default=False, description="A member buys.")
    cost_minor: Annotated[int, Field(ge=0, le=10**13), WHOLE] | None = Field(
        None, description="As if it cost the house this; needs cost.see."
    )


class QuoteJson(BaseModel):
    """What it costs, and why."""

    sku: str = Field(description="Which SKU.")
    quantity: int = Field(description="How many.")
    currency: str = Field(description="ISO 4217.")
    unit_minor: int = Field(description="What one costs.")
    total_minor: int = Field(description="What all cost.")
    at_s: int = Field(description="For this moment.")
    channel: str = Field(description="Where it is sold.")
    agent: str = Field(description="Who buys, if an agent does.")
    level: str = Field(description="The agent's.")
    is_member: bool = Field(description="A member buys.")
    steps: list[dict[str, Any]] | None = Field(
        None, description="Each step with source, version, figures and text; only with cost.see."
    )
    by: list[dict[str, Any]] | None = Field(
        None, description="Which promotions apply; without cost.see, and without any figure."
    )


class AnswerJson(BaseModel):
    """A quote, or why there is none."""

    quote: QuoteJson | None = Field(description="Null if there is no price.")
    reason: str | None = Field(
        description="quantity, under-minimum, not-priced, closed, currency, cost-unknown,"
        " face-unknown, nothing-left, too-much; null with a price."
    )
    text: str = Field(description="Why there is no price, for a person; else empty.")
