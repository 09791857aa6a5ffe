"""What the unit needs of a printer and of a scanner. Real and simulated ones exist for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol, runtime_checkable

from edge.devices.paper import Row


class PrinterState(StrEnum):
    """What is known of a printer right now. UNKNOWN is never taken for READY."""

    READY = "ready"
    PAPER_LOW = "paper-low"
    PAPER_END = "paper-end"
    COVER_OPEN = "cover-open"
    ERROR = "error"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"
    """It takes bytes but does not answer."""
    ABSENT = "absent"
    """This unit has no printer."""

    @property
    def can_print(self) -> bool:
        """Whether sending a paper makes sense."""
        return self in {PrinterState.READY, PrinterState.PAPER_LOW}


class Printed(StrEnum):
    """How sending a paper ended."""

    CONFIRMED = "confirmed"
    """The printer said that everything before its answer was processed."""
    SENT = "sent"
    """Everything was written to a printer that never answers; more cannot be known."""
    NOTHING_WRITTEN = "nothing-written"
    """Not one byte of the paper left this unit."""
    UNCERTAIN = "uncertain"
    """Some or all was written, and nobody knows what came out."""


class Outcome(NamedTuple):
    """The end of one paper, and a short reason for the operator."""

    printed: Printed
    detail: str = ""


class Printer(Protocol):
    """A receipt printer. Calls come from one thread at a time and never raise.

    Every call ends within the deadlines of the implementation, whatever the device does.
    """

    columns: int
    """Columns of a row in normal size."""

    why: str
    """Why the last call found it unreachable, for the operator; empty if it did not."""

    def state(self) -> PrinterState:
        """Ask the printer how it is."""

    def print(self, rows: Sequence[Row]) -> Outcome:
        """Put rows on paper. ``CONFIRMED`` only if the printer itself has said so."""

    def close(self) -> None:
        """Give back what was taken from the system; it may be used again all the same."""


class PrinterSeen(NamedTuple):
    """How a printer was last seen.

    Args:
        why: Why it is unreachable; empty if it is not.
    """

    state: PrinterState
    why: str = ""


class NoPrinter:
    """For a unit without a printer: nothing is ever written."""

    columns = 48
    why = ""

    def state(self) -> PrinterState:
        """Return ABSENT."""
        return PrinterState.ABSENT

    def print(self, rows: Sequence[Row]) -> Outcome:  # noqa: ARG002
        """Write nothing."""
        return Outcome(Printed.NOTHING_WRITTEN, PrinterState.ABSENT)

    def close(self) -> None:
        """Have nothing to give back."""


class Scan(NamedTuple):
    """What a scanner has read, as the intake let it through: it may still be any text at all.

    Args:
        text: 4 to 4,096 bytes of UTF-8 without control characters.
        source: Which scanner: the name it has in the settings.
        generation: Counts the pieces of hardware that were attached under this name.
        steady_s: When it was read, by the steady counter of the unit.
    """

    text: str
    source: str
    generation: int
    steady_s: float


class ScannerLost(Exception):
    """The scanner cannot be used at the moment; the message says why, for the operator."""


class Scanner(Protocol):
    """A device that reads codes. All calls come from the one thread of its supervisor.

    A method that fails raises ``ScannerLost`` or OSError; the supervisor closes the device, waits,
    and opens it again. Nothing else may be raised, and nothing may block longer than promised.
    """

    def attached(self) -> str | None:
        """Name the piece of hardware that is attached right now; None if none is.

        Another text than before means another piece, or the same one plugged in again. Cheap, as
        it is asked each second, whether the device is open or not.
        """

    def open(self) -> None:
        """Take the device for this process alone and set it up; done within 5 s."""

    def read(self, wait_s: float) -> Sequence[bytes]:
        """Return the codes that were read, each whole; empty if none came within ``wait_s``.

        Returns as soon as there is one. What is not whole yet is kept for the next call.
        """

    def close(self) -> None:
        """Let the device go. Never raises; a device that is closed may be closed again."""


@runtime_checkable
class Tellable(Protocol):
    """A scanner that takes commands. These methods may be called from any thread."""

    def commands(self) -> Mapping[str, tuple[bytes, ...]]:
        """Return what it can be told, by name: ``trigger_on``, ``setup`` …"""

    def tell(self, commands: Iterable[bytes]) -> None:
        """Send these soon; nothing comes back, and a device that is not open forgets them."""
