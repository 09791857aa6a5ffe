"""Logging in and out, and the language."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext
from flask_limiter import Limiter
from flask_login import UserMixin, login_user, logout_user
from werkzeug.wrappers import Response

from central.foundation.people.login import person_with_password
from central.foundation.people.tables import Person
from central.foundation.web.permission import ANYBODY, PERSON, needs
from edge.contract.bundle import LOCALES


class LoggedIn(UserMixin):  # type: ignore[misc]
    """The person of a session."""

    def __init__(self, person: Person) -> None:
        self.id = str(person.id)
        self.name = str(person.name)
        self.role = str(person.role)


def load_person(person_id: str) -> LoggedIn | None:
    """Return the person of a session cookie, None if that one may not work here any more."""
    person = Person.get_or_none(Person.id == int(person_id), Person.active)
    return LoggedIn(person) if person else None


def blueprint(limiter: Limiter) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("people", __name__)

    def login() -> Any:
        error = ""
        if request.method == "POST":
            form = request.form
            person = person_with_password(form.get("name", ""), form.get("password", ""))
            if person:
                _forget_session()
                login_user(LoggedIn(person))
                return redirect(_own_path(request.args.get("next", "/")))
            error = gettext("Name or password is wrong.")
        page = render_template("login.html", error=error, name=request.form.get("name", ""))
        return (page, 401) if error else page

    limited = limiter.limit("10 per minute; 60 per hour", methods=["POST"])(login)
    pages.add_url_rule("/login", "login", needs(ANYBODY)(limited), methods=["GET", "POST"])

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
        return redirect(_own_path(request.form.get("back", "/")))

    return pages


def _forget_session() -> None:
    """Empty the session but for the language, so that nothing of one person is another's."""
    chosen = session.get("locale")
    session.clear()
    if chosen:
        session["locale"] = chosen


def _own_path(path: str) -> str:
    """Return the path if it is ours; ``//host`` and ``https:`` would lead to somebody else.

    Browsers read a backslash as a slash, and pass over tabs and line ends.
    """
    is_ours = path.startswith("/") and not path.startswith("//")
    return path if is_ours and path.isprintable() and "\\" not in path else "/"
