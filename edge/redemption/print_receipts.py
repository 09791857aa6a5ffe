"""Prints the papers that are owed, one after the other, as long as it takes."""

from __future__ import annotations

import contextlib
import logging
import threading

from edge.bundles.store import BundleStore
from edge.devices.ports import Printed, Printer, PrinterState
from edge.errors import StoreUnavailable
from edge.journal.store import Journal, Recorded
from edge.receipt.document import Document, Shop, Stub, Translate, receipt
from edge.receipt.layout import lay_out
from edge.receipt.spool import Event, Job, Spool

log = logging.getLogger(__name__)

RETRY_S = 2.0
"""How often a printer without paper is asked again."""

_EVENTS = {
    Printed.CONFIRMED: Event.CONFIRMED,
    Printed.SENT: Event.WRITTEN,
    Printed.NOTHING_WRITTEN: Event.NOTHING_WRITTEN,
    Printed.UNCERTAIN: Event.NO_ANSWER,
}


class ReceiptPrinter:
    """The thread that prints. A dead printer never stops a redemption."""

    def __init__(
        self, spool: Spool, journal: Journal, bundles: BundleStore, printer: Printer,
        translate: Translate,
    ) -> None:  # fmt: skip
        self._spool = spool
        self._journal = journal
        self._bundles = bundles
        self._printer = printer
        self._translate = translate
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="printer", daemon=True)
        self.state = PrinterState.UNKNOWN
        """As it was last seen; the screen shows it."""

    def start(self) -> None:
        """Begin to print what is owed."""
        self._spool.recover()
        self._thread.start()

    def stop(self) -> None:
        """Finish the paper at hand and end."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(timeout=10)

    def wake(self) -> None:
        """There is a new paper."""
        self._wake.set()

    def print_next(self) -> Job | None:
        """Print one paper; None if nothing is owed."""
        self.state = self._printer.state()
        if not self.state.can_print or not self._spool.owed():
            return None
        job = self._spool.take()
        if job is None:
            return None
        document = self.document(job)
        if document is None:
            return self._spool.report(job, Event.NOTHING_WRITTEN, "its entry is not in the journal")
        outcome = self._printer.print(lay_out(document, self._printer.columns))
        done = self._spool.report(job, _EVENTS[outcome.printed], outcome.detail)
        if outcome.printed is Printed.UNCERTAIN:
            log.warning("receipt %d/%d: %s; a marked copy follows", job.epoch, job.seq,
                        outcome.detail)  # fmt: skip
        return done

    def document(self, job: Job) -> Document | None:
        """Return what a paper says."""
        recorded = self._journal.get(job.epoch, job.seq)
        word = self._bundles.word
        if recorded is None or word is None:
            return None
        who = word.enrolment
        shop = Shop(who.store_name, who.currency, who.timezone)
        stub = stub_of(recorded, self._bundles)
        return receipt(stub, shop, word.template, self._translate, copy=job.copy)

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


def stub_of(recorded: Recorded, bundles: BundleStore) -> Stub:
    """Return what was torn off, with the product that the catalogue has for it now."""
    entry, digest, notes = recorded
    products = bundles.word.catalogue.products if bundles.word else {}
    product = products.get(notes.product) if notes.product is not None else None
    return Stub(entry, digest, product, notes.worth_minor, notes.remaining)
