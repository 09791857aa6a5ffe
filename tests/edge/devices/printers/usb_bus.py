"""A USB bus without USB: what pyusb asks libusb, answered by printers made of software.

Behind the bulk endpoints is the inside of the simulated printer, so every byte is really read as
ESC/POS. Time does not pass by itself: a transfer that is given up takes its time from ``steady_s``.
"""

from __future__ import annotations

import errno
import itertools
from array import array
from dataclasses import dataclass, field
from types import SimpleNamespace as Descriptor
from typing import Any

import usb.backend
from usb.core import USBError, USBTimeoutError

from edge.devices.simulated.escpos_paper import WIDTH_80_MM_DOTS
from edge.devices.simulated.machine import Faults, Machine, PrintedPaper

OUT, IN, SECOND = 0x01, 0x82, 0x03
STRING_DESCRIPTOR = 0x03
_SERIAL_INDEX = 3


@dataclass(frozen=True)
class Endpoints:
    """One interface, or a further setting of one."""

    kind: int = 0x07
    protocol: int = 2
    addresses: tuple[int, ...] = (OUT, IN)
    number: int = 0
    alternate: int = 0
    attributes: int = 0x02


@dataclass
class UsbPrinter:
    """A printer at a bus. What is wrong with its plug is an attribute; with itself, ``faults``.

    Args:
        serial: None for a printer that tells none.
        gone_after: It is pulled out after so many bytes of the body.
        naks_after: It takes no more after so many.
        halts_after: Its endpoint halts after so many.
        takes_most: Bytes of one transfer.
        empty_answers: So many reads bring a packet without anything in it.
        held_by_kernel: Numbers of the interfaces that a driver of the kernel has.
        held_by_others: Somebody else has claimed it.
        forbidden: This user may not open it.
        is_configured: Somebody has chosen its configuration.
    """

    vendor: int = 0x0416
    product: int = 0x5011
    serial: str | None = None
    ports: tuple[int, ...] = (1, 4)
    interfaces: tuple[Endpoints, ...] = (Endpoints(),)
    gone_after: int | None = None
    naks_after: int | None = None
    halts_after: int | None = None
    takes_most: int = 1 << 20
    empty_answers: int = 0
    held_by_kernel: set[int] = field(default_factory=set)
    held_by_others: bool = False
    forbidden: bool = False
    is_configured: bool = True

    def __post_init__(self) -> None:
        self.faults = Faults()
        self.machine = Machine(WIDTH_80_MM_DOTS, self.faults, buffered=False)
        self.answers = b""
        self.is_plugged_in = True
        self.claimed: set[int] = set()
        self.setting: dict[int, int] = {}
        self.halted: set[int] = set()
        self.written_at: set[int] = set()
        self.handles = 0
        self.kernel_changes = 0

    def plug_in(self) -> None:
        self.machine.power_cycle()
        self.answers, self.is_plugged_in, self.gone_after = b"", True, None

    def papers(self) -> list[PrintedPaper]:
        return list(self.machine.papers)

    def open_paper(self) -> PrintedPaper:
        return self.machine.open_paper

    def there(self) -> UsbPrinter:
        if not self.is_plugged_in:
            raise USBError("No such device (it may have been disconnected)", -4, errno.ENODEV)
        return self

    def take(self, data: bytes) -> int:
        """Take as much as its faults let it."""
        body = self.machine.body_bytes
        limits = [n for n in (self.gone_after, self.naks_after, self.halts_after) if n is not None]
        room = min([self.takes_most, *(max(0, limit - body) for limit in limits)])
        self.answers += self.machine.receive(data[:room])
        return min(room, len(data))


class UsbBus(usb.backend.IBackend):  # type: ignore[misc] # pyusb has no types
    """What pyusb calls. Only what it needs for a printer."""

    def __init__(self, *printers: UsbPrinter) -> None:
        super().__init__()
        self.printers = list(printers)
        self.now_s = 0.0
        self.wait_ms_max = 0

    def steady_s(self) -> float:
        self.now_s += 1e-6
        return self.now_s

    # --- descriptors -----------------------------------------------------------------------------

    def enumerate_devices(self) -> list[UsbPrinter]:
        return [each for each in self.printers if each.is_plugged_in]

    def get_device_descriptor(self, dev: UsbPrinter) -> Descriptor:
        return Descriptor(
            bLength=18, bDescriptorType=1, bcdUSB=0x200, bDeviceClass=0, bDeviceSubClass=0,
            bDeviceProtocol=0, bMaxPacketSize0=64, idVendor=dev.vendor, idProduct=dev.product,
            bcdDevice=0x100, iManufacturer=0, iProduct=0,
            iSerialNumber=0 if dev.serial is None else _SERIAL_INDEX, bNumConfigurations=1,
            address=7, bus=1, port_number=dev.ports[-1], port_numbers=dev.ports, speed=3,
        )  # fmt: skip

    def get_configuration_descriptor(self, dev: UsbPrinter, config: int) -> Descriptor:
        return Descriptor(
            bLength=9, bDescriptorType=2, wTotalLength=32,
            bNumInterfaces=len({each.number for each in dev.interfaces}), bConfigurationValue=1,
            iConfiguration=0, bmAttributes=0xC0, bMaxPower=1, extra_descriptors=[],
        )  # fmt: skip

    def get_interface_descriptor(
        self, dev: UsbPrinter, intf: int, alt: int, config: int
    ) -> Descriptor:
        numbers = sorted({each.number for each in dev.interfaces})
        [*settings] = [each for each in dev.interfaces if each.number == numbers[intf]]
        one = settings[alt]
        return Descriptor(
            bLength=9, bDescriptorType=4, bInterfaceNumber=one.number,
            bAlternateSetting=one.alternate, bNumEndpoints=len(one.addresses),
            bInterfaceClass=one.kind, bInterfaceSubClass=1, bInterfaceProtocol=one.protocol,
            iInterface=0, extra_descriptors=[], one=one,
        )  # fmt: skip

    def get_endpoint_descriptor(
        self, dev: UsbPrinter, ep: int, intf: int, alt: int, config: int
    ) -> Descriptor:
        one = self.get_interface_descriptor(dev, intf, alt, config).one
        return Descriptor(
            bLength=7, bDescriptorType=5, bEndpointAddress=one.addresses[ep],
            bmAttributes=one.attributes, wMaxPacketSize=64, bInterval=0, bRefresh=0,
            bSynchAddress=0, extra_descriptors=[],
        )  # fmt: skip

    # --- who has it ------------------------------------------------------------------------------

    def open_device(self, dev: UsbPrinter) -> UsbPrinter:
        if dev.there().forbidden:
            raise USBError("Access denied (insufficient permissions)", -3, errno.EACCES)
        dev.handles += 1
        return dev

    def close_device(self, dev_handle: UsbPrinter) -> None:
        dev_handle.handles -= 1

    def get_configuration(self, dev_handle: UsbPrinter) -> int:
        return int(dev_handle.there().is_configured)

    def set_configuration(self, dev_handle: UsbPrinter, config_value: int) -> None:
        dev_handle.there().is_configured = True

    def set_interface_altsetting(self, dev_handle: UsbPrinter, intf: int, alt: int) -> None:
        dev_handle.there().setting[intf] = alt

    def claim_interface(self, dev_handle: UsbPrinter, intf: int) -> None:
        if intf in dev_handle.there().held_by_kernel or dev_handle.held_by_others:
            raise USBError("Resource busy", -6, errno.EBUSY)
        dev_handle.claimed.add(intf)

    def release_interface(self, dev_handle: UsbPrinter, intf: int) -> None:
        dev_handle.claimed.discard(intf)
        dev_handle.there()

    def is_kernel_driver_active(self, dev_handle: UsbPrinter, intf: int) -> bool:
        return intf in dev_handle.there().held_by_kernel

    def detach_kernel_driver(self, dev_handle: UsbPrinter, intf: int) -> None:
        dev_handle.there().held_by_kernel.remove(intf)
        dev_handle.kernel_changes += 1

    def attach_kernel_driver(self, dev_handle: UsbPrinter, intf: int) -> None:
        if intf in dev_handle.there().claimed:
            raise USBError("Resource busy", -6, errno.EBUSY)
        dev_handle.held_by_kernel.add(intf)
        dev_handle.kernel_changes += 1

    # --- transfers -------------------------------------------------------------------------------

    def clear_halt(self, dev_handle: UsbPrinter, ep: int) -> None:
        dev_handle.there().halted.discard(ep)

    def ctrl_transfer(  # noqa: PLR0917 - as pyusb calls it
        self, dev_handle: UsbPrinter, bmRequestType: int, bRequest: int, wValue: int,  # noqa: N803
        wIndex: int, data: Any, timeout: int,  # noqa: N803
    ) -> int:  # fmt: skip
        assert (bmRequestType, bRequest, wValue >> 8) == (0x80, 6, STRING_DESCRIPTOR)
        dev_handle.there()
        index = wValue & 0xFF
        text = b"\x09\x04" if index == 0 else (dev_handle.serial or "").encode("utf-16-le")
        assert index in {0, _SERIAL_INDEX}
        told = array("B", bytes([len(text) + 2, STRING_DESCRIPTOR]) + text)
        data[: len(told)] = told
        return len(told)

    def bulk_write(
        self, dev_handle: UsbPrinter, ep: int, intf: int, data: Any, timeout: int
    ) -> int:
        printer = self._at(dev_handle, ep, intf, timeout)
        printer.written_at.add(ep)
        taken = printer.take(bytes(data))
        body = printer.machine.body_bytes
        if printer.gone_after is not None and body >= printer.gone_after:
            printer.is_plugged_in = False
            printer.claimed.clear()
            printer.held_by_kernel.clear()
        if printer.halts_after is not None and body >= printer.halts_after:
            printer.halted.add(ep)
        if taken:
            return taken
        printer.there()
        if ep in printer.halted:
            raise USBError("Pipe error", -9, errno.EPIPE)
        raise self._given_up(timeout)

    def bulk_read(self, dev_handle: UsbPrinter, ep: int, intf: int, buff: Any, timeout: int) -> int:
        printer = self._at(dev_handle, ep, intf, timeout)
        printer.answers += printer.machine.go_on()
        if printer.empty_answers:
            printer.empty_answers -= 1
            return 0
        told, printer.answers = printer.answers[: len(buff)], printer.answers[len(buff) :]
        if not told:
            raise self._given_up(timeout)
        buff[: len(told)] = array("B", told)
        return len(told)

    def _at(self, dev_handle: UsbPrinter, ep: int, intf: int, timeout: int) -> UsbPrinter:
        printer = dev_handle.there()
        assert timeout > 0, "0 is for ever"
        assert intf in printer.claimed, "not without having claimed it"
        addresses = itertools.chain.from_iterable(
            each.addresses
            for each in printer.interfaces
            if each.number == intf and each.alternate == printer.setting.get(intf, 0)
        )
        assert ep in addresses
        self.wait_ms_max = max(self.wait_ms_max, timeout)
        if ep in printer.halted:
            raise USBError("Pipe error", -9, errno.EPIPE)
        return printer

    def _given_up(self, timeout_ms: int) -> USBTimeoutError:
        self.now_s += timeout_ms / 1000
        return USBTimeoutError("Operation timed out", -7, errno.ETIMEDOUT)
