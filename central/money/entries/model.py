"""What can be entered by hand, as it is described, filled in, looked at and kept. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import NamedTuple

from central.foundation.language.words import N_
from central.foundation.people.roles import Permission
from central.money.ledger.posting import Posting
from edge.contract.money import Money

DOCUMENT_CHARS, NOTE_CHARS = 64, 500


class Takes(StrEnum):
    """What a field takes."""

    AGENT = "agent"
    SUPPLIER = "supplier"
    CHANNEL = "channel"
    PLACE = "place"
    """``bank:main`` or ``channel:wechat-pay``: where our money is."""
    OPENING = "opening"
    """What stood somewhere when the books began."""
    OWNER = "owner"
    """Whose that is; empty where it is nobody's."""
    JOURNAL = "journal"


class Field(NamedTuple):
    """One thing that is asked besides amount, day, document and note."""

    name: str
    label: str
    takes: Takes


class Given(NamedTuple):
    """What somebody has filled in, checked.

    Args:
        fields: By the names of the kind's fields.
        document: Number of the paper that says so.
    """

    fields: Mapping[str, str]
    document: str
    amount: Money
    day: int
    note: str
    actor: str


class Kind(NamedTuple):
    """Something that happens outside and that a person tells the books.

    Args:
        title, says: What happened, in a few words and in a sentence.
        build: What it posts.
        needs_two: Whether it waits for a second person whatever its amount is.
        document: What the number of its paper is called.
    """

    slug: str
    title: str
    says: str
    fields: tuple[Field, ...]
    build: Callable[[Given], Posting]
    needs_two: bool = False
    document: str = N_("Document number")
    permission: Permission = Permission.LEDGER_ENTER

    @property
    def takes_back(self) -> bool:
        """Whether it takes a journal back, and asks for nothing but the number of it."""
        return any(field.takes is Takes.JOURNAL for field in self.fields)


class Asked(NamedTuple):
    """What somebody wants to enter, as he has written it.

    Args:
        amount: Minor units; of what takes a journal back it is ignored.
        day: yyyymmdd; None for today.
    """

    kind: str
    fields: Mapping[str, str]
    document: str
    amount: Money
    day: int | None
    note: str


class By(NamedTuple):
    """Who does it, and when.

    Args:
        is_person: A program may enter, but only a person confirms.
    """

    who: str
    at_s: int
    today: int
    is_person: bool


class PreviewLeg(NamedTuple):
    """One side of what would be posted, minor units.

    Args:
        before, after: Of the account, in its normal direction.
        is_new: The account has never been used.
    """

    code: str
    name_en: str
    name_zh: str
    debit: int
    credit: int
    before: int
    after: int
    is_new: bool


class Preview(NamedTuple):
    """What would be posted.

    Args:
        why_two: Why it would wait for a second person; empty if it would not.
    """

    posting: Posting
    legs: tuple[PreviewLeg, ...]
    why_two: str

    @property
    def amount(self) -> int:
        """What it moves, minor units."""
        return sum(leg.debit for leg in self.legs)


class EntryState(StrEnum):
    """Where an entry is."""

    WAITING = "waiting"
    POSTED = "posted"
    REFUSED = "refused"
    TAKEN_BACK = "taken-back"


class Entry(NamedTuple):
    """An entry as it was made."""

    id: int
    kind: str
    key: str
    document: str
    day: int
    amount: Money
    fields: Mapping[str, str]
    note: str
    state: EntryState
    asked_by: str
    asked_at_s: int
    decided_by: str | None
    decided_at_s: int | None
    why: str
    journal_id: int | None
