"""Product types on pages: what they are, their form, and trying one out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext

from central.errors import HubError
from central.foundation.language.said import in_words
from central.foundation.people.roles import Permission
from central.foundation.web.permission import actor, needs
from central.supply.product_types import form, store, words
from central.supply.product_types.delivery import NothingToDeliver, places, render
from central.supply.product_types.fields import Checked, check_fields
from central.supply.product_types.model import FieldKind, Fulfilment, TypeVersion


class _Pages:
    """What the routes share."""

    def __init__(self, timezone: str, now_s: Callable[[], int]) -> None:
        self.zone = ZoneInfo(timezone)
        self.now_s = now_s

    def words(self) -> dict[str, Any]:
        """Return what the templates say things with."""
        return {
            "fulfilments": words.FULFILMENTS, "kinds": words.KINDS,
            "validities": words.VALIDITIES, "places": places,
            "note": session.pop("note", None),
        }  # fmt: skip

    def edit(self, type_id: str | None) -> Any:
        """Show the form of a type, or take what was typed."""
        found = None if type_id is None else store.get(type_id)
        if request.method != "POST":
            typed = form.fields_of(found, self.zone) if found else {"fulfilment": "local_key"}
            return self._form(found, typed)
        typed = request.form.to_dict()
        names = {"zh-CN": typed.get("zh", ""), "en": typed.get("en", "")}
        body = form.body_of(typed, self.zone)
        try:
            if found is None:
                saved = store.add(
                    typed.get("id", "").strip(), names, typed.get("fulfilment", ""), body,
                    by=actor(), at_s=self.now_s(),
                )  # fmt: skip
            else:
                saved = store.revise(found.id, names, body, by=actor(), at_s=self.now_s())
        except HubError as exc:
            return self._form(found, typed, _told(exc)), exc.status
        session["note"] = ["good", gettext("Version %(n)d counts now.", n=saved.version)]
        return redirect(url_for("product_types.one", type_id=saved.id))

    def _form(self, found: TypeVersion | None, typed: Mapping[str, str], error: str = "") -> str:
        how = found.fulfilment if found else None
        return render_template(
            "catalogue/type_form.html", found=found, typed=typed, error=error,
            rows=form.rows_of(typed), known={h: places(h) for h in ([how] if how else Fulfilment)},
            **self.words(),
        )  # fmt: skip

    def one(self, type_id: str) -> Any:
        """Show a type with all its versions, and try its fields if somebody typed something."""
        found = store.get(type_id)
        checked: Checked | None = None
        shown = ""
        typed = {field.id: request.form.get(f"f-{field.id}", "") for field in found.body.fields}
        if request.method == "POST":
            checked = check_fields(found.body.fields, typed)
            shown = "" if checked.faults else self._rendered(found, checked)
        return render_template(
            "catalogue/type.html", found=found, versions=store.versions(type_id), typed=typed,
            checked=checked, shown=shown, FieldKind=FieldKind, translate=gettext, **self.words(),
        )  # fmt: skip

    def _rendered(self, found: TypeVersion, checked: Checked) -> str:
        locale = words.reader_locale()
        name = found.names.get(locale, found.id)
        given = {**words.SAMPLES, "item": name, "sku": name}
        try:
            return render(found.body, locale, given, checked.values)
        except NothingToDeliver as exc:
            return f"{{{exc}}}"


def blueprint(timezone: str, now_s: Callable[[], int]) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("product_types", __name__, url_prefix="/catalogue/types")
    shown = _Pages(timezone, now_s)

    @pages.get("")
    @needs(Permission.CATALOGUE_READ)
    def show() -> str:
        return render_template(
            "catalogue/types.html", types=store.everything(), **shown.words()
        )  # fmt: skip

    @pages.route("/new", methods=["GET", "POST"])
    @needs(Permission.CATALOGUE_MANAGE)
    def new() -> Any:
        return shown.edit(None)

    @pages.route("/<type_id>/edit", methods=["GET", "POST"])
    @needs(Permission.CATALOGUE_MANAGE)
    def edit(type_id: str) -> Any:
        return shown.edit(type_id)

    @pages.route("/<type_id>", methods=["GET", "POST"])
    @needs(Permission.CATALOGUE_READ)
    def one(type_id: str) -> Any:
        return shown.one(type_id)

    return pages


def _told(exc: HubError) -> str:
    where, what = str(exc.extra.get("where", "")), str(exc.extra.get("what", ""))
    said = str(in_words(exc.detail, gettext))
    if where:
        said = f"{where}: {said}"
    return f"{said} ({what})" if what else said
