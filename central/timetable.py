"""Every job of a hub, and when it runs. ``app`` and ``cli`` ask for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from zoneinfo import ZoneInfo

from central.config import HubConfig
from central.foundation.db.engine import reading
from central.foundation.jobs.outbox import Handler
from central.foundation.jobs.schedule import Job, Report, Schedule
from central.foundation.jobs.when import Daily, Every
from central.foundation.language.said import Saying, together
from central.foundation.language.words import N_
from central.foundation.notices import settings as mail_settings
from central.foundation.notices import sms_settings
from central.foundation.notices.mail import MailHandler
from central.foundation.notices.sms import SmsHandler
from central.foundation.seal import load as load_seal
from central.insight.proofs import prove_all
from central.insight.standstill import tell_all
from central.money.channels.gather import gather
from central.money.channels.record import RecordedCalls
from central.money.closing.close import close_due
from central.money.closing.days import bills_missing
from central.money.ledger.rules import business_day
from central.money.payouts.pay_out import Machine
from central.money.reconciliation.daily import settle_all, take_all
from central.money.reconciliation.model import By
from central.money.settlement.payable.watermark import watermarks
from central.money.settlement.run import run as settle
from central.money.sharing.ports import Outside
from central.money.sharing.release import release_due
from central.network.agents.upstream import suspended
from central.sale.after_sales.answer import tell_late
from central.sale.customers import codes, letters, top_up, top_up_back
from central.sale.orders import mail as order_mail
from central.sale.orders import pay, refund, serve
from central.sale.orders.limits import Limits
from central.sale.orders.office import Office
from central.stores.keys.keyring import Keyring
from central.stores.redemptions.complete import unit_journals
from central.stores.settlement_facts import SettlementFacts
from central.stores.vouchers.expire import sweep
from central.supply.cost import cost_of
from central.supply.suppliers.machine import machine_of, shelf_of
from central.supply.suppliers.statements import fetch_due
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
            "channel-settlement", N_("Post what channels' bills settle, once both are there"),
            Every(30 * MINUTE_S), lambda at_s: _channel_settlement(config, at_s),
        ),
        Job(
            "closing", N_("Close the days whose bills are settled"), Daily(11, 30),
            lambda at_s: _closing(config, at_s, now_s),
        ),
        Job(
            "after-sales", N_("Tell which cases of buyers are late"), Every(30 * MINUTE_S),
            lambda at_s: Report(Saying("cases-late", count=tell_late(at_s))),
        ),
        Job(
            "customers", N_("Forget codes and sessions of customers that are over"),
            Every(60 * MINUTE_S), _customers,
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
            "standstill", N_("Tell where money waits for somebody"), Every(60 * MINUTE_S),
            lambda at_s: _standstill(config, at_s, now_s),
        ),
        Job(
            "supplier-statements", N_("Fetch the statements of suppliers"), Daily(10, 20),
            lambda at_s: _supplier_statements(config, at_s, now_s),
        ),
        Job(
            "supplier-prices", N_("Ask suppliers for prices, stock and balances"), Every(MINUTE_S),
            lambda _at_s: _supplier_prices(config, now_s),
        ),
    )  # fmt: skip
    return Schedule(jobs, now_s, ZoneInfo(config.timezone))


def machines_of(office: Office, config: HubConfig) -> dict[str, Callable[[], int]]:
    """Return what works on its own rows, and says how much it has done."""
    payout_machine = Machine(office.channels.payouts, office.now_s, office.day)
    return {
        "payments": lambda: pay.follow_due(office) + pay.close_due(office),
        "orders": lambda: serve.serve_due(office),
        "refunds": lambda: refund.refund_due(office),
        "balances": lambda: top_up.follow_due(office) + top_up_back.give_back_due(office),
        "payouts": payout_machine.run_due,
        "suppliers": machine_of(config, office.now_s).buyer.run_due,
    }


def office_of(
    config: HubConfig, keyring: Keyring, outside: Outside, now_s: Callable[[], int]
) -> Office:
    """Return what selling needs, of a hub with these settings.

    Raises:
        ConfigInvalid: those of text messages, or of a channel, are wrong.
    """
    sms = sms_settings.load(config.sms_file)
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
        limits=Limits(
            agent_orders=config.agent_unpaid_orders,
            agent_stock_percent=config.agent_stock_percent,
        ),
        mails=config.mail_file.exists(),
        texts=sms is not None,
        text_codes=sms is not None and bool(sms.templates.code),
        url=config.url.rstrip("/"),
    )


def handlers_of(config: HubConfig, office: Office) -> dict[str, Handler]:
    """Return who delivers which kind of message.

    Raises:
        ConfigInvalid: the settings of mail or text messages are wrong.
    """
    handlers: dict[str, Handler] = {}
    mail = mail_settings.load(config.mail_file)
    if mail is not None:
        compose = partial(order_mail.compose, office=office)
        handlers[order_mail.KIND] = MailHandler(mail, compose, office.now_s)
        letter = partial(letters.compose, office=office)
        handlers[codes.MAIL_KIND] = MailHandler(mail, letter, office.now_s)
    sms = sms_settings.load(config.sms_file)
    if sms is not None:
        text = partial(order_mail.compose_text, office=office, templates=sms.templates)
        handlers[order_mail.TEXT_KIND] = SmsHandler(sms, text, office.now_s)
        code = partial(letters.compose_text, office=office, templates=sms.templates)
        handlers[codes.TEXT_KIND] = SmsHandler(sms, code, office.now_s)
    return handlers


def _commissions(config: HubConfig, at_s: int) -> Report:
    done = release_due(at_s, timezone=config.timezone, held=suspended())
    said = Saying("commissions-released", released=done.commissions, held=done.held)
    return Report(together([said, *done.faults]), is_good=not done.faults)


def _settlement(config: HubConfig, at_s: int) -> Report:
    done = settle(SettlementFacts(config.currency), at_s, "clock")
    said = Saying(
        "settled", issued=len(done.issued), confirmed=len(done.confirmed),
        payable=len(done.released), paid=len(done.paid),
    )  # fmt: skip
    return Report(together([said, *done.problems]), is_good=not done.problems)


def _bills(config: HubConfig, at_s: int, now_s: Callable[[], int]) -> Report:
    channels = gather(config.channels_file, RecordedCalls(now_s), now_s)
    by = _clock(config, at_s)
    missing = reading(lambda: bills_missing(channels.with_bills, by.day))
    done = take_all(channels, by, missing)
    said = Saying("bills-taken", bills=done.bills, open=done.open)
    return Report(together([said, *done.problems]), is_good=not done.problems)


def _channel_settlement(config: HubConfig, at_s: int) -> Report:
    done = settle_all(_clock(config, at_s))
    said = Saying("channels-settled", days=done.days)
    return Report(together([said, *done.problems]), is_good=not done.problems)


def _closing(config: HubConfig, at_s: int, now_s: Callable[[], int]) -> Report:
    channels = gather(config.channels_file, RecordedCalls(now_s), now_s)
    done = close_due(_clock(config, at_s), channels.with_bills)
    closed = Saying("closed-through", day=done.closes[-1].day) if done.closes else None
    waits = Saying("day-waits", day=done.waits.day, what=done.waits.said) if done.waits else None
    return Report(together([closed or Saying("nothing-to-close"), *([waits] if waits else [])]))


def _standstill(config: HubConfig, at_s: int, now_s: Callable[[], int]) -> Report:
    channels = gather(config.channels_file, RecordedCalls(now_s), now_s)
    today = business_day(at_s, config.timezone)
    waiting = tell_all(at_s, today, channels.with_bills)
    return Report(Saying("things-wait", count=waiting))


def _clock(config: HubConfig, at_s: int) -> By:
    return By(at_s, business_day(at_s, config.timezone), "clock")


def _customers(at_s: int) -> Report:
    forgotten, ended = codes.forget_old(at_s)
    return Report(Saying("codes-forgotten", codes=forgotten, sessions=ended))


def _expiry(config: HubConfig, at_s: int) -> Report:
    done = sweep(
        watermarks(unit_journals(), at_s), at_s, currency=config.currency,
        timezone=config.timezone,
    )  # fmt: skip
    return Report(
        Saying("vouchers-expired", expired=done.expired, broken=done.broken, waiting=done.waiting)
    )


def _supplier_statements(config: HubConfig, at_s: int, now_s: Callable[[], int]) -> Report:
    shelf = shelf_of(config, load_seal(config.data_dir / "keys"), now_s)
    done = fetch_due(shelf, By(at_s, business_day(at_s, config.timezone), "clock"), config.timezone)
    said = Saying("statements-fetched", taken=done.taken, missing=done.missing)
    return Report(together([said, *done.problems]), is_good=not done.problems)


def _supplier_prices(config: HubConfig, now_s: Callable[[], int]) -> Report:
    shelf = shelf_of(config, load_seal(config.data_dir / "keys"), now_s)
    done = sync_due(shelf, now_s)
    said = Saying("prices-asked", accounts=done.accounts, changed=done.changed, silent=done.silent)
    return Report(said, is_good=not done.silent)
