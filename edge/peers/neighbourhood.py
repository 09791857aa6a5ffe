"""The units of a store among themselves, without threads, sockets or clocks.

How to drive it (the unit's own thread does, and so does any simulated world)::

    n = Neighbourhood(me, journal, shelf, random_bytes)     # ``gossip`` names the two ports
    n.learn(peer_list, addresses)                           # again whenever the hub has a new one
    n.receive(datagram, source, now_s)                      # whatever came, from wherever
    n.tick(now_s)                                           # at ``n.next_tick_s(now_s)``, or sooner
    for address, datagram in n.take_outbox(): ...           # after each call: send these

    attempt = n.hold(request, voucher_id, amount)           # None: another request holds it
    n.ask(attempt, now_s, wall_ms)                          # mode LAN; not for the other modes
    ... until attempt.standing is not None ...              # receive() and tick() bring it about
    n.taken_elsewhere(attempt)                              # by each other, as far as is known
    (decide; append to the journal)
    n.end(attempt, nothing_taken=...); n.appended(now_s)    # in this order, and always

``now_s`` is any clock that never steps, of this unit alone; ``wall_ms`` only settles who goes
first. One caller at a time. An acceptance is exact within the store (mode LAN) if the standing is
ALL and what is taken elsewhere leaves enough; SOME is mode DEGRADED, NONE is mode SOLO, and BUSY
refuses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge.contract import peer_message as wire
from edge.contract.bundle import PeerList
from edge.contract.ids import UnitId, VoucherId
from edge.contract.peer_link import (
    FRAME_MARK,
    HELLO_MARK,
    SESSION_BYTES,
    Hello,
    Link,
    sessions_of,
)
from edge.contract.signed import MessageInvalid
from edge.contract.sync_message import Ack, UnitState
from edge.peers import gossip
from edge.peers.claim import Asking, Attempt, Claims, Standing
from edge.peers.contact import STRAGGLES_S, Address, Contact, Me
from edge.peers.gossip import OwnJournal, Shelf
from edge.peers.membership import BEAT_S, Presence
from edge.peers.spread import REWIND_S, Spread

HELLO_AGAIN_S = 0.3
"""A hello is answered, and at the start repeated, no more often than this."""
EAGER_S = 3.0
"""After the start, others are sought as often as that allows; then with every beat."""


class Neighbourhood:
    """What one unit knows of the others, and what it says to them; the module says how.

    Attributes:
        sure: Set to False while this unit's own word is worth nothing: its journal has a gap, or
            the hub has stopped it.
        refused: How often datagrams were refused, by reason.
    """

    def __init__(
        self, me: Me, journal: OwnJournal, shelf: Shelf, random_bytes: Callable[[int], bytes]
    ) -> None:
        self.me = me
        self.sure = True
        self.refused: Counter[str] = Counter()
        self._journal = journal
        self._shelf = shelf
        self._random = random_bytes
        self._secret = X25519PrivateKey.from_private_bytes(random_bytes(32))
        self._hello = Hello(
            me.store, me.unit, random_bytes(SESSION_BYTES),
            self._secret.public_key().public_bytes_raw(), me.unit,
        )  # fmt: skip
        self._claims = Claims(me.unit)
        self._spread = Spread(me, journal, shelf, self._send)
        self.members = self._spread.members
        self._contacts: dict[UnitId, Contact] = {}
        self._outbox: list[tuple[Address, bytes]] = []
        self._clock = 0
        self._begun_at_s: float | None = None
        self._next_beat_s = 0.0
        self._version = -1

    # --- what the host does ----------------------------------------------------------------------

    def learn(self, peer_list: PeerList, addresses: Iterable[Address] = ()) -> None:
        """Take the hub's list, and places where any of the units may be found."""
        if peer_list.store != self.me.store:
            return
        anywhere = list(addresses)
        if peer_list.version != self._version:
            self._version = peer_list.version
            self.members.learn(peer_list)
        for peer in self.members.all():
            contact = self._contacts.setdefault(peer.unit, Contact(peer.unit))
            told = parse_address(peer.address)
            contact.may_be_at([*([told] if told else []), *anywhere])
        for unit in set(self._contacts) - {p.unit for p in self.members.all()}:
            del self._contacts[unit]

    def take_outbox(self) -> list[tuple[Address, bytes]]:
        """Return what is to be sent now."""
        sent, self._outbox = self._outbox, []
        return sent

    def hold(self, request: bytes, voucher_id: VoucherId, amount: int) -> Attempt | None:
        """Begin a redemption; None while another one of this unit is about the same voucher."""
        return self._claims.hold(request, voucher_id, amount)

    def is_contended(self, attempt: Attempt, now_s: float) -> bool:
        """Say whether another unit's claim was acknowledged and nobody knows how it ended.

        Then the others have to be asked, whatever else will stand behind the acceptance.
        """
        if self._claims.promised(attempt.voucher_id):
            return True
        here = self._shelf.taken(attempt.voucher_id)
        told = self._claims.told(attempt.voucher_id)
        if any(amount > here.get(unit, 0) for unit, amount in told.items()):
            return True  # its entry is on the way, or a void of it has come since
        # After a start nobody remembers what it has acknowledged before; entries tell it again.
        return any(
            not self._contacts[unit].is_known
            for unit, presence in self.members.presences(now_s).items()
            if presence is Presence.LIVE
        )

    def ask(self, attempt: Attempt, now_s: float, wall_ms: int) -> None:
        """Ask every unit of the store; ``attempt.standing`` says when and how that ended."""
        self._clock = max(self._clock + 1, wall_ms)
        how = Asking(
            self._random(wire.NONCE_BYTES), self._clock, self.members.required(now_s),
            self.members.awaited(now_s),
        )  # fmt: skip
        self._claims.ask(attempt, how, now_s)
        if attempt.standing is None:
            self._to(attempt.required, attempt.claim().encode())

    def taken_elsewhere(self, attempt: Attempt) -> dict[UnitId, int]:
        """Return what each other unit has taken of a voucher, or may be taking.

        Whoever has acknowledged has said so himself; of the others the most that anybody knows.
        """
        told = attempt.acks
        known: dict[UnitId, int] = dict(self._shelf.taken(attempt.voucher_id))
        for unit, amount in self._claims.told(attempt.voucher_id).items():
            known[unit] = max(amount, known.get(unit, 0))
        for unit, amount in self._claims.promised(attempt.voucher_id).items():
            known[unit] = known.get(unit, 0) + amount
        for row in told.values():
            for unit, amount in row.items():
                known[unit] = max(amount, known.get(unit, 0))
        known |= {unit: row.get(unit, 0) for unit, row in told.items()}
        known.pop(self.me.unit, None)
        return {unit: amount for unit, amount in known.items() if amount > 0}

    @property
    def two_of_us(self) -> bool:
        """Whether somebody else writes a journal in this unit's name."""
        return self._spread.two_of_us

    def newest_of(self, unit: UnitId) -> Ack | None:
        """Return the newest entry of another unit that is here."""
        return self._spread.newest.get(unit)

    def is_unanimous(self, attempt: Attempt) -> bool:
        """Say whether everybody's word stands behind it, and this unit's own is worth something."""
        return attempt.standing is Standing.ALL and self.sure and not self._spread.two_of_us

    def end(self, attempt: Attempt, *, nothing_taken: bool) -> None:
        """It is recorded, or will not be. Call it whatever happened.

        Args:
            nothing_taken: It is certain that nothing was. Otherwise the entry has to tell others.
        """
        self._claims.end(attempt)
        if attempt.nonce and nothing_taken:
            ended = wire.ClaimEnded(attempt.nonce, attempt.voucher_id)
            self._to(attempt.required, ended.encode())

    def appended(self, now_s: float) -> None:
        """The journal has new entries: everybody gets them."""
        for unit, presence in self.members.presences(now_s).items():
            if presence is Presence.LIVE:
                self._spread.feed(self._contacts[unit], self.me.unit)

    def next_tick_s(self, now_s: float) -> float:
        """Return when ``tick`` has something to do."""
        claim_s = self._claims.next_due_s()
        return min(self._next_beat_s, now_s + BEAT_S if claim_s is None else claim_s)

    def tick(self, now_s: float) -> None:
        """Do what is due."""
        if self._begun_at_s is None:
            self._begun_at_s = self._next_beat_s = now_s
        for attempt, silent in self._claims.due(now_s):
            self._to(silent, attempt.claim().encode())
        if now_s < self._next_beat_s:
            return
        eager = now_s - self._begun_at_s < EAGER_S
        self._next_beat_s = now_s + (HELLO_AGAIN_S if eager else BEAT_S)
        beat = self._spread.have(self._clock, beat=True).encode()
        for unit, presence in self.members.presences(now_s).items():
            contact = self._contacts[unit]
            if presence is Presence.REVOKED:
                continue
            if contact.link:
                self._send(contact, contact.link, beat)
            if presence is not Presence.LIVE:
                self._say_hello(contact, now_s)

    # --- what comes in ---------------------------------------------------------------------------

    def receive(self, datagram: bytes, source: Address, now_s: float) -> None:
        """Take a datagram; whatever is wrong with it, it is counted and changes nothing."""
        try:
            if datagram.startswith(HELLO_MARK):
                self._greeted(datagram, source, now_s)
            elif datagram.startswith(FRAME_MARK):
                self._framed(datagram, source, now_s)
            else:
                raise MessageInvalid("malformed-message", "not a datagram of a unit")
        except MessageInvalid as exc:
            self.refused[exc.slug] += 1

    def _greeted(self, datagram: bytes, source: Address, now_s: float) -> None:
        claimed = Hello.claimed(datagram)
        peer = self.members.get(claimed.unit)
        if peer is None or claimed.store != self.me.store or claimed.to != self.me.unit:
            raise MessageInvalid("foreign-message", "not of this store, or not for this unit")
        if peer.state is UnitState.REVOKED:
            raise MessageInvalid("foreign-message", "a unit that was revoked")
        key = Ed25519PublicKey.from_public_bytes(peer.sign_key)
        hello = Hello.open(datagram, self.me.issuer, key)
        contact = self._contacts[hello.unit]
        contact.may_be_at([source])
        if contact.wants(hello):
            contact.pending = Link.agree(self._hello, self._secret, hello)
        if hello.echo != self._hello.session:
            self._say_hello(contact, now_s, echo=hello.session, to=source)
        elif contact.pending and contact.pending.theirs.session == hello.session:
            # It knows us: so a frame proves to it who we are, and its answer proves it to us.
            frame = contact.pending.seal(self._spread.have(self._clock, beat=True).encode())
            self._outbox.append((source, frame))

    def _framed(self, datagram: bytes, source: Address, now_s: float) -> None:
        sender, receiver = sessions_of(datagram)
        contact = next((c for c in self._contacts.values() if c.knows(sender)), None)
        if contact is None or receiver != self._hello.session:
            raise MessageInvalid("bad-message-signature", "a frame of no session of ours")
        link = contact.link_of(sender)
        assert link is not None, "it knows the session"
        message = wire.decode(link.open(datagram))
        if link is contact.left_link:
            # Sent by an earlier start of that unit, which should be no more.
            if now_s - contact.left_at_s > STRAGGLES_S:
                self.members.doubt(contact.unit, now_s)
            raise MessageInvalid("replayed-message", "a session that was left")
        peer = self.members.get(contact.unit)
        if peer is None or peer.state is UnitState.REVOKED:
            raise MessageInvalid("foreign-message", "a unit that was revoked")
        contact.source = source
        self.members.heard(contact.unit, now_s)
        if link is contact.pending:
            contact.confirm(now_s)
            self._send(contact, link, self._spread.have(self._clock, beat=True).encode())
        self._heed(contact, link, message, now_s)

    def _heed(self, contact: Contact, link: Link, message: wire.PeerMessage, now_s: float) -> None:
        if isinstance(message, wire.Have):
            self._hear(message.clock)
            if self._spread.heed(contact, message, now_s):
                self._claims.caught_up(contact.unit, link.theirs.session)
            elif message.beat:
                self._say_what_is_missing(contact, link, now_s)
        elif isinstance(message, wire.Entries):
            verdict, batch = self._spread.take(message, now_s)
            for entry in batch.entries if batch else ():
                if entry:
                    self._claims.recorded(message.unit, entry.voucher_id, entry.request)
            self._tell(contact, link, lacks=verdict is gossip.Verdict.GAP)
        else:
            self._heed_claim(contact, link, message, now_s)

    def _heed_claim(
        self, contact: Contact, link: Link,
        message: wire.ClaimAsked | wire.ClaimReply | wire.ClaimEnded, now_s: float,
    ) -> None:  # fmt: skip
        if isinstance(message, wire.ClaimEnded):
            self._claims.ended(contact.unit, message.nonce, message.voucher_id)
            return
        self._hear(message.clock)
        if isinstance(message, wire.ClaimAsked):
            reply = self._answer(contact.unit, message, link.theirs.session, now_s)
            self._send(contact, link, reply.encode())
            return
        if self.members.presence(contact.unit, now_s) is not Presence.LIVE:
            message = message._replace(verdict=wire.Verdict.UNSURE)
        self._claims.replied(contact.unit, message)

    # --- claims ----------------------------------------------------------------------------------

    def _answer(
        self, peer: UnitId, claim: wire.ClaimAsked, session: bytes, now_s: float
    ) -> wire.ClaimReply:
        verdict, taken = wire.Verdict.UNSURE, dict[UnitId, int]()
        is_believed = self.members.presence(peer, now_s) is Presence.LIVE
        if self.sure and not self._spread.two_of_us and is_believed:
            verdict = self._claims.claimed(peer, claim, session)
            # Nothing of this voucher is under way here now, so the journal says all there is.
            taken = dict(self._shelf.taken(claim.voucher_id))
            taken[self.me.unit] = self._journal.taken(claim.voucher_id)
        rows = {u: n for u, n in sorted(taken.items())[: wire.PEERS_MAX] if n > 0}
        return wire.ClaimReply(claim.nonce, verdict, self._clock, rows)

    def _say_what_is_missing(self, contact: Contact, link: Link, now_s: float) -> None:
        """Ask for what a peer has of its own and this unit has not.

        The question is a beat and may be answered by one. Two that can never have each other's
        entries, because those are lost, would talk as fast as the cable carries.
        """
        last_s = contact.lacked_at_s
        if last_s is None or now_s - last_s >= REWIND_S:
            contact.lacked_at_s = now_s
            self._tell(contact, link, lacks=True)

    def _tell(self, contact: Contact, link: Link, *, lacks: bool) -> None:
        """Say how far everything is here."""
        self._send(contact, link, self._spread.have(self._clock, beat=lacks).encode())

    def _hear(self, clock: int) -> None:
        """Nothing that is said from now on lies before what was heard."""
        self._clock = max(self._clock, clock)

    # --- sending ---------------------------------------------------------------------------------

    def _say_hello(
        self, contact: Contact, now_s: float, echo: bytes = b"", to: Address | None = None
    ) -> None:
        last_s = contact.said_hello_at_s
        if last_s is not None and now_s - last_s < HELLO_AGAIN_S * 0.9:
            return
        contact.said_hello_at_s = now_s
        if not echo and contact.pending:
            echo = contact.pending.theirs.session
        hello = self._hello._replace(to=contact.unit, echo=echo)
        datagram = hello.sign(self.me.issuer, self.me.key)
        self._outbox += [(address, datagram) for address in ([to] if to else contact.addresses)]

    def _to(self, units: Iterable[UnitId], message: bytes) -> None:
        for unit in sorted(units):
            contact = self._contacts.get(unit)
            if contact and contact.link:
                self._send(contact, contact.link, message)

    def _send(self, contact: Contact, link: Link, message: bytes) -> None:
        if contact.source:
            self._outbox.append((contact.source, link.seal(message)))


def parse_address(text: str) -> Address | None:
    """Return ``host:port`` as an address; None for anything else."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit():
        return None
    return (host, int(port)) if 0 < int(port) < 65536 else None
