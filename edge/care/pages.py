"""The doctor on a page of the unit, for a supervisor; on a unit that is not enrolled, for whoever
sits at the machine itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from flask import Blueprint, render_template, request, session

from edge.devices.finding import Finding, Health, in_language, worst
from edge.errors import NotPermitted
from edge.redemption.pages import locale_of
from edge.web.session import For, allowed
from edge.web.words import N_, translate

LOOPBACK = {"127.0.0.1", "::1"}
LOOKS = {Health.GOOD: "good", Health.NONE: "quiet", Health.WARNING: "ask", Health.BAD: "bad"}
VERDICTS = {
    Health.GOOD: N_("Everything is well."),
    Health.WARNING: N_("It works, but something needs attention."),
    Health.BAD: N_("Something is broken."),
}


def blueprint(
    examine: Callable[[], Iterator[Finding]], default_locale: str, *, is_enrolled: bool
) -> Blueprint:
    """Return the page.

    Args:
        examine: Looks at everything anew; may take some seconds.
    """
    pages = Blueprint("care", __name__)
    # Looking costs a pass over the whole journal: one at a time, whoever asks.
    looking = threading.Lock()

    @pages.get("/doctor")
    @allowed(For.SUPERVISOR if is_enrolled else For.ANYBODY)
    def doctor() -> str:
        if not is_enrolled and request.remote_addr not in LOOPBACK:
            raise NotPermitted(N_("A unit that is not enrolled shows this on its own screen only."))
        locale = locale_of(default_locale)
        with looking:
            findings = list(examine())
        return render_template(
            "doctor.html",
            findings=[_told(finding, locale) for finding in findings],
            verdict=translate(locale, VERDICTS[worst(findings)]),
            look=LOOKS[worst(findings)],
            clerk=session.get("clerk"),
        )

    return pages


def _told(finding: Finding, locale: str) -> dict[str, str]:
    words = {
        name: in_language(locale, getattr(finding, name), translate)
        for name in ("name", "found", "what_to_do", "last_answer")
    }
    return words | {"look": LOOKS[finding.health], "profile": finding.profile}
