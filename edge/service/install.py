"""Puts the service's files in place, and takes them away again: as often as one likes.

Every step says what it does; with ``do=False`` it only says so. Nothing of the unit's own data is
ever touched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from edge.errors import ConfigInvalid
from edge.service.unit_files import (
    KIOSK,
    KIOSK_PATH,
    KIOSK_WANT,
    OURS,
    SERVICE,
    SYSUSERS_PATH,
    UDEV_PATH,
    UNIT_PATH,
    UNIT_WANT,
    USER,
    Setup,
    files_of,
    links_of,
)

_COMMAND_WAIT_S = 120


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is installed.

    Args:
        root: ``/``, or the root of another system, of which no program is started.
        do: False to say only what would be done.
    """

    root: Path
    do: bool = True

    def at(self, path: PurePosixPath) -> Path:
        """Return where a path of the system lies."""
        return self.root / path.relative_to("/")

    @property
    def is_this_machine(self) -> bool:
        """Whether its programs are to be told."""
        return self.root == Path("/")


def install(setup: Setup, place: Place) -> Iterator[str]:
    """Put everything in place; yield a line for each thing that is done.

    Raises:
        ConfigInvalid: a file of the same name is somebody else's, or cannot be written.
    """
    files, links = files_of(setup), links_of(setup)
    for path in files:
        _refuse_what_is_not_ours(place, path)
    changed = False
    for path, text in files.items():
        if _text_of(place.at(path)) == text:
            yield f"unchanged  {path}"
            continue
        changed = True
        yield f"write      {path}"
        if place.do:
            _write(place.at(path), text)
    if not setup.kiosk:
        yield from _take_away(place, (KIOSK_WANT, KIOSK_PATH))
    for path, target in links.items():
        link = place.at(path)
        if link.is_symlink() and str(link.readlink()) == target:
            continue
        changed = True
        yield f"link       {path} -> {target}"
        if place.do:
            _link(link, target)
    services = [SERVICE, KIOSK] if setup.kiosk else [SERVICE]
    if changed:
        yield from _tell(
            place,
            ("systemd-sysusers", str(SYSUSERS_PATH)),
            ("systemctl", "daemon-reload"),
            ("udevadm", "control", "--reload"),
            (
                "udevadm",
                "trigger",
                "--subsystem-match=usbmisc",
                "--subsystem-match=tty",
                "--subsystem-match=usb",
            ),
            ("systemctl", "restart", *services),
        )


def remove(place: Place) -> Iterator[str]:
    """Take everything away that ``install`` has put there; yield a line for each thing.

    The user stays as long as the unit's data is there, which is its.
    """
    ours = [p for p in (UNIT_PATH, KIOSK_PATH) if _is_ours(place.at(p))]
    if ours:
        names = [path.name for path in ours]
        yield from _tell(place, ("systemctl", "stop", *names))
    users = _users_of(_text_of(place.at(SYSUSERS_PATH)) or "")
    yield from _take_away(
        place, (UNIT_WANT, KIOSK_WANT, UNIT_PATH, KIOSK_PATH, UDEV_PATH, SYSUSERS_PATH)
    )
    if ours:
        yield from _tell(place, ("systemctl", "daemon-reload"), ("udevadm", "control", "--reload"))
    for user, home in users:
        if place.at(PurePosixPath(home)).exists():
            yield f"kept       {home} and its user {user}: what the unit knows is in there"
        elif user.startswith(USER):
            yield from _tell(place, ("userdel", user))


def find_browser(places: Sequence[str] = ("/usr/bin/chromium", "/usr/bin/chromium-browser")) -> str:
    """Return Chromium's path: that of this machine, or Debian's."""
    return next((place for place in places if Path(place).exists()), places[0])


def _refuse_what_is_not_ours(place: Place, path: PurePosixPath) -> None:
    file = place.at(path)
    if file.exists() and not _is_ours(file):
        raise ConfigInvalid(f"{file} is not of tearoff-unit; move it away first")


def _take_away(place: Place, paths: Sequence[PurePosixPath]) -> Iterator[str]:
    for path in paths:
        file = place.at(path)
        if not (file.is_symlink() or _is_ours(file)):
            continue
        yield f"remove     {path}"
        if place.do:
            file.unlink()


def _is_ours(file: Path) -> bool:
    text = _text_of(file)
    return text is not None and text.startswith(OURS)


def _users_of(text: str) -> list[tuple[str, str]]:
    """Return the users of a sysusers file of ours, and their homes."""
    rows = [line.split() for line in text.splitlines()]
    return [(row[1], row[-1]) for row in rows if row and row[0] == "u"]


def _text_of(file: Path) -> str | None:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _write(file: Path, text: str) -> None:
    """Replace a file at once: a power cut leaves the old one or the new one."""
    aside = file.with_name(f".{file.name}.new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("w", encoding="utf-8") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        aside.chmod(0o644)
        aside.replace(file)
    except OSError as exc:
        aside.unlink(missing_ok=True)
        raise ConfigInvalid(f"{file} cannot be written: {exc.strerror}; use sudo") from exc


def _link(link: Path, target: str) -> None:
    try:
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(target)
    except OSError as exc:
        raise ConfigInvalid(f"{link} cannot be made: {exc.strerror}; use sudo") from exc


def _tell(place: Place, *commands: tuple[str, ...]) -> Iterator[str]:
    """Run programs of this machine; one that is missing or fails is told and stops nothing."""
    if not place.is_this_machine:
        return
    for command in commands:
        yield "run        " + " ".join(command)
        if not place.do:
            continue
        if shutil.which(command[0]) is None:
            yield f"           {command[0]} is not on this machine"
            continue
        try:
            done = subprocess.run(  # noqa: S603 - programs of the system, words of ours
                command, capture_output=True, text=True, timeout=_COMMAND_WAIT_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as exc:
            yield f"           failed: {exc}"
            continue
        if done.returncode:
            yield f"           failed: {(done.stderr or done.stdout).strip()[-300:]}"
