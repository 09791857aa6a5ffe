"""Every job of a hub, and when it runs. ``app`` and ``cli`` ask for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from zoneinfo import ZoneInfo

from central.config import HubConfig
from central.foundation.jobs.outbox import Handler
from central.foundation.jobs.schedule import Job, Report, Schedule
from central.foundation.jobs.when import Daily, Every
from central.foundation.notices import settings as mail_settings
from central.foundation.notices.mail import MailHandler
from central.foundation.web.words import N_
from central.insight.proofs import prove_all
from central.money.channels.gather import gather
from central.money.channels.record import RecordedCalls
from central.money.ledger.rules import business_day
from central.money.payouts.pay_out import Machine
from central.money.reconciliation.daily import take_all
from central.money.reconciliation.model import By
from central.money.settlement.payable.watermark import watermarks
from central.money.settlement.run import run as settle
from central.money.sharing.ports import Outside
from central.money.sharing.release import release_due
from central.network.agents.upstream import suspended
from central.sale.after_sales.answer import tell_late
from central.sale.orders import mail as order_mail
from central.sale.orders import pay, refund, serve
from central.sale.orders.office import Office
from central.stores.keys.keyring import Keyring
from central.stores.redemptions.complete import unit_journals
from central.stores.settlement_facts import SettlementFacts
from central.stores.vouchers.expire import sweep
from central.supply.cost import cost_of
from central.supply.suppliers.machine import machine_of, shelf_of
from central.supply.suppliers.records.seal import load as load_seal
from central.supply.suppliers.sync_offers import sync_due

MINUTE_S = 60


def schedule_of(config: HubConfig, now_s: Callable[[], int]) -> Schedule:
    """Return the jobs of a hub with these settings."""
    jobs = (
        Job(
            "commissions", N_("Release commissions whose hold is over"), Every(10 * MINUTE_S),
            lambda at_s: _commissions(config, at_s),
        ),
        Job(
            "settlement", N_("Issue, confirm and release statements of stores"),
            Every(10 * MINUTE_S), lambda at_s: _settlement(config, at_s),
        ),
        Job(
            "bills", N_("Take the channels' bills of yesterday"), Daily(10, 40),
            lambda at_s: _bills(config, at_s, now_s),
        ),
        Job(
            "after-sales", N_("Tell which cases of buyers are late"), Every(30 * MINUTE_S),
            lambda at_s: Report(f"{tell_late(at_s)} cases are late."),
        ),
        Job(
            "expiry", N_("Expire vouchers whose time is over"), Daily(2, 40),
            lambda at_s: _expiry(config, at_s),
        ),
        Job(
            "proofs", N_("Prove that books and rooms agree"), Daily(3, 20),
            lambda at_s: prove_all(at_s, config.currency),
        ),
        Job(
            "supplier-prices", N_("Ask suppliers for prices, stock and balances"), Every(MINUTE_S),
            lambda _at_s: _supplier_prices(config, now_s),
        ),
    )  # fmt: skip
    return Schedule(jobs, now_s, ZoneInfo(config.timezone))


def machines_of(office: Office, config: HubConfig) -> dict[str, Callable[[], object]]:
    """Return what works on its own rows every second."""
    payout_machine = Machine(office.channels.payouts, office.now_s, office.day)
    return {
        "payments": lambda: (pay.follow_due(office), pay.close_due(office)),
        "orders": lambda: serve.serve_due(office),
        "refunds": lambda: refund.refund_due(office),
        "payouts": payout_machine.run_due,
        "suppliers": machine_of(config, office.now_s).buyer.run_due,
    }


def office_of(
    config: HubConfig, keyring: Keyring, outside: Outside, now_s: Callable[[], int]
) -> Office:
    """Return what selling needs, of a hub with these settings."""
    return Office(
        currency=config.currency,
        timezone=config.timezone,
        now_s=now_s,
        seal=load_seal(config.data_dir / "keys"),
        outside=outside,
        cost_of=cost_of,
        channels=gather(config.channels_file, RecordedCalls(now_s), now_s),
        keyring=keyring,
        held_above=config.held_above,
        mails=config.mail_file.exists(),
        url=config.url.rstrip("/"),
    )


def handlers_of(config: HubConfig, office: Office) -> dict[str, Handler]:
    """Return who delivers which kind of message.

    Raises:
        ConfigInvalid: the mail server's settings are wrong.
    """
    settings = mail_settings.load(config.mail_file)
    if settings is None:
        return {}
    compose = partial(order_mail.compose, office=office)
    return {order_mail.KIND: MailHandler(settings, compose, office.now_s)}


def _commissions(config: HubConfig, at_s: int) -> Report:
    done = release_due(at_s, timezone=config.timezone, held=suspended())
    said = f"{done.commissions} released, {done.held} wait for a suspended agent."
    return Report(" ".join([said, *done.faults]), is_good=not done.faults)


def _settlement(config: HubConfig, at_s: int) -> Report:
    done = settle(SettlementFacts(config.currency), at_s, "clock")
    said = (
        f"{len(done.issued)} issued, {len(done.confirmed)} confirmed by silence,"
        f" {len(done.released)} payable, {len(done.paid)} paid."
    )
    return Report(" ".join([said, *done.problems]), is_good=not done.problems)


def _bills(config: HubConfig, at_s: int, now_s: Callable[[], int]) -> Report:
    channels = gather(config.channels_file, RecordedCalls(now_s), now_s)
    done = take_all(channels, By(at_s, business_day(at_s, config.timezone), "clock"))
    said = f"{done.bills} bills, {done.open} differences are open."
    return Report(" ".join([said, *done.problems]), is_good=not done.problems)


def _expiry(config: HubConfig, at_s: int) -> Report:
    done = sweep(
        watermarks(unit_journals(), at_s), at_s, currency=config.currency,
        timezone=config.timezone,
    )  # fmt: skip
    return Report(
        f"{done.expired} batches expired, {done.broken} broken,"
        f" {done.waiting} wait for tills that have not told everything."
    )


def _supplier_prices(config: HubConfig, now_s: Callable[[], int]) -> Report:
    shelf = shelf_of(config, load_seal(config.data_dir / "keys"), now_s)
    done = sync_due(shelf, now_s)
    said = f"{done.accounts} accounts asked, {done.changed} offers changed, {done.silent} silent."
    return Report(said, is_good=not done.silent)
