"""``tearoff-unit scanner …``: what is attached, and whether it reads."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import click

from edge.config import EdgeConfig
from edge.devices.ports import Scanner, ScannerLost, Tellable
from edge.devices.scanners.admit import Fault, read_text
from edge.devices.scanners.build import Named, named_scanners, read_named
from edge.devices.scanners.discover import candidates
from edge.errors import ConfigInvalid

Ask = Callable[[EdgeConfig, str, str], dict[str, Any]]
"""Calls the running unit: method and path. Raises ClickException if none runs, or it refuses."""


class Given(Protocol):
    """What each command is given."""

    @property
    def config(self) -> EdgeConfig:
        """The settings."""


def scanner_group(ask: Ask, nobody: type[click.ClickException]) -> click.Group:
    """Return the group of commands.

    Args:
        nobody: What ``ask`` raises when no unit runs.
    """

    @click.group()
    def scanner() -> None:
        """Scanners: what is attached, and whether it reads."""

    _add_those_of_the_unit(scanner, ask, nobody)
    _add_those_without_it(scanner)
    return scanner


def _add_those_of_the_unit(
    scanner: click.Group, ask: Ask, nobody: type[click.ClickException]
) -> None:
    @scanner.command("list")
    @click.pass_obj
    def show(given: Given) -> None:
        """List the scanners of the settings, how they are, and what else is attached."""
        _show_list(given.config, ask, nobody)

    @scanner.command()
    @click.argument("name")
    @click.option("--off", is_flag=True, help="Stop looking.")
    @click.pass_obj
    def trigger(given: Given, name: str, off: bool) -> None:  # noqa: FBT001
        """Let the scanner NAME of the running unit look for a code, as its trigger does."""
        command = "trigger_off" if off else "trigger_on"
        ask(given.config, "POST", f"/v1/scanners/{name}/{command}")
        click.echo("The scanner was told.")

    @scanner.command()
    @click.argument("name")
    @click.option("--keep", is_flag=True, help="Let it keep the settings without power.")
    @click.pass_obj
    def setup(given: Given, name: str, keep: bool) -> None:  # noqa: FBT001
        """Send the scanner NAME the set-up commands of its profile.

        A running unit sends them without waiting for the answers; without one each answer is
        waited for.
        """
        config = given.config
        one = _named(config, name)
        commands = ("setup", "save") if keep else ("setup",)
        try:
            for command in commands:
                ask(config, "POST", f"/v1/scanners/{name}/{command}")
        except nobody:
            _set_up(one.scanner(), commands[1:])
        click.echo("The scanner is set up.")


def _add_those_without_it(scanner: click.Group) -> None:
    @scanner.command()
    @click.argument("where", metavar="NAME|KIND:PATH#PROFILE")
    @click.option(
        "--seconds", default=0, type=click.IntRange(0, 86400),
        help="End after so many; 0 for not at all.",
    )  # fmt: skip
    @click.pass_obj
    def listen(given: Given, where: str, seconds: int) -> None:
        """Show what a scanner reads. Nothing is redeemed; the unit must not be running.

        WHERE is a scanner of the settings, or one to try: serial:/dev/ttyACM0#gm65-vcom.
        """
        config = given.config
        one = read_named("WHERE", where, config) if ":" in where else _named(config, where)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        _listen(one, time.monotonic() + seconds if seconds else None)

    @scanner.command()
    @click.option(
        "--link", type=click.Path(path_type=Path), required=True, help="Path to appear at."
    )
    @click.option(
        "--make", type=click.Choice(["plain", "gm65", "newland", "honeywell", "ssi"]),
        default="plain", show_default=True, help="Whose scanner to be.",
    )  # fmt: skip
    def simulate(link: Path, make: str) -> None:
        """Be a scanner at a serial line: each line that is typed is scanned.

        Lines that begin with ! misbehave: !unplug, !plug, !spew, !garbage, !half, and
        !mute, !wrong-answer, !slow, !garbled, !no-end, which the same line ends again.
        """
        from edge.devices.simulated.scanner import Make, SimulatedScanner  # noqa: PLC0415
        from edge.devices.simulated.scanner_lines import obey  # noqa: PLC0415

        device = SimulatedScanner(link, Make(make))
        device.plug_in()
        click.echo(f"The scanner is at {link}. Set: serial:{link.absolute()}")
        sys.stdout.flush()
        try:
            for line in sys.stdin:
                click.echo(obey(device, line.rstrip("\n")))
                sys.stdout.flush()
        finally:
            device.unplug()


def _show_list(config: EdgeConfig, ask: Ask, nobody: type[click.ClickException]) -> None:
    named = named_scanners(config)
    try:
        told = ask(config, "GET", "/v1/status").get("scanners") or {}
    except nobody:
        told = {}
        click.echo("The unit is not running: how they are is not known.")
    states = {row["source"]: row for row in told.get("sources", ())}
    for name, one in named.items():
        click.echo(f"{name:16} {_state(states.get(name))}")
        click.echo(f"{'':16} {one.kind}:{one.path}  {one.profile.label}")
    if not named:
        click.echo("No scanner is set. Set one in the settings, section [scanners].")
    taken = {str(Path(one.path).resolve()) for one in named.values()}
    free = [c for c in candidates(site=config.devices.profiles_dir)
            if str(Path(c.path).resolve()) not in taken]  # fmt: skip
    if free:
        click.echo("Also attached; keyboards are among them, and scanners that type are one:")
    for candidate in free:
        click.echo(f'  NAME = "{candidate.setting}"')


def _named(config: EdgeConfig, name: str) -> Named:
    named = named_scanners(config)
    if name not in named:
        there = ", ".join(named) or "none"
        raise ConfigInvalid(f"no scanner is called {name!r}; there are {there}")
    return named[name]


def _state(row: dict[str, Any] | None) -> str:
    if row is None:
        return "-"
    last = row.get("last_scan_s_ago")
    words = [row["state"], row["error"], f"{row.get('scans', 0)} scans"]
    words += [] if last is None else [f"the last {last} s ago"]
    return ", ".join(word for word in words if word)


def _set_up(scanner: Scanner, then: tuple[str, ...]) -> None:
    try:
        scanner.open()
        for command in then:
            if isinstance(scanner, Tellable) and command in scanner.commands():
                scanner.tell(scanner.commands()[command])
        scanner.read(0.3)
    except (ScannerLost, OSError) as exc:
        raise click.ClickException(f"The scanner cannot be set up: {exc}") from exc
    finally:
        scanner.close()


def _listen(one: Named, until_s: float | None) -> None:
    scanner = one.scanner()
    try:
        scanner.open()
        click.echo(f"{one.path} is open as {one.profile.label}. Scan something; Ctrl-C ends.")
        sys.stdout.flush()
        while until_s is None or time.monotonic() < until_s:
            for raw in scanner.read(0.5):
                click.echo(seen_line(raw))
                sys.stdout.flush()
    except (ScannerLost, OSError) as exc:
        raise click.ClickException(f"{one.path}: {exc}") from exc
    finally:
        scanner.close()


def seen_line(raw: bytes) -> str:
    """Return what is shown of a code: its text, or why it has none; never a control character."""
    read = read_text(raw)
    if isinstance(read, Fault):
        return f"{len(raw):5} bytes  {read}: {raw[:40]!r}"
    return f"{len(raw):5} bytes  {read}"
