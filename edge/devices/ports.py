"""What the unit needs of a printer. A real one and a simulated one exist from the first day."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

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

    def state(self) -> PrinterState:
        """Ask the printer how it is."""

    def print(self, rows: Sequence[Row]) -> Outcome:
        """Put rows on paper. ``CONFIRMED`` only if the printer itself has said so."""


class NoPrinter:
    """For a unit without a printer: nothing is ever written."""

    columns = 48

    def state(self) -> PrinterState:
        """Return ABSENT."""
        return PrinterState.ABSENT

    def print(self, rows: Sequence[Row]) -> Outcome:  # noqa: ARG002
        """Write nothing."""
        return Outcome(Printed.NOTHING_WRITTEN, PrinterState.ABSENT)
