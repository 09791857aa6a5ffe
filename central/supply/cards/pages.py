"""The vault as people see it: stock, batches, masked keys, one key, exports, alerts, the log.

A key in full stands on one page alone, the answer to a form with a reason and a password; it is in
no URL, no list and no cache.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, session, url_for
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response as Answer

from central.errors import HubError
from central.foundation.db.engine import money_transaction
from central.foundation.language.said import in_words
from central.foundation.people import second_factor
from central.foundation.people.roles import Permission
from central.foundation.web.note import told
from central.foundation.web.permission import actor, needs
from central.supply.cards import form, set_aside, words
from central.supply.cards.access import bait, export, log
from central.supply.cards.access.log import Asker
from central.supply.cards.access.reveal import (
    Asked,
    RevealRefused,
    check_proof,
    reveal_to_person,
    search,
)
from central.supply.cards.intake import take
from central.supply.cards.room import Room
from central.supply.cards.stock import stocks
from central.supply.cards.store import (
    first_tails,
    get_batch,
    get_key,
    key_skus,
    keys,
    newest_batches,
)

SHOWN = 100
VERIFIED = 2000
PREVIEWED = 5


def blueprint(room: Room) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("cards", __name__)
    _add_stock(pages, room)
    _add_batches(pages, room)
    _add_keys(pages, room)
    _add_changes_of_keys(pages, room)
    _add_exports(pages, room)
    return pages


def asker() -> Asker:
    """Return who asks, and from where."""
    return Asker(actor(), request.remote_addr or "")


def _add_stock(pages: Blueprint, room: Room) -> None:
    @pages.get("/cards")
    @needs(Permission.CARDS_READ)
    def show() -> str:
        return render_template(
            "cards/stock.html", stocks=stocks(room.now_s()), batches=newest_batches(20),
            skus=key_skus(), exports=export.newest(20), alerts=log.alerts(), note=_note(),
            me=actor(), approved_for_s=export.APPROVED_FOR_S, now_s=room.now_s(),
            **words.WORDS,
        )  # fmt: skip

    @pages.get("/cards/log")
    @needs(Permission.CARDS_READ)
    def access() -> str:
        # All of it takes as long as it is old; ``cards check`` walks it every day.
        count, newest_hash, found = log.verify(VERIFIED)
        return render_template(
            "cards/log.html", rows=log.newest(SHOWN), alerts=log.alerts(everything=True),
            count=count, newest_hash=newest_hash.hex(), findings=found, verified=VERIFIED,
            shown=SHOWN, **words.WORDS,
        )  # fmt: skip

    @pages.post("/cards/alerts/<int(max=999999999):alert_id>/seen")
    @needs(Permission.CARDS_EXPORT_APPROVE)
    def seen(alert_id: int) -> Answer:
        with told(gettext("It is noted that you look after it.")):
            at_s, who = room.now_s(), asker().actor
            money_transaction(lambda: log.see(alert_id, at_s, who))
        return redirect(url_for("cards.show"))


def _add_batches(pages: Blueprint, room: Room) -> None:
    @pages.post("/cards/import")
    @needs(Permission.CARDS_IMPORT)
    def take_in() -> Answer:
        try:
            intake, source = form.read_import(room.currency, room.timezone)
            batch = take.take_in(source, intake, room.vault, asker(), room.now_s())
        except HubError as exc:
            session["note"] = ["bad", in_words(exc.detail or exc.title, gettext)]
            return redirect(url_for("cards.show"))
        return redirect(url_for("cards.batch", batch_id=batch.id))

    @pages.get("/cards/batches/<int(max=9007199254740991):batch_id>")
    @needs(Permission.CARDS_READ)
    def batch(batch_id: int) -> str:
        found = get_batch(batch_id)
        return render_template(
            "cards/batch.html", batch=found, first=first_tails(batch_id, PREVIEWED), note=_note(),
            **words.WORDS,
        )  # fmt: skip

    @pages.post(
        "/cards/batches/<int(max=9007199254740991):batch_id>/<any(stock, discard, quarantine):step>"
    )
    @needs(Permission.CARDS_IMPORT)
    def decide(batch_id: int, step: str) -> Answer:
        with told(gettext("It is done.")):
            at_s, by = room.now_s(), asker()
            if step == "stock":
                day = room.day()
                money_transaction(lambda: take.stock(batch_id, at_s, day=day, actor=by.actor))
            elif step == "discard":
                take.discard(batch_id)
            else:
                why = form.reason()
                money_transaction(lambda: set_aside.quarantine_batch(batch_id, by, at_s, why))
        return redirect(url_for("cards.batch", batch_id=batch_id))

    @pages.post("/cards/batches/<int(max=9007199254740991):batch_id>/bait")
    @needs(Permission.CARDS_EXPORT_APPROVE)
    def plant(batch_id: int) -> Answer:
        with told(gettext("Bait is planted. Nobody sees which keys it is.")):
            bait.plant(batch_id, form.count(), room.vault, asker(), room.now_s())
        return redirect(url_for("cards.batch", batch_id=batch_id))


def _add_keys(pages: Blueprint, room: Room) -> None:
    @pages.get("/cards/keys")
    @needs(Permission.CARDS_READ)
    def some() -> str:
        asked = request.args
        batch = form.number("batch") or None
        sku, state, after = asked.get("sku", ""), asked.get("state", ""), form.number("after")
        found = keys(SHOWN, sku=sku, batch=batch, state=state, after=after)
        return render_template(
            "cards/keys.html", keys=found, sku=sku, batch=batch, state=state, shown=SHOWN,
            skus=key_skus(), note=_note(), searched=False, **words.WORDS,
        )  # fmt: skip

    @pages.post("/cards/search")
    @needs(Permission.CARDS_READ)
    def find() -> Any:
        secret, number = request.form.get("secret", "").strip(), request.form.get("number", "")
        try:
            found = search(secret, number.strip(), asker(), room.vault, room.now_s())
        except HubError as exc:
            session["note"] = ["bad", in_words(exc.detail, gettext)]
            return redirect(url_for("cards.show"))
        return render_template(
            "cards/keys.html", keys=[_plain(key) for key in found], sku="", batch=None, state="",
            shown=SHOWN, skus=key_skus(), note=None, searched=True, **words.WORDS,
        )  # fmt: skip

    @pages.get("/cards/keys/<int(max=9007199254740991):key>")
    @needs(Permission.CARDS_READ)
    def key(key: int) -> str:
        return _key_page(key, None)

    @pages.post("/cards/keys/<int(max=9007199254740991):key>/reveal")
    @needs(Permission.CARDS_REVEAL)
    def reveal(key: int) -> Any:
        get_key(key)
        try:
            asked = Asked(key, request.form.get("ref", "").strip()[:64], form.reason())
            shown = reveal_to_person(asked, _proof(room), asker(), room.vault, room.now_s())
        except HubError as exc:
            session["note"] = ["bad", in_words(exc.detail, gettext)]
            return redirect(url_for("cards.key", key=key))
        if isinstance(shown, RevealRefused):
            session["note"] = ["bad", gettext(words.REFUSED[shown.why])]
            return redirect(url_for("cards.key", key=key))
        return _key_page(key, shown)


def _add_changes_of_keys(pages: Blueprint, room: Room) -> None:
    @pages.post("/cards/keys/<int(max=9007199254740991):key>/<any(quarantine, release, void):act>")
    @needs(Permission.CARDS_IMPORT)
    def change(key: int, act: str) -> Answer:
        with told(gettext("It is done.")):
            at_s, by, day, why = room.now_s(), asker(), room.day(), form.reason()

            def work() -> object:
                match act:
                    case "quarantine":
                        return set_aside.quarantine(key, by, at_s, why)
                    case "release":
                        return set_aside.release(key, by, at_s, why)
                return set_aside.void(key, by, at_s, why, day=day)

            money_transaction(work)
        return redirect(url_for("cards.key", key=key))


def _add_exports(pages: Blueprint, room: Room) -> None:
    @pages.post("/cards/exports")
    @needs(Permission.CARDS_REVEAL)
    def ask() -> Answer:
        with told(gettext("It is asked for. Somebody else has to approve it.")):
            sku, why = request.form.get("sku", "").strip(), form.reason()
            export.request(sku, form.count(), why, asker(), room.now_s())
        return redirect(url_for("cards.show"))

    @pages.post("/cards/exports/<int(max=9007199254740991):number>/<any(approve, refuse):verdict>")
    @needs(Permission.CARDS_EXPORT_APPROVE)
    def decide_export(number: int, verdict: str) -> Answer:
        with told(gettext("It is decided.")):
            export.decide(number, asker(), room.now_s(), approved=verdict == "approve")
        return redirect(url_for("cards.show"))

    @pages.post("/cards/exports/<int(max=9007199254740991):number>/fetch")
    @needs(Permission.CARDS_REVEAL)
    def fetch(number: int) -> Any:
        by, at_s = asker(), room.now_s()
        asked = Asked(0, f"export {number}", "")
        refused = check_proof(asked, _proof(room), by, at_s)
        if refused:
            session["note"] = ["bad", gettext(words.REFUSED[refused.why])]
            return redirect(url_for("cards.show"))
        try:
            content = export.fetch(number, room.vault, by, at_s, day=room.day())
        except HubError as exc:
            session["note"] = ["bad", in_words(exc.detail, gettext)]
            return redirect(url_for("cards.show"))
        name = f"attachment; filename=keys-{number}.csv"
        return Response(content, mimetype="text/csv", headers={"Content-Disposition": name})


def _key_page(key: int, shown: Any) -> str:
    return render_template(
        "cards/key.html", key=_plain(key), batch=get_batch(get_key(key).batch), card=shown,
        rows=log.newest(SHOWN, key), note=_note(), **words.WORDS,
    )  # fmt: skip


def _plain(key: int) -> Any:
    """Return a key as lists show it: bait like any other."""
    get_key(key)
    return keys(1, after=key - 1)[0]


def _proof(room: Room) -> Callable[[], bool]:
    """Whether whoever has sent this form is who has logged in."""
    given = request.form.get("password", ""), request.form.get("code", "")
    return lambda: second_factor.proves(current_user.name, *given, room.people, room.now_s())


def _note() -> Any:
    return session.pop("note", None)
