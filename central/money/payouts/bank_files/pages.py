"""Files for the bank: what the next one would hold, the bytes, and what the bank answered."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from central.errors import HubError, NotFound
from central.foundation.language.said import in_words
from central.foundation.language.words import N_
from central.foundation.people.roles import Permission
from central.foundation.web.note import told
from central.foundation.web.permission import actor, needs, takes
from central.money.channels.settings import BankFileSettings
from central.money.ledger.rules import business_day
from central.money.payouts.bank_files import answer, store
from central.money.payouts.bank_files.answer import ANSWER_BYTES_MAX, Taken
from central.money.payouts.bank_files.make import choose, fetch, make
from central.money.payouts.end import By
from central.money.payouts.pages import LOOKS, STATES

SHOWN = 200
EVENTS = {
    "made": N_("made"),
    "fetched": N_("fetched for the bank"),
    "answered": N_("the bank has answered"),
    "refused": N_("the bank has taken none of it"),
}


def blueprint(
    settings: BankFileSettings | None, timezone: str, now_s: Callable[[], int]
) -> Blueprint:
    """Return the routes.

    Args:
        settings: Which account of ours pays; None: no file can be made here.
    """
    pages = Blueprint("bank_files", __name__)

    def by() -> By:
        at_s = now_s()
        return By(actor(), at_s, business_day(at_s, timezone))

    @pages.get("/payouts/bank-files")
    @needs(Permission.PAYOUTS_READ)
    def show() -> str:
        chosen = choose(settings, now_s()) if settings else None
        return render_template(
            "payouts/bank_files.html", files=store.newest(SHOWN), chosen=chosen,
            note=session.pop("note", None),
        )  # fmt: skip

    @pages.post("/payouts/bank-files")
    @needs(Permission.PAYOUTS_RELEASE)
    def new() -> AnyResponse:
        who = by()
        try:
            made = make(settings, who.at_s, day=who.day, actor=who.who)
        except HubError as exc:
            session["note"] = ["bad", in_words(exc.detail or exc.title, gettext)]
            return redirect(url_for("bank_files.show"))
        session["note"] = ["good", gettext("The file is made. Fetch it, and give it to the bank.")]
        return redirect(url_for("bank_files.one", no=made.no))

    @pages.get("/payouts/bank-files/<no>")
    @needs(Permission.PAYOUTS_READ)
    def one(no: str) -> str:
        lines = store.lines_of(no)
        return render_template(
            "payouts/bank_file.html", file=store.get(no), lines=lines, story=store.story(no),
            open=sum(not line.payout.state.is_final for line in lines), events=EVENTS,
            state_names=STATES, payout_looks=LOOKS, me=actor(), note=session.pop("note", None),
        )  # fmt: skip

    _add_bank(pages, by)
    return pages


def _add_bank(pages: Blueprint, by: Callable[[], By]) -> None:
    """Add what goes to the bank and comes back from it."""

    @pages.post("/payouts/bank-files/<no>/fetch")
    @needs(Permission.PAYOUTS_RELEASE)
    def get_it(no: str) -> AnyResponse:
        try:
            made, content = fetch(no, by().at_s, actor=actor())
        except NotFound:
            raise
        except HubError as exc:
            session["note"] = ["bad", in_words(exc.detail, gettext)]
            return redirect(url_for("bank_files.one", no=no))
        response = Response(content, content_type="text/csv")
        response.headers.set("Content-Disposition", "attachment", filename=made.name)
        return response

    @pages.post("/payouts/bank-files/<no>/answer")
    @needs(Permission.PAYOUTS_RELEASE)
    @takes(ANSWER_BYTES_MAX + (64 << 10))
    def take(no: str) -> AnyResponse:
        file = request.files.get("file")
        try:
            session["note"] = _said(answer.take_answer(no, file.read() if file else b"", by()))
        except NotFound:
            raise
        except HubError as exc:
            session["note"] = ["bad", in_words(exc.detail or exc.title, gettext)]
        return redirect(url_for("bank_files.one", no=no))

    @pages.post("/payouts/bank-files/<no>/refuse")
    @needs(Permission.PAYOUTS_RELEASE)
    def refuse(no: str) -> AnyResponse:
        store.get(no)
        with told(gettext("The money of the whole file is back on the payees' accounts with us.")):
            answer.refuse(no, request.form.get("why", ""), by())
        return redirect(url_for("bank_files.one", no=no))


def _said(taken: Taken) -> list[str]:
    counted = gettext(
        "%(paid)d paid, %(failed)d failed, %(known)d known before, %(open)d without an end.",
        paid=taken.paid, failed=taken.failed, known=taken.known, open=taken.open,
    )  # fmt: skip
    if not taken.differ:
        return ["good", counted]
    differ = gettext(
        "The bank says something else than before of %(payouts)s. Nothing was changed there: open"
        " it, and say if its money came back.", payouts=", ".join(taken.differ),
    )  # fmt: skip
    return ["bad", f"{counted} {differ}"]
