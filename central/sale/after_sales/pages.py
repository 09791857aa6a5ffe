"""Cases for headquarters: by when they must be answered, one with all it shows, and the answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from central.errors import HubError, RequestInvalid
from central.foundation.language.said import in_words
from central.foundation.language.words import N_
from central.foundation.people.roles import Permission
from central.foundation.pictures import BODY_BYTES_MAX
from central.foundation.web.permission import actor, is_allowed, needs, takes
from central.sale.after_sales import answer, ask, store
from central.sale.after_sales.model import Case, CaseState, Evidence, Reason
from central.sale.after_sales.words import for_pages
from central.sale.orders import store as orders
from central.sale.orders.model import OrderId
from central.sale.orders.office import Office
from central.sale.orders.pages import page_of
from edge.contract.money import parse_decimal

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
        return _case_page(case_id, session.pop("note", None), office)

    @pages.get("/after-sales/<int:case_id>/pictures/<int:evidence_id>")
    @needs(Permission.AFTER_SALES_MANAGE)
    def picture(case_id: int, evidence_id: int) -> Response:
        kind, content = ask.picture(case_id, evidence_id, office)
        return Response(content, content_type=kind, headers={"Content-Disposition": "inline"})

    @pages.post("/after-sales/orders/<order_id>")
    @needs(Permission.AFTER_SALES_MANAGE)
    @takes(BODY_BYTES_MAX)
    def open_for(order_id: str) -> Any:
        order = orders.get(order_id)
        try:
            opened = _open(order.id, office)
        except HubError as exc:
            note = ["bad", in_words(exc.detail or exc.title, gettext)]
            return page_of(order_id, office, note, of_order(order_id, request.form)), exc.status
        session["note"] = ["good", gettext("Cases opened: %(n)d", n=len(opened))]
        if len(opened) == 1:
            return redirect(url_for("after_sales.one", case_id=opened[0].id))
        return redirect(url_for("orders.one", order_id=order_id))

    @pages.post("/after-sales/<int:case_id>/<what>")
    @needs(Permission.AFTER_SALES_MANAGE)
    @takes(BODY_BYTES_MAX)
    def decide(case_id: int, what: str) -> Any:
        try:
            session["note"] = ["good", _decide(case_id, what, office)]
        except HubError as exc:
            said = in_words(exc.detail or exc.title, gettext)
            return _case_page(case_id, ["bad", said], office), exc.status
        return redirect(url_for("after_sales.one", case_id=case_id))

    return pages


def _evidence(case: Case, office: Office) -> list[Evidence]:
    if is_allowed(Permission.ORDERS_PRIVATE):
        return store.evidence(case.id)
    return ask.shown_to_all(case, office)


def _case_page(case_id: int, note: list[str] | None, office: Office) -> str:
    case = store.get(case_id)
    return render_template(
        "after_sales/case.html", case=case, evidence=_evidence(case, office),
        order=orders.get(case.order), unit=orders.unit(case.unit), note=note,
        claimable=answer.claimable(case) if case.reason is not Reason.CHANGED_MIND else None,
        typed=request.form, **for_pages(),
    )  # fmt: skip


def _open(order_id: OrderId, office: Office) -> list[Case]:
    reason = request.form.get("reason", "")
    if reason not in set(Reason):
        raise RequestInvalid(N_("Choose what is wrong."))
    numbers = [int(n) for n in request.form.getlist("n") if n.isascii() and n.isdecimal()]
    said = ask.Said(request.form.get("said", ""), ask.drawn(_picture()))
    return ask.open_cases(order_id, numbers, Reason(reason), said, actor(), office)


def _picture() -> bytes:
    file = request.files.get("picture")
    return file.read() if file else b""


def _amount(case_id: int) -> int | None:
    """Return how much of the price is to go back, minor units; None for all of it."""
    text = request.form.get("amount", "").strip()
    if not text:
        return None
    try:
        return parse_decimal(text, orders.get(store.get(case_id).order).price.currency).minor
    except ValueError as exc:
        raise RequestInvalid(N_("An amount is a number such as 50.00.")) from exc


def _decide(case_id: int, what: str, office: Office) -> str:
    said, who = request.form.get("answer", ""), actor()
    account = request.form.get("account", "").strip()
    acts: dict[str, tuple[Callable[[], object], str]] = {
        "replace": (
            lambda: answer.replace(case_id, said, who, office), gettext("It is replaced."),
        ),
        "refund": (
            lambda: answer.give_back(case_id, said, who, office, _amount(case_id)),
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
            lambda: ask.add_evidence(
                case_id, ask.Said(said, ask.drawn(_picture())), who, office
            ),
            gettext("It is noted."),
        ),
    }  # fmt: skip
    if what not in acts:
        raise RequestInvalid(N_("A case is replaced, refunded, refused or claimed."))
    work, done = acts[what]
    work()
    return str(done)


def of_order(order_id: str, typed: MultiDict[str, str] | None = None) -> dict[str, Any]:
    """Return what headquarters' page of an order shows of its cases.

    Args:
        typed: The form that was not taken.
    """
    return {"cases": store.of_order(order_id), "typed": typed or MultiDict(), **for_pages()}
