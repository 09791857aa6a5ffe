"""A till among its peers: the product's own node, with a cable of the world for a socket.

What its thread would do, the world calls; where a redemption waits, the world's time passes.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from edge.peers.contact import Address
from edge.peers.node import PeerNode, Where
from tests.simulation.disk import Crash

if TYPE_CHECKING:
    from tests.simulation.machine import Machine

PORT = 8478
LEAST_S = 0.001
"""Less than this would not move the world's time on, which counts seconds since 1970."""


class Waiting:
    """In the place of the node's condition: nobody else runs, so there is nothing to lock."""

    def __init__(self, wait: Callable[[float], None]) -> None:
        self._wait = wait

    def __enter__(self) -> bool:
        return True

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        return

    def wait(self, seconds: float) -> None:
        """Let time pass, or less of it if something comes."""
        self._wait(seconds)

    def notify_all(self) -> None:
        """Whoever waits looks again when his time has come."""


class Socket:
    """In the place of the socket."""

    def __init__(self, send: Callable[[bytes, Address], None], place: Address) -> None:
        self._send, self._place = send, place

    def sendto(self, datagram: bytes, to: Address) -> None:
        """Give a datagram to the cable."""
        self._send(datagram, to)

    def getsockname(self) -> Address:
        """Return where it listens."""
        return self._place


class Lane:
    """What a machine has of the local network.

    Args:
        send: Takes a datagram of a node. ``wait``: lets time pass while a node waits.
        randbytes: Draws the keys and names of a start.
    """

    def __init__(
        self, send: Callable[[LanNode, Address, bytes], None],
        wait: Callable[[LanNode, float], None], join: Callable[[LanNode], None],
        leave: Callable[[LanNode], None], randbytes: Callable[[int], bytes],
    ) -> None:  # fmt: skip
        self.send, self.wait, self.join, self.leave = send, wait, join, leave
        self.randbytes = randbytes


class LanNode(PeerNode):
    """The node of one start of a machine.

    Attributes:
        place: Where it is found. ``heard`` counts what has come.
    """

    def __init__(self, machine: Machine, lane: Lane, place: Address, *parts: Any) -> None:
        core, bundles, is_sure, steady_s, wall_ms = parts
        where = Where(place[0], place[1], f"{place[0]}:{place[1]}")
        super().__init__(core, bundles, where, is_sure, steady_s, wall_ms)
        self._changed = Waiting(self._pass)  # type: ignore[assignment]
        self._machine, self._lane, self._life = machine, lane, machine.life
        self.place = place
        self.name = machine.name
        self.heard = 0

    @property
    def machine(self) -> Machine:
        """The machine that it runs on."""
        return self._machine

    @property
    def is_up(self) -> bool:
        """Whether this start of its machine goes on."""
        machine = self._machine
        return machine.is_up and machine.life == self._life and not machine.disk.is_off

    def start(self) -> None:
        """Begin to look for the others."""
        self._learn()
        self._lane.join(self)

    def stop(self) -> None:
        """Be gone."""
        self._lane.leave(self)

    def pause(self, seconds: float) -> None:
        """Let another unit finish."""
        self._pass(seconds)

    def hear(self, datagram: bytes, source: Address) -> None:
        """Take a datagram."""
        self.heard += 1
        self.take([(datagram, source)])

    def _pass(self, seconds: float) -> None:
        self._lane.wait(self, max(seconds, LEAST_S))
        if not self.is_up:
            raise Crash

    def _open(self) -> None:
        self._socket = Socket(lambda data, to: self._lane.send(self, to, data), self.place)  # type: ignore[assignment]
