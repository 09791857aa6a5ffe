"""The shelf on pages: items with their SKUs, categories, and tables from a spreadsheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from central.errors import HubError, NotFound, RequestInvalid
from central.foundation.language.said import in_words
from central.foundation.language.words import N_
from central.foundation.people.roles import Permission
from central.foundation.pictures import BODY_BYTES_MAX
from central.foundation.web.note import told
from central.foundation.web.permission import actor, needs, takes
from central.supply.catalogue import pictures, products, selling, sheet, shelf, voucher_terms
from central.supply.catalogue.model import (
    Category,
    CategoryId,
    Item,
    ItemId,
    Sku,
    SkuId,
    SkuState,
)
from central.supply.catalogue.take_in import preview, take_in
from central.supply.catalogue.voucher_terms import VoucherTerms, terms_of
from central.supply.product_types import store as product_types
from central.supply.product_types.words import FULFILMENTS
from edge.contract.money import decimal_text

STATES = {
    SkuState.DRAFT: N_("draft"),
    SkuState.LIVE: N_("on offer"),
    SkuState.RETIRED: N_("retired"),
}
LOOKS = {SkuState.DRAFT: "ask", SkuState.LIVE: "good", SkuState.RETIRED: "quiet"}


class _Pages:
    """What the routes share."""

    def __init__(self, currency: str, now_s: Callable[[], int]) -> None:
        self.currency = currency
        self.now_s = now_s

    def words(self) -> dict[str, Any]:
        """Return what the templates say things with."""
        return {
            "sku_states": STATES, "sku_looks": LOOKS, "fulfilments": FULFILMENTS,
            "parts_text": sheet.parts_text, "note": session.pop("note", None),
        }  # fmt: skip

    def show(self) -> str:
        """Show every item with its SKUs, by category."""
        of_item: dict[str, list[Sku]] = {}
        for sku in shelf.skus():
            of_item.setdefault(sku.item, []).append(sku)
        by_category: dict[str, list[Item]] = {}
        for item in shelf.items():
            by_category.setdefault(item.category or "", []).append(item)
        return render_template(
            "catalogue/shelf.html", tree=shelf.categories(), by_category=by_category,
            of_item=of_item, types={one.id: one for one in product_types.everything()},
            **self.words(),
        )  # fmt: skip

    def item(self, item_id: str | None) -> Any:
        """Show an item with its SKUs and their forms, or take what was typed of it."""
        found = None if item_id is None else shelf.item_of(item_id)
        if request.method != "POST":
            return self._item(found, _item_fields(found) if found else {})
        typed = request.form.to_dict()
        try:
            saved = shelf.put_item(_item(typed, found))
        except HubError as exc:
            return self._item(found, typed, in_words(exc.detail, gettext)), exc.status
        session["note"] = ["good", gettext("It is saved.")]
        return redirect(url_for("catalogue.item", item_id=saved.id))

    def add_picture(self, item_id: str) -> Any:
        """Take a picture of an item."""
        file = request.files.get("picture")
        alt = {"zh-CN": request.form.get("alt_zh", ""), "en": request.form.get("alt_en", "")}
        try:
            if not file or not file.filename:
                raise RequestInvalid(N_("Choose a picture first."))
            pictures.add(item_id, file.read(), alt, by=actor(), at_s=self.now_s())
        except NotFound:
            raise
        except HubError as exc:
            found = shelf.item_of(item_id)
            page = self._item(found, _item_fields(found), in_words(exc.detail, gettext), alt=alt)
            return page, exc.status
        session["note"] = ["good", gettext("The picture is here.")]
        return redirect(url_for("catalogue.item", item_id=item_id))

    def change_picture(self, item_id: str, name: str, what: str) -> Response:
        """Describe a picture, make it the main one, or take it away."""
        form = request.form
        with told(gettext("It is saved.")):
            if what == "remove":
                pictures.remove(item_id, name)
            elif what == "first":
                pictures.revise(item_id, name, place=0)
            else:
                alt = {"zh-CN": form.get("alt_zh", ""), "en": form.get("alt_en", "")}
                place = form.get("place", "")
                known = place.isascii() and place.isdecimal() and len(place) <= 4
                at = int(place) - 1 if known else None
                pictures.revise(item_id, name, alt, at)
        return redirect(url_for("catalogue.item", item_id=item_id))

    def put_sku(self, item_id: str) -> Any:
        """Take what was typed of a SKU of an item."""
        found = shelf.item_of(item_id)
        typed = request.form.to_dict()
        try:
            saved = shelf.put_sku(self._sku(typed, found), by=actor(), at_s=self.now_s())
        except HubError as exc:
            page = self._item(found, _item_fields(found), in_words(exc.detail, gettext), typed)
            return page, exc.status
        session["note"] = ["good", gettext("%(sku)s is saved.", sku=saved.id)]
        return redirect(url_for("catalogue.item", item_id=item_id))

    def move_sku(self, sku: str, work: str) -> Response:
        """Offer or retire a SKU."""
        found = shelf.sku_of(sku)
        try:
            (shelf.offer if work == "offer" else shelf.retire)(sku, self.now_s())
        except HubError as exc:
            session["note"] = ["bad", in_words(exc.detail, gettext)]
        else:
            text = (
                gettext("%(sku)s is on offer.", sku=sku) if work == "offer"
                else gettext("%(sku)s is retired.", sku=sku)
            )  # fmt: skip
            session["note"] = ["good", text]
        return redirect(url_for("catalogue.item", item_id=found.item))

    def _sku(self, typed: Mapping[str, str], item: Item) -> Sku:
        number = typed.get("product", "").strip()
        if number and not (number.isascii() and number.isdecimal() and len(number) <= 8):
            raise RequestInvalid(N_("There is no such product."))
        return Sku(
            SkuId(typed.get("sku", "").strip().upper()), item.id,
            {"zh-CN": typed.get("zh", ""), "en": typed.get("en", "")},
            sheet.read_face(typed.get("face", ""), typed.get("currency") or self.currency),
            int(number) if number else None, sheet.read_parts(typed.get("parts", "")),
        )  # fmt: skip

    def _item(
        self, found: Item | None, typed: Mapping[str, str], error: str = "",
        sku: Mapping[str, str] | None = None, alt: Mapping[str, str] | None = None,
    ) -> str:  # fmt: skip
        return render_template(
            "catalogue/item.html", found=found, typed=typed, error=error, sku=sku or {},
            alt=alt or {}, skus=shelf.skus(found.id) if found else [], tree=shelf.categories(),
            pictures=pictures.of_item(found.id) if found else [], most=pictures.PICTURES_MAX,
            type=product_types.get(found.type) if found else None,
            days_left=selling.min_days_left, terms_of=lambda sku: terms_of(sku, self.now_s()),
            groups=voucher_terms.groups(),
            types=product_types.everything(), products=products.catalogue().products,
            face_text=lambda face: f"{decimal_text(face.minor, face.currency)} {face.currency}",
            **self.words(),
        )  # fmt: skip

    def categories(self) -> Any:
        """Show the tree, and add to it or rename what is there."""
        error, status = "", 200
        typed = request.form.to_dict()
        if request.method == "POST":
            names = {"zh-CN": typed.get("zh", ""), "en": typed.get("en", "")}
            try:
                if typed.get("rename"):
                    shelf.rename_category(typed["rename"], names)
                else:
                    parent = CategoryId(typed["parent"]) if typed.get("parent") else None
                    wanted = CategoryId(typed.get("id", "").strip())
                    shelf.add_category(Category(wanted, names, parent))
            except HubError as exc:
                error, status = in_words(exc.detail, gettext), exc.status
            else:
                session["note"] = ["good", gettext("It is saved.")]
                return redirect(url_for("catalogue.categories"))
        page = render_template(
            "catalogue/categories.html", tree=shelf.categories(), typed=typed, error=error,
            **self.words(),
        )  # fmt: skip
        return page, status

    def table(self) -> Any:
        """Take a table: show what it would do, and do it when that was confirmed."""
        text = request.form.get("table", "")
        file = request.files.get("file")
        try:
            if file and file.filename:
                text = sheet.read_upload(file.read())
            if request.method != "POST" or not text.strip():
                return self._table("", None)
            if not request.form.get("confirmed"):
                shown = preview(text, self.currency, by=actor(), at_s=self.now_s())
                return self._table(text, shown)
            done = take_in(text, self.currency, by=actor(), at_s=self.now_s())
        except HubError as exc:
            return self._table(text, None, in_words(exc.detail, gettext)), exc.status
        if done.faults:
            return self._table(text, done), 400
        count = len(done.lines)
        session["note"] = ["good", gettext("SKUs taken in: %(count)d", count=count)]
        return redirect(url_for("catalogue.show"))

    def _table(self, text: str, shown: sheet.SkuSheet | None, error: str = "") -> str:
        return render_template(
            "catalogue/table.html", text=text, shown=shown, error=error, columns=sheet.COLUMNS,
            needed=sheet.NEEDED, **self.words(),
        )  # fmt: skip


def blueprint(currency: str, now_s: Callable[[], int]) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("catalogue", __name__, url_prefix="/catalogue")
    shown = _Pages(currency, now_s)

    @pages.get("")
    @needs(Permission.CATALOGUE_READ)
    def show() -> str:
        return shown.show()

    @pages.route("/items/new", methods=["GET", "POST"])
    @needs(Permission.CATALOGUE_MANAGE)
    def new_item() -> Any:
        return shown.item(None)

    @pages.route("/items/<item_id>", methods=["GET", "POST"])
    @needs(Permission.CATALOGUE_MANAGE)
    def item(item_id: str) -> Any:
        return shown.item(item_id)

    @pages.post("/items/<item_id>/pictures")
    @needs(Permission.CATALOGUE_MANAGE)
    @takes(BODY_BYTES_MAX)
    def add_picture(item_id: str) -> Any:
        return shown.add_picture(item_id)

    @pages.post("/items/<item_id>/pictures/<picture>/<any(describe, first, remove):change>")
    @needs(Permission.CATALOGUE_MANAGE)
    def change_picture(item_id: str, picture: str, change: str) -> Response:
        return shown.change_picture(item_id, picture, change)

    _add_skus(pages, shown, now_s)

    @pages.route("/categories", methods=["GET", "POST"])
    @needs(Permission.CATALOGUE_MANAGE)
    def categories() -> Any:
        return shown.categories()

    @pages.route("/table", methods=["GET", "POST"])
    @needs(Permission.CATALOGUE_MANAGE)
    def table() -> Any:
        return shown.table()

    return pages


def _item_fields(item: Item) -> dict[str, str]:
    about = item.descriptions or {}
    return {
        "id": item.id, "type": item.type, "category": item.category or "",
        "zh": item.names["zh-CN"], "en": item.names["en"], "media": item.media,
        "about_zh": about.get("zh-CN", ""), "about_en": about.get("en", ""),
    }  # fmt: skip


def _item(typed: Mapping[str, str], found: Item | None) -> Item:
    category = typed.get("category", "")
    return Item(
        found.id if found else ItemId(typed.get("id", "").strip()),
        found.type if found else typed.get("type", ""),
        {"zh-CN": typed.get("zh", ""), "en": typed.get("en", "")},
        CategoryId(category) if category else None,
        {"zh-CN": typed.get("about_zh", ""), "en": typed.get("about_en", "")},
        typed.get("media", "").strip(),
    )  # fmt: skip


def _add_skus(pages: Blueprint, shown: _Pages, now_s: Callable[[], int]) -> None:
    @pages.post("/items/<item_id>/skus")
    @needs(Permission.CATALOGUE_MANAGE)
    def put_sku(item_id: str) -> Any:
        return shown.put_sku(item_id)

    @pages.post("/skus/<sku>/days-left")
    @needs(Permission.CATALOGUE_MANAGE)
    def days_left(sku: str) -> Response:
        typed = request.form.get("days", "")
        days = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) <= 6 else -1
        with told(gettext("%(sku)s is saved.", sku=sku)):
            selling.set_min_days_left(sku, days, by=actor(), at_s=now_s())
        return redirect(url_for("catalogue.item", item_id=shelf.sku_of(sku).item))

    @pages.post("/skus/<sku>/voucher-terms")
    @needs(Permission.CATALOGUE_MANAGE)
    def terms(sku: str) -> Response:
        typed = request.form.get("group", "")
        group = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) <= 5 else -1
        wanted = VoucherTerms(
            group, "dynamic" in request.form, "online" in request.form,
            request.form.get("region", ""),
        )  # fmt: skip
        with told(gettext("%(sku)s is saved.", sku=sku)):
            voucher_terms.set_terms(sku, wanted, by=actor(), at_s=now_s())
        return redirect(url_for("catalogue.item", item_id=shelf.sku_of(sku).item))

    @pages.post("/skus/<sku>/<any(offer, retire):move>")
    @needs(Permission.CATALOGUE_MANAGE)
    def move_sku(sku: str, move: str) -> Response:
        return shown.move_sku(sku, move)
