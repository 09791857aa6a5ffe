"""Reconciliation on a page: what differs and who resolves it, and what no bill has."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from central.errors import Conflict
from central.foundation.people.roles import Permission
from central.foundation.web.note import told
from central.foundation.web.permission import actor, needs
from central.foundation.web.words import N_
from central.money.ledger.rules import business_day
from central.money.reconciliation.match import Kind
from central.money.reconciliation.resolve import Decision, differences, resolve
from central.money.reconciliation.unproven import unproven

SHOWN = 200

KINDS = {
    Kind.NOT_IN_BOOKS: N_("not in our books"),
    Kind.AMOUNT: N_("another amount"),
    Kind.DUPLICATE: N_("there twice"),
}


def blueprint(timezone: str, now_s: Callable[[], int]) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("reconciliation", __name__)

    @pages.get("/reconciliation")
    @needs(Permission.SETTLEMENT_READ)
    def show() -> str:
        everything = request.args.get("all") == "1"
        return render_template(
            "reconciliation/reconciliation.html",
            differences=differences(all_of_them=everything, limit=SHOWN),
            everything=everything,
            unproven=unproven(limit=SHOWN),
            shown=SHOWN,
            kinds=KINDS,
            note=session.pop("note", None),
        )

    @pages.post("/reconciliation/<int:difference_id>/resolve")
    @needs(Permission.SETTLEMENT_MANAGE)
    def put_right(difference_id: int) -> Response:
        at_s, form = now_s(), request.form
        with told(gettext("The difference is posted.")):
            decision = Decision(
                form.get("account", "").strip(), form.get("reason", ""),
                business_day(at_s, timezone), actor(),
            )  # fmt: skip
            one = resolve(difference_id, decision, at_s)
            if one.state == "proven":
                raise Conflict(N_("The books have it by now; nothing was posted."))
        return redirect(url_for("reconciliation.show"))

    return pages
