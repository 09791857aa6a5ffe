"""Who may call what. Every route says so; a route that says nothing answers nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, redirect, request, session, url_for
from flask_babel import gettext
from flask_login import current_user

from central.errors import NotIdentified, NotPermitted
from central.foundation.language.words import N_
from central.foundation.people import second_factor
from central.foundation.people.login import (
    agent_of_api_key,
    is_at_work,
    name_of_api_key,
    role_of_api_key,
)
from central.foundation.people.roles import Permission, may

View = TypeVar("View", bound=Callable[..., object])

ANYBODY = "anybody"
UNIT = "unit"
"""The view checks the unit's signature itself; the body decides which unit it must be."""
PERSON = "person"
"""Anybody who has logged in."""
CUSTOMER = "customer"
"""A customer of the shop who has signed in."""


def needs(whom: Permission | str) -> Callable[[View], View]:
    """Say what a caller must have for a view: a permission, or ANYBODY, UNIT, PERSON, CUSTOMER."""

    def mark(view: View) -> View:
        view.needs = whom  # type: ignore[attr-defined]
        return view

    return mark


def takes(body_bytes: int) -> Callable[[View], View]:
    """Say that a view takes a larger body than others do."""

    def mark(view: View) -> View:
        view.takes = body_bytes  # type: ignore[attr-defined]
        return view

    return mark


def for_one_agent(view: View) -> View:
    """Say that a view shows an agent's own program what is his, and nothing else.

    Without it a key of an agent gets nowhere, whatever its role may do.
    """
    view.for_one_agent = True  # type: ignore[attr-defined]
    return view


def needed_by(app: Flask, endpoint: str) -> Permission | str | None:
    """Return what a view has asked for; None if it has said nothing."""
    found: Permission | str | None = _said_by(app, endpoint, "needs")
    return found


def taken_by(app: Flask, endpoint: str) -> int | None:
    """Return how large a body a view takes; None if it has said nothing."""
    found: int | None = _said_by(app, endpoint, "takes")
    return found


def _said_by(app: Flask, endpoint: str, what: str) -> Any:
    view = app.view_functions.get(endpoint)
    while view is not None:
        found = getattr(view, what, None)
        if found is not None:
            return found
        view = getattr(view, "__wrapped__", None)
    return None


def guard(
    app: Flask, is_customer: Callable[[], bool], *, second_factor_required: bool = False
) -> None:
    """Let nobody through whom a route is not for.

    Args:
        is_customer: Whether a customer of the shop asks.
        second_factor_required: Whoever logs in without one gets to his own account only.
    """

    @app.before_request
    def check() -> Response | None:
        endpoint = request.endpoint
        if endpoint is None:
            return None  # no such route: 404 tells nothing
        wanted = ANYBODY if endpoint == "static" else needed_by(app, endpoint)
        if wanted in {ANYBODY, UNIT} or (wanted == CUSTOMER and is_customer()):
            return None
        role = None if wanted == CUSTOMER else _role()
        if role is None:
            if request.path.startswith("/v1/"):
                raise NotIdentified(N_("Send an API key: Authorization: Bearer …"))
            login = "my.sign_in" if wanted == CUSTOMER else "people.login"
            return redirect(url_for(login, next=request.path))  # type: ignore[return-value]
        if second_factor_required and _lacks_second_factor(endpoint):
            return _to_own_account()
        if wanted == PERSON and current_user.is_authenticated:
            return None
        if not isinstance(wanted, Permission) or not may(role, wanted):
            raise NotPermitted(N_("Your role does not have this permission."))
        _check_own_agent(app, endpoint)
        if _is_change_by_program() and _key() is None:
            # These have no form's token, so a cookie alone does not say that its owner asks.
            raise NotIdentified(N_("Send an API key: Authorization: Bearer …"))
        return None


def _check_own_agent(app: Flask, endpoint: str) -> None:
    """Let a key of an agent get to what is marked for him, as long as he is at work."""
    own = own_agent()
    if own is None:
        return
    if not _said_by(app, endpoint, "for_one_agent"):
        raise NotPermitted(N_("A key of an agent does not reach this."))
    if not is_at_work(own):
        raise NotPermitted(N_("This agent is suspended or terminated."))


def _lacks_second_factor(endpoint: str) -> bool:
    """Say whether a person has to set the second factor up before he gets there."""
    if _key() is not None or endpoint.startswith(("account.", "people.")):
        return False
    return not second_factor.has(current_user.number)


def _to_own_account() -> Response:
    if request.path.startswith("/v1/"):
        raise NotPermitted(N_("Set up your second factor first: /account."))
    session["note"] = [
        "ask",
        gettext("Set up the second step first; the hub asks it of everybody."),
    ]
    return redirect(url_for("account.show"))  # type: ignore[return-value]


def is_allowed(permission: Permission) -> bool:
    """Say whether who asks has a permission too, for what a view shows to some only."""
    role = _role()
    return role is not None and may(role, permission)


def actor() -> str:
    """Return who asks, for the record: a person's name, or that of a program's key."""
    key = _key()
    if key is not None:
        return f"key {name_of_api_key(key)}"
    return str(current_user.name)


def own_agent() -> str | None:
    """Return the agent whose own program asks; None for everybody else."""
    key = _key()
    return agent_of_api_key(key) if key is not None else None


def _role() -> str | None:
    key = _key()
    if key is not None:
        return role_of_api_key(key)
    return str(current_user.role) if current_user.is_authenticated else None


def _key() -> str | None:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None


def _is_change_by_program() -> bool:
    return request.path.startswith("/v1/") and request.method not in {"GET", "HEAD", "OPTIONS"}
