"""Cases for headquarters: by when they must be answered, one with all it shows, and the answers."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from central.errors import HubError, RequestInvalid
from central.foundation.people.roles import Permission
from central.foundation.web.permission import actor, needs
from central.sale.after_sales import answer, ask, store
from central.sale.after_sales.model import CaseState
from central.sale.after_sales.words import for_pages
from central.sale.orders import store as orders
from central.sale.orders.office import Office

SHOWN = 200


def blueprint(office: Office) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("after_sales", __name__)

    @pages.get("/after-sales")
    @needs(Permission.ORDERS_READ)
    def show() -> str:
        chosen = request.args.get("state", "open")
        state = CaseState(chosen) if chosen in set(CaseState) else None
        return render_template(
            "after_sales/cases.html", cases=store.newest(SHOWN, state), counts=store.counts(),
            chosen=chosen, now_s=office.now_s(), shown=SHOWN, **for_pages(),
        )  # fmt: skip

    @pages.get("/after-sales/<int:case_id>")
    @needs(Permission.ORDERS_READ)
    def one(case_id: int) -> str:
        case = store.get(case_id)
        return render_template(
            "after_sales/case.html", case=case, evidence=store.evidence(case_id),
            order=orders.get(case.order), unit=orders.unit(case.unit),
            note=session.pop("note", None), **for_pages(),
        )  # fmt: skip

    @pages.get("/after-sales/<int:case_id>/pictures/<int:evidence_id>")
    @needs(Permission.AFTER_SALES_MANAGE)
    def picture(case_id: int, evidence_id: int) -> Response:
        kind, content = ask.picture(case_id, evidence_id, office)
        return Response(content, content_type=kind, headers={"Content-Disposition": "inline"})

    @pages.post("/after-sales/<int:case_id>/<what>")
    @needs(Permission.AFTER_SALES_MANAGE)
    def decide(case_id: int, what: str) -> Response:
        try:
            session["note"] = ["good", _decide(case_id, what, office)]
        except HubError as exc:
            session["note"] = ["bad", gettext(exc.detail or exc.title)]
        return redirect(url_for("after_sales.one", case_id=case_id))

    return pages


def _decide(case_id: int, what: str, office: Office) -> str:
    said, who = request.form.get("answer", ""), actor()
    account = request.form.get("account", "").strip()
    acts: dict[str, tuple[Callable[[], object], str]] = {
        "replace": (
            lambda: answer.replace(case_id, said, who, office), gettext("It is replaced."),
        ),
        "refund": (
            lambda: answer.give_back(case_id, said, who, office),
            gettext("The money is on its way back."),
        ),
        "reject": (
            lambda: answer.reject(case_id, said, who, office), gettext("The case is closed."),
        ),
        "claim": (lambda: answer.claim(case_id, who, office), gettext("The claim is noted.")),
        "claim-accepted": (
            lambda: answer.claim_answered(case_id, account, who, office),
            gettext("It is posted."),
        ),
        "claim-denied": (
            lambda: answer.claim_answered(case_id, None, who, office), gettext("It is noted."),
        ),
        "say": (
            lambda: ask.add_evidence(case_id, ask.Said(said), who, office), gettext("It is noted."),
        ),
    }  # fmt: skip
    if what not in acts:
        raise RequestInvalid("A case is replaced, refunded, refused or claimed.")
    work, done = acts[what]
    work()
    return str(done)
