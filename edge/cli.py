"""The command line of a unit: ``tearoff-unit``."""

from __future__ import annotations

import errno
import json
import logging
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import click

from edge import __version__, app, attached, core
from edge.bundles.identity import UnitKeys, load_or_make
from edge.bundles.store import BundleStore, read_enrolment
from edge.care import doctor as care_doctor
from edge.carried import commands as carried_commands
from edge.commands.profile import TO, print_page
from edge.commands.profile import profile as profile_commands
from edge.commands.scanner import scanner_group
from edge.config import EdgeConfig, Origin, load, service_manager
from edge.contract.bundle import LOCALES
from edge.contract.signed import MessageInvalid
from edge.db import Store, held
from edge.devices.camera.commands import camera
from edge.devices.finding import Health, worst
from edge.devices.pictures.commands import scan_image
from edge.devices.profiles import ids, places
from edge.errors import (
    AlreadyRunning,
    ConfigInvalid,
    EdgeError,
    HubUnreachable,
    NotEnrolled,
)
from edge.service.commands import install_service, remove_service
from edge.web.session import Clerks, load_or_make_api_key


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        line: dict[str, Any] = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "from": record.name,
            "says": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class Settings:
    """The settings, read when a command first asks for them."""

    def __init__(self, file: Path | None, overrides: tuple[str, ...]) -> None:
        self._file = file
        self._overrides = overrides

    def load(self) -> tuple[EdgeConfig, list[Origin]]:
        """Return the settings and their origins."""
        return load(self._file, overrides=self._overrides)

    @property
    def file(self) -> Path:
        """The settings file that a service is to read."""
        return self._file or DEFAULT_FILE

    @property
    def config(self) -> EdgeConfig:
        """The settings alone."""
        return self.load()[0]


DEFAULT_FILE = Path("/etc/tearoff/unit.toml")
PORT = click.IntRange(0, 65535)


class NoUnitAnswers(click.ClickException):
    """Nothing that is a unit answers where one should."""


class Tidy(click.Group):
    """A group whose commands end with a sentence, never with a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; turn our errors into a sentence and exit code 1."""
        try:
            return super().invoke(ctx)
        except EdgeError as exc:
            detail = f": {exc.detail}" if exc.detail else ""
            cause = f" ({exc.extra['cause']})" if "cause" in exc.extra else ""
            click.echo(f"{exc.title}{detail}{cause}", err=True)
            if "command" in exc.extra:
                click.echo(f"  {exc.extra['command']}", err=True)
            sys.exit(1)
        except OSError as exc:
            if exc.errno == errno.EPIPE:
                raise  # click knows that whoever read us has gone
            where = f"{exc.filename}: " if exc.filename else ""
            click.echo(f"{where}{exc.strerror or type(exc).__name__}", err=True)
            sys.exit(1)


@click.group(cls=Tidy, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config", "file", type=click.Path(path_type=Path),
    help=f"Settings file; {DEFAULT_FILE} if that exists.",
)  # fmt: skip
@click.option(
    "--set", "overrides", multiple=True, metavar="SECTION.NAME=VALUE",
    help="Set one setting; may be repeated.",
)  # fmt: skip
@click.version_option(__version__, prog_name="tearoff-unit")
@click.pass_context
def main(ctx: click.Context, file: Path | None, overrides: tuple[str, ...]) -> None:
    """Verify and redeem vouchers at a till, with or without a network."""
    if file is None and DEFAULT_FILE.exists():
        file = DEFAULT_FILE
    ctx.obj = Settings(file, overrides)


@main.command()
@click.pass_obj
def run(settings: Settings) -> None:
    """Run the unit: local API, clerk's page, printing, sync. Ends with Ctrl-C."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("waitress").setLevel(logging.WARNING)
    unit = app.Unit(settings.config)

    def end(*_: object) -> None:
        unit.let_go()
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)

    service = unit.under_service(*service_manager())

    def ready(address: str) -> None:
        if unit.broken:
            click.echo(f"{unit.broken.title}: {unit.broken.detail}")
        click.echo(f"The unit listens at {address}")
        sys.stdout.flush()
        service.notifier.send("READY=1", f"STATUS=listens at {address}")
        service.watchdog.start()

    try:
        unit.serve(ready)
    finally:
        service.notifier.send("STOPPING=1")
        service.watchdog.stop()


@main.command()
@click.option(
    "--hub", required=True, metavar="URL", help="Address of the hub, https://hub.example."
)
@click.option("--code", required=True, help="The one-time code from headquarters, K7QX-2MPA-9RTC.")
@click.option(
    "--wait", "wait_s", default=600, show_default=True, help="Seconds to wait for the operator."
)
@click.option(
    "--replace-journal", is_flag=True,
    help="Set a damaged database aside first; the hub keeps what it has.",
)  # fmt: skip
@click.pass_obj
def enrol(settings: Settings, hub: str, code: str, wait_s: int, replace_journal: bool) -> None:  # noqa: FBT001
    """Make this machine a unit of a store.

    Shows a number, which somebody compares with the one at the hub and confirms there.
    """
    from edge.sync import enrol as steps  # noqa: PLC0415
    from edge.sync.hub_client import HubClient  # noqa: PLC0415

    config = settings.config
    app.private_directory(config.unit.data_dir)
    database = config.data("unit.db")
    keys = load_or_make(config.data("unit.key"))
    clock = core.build_clock(config, core.Parts())
    if not replace_journal:
        with closing(Store(database)) as store:  # before the code is used up: is it sound?
            BundleStore(store, keys)
    with held(database):
        client = HubClient(hub, keys.sign, keys.sign_public.hex(), clock, config.hub.ca_file)
        attempt = steps.begin(client, keys, code)
        click.echo(f"Compare this number with the one at the hub:  {attempt.comparison_number}")
        click.echo("Waiting for headquarters to confirm …")
        sys.stdout.flush()
        message = steps.wait_for_operator(client, attempt, wait_s)
        if message is None:
            raise click.ClickException(
                "Nobody confirmed in time. Ask for a new code and try again."
            )
        try:
            read_enrolment(message, attempt.offer.bundle_key, keys)
        except MessageInvalid as exc:
            raise HubUnreachable(f"The enrolment cannot be believed: {exc}") from exc
        if replace_journal and database.exists():
            click.echo(f"The old database is kept as {_set_aside(database)}")
    with closing(Store(database)) as store:
        enrolment = BundleStore(store, keys).enrol(message, attempt.offer.bundle_key)
    click.echo(f"This is unit {enrolment.unit} of {enrolment.store_name} now.")
    if not config.hub.url:
        click.echo(f'Put this into the settings:  [hub] url = "{hub}"')


@main.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object for scripts.")
@click.pass_obj
def doctor(settings: Settings, as_json: bool) -> None:  # noqa: FBT001
    """Look at everything the unit needs; say what is wrong and what to do.

    Exit code 0: all is well; 1: something needs attention; 2: something is broken.
    """
    config = settings.config
    findings = []
    for finding in care_doctor.examine(config, attached.reports(config), core.wall_s()):
        findings.append(finding)
        if not as_json:
            mark = {"good": "ok  ", "none": "-   ", "warning": "note", "bad": "BAD "}
            click.echo(f"{mark[finding.health]}  {finding.name:15} {finding.found}")
            if finding.what_to_do:
                click.echo(f"{'':22}-> {finding.what_to_do}")
    verdict = worst(findings)
    if as_json:
        rows = [finding._asdict() for finding in findings]
        body = {"well": verdict is not Health.BAD, "health": verdict, "findings": rows}
        click.echo(json.dumps(body, ensure_ascii=False))
    sys.exit({Health.BAD: 2, Health.WARNING: 1}.get(verdict, 0))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object for scripts.")
@click.pass_obj
def status(settings: Settings, as_json: bool) -> None:  # noqa: FBT001
    """Ask the running unit how it is."""
    body = _call(settings.config, "GET", "/v1/status")
    if as_json:
        click.echo(json.dumps(body, ensure_ascii=False))
        return
    for name, value in _flat(body):
        click.echo(f"{name:28} {value}")


main.add_command(scan_image)
main.add_command(camera)


@main.command("print-test")
@click.option("--profile", help="A profile of firmware_profiles/printers instead of the set one.")
@click.option(
    "--to", metavar=TO,
    help="Another printer than the one that is set; VENDOR:PRODUCT is the id that lsusb shows.",
)  # fmt: skip
@click.option(
    "--locale", type=click.Choice(LOCALES), default="zh-CN", show_default=True,
    help="Language of the page.",
)  # fmt: skip
@click.pass_obj
def print_test(settings: Settings, profile: str | None, to: str | None, locale: str) -> None:
    """Print a page with everything a receipt may hold, and say what to look for on it."""
    config = settings.config
    address = to or config.printer.to
    if not address:
        raise ConfigInvalid(
            f"no printer is set: set printer.to, or use --to {TO}; profiles: "
            + ", ".join(ids("printer", places(config.devices.profiles_dir)))
        )
    sys.exit(
        0 if print_page(attached.printer_profile(config, profile or ""), address, locale) else 1
    )


main.add_command(profile_commands)


@main.command("sync-now")
@click.pass_obj
def sync_now(settings: Settings) -> None:
    """Push and pull at once, in the running unit or without one. Exit code 1 if it failed."""
    config = settings.config
    try:
        done = _call(config, "POST", "/v1/sync")
    except NoUnitAnswers:
        unit = app.Unit(config)
        try:
            done = unit.sync_now()
        finally:
            unit.stop()
    for name, good in done.items():
        click.echo(f"{name}: {'done' if good else 'failed'}")
    sys.exit(0 if done and all(done.values()) else 1)


@main.group()
def config() -> None:
    """Look at the settings."""


@config.command("show")
@click.pass_obj
def config_show(settings: Settings) -> None:
    """Show every setting in force and where it comes from."""
    for name, value, origin in settings.load()[1]:
        click.echo(f"{name:20} = {json.dumps(str(value)):44} # {origin}")


@main.group()
def clerk() -> None:
    """Who may use the clerk's page."""


@clerk.command("add")
@click.argument("name")
@click.option("--supervisor", is_flag=True, help="May look at the page of the doctor, too.")
@click.pass_obj
def clerk_add(settings: Settings, name: str, supervisor: bool) -> None:  # noqa: FBT001
    """Give the clerk NAME a new PIN, shown once. The unit must not be running."""

    def add(store: Store) -> None:
        pin = Clerks(store, core.steady_s).add(name, is_supervisor=supervisor)
        click.echo(f"The PIN of {name} is {pin}. It is shown only now.")

    _with_store(settings.config, add)


@clerk.command("list")
@click.pass_obj
def clerk_list(settings: Settings) -> None:
    """List the clerks. The unit must not be running."""
    _with_store(
        settings.config,
        lambda store: click.echo("\n".join(Clerks(store, core.steady_s).names())),
    )


class Machine:
    """This machine, for the commands that carry files: its running unit, or its files."""

    def __init__(self, settings: Settings) -> None:
        self.config = settings.config

    @contextmanager
    def files(self) -> Iterator[carried_commands.Files]:
        """Open the running unit, or the files if none runs."""
        running = RunningUnit(self.config)
        try:
            running.unit()
        except NoUnitAnswers:
            unit = app.Unit(self.config)
            try:
                yield UnitAtRest(unit)
            finally:
                if unit.core:
                    unit.core.receipts.print_notes()
                unit.stop()
        else:
            yield running

    def keys(self) -> UnitKeys:
        """Return the keys of this machine."""
        app.private_directory(self.config.unit.data_dir)
        return load_or_make(self.config.data("unit.key"))

    def enrol(self, message: bytes, bundle_key: bytes) -> None:
        """Make this machine the unit that an enrolment names."""
        _with_store(
            self.config, lambda store: BundleStore(store, self.keys()).enrol(message, bundle_key)
        )


class UnitAtRest:
    """A unit that does not run: its files are opened for one command."""

    def __init__(self, unit: app.Unit) -> None:
        self._unit = unit

    def unit(self) -> str:
        """Return its name."""
        return self._core().unit_name

    def take(self, data: bytes) -> dict[str, Any]:
        """Take a bundle file."""
        return self._core().desk.take(data)

    def give(self) -> tuple[str, bytes]:
        """Return name and content of a journal file."""
        given = self._core().desk.give()
        return given.name, given.data

    def _core(self) -> core.Core:
        if self._unit.core is None:
            assert self._unit.broken is not None, "a unit without a core says why"
            raise self._unit.broken
        return self._unit.core


class RunningUnit:
    """The unit that runs on this machine, over its API."""

    def __init__(self, config: EdgeConfig) -> None:
        self._config = config

    def unit(self) -> str:
        """Return its name."""
        body = _call(self._config, "GET", "/v1/status")
        if not body.get("unit"):
            if body.get("problem") == NotEnrolled.slug:
                raise AlreadyRunning("Stop the unit first; it is not enrolled yet.")
            raise NoUnitAnswers(f"The unit cannot take files: {body.get('problem')}")
        return str(body["unit"])

    def take(self, data: bytes) -> dict[str, Any]:
        """Take a bundle file."""
        return _call(self._config, "POST", "/v1/bundle-files", data)

    def give(self) -> tuple[str, bytes]:
        """Return name and content of a journal file."""
        answer = _ask(self._config, "GET", "/v1/journal-file")
        if answer.status != 200:
            raise click.ClickException(_told(answer))
        name = answer.headers["Content-Disposition"].partition('filename="')[2].rstrip('"')
        return Path(name).name, answer.data


main.add_command(carried_commands.group(Machine))


@main.command("api-key")
@click.pass_obj
def api_key(settings: Settings) -> None:
    """Show the key that a POS sends as "Authorization: Bearer …"; the first call makes it."""
    click.echo(load_or_make_api_key(settings.config.data("api.key")))


@main.command("printer-simulator")
@click.option("--port", type=PORT, default=9100, show_default=True, help="Port of the printer.")
@click.option(
    "--web", type=PORT, default=9180, show_default=True, help="Port of the page with the paper."
)
@click.option(
    "--width", type=click.Choice(["576", "384"]), default="576", show_default=True,
    help="Dots in a row: 576 on 80 mm paper, 384 on 58 mm.",
)  # fmt: skip
@click.option(
    "--serial", type=click.Path(path_type=Path),
    help="Be at a serial line with its end at this path, and at no port.",
)  # fmt: skip
def printer_simulator(port: int, web: int, width: str, serial: Path | None) -> None:
    """Be a receipt printer on this machine, and show on a page what came out."""
    from edge.devices.simulated.pages import printer_pages  # noqa: PLC0415
    from edge.devices.simulated.printer import SimulatedPrinter  # noqa: PLC0415

    printer = SimulatedPrinter(port=port, serial=serial, width_dots=int(width))
    try:
        printer.start()
    except OSError as exc:
        place = f"{serial} cannot be made" if serial else f"Port {port} cannot be listened at"
        raise ConfigInvalid(f"{place}: {exc.strerror}") from exc
    try:
        server, web = app.listen(printer_pages(printer), "127.0.0.1", web, threads=2)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        click.echo(f"The printer listens at {printer.url}")
        click.echo(f"The paper is at http://127.0.0.1:{web}")
        sys.stdout.flush()
        with closing(server):
            server.run()
    finally:
        printer.stop()


main.add_command(install_service)
main.add_command(remove_service)


# --- shared by several commands ------------------------------------------------------------------


def _ask(config: EdgeConfig, method: str, path: str, data: bytes = b"") -> Any:
    """Return the response of the running unit; NoUnitAnswers if there is none."""
    import urllib3  # noqa: PLC0415

    key = load_or_make_api_key(config.data("api.key")) if config.unit.data_dir.is_dir() else ""
    url = f"http://{config.api.host}:{config.api.port}{path}"
    headers = {"Authorization": f"Bearer {key}", "Accept-Language": "en"}
    if data:
        headers["Content-Type"] = "application/octet-stream"
    try:
        return urllib3.request(
            method, url, timeout=60.0, retries=False, headers=headers, body=data or None
        )
    except (urllib3.exceptions.HTTPError, OSError) as exc:
        raise NoUnitAnswers(f"No unit answers at {url}; start it: tearoff-unit run") from exc


def _call(config: EdgeConfig, method: str, path: str, data: bytes = b"") -> dict[str, Any]:
    """Ask the running unit for JSON.

    Raises:
        NoUnitAnswers: none does.
        ClickException: it answers with a problem.
    """
    answer = _ask(config, method, path, data)
    url = f"http://{config.api.host}:{config.api.port}{path}"
    try:
        body = answer.json()
    except ValueError as exc:
        raise NoUnitAnswers(f"No unit answers at {url}; start it: tearoff-unit run") from exc
    if not isinstance(body, dict):
        raise NoUnitAnswers(f"Whatever answers at {url}, it is no unit")
    if answer.status >= 400:
        raise click.ClickException(_told(answer))
    return body


main.add_command(scanner_group(_call, NoUnitAnswers))


def _told(answer: Any) -> str:
    """Return what a problem says, in a line."""
    try:
        body = answer.json()
    except ValueError:
        body = {}
    told = [str(body[name]) for name in ("title", "detail") if body.get(name)]
    return ": ".join(told) or f"The unit answers {answer.status}"


def _with_store(config: EdgeConfig, work: Callable[[Store], Any]) -> None:
    app.private_directory(config.unit.data_dir)
    try:
        store = Store(config.data("unit.db"))
    except AlreadyRunning as exc:
        raise AlreadyRunning("Stop the unit first.") from exc
    with closing(store):
        work(store)


def _set_aside(database: Path) -> Path:
    aside = database.with_name(f"{database.name}.{time.strftime('%Y%m%d-%H%M%S')}")
    while aside.exists():
        aside = aside.with_name(f"{aside.name}-again")
    for suffix in ("", "-wal", "-shm"):
        part = database.with_name(database.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside


def _flat(body: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for name, value in body.items():
        if isinstance(value, dict):
            rows += _flat(value, f"{prefix}{name}.")
        else:
            rows.append((prefix + name, "-" if value is None else value))
    return rows
