"""``tearoff-unit profile``: look at the hardware profiles, check one, try one on a printer."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

import click

from edge.config import EdgeConfig
from edge.contract.bundle import LOCALES
from edge.devices.profiles import KINDS, PrinterProfile, Profile, ids, load, places, read_file
from edge.devices.profiles.keys import declared
from edge.errors import ConfigInvalid, EdgeError
from edge.web.words import translate

KIND = click.Choice(list(KINDS))
TO = "tcp://HOST:PORT|serial:PATH|usb:PATH|usb:VENDOR:PRODUCT"


class HasConfig(Protocol):
    """What every command is given."""

    @property
    def config(self) -> EdgeConfig:
        """The settings in force."""


@click.group()
def profile() -> None:
    """Look at hardware profiles, check one that you write, try one."""


@profile.command("list")
@click.option("--kind", type=KIND, help="Only of this kind.")
@click.pass_obj
def profile_list(settings: HasConfig, kind: str | None) -> None:
    """List all profiles with their status, the site's own included."""
    where = _where(settings)
    for each in [kind] if kind else KINDS:
        for name in ids(each, where):
            found = load(each, name, where)
            click.echo(f"{each:9} {name:20} {found.status:9} {found.name}")


@profile.command("show")
@click.argument("name", metavar="ID")
@click.option("--kind", type=KIND, help="Of this kind, if several kinds have the ID.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for scripts.")
@click.pass_obj
def profile_show(settings: HasConfig, name: str, kind: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Show every key of the profile ID as it is in force, inherited ones and defaults included."""
    found = _find(name, kind, _where(settings))
    values = dict(_values(found))
    if as_json:
        click.echo(json.dumps({**values, "sha256": found.sha256}, ensure_ascii=False))
        return
    for key, value in values.items():
        click.echo(f"{key:24} = {json.dumps(value, ensure_ascii=False)}")
    click.echo(f"{'sha256':24} = {found.sha256}")


@profile.command("check")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.pass_obj
def profile_check(settings: HasConfig, files: tuple[Path, ...]) -> None:
    """Check each profile of FILES; say what is wrong with it. Exit code 1 if anything is."""
    wrong, where = False, _where(settings)
    for file in files:
        try:
            found = read_file(file, where)
            click.echo(f"{file}: good, a {found.kind} ({found.label})")
        except EdgeError as exc:
            wrong = True
            # It names the file that is wrong, which may be one that this one inherits from.
            told = exc.detail.removeprefix(file.name)
            click.echo(f"{file}{told}" if told != exc.detail else f"{file}: {told}")
    sys.exit(1 if wrong else 0)


@profile.command("try")
@click.argument("name", metavar="ID|FILE")
@click.option(
    "--to",
    required=True,
    metavar=TO,
    help="Where the printer is; VENDOR:PRODUCT is the id that lsusb shows.",
)
@click.option(
    "--locale", type=click.Choice(LOCALES), default="zh-CN", show_default=True,
    help="Language of the page.",
)  # fmt: skip
@click.pass_obj
def profile_try(settings: HasConfig, name: str, to: str, locale: str) -> None:
    """Print the test page by the printer profile ID, or by the one in FILE."""
    where = _where(settings)
    found = read_file(Path(name), where) if name.endswith(".toml") else _find(name, None, where)
    if not isinstance(found, PrinterProfile):
        raise ConfigInvalid(f"{found.id} is a {found.kind}; only a printer is tried by printing")
    sys.exit(0 if print_page(found, to, locale) else 1)


def print_page(found: PrinterProfile, to: str, locale: str) -> bool:
    """Print the test page and say what happened and what to look for; return whether it is out."""
    from edge.devices.escpos_bytes import native_text  # noqa: PLC0415
    from edge.devices.paper import Style  # noqa: PLC0415
    from edge.devices.ports import Printed, PrinterState  # noqa: PLC0415
    from edge.devices.printer_escpos import EscposPrinter  # noqa: PLC0415
    from edge.devices.printer_report import what_to_do  # noqa: PLC0415
    from edge.receipt.document import self_test  # noqa: PLC0415
    from edge.receipt.layout import lay_out  # noqa: PLC0415

    columns = found.media.columns
    rows = lay_out(self_test(found.id, columns, translate, locale), columns)
    with closing(EscposPrinter(to, found)) as printer:
        outcome = printer.print(rows)
    why = f": {printer.why}" if printer.why else ""
    click.echo(f"{to} ({found.id}): {outcome.printed} {outcome.detail}".rstrip() + why)
    if outcome.printed is Printed.NOTHING_WRITTEN:
        click.echo(f"  -> {what_to_do(PrinterState(outcome.detail))}")
        return False
    lines = [row.text for row in rows if row.style in {Style.NORMAL, Style.LARGE}]
    drawn = sum(native_text(line, found.text.encoding) is None for line in lines)
    for told in (
        f"{len(lines)} lines, {drawn} of them drawn: all end at the same right edge",
        "the amount is twice as large; the triangle stands on its long side, high at the left",
        f"QR code {_how(found.codes.qr)}: a phone reads https://tearoff.example/printer-test",
        f"bar code {_how(found.codes.code128)}: a scanner reads 0412000057",
        "the drawer has opened" if found.drawer.pulse else "no drawer, by the profile",
        "the paper is cut" if found.cut.auto else "the paper is fed to the edge, not cut",
        _confirmation(found),
    ):
        click.echo(f"  {told}")
    return outcome.printed in {Printed.CONFIRMED, Printed.SENT}


def _how(way: str) -> str:
    names = {"native": "by the printer", "star": "by the printer", "raster": "drawn"}
    return names.get(way, "as text")


def _confirmation(found: PrinterProfile) -> str:
    query = found.status_query
    if query.dialect == "none":
        return "the printer answers nothing, by the profile: no paper is ever confirmed"
    if not query.confirms:
        return "it is asked before each paper; its word after it does not count, by the profile"
    return f"it is asked before each paper and has to confirm it within {query.done_ms} ms"


def _where(settings: HasConfig) -> Sequence[Path]:
    return places(settings.config.devices.profiles_dir)


def _find(name: str, kind: str | None, where: Sequence[Path]) -> Profile:
    kinds = [kind] if kind else [each for each in KINDS if name in ids(each, where)]
    if len(kinds) > 1:
        raise ConfigInvalid(f"{name} is a {' and a '.join(kinds)}; say which with --kind")
    if not kinds:
        known = [each for any_kind in KINDS for each in ids(any_kind, where)]
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}? " if near else ""
        raise ConfigInvalid(f"no profile {name!r}; {hint}`tearoff-unit profile list` shows all")
    return load(kinds[0], name, where)


def _values(found: Profile) -> Iterator[tuple[str, Any]]:
    for item in declared(type(found)):
        value: Any = found
        for part in item.name.split("."):
            value = getattr(value, part)
        yield item.name, _shown(value)


def _shown(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex(" ")
    return [_shown(each) for each in value] if isinstance(value, tuple) else value
