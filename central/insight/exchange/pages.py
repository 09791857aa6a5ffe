"""Calls and callbacks on a page, for whoever asks what a channel has said."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from central.foundation.language.words import N_
from central.foundation.people.roles import Permission
from central.foundation.web.permission import needs
from central.insight.exchange import read

NUMBER_CHARS = 64
STATES = {
    "sent": N_("sent, no answer yet"),
    "unknown": N_("no answer that can be relied on"),
    "refused": N_("refused"),
    "answered": N_("answered"),
}
LOOKS = {"sent": "ask", "unknown": "bad", "refused": "quiet", "answered": "good"}
MARKS = {"sent": "▲", "unknown": "■", "refused": "–", "answered": "●"}
OUTCOMES = {
    "": N_("taken in"),
    "woken": N_("taken in"),
    "unbound": N_("of no purchase that is known"),
    "other-number": N_("of another number"),
}


def blueprint() -> Blueprint:
    """Return the routes."""
    pages = Blueprint("exchange", __name__)

    @pages.get("/exchange")
    @needs(Permission.JOBS_READ)
    def show() -> str:
        number = request.args.get("number", "").strip()[:NUMBER_CHARS]
        chosen = request.args.get("state", "")
        state = chosen if chosen in STATES else ""
        calls, callbacks = read.calls(number, state), read.callbacks(number)
        numbers = {one.number for one in calls} | {one.number for one in callbacks}
        return render_template(
            "exchange/exchange.html", calls=calls, callbacks=callbacks, number=number,
            state=state, counts=read.counts(), call_states=STATES, call_looks=LOOKS,
            call_marks=MARKS, outcomes=OUTCOMES, most=read.SHOWN,
            about={one: read.about(one) for one in numbers},
        )  # fmt: skip

    return pages
