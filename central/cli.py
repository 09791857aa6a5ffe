"""The command line of the hub: ``tearoff-hub``."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import logging
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self, TypeVar
from zoneinfo import ZoneInfo

import click

from central import config as settings
from central.config import DEFAULT_FILE, HubConfig
from central.errors import ConfigInvalid, HubError, RequestInvalid
from central.foundation.db.engine import HUB, open_database
from central.foundation.jobs import commands as jobs_commands
from central.foundation.people import login
from central.foundation.people.roles import ROLES
from central.money.channels.gather import gather
from central.money.channels.record import RecordedCalls
from central.money.ledger import commands as ledger_commands
from central.money.ledger.rules import business_day
from central.money.payouts import commands as payout_commands
from central.money.reconciliation import commands as reconciliation_commands
from central.money.settlement import commands as settlement_commands
from central.money.sharing import commands as sharing_commands
from central.network.agents import commands as agents_commands
from central.network.agents.upstream import suspended
from central.outside import OUTSIDE_OF_SHARING, now_s
from central.stores.cases import commands as cases_commands
from central.stores.keys import keyring, trust
from central.stores.redemptions.resume import resume
from central.stores.settlement_facts import SettlementFacts
from central.stores.units import enrol, revoke, steer
from central.stores.units.overview import units as all_units
from central.stores.vouchers import show
from central.stores.vouchers.expire import agree_breakage
from central.stores.vouchers.issue import Order, issue
from central.stores.vouchers.status import revoke as revoke_voucher
from central.stores.vouchers.status import suspend
from central.supply.cards import commands as cards_commands
from central.supply.cards.vault.keys import make_keys as make_vault_keys
from central.supply.catalogue import commands as catalogue_commands
from central.supply.catalogue import products
from central.supply.prices import commands as price_commands
from central.supply.suppliers import commands as supplier_commands
from central.timetable import schedule_of
from edge import __version__
from edge.contract.bundle import Product
from edge.contract.ids import ProductId, StoreGroup, StoreId, UnitId, parse_voucher_id
from edge.contract.money import decimal_text, parse_decimal
from edge.contract.voucher_token import DAY_S, DAY_ZERO_S, VoucherKind

T = TypeVar("T")
KINDS = {kind.name.lower().replace("_", "-"): kind for kind in VoucherKind}


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


class Tidy(click.Group):
    """A group whose commands end with a sentence, never with a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; turn our errors into a sentence and exit code 1."""
        try:
            return super().invoke(ctx)
        except HubError as exc:
            click.echo(f"{exc.title}: {exc.detail}" if exc.detail else exc.title, err=True)
            sys.exit(1)


def hub_of(settings_: Settings) -> Hub:
    """Return the hub of the settings in force."""
    return Hub(settings_.config)


role_option = click.option(
    "--role", type=click.Choice(sorted(ROLES)), default="viewer", show_default=True,
    help="What it may do.",
)  # fmt: skip
as_json_option = click.option("--json", "as_json", is_flag=True, help="JSON for scripts.")


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


main.add_command(agents_commands.agents)
main.add_command(payout_commands.payouts)
main.add_command(supplier_commands.suppliers)
main.add_command(cases_commands.group)
main.add_command(jobs_commands.group(lambda config: schedule_of(config, now_s)))
main.add_command(cards_commands.cards)
main.add_command(reconciliation_commands.reconcile)
main.add_command(catalogue_commands.catalogue)
main.add_command(price_commands.commands(OUTSIDE_OF_SHARING))
main.add_command(settlement_commands.group(lambda config: SettlementFacts(config.currency)))
main.add_command(sharing_commands.commands(OUTSIDE_OF_SHARING, suspended))
for command in ledger_commands.COMMANDS:
    main.add_command(command)


@main.command()
@click.option("--admin", default="admin", show_default=True, help="Name of the first person.")
@click.pass_obj
def init(settings_: Settings, admin: str) -> None:
    """Make keys and database and the first person, whose password is shown once."""
    config = settings_.config
    try:
        config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise ConfigInvalid(f"{config.data_dir} cannot be written: {exc.strerror}") from exc
    keyring.make(config.data_dir / "keys")
    make_vault_keys(config.data_dir / "keys")
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
    server = listen(create(config), config.host, config.port, config.threads)
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


@main.group()
def channels() -> None:
    """WeChat Pay, Alipay, the bank's file."""


@channels.command("list")
@click.pass_obj
def channels_list(settings_: Settings) -> None:
    """List the channels in use, where they are, and whose keys are known."""
    with hub_of(settings_) as hub:
        found = gather(hub.config.channels_file, RecordedCalls(now_s), now_s)
    if found.wechat_pay is not None:
        serials = ", ".join(found.wechat_pay.platform.serials) or "none yet: refresh"
        click.echo(f"wechat-pay  {found.wechat_pay.settings.base_url}  keys: {serials}")
    if found.alipay is not None:
        way = "certificates" if found.alipay.settings.uses_certificates else "public key"
        click.echo(f"alipay      {found.alipay.settings.base_url}  {way}")
    if found.bank_file is not None:
        click.echo(f"bank-file   {found.bank_file.account_name}, {found.bank_file.encoding}")
    if not (found.names or found.bank_file):
        click.echo(f"There is no {hub.config.channels_file}.")


@channels.command("refresh-certificates")
@click.pass_obj
def channels_refresh(settings_: Settings) -> None:
    """Download the platform certificates of WeChat Pay; do it once a day."""
    with hub_of(settings_) as hub:
        client = gather(hub.config.channels_file, RecordedCalls(now_s), now_s).wechat_pay
        if client is None or not client.platform.uses_certificates:
            raise RequestInvalid("WeChat Pay is not in use here, or not with certificates.")
        new = client.refresh_certificates()
    click.echo(f"{len(new)} new: {', '.join(new)}" if new else "Nothing new.")


@main.command("api-key")
@click.argument("name")
@role_option
@click.pass_obj
def api_key(settings_: Settings, name: str, role: str) -> None:
    """Make a key for the program NAME; it is shown once."""
    with hub_of(settings_):
        click.echo(login.add_api_key(name, role, now_s()))


@main.group()
def people() -> None:
    """Who works at headquarters."""


@people.command("add")
@click.argument("name")
@role_option
@click.pass_obj
def people_add(settings_: Settings, name: str, role: str) -> None:
    """Add a person called NAME; the password is shown once."""
    with hub_of(settings_):
        password = login.add_person(name, role, now_s())
    click.echo(f"The password of {name} is {password}. It is shown only now.")


@main.group()
def stores() -> None:
    """Shops."""


@stores.command("add")
@click.argument("store")
@click.argument("name")
@click.option(
    "--group", type=int, default=1, show_default=True,
    help="Its store group: stores that take the same vouchers.",
)  # fmt: skip
@click.pass_obj
def stores_add(settings_: Settings, store: str, name: str, group: int) -> None:
    """Add the shop STORE, such as S0412, with its NAME."""
    with hub_of(settings_) as hub:
        steer.add_store(StoreId(store), name, StoreGroup(group), hub.config.timezone, now_s())
    click.echo(f"{store} {name}, group {group}")


@main.group("products")
def products_group() -> None:
    """What vouchers are for."""


@products_group.command("add")
@click.argument("number", type=int)
@click.option("--zh", required=True, help="Name in Chinese.")
@click.option("--en", required=True, help="Name in English.")
@click.option(
    "--kind", type=click.Choice(sorted(KINDS)), default="single", show_default=True,
    help="How a voucher for it is used up.",
)  # fmt: skip
@click.option("--worth", help="Worth of one use, 88.00; none for a stored value.")
@click.option("--uses", type=int, default=1, show_default=True, help="Uses of a multi-use voucher.")
@click.pass_obj
def products_add(settings_: Settings, /, **given: Any) -> None:
    """Add the product NUMBER."""
    if given["worth"] is None and KINDS[given["kind"]] is not VoucherKind.STORED_VALUE:
        raise RequestInvalid("Say with --worth what it is worth; only a stored value need not.")
    with hub_of(settings_) as hub:
        minor = 1 if given["worth"] is None else _minor(given["worth"], hub.config.currency)
        names = {"zh-CN": given["zh"], "en": given["en"]}
        number = ProductId(given["number"])
        products.add(Product(number, names, KINDS[given["kind"]], minor, given["uses"]))
    click.echo(f"{number} {' / '.join(names.values())}")


@products_group.command("list")
@click.pass_obj
def products_list(settings_: Settings) -> None:
    """List the products."""
    with hub_of(settings_) as hub:
        for product in products.catalogue().products.values():
            worth = decimal_text(product.worth_minor, hub.config.currency)
            kind = product.kind.name.lower().replace("_", "-")
            names = " / ".join(product.names.values())
            click.echo(f"{product.product:8} {kind:13} {worth:>10} × {product.uses:<4} {names}")


@products_group.command("breakage")
@click.argument("number", type=int)
@click.argument("days")
@click.option("--reason", required=True, help="By which law or agreement, in words.")
@click.pass_obj
def products_breakage(settings_: Settings, number: int, days: str, reason: str) -> None:
    """Say when what is left on expired vouchers of product NUMBER becomes ours: after so many
    DAYS, or "never", as it is if nothing is said."""
    if days != "never" and not (days.isascii() and days.isdecimal() and len(days) <= 5):
        raise RequestInvalid(f"{days!r}: say a number of days, or never.")
    after = None if days == "never" else int(days)
    with hub_of(settings_):
        agree_breakage(ProductId(number), after, reason, "cli", now_s())
    told = "is never ours" if after is None else f"is ours {after} days after the expiry"
    click.echo(f"what is left on expired vouchers of {number} {told}")


@main.command("issue")
@click.option("--product", "product_id", type=int, required=True, help="Number of the product.")
@click.option("--count", type=int, default=1, show_default=True, help="How many vouchers.")
@click.option("--group", type=int, default=1, show_default=True, help="Store group; 0 for all.")
@click.option("--value", help="What is on each stored-value voucher, 200.00.")
@click.option("--from", "first", help="First day it is good, 2026-04-11; today if not given.")
@click.option("--until", "last", help="Last day it is good; a year from the first if not given.")
@click.option(
    "--dynamic", is_flag=True, help="Only the rotating code of the holder's phone counts."
)
@click.option("--online-only", is_flag=True, help="Never accepted without the hub.")
@click.option("--channel", default="counter", show_default=True, help="Where the money came in.")
@click.option(
    "--out", type=click.Path(path_type=Path),
    help="Directory for one PNG a voucher and vouchers.json, which is as good as money.",
)  # fmt: skip
@click.pass_obj
def issue_command(settings_: Settings, /, **given: Any) -> None:
    """Sell vouchers: issue, sign and post them, and show their tokens."""
    at_s = now_s()
    with hub_of(settings_) as hub:
        currency = hub.config.currency
        zone = ZoneInfo(hub.config.timezone)
        first = _date(given["first"]) if given["first"] else _today(zone, at_s)
        last = _date(given["last"]) if given["last"] else first + dt.timedelta(days=365)
        order = Order(
            product=ProductId(given["product_id"]),
            vouchers=given["count"],
            scope=StoreGroup(given["group"]),
            not_before_day=(_midnight(first, zone) - DAY_ZERO_S) // DAY_S,
            expires_day=-(-(_midnight(last + dt.timedelta(days=1), zone) - DAY_ZERO_S) // DAY_S),
            value=_minor(given["value"], currency) if given["value"] else 0,
            dynamic_required=given["dynamic"],
            online_only=given["online_only"],
            channel=given["channel"],
        )
        if given["out"]:
            show.make_directory(given["out"])
        batch = issue(
            order, hub.keyring, currency=currency, at_s=at_s,
            day=business_day(at_s, hub.config.timezone), actor="cli",
        )  # fmt: skip
        if given["out"]:
            files = show.write_files(batch, hub.keyring, given["out"], at_s)
            count = len(batch.vouchers)
            told = f"{count} voucher{'' if count == 1 else 's'}"
            click.echo(f"{told} of batch {batch.id} in {files}")
        else:
            for voucher in batch.vouchers:
                click.echo(voucher.text)


@main.group()
def vouchers() -> None:
    """One voucher at a time."""


def _status_command(name: str, work: Callable[[Any], None], help_: str) -> None:
    @vouchers.command(name, help=help_)
    @click.argument("voucher_id")
    @click.pass_obj
    def command(settings_: Settings, voucher_id: str) -> None:
        with hub_of(settings_):
            work(_checked(parse_voucher_id, voucher_id))
        click.echo(f"{voucher_id}: done")


_status_command("revoke", revoke_voucher, "Revoke the voucher VOUCHER_ID, 12 hex digits, for ever.")
_status_command("suspend", suspend, "Suspend the voucher VOUCHER_ID until it is resumed.")
_status_command("resume", resume, "Make the suspended voucher VOUCHER_ID valid again.")


@main.group("units")
def units_group() -> None:
    """Tills and kiosks."""


@units_group.command("list")
@as_json_option
@click.pass_obj
def units_list(settings_: Settings, as_json: bool) -> None:  # noqa: FBT001
    """List the units and how far the hub has their journals."""
    with hub_of(settings_):
        for unit in all_units():
            if as_json:
                click.echo(json.dumps(unit._asdict(), ensure_ascii=False))
                continue
            journal = f"{unit.epoch}/{unit.seq}" if unit.epoch else "-"
            heard = _moment(unit.heard_at_s) if unit.heard_at_s else "never heard of"
            click.echo(f"{unit.id:12} {unit.state:12} {journal:>10}  {heard}  {unit.store_name}")


@units_group.command("invite")
@click.option("--store", required=True, help="For which shop.")
@click.pass_obj
def units_invite(settings_: Settings, store: str) -> None:
    """Make a one-time code for a new unit, good for ten minutes."""
    with hub_of(settings_):
        click.echo(enrol.invite(StoreId(store), now_s()).code)


@units_group.command("waiting")
@as_json_option
@click.pass_obj
def units_waiting(settings_: Settings, as_json: bool) -> None:  # noqa: FBT001
    """List the units that wait for their number to be compared."""
    with hub_of(settings_):
        for row in enrol.waiting():
            shown = {
                "id": row.id, "store": row.store_id, "number": row.comparison_number,
                "hardware": row.hardware,
            }  # fmt: skip
            told = f"{row.id}  {row.store_id}  {row.comparison_number}  {row.hardware}"
            click.echo(json.dumps(shown, ensure_ascii=False) if as_json else told)


@units_group.command("confirm")
@click.argument("enrolment_id")
@click.option("--number", required=True, help="The six digits on the unit's screen.")
@click.pass_obj
def units_confirm(settings_: Settings, enrolment_id: str, number: str) -> None:
    """Say that the unit's screen shows the same number. That makes a unit of it.

    "units waiting" lists the ids.
    """
    with hub_of(settings_) as hub:
        unit = enrol.confirm(
            enrolment_id, number, hub.keyring, currency=hub.config.currency, at_s=now_s()
        )
    click.echo(unit)


@units_group.command("revoke")
@click.argument("unit_id")
@click.pass_obj
def units_revoke(settings_: Settings, unit_id: str) -> None:
    """Stop the unit UNIT_ID for good; what it did before still counts."""
    with hub_of(settings_):
        revoke.revoke(UnitId(unit_id), now_s())
    click.echo(f"{unit_id} is revoked")


@units_group.command("release")
@click.argument("unit_id")
@click.pass_obj
def units_release(settings_: Settings, unit_id: str) -> None:
    """Let the quarantined unit UNIT_ID go on, after somebody has looked at it."""
    with hub_of(settings_):
        revoke.release(UnitId(unit_id))
    click.echo(f"{unit_id} is active")


# --- reading what a person typed -----------------------------------------------------------------


def _checked(read: Callable[[str], T], text: str) -> T:
    try:
        return read(text)
    except ValueError as exc:
        raise RequestInvalid(f"{text!r}: {exc}") from exc


def _minor(text: str, currency: str) -> int:
    return _checked(lambda t: parse_decimal(t, currency), text).minor


def _date(text: str) -> dt.date:
    date = _checked(dt.date.fromisoformat, text)
    if not 2000 <= date.year < 2300:
        raise RequestInvalid(f"{text!r}: a date lies in the years 2000 to 2299")
    return date


def _today(zone: ZoneInfo, at_s: int) -> dt.date:
    return dt.datetime.fromtimestamp(at_s, zone).date()


def _midnight(day: dt.date, zone: ZoneInfo) -> int:
    """Return when a day begins where the shops are, Unix seconds.

    A token's days are UTC's: what is sold for some local days covers all of them.
    """
    return int(dt.datetime.combine(day, dt.time(), zone).timestamp())


def _moment(at_s: int) -> str:
    return dt.datetime.fromtimestamp(at_s, dt.UTC).strftime("%Y-%m-%d %H:%M:%SZ")
