"""How two units of one store know one another: a hello each, then sealed datagrams.

::

    either  -> other   hello: unit, session, X25519 key of this start; signed with the unit's key
    other   -> either  hello: its own, echoing the first one's session
                       both derive two keys (X25519, HKDF): one for each direction
    both ways          frames: ChaCha20-Poly1305 (RFC 8439), counted

A signature costs a Raspberry Pi a millisecond and a frame some microseconds, so a claim is
answered by arithmetic alone. A hello may be replayed by anybody; it leads to nothing, for only who
has the secret of that session can make a frame of it. Whoever starts a unit again gets a new
session, and a session that was left is never returned to.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from edge.contract import VERSION, canonical, cose, signed
from edge.contract.ids import StoreId, UnitId, parse_store_id, parse_unit_id
from edge.contract.keys import hkdf
from edge.contract.read import Fields
from edge.contract.signed import Kind, MessageInvalid

HELLO_MARK, FRAME_MARK = b"VX1h", b"VX1f"
SESSION_BYTES = 8
HELLO_BYTES_MAX = 512
FRAME_BYTES_MAX = 4096
"""No datagram of this contract is longer; what is, is not looked at."""
WINDOW = 1024
"""How far a datagram may be overtaken by others and still count."""
_HEADER_BYTES = len(FRAME_MARK) + 2 * SESSION_BYTES + 8


class Hello(NamedTuple):
    """A unit says who it is since this start.

    Args:
        session: SESSION_BYTES random bytes of this start.
        ephemeral: X25519 public key of this start, 32 bytes.
        to: Whom it is said to; a hello that another unit was given is worth nothing here.
        echo: The other's session if it is known; empty otherwise.
    """

    store: StoreId
    unit: UnitId
    session: bytes
    ephemeral: bytes
    to: UnitId
    echo: bytes = b""

    def sign(self, issuer: str, private_key: Ed25519PrivateKey) -> bytes:
        """Return the datagram."""
        body = {1: VERSION, 2: self.store, 3: self.unit, 4: self.session, 5: self.ephemeral,
                6: self.to, 7: self.echo}  # fmt: skip
        return HELLO_MARK + signed.seal(Kind.PEER_HELLO, issuer, body, private_key)

    @classmethod
    def open(cls, datagram: bytes, issuer: str, public_key: Ed25519PublicKey) -> Hello:
        """Verify and read a datagram.

        Raises:
            MessageInvalid: ``malformed-message``, ``bad-message-signature`` (also of another
                issuer), ``unknown-version``.
        """
        message = _marked(datagram, HELLO_MARK, HELLO_BYTES_MAX)
        return cls._read(signed.unseal(Kind.PEER_HELLO, issuer, message, [public_key]))

    @classmethod
    def claimed(cls, datagram: bytes) -> Hello:
        """Read a datagram without believing it: only to know whose signature to check."""
        message = _marked(datagram, HELLO_MARK, HELLO_BYTES_MAX)
        try:
            body = canonical.decode(cose.open_sign1(message, bytes_max=HELLO_BYTES_MAX).payload)
        except ValueError as exc:
            raise MessageInvalid("malformed-message", "not a hello") from exc
        return cls._read(body)

    @classmethod
    def _read(cls, body: object) -> Hello:
        with Fields(body, "peer-hello") as f:
            if f.uint(1) != VERSION:
                raise MessageInvalid("unknown-version", "another version of the contract")
            echo = f.octets(7)
            if len(echo) not in {0, SESSION_BYTES}:
                raise ValueError("an echo is a session or nothing")
            return cls(
                parse_store_id(f.text(2)), parse_unit_id(f.text(3)), f.octets(4, SESSION_BYTES),
                f.octets(5, 32), parse_unit_id(f.text(6)), echo,
            )  # fmt: skip


@dataclass(slots=True)
class Link:
    """What one unit shares with one session of another: two keys and two counters.

    Args:
        mine, theirs: The hellos; what they are addressed to and what they echo does not matter.

    Raises:
        MessageInvalid: the other's key is one with which nothing can be agreed.
    """

    mine: Hello
    theirs: Hello
    _seal: ChaCha20Poly1305 = field(init=False, repr=False)
    _open: ChaCha20Poly1305 = field(init=False, repr=False)
    _sent: int = field(init=False, default=0)
    _newest: int = field(init=False, default=0)
    _seen: int = field(init=False, default=0)

    @classmethod
    def agree(cls, mine: Hello, secret: X25519PrivateKey, theirs: Hello) -> Link:
        """Derive the keys from my secret and the other's hello."""
        link = cls(mine, theirs)
        try:
            shared = secret.exchange(X25519PublicKey.from_public_bytes(theirs.ephemeral))
        except ValueError as exc:
            raise MessageInvalid("malformed-message", "a key of small order") from exc
        both = sorted((_identity(mine), _identity(theirs)))
        salt = hashlib.sha256(b"VX1 peers\x00" + b"".join(both)).digest()
        link._seal = ChaCha20Poly1305(_direction(shared, salt, mine, theirs))
        link._open = ChaCha20Poly1305(_direction(shared, salt, theirs, mine))
        return link

    def seal(self, message: bytes) -> bytes:
        """Return the next frame to the other."""
        self._sent += 1
        header = FRAME_MARK + self.mine.session + self.theirs.session + _counter(self._sent)
        return header + self._seal.encrypt(_nonce(self._sent), message, header)

    def open(self, frame: bytes) -> bytes:
        """Return what a frame of the other holds; each is opened once.

        Raises:
            MessageInvalid: ``malformed-message``, ``bad-message-signature`` (altered, or not of
                this link), ``replayed-message`` (opened before, or too old to know).
        """
        body = _marked(frame, FRAME_MARK, FRAME_BYTES_MAX)
        header = frame[:_HEADER_BYTES]
        number = int.from_bytes(header[-8:], "big")
        age = self._newest - number
        if number == 0 or age >= WINDOW or (age >= 0 and self._seen >> age & 1):
            raise MessageInvalid("replayed-message", "a frame that was here before, or is too old")
        try:
            message = self._open.decrypt(
                _nonce(number), body[_HEADER_BYTES - len(FRAME_MARK) :], header
            )
        except InvalidTag as exc:
            raise MessageInvalid("bad-message-signature", "a frame of somebody else") from exc
        if age < 0:
            self._seen = (self._seen << -age) & ((1 << WINDOW) - 1) if -age < WINDOW else 0
            self._newest, age = number, 0
        self._seen |= 1 << age
        return message


def sessions_of(frame: bytes) -> tuple[bytes, bytes]:
    """Return the sessions of sender and receiver that a frame names; nothing is verified."""
    _marked(frame, FRAME_MARK, FRAME_BYTES_MAX)
    if len(frame) < _HEADER_BYTES + 16:
        raise MessageInvalid("malformed-message", "a frame is cut short")
    start = len(FRAME_MARK)
    return frame[start : start + SESSION_BYTES], frame[start + SESSION_BYTES :][:SESSION_BYTES]


def _marked(datagram: bytes, mark: bytes, most: int) -> bytes:
    if len(datagram) > most:
        raise MessageInvalid("message-too-large", "longer than any datagram of a unit")
    if not datagram.startswith(mark):
        raise MessageInvalid("malformed-message", "not a datagram of a unit")
    return datagram[len(mark) :]


def _identity(hello: Hello) -> bytes:
    return canonical.encode([hello.store, hello.unit, hello.session, hello.ephemeral])


def _direction(shared: bytes, salt: bytes, sender: Hello, receiver: Hello) -> bytes:
    info = b"VX1 peer\x00" + sender.unit.encode() + b"\x00" + receiver.unit.encode()
    return hkdf(shared, info, salt=salt)


def _counter(number: int) -> bytes:
    return number.to_bytes(8, "big")


def _nonce(number: int) -> bytes:
    # RFC 8439 §2.8: 96 bits, never twice under one key; each direction has a key of its own.
    return number.to_bytes(12, "big")
