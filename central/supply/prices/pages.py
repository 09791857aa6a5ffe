"""Prices on pages: books, promotions, floors, mark-ups, tables, and why a price is what it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from central.errors import HubError, RequestInvalid
from central.foundation.language.said import in_words
from central.foundation.language.words import N_
from central.foundation.people.roles import Permission
from central.foundation.web.permission import actor, is_allowed, needs
from central.money.sharing.form import read_moment
from central.money.sharing.ports import Outside
from central.supply.catalogue import shelf
from central.supply.catalogue.sheet import read_upload
from central.supply.prices import books, form, mark_ups, promotions, typed, why
from central.supply.prices.ask import Asked, ask, unknown_cost
from central.supply.prices.model import Direction, Quote, QuoteRefused, StepKind
from central.supply.prices.wanted import Change
from central.supply.product_types.words import reader_locale
from edge.contract.money import Money, decimal_text

DIRECTIONS = {
    Direction.NEAREST: N_("to the nearest"),
    Direction.UP: N_("up"),
    Direction.DOWN: N_("down"),
}


class _Pages:
    """What the routes share: whom to ask, in which currency, and where the clock is."""

    def __init__(
        self, outside: Outside, currency: str, timezone: str, now_s: Callable[[], int]
    ) -> None:
        self.outside = outside
        self.currency = currency
        self.zone = ZoneInfo(timezone)
        self.now_s = now_s

    def words(self) -> dict[str, Any]:
        """Return what the templates say things with."""
        locale = reader_locale()
        return {
            "levels": {one.id: one.name(locale) for one in self.outside.levels()},
            "agents": {one.id: one.name(locale) for one in self.outside.agents()},
            "modes_of_price": why.MODES, "bases": why.BASES, "offs": why.OFFS,
            "endings": form.ENDINGS, "directions": DIRECTIONS,
            "ladder_text": typed.ladder_text, "percent": why.signed_percent,
            "amount": decimal_text, "currency": self.currency,
            "off_text": lambda p: why.off_text(p.kind, p.ppm, p.minor, p.currency, gettext),
            "now": self.now_s(), "note": session.pop("note", None),
        }  # fmt: skip

    def _moment(self, text: str) -> int | None:
        return read_moment(text, self.zone) if text else None

    # --- books -----------------------------------------------------------------------------------

    def show(self) -> Any:
        """Show every book, or add one."""
        fields = request.form.to_dict()
        error, status = "", 200
        if request.method == "POST":
            try:
                book = form.book_of(fields, self.currency)
                books.add_book(book, by=actor(), at_s=self.now_s())
            except HubError as exc:
                error, status = in_words(exc.detail, gettext), exc.status
            else:
                return redirect(url_for("prices.book", book_id=book.id))
        page = render_template(
            "prices/books.html", books=books.books(), fields=fields, error=error, **self.words()
        )
        return page, status

    def book(self, book_id: str) -> Any:
        """Show what a book says, or let a SKU cost something else by it."""
        book = books.get(book_id)
        fields = request.form.to_dict()
        error, status = "", 200
        if request.method == "POST":
            try:
                change = Change(book.id, fields.get("sku", ""),
                                form.wanted_of(fields, book.currency))  # fmt: skip
                begins_s = self._moment(fields.get("from", ""))
                done = books.set_price(change, begins_s, by=actor(), now_s=self.now_s())
            except HubError as exc:
                error, status = in_words(exc.detail, gettext), exc.status
            else:
                text = gettext(
                    "%(sku)s: version %(n)d is saved.", sku=done.sku, n=done.version
                )  # fmt: skip
                session["note"] = ["good", text]
                return redirect(url_for("prices.book", book_id=book.id))
        found = books.versions(book.id)
        now = self.now_s()
        page = render_template(
            "prices/book.html", book=book, fields=fields, error=error, skus=shelf.skus(),
            counting=books.in_force(found, now), later=[one for one in found if one.from_s > now],
            mark_ups=self._mark_ups(), **self.words(),
        )  # fmt: skip
        return page, status

    def _mark_ups(self) -> list[Any]:
        return mark_ups.everything(self.now_s()) if is_allowed(Permission.COST_SEE) else []

    # --- floors and mark-ups ---------------------------------------------------------------------

    def costs(self, error: str = "") -> str:
        """Show floors and mark-ups; only for those who see cost."""
        return render_template(
            "prices/costs.html", floors=books.floors(self.currency, self.now_s()),
            mark_ups=self._mark_ups(), skus=shelf.skus(), fields=request.form.to_dict(),
            error=error, **self.words(),
        )  # fmt: skip

    def set_cost(self, what: str) -> Any:
        """Set a floor or a mark-up."""
        fields = request.form.to_dict()
        now = self.now_s()
        begins_s = None
        try:
            begins_s = self._moment(fields.get("from", ""))
            if what == "floor":
                minor = fields.get("floor", "").strip()
                floor = typed.read_amount(minor, self.currency) if minor else None
                books.set_floor(
                    fields.get("sku", ""), self.currency, floor, begins_s, by=actor(), now_s=now
                )
            else:
                wanted = form.mark_up_of(fields, self.currency)
                mark_ups.put(wanted, begins_s or now, by=actor(), now_s=now)
        except HubError as exc:
            return self.costs(in_words(exc.detail, gettext)), exc.status
        session["note"] = ["good", gettext("It is saved.")]
        return redirect(url_for("prices.costs"))

    # --- promotions ------------------------------------------------------------------------------

    def promoted(self) -> Any:
        """Show every promotion, or set one."""
        fields = request.form.to_dict()
        error, status = "", 200
        if request.method == "POST":
            try:
                wanted = form.promotion_of(fields, self.currency, self.zone)
                promotions.put(wanted, by=actor(), now_s=self.now_s())
            except HubError as exc:
                error, status = in_words(exc.detail, gettext), exc.status
            else:
                session["note"] = ["good", gettext("It is saved.")]
                return redirect(url_for("prices.promoted"))
        page = render_template(
            "prices/promotions.html", promotions=promotions.everything(self.now_s()),
            fields=fields, error=error, tree=shelf.categories(), **self.words(),
        )  # fmt: skip
        return page, status

    def end(self, promotion_id: str) -> Response:
        """End a promotion now."""
        try:
            promotions.end(promotion_id, by=actor(), now_s=self.now_s())
        except HubError as exc:
            session["note"] = ["bad", in_words(exc.detail, gettext)]
        else:
            session["note"] = ["good", gettext("The promotion has ended.")]
        return redirect(url_for("prices.promoted"))

    # --- why this price --------------------------------------------------------------------------

    def why(self) -> Any:
        """Show the question, and the answer if one was asked."""
        asked = request.args.to_dict()
        answer: Quote | QuoteRefused | None = None
        error, status = "", 200
        if asked.get("sku"):
            try:
                answer = ask(self._question(asked), self.outside, unknown_cost)
            except HubError as exc:
                error, status = in_words(exc.detail, gettext), exc.status
        is_refused = isinstance(answer, QuoteRefused)
        page = render_template(
            "prices/why.html", asked=asked, error=error, skus=shelf.skus(),
            quote=None if is_refused else answer,
            refusal=why.refusal(answer, gettext) if isinstance(answer, QuoteRefused) else "",
            told=self._told(answer) if isinstance(answer, Quote) else [], **self.words(),
        )  # fmt: skip
        return page, status

    def _told(self, quote: Quote) -> list[tuple[str, str, int | None]]:
        """Return the steps as they may be shown: look, sentence, and the price after it."""
        locale = reader_locale()
        if is_allowed(Permission.COST_SEE):
            return [
                (
                    "quiet" if step.kind is StepKind.PASSED else "",
                    why.sentence(step, quote.currency, locale, gettext), step.unit_minor,
                )
                for step in quote.steps
            ]  # fmt: skip
        # No amount in between: what cost or floor is would follow from it.
        return [
            ("", step.names[locale], None)
            for step in quote.steps
            if step.kind in {StepKind.PROMOTION, StepKind.MEMBER}
        ]

    def _question(self, asked: Mapping[str, str]) -> Asked:
        quantity = asked.get("quantity", "") or "1"
        if not (quantity.isascii() and quantity.isdecimal() and len(quantity) <= 9):
            raise RequestInvalid(N_("Something that was asked for cannot be read."))
        kind, _, whose = asked.get("whose", "").partition(":")
        cost = None
        if asked.get("cost") and is_allowed(Permission.COST_SEE):
            cost = Money(typed.read_amount(asked["cost"], self.currency), self.currency)
        at_s = self._moment(asked.get("at", ""))
        return Asked(
            asked["sku"], int(quantity), self.currency, self.now_s() if at_s is None else at_s,
            asked.get("channel", "").strip().lower(), whose if kind == "agent" else "",
            whose if kind == "level" else "", asked.get("member") == "yes", cost,
        )  # fmt: skip

    # --- tables ----------------------------------------------------------------------------------

    def table(self) -> Any:
        """Take a table: show what it would do, and do it when that was confirmed."""
        text = request.form.get("table", "")
        file = request.files.get("file")
        shown: typed.Sheet | None = None
        try:
            if file and file.filename:
                text = read_upload(file.read())
            if text.strip():
                shown = typed.read_sheet(text, _currencies(), _skus())
            if shown and not shown.faults and request.form.get("confirmed"):
                books.set_prices(shown.changes, by=actor(), now_s=self.now_s())
                count = len(shown.changes)
                session["note"] = ["good", gettext("Prices taken in: %(count)d", count=count)]
                return redirect(url_for("prices.show"))
        except HubError as exc:
            return self._table(text, None, in_words(exc.detail, gettext)), exc.status
        return self._table(text, shown)

    def _table(self, text: str, shown: typed.Sheet | None, error: str = "") -> str:
        return render_template(
            "prices/table.html", text=text, shown=shown, error=error, columns=typed.COLUMNS,
            currencies=_currencies(), **self.words(),
        )  # fmt: skip


def blueprint(
    outside: Outside, currency: str, timezone: str, now_s: Callable[[], int]
) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("prices", __name__, url_prefix="/prices")
    shown = _Pages(outside, currency, timezone, now_s)
    _add_reading(pages, shown)
    _add_changing(pages, shown)
    return pages


def _add_reading(pages: Blueprint, shown: _Pages) -> None:
    @pages.get("")
    @needs(Permission.PRICES_READ)
    def show() -> Any:
        return shown.show()

    @pages.get("/books/<book_id>")
    @needs(Permission.PRICES_READ)
    def book(book_id: str) -> Any:
        return shown.book(book_id)

    @pages.get("/promotions")
    @needs(Permission.PRICES_READ)
    def promoted() -> Any:
        return shown.promoted()

    @pages.get("/costs")
    @needs(Permission.COST_SEE)
    def costs() -> str:
        return shown.costs()

    @pages.get("/why")
    @needs(Permission.PRICES_READ)
    def explained() -> Any:
        return shown.why()


def _add_changing(pages: Blueprint, shown: _Pages) -> None:
    @pages.post("")
    @needs(Permission.PRICES_MANAGE)
    def add_book() -> Any:
        return shown.show()

    @pages.post("/books/<book_id>")
    @needs(Permission.PRICES_MANAGE)
    def set_price(book_id: str) -> Any:
        return shown.book(book_id)

    @pages.post("/promotions")
    @needs(Permission.PRICES_MANAGE)
    def promote() -> Any:
        return shown.promoted()

    @pages.post("/promotions/<promotion_id>/end")
    @needs(Permission.PRICES_MANAGE)
    def end(promotion_id: str) -> Response:
        return shown.end(promotion_id)

    @pages.post("/costs/<any(floor, markup):cost>")
    @needs(Permission.PRICES_MANAGE)
    def set_cost(cost: str) -> Any:
        return shown.set_cost(cost)

    @pages.route("/table", methods=["GET", "POST"])
    @needs(Permission.PRICES_MANAGE)
    def table() -> Any:
        return shown.table()


def _currencies() -> dict[str, str]:
    return {book.id: book.currency for book in books.books()}


def _skus() -> frozenset[str]:
    return frozenset(sku.id for sku in shelf.skus())
