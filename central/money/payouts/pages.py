"""The queue of payouts: for each, where its money is now and why; and what a person may do."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from central.errors import HubError, RequestInvalid
from central.foundation.people.roles import Permission
from central.foundation.web.permission import needs
from central.foundation.web.words import N_
from central.money.ledger.rules import business_day
from central.money.payouts import release, store
from central.money.payouts.model import Limits, State
from central.money.payouts.request import request_all
from edge.contract.money import parse_decimal

SHOWN = 200

STATES = {
    State.WAITING: N_("waits for a second person"),
    State.READY: N_("about to be sent"),
    State.SENT: N_("sent, no word yet"),
    State.CONFIRMING: N_("waits for the payee"),
    State.CANCELLING: N_("being stopped"),
    State.PARKED: N_("needs a person"),
    State.PAID: N_("paid"),
    State.FAILED: N_("failed"),
    State.CANCELLED: N_("cancelled"),
}
WHERE = {
    State.WAITING: N_("On our books, held for the payee. Somebody else has to release it."),
    State.READY: N_("On our books, held for the payee. Nothing has been sent."),
    State.SENT: N_("Still held. The channel was asked and has not said what became of it."),
    State.CONFIRMING: N_("At the channel. The payee has to confirm it in his app."),
    State.CANCELLING: N_("At the channel, which was asked to stop it. It may still be paid."),
    State.PARKED: N_("Still held. Look it up at the channel under its number; then go on."),
    State.PAID: N_("With the payee."),
    State.FAILED: N_("Back on the payee's account with us."),
    State.CANCELLED: N_("Back on the payee's account with us."),
}
EVENTS = {
    "requested": N_("asked for"),
    "released": N_("released"),
    "refused": N_("given back"),
    "sending": N_("handed to the channel"),
    "no-end-yet": N_("no end yet"),
    "waits-for-payee": N_("the payee has to confirm"),
    "stop-asked": N_("to be stopped"),
    "paid": N_("paid"),
    "failed": N_("the channel refused"),
    "cancelled": N_("cancelled"),
    "parked": N_("set aside for a person"),
    "resumed": N_("taken up again"),
}
LOOKS = {
    State.WAITING: "ask", State.READY: "quiet", State.SENT: "quiet", State.CONFIRMING: "quiet",
    State.CANCELLING: "ask", State.PARKED: "bad", State.PAID: "good", State.FAILED: "bad",
    State.CANCELLED: "quiet",
}  # fmt: skip


def blueprint(currency: str, timezone: str, now_s: Callable[[], int]) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("payouts", __name__)
    words = {"state_names": STATES, "where": WHERE, "events": EVENTS, "payout_looks": LOOKS}

    def done(no: str, work: Callable[[], object], said: str) -> Response:
        """Do what a person has asked for, and go back to where he was."""
        try:
            work()
            session["note"] = ["good", said]
        except HubError as exc:
            session["note"] = ["bad", exc.detail]
        return redirect(url_for("payouts.one", no=no) if no else url_for("payouts.show"))

    @pages.get("/payouts")
    @needs(Permission.PAYOUTS_READ)
    def show() -> str:
        chosen = request.args.get("state", "")
        states = frozenset({State(chosen)}) if chosen in list(State) else frozenset()
        return render_template(
            "payouts/payouts.html", payouts=store.newest(SHOWN, states), counts=store.counts(),
            chosen=chosen, limits=store.limits(), note=session.pop("note", None), **words,
        )  # fmt: skip

    @pages.get("/payouts/<no>")
    @needs(Permission.PAYOUTS_READ)
    def one(no: str) -> str:
        return render_template(
            "payouts/payout.html", payout=store.get(no), story=store.story(no),
            note=session.pop("note", None), **words,
        )  # fmt: skip

    @pages.post("/payouts/batch")
    @needs(Permission.PAYOUTS_REQUEST)
    def batch() -> Response:
        at_s, remark = now_s(), request.form.get("remark", "").strip()
        day = business_day(at_s, timezone)

        def work() -> None:
            if not 1 <= len(remark) <= 32:
                raise RequestInvalid(gettext("Say in 1 to 32 characters what it is for."))
            request_all(
                "2110", remark, at_s, day=day, actor=current_user.name, currency=currency
            )  # fmt: skip

        return done("", work, gettext("All agents' available commissions were asked for."))

    @pages.post("/payouts/limits")
    @needs(Permission.PAYOUTS_RELEASE)
    def limits() -> Response:
        return done("", lambda: _set_limits(currency, now_s()), gettext("The limits are in force."))

    @pages.post("/payouts/<no>/<what>")
    @needs(Permission.PAYOUTS_RELEASE)
    def decide(no: str, what: str) -> Response:
        at_s = now_s()
        work, said = _decision(no, what, at_s, business_day(at_s, timezone))
        return done(no, work, said)

    return pages


def _decision(no: str, what: str, at_s: int, day: int) -> tuple[Callable[[], object], str]:
    """Return what a button does, and what is said once it is done."""
    who, why = current_user.name, request.form.get("why", "").strip()
    match what:
        case "release":
            return lambda: release.release(no, at_s, who), gettext("It is released.")
        case "refuse":
            said = gettext("The money is back on the payee's account with us.")
            return lambda: release.refuse(no, at_s, who, _said(why), day=day), said
        case "stop":
            return lambda: release.ask_to_stop(no, at_s, who), gettext("It is being stopped.")
        case "resume":
            return lambda: release.resume(no, at_s, who, _said(why)), gettext("It goes on.")
    raise RequestInvalid("A payout is released, refused, stopped or resumed.")


def _said(why: str) -> str:
    if not 1 <= len(why) <= 200:
        raise RequestInvalid(gettext("Say why, in 1 to 200 characters."))
    return why


def _set_limits(currency: str, at_s: int) -> None:
    def minor(name: str) -> int:
        try:
            return parse_decimal(request.form.get(name, ""), currency).minor
        except ValueError as exc:
            raise RequestInvalid(gettext("An amount is written 1000.00.")) from exc

    wanted = Limits(
        is_stopped=request.form.get("is_stopped") == "yes",
        two_person_above=minor("two_person_above"),
        payee_per_day=minor("payee_per_day"),
        per_hour=minor("per_hour"),
        least=minor("least"),
    )
    release.set_limits(wanted, at_s, current_user.name)
