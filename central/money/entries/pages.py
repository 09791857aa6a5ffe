"""Entries by hand on pages: what there is to enter, its form with a preview, the list, and one."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from central.errors import HubError, NotPermitted, RequestInvalid
from central.foundation.db.engine import rows
from central.foundation.language.said import in_words
from central.foundation.language.words import N_
from central.foundation.people.roles import Permission, may
from central.foundation.web.note import told
from central.foundation.web.permission import needs
from central.money.entries import check, enter, store
from central.money.entries.kinds import KINDS, OPENINGS
from central.money.entries.model import Asked, By, Entry, EntryState, Preview, Takes
from central.money.ledger.rules import business_day
from edge.contract.money import Money, parse_decimal

SHOWN = 200
STATES = {
    EntryState.WAITING: N_("waits for a second person"),
    EntryState.POSTED: N_("posted"),
    EntryState.REFUSED: N_("not posted"),
    EntryState.TAKEN_BACK: N_("taken back"),
}
LOOKS = {
    EntryState.WAITING: "ask",
    EntryState.POSTED: "good",
    EntryState.REFUSED: "quiet",
    EntryState.TAKEN_BACK: "bad",
}


def blueprint(currency: str, timezone: str, above: int, now_s: Callable[[], int]) -> Blueprint:
    """Return the routes.

    Args:
        above: More minor units than this need a second person.
    """
    pages = Blueprint("entries", __name__)
    words = {"kinds": KINDS, "openings": OPENINGS, "state_names": STATES, "state_looks": LOOKS}

    def by() -> By:
        at_s = now_s()
        return By(current_user.name, at_s, business_day(at_s, timezone), is_person=True)

    _decide(pages, by)
    _documents(pages, now_s)

    @pages.get("/entries")
    @needs(Permission.LEDGER_READ)
    def show() -> str:
        chosen = _state(request.args.get("state", ""))
        return render_template(
            "entries/entries.html", entries=store.newest(SHOWN, chosen),
            counts=store.counts(), chosen=chosen, note=session.pop("note", None), **words,
        )  # fmt: skip

    @pages.get("/entries/new/<kind>")
    @needs(Permission.LEDGER_ENTER)
    def form(kind: str) -> str:
        return _form(kind, None, "", currency)

    @pages.post("/entries/new/<kind>")
    @needs(Permission.LEDGER_ENTER)
    def new(kind: str) -> str | tuple[str, int] | Response:
        if not may(current_user.role, check.kind_of(kind).permission):
            raise NotPermitted(N_("Your role does not have this permission."))
        try:
            asked = _asked(kind, currency)
            if request.form.get("do") == "preview":
                return _form(kind, enter.preview(asked, by(), above), "", currency)
            entry, is_new = enter.enter(asked, by(), above)
        except HubError as exc:
            return _form(kind, None, exc.detail or exc.title, currency), exc.status
        session["note"] = ["good", _said(entry, is_new=is_new)]
        return redirect(url_for("entries.one", number=entry.id))

    @pages.get("/entries/<int:number>")
    @needs(Permission.LEDGER_READ)
    def one(number: int) -> str:
        entry = store.get(number)
        return render_template(
            "entries/entry.html", entry=entry, kind=KINDS[entry.kind],
            documents=store.documents(number), note=session.pop("note", None), **words,
        )  # fmt: skip

    return pages


def _decide(pages: Blueprint, by: Callable[[], By]) -> None:
    @pages.post("/entries/<int:number>/confirm")
    @needs(Permission.LEDGER_CONFIRM)
    def confirm(number: int) -> Response:
        with told(gettext("It is posted.")):
            enter.confirm(number, by())
        return redirect(url_for("entries.one", number=number))

    @pages.post("/entries/<int:number>/refuse")
    @needs(Permission.LEDGER_ENTER)
    def refuse(number: int) -> Response:
        with told(gettext("It is not posted.")):
            enter.refuse(number, request.form.get("why", ""), by())
        return redirect(url_for("entries.one", number=number))


def _documents(pages: Blueprint, now_s: Callable[[], int]) -> None:
    @pages.post("/entries/<int:number>/documents")
    @needs(Permission.LEDGER_ENTER)
    def attach(number: int) -> Response:
        given = request.files.get("document")
        with told(gettext("The document is kept.")):
            raw = given.read() if given else b""
            store.attach(
                number, (given.filename if given else "") or "", raw, current_user.name, now_s()
            )
        return redirect(url_for("entries.one", number=number))

    @pages.get("/entries/<int:number>/documents/<int:document>")
    @needs(Permission.LEDGER_READ)
    def content(number: int, document: int) -> Response:
        name, raw = store.content(number, document)
        answer = Response(raw, content_type="application/octet-stream")
        answer.headers.set("Content-Disposition", "attachment", filename=name)
        return answer


def _state(text: str) -> EntryState | None:
    if text and text not in list(EntryState):
        raise RequestInvalid(N_("There is no such state of an entry."))
    return EntryState(text) if text else None


def _said(entry: Entry, *, is_new: bool) -> str:
    if not is_new:
        return str(gettext("This was entered before; nothing was posted again."))
    if entry.state is EntryState.WAITING:
        return str(gettext("It waits for a second person."))
    return str(gettext("It is posted."))


def _form(slug: str, shown: Preview | None, fault: str, currency: str) -> str:
    kind = check.kind_of(slug)
    return render_template(
        "entries/new.html", kind=kind, preview=shown, fault=in_words(fault, gettext),
        given=request.form or request.args, choices=_choices(), openings=OPENINGS,
        takes=Takes, currency_of_entry=currency,
    )  # fmt: skip


def _asked(kind: str, currency: str) -> Asked:
    form = request.form
    names = [field.name for field in check.kind_of(kind).fields]
    amount = Money(0, currency)
    if not check.kind_of(kind).takes_back:
        try:
            amount = parse_decimal(form.get("amount", "").strip(), currency)
        except ValueError as exc:
            raise RequestInvalid(N_("An amount is written 1000.00.")) from exc
    day = form.get("day", "").replace("-", "")
    if day and not (day.isascii() and day.isdecimal() and len(day) == 8):
        raise RequestInvalid(N_("A day is written 2026-04-11."))
    return Asked(
        kind, {name: form.get(f"field.{name}", "") for name in names}, form.get("document", ""),
        amount, int(day) if day else None, form.get("note", ""),
    )  # fmt: skip


def _choices() -> dict[Takes, list[tuple[str, str]]]:
    """Return what there is to choose from, each with its name."""
    places = [
        (f"{'bank' if code[:4] == '1030' else 'channel'}:{owner}", str(owner))
        for code, owner in rows(
            "SELECT code, owner_id FROM account WHERE substr(code, 1, 4) IN ('1020', '1030')"
            " ORDER BY code DESC"
        )
    ]
    channels = rows("SELECT owner_id FROM account WHERE owner_kind = 'channel' GROUP BY owner_id")
    known = {f"channel:{name}" for (name,) in channels} - {place for place, _ in places}
    places += [(place, place.partition(":")[2]) for place in sorted(known)]
    return {
        Takes.AGENT: [(i, n) for i, n in rows("SELECT id, name FROM agent ORDER BY id LIMIT 1000")],
        Takes.SUPPLIER: [(i, n) for i, n in rows("SELECT id, name FROM supplier ORDER BY id")],
        Takes.PLACE: places,
        Takes.CHANNEL: sorted((str(name), str(name)) for (name,) in channels),
    }
