"""Receipts on pages: one form a store group, with the picture of what will be printed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from central.config import HubConfig
from central.errors import Conflict, NotFound, PictureMissing, RequestInvalid
from central.foundation.language.said import in_words
from central.foundation.language.words import N_
from central.foundation.people.roles import Permission
from central.foundation.web.note import told
from central.foundation.web.permission import actor, needs
from central.stores.receipts import form as forms
from central.stores.receipts import words
from central.stores.receipts.form import Typed
from central.stores.receipts.logo import logo_from
from central.stores.receipts.preview import Sample, pictures
from central.stores.units.receipt_template import (
    Receipts,
    all_receipts,
    put_back,
    set_template,
    template_at,
    template_of,
    versions,
)
from edge.contract.ids import StoreGroup
from edge.contract.receipt_template import LINK_PLACES


def blueprint(config: HubConfig, now_s: Callable[[], int]) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("receipts", __name__)

    @pages.get("/receipts")
    @needs(Permission.UNITS_READ)
    def show() -> str:
        return render_template("receipts/receipts.html", groups=all_receipts())

    @pages.get("/receipts/<int:group>")
    @needs(Permission.UNITS_READ)
    def one(group: int) -> str:
        receipts = _receipts(group)
        version = request.args.get("version", type=int)
        template = template_of(receipts.group)
        if version is not None and version != template.version:
            old = template_at(receipts.group, version)
            seen = _seen(receipts, forms.typed_of(old), config)
            return _page(receipts, forms.typed_of(old), seen, old=version)
        typed = forms.typed_of(template)
        return _page(receipts, typed, _seen(receipts, typed, config))

    @pages.post("/receipts/<int:group>")
    @needs(Permission.UNITS_MANAGE)
    def change(group: int) -> str | Response | tuple[str, int]:
        receipts = _receipts(group)
        typed = forms.typed(request.form, words.EXAMPLES)
        step = request.form.get("do", "look")
        try:
            typed = forms.rearranged(_with_logo(typed), step)
            if step == "save":
                template = forms.template_from(typed)
                set_template(
                    receipts.group, template, by=actor(), at_s=now_s(), based_on=typed.based_on
                )
                session["note"] = ["good", gettext("Saved. Units print it after their next pull.")]
                return redirect(url_for("receipts.one", group=group))
        except (Conflict, RequestInvalid) as exc:
            seen = {"problem": in_words(exc.detail, gettext)}
            return _page(receipts, typed, seen, note=["bad", in_words(exc.detail, gettext)]), 400
        return _page(receipts, typed, _seen(receipts, typed, config))

    @pages.post("/receipts/<int:group>/picture")
    @needs(Permission.UNITS_MANAGE)
    def look(group: int) -> str:
        # A part of the page, asked for again and again: it leaves the session alone.
        receipts = _receipts(group)
        try:
            typed = _with_logo(forms.typed(request.form, words.EXAMPLES))
        except RequestInvalid as exc:
            return render_template("receipts/_picture.html", seen={"problem": exc.detail})
        return render_template("receipts/_picture.html", seen=_seen(receipts, typed, config))

    @pages.post("/receipts/<int:group>/versions/<int:version>")
    @needs(Permission.UNITS_MANAGE)
    def go_back(group: int, version: int) -> Response:
        receipts = _receipts(group)
        with told(gettext("Version %(n)d is in force again, as a new one.", n=version)):
            put_back(receipts.group, version, by=actor(), at_s=now_s())
        return redirect(url_for("receipts.one", group=group))

    return pages


def _receipts(group: int) -> Receipts:
    for receipts in all_receipts():
        if receipts.group == group:
            return receipts
    raise NotFound(N_("There is no such store group."))


def _with_logo(typed: Typed) -> Typed:
    """Return the form with the logo that was sent beside it, if one was."""
    file = request.files.get("logo")
    if file is None or not file.filename:
        return typed
    return replace(typed, logo=logo_from(file.read()))


def _seen(receipts: Receipts, typed: Typed, config: HubConfig) -> dict[str, Any]:
    """Return the pictures by width of paper, or why there are none."""
    sample = Sample(
        receipts.stores[0], config.currency, config.timezone, typed.example, int(typed.is_copy)
    )
    try:
        return {"pictures": pictures(forms.template_from(typed), sample)}
    except (PictureMissing, RequestInvalid) as exc:
        return {"problem": exc.detail}


def _page(
    receipts: Receipts, typed: Typed, seen: dict[str, Any], *, old: int | None = None,
    note: list[str] | None = None,
) -> str:  # fmt: skip
    return render_template(
        "receipts/receipt.html",
        group=StoreGroup(receipts.group), stores=receipts.stores, typed=typed, seen=seen, old=old,
        versions=versions(receipts.group), note=note or session.pop("note", None),
        line_names=words.LINES, languages=words.LANGUAGES, examples=words.EXAMPLES,
        places=LINK_PLACES,
    )  # fmt: skip
