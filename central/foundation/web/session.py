"""Logging in and out, and the language."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext
from flask_limiter import Limiter
from flask_login import UserMixin, login_user, logout_user
from werkzeug.wrappers import Response

from central.foundation.people import second_factor
from central.foundation.people.login import person_with_password
from central.foundation.people.tables import Person
from central.foundation.seal import Seal
from central.foundation.web.own_path import own_path
from central.foundation.web.permission import ANYBODY, PERSON, needs
from edge.contract.bundle import LOCALES

HALF_WAY_S = 300
"""How long somebody whose password was right may look for his phone."""


class LoggedIn(UserMixin):  # type: ignore[misc]
    """The person of a session. It ends everywhere when the password changes."""

    def __init__(self, person: Person) -> None:
        mark = hashlib.sha256(str(person.password_hash).encode()).hexdigest()[:16]
        self.id = f"{person.id}.{mark}"
        self.number = int(person.id)
        self.name = str(person.name)
        self.role = str(person.role)


def load_person(session_id: str) -> LoggedIn | None:
    """Return the person of a session cookie, None if that one may not work here any more."""
    number, _, _ = session_id.partition(".")
    person = Person.get_or_none(Person.id == int(number), Person.active)
    found = LoggedIn(person) if person else None
    return found if found and found.id == session_id else None


def blueprint(limiter: Limiter, seal: Seal, clock: Callable[[], int]) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("people", __name__)
    _add_login(pages, limiter, seal, clock)

    @pages.post("/logout")
    @needs(PERSON)
    def logout() -> Response:
        logout_user()
        _forget_session()
        return redirect(url_for("people.login"))

    @pages.post("/language")
    @needs(ANYBODY)
    def language() -> Response:
        if request.form.get("locale") in LOCALES:
            session["locale"] = request.form["locale"]
        return redirect(own_path(request.form.get("back", "/")))

    return pages


def _add_login(pages: Blueprint, limiter: Limiter, seal: Seal, clock: Callable[[], int]) -> None:
    def login() -> Any:
        error = ""
        if request.method == "POST":
            form = request.form
            person = person_with_password(form.get("name", ""), form.get("password", ""))
            if person and second_factor.has(person.id):
                _forget_session()
                session["half_way"] = [LoggedIn(person).id, clock() + HALF_WAY_S]
                return redirect(url_for("people.login_code", next=request.args.get("next", "/")))
            if person:
                return _let_in(LoggedIn(person))
            error = gettext("Name or password is wrong.")
        page = render_template("login.html", error=error, name=request.form.get("name", ""))
        return (page, 401) if error else page

    def login_code() -> Any:
        session_id, until_s = session.get("half_way", ["", 0])
        person = load_person(session_id) if session_id and clock() <= until_s else None
        if person is None:
            return redirect(url_for("people.login", next=request.args.get("next", "/")))
        error = ""
        if request.method == "POST":
            if second_factor.check(person.number, request.form.get("code", ""), seal, clock()):
                return _let_in(person)
            error = gettext("This code is not right, was used already, or too many were wrong.")
        page = render_template("login_code.html", error=error)
        return (page, 401) if error else page

    limit = "10 per minute; 60 per hour"
    for path, view in (("/login", login), ("/login/code", login_code)):
        limited = limiter.limit(limit, methods=["POST"])(view)
        pages.add_url_rule(path, view.__name__, needs(ANYBODY)(limited), methods=["GET", "POST"])


def _let_in(person: LoggedIn) -> Response:
    _forget_session()
    login_user(person)
    return redirect(own_path(request.args.get("next", "/")))


def _forget_session() -> None:
    """Empty the session but for the language, so that nothing of one person is another's."""
    chosen = session.get("locale")
    session.clear()
    if chosen:
        session["locale"] = chosen
