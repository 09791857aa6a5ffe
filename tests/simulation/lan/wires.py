"""The cables of one store: datagrams are lost, late, doubled, and go one way only."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from typing import NamedTuple

from edge.peers.contact import Address
from tests.simulation.lan.node import LanNode

AWAKE_S = 5.0
"""Of a long time that passes, only its end is lived through: two beats are enough to meet again."""


class Cable(NamedTuple):
    """What happens to a datagram on its way.

    Args:
        loss: How often it is lost; ``doubled`` how often it comes twice.
        delay_s: How long it takes, at least and at most.
    """

    loss: float
    delay_s: tuple[float, float]
    doubled: float


class Wires:
    """Everything that is on its way between the tills, and their beats.

    Args:
        now_s: Reads the world's time; ``set_time`` moves it on.
        act: Lets a machine do something; it may die of it.

    Attributes:
        cut: Ways, from one machine to another, on which nothing arrives.
        arrived: When something last came from one machine to another.
    """

    def __init__(
        self, cable: Cable, luck: random.Random, now_s: Callable[[], float],
        set_time: Callable[[float], None], act: Callable[[LanNode, Callable[[], None]], None],
    ) -> None:  # fmt: skip
        self._cable, self._luck = cable, luck
        self.now_s, self._set_time, self._act = now_s, set_time, act
        self.cut: set[tuple[str, str]] = set()
        self.arrived: dict[tuple[str, str], float] = {}
        self.is_healed = False
        self._nodes: dict[Address, LanNode] = {}
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def join(self, node: LanNode) -> None:
        """A machine has started; one that ran at this address before is no more."""
        self._nodes[node.place] = node
        self._later(0.0, lambda: self._beat(node))

    def leave(self, node: LanNode) -> None:
        """A machine is off."""
        if self._nodes.get(node.place) is node:
            del self._nodes[node.place]

    def heal(self) -> None:
        """Carry everything, at once, once."""
        self.is_healed = True
        self.cut.clear()

    def carry(self, sender: LanNode, to: Address, datagram: bytes) -> None:
        """Take a datagram; what becomes of it is luck."""
        luck, cable = self._luck, self._cable
        if not sender.is_up:
            return
        times = 1 if self.is_healed else 1 + (luck.random() < cable.doubled)
        for _ in range(times):
            is_lost, delay_s = luck.random() < cable.loss, luck.uniform(*cable.delay_s)
            if self.is_healed or not is_lost:
                self._later(delay_s, lambda: self._arrive(sender, to, datagram))

    def advance(self, seconds: float, node: LanNode | None = None) -> None:
        """Let time pass; with a node, only until something has reached it."""
        until_s = self.now_s() + seconds
        if seconds > 2 * AWAKE_S:
            self.advance(1.0)
            self._skip_to(until_s - AWAKE_S)
        heard = node.heard if node else 0
        while (at_s := self.next_at_s()) is not None and at_s <= until_s:
            self.one_event()
            if node is not None and node.heard != heard:
                return
        self.set_time(until_s)

    def next_at_s(self) -> float | None:
        """Return when something happens next."""
        return self._events[0][0] if self._events else None

    def one_event(self) -> None:
        """Let the next thing happen."""
        at_s, _, do = heapq.heappop(self._events)
        self.set_time(at_s)
        do()

    def set_time(self, at_s: float) -> None:
        """Move the world's time on, never back."""
        if at_s > self.now_s():
            self._set_time(at_s)

    def _skip_to(self, at_s: float) -> None:
        """Nobody lives through what lies before: beats are late, datagrams are gone."""
        self._events.clear()
        self.set_time(at_s)
        for node in sorted(self._nodes.values(), key=lambda node: node.place):
            self._later(0.0, lambda node=node: self._beat(node))  # type: ignore[misc]

    def _beat(self, node: LanNode) -> None:
        if self._nodes.get(node.place) is not node or not node.is_up:
            return
        waits: list[float] = []
        self._act(node, lambda: waits.append(node.look_around()))
        if node.is_up:
            self._later(max(0.001, *waits) if waits else 1.0, lambda: self._beat(node))

    def _arrive(self, sender: LanNode, to: Address, datagram: bytes) -> None:
        node = self._nodes.get(to)
        if node is None or not node.is_up or (sender.name, node.name) in self.cut:
            return
        self.arrived[sender.name, node.name] = self.now_s()
        self._act(node, lambda: node.hear(datagram, sender.place))

    def _later(self, delay_s: float, do: Callable[[], None]) -> None:
        at_s = self.now_s() + delay_s
        heapq.heappush(self._events, (at_s, next(self._numbers), do))
