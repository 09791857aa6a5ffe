"""Looks at everything a unit needs and says of each thing what was found and what to do.

It changes nothing and works beside a running unit: the database is opened read-only.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import urllib3

from edge.bundles.identity import load_or_make
from edge.care.machine import Machine
from edge.clock.trusted_time import SYSTEM_UNCERTAINTY_S
from edge.config import EdgeConfig
from edge.devices.finding import Finding, Health, Reports, Said
from edge.errors import N_, ConfigInvalid, EdgeError
from edge.journal.anchor import AnchorFile
from edge.journal.audit import Finding as Fault
from edge.journal.audit import audit_rows
from edge.journal.model import AnchorState
from edge.web.session import load_or_make_api_key

DISK_FREE_WANTED = 200 << 20
"""Bytes: room for years of redemptions, and for an update."""


HUB_WAIT_S = 5.0
HERE = Machine()


def examine(
    config: EdgeConfig, devices: Sequence[Reports], now_s: float, machine: Machine = HERE
) -> Iterator[Finding]:
    """Yield one finding after the other; some take a few seconds.

    Args:
        devices: What looks at each device of this unit.
        machine: Where this machine tells of itself.
    """
    yield check_data_directory(config.unit.data_dir)
    if config.unit.data_dir.is_dir():  # before it is enrolled, devices can be tried all the same
        yield check_disk(config.unit.data_dir)
        yield check_keys(config.data("unit.key"))
        yield check_api_key(config.data("api.key"))
        yield from check_store(config)
    yield check_clock(now_s, config.data("unit.db"))
    yield check_battery(has_battery=config.clock.battery)
    yield check_network(config.hub.url, machine)
    yield check_hub(config)
    for report in devices:
        yield report()
    yield check_camera()
    yield check_service(machine)


def check_data_directory(path: Path) -> Finding:
    """Is it there, ours, and private?"""
    name = N_("data directory")
    if not path.is_dir():
        return Finding(name, Health.BAD, Said(N_("{path} does not exist"), path=path), _ENROL)
    if path.stat().st_mode & 0o077:
        return Finding(
            name,
            Health.BAD,
            Said(N_("{path} is open to others"), path=path),
            Said(N_("run: {command}"), command=f"chmod 700 {path}"),
        )
    if not os.access(path, os.W_OK):
        return Finding(
            name,
            Health.BAD,
            Said(N_("{path} cannot be written"), path=path),
            N_("check owner and mount"),
        )
    return Finding(name, Health.GOOD, str(path))


def check_disk(path: Path) -> Finding:
    """Is there room?"""
    return check_room(shutil.disk_usage(path).free)


def check_room(free: int) -> Finding:
    """Are so many bytes enough?"""
    found = Said(N_("{n} MB free"), n=free >> 20)
    if free < DISK_FREE_WANTED // 10:
        return Finding(
            N_("disk"), Health.BAD, found, N_("free some space; nothing can be accepted soon")
        )
    if free < DISK_FREE_WANTED:
        return Finding(N_("disk"), Health.WARNING, found, N_("free some space"))
    return Finding(N_("disk"), Health.GOOD, found)


def check_keys(path: Path) -> Finding:
    """Are the unit's own keys there, and private?"""
    if not path.exists():
        return Finding(N_("keys"), Health.BAD, N_("no key file"), _ENROL)
    try:
        load_or_make(path)
    except EdgeError as exc:
        return Finding(
            N_("keys"), Health.BAD, exc.detail, N_("restore the file from a backup, or enrol anew")
        )
    return Finding(N_("keys"), Health.GOOD, str(path))


def check_api_key(path: Path) -> Finding:
    """Can a POS show a key that this unit knows?"""
    if not path.exists():
        return Finding(
            N_("API key"), Health.GOOD, N_("none yet; the unit makes one when it starts")
        )
    try:
        load_or_make_api_key(path)
    except EdgeError as exc:
        return Finding(
            N_("API key"), Health.BAD, exc.detail, N_("do that, and start the unit again")
        )
    return Finding(N_("API key"), Health.GOOD, str(path))


def check_store(config: EdgeConfig) -> Iterator[Finding]:
    """Does the database hold together, the chain prove itself, the anchor agree?"""
    path = config.data("unit.db")
    if not path.exists():
        yield Finding(N_("enrolment"), Health.BAD, N_("not enrolled"), _ENROL)
        return
    try:
        with _read_only(path) as rows:
            [[verdict]] = rows("PRAGMA quick_check(1)")
            if verdict != "ok":
                yield Finding(N_("database"), Health.BAD, str(verdict), _RESTORE)
                return
            enrolled = bool(rows("SELECT 1 FROM bundle WHERE kind = 'enrolment'"))
            yield Finding(N_("database"), Health.GOOD, f"SQLite {apsw.sqlite_lib_version()}")
            yield (
                Finding(N_("enrolment"), Health.GOOD, N_("enrolled"))
                if enrolled
                else Finding(N_("enrolment"), Health.BAD, N_("not enrolled"), _ENROL)
            )
            count, faults = audit_rows(rows)
            yield _chain(count, faults)
            yield check_anchor(config, rows)
    except apsw.Error as exc:
        yield Finding(
            N_("database"),
            Health.BAD,
            Said(N_("cannot be read: {why}"), why=type(exc).__name__),
            _RESTORE,
        )


_RESTORE = N_(
    "docs/how-to/recover-a-unit.md: set the file aside and enrol again; the hub has the rest"
)
_ENROL = N_("run: tearoff-unit enrol …")


def _chain(count: int, faults: list[Fault]) -> Finding:
    if faults:
        first = faults[0]
        found = Said(
            N_("{n} faults, first at {epoch}/{seq}: {what}"),
            n=len(faults), epoch=first.epoch, seq=first.seq, what=first.what,
        )  # fmt: skip
        return Finding(N_("journal"), Health.BAD, found, _RESTORE)
    return Finding(
        N_("journal"),
        Health.GOOD,
        Said(N_("{n} entries, every one follows the one before"), n=count),
    )


def check_anchor(config: EdgeConfig, rows: Callable[..., list[tuple[Any, ...]]]) -> Finding:
    """Does the anchor name an entry that is in the journal?"""
    if not config.data("unit.key").exists():  # reading it would make one
        return Finding(
            N_("anchor"), Health.WARNING, N_("cannot be read without the keys"), N_("see keys")
        )
    try:
        key = load_or_make(config.data("unit.key")).anchor_key()
    except ConfigInvalid:
        return Finding(
            N_("anchor"), Health.WARNING, N_("cannot be read without the keys"), N_("see keys")
        )
    state, mark = AnchorFile(config.anchor_path, key).read()
    if state is not AnchorState.GOOD:
        return Finding(
            N_("anchor"), Health.WARNING,
            Said(N_("{path} is {state}"), path=config.anchor_path, state=str(state)),
            N_("start the unit: it opens a new epoch and tells the hub"),
        )  # fmt: skip
    found = rows("SELECT hash FROM journal WHERE epoch = ? AND seq = ?", (mark.epoch, mark.seq))
    if mark.seq and (not found or found[0][0] != mark.hash):
        return Finding(
            N_("anchor"), Health.BAD,
            Said(N_("entry {entry} is missing from the journal"), entry=f"{mark.epoch}/{mark.seq}"),
            N_("start the unit: it opens a new epoch and tells the hub what is missing"),
        )  # fmt: skip
    same = config.anchor_path.parent.stat().st_dev == config.unit.data_dir.stat().st_dev
    told = (
        N_("at {entry}, on the same disk as the journal")
        if same
        else N_("at {entry}, on a disk of its own")
    )
    return Finding(N_("anchor"), Health.GOOD, Said(told, entry=f"{mark.epoch}/{mark.seq}"))


def check_clock(now_s: float, database: Path) -> Finding:
    """Is the system clock later than what the unit has seen already?"""
    newest = database.stat().st_mtime if database.exists() else 0
    if now_s < max(newest - SYSTEM_UNCERTAINTY_S, 1767225600):
        return Finding(
            N_("clock"), Health.BAD, N_("the system clock stands in the past"),
            N_("connect the network, or set it: timedatectl set-time 'YYYY-MM-DD HH:MM:SS'"),
        )  # fmt: skip
    return Finding(N_("clock"), Health.GOOD, N_("later than the newest entry"))


def check_battery(
    *, has_battery: bool, board: Path = Path("/proc/device-tree/model"),
    clocks: Path = Path("/sys/class/rtc"),
) -> Finding:  # fmt: skip
    """Does the clock run on while the machine is off, as the settings say?

    Args:
        board: Names the board on small computers; elsewhere there is no such file.
        clocks: Has an entry for each clock with a battery that Linux knows of.
    """
    name = N_("battery")
    if not has_battery:
        said = N_("the system clock is not believed after a power cut")
        return Finding(name, Health.GOOD, said)
    if board.exists() and not (clocks.is_dir() and any(clocks.iterdir())):
        return Finding(
            name, Health.WARNING, N_("this board has no clock that runs on while it is off"),
            N_("set clock.battery = false, or add a clock module"),
        )  # fmt: skip
    return Finding(name, Health.GOOD, N_("the system clock is believed after a power cut"))


def check_hub(config: EdgeConfig) -> Finding:
    """Does the hub answer?"""
    if not config.hub.url:
        return Finding(
            N_("hub"), Health.NONE, N_("none set"), N_("set hub.url, unless it has no network")
        )
    try:
        with urllib3.PoolManager(ca_certs=config.hub.ca_file or None, retries=False) as http:
            answer = http.request(
                "GET", config.hub.url.rstrip("/") + "/health", timeout=HUB_WAIT_S,
                preload_content=False,  # what stands below the head is of no interest
            )  # fmt: skip
            answer.close()
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as exc:
        return Finding(
            N_("hub"), Health.WARNING, f"{config.hub.url}: {type(exc).__name__}",
            N_("check network and hub.url; redemption goes on offline within the policy"),
        )  # fmt: skip
    good = answer.status == 200
    found = Said(N_("{url} answers {status}"), url=config.hub.url, status=answer.status)
    return Finding(
        "hub", Health.GOOD if good else Health.WARNING, found, "" if good else N_("ask HQ")
    )


def check_network(hub_url: str, machine: Machine) -> Finding:
    """Is there a way out of this machine?"""
    name = N_("network")
    way = machine.way_out()
    if way:
        return Finding(name, Health.GOOD, Said(N_("a way out by {interface}"), interface=way))
    found = N_("no way out of this machine")
    if not hub_url:
        return Finding(name, Health.NONE, found, N_("none is needed as long as hub.url is empty"))
    return Finding(
        name, Health.WARNING, found,
        N_("check cable or Wi-Fi; redemption goes on offline within the policy"),
    )  # fmt: skip


def check_service(machine: Machine) -> Finding:
    """Does the machine start the unit by itself, and does it run so now?"""
    name = N_("service")
    if not machine.service_file.exists():
        return Finding(
            name, Health.NONE, N_("not installed: the unit does not start by itself"),
            N_("run: sudo tearoff-unit install-service"),
        )  # fmt: skip
    state = machine.service_state()
    found = Said(N_("{file}: {state}"), file=machine.service_file, state=state)
    if state == "active":
        return Finding(name, Health.GOOD, found)
    look = N_("run: systemctl status tearoff-unit; journalctl -u tearoff-unit")
    return Finding(name, Health.BAD if state == "failed" else Health.WARNING, found, look)


def check_camera() -> Finding:
    """Can pictures be read?"""
    missing = [m for m in ("cv2", "zxingcpp", "pyzbar") if importlib.util.find_spec(m) is None]
    if missing:
        return Finding(
            N_("pictures"), Health.NONE, Said(N_("without {what}"), what=", ".join(missing)),
            N_("pip install 'tearoff[camera]', unless it has no camera"),
        )  # fmt: skip
    from ctypes.util import find_library  # noqa: PLC0415 - half a megabyte, for this line

    if find_library("zbar") is None:
        return Finding(
            N_("pictures"), Health.WARNING, N_("zxing-cpp only, libzbar0 is missing"),
            N_("apt install libzbar0 for the second decoder"),
        )  # fmt: skip
    return Finding(N_("pictures"), Health.GOOD, "OpenCV, zxing-cpp and zbar")


@contextmanager
def _read_only(path: Path) -> Iterator[Callable[..., list[tuple[Any, ...]]]]:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        connection.setbusytimeout(2000)
        yield lambda sql, values=(): connection.execute(sql, values).fetchall()
    finally:
        connection.close()
