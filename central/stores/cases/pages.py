"""Cases on pages: the list, one with both receipts side by side, and its decision."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from central.errors import RequestInvalid
from central.foundation.language.words import N_
from central.foundation.people.roles import Permission
from central.foundation.web.note import told
from central.foundation.web.permission import actor, needs
from central.stores.cases import words
from central.stores.cases.evidence import cases, evidence
from central.stores.redemptions.complete import accept_gap
from central.stores.redemptions.conflict import CaseOutcome, CaseState, Decision, close
from central.supply.catalogue.products import catalogue
from edge.contract.ids import UnitId


def blueprint(now_s: Callable[[], int]) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("cases", __name__)

    @pages.get("/cases")
    @needs(Permission.REDEMPTIONS_READ)
    def show() -> str:
        wanted = request.args.get("state", "")
        if wanted and wanted not in set(CaseState):
            raise RequestInvalid(N_("There is no such state of a case."))
        return render_template(
            "cases/cases.html", cases=cases(wanted or None), wanted=wanted, now_s=now_s(),
            products=catalogue().products, case_states=words.STATES, outcome_words=words.OUTCOMES,
        )  # fmt: skip

    @pages.get("/cases/<int:case_id>")
    @needs(Permission.REDEMPTIONS_READ)
    def one(case_id: int) -> str:
        return render_template(
            "cases/case.html",
            evidence=evidence(case_id),
            now_s=now_s(),
            products=catalogue().products,
            note=session.pop("note", None),
            case_states=words.STATES,
            outcome_words=words.OUTCOMES,
            consequences=words.CONSEQUENCES,
            questions=words.QUESTIONS,
            reasons=words.REASONS,
            ages=words.AGES,
            span=span,
        )

    @pages.post("/cases/<int:case_id>/close")
    @needs(Permission.CASES_DECIDE)
    def decide(case_id: int) -> Response:
        with told(gettext("The case is decided.")):
            close(case_id, _decision(), now_s())
        return redirect(url_for("cases.one", case_id=case_id))

    @pages.post("/units/<unit_id>/epochs/<int:epoch>/accept-gap")
    @needs(Permission.SETTLEMENT_MANAGE)
    def accept_lost(unit_id: str, epoch: int) -> Response:
        done = gettext("Nobody waits for the lost entries of %(unit)s any more.", unit=unit_id)
        with told(done):
            reason = request.form.get("reason", "")
            accept_gap(UnitId(unit_id), epoch, reason, actor(), now_s())
        return redirect(url_for("settlement.watermark"))

    return pages


def span(seconds: int) -> str:
    """Return a length of time in its two largest parts: ``1 d 3 h``, ``12 min``."""
    parts = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
    told = []
    for size, name in parts:
        count, seconds = divmod(seconds, size)
        if count:
            told.append(f"{count} {name}")
    return " ".join(told[:2]) or "0 s"


def _decision() -> Decision:
    form = request.form
    outcome = form.get("outcome", "")
    if outcome not in set(CaseOutcome):
        raise RequestInvalid(N_("Say who bears it."))
    return Decision(
        CaseOutcome(outcome), actor(), form.get("reason", ""), form.get("agent", "").strip()
    )
