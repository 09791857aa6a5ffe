"""What a product type is made of. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from central.supply.product_types.pattern import Pattern

TypeId = NewType("TypeId", str)
"""Lower-case letters, digits and hyphens, at most 32: ``game-key``."""

Names = Mapping[str, str]
"""A text in each language: ``{"zh-CN": …, "en": …}``."""


class Fulfilment(StrEnum):
    """How what was sold comes to the buyer."""

    LOCAL_KEY = "local_key"
    SUPPLIER_KEY = "supplier_key"
    DIRECT_TOPUP = "direct_topup"
    LINK = "link"
    OWN_VOUCHER = "own_voucher"
    MANUAL = "manual"
    BUNDLE = "bundle"


class FieldKind(StrEnum):
    """What may be typed into a field."""

    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    PHONE = "phone"
    EMAIL = "email"
    DATE = "date"


@dataclass(frozen=True)
class Choice:
    """One of those that a buyer chooses from."""

    value: str
    names: Names


@dataclass(frozen=True)
class Field:
    """Something that a buyer has to say.

    Args:
        pattern: What the whole text must look like; text only.
        least, most: Characters of a text, or the value of a whole number.
        first, last: Days that a date lies between, ``2026-04-11``.
        is_pii: It says something of a person: it is masked in lists and deleted on request.
    """

    id: str
    kind: FieldKind
    labels: Names
    helps: Names
    is_required: bool = True
    pattern: Pattern | None = None
    least: int | None = None
    most: int | None = None
    first: str = ""
    last: str = ""
    choices: tuple[Choice, ...] = ()
    is_pii: bool = False


class ValidityKind(StrEnum):
    """How long what was delivered is good."""

    UNLIMITED = "unlimited"
    DAYS = "days"
    UNTIL = "until"


@dataclass(frozen=True)
class Validity:
    """How long what was delivered is good.

    Args:
        days: From delivery on; of ``DAYS`` only.
        until_s: The first second when it is good no more; of ``UNTIL`` only.
    """

    kind: ValidityKind = ValidityKind.UNLIMITED
    days: int = 0
    until_s: int = 0

    def ends_at_s(self, delivered_at_s: int) -> int | None:
        """Return the first second when it is good no more; None if it always is."""
        if self.kind is ValidityKind.DAYS:
            return delivered_at_s + self.days * 86_400
        return self.until_s if self.kind is ValidityKind.UNTIL else None


@dataclass(frozen=True)
class TypeBody:
    """One version of a type.

    Args:
        delivery: What the buyer sees, in each language, with ``{places}``.
    """

    fields: tuple[Field, ...]
    delivery: Names
    validity: Validity = field(default_factory=Validity)


@dataclass(frozen=True)
class TypeVersion:
    """A type as it is in one version; an order keeps ``id`` and ``version``."""

    id: TypeId
    names: Names
    fulfilment: Fulfilment
    version: int
    body: TypeBody
    made_by: str
    made_at_s: int
