"""A receipt printer at a wire, asked before and after whether it prints.

Every step has a deadline: to connect, each answer, each piece of the body, the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from edge.devices.escpos_bytes import escpos_bytes
from edge.devices.paper import Row
from edge.devices.ports import Outcome, Printed, PrinterState
from edge.devices.printers.dialects import dialect_of
from edge.devices.printers.link import Link, open_link, parse_address
from edge.devices.profiles import PrinterProfile


class EscposPrinter:
    """A printer. Opens the wire for each paper and closes it.

    Args:
        address: ``tcp://HOST:PORT``, ``serial:PATH``, ``usb:PATH``.
        steady_s: Reads a steady counter of seconds, for the deadlines.

    Raises:
        ConfigInvalid: that is no address.
    """

    def __init__(
        self,
        address: str,
        profile: PrinterProfile,
        steady_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.columns = profile.media.columns
        self._address = parse_address(address)
        self._profile = profile
        self._steady_s = steady_s
        self._dialect = dialect_of(profile, steady_s)

    def state(self) -> PrinterState:
        """Ask the printer how it is.

        Of one that by its profile never answers, more than that it is there cannot be known.
        """
        try:
            with self._open() as link:
                return self._dialect.state(link) if self._dialect else PrinterState.READY
        except OSError:
            return PrinterState.UNREACHABLE

    def print(self, rows: Sequence[Row]) -> Outcome:
        """Put rows on paper and wait until the printer says that it has."""
        return self.print_bytes(escpos_bytes(rows, self._profile))

    def print_bytes(self, body: bytes) -> Outcome:
        """Send bytes that a printer of this profile understands."""
        try:
            link = self._open()
        except OSError:
            return Outcome(Printed.NOTHING_WRITTEN, PrinterState.UNREACHABLE)
        with link:
            if self._dialect:
                try:
                    state = self._dialect.state(link)
                except OSError:
                    state = PrinterState.UNREACHABLE
                if not state.can_print:
                    return Outcome(Printed.NOTHING_WRITTEN, state)
            return self._send(link, body)

    def _send(self, link: Link, body: bytes) -> Outcome:
        table, query = self._profile.link, self._profile.status_query
        # What the system holds for a slow wire is written, but not yet at the printer.
        way_s = link.transfer_s(len(body))
        try:
            for at in range(0, len(body), table.chunk_bytes):
                chunk = body[at : at + table.chunk_bytes]
                link.write(chunk, table.io_ms / 1000 + link.transfer_s(len(chunk)))
                if table.chunk_pause_ms:
                    time.sleep(table.chunk_pause_ms / 1000)
            if self._dialect is None or not query.confirms:
                if link.drain(table.io_ms / 1000 + way_s):
                    return Outcome(Printed.SENT)
                return Outcome(Printed.UNCERTAIN, "the printer did not take everything")
            is_done = self._dialect.confirm(link, query.done_ms / 1000 + way_s)
        except OSError as exc:
            return Outcome(Printed.UNCERTAIN, f"the connection broke: {exc.strerror or exc}")
        if not is_done:
            return Outcome(Printed.UNCERTAIN, "the printer did not say that it was done")
        return Outcome(Printed.CONFIRMED)

    def _open(self) -> Link:
        return open_link(self._address, self._profile.link, self._steady_s)
