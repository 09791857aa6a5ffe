"""Closing on a page: day by day what is missing, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from central.foundation.db.engine import reading
from central.foundation.language.words import N_
from central.foundation.people.roles import Permission
from central.foundation.web.note import told
from central.foundation.web.permission import actor, needs
from central.money.channels.gather import Channels
from central.money.closing.close import close_day, close_month
from central.money.closing.days import open_days
from central.money.closing.waivers import REASON_CHARS, waive
from central.money.ledger.closes import closed_through
from central.money.ledger.days import date_of, last_day_of
from central.money.ledger.rules import business_day
from central.money.reconciliation.model import By
from central.money.reconciliation.settle import Standing, settle
from central.money.reconciliation.take import take, take_flows

DAYS_SHOWN = 62

STANDINGS = {
    Standing.NO_BILL: ("bad", N_("bill of payments missing")),
    Standing.NO_MOVEMENTS: ("bad", N_("bills of movements missing")),
    Standing.DIFFERS: ("bad", N_("payments differ")),
    Standing.FEES_DIFFER: ("bad", N_("the bills tell different fees")),
    Standing.READY: ("ask", N_("to be posted")),
    Standing.SETTLED: ("good", N_("settled")),
}
"""Look and words of how far a channel's day is."""


def blueprint(channels: Channels, timezone: str, now_s: Callable[[], int]) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("closing", __name__)

    def by() -> By:
        at_s = now_s()
        return By(at_s, business_day(at_s, timezone), actor())

    def back() -> Response:
        return redirect(url_for("closing.show"))

    @pages.get("/closing")
    @needs(Permission.LEDGER_READ)
    def show() -> str:
        today = business_day(now_s(), timezone)
        found = reading(lambda: list(open_days(channels.with_bills, today)))
        return render_template(
            "closing/closing.html",
            days=found[:DAYS_SHOWN],
            more=len(found[DAYS_SHOWN:]),
            first_missing=next((one.day for one in found if one.missing), None),
            closed_through=closed_through(),
            standings=STANDINGS,
            reason_chars=REASON_CHARS,
            note=session.pop("note", None),
        )

    @pages.post("/closing/<int:day>")
    @needs(Permission.LEDGER_CLOSE)
    def close(day: int) -> Response:
        with told(gettext("The day is closed.")):
            if day % 100 >= 28 and day == last_day_of(day // 100):
                close_month(day // 100, by(), channels.with_bills)
            else:
                close_day(day, by(), channels.with_bills)
        return back()

    @pages.post("/closing/<int:day>/<channel>/waiver")
    @needs(Permission.LEDGER_CLOSE)
    def excuse(day: int, channel: str) -> Response:
        with told(gettext("The day no longer waits for it.")):
            waive(channel, day, request.form.get("reason", ""), by())
        return back()

    @pages.post("/closing/<int:day>/<channel>/settlement")
    @needs(Permission.SETTLEMENT_MANAGE)
    def post_settlement(day: int, channel: str) -> Response:
        with told(gettext("What the bills settle is posted.")):
            settle(channel, day, by())
        return back()

    @pages.post("/closing/<int:day>/<channel>/bills")
    @needs(Permission.SETTLEMENT_MANAGE)
    def ask(day: int, channel: str) -> Response:
        with told(gettext("The bills are there.")):
            bills = channels.bills(channel)
            take(bills, date_of(day), by())
            take_flows(bills, date_of(day), by())
        return back()

    return pages
