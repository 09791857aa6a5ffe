"""The shapes of reconciliation's API: what comes in, and what goes out."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from flask_openapi3.models import RawModel
from pydantic import BaseModel, Field

from central.money.reconciliation.overview import BillView
from central.money.reconciliation.resolve import DifferenceView
from central.money.reconciliation.settle import Settlement
from central.money.reconciliation.take import Taken
from central.money.reconciliation.unproven import Unproven

_ACCOUNT = "^[0-9]{4}([.][A-Za-z0-9-]{1,40})?$"
_MINOR = Field(description="Minor units.")
Limit = Annotated[int, Field(ge=1, le=1000, description="At most this many.")]


# --- what comes in -------------------------------------------------------------------------------


class WhichBills(BaseModel):
    """Of which account."""

    account: str | None = Field(None, pattern=_ACCOUNT, description="1020.wechat-pay.")
    limit: Limit = 200


class WhichDifferences(WhichBills):
    """Of which account, and which of them."""

    state: Literal["open", "all"] = Field("open", description="Those that are open, or all.")


class SourcePath(BaseModel):
    """A section of statements.toml."""

    source: str = Field(
        pattern="^(bank|supplier)[.][A-Za-z0-9-]{1,40}$", description="bank.main, supplier.north."
    )


class StatementFile(RawModel):
    """The file as the bank or the supplier gave it, at most 1 MiB."""

    mimetypes: list[str] = ["text/csv"]  # noqa: RUF012 - as RawModel has it


class DifferencePath(BaseModel):
    """Which difference."""

    difference_id: int = Field(ge=1, le=2**62, description="Its number.")


class ResolutionJson(BaseModel):
    """Where a difference belongs."""

    account: str = Field(pattern=_ACCOUNT, description="2010, 5030, 2110.EAST-1.")
    reason: str = Field(min_length=1, max_length=500, description="In words.")


class SameJson(BaseModel):
    """Which entry a line is."""

    entry_id: int = Field(ge=1, le=2**62, description="Of the ledger, as unproven lists it.")
    reason: str = Field(min_length=1, max_length=500, description="In words.")


class DayPath(BaseModel):
    """A channel's day."""

    channel: str = Field(pattern="^[A-Za-z0-9-]{1,40}$", description="wechat-pay.")
    day: int = Field(ge=20000101, le=99991231, description="yyyymmdd.")


# --- what goes out -------------------------------------------------------------------------------


class TakenBillJson(BaseModel):
    """A bill that was taken."""

    id: int = Field(description="Its number.")
    source: str = Field(description="wechat-pay, main, north.")
    kind: str = Field(description="trade, flow, bank, supplier.")
    part: str = Field(description="Of which part of the account: BASIC; empty for all of it.")
    account: str = Field(description="Of our books: 1020.wechat-pay.")
    day: int = Field(description="yyyymmdd.")
    lines: int = Field(description="How many it has.")
    proven: int = Field(description="Lines that prove an entry.")
    open: int = Field(description="Lines that differ from our books.")
    waiting: int = Field(description="Movements that wait for their settlement.")
    sha256: str = Field(description="Of the file, hex.")
    taken_at_s: int = Field(description="Unix seconds.")
    taken_by: str = Field(description="Who has taken it.")


class TakenBillsJson(BaseModel):
    """Bills, the newest day first."""

    bills: list[TakenBillJson]


class MatchedBillJson(BaseModel):
    """What a bill has shown."""

    bill_id: int = Field(description="Its number.")
    lines: int = Field(description="How many it has.")
    proven: int = Field(description="Lines that prove an entry.")
    differing: int = Field(description="Lines that differ from our books.")
    waiting: int = Field(description="Movements that wait for their settlement.")


class MatchedBillsJson(BaseModel):
    """One bill for each day that the file tells of, the oldest first."""

    bills: list[MatchedBillJson]


class DifferenceJson(BaseModel):
    """How a bill and our books differ."""

    id: int = Field(description="Its number.")
    kind: str = Field(description="not-in-books, amount-differs, duplicate, missing.")
    state: str = Field(description="open, proven, resolved, taken-back.")
    bill_id: int | None = Field(description="The bill; null for an entry that is missing.")
    n: int | None = Field(description="The line of the bill.")
    entry_id: int | None = Field(description="The entry that its bills lack; null for a line.")
    source: str = Field(description="wechat-pay, main, north.")
    account: str = Field(description="Of our books: 1010.wechat-pay.")
    day: int = Field(description="yyyymmdd.")
    number: str = Field(description="What it goes by.")
    amount: int = Field(description="By how much the bill has more than our books, minor units.")
    currency: str = Field(description="ISO 4217.")
    age_days: int = Field(description="For how many days it has been known.")
    opened_at_s: int = Field(description="Unix seconds.")
    belongs_to: str | None = Field(description="Where it was posted to.")
    reason: str | None = Field(description="Why, in words.")
    closed_by: str | None = Field(description="Who has ended it.")


class DifferencesJson(BaseModel):
    """Differences, the oldest first."""

    differences: list[DifferenceJson]


class UnprovenJson(BaseModel):
    """An entry that no bill has proven."""

    entry_id: int = Field(description="Of the ledger.")
    journal_id: int = Field(description="Of the ledger.")
    account: str = Field(description="1010.wechat-pay.")
    kind: str = Field(description="Which event: paid, refund-confirmed.")
    ref: str = Field(description="What it is about.")
    day: int = Field(description="yyyymmdd.")
    amount: int = _MINOR
    currency: str = Field(description="ISO 4217.")
    is_missing: bool = Field(description="The bills of its day and of the next are there.")


class AllUnprovenJson(BaseModel):
    """Entries that no bill has proven, the oldest first."""

    entries: list[UnprovenJson]


class SettledPartJson(BaseModel):
    """What one bill of movements settles. Amounts in minor units."""

    part: str = Field(description="Of which of our accounts with the channel: BASIC.")
    currency: str = Field(description="ISO 4217.")
    gross: int = Field(description="What leaves 1010.")
    net: int = Field(description="What comes into 1020.")
    fee: int = Field(description="What goes to 5030.")
    fee_told: str = Field(description="The fee by the bill of payments, with five decimals.")
    lines: int = Field(description="Movements that it takes together.")
    open: int = Field(description="Payments in it that differ: resolve them first.")
    journals: list[int] = Field(description="What has been posted.")


class SettledDayJson(BaseModel):
    """What a day's bills of movements settle."""

    parts: list[SettledPartJson]


def of_bill(one: BillView) -> dict[str, Any]:
    """Return it as JSON."""
    return one._asdict()


def of_taken(one: Taken) -> dict[str, Any]:
    """Return it as JSON."""
    return one._asdict()


def of_difference(one: DifferenceView, now_s: int) -> dict[str, Any]:
    """Return it as JSON."""
    amount = {"amount": one.amount.minor, "currency": one.amount.currency}
    return one._asdict() | amount | {"age_days": one.age(now_s)}


def of_unproven(one: Unproven) -> dict[str, Any]:
    """Return it as JSON."""
    return {
        "entry_id": one.entry,
        "journal_id": one.journal_id,
        "account": one.account,
        "kind": one.kind,
        "ref": one.ref,
        "day": one.day,
        "amount": one.amount.minor,
        "currency": one.amount.currency,
        "is_missing": one.has_bill,
    }


def of_settlement(one: Settlement) -> dict[str, Any]:
    """Return it as JSON."""
    figures = {name: getattr(one, name).minor for name in ("gross", "net", "fee")}
    rest = {"fee_told": one.fee_told, "lines": one.lines, "open": one.open}
    return {
        "part": one.part, "currency": one.gross.currency, **figures, **rest,
        "journals": list(one.journals),
    }  # fmt: skip
