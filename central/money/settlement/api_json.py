"""The shapes of settlement's API: what comes in, and what goes out."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from central.foundation.web.describe import BodyJson
from central.money.ledger.statement import Journal
from central.money.settlement import store as books
from central.money.settlement.drill import LineView
from central.money.settlement.model import Dispute, FeeModel, Line, Statement, Tier
from central.money.settlement.payable.pay import Figure
from central.money.settlement.payable.watermark import Watermark
from edge.contract.money import MINOR_MAX

_STORE = "^[A-Z0-9][A-Z0-9-]{0,31}$"
_NO = "^[A-Z0-9][A-Z0-9-]{0,31}-[0-9]{8}$"
_MINOR = Field(description="Minor units.")


LineNumber = Annotated[int, Field(ge=1, le=1_000_000, description="Its number.")]


# --- what comes in -------------------------------------------------------------------------------


class WhichStatements(BaseModel):
    """Which statements."""

    store: str | None = Field(None, pattern=_STORE, description="S0412.")
    state: Literal["draft", "issued", "confirmed", "disputed", "payable", "paid"] | None = Field(
        None, description="In which state."
    )
    month: int | None = Field(None, ge=200001, le=999912, description="yyyymm.")
    limit: int = Field(200, ge=1, le=1000, description="At most this many.")


class StatementPath(BaseModel):
    """Which statement."""

    statement_no: str = Field(pattern=_NO, description="S0412-20260411.")


class LinePath(StatementPath):
    """Which line of which statement."""

    n: LineNumber


class FilePath(StatementPath):
    """Which file of which statement."""

    ending: Literal["csv", "xlsx", "pdf", "txt"] = Field(
        description="txt is the text whose SHA-256 stands on the statement."
    )


class Language(BaseModel):
    """In which language."""

    locale: Literal["zh-CN", "en"] = Field("zh-CN", description="Of its words.")


class StorePath(BaseModel):
    """Which store."""

    store: str = Field(pattern=_STORE, description="S0412.")


class DisputeJson(BaseModel):
    """Lines that a store does not agree with."""

    lines: list[LineNumber] = Field(min_length=1, max_length=10_000, description="WhichStatements.")
    reason: str = Field(min_length=1, max_length=500, description="In words.")


class NoteJson(BaseModel):
    """How a dispute has ended."""

    note: str = Field(min_length=1, max_length=500, description="In words.")


class TierJson(BaseModel):
    """From this volume of a month on, this rate."""

    from_minor: int = Field(ge=0, le=MINOR_MAX, description="Minor units.")
    ppm: int = Field(ge=0, le=1_000_000, description="Parts per million: 6000 is 0.6 %.")


class NewFeesJson(BaseModel):
    """What a store pays for each redemption from a day on."""

    first_day: int = Field(ge=20000101, le=99991231, description="Business day, yyyymmdd.")
    currency: str = Field(pattern="^[A-Z]{3}$", description="Of the fixed amount.")
    fixed_minor: int = Field(0, ge=0, le=MINOR_MAX, description="For each one, minor units.")
    tiers: list[TierJson] = Field([], description="By the month's volume, the first from 0.")

    def model(self) -> FeeModel:
        """Return it without a version."""
        tiers = tuple(Tier(tier.from_minor, tier.ppm) for tier in self.tiers)
        return FeeModel(0, self.first_day, self.currency, self.fixed_minor, tiers)


# --- what goes out -------------------------------------------------------------------------------


class StoreStatementJson(BaseModel):
    """A statement. Amounts in minor units, what the store is owed is positive."""

    no: str = Field(description="S0412-20260411.")
    store: str = Field(description="S0412.")
    n: int = Field(description="Counts the store's statements.")
    day: int = Field(description="Business day, yyyymmdd.")
    currency: str = Field(description="ISO 4217.")
    state: str = Field(description="draft, issued, confirmed, disputed, payable, paid.")
    opening: int = _MINOR
    gross: int = _MINOR
    fee: int = _MINOR
    net: int = Field(description="What it changes: gross less fee.")
    due: int = Field(description="What it makes payable.")
    closing: int = Field(description="opening + net.")
    disputed: int = Field(description="What of due waits for a dispute.")
    pays: int = Field(description="due - disputed.")
    volume_before: int = Field(description="Redeemed in this month on the statements before.")
    fee_version: int = Field(description="Which agreement about fees; 0 for none.")
    fee_journal_id: int | None = Field(description="Of the ledger; null if there are no fees.")
    hash: str | None = Field(description="SHA-256 of the export txt, hex; null for a draft.")
    prev_hash: str | None = Field(description="That of the store's statement before.")
    drawn_up_at_s: int = Field(description="Unix seconds.")
    issued_at_s: int | None = Field(description="Unix seconds.")
    answer_until_s: int | None = Field(description="Silence confirms it then.")
    answered_at_s: int | None = Field(description="Unix seconds.")
    answered_by: str | None = Field(description="Who, or silence.")
    reason: str | None = Field(description="Of a dispute.")
    payable_at_s: int | None = Field(description="Unix seconds.")
    payout_no: str | None = Field(description="The payout that has taken it.")
    paid_at_s: int | None = Field(description="Unix seconds.")


class StatementsJson(BaseModel):
    """Statements, the newest day first."""

    statements: list[StoreStatementJson]


class StoreLineJson(BaseModel):
    """One line of a statement. Amounts in minor units."""

    n: int = Field(description="Its number.")
    kind: str = Field(description="redemption, correction, claim, payment, …")
    business_day: int = Field(description="Its own, yyyymmdd.")
    is_late: bool = Field(description="That day had been gone through before it was known.")
    at_s: int = Field(description="By the till's clock, Unix seconds.")
    final_after_s: int | None = Field(description="It may change until all is known up to here.")
    scope: int | None = Field(description="Store group whose journals those are; 0 for all.")
    entry: str = Field(description="Unit, epoch and number; empty if not at a till.")
    voucher: str = Field(description="12 hex digits; empty if it is about none.")
    gross: int = _MINOR
    fee: int = _MINOR
    net: int = _MINOR
    due: int = _MINOR
    journal_id: int | None = Field(description="Of the ledger.")
    settles: str = Field(description="The disputed line that it settles: S0412-20260411/3.")


class DisputedJson(BaseModel):
    """A disputed line."""

    n: int = Field(description="The line's number.")
    due: int = _MINOR
    reason: str = Field(description="Why.")
    opened_at_s: int = Field(description="Unix seconds.")
    opened_by: str = Field(description="Who.")
    settled_at_s: int | None = Field(description="null while it waits.")
    settled_by: str | None = Field(description="Who.")
    note: str | None = Field(description="How.")


class OneStatementJson(BaseModel):
    """A statement with its lines."""

    statement: StoreStatementJson
    lines: list[StoreLineJson]
    disputes: list[DisputedJson]


class BookedLegJson(BaseModel):
    """One entry of a journal."""

    code: str = Field(description="2310.S0412.")
    name_en: str = Field(description="Its name.")
    name_zh: str = Field(description="Its name in Chinese.")
    debit: int = _MINOR
    credit: int = _MINOR


class BookingJson(BaseModel):
    """A journal of the ledger."""

    id: int = Field(description="Its number.")
    idem: str = Field(description="Its business key.")
    kind: str = Field(description="Which event.")
    ref: str = Field(description="What it is about.")
    effective: int = Field(description="Business day, yyyymmdd.")
    at_s: int = Field(description="When it was posted, Unix seconds.")
    actor: str = Field(description="Who or what caused it.")
    memo: str = Field(description="What else is to be said.")
    reverses: int | None = Field(description="The journal that it takes back.")
    reversed_by: int | None = Field(description="The journal that takes it back.")
    legs: list[BookedLegJson]


class SignedJson(BaseModel):
    """An entry as its unit has signed for it."""

    ref: str = Field(description="S0412-K1/1/17.")
    raw: str = Field(description="Its bytes, hex.")
    hash: str = Field(description='SHA-256 of "VXJ1" and these bytes, hex.')
    fields: dict[str, str] = Field(description="What they say.")
    received_at_s: int = Field(description="Unix seconds.")
    acked_seq: int = Field(description="How far the hub has this journal.")


class FeePartJson(BaseModel):
    """How much of a redemption was charged at which rate."""

    from_minor: int = Field(description="Where its tier begins.")
    ppm: int = Field(description="Parts per million.")
    minor: int = _MINOR


class FeeModelJson(BaseModel):
    """What a store pays."""

    version: int = Field(description="Counts the agreements of a store; 0 for none.")
    first_day: int = Field(description="Business day, yyyymmdd.")
    currency: str = Field(description="ISO 4217.")
    fixed_minor: int = Field(description="For each redemption.")
    tiers: list[TierJson]


class LineViewJson(BaseModel):
    """A line with everything below it."""

    line: StoreLineJson
    dispute: DisputedJson | None
    fees: FeeModelJson
    volume: int = Field(description="Redeemed in the month before this line.")
    parts: list[FeePartJson]
    journal: BookingJson | None
    signed: SignedJson | None


class PayableJson(BaseModel):
    """What the payable statements of one store come to."""

    store: str = Field(description="S0412.")
    account: str = Field(description="2310.S0412.")
    amount: int = _MINOR
    currency: str = Field(description="ISO 4217.")
    covered: int = Field(description="What the ledger says may be paid at most.")
    is_ready: bool = Field(description="More than nothing, and covered.")
    statement_ids: list[str] = Field(description="Their numbers.")


class PayablesJson(BaseModel):
    """Every store with payable statements that no payout has taken."""

    payables: list[PayableJson]


class CompleteJson(BaseModel):
    """How far one unit's journal is known."""

    unit: str = Field(description="S0412-K1.")
    store: str = Field(description="S0412.")
    up_to_s: int = Field(description="Unix seconds.")
    why: str = Field(description="up-to-date, silent, behind, lost, untold, stopped.")
    since_s: int = Field(description="Since when no further, Unix seconds.")
    lost_epoch: int | None = Field(description="The epoch that reports lost entries.")


class WatermarkJson(BaseModel):
    """How far everything of a store group is known."""

    group: int = Field(description="Its number.")
    up_to_s: int = Field(description="Unix seconds.")
    units: list[CompleteJson] = Field(description="The one that keeps it back comes first.")


class WatermarksJson(BaseModel):
    """Every store group that has units."""

    groups: list[WatermarkJson]


class RunJson(BaseModel):
    """What a run has done."""

    issued: list[str] = Field(description="Statements.")
    confirmed: list[str] = Field(description="Statements that silence has confirmed.")
    released: list[str] = Field(description="Statements that are payable since.")
    paid: list[str] = Field(description="Statements that a payout has paid since.")
    problems: list[str] = Field(description="Stores whose statements cannot be issued, and why.")


class OwnerJson(BodyJson):
    """Whose a store is from now on."""

    owner: str = Field(
        pattern="^[A-Za-z0-9-]{0,40}$",
        description="Letters, digits and hyphens; empty: it stands for itself again.",
    )


class OwnedJson(BaseModel):
    """A store with its owner."""

    store: str = Field(description="S0412.")
    owner: str = Field(description="Who is paid for it; empty: the store itself.")


class OwnersJson(BaseModel):
    """Stores that belong to somebody; the others stand for themselves."""

    owners: list[OwnedJson] = Field(description="By store.")


class FeesJson(BaseModel):
    """Every agreement of a store, the oldest first."""

    fees: list[FeeModelJson]


# --- from values to shapes -----------------------------------------------------------------------


def of_statement(one: Statement) -> dict[str, Any]:
    """Return a statement as JSON."""
    found = one._asdict() | one.totals._asdict() | {"pays": one.pays}
    del found["totals"]
    for name in ("hash", "prev_hash"):
        found[name] = None if found[name] is None else found[name].hex()
    return found


def in_full(no: str) -> dict[str, Any]:
    """Return a statement with its lines; NotFound if there is none."""
    return {
        "statement": of_statement(books.statement(no)),
        "lines": [line._asdict() for line in books.lines_of(no)],
        "disputes": [of_dispute(found) for found in books.disputes_of(no)],
    }


def of_dispute(found: Dispute) -> dict[str, Any]:
    """Return a disputed line as JSON."""
    return {name: value for name, value in found._asdict().items() if name != "no"}


def of_line(line: Line) -> dict[str, Any]:
    """Return a line as JSON."""
    return line._asdict()


def of_view(view: LineView) -> dict[str, Any]:
    """Return a line with everything below it as JSON."""
    signed = view.signed
    return {
        "line": of_line(view.line),
        "dispute": of_dispute(view.dispute) if view.dispute else None,
        "fees": of_model(view.model),
        "volume": view.volume,
        "parts": [part.tier._asdict() | {"minor": part.minor} for part in view.parts],
        "journal": _of_journal(view.journal) if view.journal else None,
        "signed": None
        if signed is None
        else {
            "ref": str(signed.ref),
            "raw": signed.raw.hex(),
            "hash": signed.hash.hex(),
            "fields": dict(signed.fields),
            "received_at_s": signed.received_at_s,
            "acked_seq": signed.acked_seq,
        },
    }


def _of_journal(found: Journal) -> dict[str, Any]:
    told = ("id", "idem", "kind", "ref", "effective", "at_s", "actor", "memo", "reverses")
    legs = [
        {name: getattr(leg, name) for name in ("code", "name_en", "name_zh", "debit", "credit")}
        for leg in found.legs
    ]
    return {name: getattr(found, name) for name in (*told, "reversed_by")} | {"legs": legs}


def of_model(model: FeeModel) -> dict[str, Any]:
    """Return what a store pays as JSON."""
    return model._asdict() | {"tiers": [tier._asdict() for tier in model.tiers]}


def of_figure(figure: Figure) -> dict[str, Any]:
    """Return what a store is to be paid as JSON."""
    return figure._asdict() | {
        "amount": figure.amount.minor,
        "currency": figure.amount.currency,
        "is_ready": figure.is_ready,
    }


def of_mark(mark: Watermark) -> dict[str, Any]:
    """Return a watermark as JSON."""
    return mark._asdict() | {"units": [unit._asdict() for unit in mark.units]}
