"""Units on a page: who is there, who waits to be confirmed, and what needs a look."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from central.config import HubConfig
from central.errors import HubError
from central.foundation.language.said import in_words
from central.foundation.people.roles import Permission
from central.foundation.web.note import told
from central.foundation.web.permission import actor, needs
from central.stores.keys.keyring import Keyring
from central.stores.units import enrol, revoke
from central.stores.units.overview import alarms, units
from central.stores.units.regions import set_region, shops
from edge.contract.ids import StoreId, UnitId


def blueprint(  # noqa: C901 - a list of routes
    keyring: Keyring, config: HubConfig, now_s: Callable[[], int]
) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("units", __name__)

    def done(note: str, look: str = "good") -> Response:
        session["note"] = [look, note]
        return redirect(url_for("units.show"))

    @pages.get("/units")
    @needs(Permission.UNITS_READ)
    def show() -> str:
        return render_template(
            "units/units.html",
            units=units(),
            alarms=alarms(),
            waiting=enrol.waiting(),
            stores=shops(),
            now_s=now_s(),
            note=session.pop("note", None),
            invitation=session.pop("invitation", None),
        )

    @pages.get("/units/waiting")
    @needs(Permission.UNITS_MANAGE)
    def show_waiting() -> str:
        # A part of the page, asked for again and again: it leaves the session alone.
        return render_template("units/_waiting.html", waiting=enrol.waiting())

    @pages.post("/units/stores/<store>/region")
    @needs(Permission.UNITS_MANAGE)
    def region(store: str) -> Response:
        with told(gettext("%(store)s is saved.", store=store)):
            set_region(store, request.form.get("region", ""), by=actor(), at_s=now_s())
        return redirect(url_for("units.show"))

    @pages.post("/units/invite")
    @needs(Permission.UNITS_MANAGE)
    def invite() -> Response:
        try:
            invitation = enrol.invite(StoreId(request.form.get("store", "")), now_s())
        except HubError as exc:
            return done(in_words(exc.detail or exc.title, gettext), "bad")
        session["invitation"] = {"code": invitation.code, "expires_at_s": invitation.expires_at_s}
        return redirect(url_for("units.show"))

    @pages.post("/units/enrolments/<enrolment_id>")
    @needs(Permission.UNITS_MANAGE)
    def decide(enrolment_id: str) -> Response:
        try:
            if request.form.get("answer") != "same":
                enrol.refuse(enrolment_id)
                return done(gettext("The enrolment was refused."))
            unit_id = enrol.confirm(
                enrolment_id, request.form.get("number", ""), keyring,
                currency=config.currency, at_s=now_s(),
            )  # fmt: skip
        except HubError as exc:
            return done(in_words(exc.detail or exc.title, gettext), "bad")
        return done(gettext("%(unit)s is enrolled.", unit=unit_id))

    @pages.post("/units/<unit_id>/revoke")
    @needs(Permission.UNITS_MANAGE)
    def stop(unit_id: str) -> Response:
        try:
            revoke.revoke(UnitId(unit_id), now_s())
        except HubError as exc:
            return done(in_words(exc.detail or exc.title, gettext), "bad")
        return done(gettext("%(unit)s is revoked.", unit=unit_id))

    return pages
