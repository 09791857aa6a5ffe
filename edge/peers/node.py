"""The one thread and the one UDP socket with which a unit is among its peers.

A redemption waits here for the others' word, never longer than it says; whatever happens on the
network raises nothing into it. The socket opens only once the hub has named another unit of the
store. Datagrams go to where a peer was heard of, so nothing here needs multicast.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import select
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from edge.bundles.store import BundleStore
from edge.contract.bundle import PeerList
from edge.contract.ids import StoreGroup, UnitId, VoucherId
from edge.contract.peer_link import FRAME_BYTES_MAX
from edge.contract.sync_message import UnitState
from edge.errors import EdgeError
from edge.peers.claim import Attempt, Standing
from edge.peers.contact import Address
from edge.peers.discover import Discovery, store_tag
from edge.peers.membership import Presence
from edge.peers.neighbourhood import Neighbourhood, parse_address

log = logging.getLogger(__name__)

ANY_GROUP = StoreGroup(0)
HELD_S = 2.0
"""How long a request waits for another one of this unit about the same voucher."""
ASKED_S = 0.5
"""The core decides after 150 ms; this is for a machine that stands still meanwhile."""
_AT_ONCE = 64
"""Datagrams that are read before anything else is done."""
_PAUSE_S = 1.0
STOP_S = 5.0
"""How long a thread that is to end is waited for."""
DISCOVER_AGAIN_S = 30.0
"""How long until multicast is tried again where it did not work."""


class Where(NamedTuple):
    """Where a unit is to be found by its peers, and where it looks for them.

    Args:
        host: Address to listen at.
        port: Port to listen at; another one if it is taken.
        announced: What the others are told, ``host:port``; found out if empty.
        hub_host: Whoever is on the way to it has the address that others can reach.
        static: Where any of the others may be.
        discovers: Whether they are sought by multicast as well.
    """

    host: str
    port: int
    announced: str = ""
    hub_host: str = ""
    static: tuple[Address, ...] = ()
    discovers: bool = False


class PeerNode:
    """A unit among its peers. Safe to call from many threads; ``start`` it once.

    Args:
        is_sure: Whether this unit's own word is worth anything at this moment.
        steady_s: Reads a counter that never steps. wall_ms: reads the unit's clock.
    """

    def __init__(
        self, core: Neighbourhood, bundles: BundleStore, where: Where,
        is_sure: Callable[[], bool], steady_s: Callable[[], float], wall_ms: Callable[[], int],
    ) -> None:  # fmt: skip
        self._core = core
        self._bundles = bundles
        self._where = where
        self._is_sure = is_sure
        self._steady_s = steady_s
        self._wall_ms = wall_ms
        self._changed = threading.Condition()
        self._socket: socket.socket | None = None
        self._list: PeerList | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="peers", daemon=True)
        self._discovery: Discovery | None = None
        self._seeking: threading.Thread | None = None
        self._discovered: tuple[Address, ...] = ()
        self.error = ""
        """Why it cannot be among its peers, if so."""
        self.not_discovered = ""
        """Why they are not sought by multicast, if so."""

    def start(self) -> None:
        """Begin to look for the others."""
        self._learn()
        self._thread.start()

    def stop(self) -> None:
        """Be gone."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=STOP_S)
        if self._seeking is not None:
            self._seeking.join(timeout=STOP_S)  # it may be about to begin
        if self._discovery:
            self._discovery.stop()
        if self._socket:
            self._socket.close()

    # --- a redemption ----------------------------------------------------------------------------

    @property
    def has_peers(self) -> bool:
        """Whether this store has any other unit that was not revoked."""
        return self._list is not None and any(
            p.state is not UnitState.REVOKED for p in self._core.members.all()
        )

    @property
    def had_peers(self) -> bool:
        """Whether it ever had any; what they did still counts."""
        return bool(self._core.members.all())

    def hold(self, request: bytes, voucher_id: VoucherId, amount: int) -> Attempt | None:
        """Hold a voucher; None if another request of this unit holds it for too long."""
        with self._changed:
            deadline_s = self._steady_s() + HELD_S
            while True:
                attempt = self._core.hold(request, voucher_id, amount)
                wait_s = deadline_s - self._steady_s()
                if attempt is not None or wait_s <= 0:
                    return attempt
                self._changed.wait(wait_s)

    def is_contended(self, attempt: Attempt) -> bool:
        """Say whether the others have to be asked whatever else stands behind it."""
        with self._changed:
            return self._core.is_contended(attempt, self._steady_s())

    def ask(self, attempt: Attempt) -> Standing:
        """Return what the others say, within 150 ms; never raises."""
        with self._changed:
            self._core.sure = self._is_sure()
            self._core.ask(attempt, self._steady_s(), self._wall_ms())
            self._flush()
            deadline_s = self._steady_s() + ASKED_S
            while attempt.standing is None and self._steady_s() < deadline_s:
                # This thread keeps the time too: it must not depend on the other one's being awake.
                due_s = self._core.next_tick_s(self._steady_s()) - self._steady_s()
                self._changed.wait(max(0.001, min(due_s, 0.05)))
                self._core.tick(self._steady_s())
                self._flush()
            return attempt.standing or Standing.NONE

    def pause(self, seconds: float) -> None:
        """Let another unit finish."""
        self._stopping.wait(seconds)

    def taken_elsewhere(self, attempt: Attempt) -> dict[UnitId, int]:
        """Return what each other unit has taken of the voucher, or may be taking."""
        with self._changed:
            return self._core.taken_elsewhere(attempt)

    def is_exact(self, attempt: Attempt, scope: StoreGroup) -> bool:
        """Say whether what the others said is everybody's word for a voucher of this scope."""
        with self._changed:
            told = self._list
            if told is None or not self._core.is_unanimous(attempt):
                return False
            return (told.all_stores if scope == ANY_GROUP else told.group_stores) == 1

    def end(self, attempt: Attempt, *, nothing_taken: bool) -> None:
        """It is recorded, or will not be; never raises."""
        with self._changed:
            self._core.end(attempt, nothing_taken=nothing_taken)
            self._changed.notify_all()
        self.appended()

    def appended(self) -> None:
        """The journal has new entries; never raises, for what is recorded stays so."""
        if self._socket is None:
            return
        with self._changed:
            try:
                self._core.appended(self._steady_s())
            except EdgeError as exc:
                log.warning("the others are sent the newest entries later: %s", exc)
            self._flush()

    # --- what is to be seen ----------------------------------------------------------------------

    def presences(self) -> dict[UnitId, Presence]:
        """Return what each other unit of the store is at this moment."""
        with self._changed:
            return self._core.members.presences(self._steady_s())

    def status(self) -> dict[str, Any]:
        """Return the part of ``GET /v1/status`` about the peers."""
        presences = self.presences()
        with self._changed:
            newest = {unit: self._core.newest_of(unit) for unit in presences}
            return {
                "listens_at": self.address,
                "error": self.error,
                "not_discovered": self.not_discovered,
                "two_of_us": self._core.two_of_us,
                "refused_datagrams": dict(self._core.refused),
                "units": [
                    {
                        "unit": unit,
                        "presence": str(presence),
                        "epoch": ack.epoch if (ack := newest[unit]) else None,
                        "seq": ack.seq if ack else None,
                    }
                    for unit, presence in presences.items()
                ],
            }

    @property
    def address(self) -> str:
        """Where the others find this unit; empty while there are none, or nobody can say."""
        if self._where.announced:
            return self._where.announced
        if self._socket is None:
            return ""
        host, port = self._socket.getsockname()[:2]
        if host == "0.0.0.0":  # noqa: S104 - compared, not bound
            host = _own_address(self._where.hub_host)
        return f"{host}:{port}" if host else ""

    # --- the thread ------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._round()
            except Exception:
                # A thread that dies silently is worse than any error it could have died of.
                log.exception("unexpected error among the peers")
                self._stopping.wait(_PAUSE_S)

    def _round(self) -> None:
        wait_s = self.look_around()
        sock = self._socket
        if sock is None:
            self._stopping.wait(_PAUSE_S)
            return
        readable, _, _ = select.select([sock], [], [], wait_s)
        if readable:
            self.take(_received(sock))

    def look_around(self) -> float:
        """Do what is due; return how long until something is."""
        self._learn()
        with self._changed:
            self._core.sure = self._is_sure()
            self._core.tick(self._steady_s())
            self._flush()
            wait_s = self._core.next_tick_s(self._steady_s()) - self._steady_s()
        return min(max(wait_s, 0.0), _PAUSE_S)

    def take(self, datagrams: Iterable[tuple[bytes, Address]]) -> None:
        """Take what has come, and from where."""
        with self._changed:
            self._core.sure = self._is_sure()
            for datagram, source in datagrams:
                try:
                    self._core.receive(datagram, source, self._steady_s())
                except EdgeError as exc:
                    # The disk is full, say: it was not kept, so it will be sent again.
                    log.warning("a datagram of a peer: %s", exc)
            self._flush()
            self._changed.notify_all()

    def _learn(self) -> None:
        """Take what the hub has said since; the first peer opens the socket."""
        word = self._bundles.word
        told = word.peers if word else None
        if told is None or told is self._list:
            return
        with self._changed:
            self._core.learn(told, (*self._where.static, *self._discovered))
            self._list = told
        if self.has_peers and self._socket is None:
            self._open()
            self._discover()

    def _discover(self) -> None:
        """Let the others of this network find this unit, and look for them."""
        word, sock = self._bundles.word, self._socket
        if not self._where.discovers or word is None or sock is None:
            return
        tag = store_tag(word.enrolment.issuer, word.enrolment.store)
        port = sock.getsockname()[1]
        found = Discovery(tag, self._where.host, port, self._may_be_at)

        def begin() -> None:  # to probe whether a name is free takes most of a second
            while not self._stopping.is_set():
                self.not_discovered = found.start()
                if not self.not_discovered:
                    break
                self._stopping.wait(DISCOVER_AGAIN_S)  # a network that is not up yet, say
            self._discovery = found

        self._seeking = threading.Thread(target=begin, name="discover", daemon=True)
        self._seeking.start()

    def _may_be_at(self, place: Address) -> None:
        with self._changed:
            self._discovered = (*self._discovered, place)
            if self._list is not None:
                self._core.learn(self._list, (place,))

    def _open(self) -> None:
        for port in (self._where.port, 0):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                sock.bind((self._where.host, port))
            except (OSError, OverflowError) as exc:
                sock.close()
                self.error = f"{self._where.host}, port {port}: {exc}"
                continue
            sock.setblocking(False)  # noqa: FBT003 - the library's own
            self._socket, self.error = sock, ""
            log.info("the other units of the store are sought from port %d", sock.getsockname()[1])
            return
        log.error("no peers: %s cannot be listened at", self.error)

    def _flush(self) -> None:
        """Send what the core has to say; what cannot be sent is lost like what the net loses."""
        for address, datagram in self._core.take_outbox():
            if self._socket:
                with contextlib.suppress(OSError, OverflowError):
                    self._socket.sendto(datagram, address)


def _received(sock: socket.socket) -> Iterator[tuple[bytes, Address]]:
    for _ in range(_AT_ONCE):
        try:
            datagram, source = sock.recvfrom(FRAME_BYTES_MAX + 1)
        except BlockingIOError:
            return
        except OSError:  # somebody we wrote to does not listen any more (ICMP)
            continue
        yield datagram, (source[0], source[1])


def _own_address(hub_host: str) -> str:
    """Return the address that this machine has towards the hub; nothing is sent."""
    if not hub_host:
        return ""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((hub_host, 9))
        return str(probe.getsockname()[0])
    return ""


def addresses_in(text: str) -> tuple[Address, ...]:
    """Return the addresses of a setting, ``host:port`` with spaces or commas between.

    Raises:
        ValueError: one of them is none.
    """
    found = []
    for part in text.replace(",", " ").split():
        address = parse_address(part)
        if address is None:
            raise ValueError(part)
        found.append(address)
    return tuple(found)


def random_bytes(count: int) -> bytes:
    """Return random bytes for keys and names."""
    return secrets.token_bytes(count)
