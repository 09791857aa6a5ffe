"""The devices that the settings name."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from edge.config import EdgeConfig
from edge.devices.finding import Reports
from edge.devices.ports import NoPrinter, Printer, PrinterSeen
from edge.devices.printer_escpos import EscposPrinter
from edge.devices.printer_report import report_printer
from edge.devices.profiles import PrinterProfile, Profile, load, places
from edge.devices.scanners.build import camera_of
from edge.devices.scanners.report import Seen, scanner_reports
from edge.errors import ConfigInvalid


def build_printer(config: EdgeConfig) -> Printer:
    """Return the printer that the settings name."""
    if not config.printer.to:
        return NoPrinter()
    return EscposPrinter(config.printer.to, printer_profile(config))


def printer_profile(config: EdgeConfig, name: str = "") -> PrinterProfile:
    """Return the profile that the settings name, or another, from the places that they name."""
    where = places(config.devices.profiles_dir)
    return load("printer", name or config.printer.profile, where)


def profiles_in_use(config: EdgeConfig) -> list[Profile]:
    """Return the profiles of all devices that the settings name."""
    used: list[Profile] = [printer_profile(config)] if config.printer.to else []
    camera = camera_of(config)
    return [*used, camera.profile] if camera else used


def reports(
    config: EdgeConfig, printer_seen: Callable[[], PrinterSeen] | None = None,
    scanners_seen: Seen | None = None,
) -> list[Reports]:  # fmt: skip
    """Return what looks at each device that the settings name.

    Args:
        printer_seen: Says how the printer was last seen; None to ask the printer itself.
        scanners_seen: Says how the scanners are; None to look whether they are attached.
    """
    look = printer_seen or (lambda: _asked(config))
    return [lambda: report_printer(config.printer.to, _printer_label(config), look),
            *scanner_reports(config, scanners_seen)]  # fmt: skip


def _asked(config: EdgeConfig) -> PrinterSeen:
    with closing(build_printer(config)) as printer:
        return PrinterSeen(printer.state(), printer.why)


def _printer_label(config: EdgeConfig) -> str:
    try:
        return printer_profile(config).label
    except ConfigInvalid:  # the finding says so
        return config.printer.profile
