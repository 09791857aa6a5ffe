"""What a unit without a network gets and gives: files that a person carries.

::

    .vxb   hub -> unit   the bundles of one unit, all of them, as a CBOR sequence (RFC 8742):
                         a signed table of contents, then each signed message as it is on the wire
    .vxj   unit -> hub   the journal that the hub has not acknowledged yet: who it is from and for,
                         then sealed pieces (HPKE, RFC 9180) that the hub alone can open

The table of contents holds the hash of each message in their order, so a file that was cut off,
put together from two or sorted anew is noticed, whatever its parts are worth. Secrets are sealed
to the unit within their own messages, as over the network. The hub's acknowledgement of a journal
travels in the next ``.vxb``.

A unit that nobody has enrolled shows a request and the check digits of its keys; the hub puts the
enrolment into its first ``.vxb``, and the unit shows the check digits of the hub's key. Two
people on the telephone, or one who walks, compare both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from edge.contract import VERSION, base45, canonical, cose, signed
from edge.contract.ids import UnitId, parse_issuer_id, parse_unit_id
from edge.contract.keys import HPKE_SUITE
from edge.contract.read import Fields
from edge.contract.signed import Kind, MessageInvalid
from edge.contract.sync_message import Ack, UnitState

BUNDLE_SUFFIX, JOURNAL_SUFFIX = ".vxb", ".vxj"
BUNDLES_MAX = 100_000
PUSHES_MAX = 10_000
"""Five million entries."""
REQUEST_PREFIX = "VX1-ENROL:"
_JOURNAL_MARK = "vx1-journal"


class FileFault(StrEnum):
    """Why a file is not taken. Nothing of it is, then."""

    NOT_A_FILE = "not-a-file"
    """Something else than a file of this kind, or of a later version."""
    CUT_OFF = "cut-off"
    ALTERED = "altered"
    """What is in it is not what its maker put there: another message, another order."""
    NOT_SIGNED = "not-signed"
    OTHER_ISSUER = "other-issuer"
    OTHER_UNIT = "other-unit"
    OLDER = "older"
    """The unit has heard of the hub after it was made."""


class FileInvalid(ValueError):
    """A file is not taken; ``fault`` says why."""

    def __init__(self, fault: FileFault) -> None:
        super().__init__(str(fault))
        self.fault = fault


class Addressed(NamedTuple):
    """Who made a file and which unit it is about, before anything is verified."""

    issuer: str
    unit: UnitId
    made_at_s: int


# --- bundles -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BundleFile:
    """Everything that a unit may know, as it was at one moment.

    Args:
        made_at_s: The hub's clock, Unix seconds. An older file is never taken after a newer one.
        ack: How far the hub has this unit's newest epoch.
        cursor: Where the next pull over a network would go on.
        bundles: Kind and signed message of each; the enrolment first.
    """

    issuer: str
    unit: UnitId
    made_at_s: int
    state: UnitState
    ack: Ack | None
    cursor: bytes
    bundles: tuple[tuple[str, bytes], ...]

    def sign(self, private_key: Ed25519PrivateKey) -> bytes:
        """Return the file."""
        body = {
            1: VERSION,
            2: self.unit,
            3: self.issuer,
            4: self.made_at_s,
            5: str(self.state),
            6: self.ack.to_row() if self.ack else [],
            7: self.cursor,
            8: [[kind, _digest(message)] for kind, message in self.bundles],
        }
        head = signed.seal(Kind.BUNDLE_FILE, self.issuer, body, private_key)
        return head + b"".join(message for _, message in self.bundles)

    @classmethod
    def open(cls, data: bytes, public_keys: Iterable[Ed25519PublicKey]) -> BundleFile:
        """Verify a file as a whole; each message in it is verified by whoever takes it.

        Raises:
            FileInvalid: it is cut off, altered, or not signed by one of these keys.
        """
        address = peek_bundles(data)
        items = _items(data, BUNDLES_MAX)
        head = next(items, b"")
        try:
            body = signed.unseal(Kind.BUNDLE_FILE, address.issuer, head, public_keys)
            with Fields(body, "bundle-file") as f:
                ack = f.row(6)
                table = [(row.text(0, 64), row.octets(1, 32)) for row in f.rows(8, 2)]
                state, cursor = UnitState(f.text(5)), f.octets(7)
                acked = Ack.from_row(ack) if ack.has(0) else None
        except MessageInvalid as exc:
            is_signed = exc.slug != "bad-message-signature"
            raise FileInvalid(FileFault.NOT_A_FILE if is_signed else FileFault.NOT_SIGNED) from exc
        messages = list(items)
        if len(messages) < len(table):
            raise FileInvalid(FileFault.CUT_OFF)
        if [_digest(message) for message in messages] != [digest for _, digest in table]:
            raise FileInvalid(FileFault.ALTERED)
        bundles = tuple((kind, m) for (kind, _), m in zip(table, messages, strict=True))
        return cls(*address, state, acked, cursor, bundles)

    def enrolment(self) -> bytes | None:
        """Return the signed enrolment in it, None if there is none."""
        return next((m for kind, m in self.bundles if kind == Kind.ENROLMENT), None)


def peek_bundles(data: bytes) -> Addressed:
    """Say whose bundles these are, for a good answer; nothing is verified.

    Raises:
        FileInvalid: it is no such file.
    """
    try:
        head = next(_items(data, BUNDLES_MAX), b"")
        sign1 = cose.open_sign1(head, bytes_max=signed.MESSAGE_BYTES_MAX)
        body = canonical.decode(sign1.payload, bytes_max=signed.MESSAGE_BYTES_MAX)
        with Fields(body, "bundle-file") as f:
            f.rows(8, 2)
            return _addressed(f)
    except ValueError as exc:
        raise FileInvalid(FileFault.NOT_A_FILE) from exc


# --- journal -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class JournalFile:
    """What a unit has to tell the hub: pushes as over the network, with a signed table before them.

    Args:
        made_at_s: When, as the unit believed.
        health: The figures that go with a pull; the hub learns from them what is complete.
        pushes: Bodies of push requests, in their order.
    """

    issuer: str
    unit: UnitId
    made_at_s: int
    health: Mapping[str, str | int]
    pushes: tuple[bytes, ...] = field(repr=False)

    def seal(self, private_key: Ed25519PrivateKey, hub_key: X25519PublicKey) -> bytes:
        """Return the file, signed by the unit; the hub alone can open it."""
        body = {
            1: VERSION,
            2: self.unit,
            3: self.issuer,
            4: self.made_at_s,
            5: dict(self.health),
            6: [_digest(push) for push in self.pushes],
        }
        table = signed.seal(Kind.JOURNAL_FILE, self.issuer, body, private_key)
        head = {1: VERSION, 2: self.unit, 3: self.issuer, 4: self.made_at_s, 5: _JOURNAL_MARK}
        info = _sealed_for(self.issuer, self.unit)
        pieces = [HPKE_SUITE.encrypt(piece, hub_key, info) for piece in (table, *self.pushes)]
        return b"".join(map(canonical.encode, [head, *pieces]))

    @classmethod
    def open(
        cls, data: bytes, hub_key: X25519PrivateKey,
        sign_key_of: Callable[[UnitId], Ed25519PublicKey],
    ) -> JournalFile:  # fmt: skip
        """Open and verify a file; the heads within the pushes are verified by whoever takes them.

        Args:
            sign_key_of: Returns the key of a unit; it raises what it likes for an unknown one.

        Raises:
            FileInvalid: it is cut off, altered, for another hub, or not this unit's.
        """
        address = peek_journal(data)
        key = sign_key_of(address.unit)
        pieces = _unsealed(data, hub_key, _sealed_for(address.issuer, address.unit))
        try:
            body = signed.unseal(Kind.JOURNAL_FILE, address.issuer, pieces[0], [key])
            with Fields(body, "journal-file") as f:
                named, digests = _addressed(f), f.octets_list(6, 32)
                health = {
                    str(k)[:32]: v if type(v) is int else str(v)[:128]
                    for k, v in list(f.map(5).items())[:32]
                }
        except MessageInvalid as exc:
            is_signed = exc.slug != "bad-message-signature"
            raise FileInvalid(FileFault.NOT_A_FILE if is_signed else FileFault.NOT_SIGNED) from exc
        pushes = pieces[1:]
        if len(pushes) < len(digests):
            raise FileInvalid(FileFault.CUT_OFF)
        if named != address or [_digest(push) for push in pushes] != digests:
            raise FileInvalid(FileFault.ALTERED)
        return cls(*address, health, tuple(pushes))


def peek_journal(data: bytes) -> Addressed:
    """Say whose journal this is and which hub it is for; nothing is verified.

    Raises:
        FileInvalid: it is no such file.
    """
    try:
        head = canonical.decode(next(_items(data, PUSHES_MAX + 2), b""), bytes_max=2048)
        with Fields(head, "journal-file") as f:
            if f.text(5) != _JOURNAL_MARK:
                raise ValueError("another kind of file")
            return _addressed(f)
    except ValueError as exc:
        raise FileInvalid(FileFault.NOT_A_FILE) from exc


def _unsealed(data: bytes, hub_key: X25519PrivateKey, info: bytes) -> list[bytes]:
    items = _items(data, PUSHES_MAX + 2)
    next(items)
    pieces = []
    for item in items:
        try:
            piece = canonical.decode(item)
        except canonical.NotCanonical as exc:
            raise FileInvalid(FileFault.ALTERED) from exc
        if type(piece) is not bytes:
            raise FileInvalid(FileFault.ALTERED)
        try:
            pieces.append(HPKE_SUITE.decrypt(piece, hub_key, info))
        except (InvalidTag, ValueError) as exc:
            raise FileInvalid(FileFault.ALTERED) from exc
    if not pieces:
        raise FileInvalid(FileFault.CUT_OFF)
    return pieces


# --- enrolment -----------------------------------------------------------------------------------


def request_text(message: bytes) -> str:
    """Return a signed enrolment request as text, for a QR code or to be copied."""
    return REQUEST_PREFIX + base45.encode(message)


def read_request_text(text: str) -> bytes:
    """Return the message that ``request_text`` wrote; line breaks in it do not matter.

    Raises:
        FileInvalid: the text is something else.
    """
    joined = "".join(text.splitlines()).strip()  # a space is a character of base45
    if not joined.startswith(REQUEST_PREFIX):
        raise FileInvalid(FileFault.NOT_A_FILE)
    try:
        return base45.decode(joined.removeprefix(REQUEST_PREFIX))
    except ValueError as exc:
        raise FileInvalid(FileFault.NOT_A_FILE) from exc


def key_check(*keys: bytes) -> str:
    """Return the twenty digits by which two people make sure that they mean the same keys.

    Six digits would do where a nonce is committed to first; here whoever swaps keys can try as
    many as he likes, so there are 66 bits of them. Written ``"0123 4567 8901 2345 6789"``.
    """
    digest = hashlib.sha256(b"VX1 key check\x00" + b"".join(keys)).digest()
    digits = f"{int.from_bytes(digest[:16], 'big') % 10**20:020d}"
    return " ".join(digits[i : i + 4] for i in range(0, 20, 4))


# --- shared --------------------------------------------------------------------------------------


def _items(data: bytes, most: int) -> Any:
    """Yield the items; CUT_OFF if one of them does not end, NOT_A_FILE if there are too many."""
    try:
        for number, item in enumerate(canonical.sequence(data)):
            if number > most:
                raise FileInvalid(FileFault.NOT_A_FILE)
            yield item
    except canonical.NotCanonical as exc:
        raise FileInvalid(FileFault.CUT_OFF) from exc


def _addressed(f: Fields) -> Addressed:
    if f.uint(1) != VERSION:
        raise ValueError("another version of the contract")
    return Addressed(parse_issuer_id(f.text(3)), parse_unit_id(f.text(2)), f.uint(4))


def _digest(message: bytes) -> bytes:
    return hashlib.sha256(message).digest()


def _sealed_for(issuer: str, unit: UnitId) -> bytes:
    return b"VX1 journal-file\x00" + issuer.encode() + b"\x00" + unit.encode()
