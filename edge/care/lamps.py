"""The status strip: what the screen says of the unit while it serves. Pure.

Good lamps stay quiet; one that is not good says in a few words what is the matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from edge.clock.model import TrustedTime
from edge.contract.dynamic_code import drift_steps
from edge.contract.keys import KEY_EPOCH_S
from edge.devices.ports import PrinterState
from edge.devices.scanners.gather import ScannerSeen
from edge.devices.scanners.states import State
from edge.peers.membership import Presence
from edge.web.words import N_, span, translate

GOOD, ASK, BAD, QUIET = "good", "ask", "bad", "quiet"
"""Looks: colour and shape at once. QUIET is for what this unit does without."""

UNSENT_SOON_S = 60
"""Entries younger than this are on their way; only then they are worth a look."""

_PRINTER: dict[PrinterState, tuple[str, str]] = {
    PrinterState.READY: (GOOD, N_("ready")),
    PrinterState.PAPER_LOW: (GOOD, N_("ready")),
    PrinterState.PAPER_END: (BAD, N_("waits for paper")),
    PrinterState.COVER_OPEN: (BAD, N_("cover open")),
    PrinterState.ERROR: (BAD, N_("error")),
    PrinterState.UNREACHABLE: (BAD, N_("not reachable")),
    PrinterState.UNKNOWN: (BAD, N_("does not answer")),
    PrinterState.ABSENT: (QUIET, N_("none")),
}
_SCANNER: dict[State, tuple[str, str]] = {
    State.READY: (GOOD, N_("ready")),
    State.OPENING: (ASK, N_("starting")),
    State.ABSENT: (BAD, N_("not plugged in")),
    State.BACKOFF: (BAD, N_("does not work")),
}
_PAPER: dict[PrinterState, tuple[str, str]] = {
    PrinterState.READY: (GOOD, N_("enough")),
    PrinterState.PAPER_LOW: (ASK, N_("runs out")),
    PrinterState.PAPER_END: (BAD, N_("used up")),
}


class Seen(NamedTuple):
    """What the lamps are about.

    Args:
        hub_age_s: Seconds since the hub's last word; None before the first.
        papers_held: How many somebody has to decide about.
        oldest_s: How long the oldest entry has been waiting to be sent.
        keys_until_s: Until when rotating codes can be checked; None without any key.
        journal_is_sound: False if something of it is missing, or its anchor cannot be written.
        peers: What each other unit of the store is that could accept a voucher.
    """

    online: bool
    hub_age_s: int | None
    unsent: int
    oldest_s: int | None
    printer: PrinterState
    papers_owed: int
    papers_held: int
    time: TrustedTime
    keys_until_s: int | None
    journal_is_sound: bool
    scanners: Sequence[ScannerSeen] = ()
    peers: Sequence[Presence] = ()


class Lamp(NamedTuple):
    """One lamp of the strip, in one language."""

    look: str
    name: str
    value: str


def lamps(seen: Seen, locale: str) -> list[Lamp]:
    """Return the strip, from left to right."""
    shown = [_hub(seen, locale), _unsent(seen, locale), _printer(seen, locale)]
    if seen.printer is not PrinterState.ABSENT:
        shown.append(_paper(seen, locale))
    shown += _scanners(seen, locale)
    if seen.peers:
        shown.append(_peers(seen, locale))
    shown += [_clock(seen, locale), _keys(seen, locale)]
    if not seen.journal_is_sound:
        shown.append(_lamp(BAD, N_("Journal"), N_("call support"), locale))
    return shown


def _lamp(look: str, name: str, value: str, locale: str) -> Lamp:
    return Lamp(look, translate(locale, name), translate(locale, value))


def _hub(seen: Seen, locale: str) -> Lamp:
    lamp = _lamp(ASK, N_("Headquarters"), N_("offline"), locale)
    if seen.online:
        return lamp._replace(look=GOOD, value=translate(locale, N_("online")))
    if seen.hub_age_s is None:
        return lamp
    return lamp._replace(value=f"{lamp.value} · {span(locale, seen.hub_age_s)}")


def _unsent(seen: Seen, locale: str) -> Lamp:
    oldest_s = seen.oldest_s or 0
    soon = not seen.unsent or (seen.online and oldest_s < UNSENT_SOON_S)
    lamp = Lamp(GOOD if soon else ASK, translate(locale, N_("Not yet sent")), str(seen.unsent))
    if soon:
        return lamp
    oldest = translate(locale, N_("oldest {span}")).format(span=span(locale, oldest_s))
    return lamp._replace(value=f"{seen.unsent} · {oldest}")


def _printer(seen: Seen, locale: str) -> Lamp:
    look, value = _PRINTER[seen.printer]
    lamp = _lamp(look, N_("Printer"), value, locale)
    if look is GOOD and seen.papers_held:
        unclear = translate(locale, N_("{count} unclear")).format(count=seen.papers_held)
        return lamp._replace(look=ASK, value=unclear)
    if look is not BAD or not seen.papers_owed:
        return lamp
    owed = translate(locale, N_("{count} waiting")).format(count=seen.papers_owed)
    return lamp._replace(value=f"{lamp.value} · {owed}")


def _paper(seen: Seen, locale: str) -> Lamp:
    look, value = _PAPER.get(seen.printer, (ASK, N_("unknown")))
    return _lamp(look, N_("Paper"), value, locale)


def _scanners(seen: Seen, locale: str) -> list[Lamp]:
    """One lamp while all work; one for each that does not."""
    troubled = [lamp for s in seen.scanners if (lamp := _scanner(s, locale)).look != GOOD]
    if troubled or not seen.scanners:
        return troubled
    lamp = _lamp(GOOD, N_("Scanner"), N_("ready"), locale)
    last_s = min((s.last_s for s in seen.scanners if s.last_s is not None), default=None)
    if last_s is None:
        return [lamp]
    ago = translate(locale, N_("{span} ago")).format(span=span(locale, last_s))
    return [lamp._replace(value=f"{lamp.value} · {ago}")]


def _scanner(scanner: ScannerSeen, locale: str) -> Lamp:
    look, value = _SCANNER[scanner.state]
    if scanner.hangs:
        look, value = BAD, N_("does not answer")
    elif scanner.is_flapping:
        look, value = BAD, N_("comes and goes: check the plug")
    elif look == GOOD and scanner.lost:
        look, value = ASK, N_("too fast, a scan was lost")
    lamp = _lamp(look, N_("Scanner"), value, locale)
    return lamp._replace(name=f"{lamp.name} {scanner.source}")


def _peers(seen: Seen, locale: str) -> Lamp:
    """Say whether the others are there; a voucher is safe without the hub only with all of them."""
    if Presence.DOUBTFUL in seen.peers or Presence.STOPPED in seen.peers:
        return _lamp(BAD, N_("Other tills"), N_("call support"), locale)
    missing = sum(presence is not Presence.LIVE for presence in seen.peers)
    if not missing:
        return _lamp(GOOD, N_("Other tills"), N_("all here"), locale)
    lamp = _lamp(ASK, N_("Other tills"), N_("{missing} of {count} missing"), locale)
    return lamp._replace(value=lamp.value.format(missing=missing, count=len(seen.peers)))


def _clock(seen: Seen, locale: str) -> Lamp:
    if not seen.time.is_known:
        return _lamp(BAD, N_("Clock"), N_("uncertain"), locale)
    off = f"±{span(locale, seen.time.uncertainty_s)}"
    look = GOOD if drift_steps(seen.time.uncertainty_s) is not None else ASK
    return Lamp(look, translate(locale, N_("Clock")), off)


def _keys(seen: Seen, locale: str) -> Lamp:
    left_s = (seen.keys_until_s or 0) - seen.time.at_s
    if left_s <= 0:
        return _lamp(BAD, N_("Keys"), N_("none"), locale)
    left = translate(locale, N_("{span} left")).format(span=span(locale, left_s))
    return Lamp(GOOD if left_s > KEY_EPOCH_S else ASK, translate(locale, N_("Keys")), left)
