"""``tearoff-unit install-service`` and ``remove-service``."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path, PurePosixPath
from typing import Protocol
from urllib.parse import urlsplit

import click

from edge.config import EdgeConfig
from edge.devices.printers.address import parse_address
from edge.errors import ConfigInvalid
from edge.service.install import Place, find_browser, install, remove
from edge.service.unit_files import USER, Setup

_USER_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,30}")
ROOT = click.Path(path_type=Path, file_okay=False, exists=True)


class Chosen(Protocol):
    """The settings, and the file that they come from."""

    @property
    def config(self) -> EdgeConfig:
        """The settings in force."""

    @property
    def file(self) -> Path:
        """The settings file that the service is to read."""


@click.command("install-service")
@click.option("--user", default=USER, show_default=True, help="Who the unit runs as; made if new.")
@click.option(
    "--kiosk", metavar="URL", default="", help="Show this page on the screen, and nothing else."
)
@click.option("--dry-run", is_flag=True, help="Say only what would be done.")
@click.option("--root", type=ROOT, default="/", help="Another system than this one, by its root.")
@click.pass_obj
def install_service(chosen: Chosen, user: str, kiosk: str, dry_run: bool, root: Path) -> None:  # noqa: FBT001
    """Let this machine start the unit, watch it, and start it again when it ends.

    Makes the user, its groups, rules for the devices and the service. Do it again after a change;
    what is right already stays.
    """
    place = _place(root, dry_run=dry_run)
    config = chosen.config
    file = chosen.file.absolute()
    setup = Setup(
        program=_program(),
        config=str(file) if place.at(PurePosixPath(file)).exists() else "",
        data_dir=str(config.unit.data_dir.absolute()),
        anchor_dir=str(config.anchor_path.absolute().parent) if config.store.anchor_file else "",
        user=_user(user),
        kiosk=_address(kiosk),
        browser=find_browser(),
        usb_printer=_usb_printer(config),
    )
    for line in install(setup, place):
        click.echo(line)


@click.command("remove-service")
@click.option("--dry-run", is_flag=True, help="Say only what would be done.")
@click.option("--root", type=ROOT, default="/", help="Another system than this one, by its root.")
def remove_service(dry_run: bool, root: Path) -> None:  # noqa: FBT001
    """Take away what install-service has put there. The unit's own data stays."""
    lines = list(remove(_place(root, dry_run=dry_run)))
    click.echo("\n".join(lines) if lines else "There is no service to remove.")


def _usb_printer(config: EdgeConfig) -> str:
    printer = parse_address(config.printer.to) if config.printer.to else None
    return printer.at if printer and printer.kind == "usb-bulk" else ""


def _place(root: Path, *, dry_run: bool) -> Place:
    place = Place(root.absolute(), do=not dry_run)
    if place.is_this_machine and place.do and os.geteuid() != 0:
        raise ConfigInvalid("only root may change the services of this machine; use sudo")
    return place


def _program() -> str:
    beside = Path(sys.executable).parent / "tearoff-unit"
    found = str(beside) if beside.exists() else shutil.which("tearoff-unit")
    if not found:
        raise ConfigInvalid(
            f"there is no tearoff-unit beside {sys.executable}; install the package"
        )
    return found


def _user(name: str) -> str:
    # As useradd(8) of Debian wants it.
    if not _USER_NAME.fullmatch(name):
        raise ConfigInvalid(f"{name!r} is no name of a user: a-z, 0-9, - and _, at most 31")
    return name


def _address(url: str) -> str:
    """Return an address that a browser can be told; ConfigInvalid for any other text."""
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_web = False
    if not is_web or not url.isascii() or not url.isprintable() or set(url) & set(" \"'\\"):
        raise ConfigInvalid("--kiosk is an address: http://127.0.0.1:8090/")
    return url
