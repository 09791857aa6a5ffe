"""Diversions on pages: the list, and one with all that is known of it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from central.foundation.people.roles import Permission
from central.foundation.web.note import told
from central.foundation.web.permission import actor, needs
from central.stores.diversions.overview import behind, diversions
from central.stores.redemptions.diversion import deal_with
from central.stores.vouchers.find import voucher_of
from central.supply.catalogue.products import catalogue
from edge.contract.ids import VoucherId


def blueprint(now_s: Callable[[], int]) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("diversions", __name__)

    @pages.get("/diversions")
    @needs(Permission.REDEMPTIONS_READ)
    def show() -> str:
        everything, agent = request.args.get("all") == "1", request.args.get("agent", "").strip()
        return render_template(
            "diversions/diversions.html", everything=everything, agent=agent,
            diversions=diversions(open_only=not everything, agent=agent),
            products=catalogue().products,
        )  # fmt: skip

    @pages.get("/diversions/<voucher>")
    @needs(Permission.REDEMPTIONS_READ)
    def one(voucher: str) -> str:
        return render_template(
            "diversions/diversion.html", behind=behind(VoucherId(voucher_of(voucher).id)),
            products=catalogue().products, note=session.pop("note", None),
        )  # fmt: skip

    @pages.post("/diversions/<voucher>/close")
    @needs(Permission.CASES_DECIDE)
    def close(voucher: str) -> Response:
        found = VoucherId(voucher_of(voucher).id)
        with told(gettext("It is dealt with.")):
            deal_with(found, request.form.get("said", ""), by=actor(), at_s=now_s())
        return redirect(url_for("diversions.one", voucher=voucher))

    return pages
