"""What the doctor is told of the scanners."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from edge.config import EdgeConfig
from edge.devices.finding import Finding, Health, Reports, Said
from edge.devices.profiles import Profile
from edge.devices.scanners.attached import attached_at
from edge.devices.scanners.build import CAMERA, Named, camera_of, read_named
from edge.devices.scanners.gather import ScannerSeen
from edge.devices.scanners.states import State
from edge.errors import N_, ConfigInvalid

NAME = N_("scanner {name}")
_WHAT_TO_DO = {
    State.ABSENT: N_("plug it in; `tearoff-unit scanner list` shows what is attached"),
    State.BACKOFF: N_("`tearoff-unit scanner list` says why; check profile and plug"),
    State.OPENING: N_("wait a little; if it stays, unplug it and plug it in again"),
}


class Device(NamedTuple):
    """A camera, as far as it is told of."""

    path: str
    profile: Profile


Seen = Callable[[], Sequence[ScannerSeen]]


def scanner_reports(config: EdgeConfig, seen: Seen | None = None) -> list[Reports]:
    """Return what looks at each scanner that the settings name.

    Args:
        seen: Says how they are in the running unit; None to look only whether they are attached.
    """
    named: list[Reports] = [
        partial(_report, name, text, config, seen) for name, text in config.scanners.items()
    ]
    return [*named, partial(_camera, config, seen)] if config.camera.device else named


def _report(name: str, text: str, config: EdgeConfig, seen: Seen | None) -> Finding:
    called = Said(NAME, name=name)
    try:
        named = read_named(f"scanners.{name}", text, config)
    except ConfigInvalid as exc:
        return Finding(called, Health.BAD, exc.detail, N_("correct the setting"))
    found = {s.source: s for s in seen()} if seen else {}
    if name in found:
        return _of_state(called, named, found[name])
    return _of_plug(called, named, is_there=attached_at(named.path) is not None)


def _camera(config: EdgeConfig, seen: Seen | None) -> Finding:
    try:
        camera = camera_of(config)
    except ConfigInvalid as exc:
        return Finding(N_("camera"), Health.BAD, exc.detail, N_("correct the setting"))
    assert camera is not None, "only asked for if the settings name one"
    device = Device(config.camera.device, camera.profile)
    found = {s.source: s for s in seen()} if seen else {}
    if CAMERA in found:
        return _of_state(N_("camera"), device, found[CAMERA])
    return _of_plug(N_("camera"), device, is_there=camera.attached() is not None)


def _of_plug(called: str, named: Named | Device, *, is_there: bool) -> Finding:
    if not is_there:
        told = Said(N_("nothing is attached at {path}"), path=named.path)
        return Finding(called, Health.BAD, told, _WHAT_TO_DO[State.ABSENT], named.profile.label)
    told = Said(N_("attached at {path}"), path=named.path)
    return Finding(called, Health.GOOD, told, "", named.profile.label)


def _of_state(called: str, named: Named | Device, seen: ScannerSeen) -> Finding:
    told = Said("{path}: {state}", path=named.path, state=str(seen.state))
    answer = "" if seen.last_s is None else Said(N_("{n} s ago"), n=seen.last_s)
    if seen.state is State.READY and not seen.is_flapping:
        return Finding(called, Health.GOOD, told, "", named.profile.label, answer)
    what_to_do = _WHAT_TO_DO.get(seen.state, N_("comes and goes: check the plug"))
    return Finding(called, Health.BAD, told, what_to_do, named.profile.label, answer)
