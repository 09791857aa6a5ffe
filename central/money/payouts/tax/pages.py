"""Tax that is withheld from commissions, on pages: what is in force, for whom, what a month was."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from flask import Blueprint, Response, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from central.errors import HubError
from central.foundation.language import written
from central.foundation.language.said import in_words
from central.foundation.language.words import N_
from central.foundation.people.roles import Permission
from central.foundation.web.form_rows import rows_offered
from central.foundation.web.note import told
from central.foundation.web.permission import actor, needs
from central.money.ledger.balance import balance
from central.money.ledger.rules import business_day
from central.money.payouts.payees import payees
from central.money.payouts.tax import withhold
from central.money.payouts.tax.form import ROWS, body_of, percent_text, typed_of
from central.money.payouts.tax.schedule import LABOUR_2019, Schedule, of_body, withheld_now

PERIODS = {"month": N_("a calendar month"), "year": N_("a calendar year")}


class TriedOut(NamedTuple):
    """What would be withheld from one payment, minor units."""

    amount: int
    before: int
    tax: int


def blueprint(currency: str, timezone: str, now_s: Callable[[], int]) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("tax", __name__)

    def today() -> int:
        return business_day(now_s(), timezone)

    def shown(
        typed: MultiDict[str, str] | None = None, status: int = 200, **more: object
    ) -> tuple[str, int]:
        known, day = withhold.schedules(), today()
        begun = next((one for one in known if one.first_day <= day), None)
        if typed is None:
            typed = typed_of(begun.schedule if begun else of_body(LABOUR_2019), currency)
        profiles = withhold.profiles()
        page = render_template(
            "payouts/tax.html", known=known, begun=begun, day=day, periods=PERIODS,
            rows_offered=partial(rows_offered, most=ROWS), typed=typed, percent=percent_text,
            profiles=profiles, months=withhold.months(), owed=balance("2510").posted,
            currency=currency,
            unknown=sorted({one.account for one in payees()} - {one.account for one in profiles}),
            **{"note": None, "tried": None} | more,
        )  # fmt: skip
        return page, status

    @pages.get("/payouts/tax")
    @needs(Permission.PAYOUTS_READ)
    def show() -> tuple[str, int]:
        return shown(note=session.pop("note", None))

    @pages.post("/payouts/tax")
    @needs(Permission.PAYOUTS_RELEASE)
    def change() -> tuple[str, int] | AnyResponse:
        form = request.form
        try:
            body = body_of(form, currency)
            if form.get("do") == "look":
                return shown(form, tried=_tried(withhold.schedule_in(body), currency))
            first = written.day(form.get("first", ""))
            made = withhold.set_schedule(first, body, actor(), now_s())
        except HubError as exc:
            return shown(form, exc.status, note=["bad", in_words(exc.detail, gettext)])
        said = gettext("%(name)s is in force from %(day)s.", name=made.name, day=form["first"])
        session["note"] = ["good", said]
        return redirect(url_for("tax.show"))

    @pages.post("/payouts/tax/payees")
    @needs(Permission.PAYOUTS_RELEASE)
    def whom() -> AnyResponse:
        account, kind = request.form.get("account", "").strip(), request.form.get("kind")
        with told(gettext("It is noted for %(account)s.", account=account)):
            withhold.set_profile(account, is_person=kind == "person", by=actor(), at_s=now_s())
        return redirect(url_for("tax.show"))

    _add_months(pages, currency)
    return pages


def _add_months(pages: Blueprint, currency: str) -> None:
    @pages.get("/payouts/tax/<int:month>")
    @needs(Permission.PAYOUTS_READ)
    def month(month: int) -> str:
        found = withhold.month_of_tax(month)
        return render_template("payouts/tax_month.html", found=found, currency=currency)

    @pages.get("/payouts/tax/<int:month>.csv")
    @needs(Permission.PAYOUTS_READ)
    def file(month: int) -> Response:
        made = withhold.as_csv(withhold.month_of_tax(month))
        return Response(
            made, content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="tax-{month}.csv"'},
        )  # fmt: skip


def _tried(schedule: Schedule, currency: str) -> TriedOut:
    amount = written.minor(request.form.get("amount", ""), currency)
    before = written.minor(request.form.get("before", "") or "0", currency)
    withheld = withheld_now(schedule, 0, 0, before) if before else 0
    return TriedOut(amount, before, withheld_now(schedule, before, withheld, amount))
