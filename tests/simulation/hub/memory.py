"""All that the simulated hub remembers, and what a backup of it holds."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.bundles.identity import UnitKeys
from edge.contract.bundle import Catalogue
from edge.contract.ids import EntryRef, KeyId, StatusIndex, StoreGroup, UnitId, VoucherId
from edge.contract.journal_entry import JournalEntry
from edge.contract.keys import epoch_key, group_key
from edge.contract.policy import Policy
from edge.contract.receipt_template import ReceiptTemplate
from edge.contract.status import Status
from edge.contract.sync_message import Ack, Outcome, UnitState
from edge.contract.voucher_token import VoucherClaims
from tests import builders as b

ISSUER = b.ISSUER
GROUP = b.GROUP
ALL = StoreGroup(0)
MASTER = b"\x05" * 32
BUNDLE_KEY = b.a_sign_key("bundle")
SKEW_S = 600
RESERVED_S = 300
DAY_S = 86400
HEADER = ReceiptTemplate(1, ("zh-CN", "en"), {}, {})


class HubSays(Exception):
    """The hub answers with a problem."""

    def __init__(self, slug: str) -> None:
        super().__init__(slug)
        self.slug = slug


class Sold(NamedTuple):
    """A voucher as the hub has it."""

    claims: VoucherClaims
    capacity: int
    status: Status
    issued_n: int


class Kept(NamedTuple):
    """An entry as the hub has it."""

    raw: bytes
    hash: bytes
    entry: JournalEntry | None
    outcome: Outcome
    reason: str = ""
    covered: int = 0
    at_s: int = 0


class Held(NamedTuple):
    """A reservation."""

    voucher_id: VoucherId
    amount: int
    expires_at_s: int


class Lent(NamedTuple):
    """A lease. The numbers are those of changes; None for what has not happened."""

    unit: UnitId
    voucher_id: VoucherId
    amount: int
    expires_at_s: int
    given_n: int
    recalled_n: int | None = None
    closed_n: int | None = None
    closed_how: str = ""
    closed_at_s: int = 0


class Granted(NamedTuple):
    """What a phone was given."""

    voucher_id: VoucherId
    amount: int
    digest: bytes
    given_at_s: int
    expires_at_s: int
    remaining: int


class Corrected(NamedTuple):
    """What headquarters has given back of an acceptance."""

    ref: EntryRef
    voucher_id: VoucherId
    amount: int
    n: int


class Known(NamedTuple):
    """A unit as the hub has it."""

    keys: UnitKeys
    state: UnitState = UnitState.ACTIVE
    revoked_at_s: int | None = None


@dataclass
class Books:
    """All that the hub remembers: what a backup holds."""

    n: int = 0
    health: dict[UnitId, tuple[int, int, int]] = field(default_factory=dict)
    vouchers: dict[VoucherId, Sold] = field(default_factory=dict)
    entries: dict[EntryRef, Kept] = field(default_factory=dict)
    tails: dict[tuple[UnitId, int], Ack] = field(default_factory=dict)
    forked: dict[tuple[EntryRef, bytes], bytes] = field(default_factory=dict)
    held: dict[tuple[UnitId, bytes], Held] = field(default_factory=dict)
    units: dict[UnitId, Known] = field(default_factory=dict)
    leases: dict[bytes, Lent] = field(default_factory=dict)
    grants: dict[tuple[UnitId, bytes], Granted] = field(default_factory=dict)
    corrections: list[Corrected] = field(default_factory=list)
    conflicts: dict[EntryRef, int] = field(default_factory=dict)
    alarms: list[tuple[UnitId, str]] = field(default_factory=list)
    changes: list[tuple[int, StatusIndex, Status]] = field(default_factory=list)
    issuer_keys: dict[KeyId, Ed25519PrivateKey] = field(default_factory=dict)
    keys_n: int = 0
    peers_n: int = 0
    places: dict[UnitId, str] = field(default_factory=dict)
    policy: Policy | None = None
    catalogue: Catalogue = field(default_factory=b.a_catalogue)

    def copy(self) -> Books:
        """Return a copy that later changes leave alone."""
        copied = copy.copy(self)
        for name, value in vars(self).items():
            if isinstance(value, dict | list):
                setattr(copied, name, copy.copy(value))
        return copied

    def next(self) -> int:
        """Return the number of a change."""
        self.n += 1
        return self.n


def code_key(scope: StoreGroup, epoch: int) -> bytes:
    """Return the key of one epoch of a store group, as the hub derives it."""
    if (scope, epoch) not in _CODE_KEYS:
        _CODE_KEYS[scope, epoch] = epoch_key(group_key(MASTER, scope), epoch)
    return _CODE_KEYS[scope, epoch]


_CODE_KEYS: dict[tuple[StoreGroup, int], bytes] = {}
