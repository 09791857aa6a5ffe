"""Looks at everything a unit needs and says of each thing what was found and what to do.

It changes nothing and works beside a running unit: the database is opened read-only.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes.util import find_library
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import urllib3

from edge.bundles.identity import load_or_make
from edge.clock.trusted_time import SYSTEM_UNCERTAINTY_S
from edge.config import EdgeConfig
from edge.devices.ports import Printer, PrinterState
from edge.errors import ConfigInvalid, EdgeError
from edge.journal.anchor import AnchorFile
from edge.journal.audit import Finding, audit_rows
from edge.journal.model import AnchorState
from edge.web.session import load_or_make_api_key

DISK_FREE_WANTED = 200 << 20
"""Bytes: room for years of redemptions, and for an update."""


HUB_WAIT_S = 5.0


class Health(StrEnum):
    """How bad a finding is."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


class Check(NamedTuple):
    """One thing that was looked at.

    Args:
        remedy: What to do about it; empty when it is good.
    """

    name: str
    health: Health
    found: str
    remedy: str = ""


def examine(config: EdgeConfig, printer: Callable[[], Printer], now_s: float) -> Iterator[Check]:
    """Yield one check after the other; some take a few seconds.

    Args:
        printer: Returns the printer that the settings name, or raises ConfigInvalid.
    """
    yield check_data_directory(config.unit.data_dir)
    if not config.unit.data_dir.is_dir():
        return
    yield check_disk(config.unit.data_dir)
    yield check_keys(config.data("unit.key"))
    yield check_api_key(config.data("api.key"))
    yield from check_store(config)
    yield check_clock(now_s, config.data("unit.db"))
    yield check_hub(config)
    yield check_printer(config, printer)
    yield check_camera()


def check_data_directory(path: Path) -> Check:
    """Is it there, ours, and private?"""
    name = "data directory"
    if not path.is_dir():
        return Check(name, Health.BAD, f"{path} does not exist", "run: tearoff-unit enrol …")
    if path.stat().st_mode & 0o077:
        return Check(name, Health.BAD, f"{path} is open to others", f"run: chmod 700 {path}")
    if not os.access(path, os.W_OK):
        return Check(name, Health.BAD, f"{path} cannot be written", "check owner and mount")
    return Check(name, Health.GOOD, str(path))


def check_disk(path: Path) -> Check:
    """Is there room?"""
    return check_room(shutil.disk_usage(path).free)


def check_room(free: int) -> Check:
    """Are so many bytes enough?"""
    found = f"{free >> 20} MB free"
    if free < DISK_FREE_WANTED // 10:
        return Check("disk", Health.BAD, found, "free some space; nothing can be accepted soon")
    if free < DISK_FREE_WANTED:
        return Check("disk", Health.WARNING, found, "free some space")
    return Check("disk", Health.GOOD, found)


def check_keys(path: Path) -> Check:
    """Are the unit's own keys there, and private?"""
    if not path.exists():
        return Check("keys", Health.BAD, "no key file", "run: tearoff-unit enrol …")
    try:
        load_or_make(path)
    except EdgeError as exc:
        return Check(
            "keys", Health.BAD, exc.detail, "restore the file from a backup, or enrol anew"
        )
    return Check("keys", Health.GOOD, str(path))


def check_api_key(path: Path) -> Check:
    """Can a POS show a key that this unit knows?"""
    if not path.exists():
        return Check("API key", Health.GOOD, "none yet; the unit makes one when it starts")
    try:
        load_or_make_api_key(path)
    except EdgeError as exc:
        return Check("API key", Health.BAD, exc.detail, "do that, and start the unit again")
    return Check("API key", Health.GOOD, str(path))


def check_store(config: EdgeConfig) -> Iterator[Check]:
    """Does the database hold together, the chain prove itself, the anchor agree?"""
    path = config.data("unit.db")
    if not path.exists():
        yield Check("enrolment", Health.BAD, "not enrolled", "run: tearoff-unit enrol …")
        return
    try:
        with _read_only(path) as rows:
            [[verdict]] = rows("PRAGMA quick_check(1)")
            if verdict != "ok":
                yield Check("database", Health.BAD, str(verdict), _RESTORE)
                return
            enrolled = bool(rows("SELECT 1 FROM bundle WHERE kind = 'enrolment'"))
            yield Check("database", Health.GOOD, f"SQLite {apsw.sqlite_lib_version()}")
            yield (
                Check("enrolment", Health.GOOD, "enrolled")
                if enrolled
                else Check("enrolment", Health.BAD, "not enrolled", "run: tearoff-unit enrol …")
            )
            count, findings = audit_rows(rows)
            yield _chain(count, findings)
            yield check_anchor(config, rows)
    except apsw.Error as exc:
        yield Check("database", Health.BAD, f"cannot be read: {type(exc).__name__}", _RESTORE)


_RESTORE = "docs/how-to/recover-a-unit.md: set the file aside and enrol again; the hub has the rest"


def _chain(count: int, findings: list[Finding]) -> Check:
    if findings:
        first = findings[0]
        found = f"{len(findings)} faults, first at {first.epoch}/{first.seq}: {first.what}"
        return Check("journal", Health.BAD, found, _RESTORE)
    return Check("journal", Health.GOOD, f"{count} entries, every one follows the one before")


def check_anchor(config: EdgeConfig, rows: Callable[..., list[tuple[Any, ...]]]) -> Check:
    """Does the anchor name an entry that is in the journal?"""
    if not config.data("unit.key").exists():  # reading it would make one
        return Check("anchor", Health.WARNING, "cannot be read without the keys", "see keys")
    try:
        key = load_or_make(config.data("unit.key")).anchor_key()
    except ConfigInvalid:
        return Check("anchor", Health.WARNING, "cannot be read without the keys", "see keys")
    state, mark = AnchorFile(config.anchor_path, key).read()
    if state is not AnchorState.GOOD:
        return Check(
            "anchor", Health.WARNING, f"{config.anchor_path} is {state}",
            "start the unit: it opens a new epoch and tells the hub",
        )  # fmt: skip
    found = rows("SELECT hash FROM journal WHERE epoch = ? AND seq = ?", (mark.epoch, mark.seq))
    if mark.seq and (not found or found[0][0] != mark.hash):
        return Check(
            "anchor", Health.BAD, f"entry {mark.epoch}/{mark.seq} is missing from the journal",
            "start the unit: it opens a new epoch and tells the hub what is missing",
        )  # fmt: skip
    same = config.anchor_path.parent.stat().st_dev == config.unit.data_dir.stat().st_dev
    told = "on the same disk as the journal" if same else "on a disk of its own"
    return Check("anchor", Health.GOOD, f"at {mark.epoch}/{mark.seq}, {told}")


def check_clock(now_s: float, database: Path) -> Check:
    """Is the system clock later than what the unit has seen already?"""
    newest = database.stat().st_mtime if database.exists() else 0
    if now_s < max(newest - SYSTEM_UNCERTAINTY_S, 1767225600):
        return Check(
            "clock", Health.BAD, "the system clock stands in the past",
            "connect the network, or set it: timedatectl set-time 'YYYY-MM-DD HH:MM:SS'",
        )  # fmt: skip
    return Check("clock", Health.GOOD, "later than the newest entry")


def check_hub(config: EdgeConfig) -> Check:
    """Does the hub answer?"""
    if not config.hub.url:
        return Check("hub", Health.WARNING, "none set", "set hub.url, unless it has no network")
    try:
        with urllib3.PoolManager(ca_certs=config.hub.ca_file or None, retries=False) as http:
            answer = http.request(
                "GET", config.hub.url.rstrip("/") + "/health", timeout=HUB_WAIT_S,
                preload_content=False,  # what stands below the head is of no interest
            )  # fmt: skip
            answer.close()
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as exc:
        return Check(
            "hub", Health.WARNING, f"{config.hub.url}: {type(exc).__name__}",
            "check network and hub.url; redemption goes on offline within the policy",
        )  # fmt: skip
    good = answer.status == 200
    found = f"{config.hub.url} answers {answer.status}"
    return Check("hub", Health.GOOD if good else Health.WARNING, found, "" if good else "ask HQ")


_PRINTER_REMEDIES = {
    PrinterState.PAPER_LOW: "have a new roll ready",
    PrinterState.PAPER_END: "put a new roll in",
    PrinterState.COVER_OPEN: "close the cover",
    PrinterState.ERROR: "switch it off and on; clear a paper jam",
    PrinterState.UNREACHABLE: "check power, cable and printer.to",
    PrinterState.UNKNOWN: "it takes data but does not answer: check printer.profile",
}


def check_printer(config: EdgeConfig, printer: Callable[[], Printer]) -> Check:
    """Does the printer answer, and has it paper?"""
    try:
        state = printer().state()
    except ConfigInvalid as exc:
        return Check("printer", Health.BAD, exc.detail, "correct printer.to and printer.profile")
    found = f"{config.printer.to or 'none set'} ({config.printer.profile}): {state}"
    if state is PrinterState.ABSENT:
        return Check("printer", Health.WARNING, found, "set printer.to, unless it has none")
    if state is PrinterState.READY:
        return Check("printer", Health.GOOD, found)
    health = Health.WARNING if state is PrinterState.PAPER_LOW else Health.BAD
    return Check("printer", health, found, _PRINTER_REMEDIES[state])


def check_camera() -> Check:
    """Can pictures be read?"""
    missing = [m for m in ("cv2", "zxingcpp", "pyzbar") if importlib.util.find_spec(m) is None]
    if missing:
        remedy = "pip install 'tearoff[camera]', unless it has no camera"
        return Check("pictures", Health.WARNING, f"without {', '.join(missing)}", remedy)
    if find_library("zbar") is None:
        remedy = "apt install libzbar0 for the second decoder"
        return Check("pictures", Health.WARNING, "zxing-cpp only, libzbar0 is missing", remedy)
    return Check("pictures", Health.GOOD, "OpenCV, zxing-cpp and zbar")


@contextmanager
def _read_only(path: Path) -> Iterator[Callable[..., list[tuple[Any, ...]]]]:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        connection.setbusytimeout(2000)
        yield lambda sql, values=(): connection.execute(sql, values).fetchall()
    finally:
        connection.close()
