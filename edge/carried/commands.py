"""``tearoff-unit bundle``: files for a unit without a network, in and out."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import click

from edge.bundles.identity import UnitKeys
from edge.carried.enrol import First, ask, read_first
from edge.carried.faults import refused
from edge.contract.bundle_file import (
    BUNDLE_SUFFIX,
    Addressed,
    FileFault,
    FileInvalid,
    peek_bundles,
)
from edge.errors import ConfigInvalid, FileRefused, NotEnrolled

FILE_BYTES_MAX = 64 << 20
PATH = click.Path(path_type=Path)


class Files(Protocol):
    """A unit that takes and gives files: the one that runs, or its files opened for this."""

    def unit(self) -> str:
        """Return its name. Raises NotEnrolled."""

    def take(self, data: bytes) -> dict[str, Any]:
        """Take a bundle file; raises FileRefused."""

    def give(self) -> tuple[str, bytes]:
        """Return name and content of a journal file; raises FileRefused."""


class Machine(Protocol):
    """The object of every command."""

    def files(self) -> AbstractContextManager[Files]:
        """Open the unit of this machine."""

    def keys(self) -> UnitKeys:
        """Return its keys; they are made if there are none."""

    def enrol(self, message: bytes, bundle_key: bytes) -> None:
        """Make it the unit that an enrolment names."""


def group(machine_of: Callable[[Any], Machine]) -> click.Group:
    """Return the commands.

    Args:
        machine_of: Makes the machine of the object that the root command has left.
    """

    @click.group("bundle")
    def bundle() -> None:
        """Files for a unit without a network: bundles in, the journal out."""

    @bundle.command("import")
    @click.argument("path", type=PATH)
    @click.option("--hub-check", metavar="DIGITS", help="Check digits of headquarters' key.")
    @click.pass_obj
    def take(settings: Any, path: Path, hub_check: str | None) -> None:
        """Take a .vxb file, or the newest for this unit in a directory PATH.

        The first one makes a unit of this machine, once somebody has compared the check digits.
        """
        machine = machine_of(settings)
        try:
            with machine.files() as files:
                _show(files.take(_read(path, files.unit())))
                return
        except NotEnrolled:
            data, first = _first_in(path, machine.keys())
        _compare(first, hub_check)
        machine.enrol(first.message, first.bundle_key)
        click.echo(f"This is unit {first.enrolment.unit} of {first.enrolment.store_name} now.")
        with machine.files() as files:
            _show(files.take(data))

    @bundle.command("export")
    @click.argument("path", type=PATH)
    @click.pass_obj
    def give(settings: Any, path: Path) -> None:
        """Write what headquarters has not acknowledged to PATH, a .vxj file or a directory."""
        with machine_of(settings).files() as files:
            name, data = files.give()
        target = path / name if path.is_dir() else path
        _write(target, data)
        click.echo(f"{target}  {len(data)} bytes")
        click.echo("Only headquarters can open it. The next bundle file says that it has arrived.")

    @bundle.command("request")
    @click.option("--to", type=PATH, help="Write the text to a file as well.")
    @click.pass_obj
    def request(settings: Any, to: Path | None) -> None:
        """Show the request of a machine that no network reaches, and its check digits."""
        asking = ask(machine_of(settings).keys())
        click.echo(asking.text)
        click.echo(f"Check digits; headquarters must see the same:  {asking.check}")
        if to is not None:
            _write(to, asking.text.encode() + b"\n")

    return bundle


def _show(taken: dict[str, Any]) -> None:
    new = ", ".join(taken["new"])
    click.echo(f"Taken: {new}" if new else "This unit knew all of it.")
    acked = taken["acked"]
    if acked["seq"]:
        click.echo(f"Headquarters has the journal up to {acked['epoch']}/{acked['seq']}.")


def _read(path: Path, unit: str) -> bytes:
    """Return a file, or the newest one in a directory that is for this unit."""
    if not path.is_dir():
        return _content(path)
    ours = [(at, file) for at, file in _found(path) if at.unit == unit]
    if not ours:
        raise FileRefused(f"There is no bundle file for {unit} in {path}.", fault="none")
    return _content(max(ours, key=lambda one: one[0].made_at_s)[1])


def _first_in(path: Path, keys: UnitKeys) -> tuple[bytes, First]:
    """Return the first file of a machine: the newest that holds its enrolment."""
    if not path.is_dir():
        data = _content(path)
        return data, read_first(data, keys)
    for _, file in sorted(_found(path), key=lambda one: -one[0].made_at_s):
        data = _content(file)
        try:
            return data, read_first(data, keys)
        except FileRefused:
            continue  # another machine's
    raise FileRefused(f"There is no bundle file for this machine in {path}.", fault="none")


def _found(directory: Path) -> list[tuple[Addressed, Path]]:
    found = []
    for file in sorted(directory.glob(f"*{BUNDLE_SUFFIX}")):
        try:
            found.append((peek_bundles(_content(file)), file))
        except FileInvalid:
            click.echo(f"{file} is no bundle file", err=True)
    return found


def _content(path: Path) -> bytes:
    if path.stat().st_size > FILE_BYTES_MAX:
        raise refused(FileFault.NOT_A_FILE)
    return path.read_bytes()


def _compare(first: First, hub_check: str | None) -> None:
    """Go on only if somebody says that the key is headquarters'."""
    if hub_check is None:
        click.echo(f"Check digits of headquarters' key:  {first.check}")
        click.confirm("Does headquarters show the same digits?", abort=True)
    elif hub_check.replace(" ", "") != first.check.replace(" ", ""):
        raise ConfigInvalid(
            "The check digits differ: the file is not from the headquarters that you mean."
        )


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: a stick may be pulled out at any moment."""
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
