"""Jobs, messages that wait, and alerts on a page."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from central.foundation.jobs import outbox, schedule
from central.foundation.jobs.alerts import SUBJECTS, alerts, look_after
from central.foundation.jobs.schedule import Schedule
from central.foundation.language.said import in_words
from central.foundation.language.sayings import SAYINGS
from central.foundation.language.words import N_
from central.foundation.people.roles import Permission
from central.foundation.web.note import told
from central.foundation.web.permission import actor, needs

SHOWN = 100

KINDS = {
    schedule.FAILED: N_("A job failed"),
    outbox.DEAD: N_("A message cannot be delivered"),
    "proof": N_("The books do not agree"),
    "bill-differs": N_("A bill differs"),
    "conflict-late": N_("A double redemption is not decided"),
    "statement-disputed": N_("A store disputes its statement"),
    "payout-stands": N_("A payout stands still"),
    "payout-differs": N_("The bank says something else of a payout than before"),
    "entry-unproven": N_("Entries that no bill has"),
    "day-open": N_("A day is not closed"),
    "case-late": N_("A buyer waits for an answer"),
    "order-stuck": N_("An order needs a person"),
    "delivery-unshown": N_("A buyer cannot be shown what he has bought"),
    "order-held": N_("An order needs a person"),
    "refund-stuck": N_("A refund needs a person"),
    "payment-odd": N_("A payment needs a person"),
}
OUTCOMES = {
    "": N_("never ran"),
    "running": N_("runs"),
    "done": N_("done"),
    "failed": N_("failed"),
    "lost": N_("lost"),
}
LOOKS = {"": "quiet", "running": "quiet", "done": "good", "failed": "bad", "lost": "ask"}
MESSAGE_STATES = {
    "waiting": N_("waits"),
    "sending": N_("being delivered"),
    "sent": N_("delivered"),
    "dead": N_("given up"),
}
MESSAGE_LOOKS = {"waiting": "quiet", "sending": "quiet", "sent": "good", "dead": "bad"}


def blueprint(made: Schedule, now_s: Callable[[], int]) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("jobs", __name__)

    def back() -> Response:
        return redirect(url_for("jobs.show"))

    @pages.get("/jobs")
    @needs(Permission.JOBS_READ)
    def show() -> str:
        everything = request.args.get("all") == "1"
        return render_template(
            "jobs/jobs.html",
            alerts=alerts(all_of_them=everything, limit=SHOWN),
            everything=everything,
            jobs=[view for view in schedule.views() if view.name in made.jobs],
            titles={name: job.title for name, job in made.jobs.items()},
            counts=outbox.counts(),
            messages=outbox.messages(limit=SHOWN),
            shown=SHOWN,
            subjects={name: SAYINGS[slug] for name, slug in SUBJECTS.items()},
            alert_kinds=KINDS, run_outcomes=OUTCOMES, run_looks=LOOKS,
            message_states=MESSAGE_STATES, message_looks=MESSAGE_LOOKS,
            note=session.pop("note", None),
        )  # fmt: skip

    @pages.post("/jobs/alerts/<int:alert_id>/seen")
    @needs(Permission.JOBS_READ)
    def seen(alert_id: int) -> Response:
        with told(gettext("You have taken it on.")):
            look_after(alert_id, actor(), now_s())
        return back()

    @pages.post("/jobs/<name>/run")
    @needs(Permission.JOBS_MANAGE)
    def run(name: str) -> Response:
        report = None
        with told(""):
            report = made.run_now(name, actor())
        if report is not None:
            session["note"] = [
                "good" if report.is_good else "bad", in_words(report.said, gettext)
            ]  # fmt: skip
        return back()

    @pages.post("/jobs/<name>/<what>")
    @needs(Permission.JOBS_MANAGE)
    def pause(name: str, what: str) -> Response:
        rests = what == "pause"
        said = gettext("The job is paused.") if rests else gettext("The job is resumed.")
        with told(said):
            schedule.pause(name, is_paused=rests)
        return back()

    @pages.post("/jobs/messages/<int:message_id>/again")
    @needs(Permission.JOBS_MANAGE)
    def again(message_id: int) -> Response:
        with told(gettext("It is sent again.")):
            outbox.send_again(message_id, now_s())
        return back()

    return pages
