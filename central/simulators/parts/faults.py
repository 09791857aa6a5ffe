"""What goes wrong next: faults that were asked for, or a swarm of them.

A swarm is drawn from its seed and the number of the request, so that a run can be had again.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Collection, Sequence
from typing import Generic, Protocol, TypeVar


class Fault(Protocol):
    """One fault that is to happen, how often yet; a simulator's own says where."""

    kind: str
    times: int


F = TypeVar("F", bound=Fault)


class FaultList(Generic[F]):
    """All that are to happen.

    Args:
        known: Every kind there is.
        swarm: What a swarm is made of.
    """

    def __init__(self, known: Collection[str], swarm: Sequence[str]) -> None:
        self._known, self._of_swarm = known, swarm
        self._waiting: list[F] = []
        self._swarm = (0, 0)
        self._drawn = 0
        self._lock = threading.Lock()

    def add(self, fault: F) -> None:
        """Let it happen.

        Raises:
            ValueError: there is no such fault, or it would never end.
        """
        if fault.kind not in self._known or not 0 < fault.times <= 10_000:
            raise ValueError(f"there is no fault {fault.kind}, or not so often")
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        with self._lock:
            self._waiting.clear()
            self._swarm = (0, 0)

    def swarm(self, seed: int, per_mille: int) -> None:
        """Let so many of a thousand requests go wrong."""
        if not 0 <= per_mille <= 1000:
            raise ValueError("per_mille is 0 to 1000")
        with self._lock:
            self._swarm, self._drawn = (seed, per_mille), 0

    def waiting(self) -> list[F]:
        """Return what is to happen yet."""
        with self._lock:
            return [type(fault)(**vars(fault)) for fault in self._waiting]

    @property
    def swarm_now(self) -> tuple[int, int]:
        """Seed and per mille of the swarm."""
        return self._swarm

    def take_one(
        self, kinds: Collection[str], fits: Callable[[F], bool], *, draws: bool = True
    ) -> str:
        """Return the kind of the fault that happens now, and count it; empty for none.

        Args:
            kinds: What can go wrong here.
            fits: Whether a fault that waits is meant for this request.
            draws: Whether this request is one of those that a swarm is drawn for.
        """
        with self._lock:
            for fault in self._waiting:
                if fault.kind in kinds and fits(fault):
                    fault.times -= 1
                    if not fault.times:
                        self._waiting.remove(fault)
                    return fault.kind
            drawn = self._drawn_from_swarm() if draws else ""
            return drawn if drawn in kinds else ""

    def _drawn_from_swarm(self) -> str:
        seed, per_mille = self._swarm
        if not per_mille:
            return ""
        self._drawn += 1
        digest = hashlib.sha256(f"{seed}/{self._drawn}".encode()).digest()
        if int.from_bytes(digest[:4]) % 1000 >= per_mille:
            return ""
        return self._of_swarm[digest[4] % len(self._of_swarm)]
