"""The shapes of the API of after-sales."""

from __future__ import annotations

from typing import Annotated

from flask_openapi3.models import RawModel
from pydantic import BaseModel, Field

from central.foundation.pictures import KINDS
from central.foundation.web.describe import WHOLE, BodyJson
from central.sale.after_sales.model import SAID_CHARS, CaseState, ClaimState, Reason
from edge.contract.money import MINOR_MAX

_UNIT = "^O[A-Z2-7]{15}-[1-9][0-9]{0,3}$"
_KEY = "^[!-~]{1,64}$"
_NUMBER_MAX = 2**62


class CaseKeyHeader(BaseModel):
    """What makes asking twice harmless."""

    key: str = Field(
        alias="Idempotency-Key", pattern=_KEY,
        description="Your own, for ever: the same key and request is done once.",
    )  # fmt: skip


class WhichAfterSales(BaseModel):
    """Which cases, and how many."""

    state: CaseState | None = Field(None, description="Only those in this state.")
    limit: int = Field(50, ge=1, le=200, description="At most this many, newest first.")
    before: int | None = Field(
        None, ge=1, le=_NUMBER_MAX, description="Only those opened before: next of a page."
    )


class AfterSalePath(BaseModel):
    """Which case."""

    case_id: int = Field(ge=1, le=_NUMBER_MAX, description="Its number.")


class EvidencePath(AfterSalePath):
    """Which picture of which case."""

    evidence_id: int = Field(ge=1, le=_NUMBER_MAX, description="Number of the evidence.")


class NewAfterSaleJson(BodyJson):
    """What is wrong with what."""

    unit: str = Field(pattern=_UNIT, description="Number of the order's unit.")
    reason: Reason = Field(
        strict=False, description="What it is; changed-mind goes back at once, or is refused."
    )
    said: str = Field("", max_length=SAID_CHARS, description="In the buyer's words.")


class MoreSaidJson(BodyJson):
    """What somebody says besides."""

    said: str = Field(min_length=1, max_length=SAID_CHARS, description="In words.")


class EvidencePicture(RawModel):
    """The picture's file, at most 8 MiB and 50 million pixels; it is drawn anew and sealed."""

    mimetypes: list[str] = list(KINDS)  # noqa: RUF012 - as RawModel has it


class CaseAnswerJson(BodyJson):
    """What the buyer is told."""

    answer: str = Field(min_length=1, max_length=SAID_CHARS, description="He reads it.")


class GiveBackJson(CaseAnswerJson):
    """What goes back, and what the buyer is told."""

    amount_minor: Annotated[int, Field(ge=1, le=MINOR_MAX), WHOLE] | None = Field(
        None, description="Only so much, and he keeps the unit; null for all that is left of it."
    )


class AfterSaleJson(BaseModel):
    """A case of after-sales: one unit of an order, answered once."""

    id: int = Field(description="Its number.")
    order: str = Field(description="Of which order.")
    unit: str = Field(description="Which unit of it.")
    reason: Reason = Field(description="What is wrong.")
    state: CaseState = Field(description="Where it is.")
    opened_by: str = Field(description="buyer, a person, or the key of a program.")
    opened_at_s: int = Field(description="Unix seconds.")
    answer_until_s: int = Field(description="It is late after this.")
    answer: str = Field(description="What the buyer was told; empty while it is open.")
    closed_by: str | None = Field(description="Who has answered; null while it is open.")
    closed_at_s: int | None = Field(description="Unix seconds.")
    refund: str | None = Field(description="Number of the refund, if something goes back.")
    claim: ClaimState = Field(description="What the unit's supplier was asked for.")


class AfterSalesJson(BaseModel):
    """A page of cases, the newest first."""

    cases: list[AfterSaleJson] = Field(description="The cases.")
    next: int | None = Field(description="before of the next page; null for none.")


class SaidEvidenceJson(BaseModel):
    """What somebody has said or shown."""

    id: int = Field(description="Its number.")
    at_s: int = Field(description="Unix seconds.")
    who: str = Field(description="buyer, a person, or the key of a program.")
    said: str = Field(
        description="In words. What the buyer has told of himself is masked in them, unless the key"
        " has `orders.private`."
    )
    has_picture: bool = Field(description="Whether there is a picture, for those who decide.")


class OneAfterSaleJson(BaseModel):
    """A case with what was said and shown."""

    case: AfterSaleJson = Field(description="The case.")
    evidence: list[SaidEvidenceJson] = Field(description="First things first.")
