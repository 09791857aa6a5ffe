"""Reconciliation on pages: what differs and who resolves it, the bills, what no bill has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from central.errors import Conflict, HubError, RequestInvalid
from central.foundation.language.words import N_
from central.foundation.people.roles import Permission
from central.foundation.web.note import told
from central.foundation.web.permission import actor, needs
from central.money.ledger.rules import business_day
from central.money.reconciliation.files.layouts import load
from central.money.reconciliation.files.take import take_file
from central.money.reconciliation.link import candidates, link
from central.money.reconciliation.match import Kind
from central.money.reconciliation.model import BillKind, By
from central.money.reconciliation.overview import accounts, bills_taken, standings
from central.money.reconciliation.resolve import (
    Decision,
    DifferenceView,
    differences,
    match_everything,
    resolve,
)
from central.money.reconciliation.settle import settle, settlements
from central.money.reconciliation.unproven import Unproven, unproven

SHOWN = 200
BILLS_SHOWN = 60

KINDS = {
    Kind.NOT_IN_BOOKS: N_("not in our books"),
    Kind.AMOUNT: N_("another amount"),
    Kind.DUPLICATE: N_("there twice"),
    Kind.MISSING: N_("missing in the bill"),
}
BILL_KINDS = {
    BillKind.TRADE: N_("payments and refunds"),
    BillKind.FLOW: N_("movements"),
    BillKind.BANK: N_("bank"),
    BillKind.SUPPLIER: N_("supplier"),
}
AGES = (
    ("new", "quiet", N_("0–1 days")),
    ("week", "ask", N_("2–7 days")),
    ("old", "bad", N_("more than 7 days")),
)
"""Slug, look and words of how long a difference has been open."""


def age_class(days: int) -> str:
    """Return the slug of an age in days."""
    return "new" if days < 2 else "week" if days <= 7 else "old"


def blueprint(statements_file: Path, timezone: str, now_s: Callable[[], int]) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("reconciliation", __name__)

    def by() -> By:
        at_s = now_s()
        return By(at_s, business_day(at_s, timezone), actor())

    @pages.get("/reconciliation")
    @needs(Permission.SETTLEMENT_READ)
    def show() -> str:
        return render_template(
            "reconciliation/reconciliation.html",
            **_shown(now_s()),
            sources=_sources(statements_file),
            note=session.pop("note", None),
        )

    @pages.post("/reconciliation/match")
    @needs(Permission.SETTLEMENT_MANAGE)
    def match() -> Response:
        still_open = match_everything(by())
        session["note"] = ["good", gettext("Matched again: %(n)d differ.", n=still_open)]
        return redirect(url_for("reconciliation.show"))

    @pages.post("/reconciliation/file")
    @needs(Permission.SETTLEMENT_MANAGE)
    def upload() -> Response:
        with told(""):
            file = request.files.get("file")
            raw = file.read() if file else b""
            if not raw:
                raise RequestInvalid(N_("Choose a file that is not empty."))
            taken = take_file(load(statements_file), request.form.get("source", ""), raw, by())
            differing = sum(one.differing for one in taken)
            done = gettext(
                "%(days)d days, %(lines)d lines, %(proven)d proven, %(differing)d differ.",
                days=len(taken), lines=sum(one.lines for one in taken),
                proven=sum(one.proven for one in taken), differing=differing,
            )  # fmt: skip
        if session["note"][0] == "good":
            session["note"] = ["ask" if differing else "good", done]
        return redirect(url_for("reconciliation.show"))

    _decisions(pages, by)
    _settlement(pages, by)
    return pages


def _decisions(pages: Blueprint, by: Callable[[], By]) -> None:
    @pages.post("/reconciliation/<int:difference_id>/resolve")
    @needs(Permission.SETTLEMENT_MANAGE)
    def put_right(difference_id: int) -> Response:
        form = request.form
        with told(gettext("The difference is posted.")):
            decision = Decision(form.get("account", "").strip(), form.get("reason", ""))
            one = resolve(difference_id, decision, by())
            if one.state == "proven":
                raise Conflict(N_("The books have it by now; nothing was posted."))
        return redirect(url_for("reconciliation.show"))

    @pages.post("/reconciliation/<int:difference_id>/link")
    @needs(Permission.SETTLEMENT_MANAGE)
    def same(difference_id: int) -> Response:
        entry, reason = request.form.get("entry", ""), request.form.get("reason", "")
        with told(gettext("The line proves the entry.")):
            if not (entry.isascii() and entry.isdecimal() and len(entry) < 18):
                raise RequestInvalid(N_("Choose an entry."))
            link(difference_id, int(entry), reason, by())
        return redirect(url_for("reconciliation.show"))


def _settlement(pages: Blueprint, by: Callable[[], By]) -> None:
    @pages.get("/reconciliation/settlement/<channel>/<int:day>")
    @needs(Permission.SETTLEMENT_READ)
    def settlement(channel: str, day: int) -> str:
        return render_template(
            "reconciliation/settlement.html",
            parts=settlements(channel, day),
            channel=channel,
            day=day,
            note=session.pop("note", None),
        )

    @pages.post("/reconciliation/settlement/<channel>/<int:day>")
    @needs(Permission.SETTLEMENT_MANAGE)
    def post_settlement(channel: str, day: int) -> Response:
        with told(gettext("What the bills settle is posted.")):
            settle(channel, day, by())
        return redirect(url_for("reconciliation.settlement", channel=channel, day=day))


def _shown(at_s: int) -> dict[str, object]:
    everything = request.args.get("all") == "1"
    known = accounts()
    account = request.args.get("account") or None
    if account not in {None, *known}:
        account = None
    found = differences(all_of_them=everything, account=account, limit=SHOWN)
    open_ones = differences(account=account)
    return {
        "differences": found,
        "ages": Counter(age_class(one.age(at_s)) for one in open_ones),
        "age_of": lambda one: age_class(one.age(at_s)),
        "days_of": lambda one: one.age(at_s),
        "age_names": AGES,
        "candidates": candidates(found),
        "everything": everything,
        "accounts": known,
        "account": account,
        "standings": [one for one in standings() if account in {None, one.account}],
        "bills": bills_taken(account=account, limit=BILLS_SHOWN),
        "unproven": _not_listed(unproven(account, limit=SHOWN), open_ones),
        "shown": SHOWN,
        "bills_shown": BILLS_SHOWN,
        "kinds": KINDS,
        "bill_kinds": BILL_KINDS,
        "usual": {Kind.NOT_IN_BOOKS: "2010", Kind.AMOUNT: "5030"},
    }


def _not_listed(found: list[Unproven], listed: list[DifferenceView]) -> list[Unproven]:
    """Leave out entries that are listed as differences already."""
    missing = {one.entry_id for one in listed}
    return [one for one in found if one.entry not in missing]


def _sources(file: Path) -> list[str]:
    """Return what files may be taken of; settings that are wrong are told when one is."""
    try:
        return load(file).sources
    except HubError:
        return []
