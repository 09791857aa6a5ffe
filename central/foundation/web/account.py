"""One's own account: the password and the second factor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import segno
from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext
from flask_limiter import Limiter
from flask_login import current_user, login_user
from werkzeug.wrappers import Response

from central.errors import RequestInvalid
from central.foundation.language.said import in_words
from central.foundation.people import second_factor
from central.foundation.people.login import change_password, person_with_password
from central.foundation.people.tables import Person
from central.foundation.seal import Seal
from central.foundation.web.permission import PERSON, needs
from central.foundation.web.session import LoggedIn

Limit = Callable[[Callable[..., Any]], Callable[..., Any]]


def blueprint(limiter: Limiter, seal: Seal, clock: Callable[[], int]) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("account", __name__)
    # Each of them tells whether a password is right.
    limited = limiter.limit("10 per minute; 60 per hour")
    _add_password(pages, limited)
    _add_second_factor(pages, limited, seal, clock)

    @pages.get("/account")
    @needs(PERSON)
    def show() -> str:
        return _account(seal)

    return pages


def _add_password(pages: Blueprint, limited: Limit) -> None:
    @pages.post("/account/password")
    @needs(PERSON)
    @limited
    def password() -> Any:
        person = _asked_again()
        if person is None:
            return _told(gettext("The password is wrong. Nothing has changed."))
        if request.form.get("new") != request.form.get("again"):
            return _told(gettext("The two new passwords differ. Nothing has changed."))
        try:
            change_password(person, request.form.get("new", ""))
        except RequestInvalid as exc:
            return _told(in_words(exc.detail, gettext))
        login_user(LoggedIn(Person.get_by_id(person.id)))
        return _told(gettext("The password is changed. Other browsers are logged out."), "good")


def _add_second_factor(
    pages: Blueprint, limited: Limit, seal: Seal, clock: Callable[[], int]
) -> None:
    @pages.post("/account/second-factor")
    @needs(PERSON)
    @limited
    def begin() -> Any:
        person = _asked_again()
        if person is None:
            return _told(gettext("The password is wrong. Nothing has changed."))
        second_factor.begin(person.id, person.name, seal)
        return redirect(url_for("account.show"))

    @pages.post("/account/second-factor/confirm")
    @needs(PERSON)
    @limited
    def confirm() -> Any:
        code = request.form.get("code", "")
        codes = second_factor.confirm(current_user.number, code, seal, clock())
        if not codes:
            return _told(gettext("This code is not right. Is the phone's clock?"))
        return _account(seal, codes)

    @pages.post("/account/second-factor/remove")
    @needs(PERSON)
    @limited
    def remove() -> Any:
        person = _asked_again()
        code = request.form.get("code", "")
        if person is None or not second_factor.check(person.id, code, seal, clock()):
            return _told(gettext("Password or code is wrong. Nothing has changed."))
        second_factor.remove(person.id)
        return _told(gettext("From now on the password alone lets you in."), "good")


def _account(seal: Seal, codes: list[str] | None = None) -> str:
    number, name = current_user.number, current_user.name
    has = second_factor.has(number)
    begun = None if has else second_factor.begun(number, name, seal)
    qr = segno.make(begun.uri, error="m").svg_data_uri(scale=5, light="white") if begun else ""
    return render_template(
        "account.html", has_second_factor=has, begun=begun, qr=qr, codes=codes or [],
        codes_left=second_factor.recovery_codes_left(number), note=session.pop("note", None),
    )  # fmt: skip


def _asked_again() -> Person | None:
    return person_with_password(current_user.name, request.form.get("password", ""))


def _told(text: str, how: str = "bad") -> Response:
    session["note"] = [how, text]
    return redirect(url_for("account.show"))
