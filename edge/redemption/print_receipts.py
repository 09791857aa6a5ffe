"""Prints the papers that are owed, one after the other, as long as it takes."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import deque

from edge.devices.ports import Printed, Printer, PrinterSeen, PrinterState
from edge.errors import StoreUnavailable
from edge.receipt.document import Document
from edge.receipt.layout import lay_out
from edge.receipt.spool import Event, Job, Spool
from edge.redemption.papers import Papers

log = logging.getLogger(__name__)

RETRY_S = 2.0
"""How often a printer without paper is asked again."""

NOTES_MAX = 20
"""Papers about no entry that wait; of more, the oldest is forgotten."""

_EVENTS = {
    Printed.CONFIRMED: Event.CONFIRMED,
    Printed.SENT: Event.WRITTEN,
    Printed.NOTHING_WRITTEN: Event.NOTHING_WRITTEN,
    Printed.UNCERTAIN: Event.NO_ANSWER,
}


class ReceiptPrinter:
    """The thread that prints. A dead printer never stops a redemption."""

    def __init__(self, spool: Spool, papers: Papers, printer: Printer) -> None:
        self._spool = spool
        self._papers = papers
        self._printer = printer
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="printer", daemon=True)
        self._notes: deque[Document] = deque(maxlen=NOTES_MAX)
        self.state = PrinterState.UNKNOWN
        """As it was last seen; the screen shows it."""
        self.why = ""

    def start(self) -> None:
        """Begin to print what is owed."""
        self._spool.recover()
        self._thread.start()

    def stop(self) -> None:
        """Finish the paper at hand and end."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(timeout=10)

    def close(self) -> None:
        """Let the printer go; call it once nothing is printed any more."""
        if not self._thread.is_alive():
            self._printer.close()

    def last_seen(self) -> PrinterSeen:
        """Return how the printer was last seen."""
        return PrinterSeen(self.state, self.why)

    def wake(self) -> None:
        """There is a new paper."""
        self._wake.set()

    def owe(self, note: Document) -> None:
        """Print a paper that is about no entry, when there is time; a start forgets it."""
        self._notes.append(note)
        self.wake()

    def print_notes(self) -> None:
        """Print the papers that are about no entry."""
        while self._notes and self._printer.state().can_print:
            note = self._notes.popleft()
            outcome = self._printer.print(lay_out(note, self._printer.columns))
            if outcome.printed is Printed.NOTHING_WRITTEN:
                self._notes.appendleft(note)
                return

    def print_next(self) -> Job | None:
        """Print one paper; None if nothing is owed."""
        self.state = self._printer.state()
        self.why = self._printer.why
        if not self.state.can_print:
            return None
        self.print_notes()
        if not self._spool.owed():
            return None
        job = self._spool.take()
        if job is None:
            return None
        document = self._papers.document(job)
        if document is None:
            return self._spool.report(job, Event.HELD, "there is nothing to print of it")
        outcome = self._printer.print(lay_out(document, self._printer.columns))
        done = self._spool.report(job, _EVENTS[outcome.printed], outcome.detail)
        if outcome.printed is Printed.UNCERTAIN:
            log.warning("paper %d/%d/%d: %s", job.epoch, job.seq, job.key_paper, outcome.detail)
        return done

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                job = self.print_next()
            except Exception:
                # A thread that dies silently prints nothing ever again.
                log.exception("a paper could not be printed")
                job = None
                with contextlib.suppress(StoreUnavailable):
                    self._spool.recover()
            if job is None or job.error:
                self._wake.wait(RETRY_S)
                self._wake.clear()
