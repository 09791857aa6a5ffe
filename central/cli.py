"""The command line of the hub: ``tearoff-hub``.

A command's room is imported when the command is asked for: all of them together take a second.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import Any, Self

import click

from central import config as settings
from central.config import DEFAULT_FILE, HubConfig
from central.errors import ConfigInvalid, HubError
from central.foundation.clock import now_s
from central.foundation.db.engine import HUB, open_database
from central.stores.keys import keyring
from edge import __version__


class Settings:
    """The settings, read when a command first asks for them."""

    def __init__(self, file: Path | None, overrides: tuple[str, ...]) -> None:
        self._file = file
        self._overrides = overrides

    @property
    def config(self) -> HubConfig:
        """The settings."""
        return settings.load(self._file, overrides=self._overrides)

    def hub(self) -> Hub:
        """Open the hub for as long as a command works on it."""
        return Hub(self.config)

    def now_s(self) -> int:
        """Read the clock, Unix seconds."""
        return now_s()


class Hub(AbstractContextManager["Hub"]):
    """A hub's keys and database, for a command that works on them."""

    def __init__(self, config: HubConfig) -> None:
        self.config = config
        self.keyring = keyring.load(config.data_dir / "keys", config.issuer)
        open_database(config.database, config.sqlite_file)

    def __enter__(self) -> Self:
        HUB.connect(reuse_if_open=True)
        return self

    def __exit__(self, *_: object) -> None:
        HUB.close()


def _named(name: str) -> Callable[[], click.Command]:
    """Return what imports a command: ``room:variable``."""
    room, _, variable = name.partition(":")

    def load() -> click.Command:
        found: click.Command = getattr(import_module(f"central.{room}.commands"), variable)
        return found

    return load


def _jobs() -> click.Command:
    from central.foundation.jobs import commands  # noqa: PLC0415
    from central.timetable import schedule_of  # noqa: PLC0415

    return commands.group(lambda config: schedule_of(config, now_s))


def _prices() -> click.Command:
    from central.outside import OUTSIDE_OF_SHARING  # noqa: PLC0415
    from central.supply.prices import commands  # noqa: PLC0415

    return commands.commands(OUTSIDE_OF_SHARING)


def _settlement() -> click.Command:
    from central.money.settlement import commands  # noqa: PLC0415
    from central.stores.settlement_facts import SettlementFacts  # noqa: PLC0415

    return commands.group(lambda config: SettlementFacts(config.currency))


def _sharing() -> click.Command:
    from central.money.sharing import commands  # noqa: PLC0415
    from central.network.agents.upstream import suspended  # noqa: PLC0415
    from central.outside import OUTSIDE_OF_SHARING  # noqa: PLC0415

    return commands.commands(OUTSIDE_OF_SHARING, suspended)


ROOMS: dict[str, Callable[[], click.Command]] = {
    name: _named(where)
    for name, where in {
        "agents": "network.agents:agents",
        "api-key": "foundation.people:api_key",
        "audit": "money.ledger:audit",
        "bundle": "stores.carried:group",
        "cards": "supply.cards:cards",
        "cases": "stores.cases:group",
        "catalogue": "supply.catalogue:catalogue",
        "channels": "money.channels:channels",
        "close-day": "money.closing:close_day_",
        "close-month": "money.closing:close_month_",
        "diversions": "stores.diversions:group",
        "issue": "stores.vouchers:issue_command",
        "ledger": "money.entries:ledger",
        "open-days": "money.closing:open_days_",
        "payouts": "money.payouts:payouts",
        "people": "foundation.people:people",
        "policy": "stores.policies:group",
        "products": "stores.vouchers:products_group",
        "receipts": "stores.receipts:group",
        "reconcile": "money.reconciliation:reconcile",
        "restored": "stores.units:restored",
        "statement": "money.ledger:statement",
        "stores": "stores.units:stores",
        "suppliers": "supply.suppliers:suppliers",
        "take-back": "money.entries:take_back",
        "units": "stores.units:units_group",
        "vouchers": "stores.holders:vouchers",
    }.items()
} | {
    "jobs": _jobs,
    "prices": _prices,
    "settlement": _settlement,
    "sharing": _sharing,
}


class Tidy(click.Group):
    """The commands of all rooms; they end with a sentence, never with a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted([*super().list_commands(ctx), *ROOMS])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; its room is imported now."""
        if cmd_name in ROOMS:
            return ROOMS[cmd_name]()
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; turn our errors into a sentence and exit code 1."""
        try:
            return super().invoke(ctx)
        except HubError as exc:
            click.echo(f"{exc.title}: {exc.detail}" if exc.detail else exc.title, err=True)
            sys.exit(1)


@click.group(cls=Tidy, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config", "file", type=click.Path(path_type=Path),
    help=f"Settings file; {DEFAULT_FILE} if that exists.",
)  # fmt: skip
@click.option(
    "--set", "overrides", multiple=True, metavar="NAME=VALUE",
    help="Set one setting; may be repeated.",
)  # fmt: skip
@click.version_option(__version__, prog_name="tearoff-hub")
@click.pass_context
def main(ctx: click.Context, file: Path | None, overrides: tuple[str, ...]) -> None:
    """Issue vouchers, hear what the units did, keep the books."""
    if file is None and DEFAULT_FILE.exists():
        file = DEFAULT_FILE
    ctx.obj = Settings(file, overrides)


@main.command()
@click.option("--admin", default="admin", show_default=True, help="Name of the first person.")
@click.pass_obj
def init(settings_: Settings, admin: str) -> None:
    """Make keys and database and the first person, whose password is shown once."""
    from central.foundation.people import login  # noqa: PLC0415
    from central.stores.keys import trust  # noqa: PLC0415
    from central.supply.cards.vault.keys import make_keys  # noqa: PLC0415

    config = settings_.config
    try:
        config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise ConfigInvalid(f"{config.data_dir} cannot be written: {exc.strerror}") from exc
    keyring.make(config.data_dir / "keys")
    make_keys(config.data_dir / "keys")
    with Hub(config) as hub:
        trust.publish(hub.keyring, now_s())
        password = login.add_person(admin, "admin", now_s())
    click.echo(f"Keys and database are in {config.data_dir}. Back the keys up: nobody has a copy.")
    click.echo(f"Log in as {admin} with the password {password}. It is shown only now.")


@main.command()
@click.pass_obj
def serve(settings_: Settings) -> None:
    """Serve units, pages and API until the process is told to end."""
    from central.app import create, listen  # noqa: PLC0415 - half a second that others need not

    config = settings_.config
    gc.disable()  # a fifth of the start went into looking through what never becomes garbage
    server = listen(create(config), config.host, config.port, config.threads)
    gc.freeze()
    gc.enable()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    click.echo(f"The hub listens at http://{config.host}:{config.port}")
    sys.stdout.flush()
    with contextlib.closing(server):
        server.run()


@main.command("channel-simulator")
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback only.")
@click.option("--port", type=int, default=8090, show_default=True, help="0 takes a free one.")
@click.option(
    "--data-dir", type=click.Path(path_type=Path), required=True,
    help="Directory of its keys, its books, and the merchant's files.",
)  # fmt: skip
@click.option(
    "--hub-url", default="http://127.0.0.1:8080", show_default=True,
    help="Where callbacks go.",
)  # fmt: skip
def channel_simulator(host: str, port: int, data_dir: Path, hub_url: str) -> None:
    """Play WeChat Pay and Alipay with pretend money, and misbehave on request."""
    from central.simulators.channel import app as simulator  # noqa: PLC0415

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        made = simulator.build(data_dir, now_s)
    except OSError as exc:
        raise ConfigInvalid(f"{data_dir} cannot be written: {exc.strerror}") from exc
    server = simulator.listen(made, host, port, hub_url)
    click.echo(f"The channel simulator listens at {server.url}/?token={made.token}")
    click.echo(f"The merchant's files for the hub are in {data_dir / 'merchant'}")
    sys.stdout.flush()
    with contextlib.suppress(KeyboardInterrupt):
        simulator.serve(made, server)


@main.command("sms-simulator")
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback only.")
@click.option("--port", type=int, default=8092, show_default=True, help="0 takes a free one.")
@click.option(
    "--data-dir", type=click.Path(path_type=Path), required=True,
    help="Directory of its books, and of sms.toml for the hub.",
)  # fmt: skip
def sms_simulator(host: str, port: int, data_dir: Path) -> None:
    """Play a text service whose phones are a page, and misbehave on request."""
    from central.simulators.sms import app as simulator  # noqa: PLC0415

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        made = simulator.build(data_dir, now_s)
    except OSError as exc:
        raise ConfigInvalid(f"{data_dir} cannot be written: {exc.strerror}") from exc
    server = simulator.listen(made, host, port)
    click.echo(f"The text simulator listens at {server.url}/?token={made.token}")
    click.echo(f"sms.toml for the hub is in {data_dir / 'merchant'}")
    sys.stdout.flush()
    with contextlib.suppress(KeyboardInterrupt):
        simulator.serve(made, server)


@main.command("supplier-simulator")
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback only.")
@click.option("--port", type=int, default=8091, show_default=True, help="0 takes a free one.")
@click.option(
    "--data-dir", type=click.Path(path_type=Path), required=True,
    help="Directory of its books, and the merchant's files.",
)  # fmt: skip
def supplier_simulator(host: str, port: int, data_dir: Path) -> None:
    """Play suppliers of five protocols with pretend goods, and misbehave on request."""
    from central.simulators.supplier import app as simulator  # noqa: PLC0415

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        made = simulator.build(data_dir, now_s)
        simulator.furnish(made)
    except OSError as exc:
        raise ConfigInvalid(f"{data_dir} cannot be written: {exc.strerror}") from exc
    server = simulator.listen(made, host, port)
    directory = simulator.write_merchant_files(made)
    click.echo(f"The supplier simulator listens at {server.url}/?token={made.token}")
    click.echo(f"The merchant's files for the hub are in {directory}")
    sys.stdout.flush()
    with contextlib.suppress(KeyboardInterrupt):
        simulator.serve(made, server)
