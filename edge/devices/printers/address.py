"""Where a printer is: the setting ``printer.to``, read. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qsl

from edge.errors import ConfigInvalid

FORMS = (
    "tcp://HOST:PORT, serial:/dev/PATH, serial:/dev/PATH?baud=115200, usb:/dev/usb/lp0, "
    "usb:VENDOR:PRODUCT or usb:VENDOR:PRODUCT:SERIAL"
)
_BAUDS = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)
_USB_DEVICE = re.compile(r"([0-9a-fA-F]{4}):([0-9a-fA-F]{4})(?::(.{1,126}))?")
"""Vendor and product in hex, and what tells two alike apart: USB allows 126 characters."""


class Address(NamedTuple):
    """Where a printer is.

    Args:
        kind: ``tcp``, ``serial``, ``usb`` for the kernel's printer device, or ``usb-bulk``.
        at: Host, path of a device, or vendor and product as in ``04b8:0202``.
        port: TCP port; 0 for the others.
        baud: Bits a second; None for what the profile says.
        which: Of several alike at USB: a serial number, or ``@`` and the socket as in ``@1-1.4``.
    """

    kind: str
    at: str
    port: int = 0
    baud: int | None = None
    which: str = ""


def parse_address(text: str) -> Address:
    """Return the address that a setting names.

    Raises:
        ConfigInvalid: it is none; the message names the forms there are.
    """
    kind, colon, rest = text.partition(":")
    if kind == "tcp":
        return Address("tcp", *parse_tcp(text))
    if not colon or kind not in {"serial", "usb"}:
        raise ConfigInvalid(f"a printer is at {FORMS}, not {text!r}")
    if kind == "usb" and (found := _USB_DEVICE.fullmatch(rest)) and rest.isprintable():
        vendor, product, which = found.groups()
        return Address("usb-bulk", f"{vendor}:{product}".lower(), which=which or "")
    path, _, query = rest.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    baud = options.pop("baud", None) if kind == "serial" else None
    if options or not path.startswith("/") or not path.isprintable():
        raise ConfigInvalid(f"a printer is at {FORMS}, not {text!r}")
    if baud is not None and (not baud.isascii() or not baud.isdecimal() or len(baud) > 7):
        raise ConfigInvalid(f"baud is a number, not {baud!r}")
    return Address(kind, path, 0, None if baud is None else known_baud(int(baud)))


def parse_tcp(url: str) -> tuple[str, int]:
    """Return host and port of ``tcp://HOST:PORT``; ConfigInvalid for anything else."""
    host, _, port = url.removeprefix("tcp://").rpartition(":")
    host = host.strip("[]")
    if not (url.startswith("tcp://") and _is_host(host) and _is_port(port)):
        raise ConfigInvalid(f"a printer is at tcp://HOST:PORT, not {url!r}")
    return host, int(port)


def known_baud(baud: int) -> int:
    """Return a speed that serial lines have; ConfigInvalid for another."""
    if baud not in _BAUDS:
        raise ConfigInvalid(f"baud is one of {', '.join(map(str, _BAUDS))}, not {baud}")
    return baud


def _is_host(text: str) -> bool:
    try:
        text.encode("idna")  # as the socket will
    except UnicodeError:
        return False
    return text != "" and text.isprintable() and " " not in text


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 5 and 1 <= int(text) <= 65535
