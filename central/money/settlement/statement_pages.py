"""One statement on a page, one line of it down to its signed entry, and what a store says to it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from central.errors import RequestInvalid
from central.foundation.language.words import N_
from central.foundation.people.roles import Permission
from central.foundation.web.note import told
from central.foundation.web.permission import actor, needs
from central.money.settlement import store as books
from central.money.settlement.drill import drill
from central.money.settlement.export.content import rate_text, terms_text
from central.money.settlement.export.files import FORMATS, export
from central.money.settlement.fees.charge import NO_FEE, model_for
from central.money.settlement.on_page import locale, words_for_pages
from central.money.settlement.payable.release import is_answered, kept_back
from central.money.settlement.ports import Stores
from central.money.settlement.statements.answer import confirm, dispute, settle_dispute


def blueprint(stores: Stores, now_s: Callable[[], int]) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("statements", __name__)

    @pages.get("/settlement/<no>")
    @needs(Permission.SETTLEMENT_READ)
    def one(no: str) -> str:
        found = books.statement(no)
        shop = next(shop for shop in stores.shops() if shop.id == found.store)
        at_s = now_s()
        model = model_for(books.fee_models(found.store), found.day)
        return render_template(
            "settlement/statement.html",
            statement=found,
            lines=books.lines_of(no),
            disputes={dispute.n: dispute for dispute in books.disputes_of(no)},
            shop=shop,
            terms=terms_text(model, found.currency, locale()),
            kept_back_s=kept_back(stores, shop, no, at_s) if is_answered(found.state) else None,
            may_dispute=found.answer_until_s is not None and at_s <= found.answer_until_s,
            formats=FORMATS,
            note=session.pop("note", None),
            **words_for_pages(),
        )

    @pages.get("/settlement/<no>/lines/<int:n>")
    @needs(Permission.SETTLEMENT_READ)
    def line(no: str, n: int) -> str:
        return render_template(
            "settlement/line.html", view=drill(stores, no, n), rate=rate_text,
            is_free=lambda model: model == NO_FEE, **words_for_pages(),
        )  # fmt: skip

    @pages.get("/settlement/<no>/export/<ending>")
    @needs(Permission.SETTLEMENT_READ)
    def file(no: str, ending: str) -> Response:
        made = export(stores, no, ending, locale())
        return Response(
            made.content, content_type=made.content_type,
            headers={"Content-Disposition": f'attachment; filename="{made.name}"'},
        )  # fmt: skip

    @pages.post("/settlement/<no>/answer")
    @needs(Permission.SETTLEMENT_MANAGE)
    def answer(no: str) -> AnyResponse:
        if request.form.get("answer") == "confirm":
            with told(gettext("%(no)s is confirmed.", no=no)):
                confirm(no, actor(), now_s())
        else:
            with told(gettext("The dispute about %(no)s is noted.", no=no)):
                dispute(no, _numbers(), request.form.get("reason", ""), actor(), now_s())
        return redirect(url_for("statements.one", no=no))

    @pages.post("/settlement/<no>/lines/<int:n>/settle")
    @needs(Permission.SETTLEMENT_MANAGE)
    def settle(no: str, n: int) -> AnyResponse:
        with told(gettext("The dispute about line %(n)d is settled.", n=n)):
            settle_dispute(no, n, request.form.get("note", ""), actor(), now_s())
        return redirect(url_for("statements.one", no=no))

    return pages


def _numbers() -> list[int]:
    given = request.form.getlist("line")
    if not all(text.isascii() and text.isdecimal() and len(text) < 10 for text in given):
        raise RequestInvalid(N_("A line has a number."))
    return [int(text) for text in given]
