"""The values of settlement. Nothing here reads or writes."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from edge.contract.ids import EntryRef, StoreGroup, StoreId, UnitId
from edge.contract.money import Money

# --- what stores know ----------------------------------------------------------------------------


class Shop(NamedTuple):
    """A store as settlement knows it."""

    id: StoreId
    name: str
    timezone: str
    group: StoreGroup

    @property
    def account(self) -> str:
        """What it is owed."""
        return f"2310.{self.id}"


class AtTheTill(NamedTuple):
    """Where and when a redemption was made.

    Args:
        told_s: By the till's clock, Unix seconds, whatever that said.
        counts_s: The same if it can be true; otherwise when the hub heard of it.
        scope: Store group that the voucher is good in; 0 for all.
    """

    told_s: int | None
    counts_s: int
    scope: StoreGroup


class Signed(NamedTuple):
    """An entry as its unit signed for it, for whoever checks a line to the end.

    Args:
        raw: The entry's bytes; ``SHA-256("VXJ1" || raw)`` is ``hash``.
        fields: What they say, as name and text, in the entry's order.
        acked_seq: How far the hub has this epoch without a hole.
    """

    ref: EntryRef
    raw: bytes
    hash: bytes
    fields: tuple[tuple[str, str], ...]
    received_at_s: int
    acked_seq: int


# --- fees ----------------------------------------------------------------------------------------


class Tier(NamedTuple):
    """From this volume of a month on, this rate.

    Args:
        from_minor: Volume, minor units.
        ppm: Parts per million: 6000 is 0.6 %.
    """

    from_minor: int
    ppm: int


class FeeModel(NamedTuple):
    """What a store pays for each redemption: a fixed amount, and a rate by the month's volume.

    Args:
        version: Counts the models of one store; 0 is "nothing".
        first_day: Business day of the first redemption that it is for.
        tiers: By volume, the first from 0; empty for no rate.
    """

    version: int
    first_day: int
    currency: str
    fixed_minor: int
    tiers: tuple[Tier, ...]


# --- statements ----------------------------------------------------------------------------------


class State(StrEnum):
    """Where a statement stands; ``states`` says how it goes on."""

    DRAFT = "draft"
    ISSUED = "issued"
    CONFIRMED = "confirmed"
    DISPUTED = "disputed"
    PAYABLE = "payable"
    PAID = "paid"


class LineKind(StrEnum):
    """Why a line is there."""

    REDEMPTION = "redemption"
    CORRECTION = "correction"
    """A redemption that was posted is taken back: it was voided, or a later fact has its value."""
    CLAIM = "claim"
    """Beyond the voucher's value; not due until somebody has decided."""
    CLAIM_BACK = "claim-back"
    BORNE_BY_STORE = "borne-by-store"
    BORNE_BY_OTHERS = "borne-by-others"
    """Decided for the store: what was claimed is due now."""
    DECISION_BACK = "decision-back"
    """Later facts have taken a decision back."""
    PAYMENT = "payment"
    PAYMENT_BACK = "payment-back"
    DISPUTE_SETTLED = "dispute-settled"
    """What was due for a line of before, and waited because the store did not agree."""
    ADJUSTMENT = "adjustment"
    """Whatever else somebody has posted to the store's account."""


class Movement(NamedTuple):
    """A journal that matters to a store's statement, as the ledger has it.

    Args:
        change: What it adds to what the store is owed; 0 for a decision that others bear.
        about: The claim that a decision is about, minor units; 0 otherwise.
        root_id, root_kind, root_memo: Of the journal that it reverses; its own if it reverses none.
    """

    journal_id: int
    kind: str
    effective: int
    at_s: int
    voucher: str
    change: int
    about: int
    root_id: int
    root_kind: str
    root_memo: str

    @property
    def is_reversal(self) -> bool:
        """Whether it takes another one back."""
        return self.root_id != self.journal_id


class SettledDispute(NamedTuple):
    """A disputed line that was settled and stands on no statement yet."""

    no: str
    n: int
    due: int
    settled_at_s: int
    entry: str
    voucher: str

    @property
    def line(self) -> str:
        """The line that it was about: ``S0412-20260411/3``."""
        return f"{self.no}/{self.n}"


class Line(NamedTuple):
    """One line of a statement. Amounts in minor units.

    Args:
        business_day: The day that it belongs to where the store is, yyyymmdd.
        is_late: That day had been gone through before this was known.
        at_s: When, by the till's clock; when posted, for what was not done at a till.
        final_after_s: It may still change until every journal is known up to here; None: it is
            final.
        scope: Store group whose journals those are; 0 for all.
        entry: Unit, epoch and number, ``S0412-K1/1/17``; empty if it was not done at a till.
        net: What it changes in the balance, our fee included: ``gross - fee``.
        due: What it makes payable.
    """

    n: int
    kind: LineKind
    business_day: int
    is_late: bool
    at_s: int
    final_after_s: int | None
    scope: int | None
    entry: str
    voucher: str
    gross: int
    fee: int
    net: int
    due: int
    journal_id: int | None
    settles: str = ""


class Totals(NamedTuple):
    """What a statement comes to, minor units.

    Args:
        volume_before: What was redeemed in this month on the statements before; tiers go by it.
    """

    opening: int
    gross: int
    fee: int
    net: int
    due: int
    closing: int
    volume_before: int


class Statement(NamedTuple):
    """One statement of a store: what happened to what it is owed, by one business day.

    Args:
        no: Store and day, ``S0412-20260411``.
        n: Counts the store's statements.
        disputed: What of ``due`` is disputed, and so not paid with it.
        answer_until_s: Until then the store may confirm or dispute; silence confirms.
        fee_journal_id: Journal of its fees; None if there are none.
    """

    no: str
    store: StoreId
    n: int
    day: int
    currency: str
    state: State
    totals: Totals
    disputed: int
    drawn_up_at_s: int
    fee_journal_id: int | None
    fee_version: int
    prev_hash: bytes | None
    hash: bytes | None
    issued_at_s: int | None
    answer_until_s: int | None
    answered_at_s: int | None
    answered_by: str | None
    reason: str | None
    payable_at_s: int | None
    payout_no: str | None
    paid_at_s: int | None

    @property
    def pays(self) -> int:
        """What is to be paid for it."""
        return self.totals.due - self.disputed


class Dispute(NamedTuple):
    """A line that its store does not agree with."""

    no: str
    n: int
    due: int
    reason: str
    opened_at_s: int
    opened_by: str
    settled_at_s: int | None
    settled_by: str | None
    note: str | None


class Payable(NamedTuple):
    """What one party is to be paid now.

    Args:
        account: Where it is owed: ``2310.S0412``.
        statement_ids: Statements that it is for; those that ask money back are among them.
    """

    party: StoreId
    account: str
    amount: Money
    statement_ids: tuple[str, ...]


# --- how far facts are final ---------------------------------------------------------------------


class Lost(NamedTuple):
    """Entries that a unit says it had and the hub does not have.

    Args:
        epoch: The epoch whose first entry says so.
        before_s: Nothing is missing before this moment.
        noticed_at_s: When the hub heard of it.
    """

    epoch: int
    before_s: int
    noticed_at_s: int


class Told(NamedTuple):
    """What a unit has said with its last pull: at this moment this entry was the newest.

    Args:
        is_here: Whether the hub has that entry and everything before it.
    """

    at_s: int
    is_here: bool


class UnitJournal(NamedTuple):
    """What the hub knows of a unit that is enrolled and not revoked.

    Args:
        tail_at_s: Time of the newest entry that the hub has with none missing before it.
        heard_at_s: When its last pull came.
    """

    unit: UnitId
    store: StoreId
    group: StoreGroup
    is_stopped: bool
    enrolled_at_s: int
    tail_at_s: int | None
    lost: Lost | None
    told: Told | None
    heard_at_s: int | None
