"""The one place that turns errors into problem details (RFC 9457)."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, render_template, request, session
from werkzeug.exceptions import HTTPException

from edge.contract.problem import CONTENT_TYPE, Problem
from edge.errors import EdgeError, NotPermitted
from edge.web.advice import ADVICE
from edge.web.words import N_, best_locale, translate

log = logging.getLogger(__name__)

# Problems that no EdgeError stands for. What to do about each stands in advice.py.
VOUCHER_REFUSED = "voucher-refused"
TITLES: Mapping[str, str] = {
    VOUCHER_REFUSED: N_("The voucher was not accepted"),
    "internal": N_("Something went wrong inside the unit"),
    "bad-request": N_("The request cannot be understood"),
    "not-found": N_("There is no such thing here"),
    "method-not-allowed": N_("This cannot be done here"),
    "request-too-large": N_("The request is too large"),
    "unsupported-media-type": N_("The body is of a type that is not taken"),
}
OF_STATUS = {
    400: "bad-request",
    404: "not-found",
    405: "method-not-allowed",
    413: "request-too-large",
    415: "unsupported-media-type",
}


def problem_response(problem: Problem, locale: str) -> Response:
    """Return the problem as JSON, its sentences in the language of the caller."""
    told = Problem(
        problem.slug,
        problem.status,
        translate(locale, problem.title),
        translate(locale, problem.detail),
        problem.instance,
        problem.extra,
    )
    return _with_headers(
        Response(told.to_json(), problem.status, content_type=CONTENT_TYPE), problem, locale
    )


def problem_page(problem: Problem, locale: str) -> Response:
    """Return the problem as a page for a person, with what to do about it."""
    page = render_template("error.html", problem=problem, advice=ADVICE[problem.slug])
    return _with_headers(
        Response(page, problem.status, content_type="text/html; charset=utf-8"), problem, locale
    )


def _with_headers(response: Response, problem: Problem, locale: str) -> Response:
    response.headers["Content-Language"] = locale
    if isinstance(problem.extra.get("retry_after_s"), int):
        response.headers["Retry-After"] = str(problem.extra["retry_after_s"])
    if problem.status == NotPermitted.status:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def register_problems(app: Flask, default_locale: str) -> None:
    """Answer every error of the app with problem details, or with a page if a person looks.

    An error that nobody thought of tells nothing of the inside.
    """

    def answer(problem: Problem) -> Response:
        locale = best_locale(request.headers.get("Accept-Language"), default_locale)
        if _wants_page():
            return problem_page(problem, session.get("locale") or locale)
        return problem_response(problem, locale)

    @app.errorhandler(EdgeError)
    def of_edge(error: EdgeError) -> Response:
        return answer(error.problem())

    @app.errorhandler(HTTPException)
    def of_http(error: HTTPException) -> Response:
        status = error.code or 500
        slug = OF_STATUS.get(status, "bad-request" if status < 500 else "internal")
        return answer(Problem(slug, status, TITLES[slug]))

    @app.errorhandler(Exception)
    def of_anything(error: Exception) -> Response:
        instance = f"urn:uuid:{secrets.token_hex(16)}"
        log.error("%s: unexpected error in %s", instance, request.endpoint, exc_info=error)
        return answer(Problem("internal", 500, TITLES["internal"], instance=instance))


def _wants_page() -> bool:
    best = request.accept_mimetypes.best_match(["application/json", "text/html"])
    return best == "text/html" and not request.path.startswith("/v1/")


def refusal_problem(detail: str, extra: Mapping[str, Any]) -> Problem:
    """Return the problem of a refused voucher."""
    return Problem(VOUCHER_REFUSED, 409, TITLES[VOUCHER_REFUSED], detail, extra=extra)


def titles() -> dict[str, str]:
    """Return the title of every slug that this unit may answer with."""

    def below(kind: type[EdgeError]) -> dict[str, str]:
        found = {kind.slug: kind.title}
        for sub in kind.__subclasses__():
            found |= below(sub)
        return found

    return below(EdgeError) | dict(TITLES)
