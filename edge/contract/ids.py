"""The names of things on the wire, and how each is written."""

from __future__ import annotations

import re
from typing import NamedTuple, NewType

VoucherId = NewType("VoucherId", int)
"""48 random bits, unique at the hub; written as 12 lower-case hex digits."""
ProductId = NewType("ProductId", int)
"""24 bits."""
StoreGroup = NewType("StoreGroup", int)
"""16 bits; 0 means every store group."""
KeyId = NewType("KeyId", int)
"""8 bits; numbers the keys of one issuer."""
StatusIndex = NewType("StatusIndex", int)
"""32 bits; its shard is ``index >> 17``."""
UnitId = NewType("UnitId", str)
"""Store and place, ``S0412-K2``: capital letters, digits and hyphens, at most 32."""
StoreId = NewType("StoreId", str)
"""Like a unit id, ``S0412``."""
Epoch = NewType("Epoch", int)
"""Which life of a unit's journal; 1 is the first."""
Seq = NewType("Seq", int)
"""Place of an entry within its epoch; 1 is the first."""

VOUCHER_ID_MAX = 2**48 - 1
_NAME = re.compile(r"[A-Z0-9][A-Z0-9-]{0,31}", re.ASCII)
_ISSUER = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}", re.ASCII)
_VOUCHER_ID = re.compile(r"[0-9a-f]{12}", re.ASCII)


class EntryRef(NamedTuple):
    """Names one journal entry for ever: ``S0412-K2/1/17``."""

    unit: UnitId
    epoch: Epoch
    seq: Seq

    def __str__(self) -> str:
        return f"{self.unit}/{self.epoch}/{self.seq}"


def voucher_id_text(voucher_id: VoucherId) -> str:
    """Return the voucher id as 12 lower-case hex digits."""
    return f"{voucher_id:012x}"


def parse_voucher_id(text: str) -> VoucherId:
    """Read 12 lower-case hex digits; ValueError for anything else."""
    if not _VOUCHER_ID.fullmatch(text):
        raise ValueError("a voucher id is 12 lower-case hex digits")
    return VoucherId(int(text, 16))


def parse_unit_id(text: str) -> UnitId:
    """Check the form of a unit id; ValueError names the rule."""
    return UnitId(_name(text, "unit id"))


def parse_store_id(text: str) -> StoreId:
    """Check the form of a store id; ValueError names the rule."""
    return StoreId(_name(text, "store id"))


def parse_issuer_id(text: str) -> str:
    """Check the form of an issuer id: lower-case letters, digits, dots, hyphens, at most 64."""
    if not _ISSUER.fullmatch(text):
        raise ValueError("an issuer id is 1 to 64 of a-z, 0-9, dot and hyphen")
    return text


def _name(text: str, what: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(f"a {what} is 1 to 32 of A-Z, 0-9 and hyphen")
    return text
