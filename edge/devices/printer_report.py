"""What the doctor is told of the receipt printer."""

from __future__ import annotations

from collections.abc import Callable

from edge.devices.finding import Finding, Health, Said
from edge.devices.ports import PrinterSeen, PrinterState
from edge.errors import N_, ConfigInvalid

_WHAT_TO_DO = {
    PrinterState.PAPER_LOW: N_("have a new roll ready"),
    PrinterState.PAPER_END: N_("put a new roll in"),
    PrinterState.COVER_OPEN: N_("close the cover"),
    PrinterState.ERROR: N_("switch it off and on; clear a paper jam"),
    PrinterState.UNREACHABLE: N_("check power, cable and printer.to"),
    PrinterState.UNKNOWN: N_("it takes data but does not answer: check printer.profile"),
}
NAME = N_("printer")


def what_to_do(state: PrinterState) -> str:
    """Return what to do about a printer in a state in which it prints nothing."""
    return _WHAT_TO_DO[state]


def report_printer(to: str, profile: str, look: Callable[[], PrinterSeen]) -> Finding:
    """Return the finding of a printer.

    Args:
        to: Where it is, as the settings have it; empty for none.
        look: Asks it, or returns what it said last; may raise ConfigInvalid.
    """
    try:
        told, why = look() if to else PrinterSeen(PrinterState.ABSENT)
    except ConfigInvalid as exc:
        correct = N_("correct printer.to and printer.profile")
        return Finding(NAME, Health.BAD, exc.detail, correct, profile)
    if told is PrinterState.ABSENT:
        return Finding(
            NAME, Health.NONE, N_("none set"), N_("set printer.to, unless it has none"), profile
        )
    found = Said("{to} ({profile}): {state}", to=to, profile=profile, state=str(told))
    if why:
        found = Said(
            "{to} ({profile}): {state}: {why}", to=to, profile=profile, state=str(told), why=why
        )
    if told is PrinterState.READY:
        return Finding(NAME, Health.GOOD, found, "", profile, str(told))
    health = Health.WARNING if told is PrinterState.PAPER_LOW else Health.BAD
    return Finding(NAME, health, found, what_to_do(told), profile, str(told))
