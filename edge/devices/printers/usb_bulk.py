"""The wire to a USB printer that the kernel has no device for: its bulk endpoints, by pyusb.

Printers whose class is the vendor's own have no ``/dev/usb/lp*``, and none has on a machine whose
kernel comes without usblp. A printer that usblp holds is taken from it, and given back when the
unit ends: between two papers it stays taken, because each change of hands is a line in the
kernel's log and a round of udev. It is never reset, and opened anew for each paper, so that a plug
that was pulled out is noticed and another program may use it in between.

Sources: USB Device Class Definition for Printing Devices 1.1, section 4 (class 7, protocols);
USB 2.0, section 9.4.5 (halted endpoints).
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from edge.devices.finding import Said
from edge.devices.printers.address import Address
from edge.devices.printers.link import EMPTY_PAUSE_S, Link
from edge.devices.printers.unreachable import NotReached, TakesNothing
from edge.devices.profiles.model import Link as LinkTable
from edge.errors import N_

PRINTER_CLASS, VENDOR_CLASS = 0x07, 0xFF
_PROTOCOLS = (2, 1)
"""Of class 7, in order: in both directions, and out alone. 3 packs its data, 4 speaks IPP."""
_READ_BYTES = 512
"""No packet of a bulk endpoint of USB 2 is longer; a shorter buffer would lose one."""
_OLD_ANSWERS_MAX = 16
_OLD_ANSWER_WAIT_S = 0.005

Device = Any  # pyusb has no types: usb.core.Device


class Taken(NamedTuple):
    """An interface that was taken from the kernel."""

    place: str
    number: int


class UsbWire:
    """Where such a printer is. Implements ``link.Wire``.

    Args:
        backend: What pyusb reaches USB by; None for libusb.
    """

    def __init__(
        self,
        address: Address,
        table: LinkTable,
        steady_s: Callable[[], float],
        backend: object | None = None,
    ) -> None:
        self._address = address
        self._connect_s = table.connect_ms / 1000
        self._steady_s = steady_s
        self._backend = backend
        self._taken: set[Taken] = set()

    def open(self) -> Link:
        """Find the printer and take its interface for this process alone."""
        device = self._find()
        try:
            return self._claimed(device)
        except NotImplementedError as exc:  # libusb's word for what this system cannot do
            _let_go(device)
            raise OSError(errno.EOPNOTSUPP, str(exc)) from exc
        except BaseException:
            _let_go(device)
            raise

    def close(self) -> None:
        """Give the kernel back what it had."""
        taken, self._taken = self._taken, set()
        if not taken:
            return
        with contextlib.suppress(OSError):  # without USB there is nobody to give it to
            for device in self._attached():
                for each in taken:
                    if each.place == place_of(device):
                        _give_back(device, each.number)

    def _attached(self) -> Sequence[Device]:
        """Return every device of these ids."""
        core, backend = _pyusb(self._backend)
        vendor, _, product = self._address.at.partition(":")
        ids = {"idVendor": int(vendor, 16), "idProduct": int(product, 16)}
        return list(core.find(find_all=True, backend=backend, **ids))

    def _find(self) -> Device:
        which, attached = self._address.which, self._attached()
        if which.startswith("@"):
            found = [each for each in attached if place_of(each) == which]
        elif which:
            found = [each for each in attached if self._serial(each) == which]
        else:
            found = list(attached)
        if len(found) == 1:
            return found[0]
        address = self._address.at
        if found:
            told = Said(
                N_("{n} devices {id} are attached; set printer.to to one of: {which}"),
                n=len(found), id=address, which=", ".join(self._names(found)),
            )  # fmt: skip
            raise NotReached(told)
        if attached:
            told = Said(
                N_("no device {id} is {which}; set printer.to to one of: {others}"),
                id=address, which=which, others=", ".join(self._names(attached)),
            )  # fmt: skip
            raise NotReached(told)
        raise NotReached(
            Said(N_("no device {id} is attached: is it switched on? lsusb lists all"), id=address)
        )

    def _names(self, devices: Sequence[Device]) -> Iterator[str]:
        """Return what each is called in the settings, so that no two have one name."""
        serials = [self._serial(each) for each in devices]
        for device, serial in zip(devices, serials, strict=True):
            is_own = serial and serials.count(serial) == 1 and serial.isprintable()
            yield f"usb:{self._address.at}:{serial if is_own else place_of(device)}"

    def _serial(self, device: Device) -> str:
        """Return its serial number; empty if it has none that can be read."""
        self._hurry(device)
        try:
            _configuration(device)  # opens it: pyusb tells who may not from who has no serial
            return str(device.serial_number or "")
        except (ValueError, NotImplementedError):  # no strings at all, or not of UTF-16
            return ""
        finally:
            _let_go(device)

    def _claimed(self, device: Device) -> Link:
        self._hurry(device)
        chosen = _printing_interface(_configuration(device))
        if chosen is None:
            raise NotReached(
                Said(N_("{id} is no printer: it has no place to send data to"), id=self._address.at)
            )
        self._take_from_kernel(device, chosen)
        import usb.util  # noqa: PLC0415 - it is there: the device came from it

        usb.util.claim_interface(device, chosen.number)
        if chosen.alternate:
            device.set_interface_altsetting(chosen.number, chosen.alternate)
        link = UsbLink(device, chosen, self._steady_s)
        link.forget_old_answers()
        return link

    def _hurry(self, device: Device) -> None:
        """Let no request to it take longer than a connection may."""
        device.default_timeout = max(1, int(self._connect_s * 1000))

    def _take_from_kernel(self, device: Device, chosen: Interface) -> None:
        try:
            if not device.is_kernel_driver_active(chosen.number):
                return
        except NotImplementedError:
            return  # a system whose kernel holds no devices
        if not chosen.is_printer:
            # A serial adapter, most likely: what is written past its driver comes out as noise.
            raise NotReached(
                Said(
                    N_(
                        "{id} belongs to a driver that is not for printers: is it serial:/dev/tty…?"
                    ),
                    id=self._address.at,
                )
            )
        device.detach_kernel_driver(chosen.number)
        self._taken.add(Taken(place_of(device), chosen.number))


class Interface(NamedTuple):
    """An interface that prints, and the addresses of its endpoints.

    Args:
        reads_at: None for a printer that tells nothing.
        is_printer: Its class says so; else it is the vendor's own.
    """

    number: int
    alternate: int
    writes_at: int
    reads_at: int | None
    is_printer: bool


class UsbLink(Link):
    """Two pipes: what is printed goes out by the one, what the printer answers comes by the other.

    A write is done when the printer itself has taken it, so there is nothing to drain.
    """

    def __init__(self, device: Device, interface: Interface, steady_s: Callable[[], float]) -> None:
        super().__init__(steady_s)
        self._device = device
        self._interface = interface

    def close(self) -> None:
        """Let other programs have it."""
        _let_go(self._device)

    def write(self, data: bytes, wait_s: float) -> None:
        """Write all of it, in as many pieces as the printer takes it."""
        deadline = self._steady_s() + wait_s
        at, endpoint = 0, self._interface.writes_at
        while at < len(data):
            left_s = deadline - self._steady_s()
            if left_s <= 0:
                raise TakesNothing
            taken = self._transfer(self._device.write, endpoint, data[at:], left_s)
            if not taken:
                time.sleep(EMPTY_PAUSE_S)
            at += taken or 0

    def read_some(self, wait_s: float) -> bytes | None:
        """Return what comes next."""
        endpoint = self._interface.reads_at
        if endpoint is None:
            return None
        deadline = self._steady_s() + wait_s
        while (left_s := deadline - self._steady_s()) > 0:
            data = self._transfer(self._device.read, endpoint, _READ_BYTES, left_s)
            if data:
                return bytes(data)
            time.sleep(EMPTY_PAUSE_S)
        return None

    def forget_old_answers(self) -> None:
        """Drop what it has told somebody who has not read it: it would be taken for an answer."""
        for _ in range(_OLD_ANSWERS_MAX):
            if self.read_some(_OLD_ANSWER_WAIT_S) is None:
                return

    def _transfer(
        self, transfer: Callable[[int, Any, int], Any], endpoint: int, what: Any, wait_s: float
    ) -> Any:
        """Return what a transfer returns; None if its time was over.

        Raises:
            OSError: it broke. A halted endpoint is set free for the next one.
        """
        wait_ms = max(1, math.ceil(wait_s * 1000))  # 0 would be for ever
        try:
            return transfer(endpoint, what, wait_ms)
        except OSError as exc:
            if exc.errno == errno.ETIMEDOUT:
                return None
            if exc.errno == errno.EPIPE:
                with contextlib.suppress(OSError, NotImplementedError):
                    self._device.clear_halt(endpoint)
            raise


def place_of(device: Device) -> str:
    """Return the socket that a device is at, as sysfs names it, after ``@``."""
    ports = device.port_numbers or (f"?{device.address}",)
    return f"@{device.bus}-{'.'.join(map(str, ports))}"


def _configuration(device: Device) -> Any:
    try:
        return device.get_active_configuration()
    except OSError as exc:
        if exc.errno is not None:
            raise
        device.set_configuration()  # pyusb's word for one that nobody has configured yet
        return device.get_active_configuration()


def _printing_interface(configuration: Any) -> Interface | None:
    """Return the interface that is most like a printer's, or None."""
    found: list[tuple[int, Interface]] = []
    for each in configuration:
        bulk = [e.bEndpointAddress for e in each if e.bmAttributes & 0x03 == 0x02]
        out = next((address for address in bulk if not address & 0x80), None)
        back = next((address for address in bulk if address & 0x80), None)
        rank = _rank(each, has_both=back is not None)
        if out is not None and rank is not None:
            is_printer = each.bInterfaceClass == PRINTER_CLASS
            number, alternate = each.bInterfaceNumber, each.bAlternateSetting
            found.append((rank, Interface(number, alternate, out, back, is_printer)))
    return min(found)[1] if found else None


def _rank(interface: Any, *, has_both: bool) -> int | None:
    if interface.bInterfaceClass == PRINTER_CLASS:
        protocol = interface.bInterfaceProtocol
        return _PROTOCOLS.index(protocol) if protocol in _PROTOCOLS else None
    if interface.bInterfaceClass == VENDOR_CLASS:
        return len(_PROTOCOLS) + (not has_both)
    return None


def _give_back(device: Device, number: int) -> None:
    with contextlib.suppress(OSError, NotImplementedError):
        device.attach_kernel_driver(number)
    _let_go(device)


def _let_go(device: Device) -> None:
    import usb.util  # noqa: PLC0415 - it is there: the device came from it

    with contextlib.suppress(OSError, NotImplementedError):  # it was pulled out
        usb.util.dispose_resources(device)


def _pyusb(backend: object | None) -> tuple[Any, object]:
    """Return ``usb.core`` and what it reaches USB by.

    Raises:
        NotReached: pyusb or libusb is not installed.
    """
    try:
        import usb.backend.libusb1  # noqa: PLC0415 - a unit without such a printer needs no pyusb
        import usb.core  # noqa: PLC0415
    except ImportError as exc:
        raise NotReached(
            Said(N_("pyusb is missing: pip install 'tearoff[usb]' where the unit is"))
        ) from exc
    if backend is None:
        with contextlib.suppress(OSError):
            ctypes.CDLL(_LIBUSB)  # pyusb would start a compiler to look for it, each time
            backend = usb.backend.libusb1.get_backend(find_library=lambda _: _LIBUSB)
    if backend is None:
        raise NotReached(Said(N_("libusb is missing: sudo apt install libusb-1.0-0")))
    return usb.core, backend


_LIBUSB = "libusb-1.0.so.0"
