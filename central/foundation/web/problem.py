"""The one place that turns errors into problem details (RFC 9457), or into a page for a person."""

from __future__ import annotations

import logging
import secrets
from dataclasses import replace

from flask import Blueprint, Flask, Response, render_template, request
from flask_babel import gettext
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge

from central.errors import HubError, NotFound
from central.foundation.language.said import Say, data_of, in_words
from central.foundation.language.words import N_
from central.foundation.web.advice import ADVICE, AGAIN
from central.foundation.web.permission import ANYBODY, needs
from edge.contract.problem import CONTENT_TYPE, Problem
from edge.contract.signed import MESSAGE_SLUGS, MessageInvalid

log = logging.getLogger(__name__)

MESSAGE_TITLE = "The message cannot be believed"
# Problems that no HubError stands for. What to do about each stands in advice.py.
TITLES = {
    "bad-request": "The request cannot be understood",
    "not-found": "There is no such thing here",
    "method-not-allowed": "This cannot be done here",
    "request-too-large": "The request is too large",
    "unsupported-media-type": "The body is of a type that is not taken",
    "too-many-tries": "Too many tries; wait",
    "internal": "Something went wrong inside the hub",
}
OF_STATUS = {
    400: "bad-request",
    404: "not-found",
    405: "method-not-allowed",
    413: "request-too-large",
    415: "unsupported-media-type",
    429: "too-many-tries",
}


def problem_response(problem: Problem) -> Response:
    """Return the response of a problem: a page if a browser asks, JSON otherwise."""
    if _wants_page():
        detail = in_words(problem.detail, gettext)
        page = render_template(
            "problem.html", title=gettext(problem.title), detail=detail, instance=problem.instance
        )
        response = Response(page, problem.status, content_type="text/html; charset=utf-8")
    else:
        told = _told(problem)
        response = Response(told.to_json(), problem.status, content_type=CONTENT_TYPE)
    retry = problem.extra.get("retry_after_s")
    if isinstance(retry, int):
        response.headers["Retry-After"] = str(retry)
    if problem.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def say() -> Say:
    """Return what speaks a program's language: English, unless it names another it takes."""
    return gettext if request.accept_languages else str


def _told(problem: Problem) -> Problem:
    """Return a problem in the program's language, with the slug and values of its sentence."""
    extra = dict(problem.extra)
    if (said := data_of(problem.detail)) is not None:
        extra["said"] = said
    title, detail = say()(problem.title), in_words(problem.detail, say())
    return replace(problem, title=title, detail=detail, extra=extra)


def register_problems(app: Flask) -> None:
    """Answer every error of the app; an unknown one tells nothing inside."""

    @app.errorhandler(HubError)
    def of_hub(error: HubError) -> Response:
        return problem_response(error.problem())

    @app.errorhandler(MessageInvalid)
    def of_message(error: MessageInvalid) -> Response:
        return problem_response(Problem(error.slug, 400, MESSAGE_TITLE, str(error)))

    @app.errorhandler(HTTPException)
    def of_http(error: HTTPException) -> Response:
        status = error.code or 500
        slug = OF_STATUS.get(status, "bad-request" if status < 500 else "internal")
        problem = Problem(slug, status, TITLES[slug])
        if isinstance(error, RequestEntityTooLarge):
            problem = too_large()
        response = problem_response(problem)
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods))  # RFC 9110 §15.5.6
        return response

    @app.errorhandler(Exception)
    def of_anything(error: Exception) -> Response:
        instance = f"urn:uuid:{secrets.token_hex(16)}"
        log.error("%s: unexpected error in %s", instance, request.endpoint, exc_info=error)
        return problem_response(Problem("internal", 500, TITLES["internal"], instance=instance))


def too_large() -> Problem:
    """Return the problem of a body that is larger than its address takes, and how much that is."""
    limit = request.max_content_length or 0
    # A person reads of the file that he has chosen, not of the form around it.
    detail = gettext("At most %(n)d MiB may be sent here.", n=limit >> 20)
    slug = "request-too-large"
    return Problem(slug, 413, TITLES[slug], detail, extra={"limit_bytes": limit})


def validation_problem(error: ValidationError) -> Response:
    """Return the problem of a body that does not suit its schema. Never repeats what was sent."""
    faults = [
        {"where": "/".join(map(str, e["loc"])), "what": e["msg"]}
        for e in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    problem = Problem(
        "request-invalid", 422, "The request cannot be understood", extra={"errors": faults}
    )
    return Response(problem.to_json(), 422, content_type=CONTENT_TYPE)


def titles() -> dict[str, str]:
    """Return the title of every slug that the hub may answer with."""

    def below(kind: type[HubError]) -> dict[str, str]:
        found = {kind.slug: kind.title}
        for sub in kind.__subclasses__():
            found |= below(sub)
        return found

    return below(HubError) | TITLES | dict.fromkeys(MESSAGE_SLUGS, MESSAGE_TITLE)


def blueprint() -> Blueprint:
    """Return the page of each problem: ``type`` of a problem document leads to it."""
    pages = Blueprint("problems", __name__)

    @pages.get("/problems/<slug>")
    @needs(ANYBODY)
    def show(slug: str) -> str:
        known = titles()
        if slug not in known:
            raise NotFound(N_("There is no such problem."))
        advice = ADVICE[slug]
        again = AGAIN[advice.again]
        return render_template(
            "advice.html", slug=slug, title=known[slug], advice=advice, again=again
        )

    return pages


def _wants_page() -> bool:
    best = request.accept_mimetypes.best_match(["application/json", "text/html"])
    path = request.path
    return best == "text/html" and not path.startswith(("/v1/", "/edge/"))
