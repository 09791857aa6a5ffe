"""Puts the hub together: the only module that knows all others, and the only one with a clock."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import waitress
from flask import Flask, Response, jsonify, render_template, request, session
from flask_babel import Babel, gettext
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager, current_user
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI
from flask_talisman import Talisman
from flask_wtf.csrf import CSRFProtect
from pydantic import BaseModel, Field

from central.config import HubConfig
from central.errors import ConfigInvalid, RequestInvalid
from central.foundation.clock import now_s
from central.foundation.db.engine import HUB, is_sqlite, open_database, rows
from central.foundation.jobs import api as jobs_api
from central.foundation.jobs import pages as job_pages
from central.foundation.jobs.alerts import alerts as open_alerts
from central.foundation.jobs.outbox import Courier
from central.foundation.jobs.worker import Worker
from central.foundation.language.said import in_words
from central.foundation.language.words import (
    ALARMS,
    MODES,
    N_,
    OUTCOME_LOOKS,
    OUTCOMES,
    PRINTERS,
    REASONS,
    REFUSALS,
    STATES,
    TRANSLATIONS,
    grouped,
)
from central.foundation.people import second_factor
from central.foundation.people.roles import Permission, may
from central.foundation.seal import PEOPLE_KEY
from central.foundation.seal import load as load_seal
from central.foundation.web import account
from central.foundation.web import problem as problem_pages
from central.foundation.web import session as sessions
from central.foundation.web.describe import ProblemJson, problems
from central.foundation.web.in_memory import InMemory
from central.foundation.web.navigation import NAVIGATION, ROOMS
from central.foundation.web.permission import ANYBODY, PERSON, guard, needs, taken_by
from central.foundation.web.problem import register_problems, validation_problem
from central.insight.exchange import pages as exchange_pages
from central.money.channels import api as callbacks
from central.money.channels.ports import EventKind
from central.money.channels.take_in import Wake
from central.money.closing import api as closing_api
from central.money.closing import pages as closing_pages
from central.money.entries import api as entries_api
from central.money.entries import pages as entry_pages
from central.money.ledger import api as ledger_api
from central.money.ledger import pages as ledger_pages
from central.money.ledger.audit_log import newest_or_now
from central.money.ledger.seal import Sealer
from central.money.payouts import api as payouts_api
from central.money.payouts import pages as payout_pages
from central.money.payouts import store as payout_store
from central.money.payouts.bank_files import api as bank_files_api
from central.money.payouts.bank_files import pages as bank_file_pages
from central.money.payouts.tax import api as tax_api
from central.money.payouts.tax import pages as tax_pages
from central.money.reconciliation import api as reconciliation_api
from central.money.reconciliation import pages as reconciliation_pages
from central.money.settlement import api as settlement_api
from central.money.settlement import fee_pages, statement_pages
from central.money.settlement import pages as settlement_pages
from central.money.sharing import api as sharing_api
from central.money.sharing import pages as sharing_pages
from central.network.agents import api as agents_api
from central.outside import OUTSIDE_OF_SHARING
from central.sale.after_sales import api as after_sales_api
from central.sale.after_sales import pages as after_sales_pages
from central.sale.customers import api as customers_api
from central.sale.customers import desk as customer_desk
from central.sale.customers import pages as customer_pages
from central.sale.customers import top_up, top_up_back
from central.sale.customers.door import Door
from central.sale.delivery import api as goods_api
from central.sale.orders import api as orders_api
from central.sale.orders import pages as order_pages
from central.sale.orders import pay, refund
from central.sale.orders.office import Office
from central.sale.shop import links as shop_links
from central.sale.shop import pages as shop_pages
from central.stores import edge_api, json_api
from central.stores.carried import pages as carried_pages
from central.stores.cases import api as cases_api
from central.stores.cases import pages as case_pages
from central.stores.diversions import api as diversions_api
from central.stores.diversions import pages as diversion_pages
from central.stores.diversions.overview import open_diversions
from central.stores.holders import api as holders_api
from central.stores.holders import desk
from central.stores.holders import pages as holder_pages
from central.stores.keys import keyring as keys
from central.stores.keys import trust
from central.stores.policies import api as policies_api
from central.stores.policies import pages as policy_pages
from central.stores.receipts import pages as receipt_pages
from central.stores.redemptions import overview as redemptions
from central.stores.redemptions import pages as redemption_pages
from central.stores.settlement_facts import SettlementFacts
from central.stores.units import overview as unit_overview
from central.stores.units import pages as unit_pages
from central.supply.cards import api as cards_api
from central.supply.cards import pages as card_pages
from central.supply.cards.access.log import alerts
from central.supply.cards.room import Room
from central.supply.cards.vault.keys import Vault
from central.supply.catalogue import api as catalogue_api
from central.supply.catalogue import pages as catalogue_pages
from central.supply.catalogue import products
from central.supply.catalogue import shown as shown_pictures
from central.supply.cost import cost_of
from central.supply.prices import api as prices_api
from central.supply.prices import pages as price_pages
from central.supply.product_types import pages as type_pages
from central.supply.suppliers import api as suppliers_api
from central.supply.suppliers import hooks as supplier_hooks
from central.supply.suppliers import pages as supplier_pages
from central.supply.suppliers.adapters.shelf import Shelf
from central.timetable import handlers_of, machines_of, office_of, schedule_of
from edge import __version__
from edge.contract.bundle import LOCALES
from edge.contract.money import decimal_text

log = logging.getLogger(__name__)

WEB = Path(__file__).parent / "foundation" / "web"
BODY_BYTES_MAX = 1 << 20
NEWEST_SHOWN = 8
"""Scans on the overview."""
CSP = {
    "default-src": "'self'",
    "img-src": "'self' data:",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}


class HealthJson(BaseModel):
    """The hub works, and its database answers."""

    status: str = Field(description="ok.")
    software: str = Field(description="Version.")


def create(config: HubConfig) -> OpenAPI:
    """Return the hub that is served, with its log and what works beside the requests.

    Raises:
        ConfigInvalid: as ``build``.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("waitress").setLevel(logging.WARNING)
    keyring, office = _opened(config, now_s)
    app = _app(config, keyring, office)
    if not is_sqlite(HUB.obj):
        Sealer().start()  # a daemon: what it had no time for, the next one seals
    if config.jobs:
        courier = Courier(handlers_of(config, office), now_s)
        Worker(schedule_of(config, now_s), courier, machines_of(office, config)).start()
    return app


def listen(app: Flask, host: str, port: int, threads: int) -> Any:
    """Return a server that accepts connections already; ``run`` lets it answer.

    Raises:
        ConfigInvalid: nobody can listen there.
    """
    try:
        return waitress.create_server(app, host=host, port=port, threads=threads, ident=None)
    except (OSError, ValueError) as exc:  # a name that nobody knows is a ValueError
        why = getattr(exc, "strerror", None) or str(exc)
        raise ConfigInvalid(f"{host}, port {port}, cannot be listened at: {why}") from exc


def build(config: HubConfig, clock: Callable[[], int] = now_s) -> OpenAPI:
    """Return the hub, connected to its database.

    Raises:
        ConfigInvalid: keys are missing (``tearoff-hub init`` makes them), or the database is not
            there.
    """
    return _app(config, *_opened(config, clock))


def _opened(config: HubConfig, clock: Callable[[], int]) -> tuple[keys.Keyring, Office]:
    """Open what lies on the disk: keys, database, the settings of channels."""
    keyring = keys.load(config.data_dir / "keys", config.issuer)
    open_database(config.database, config.sqlite_file)
    trust.publish(keyring, clock())
    return keyring, office_of(config, keyring, OUTSIDE_OF_SHARING, clock)


def _app(config: HubConfig, keyring: keys.Keyring, office: Office) -> OpenAPI:
    app = OpenAPI(
        "central",
        root_path=str(WEB),
        info=Info(title="Tearoff hub", version=__version__),
        security_schemes={"api_key": {"type": "http", "scheme": "bearer"}},
        validation_error_callback=validation_problem,
        validation_error_model=ProblemJson,
        doc_ui=False,
    )
    app.request_class = InMemory
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.config.update(
        SECRET_KEY=keyring.session,
        SESSION_COOKIE_NAME="tearoff-hub",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=config.url.startswith("https://"),
        PERMANENT_SESSION_LIFETIME=dt.timedelta(hours=12),
        MAX_CONTENT_LENGTH=BODY_BYTES_MAX,
        MAX_FORM_MEMORY_SIZE=BODY_BYTES_MAX,
        BABEL_TRANSLATION_DIRECTORIES=str(TRANSLATIONS),
        WTF_CSRF_TIME_LIMIT=None,
    )
    door = Door(office, is_secure=config.url.startswith("https://"))
    # First of all: whom a route is not for, of him no body is read.
    guard(app, lambda: door.who() is not None, second_factor_required=config.second_factor_required)
    limiter = _harden(app, config)
    register_problems(app)
    _register_routes(app, config, keyring, office, door, limiter)
    _prepare_templates(app, config)
    return app


def _harden(app: OpenAPI, config: HubConfig) -> Limiter:
    https = config.url.startswith("https://")
    Talisman(
        app, force_https=False, strict_transport_security=https, session_cookie_secure=https,
        content_security_policy=CSP, referrer_policy="same-origin",
    )  # fmt: skip
    login = LoginManager(app)
    login.user_loader(sessions.load_person)

    @app.before_request
    def bound_and_refuse_nul() -> None:
        request.max_content_length = taken_by(app, request.endpoint or "") or BODY_BYTES_MAX
        # Reading the form would eat the bytes, which a channel's signature covers.
        request.get_data(cache=True)
        # PostgreSQL keeps no text with a NUL in it; SQLite would, and find it again.
        if any("\x00" in t for t in (request.path, *request.args.values(), *request.form.values())):
            raise RequestInvalid(N_("No text here holds a NUL character."))

    @app.after_request
    def keep_out_of_caches(response: Response) -> Response:
        # What is addressed by its own hash says itself that it never changes; an error there
        # does not.
        if request.endpoint != "static" and not response.cache_control.immutable:
            response.headers["Cache-Control"] = "no-store"
        return response

    @app.teardown_request
    def give_connection_back(_: BaseException | None) -> None:
        # A connection that a restart of the server has broken must not stay with its thread. A
        # file has none; and closing the last one would copy the WAL back each time.
        if not is_sqlite(HUB.obj) and not HUB.is_closed():
            HUB.close()

    return Limiter(get_remote_address, app=app, storage_uri="memory://", headers_enabled=True)


def _register_routes(  # noqa: PLR0915 - a list
    app: OpenAPI, config: HubConfig, keyring: keys.Keyring, office: Office, door: Door,
    limiter: Limiter,
) -> None:  # fmt: skip
    clock = office.now_s
    csrf = CSRFProtect(app)
    units = edge_api.blueprint(keyring, config, clock)
    app.register_blueprint(units)
    csrf.exempt(units)  # signed by the unit; there is no cookie to misuse
    holders = holder_pages.blueprint(keyring, config, limiter, clock)
    app.register_blueprint(holders)
    csrf.exempt(holders)  # signed by the phone; there is no cookie to misuse
    channels = office.channels
    wake: dict[EventKind, Wake] = {
        EventKind.PAYMENT: lambda event: (
            pay.wake(event.number, clock()) or top_up.wake(event.number, clock())
        ),
        EventKind.REFUND: lambda event: (
            refund.wake(event.number, clock()) or top_up_back.wake(event.number, clock())
        ),
        EventKind.TRANSFER: lambda event: payout_store.wake(event.number, clock()),
    }
    called = callbacks.blueprint(channels, wake, clock)
    app.register_blueprint(called)
    csrf.exempt(called)  # signed by the channel
    seal = load_seal(config.data_dir / "keys")
    shelf = Shelf(seal, config.data_dir / "suppliers", clock)
    supplier_calls = supplier_hooks.blueprint(shelf.adapter, clock)
    app.register_blueprint(supplier_calls)
    csrf.exempt(supplier_calls)  # signed by the supplier
    # A code cannot be guessed in its ten minutes; this keeps the guessing from costing anything.
    offer = app.view_functions["units_api.offer"]
    app.view_functions["units_api.offer"] = limiter.limit("30 per minute")(offer)  # type: ignore[assignment]
    stores = SettlementFacts(config.currency)
    cards = Room(
        Vault(config.data_dir / "keys"), load_seal(config.data_dir / "keys", PEOPLE_KEY),
        config.currency, config.timezone, clock,
    )  # fmt: skip
    held_for_s = config.grant_write_off_h * 3600
    apis = (
        json_api.blueprint(keyring, clock),
        holders_api.blueprint(config.url, config.currency, held_for_s, clock),
        policies_api.blueprint(config.currency, clock),
        ledger_api.blueprint(config.timezone, clock),
        entries_api.blueprint(config.timezone, config.second_person_above, clock),
        agents_api.blueprint(config.timezone, clock),
        sharing_api.blueprint(OUTSIDE_OF_SHARING, config.currency, clock),
        payouts_api.blueprint(config.timezone, clock),
        bank_files_api.blueprint(channels.bank_file, config.timezone, clock),
        tax_api.blueprint(clock),
        cases_api.blueprint(clock),
        diversions_api.blueprint(clock),
        settlement_api.blueprint(stores, config.currency, clock),
        closing_api.blueprint(channels, config.timezone, clock),
        suppliers_api.blueprint(config.currency, clock),
        jobs_api.blueprint(),
        cards_api.blueprint(cards),
        orders_api.blueprint(office),
        goods_api.blueprint(office, cards.vault),
        customers_api.blueprint(office),
        after_sales_api.blueprint(office),
        catalogue_api.blueprint(clock),
        prices_api.blueprint(OUTSIDE_OF_SHARING, cost_of, config.currency, clock),
        reconciliation_api.blueprint(config.statements_file, config.timezone, clock),
    )
    for api in apis:
        app.register_api(api)
        csrf.exempt(api)
    people_seal = load_seal(config.data_dir / "keys", PEOPLE_KEY)
    app.register_blueprint(sessions.blueprint(limiter, people_seal, clock))
    app.register_blueprint(account.blueprint(limiter, people_seal, clock))
    app.register_blueprint(problem_pages.blueprint())
    app.register_blueprint(unit_pages.blueprint(keyring, config, clock))
    app.register_blueprint(desk.blueprint(config.url, config.currency, held_for_s, clock))
    app.register_blueprint(carried_pages.blueprint(keyring, config, clock))
    app.register_blueprint(policy_pages.blueprint(config.currency, people_seal, limiter, clock))
    app.register_blueprint(receipt_pages.blueprint(config, clock))
    app.register_blueprint(redemption_pages.blueprint())
    app.register_blueprint(case_pages.blueprint(clock))
    app.register_blueprint(diversion_pages.blueprint(clock))
    app.register_blueprint(settlement_pages.blueprint(stores, config.timezone, clock))
    app.register_blueprint(fee_pages.blueprint(stores, config.currency, config.timezone, clock))
    app.register_blueprint(statement_pages.blueprint(stores, clock))
    app.register_blueprint(
        reconciliation_pages.blueprint(config.statements_file, config.timezone, clock)
    )
    app.register_blueprint(closing_pages.blueprint(channels, config.timezone, clock))
    app.register_blueprint(ledger_pages.blueprint(config.timezone, clock))
    app.register_blueprint(
        entry_pages.blueprint(config.currency, config.timezone, config.second_person_above, clock)
    )
    app.register_blueprint(order_pages.blueprint(office, after_sales_pages.of_order))
    app.register_blueprint(after_sales_pages.blueprint(office))
    app.register_blueprint(customer_desk.blueprint(office))
    app.register_blueprint(shop_links.blueprint(office))
    app.register_blueprint(shop_pages.blueprint(office, cards.vault, door, limiter))
    app.register_blueprint(customer_pages.blueprint(office, door, limiter))
    app.register_blueprint(job_pages.blueprint(schedule_of(config, clock), clock))
    app.register_blueprint(exchange_pages.blueprint())
    app.register_blueprint(card_pages.blueprint(cards))
    app.register_blueprint(supplier_pages.blueprint(config, shelf, clock))
    app.register_blueprint(
        payout_pages.blueprint(config.currency, config.timezone, channels.payout_names, clock)
    )
    app.register_blueprint(bank_file_pages.blueprint(channels.bank_file, config.timezone, clock))
    app.register_blueprint(tax_pages.blueprint(config.currency, config.timezone, clock))
    for pages in (sharing_pages, price_pages):
        app.register_blueprint(
            pages.blueprint(OUTSIDE_OF_SHARING, config.currency, config.timezone, clock)
        )
    app.register_blueprint(catalogue_pages.blueprint(config.currency, clock))
    app.register_blueprint(shown_pictures.blueprint())
    app.register_blueprint(type_pages.blueprint(config.timezone, clock))

    @app.get("/", doc_ui=False)
    @needs(PERSON)
    def home() -> str:
        reads = may(current_user.role, Permission.REDEMPTIONS_READ)
        return render_template(
            "home.html",
            tiles=_tiles(clock()),
            scans=redemptions.scans(NEWEST_SHOWN) if reads else [],
            products=products.catalogue().products,
        )

    @app.get(
        "/health", summary="Whether the hub works",
        responses={200: HealthJson, **problems(422, 500)},
    )  # fmt: skip
    @needs(ANYBODY)
    def health() -> Response:
        rows("SELECT 1")
        return jsonify({"status": "ok", "software": __version__})

    @app.get("/openapi.json", doc_ui=False)
    @needs(ANYBODY)
    def openapi() -> Response:
        return jsonify(app.api_doc)


def _prepare_templates(app: OpenAPI, config: HubConfig) -> None:
    def locale() -> str:
        chosen = session.get("locale")
        if chosen in LOCALES:
            return str(chosen)
        for tag in request.accept_languages.values():  # zh-TW before en: zh-CN is nearer to it
            for known in LOCALES:
                if tag.partition("-")[0].lower() == known.partition("-")[0]:
                    return known
        return config.locale

    Babel(app, locale_selector=lambda: locale().replace("-", "_"))
    zone = ZoneInfo(config.timezone)

    @app.template_filter("moment")
    def moment(at_s: int) -> str:
        if not 0 <= at_s < 2**35:
            return "–"  # a till whose clock was far off
        return dt.datetime.fromtimestamp(at_s, zone).strftime("%Y-%m-%d %H:%M:%S")

    @app.template_filter("money")
    def money(minor: int, currency: str | None = None) -> str:
        return grouped(decimal_text(minor, currency or config.currency))

    app.add_template_filter(ledger_pages.iso, "day")
    app.add_template_filter(lambda text: in_words(text, gettext), "said")

    @app.context_processor
    def words() -> dict[str, Any]:
        return {
            "locale": locale(),
            "room": _room(),
            "navigation": [(e, gettext(name), p) for e, name, p in NAVIGATION],
            "needs_code": lambda: second_factor.has(current_user.number),
            "may": lambda p: (
                current_user.is_authenticated and may(current_user.role, Permission(p))
            ),
            "states": STATES,
            "modes": MODES,
            "outcome_names": OUTCOMES,
            "looks": OUTCOME_LOOKS,
            "refusals": REFUSALS,
            "reasons": REASONS,
            "alarm_names": ALARMS,
            "printers": PRINTERS,
            "currency": config.currency,
        }


def _room() -> str | None:
    """Return the entry of the navigation that leads to this page or to the page it hangs on."""
    endpoints = [endpoint for endpoint, _, _ in NAVIGATION]
    if request.endpoint in endpoints:
        return request.endpoint
    if request.blueprint in ROOMS:
        return ROOMS[request.blueprint]
    wing = f"{request.blueprint}."
    return next((endpoint for endpoint in endpoints if endpoint.startswith(wing)), None)


def _tiles(now: int) -> list[dict[str, Any]]:
    """Return what the overview shows; each tile leads to its page."""
    role = current_user.role
    tiles: list[dict[str, Any]] = []

    def tile(look: str, href: str, value: object, name: str, note: str = "") -> None:
        tiles.append({"look": look, "href": href, "value": value, "name": name, "note": note})

    if may(role, Permission.UNITS_READ):
        units = unit_overview.units()
        silent = sum(unit.is_silent(now) for unit in units)
        note = gettext("%(count)d silent", count=silent) if silent else ""
        tile("ask" if silent else "good", "/units", len(units), gettext("Units"), note)
        alarms = len(unit_overview.alarms())
        tile("bad" if alarms else "good", "/units", alarms, gettext("Alarms"))
    if may(role, Permission.REDEMPTIONS_READ):
        outcomes = redemptions.outcomes()
        tile("quiet", "/redemptions", outcomes.get("applied", 0), gettext("Redemptions"))
        open_conflicts = len(redemptions.conflicts())
        look = "bad" if open_conflicts else "good"
        tile(look, "/conflicts", open_conflicts, gettext("Conflicts"))
        if elsewhere := open_diversions():
            tile("ask", "/diversions", elsewhere, gettext("Redeemed outside of their region"))
    if may(role, Permission.JOBS_READ):
        told = len(open_alerts())
        tile("bad" if told else "good", "/jobs", told, gettext("Alerts"))
    if may(role, Permission.CARDS_READ) and (touched := len(alerts())):
        tile("bad", "/cards", touched, gettext("Breach alerts"))
    if may(role, Permission.LEDGER_READ):
        audit = newest_or_now(now)
        faults = len(audit.findings)
        name = gettext("Faults in the ledger") if faults else gettext("Journals, all sound")
        tile("bad" if faults else "good", "/ledger/audit", faults or audit.journals, name)
    return tiles
