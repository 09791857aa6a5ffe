"""Who may call what. Every route says so; a route that says nothing answers nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import Flask, Response, redirect, request, url_for
from flask_login import current_user

from central.errors import NotIdentified, NotPermitted
from central.foundation.people.login import name_of_api_key, role_of_api_key
from central.foundation.people.roles import Permission, may

View = TypeVar("View", bound=Callable[..., object])

ANYBODY = "anybody"
UNIT = "unit"
"""The view checks the unit's signature itself; the body decides which unit it must be."""
PERSON = "person"
"""Anybody who has logged in."""


def needs(whom: Permission | str) -> Callable[[View], View]:
    """Say what a caller must have for a view: a permission, or ANYBODY, UNIT, PERSON."""

    def mark(view: View) -> View:
        view.needs = whom  # type: ignore[attr-defined]
        return view

    return mark


def needed_by(app: Flask, endpoint: str) -> Permission | str | None:
    """Return what a view has asked for; None if it has said nothing."""
    view = app.view_functions.get(endpoint)
    while view is not None:
        found: Permission | str | None = getattr(view, "needs", None)
        if found is not None:
            return found
        view = getattr(view, "__wrapped__", None)
    return None


def guard(app: Flask) -> None:
    """Let nobody through whom a route is not for."""

    @app.before_request
    def check() -> Response | None:
        endpoint = request.endpoint
        if endpoint is None:
            return None  # no such route: 404 tells nothing
        wanted = ANYBODY if endpoint == "static" else needed_by(app, endpoint)
        if wanted in {ANYBODY, UNIT}:
            return None
        role = _role()
        if role is None:
            if request.path.startswith("/v1/"):
                raise NotIdentified("Send an API key: Authorization: Bearer …")
            return redirect(url_for("people.login", next=request.path))  # type: ignore[return-value]
        if wanted == PERSON and current_user.is_authenticated:
            return None
        if not isinstance(wanted, Permission) or not may(role, wanted):
            raise NotPermitted("Your role does not have this permission.")
        if _is_change_by_program() and _key() is None:
            # These have no form's token, so a cookie alone does not say that its owner asks.
            raise NotIdentified("Send an API key: Authorization: Bearer …")
        return None


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
