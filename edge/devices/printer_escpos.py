"""A receipt printer at a wire, asked before and after whether it prints.

Every step has a deadline: to connect, each answer, each piece of the body, the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from edge.devices.escpos_bytes import escpos_bytes
from edge.devices.paper import Row
from edge.devices.ports import Outcome, Printed, PrinterState
from edge.devices.printers.address import Address, parse_address
from edge.devices.printers.descriptors import DescriptorWire
from edge.devices.printers.dialects import dialect_of
from edge.devices.printers.link import Link, Wire
from edge.devices.printers.unreachable import why_unreachable
from edge.devices.profiles import PrinterProfile


class EscposPrinter:
    """A printer. Opens the wire for each paper and closes it.

    Args:
        address: One of ``printers.address.FORMS``.
        steady_s: Reads a steady counter of seconds, for the deadlines.
        usb_backend: What pyusb reaches USB by; None for libusb.

    Raises:
        ConfigInvalid: that is no address.
    """

    def __init__(
        self,
        address: str,
        profile: PrinterProfile,
        steady_s: Callable[[], float] = time.monotonic,
        usb_backend: object | None = None,
    ) -> None:
        self.columns = profile.media.columns
        self.why = ""
        self._profile = profile
        self._wire = _wire_to(parse_address(address), profile, steady_s, usb_backend)
        self._dialect = dialect_of(profile, steady_s)
        self._broken_off = 0
        """Bytes of the last paper that may be missing to a command that was begun."""

    def state(self) -> PrinterState:
        """Ask the printer how it is.

        Of one that by its profile never answers, more than that it is there cannot be known.
        """
        self.why = ""
        try:
            with self._wire.open() as link:
                return self._state(link)
        except OSError as exc:
            return self._unreachable(exc)

    def print(self, rows: Sequence[Row]) -> Outcome:
        """Put rows on paper and wait until the printer says that it has."""
        return self.print_bytes(escpos_bytes(rows, self._profile))

    def print_bytes(self, body: bytes) -> Outcome:
        """Send bytes that a printer of this profile understands."""
        self.why = ""
        try:
            link = self._wire.open()
        except OSError as exc:
            return Outcome(Printed.NOTHING_WRITTEN, self._unreachable(exc))
        with link:
            try:
                state = self._state(link)
            except OSError as exc:
                state = self._unreachable(exc)
            if not state.can_print:
                return Outcome(Printed.NOTHING_WRITTEN, state)
            return self._send(link, body)

    def _state(self, link: Link) -> PrinterState:
        self._finish(link)
        return self._dialect.state(link) if self._dialect else PrinterState.READY

    def _finish(self, link: Link) -> None:
        """Finish the command that the last paper broke off in.

        A printer that waits for the rest of a picture takes for it whatever comes next: the next
        paper, and the question whether it can print one. NUL is nothing to one that does not.
        """
        table = self._profile.link
        for at in range(0, self._broken_off, table.chunk_bytes):
            count = min(table.chunk_bytes, self._broken_off - at)
            link.write(bytes(count), table.io_ms / 1000 + link.transfer_s(count))
        self._broken_off = 0

    def _send(self, link: Link, body: bytes) -> Outcome:
        table, query = self._profile.link, self._profile.status_query
        # What the system holds for a slow wire is written, but not yet at the printer.
        way_s = link.transfer_s(len(body))
        try:
            for at in range(0, len(body), table.chunk_bytes):
                self._broken_off = len(body) - at
                chunk = body[at : at + table.chunk_bytes]
                link.write(chunk, table.io_ms / 1000 + link.transfer_s(len(chunk)))
                if table.chunk_pause_ms:
                    time.sleep(table.chunk_pause_ms / 1000)
            if self._dialect is None or not query.confirms:
                if link.drain(table.io_ms / 1000 + way_s):
                    self._broken_off = 0
                    return Outcome(Printed.SENT)
                self._broken_off = len(body)  # what the system held back is dropped
                return Outcome(Printed.UNCERTAIN, "the printer did not take everything")
            self._broken_off = 0
            is_done = self._dialect.confirm(link, query.done_ms / 1000 + way_s)
        except OSError as exc:
            return Outcome(Printed.UNCERTAIN, f"the connection broke: {exc.strerror or exc}")
        if not is_done:
            return Outcome(Printed.UNCERTAIN, "the printer did not say that it was done")
        return Outcome(Printed.CONFIRMED)

    def close(self) -> None:
        """Give back what was taken from the system."""
        self._wire.close()

    def _unreachable(self, exc: OSError) -> PrinterState:
        self.why = why_unreachable(exc)
        return PrinterState.UNREACHABLE


def _wire_to(
    address: Address,
    profile: PrinterProfile,
    steady_s: Callable[[], float],
    usb_backend: object | None,
) -> Wire:
    if address.kind == "usb-bulk":
        from edge.devices.printers.usb_bulk import UsbWire  # noqa: PLC0415 - few have such a one

        return UsbWire(address, profile.link, steady_s, usb_backend)
    return DescriptorWire(address, profile.link, steady_s)
