"""The buyer's side of after-sales, on his order's pages."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext
from flask_limiter import Limiter
from werkzeug.wrappers import Response

from central.errors import HubError, NotFound, RequestInvalid
from central.foundation.language.said import in_words
from central.foundation.language.words import N_
from central.foundation.pictures import BODY_BYTES_MAX
from central.foundation.web.permission import ANYBODY, needs, takes
from central.sale.after_sales import answer, ask
from central.sale.after_sales import store as cases
from central.sale.after_sales.model import CaseState, Reason, why_not
from central.sale.after_sales.words import for_pages
from central.sale.delivery.reveal import check_code
from central.sale.orders import store
from central.sale.orders.office import Office


def add_help(pages: Blueprint, office: Office, limiter: Limiter) -> None:
    """Add the routes to the shop's."""

    @pages.get("/o/<token>/help/<int:n>")
    @needs(ANYBODY)
    def help_with(token: str, n: int) -> str:
        return _page(token, n, office.now_s())

    @needs(ANYBODY)
    @takes(BODY_BYTES_MAX)
    def open_case(token: str, n: int) -> Any:
        order = store.by_token(token)
        picture = request.files.get("picture")
        chosen = request.form.get("reason", "")
        try:
            check_code(order, request.form.get("code", ""), office.now_s())
            if chosen not in set(Reason):
                raise RequestInvalid(N_("Choose what is wrong."))
            shown = ask.drawn(picture.read() if picture else b"")
            said = ask.Said(request.form.get("said", ""), shown)
            known = [c for c in cases.of_order(order.id) if c.unit.endswith(f"-{n}")]
            if known and known[0].state is CaseState.OPEN:
                ask.add_evidence(known[0].id, said, "buyer", office)
            else:
                ask.open_case(order.id, n, Reason(chosen), said, "buyer", office)
        except NotFound:
            raise
        except HubError as exc:
            return _page(
                token, n, office.now_s(), in_words(exc.detail or exc.title, gettext)
            ), exc.status
        session["note"] = ["good", gettext("We have it. You find the answer on this page.")]
        return redirect(url_for("shop.help_with", token=token, n=n))

    pages.add_url_rule(
        "/o/<token>/help/<int:n>", "open_case",
        limiter.limit("6 per minute; 30 per hour")(open_case), methods=["POST"],
    )  # fmt: skip

    @pages.post("/o/<token>/help/<int:n>/withdraw")
    @needs(ANYBODY)
    def withdraw(token: str, n: int) -> Response:
        order = store.by_token(token)
        for case in cases.of_order(order.id):
            if case.unit.endswith(f"-{n}") and case.state is CaseState.OPEN:
                answer.withdraw(case.id, office)
        return redirect(url_for("shop.help_with", token=token, n=n))


def _page(token: str, n: int, at_s: int, error: str = "") -> str:
    order = store.by_token(token)
    unit = next((one for one in store.units(order.id) if one.n == n), None)
    if unit is None:
        raise NotFound(N_("There is no such order."))
    seen, paid_at_s = store.was_seen(unit), order.paid_at_s
    refused = {
        reason: why_not(reason, unit, at_s, was_seen=seen, paid_at_s=paid_at_s)
        for reason in Reason
    }  # fmt: skip
    may_say = [reason for reason, why in refused.items() if not why]
    mine = [case for case in cases.of_order(order.id) if case.unit == unit.id]
    return render_template(
        "shop/help.html", order=order, token=token, unit=unit, cases=mine,
        may_say=may_say, why=refused[Reason.NOT_ARRIVED], typed=request.form if error else {},
        open=mine[0] if mine and mine[0].state is CaseState.OPEN else None,
        note=["bad", error] if error else session.pop("note", None), **for_pages(),
    )  # fmt: skip
