"""Settlement on pages: the list of statements, what is ready to pay, the watermark."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from central.errors import RequestInvalid
from central.foundation.language import written
from central.foundation.language.said import in_words
from central.foundation.language.words import N_
from central.foundation.people.roles import Permission
from central.foundation.web.note import told
from central.foundation.web.permission import actor, needs
from central.money.ledger.rules import business_day
from central.money.settlement import store as books
from central.money.settlement.model import State
from central.money.settlement.on_page import words_for_pages
from central.money.settlement.payable.net import netting, nettings, owed
from central.money.settlement.payable.owners import owners, set_owner
from central.money.settlement.payable.pay import figures
from central.money.settlement.payable.pay_out import ask_for_all
from central.money.settlement.payable.watermark import watermarks
from central.money.settlement.ports import Stores
from central.money.settlement.run import run

NETTINGS_SHOWN = 20


def blueprint(stores: Stores, timezone: str, now_s: Callable[[], int]) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("settlement", __name__)

    @pages.get("/settlement")
    @needs(Permission.SETTLEMENT_READ)
    def show() -> str:
        wanted = _wanted()
        at_s = now_s()
        return render_template(
            "settlement/settlement.html",
            statements=books.statements(wanted),
            wanted=wanted,
            shops={shop.id: shop for shop in stores.shops()},
            figures=figures(at_s),
            owners=owners(),
            owed=owed(),
            nettings=nettings(limit=NETTINGS_SHOWN),
            marks=watermarks(stores.journals(), at_s).values(),
            note=session.pop("note", None),
            **words_for_pages(),
        )

    @pages.post("/settlement/run")
    @needs(Permission.SETTLEMENT_MANAGE)
    def run_now() -> Response:
        done = run(stores, now_s(), actor())
        told_ = gettext(
            "%(issued)d issued, %(confirmed)d confirmed by silence, %(released)d payable now,"
            " %(paid)d paid.",
            issued=len(done.issued), confirmed=len(done.confirmed), released=len(done.released),
            paid=len(done.paid),
        )  # fmt: skip
        look = "bad" if done.problems else "good"
        session["note"] = [
            look,
            " ".join([told_, *(in_words(one, gettext) for one in done.problems)]),
        ]
        return redirect(url_for("settlement.show"))

    @pages.post("/settlement/pay")
    @needs(Permission.PAYOUTS_REQUEST)
    def pay() -> Response:
        at_s, remark = now_s(), request.form.get("remark", "").strip()
        if not 1 <= len(remark) <= 32:
            session["note"] = ["bad", gettext("Say in 1 to 32 characters what it is for.")]
            return redirect(url_for("settlement.show"))
        asked = ask_for_all(remark, at_s, day=business_day(at_s, timezone), actor=actor())
        told_ = gettext("%(n)d payouts were asked for.", n=len(asked.payouts))
        left = [f"{store}: {in_words(why, gettext)}" for store, why in asked.left]
        session["note"] = ["bad" if left else "good", " ".join([told_, *left])]
        return redirect(url_for("settlement.show"))

    @pages.post("/settlement/owners")
    @needs(Permission.SETTLEMENT_MANAGE)
    def own() -> Response:
        form = request.form
        with told(gettext("Whose the store is was noted.")):
            set_owner(
                stores, form.get("store", ""), form.get("owner", "").strip(), actor(), now_s()
            )
        return redirect(url_for("settlement.show"))

    @pages.get("/settlement/nettings/<no>")
    @needs(Permission.SETTLEMENT_READ)
    def netted(no: str) -> str:
        shops = {shop.id: shop for shop in stores.shops()}
        return render_template("settlement/netting.html", one=netting(no), shops=shops)

    @pages.get("/settlement/watermark")
    @needs(Permission.SETTLEMENT_READ)
    def watermark() -> str:
        at_s = now_s()
        return render_template(
            "settlement/watermark.html",
            marks=watermarks(stores.journals(), at_s).values(),
            shops={shop.id: shop for shop in stores.shops()},
            now_s=at_s,
            note=session.pop("note", None),
            **words_for_pages(),
        )

    return pages


def _wanted() -> books.Wanted:
    store, state, month = (request.args.get(name, "") for name in ("store", "state", "month"))
    if state and state not in set(State):
        raise RequestInvalid(N_("There is no such state of a statement."))
    return books.Wanted(
        store or None, State(state) if state else None, written.month(month) if month else None
    )
