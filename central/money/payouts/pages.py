"""The queue of payouts: for each, where its money is now and why; and what a person may do."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from central.errors import HubError, RequestInvalid
from central.foundation.language.said import in_words
from central.foundation.language.words import N_
from central.foundation.masked import masked
from central.foundation.people.roles import Permission
from central.foundation.web.permission import actor, needs
from central.money.channels.bank_file import CHANNEL as BANK_FILE
from central.money.ledger.rules import business_day
from central.money.payouts import release, store
from central.money.payouts.model import Limits, State
from central.money.payouts.payees import changes_of, is_barred
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
    "put-in-file": N_("put into a file for the bank"),
    "came-back": N_("the bank has sent the money back"),
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


WITHOUT_CHANNEL = N_(
    "On our books, held for the payee. Its channel is not connected: nothing is sent until it is,"
    " or somebody gives the money back."
)
OF_A_BARRED_AGENT = N_(
    "On our books, held for the payee. He is suspended or terminated: nothing is sent."
)
FOR_THE_BANK = N_(
    "On our books, held for the payee. It goes to the bank with the next file that is made."
)
AT_THE_BANK = N_("Still held. It stands in a file for the bank, which has not answered.")
NEVER_SENT = N_("On our books, held for the payee. It was set aside, and no channel was asked.")


def blueprint(
    currency: str, timezone: str, channels: Collection[str], now_s: Callable[[], int]
) -> Blueprint:
    """Return the routes.

    Args:
        channels: Which channels pay out here.
    """
    pages = Blueprint("payouts", __name__)
    words = {
        "state_names": STATES,
        "where": partial(_where, channels),
        "events": EVENTS,
        "payout_looks": LOOKS,
    }

    @pages.get("/payouts")
    @needs(Permission.PAYOUTS_READ)
    def show() -> str:
        chosen = request.args.get("state", "")
        states = frozenset({State(chosen)}) if chosen in list(State) else frozenset()
        return render_template(
            "payouts/payouts.html", payouts=store.newest(SHOWN, states), counts=store.counts(),
            chosen=chosen, limits=store.limits(), proposed=store.proposed(),
            stopped=store.stopped(), me=actor(), note=session.pop("note", None), **words,
        )  # fmt: skip

    @pages.get("/payouts/<no>")
    @needs(Permission.PAYOUTS_READ)
    def one(no: str) -> str:
        return render_template(
            "payouts/payout.html", payout=store.get(no), story=store.story(no),
            never_sent=release.was_never_sent(store.get(no)), masked=masked,
            file=store.bank_file_of(no),
            changes=changes_of(store.get(no).account), note=session.pop("note", None), **words,
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

        return _done("", work, gettext("All agents' available commissions were asked for."))

    @pages.post("/payouts/<no>/<what>")
    @needs(Permission.PAYOUTS_RELEASE)
    def decide(no: str, what: str) -> Response:
        at_s = now_s()
        work, said = _decision(no, what, at_s, business_day(at_s, timezone))
        return _done(no, work, said)

    _add_limits(pages, currency, now_s)
    return pages


def _add_limits(pages: Blueprint, currency: str, now_s: Callable[[], int]) -> None:
    @pages.post("/payouts/limits")
    @needs(Permission.PAYOUTS_RELEASE)
    def limits() -> Response:
        said = {
            True: gettext("The limits are in force."),
            False: gettext("More goes out once a second person puts the same in force."),
        }
        return _done("", lambda: said[_set_limits(currency, now_s())], "")

    @pages.post("/payouts/<any(stop, go_on):turn>")
    @needs(Permission.PAYOUTS_RELEASE)
    def switch(turn: str) -> Response:
        why = request.form.get("why", "")
        if turn == "stop":
            said = gettext("Payouts are stopped.")
            return _done("", lambda: release.stop_all(now_s(), actor(), why), said)
        said = gettext("Payouts go out again.")
        return _done("", lambda: release.go_on(now_s(), actor(), why), said)


def _done(no: str, work: Callable[[], object], said: str) -> Response:
    """Do what a person has asked for, and go back to where he was."""
    try:
        told = work()
        session["note"] = ["good", told if isinstance(told, str) else said]
    except HubError as exc:
        session["note"] = ["bad", in_words(exc.detail, gettext)]
    return redirect(url_for("payouts.one", no=no) if no else url_for("payouts.show"))


def _where(channels: Collection[str], payout: store.Payout) -> str:
    """Return where the money of a payout is, and what it waits for."""
    if payout.state is State.READY and payout.channel not in channels:
        return WITHOUT_CHANNEL
    if payout.state is State.READY and is_barred(payout.account):
        return OF_A_BARRED_AGENT
    if payout.channel == BANK_FILE and payout.state in {State.READY, State.SENT}:
        return FOR_THE_BANK if payout.state is State.READY else AT_THE_BANK
    return NEVER_SENT if release.was_never_sent(payout) else WHERE[payout.state]


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
        case "came_back":
            said = gettext("The money is back on the payee's account with us.")
            return lambda: release.came_back(no, at_s, who, why, day=day), said
    raise RequestInvalid(N_("A payout is released, refused, stopped, resumed or back."))


def _said(why: str) -> str:
    if not 1 <= len(why) <= 200:
        raise RequestInvalid(gettext("Say why, in 1 to 200 characters."))
    return why


def _set_limits(currency: str, at_s: int) -> bool:
    def minor(name: str) -> int:
        try:
            return parse_decimal(request.form.get(name, ""), currency).minor
        except ValueError as exc:
            raise RequestInvalid(gettext("An amount is written 1000.00.")) from exc

    wanted = Limits(
        is_stopped=store.limits().is_stopped,
        two_person_above=minor("two_person_above"),
        payee_per_day=minor("payee_per_day"),
        per_hour=minor("per_hour"),
        least=minor("least"),
    )
    return release.set_limits(wanted, at_s, actor())
