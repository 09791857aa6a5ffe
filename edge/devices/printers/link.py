"""The wire to a printer: what every kind of it promises.

``descriptors`` has TCP, serial lines and the kernel's USB printers, ``usb_bulk`` the USB printers
that the kernel has no device for.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Protocol, Self

EMPTY_PAUSE_S = 0.02
"""A USB printer may say that there is an answer and then give none."""


class Link(ABC):
    """An open wire. Not for several threads; every call ends by its deadline.

    Args:
        steady_s: Reads a steady counter of seconds, for the deadlines.
    """

    def __init__(self, steady_s: Callable[[], float]) -> None:
        self._steady_s = steady_s

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Let it go. What the system still holds for a printer that takes nothing is dropped."""

    @abstractmethod
    def write(self, data: bytes, wait_s: float) -> None:
        """Write all of it.

        Raises:
            TimeoutError: the other end took only a part within the time.
            OSError: it has gone.
        """

    @abstractmethod
    def read_some(self, wait_s: float) -> bytes | None:
        """Return what comes next; None if nothing comes within the time.

        Raises:
            OSError: the other end has gone.
        """

    def read(self, is_answer: Callable[[int], bool], wait_s: float) -> int | None:
        """Return the first byte that is an answer; None if there is none within the time.

        Raises:
            OSError: the other end has gone.
        """
        deadline = self._steady_s() + wait_s
        while (left := deadline - self._steady_s()) > 0:
            data = self.read_some(left)
            if data is None:
                return None
            for byte in data:
                if is_answer(byte):
                    return byte
        return None

    def drain(self, wait_s: float) -> bool:  # noqa: ARG002 - written is passed on, unless it says more
        """Wait until the system has passed on what was written; say whether it has in the time."""
        return True

    def transfer_s(self, count: int) -> float:  # noqa: ARG002 - most are faster than any printer
        """Return how long so many bytes are on their way after they were written."""
        return 0.0


class Wire(Protocol):
    """Where a printer is; opened for each paper."""

    def open(self) -> Link:
        """Open it, for this process alone where the system can do that.

        Raises:
            OSError: nobody is there, or somebody else has it.
        """

    def close(self) -> None:
        """Give back what was taken from the system. Never raises; it may be opened again."""
