"""Carried files on pages: a unit's bundles to take along, its journal and request to hand in."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from central.config import HubConfig
from central.errors import HubError
from central.foundation.language.said import in_words
from central.foundation.people.roles import Permission
from central.foundation.web.permission import needs, takes
from central.stores.carried.make_bundles import file_name, make_bundles
from central.stores.carried.take_journal import Taken, take_journal
from central.stores.carried.take_request import take_request
from central.stores.keys.keyring import Keyring
from central.stores.units.tables import Store, Unit
from edge.contract.bundle_file import key_check
from edge.contract.ids import StoreId, UnitId
from edge.contract.signed import MessageInvalid

FILE_BYTES_MAX = 64 << 20
"""A quarter of a million entries; whoever has more takes it by the command."""


def blueprint(keyring: Keyring, config: HubConfig, now_s: Callable[[], int]) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("carried", __name__)

    def done(note: str, look: str = "good", page: str = "carried.show") -> Response:
        session["note"] = [look, note]
        return redirect(url_for(page))

    @pages.get("/units/files")
    @needs(Permission.UNITS_MANAGE)
    def show() -> str:
        return render_template(
            "carried/carried.html",
            units=list(Unit.select().order_by(Unit.id)),
            stores=list(Store.select().order_by(Store.id)),
            key_check=key_check(keyring.bundle_public),
            note=session.pop("note", None),
        )

    @pages.get("/units/<unit_id>/bundles")
    @needs(Permission.UNITS_MANAGE)
    def bundles(unit_id: str) -> Response:
        at_s = now_s()
        data = make_bundles(UnitId(unit_id), keyring, config.currency, at_s)
        name = file_name(UnitId(unit_id), at_s)
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(data, content_type="application/octet-stream", headers=headers)

    @pages.post("/units/journal-file")
    @needs(Permission.UNITS_MANAGE)
    @takes(FILE_BYTES_MAX)
    def journal() -> Response:
        file = request.files.get("file")
        try:
            taken = take_journal(
                file.read() if file else b"", keyring, currency=config.currency, at_s=now_s()
            )
        except HubError as exc:
            return done(in_words(exc.detail or exc.title, gettext), "bad")
        except MessageInvalid as exc:
            return done(str(exc), "bad")
        return done(told(taken))

    @pages.post("/units/request")
    @needs(Permission.UNITS_MANAGE)
    def enrol() -> Response:
        store = StoreId(request.form.get("store", ""))
        try:
            take_request(request.form.get("request", ""), store, now_s())
        except HubError as exc:
            return done(in_words(exc.detail, gettext), "bad")
        return done(gettext("Compare its check digits now."), page="units.show")

    return pages


def told(taken: Taken) -> str:
    """Return what became of a journal file, in the language of the page."""
    wrong = taken.outcomes.get("overspend", 0) + taken.outcomes.get("quarantined", 0)
    return str(gettext(
        "%(unit)s: %(entries)d entries are here, %(wrong)d of them need a look."
        " The next bundle file tells the unit.",
        unit=taken.unit, entries=taken.entries, wrong=wrong,
    ))  # fmt: skip
