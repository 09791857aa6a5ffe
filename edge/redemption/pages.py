"""The clerk's pages: one question, one answer. Plain forms; clerk.js only makes them quicker."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, NamedTuple

from flask import Blueprint, Flask, Response, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from edge.bundles.store import BundleStore
from edge.contract.bundle import LOCALES, Product
from edge.contract.ids import Epoch, Seq
from edge.contract.money import parse_decimal
from edge.contract.policy import EXACT
from edge.contract.refusal import WAY_OUT, Refusal, WayOut
from edge.contract.voucher_token import VoucherKind
from edge.devices.decoder import PictureDecoder
from edge.errors import EdgeError, NotFound, NotPermitted, RequestInvalid
from edge.journal.store import Journal, Recorded
from edge.receipt.document import local_time, money
from edge.receipt.spool import Spool
from edge.redemption.api import NUMBER
from edge.redemption.decide import Wish
from edge.redemption.redeem import Presented, Redeemer, new_key
from edge.web.problem import TITLES, all_slugs
from edge.web.session import Clerks, For, allowed
from edge.web.words import N_, REFUSALS, WAYS_OUT, best_locale, translate

PICTURE_BYTES_MAX = 16 * 1024 * 1024
RECENT = 20

JOB_STATES = {
    "queued": N_("waiting for the printer"),
    "sending": N_("printing"),
    "uncertain": N_("unclear, a copy follows"),
    "printed": N_("printed"),
    "sent": N_("sent to the printer"),
    "superseded": N_("a copy follows"),
    "given-up": N_("given up"),
}
CHECKED = {True: N_("online"), False: N_("offline")}


class Answer(NamedTuple):
    """What the big field shows. ``look`` is good, bad or ask: colour, shape and sound at once."""

    look: str
    title: str
    detail: str = ""
    way_out: str = ""
    reason: str = ""
    facts: tuple[tuple[str, str], ...] = ()


class Unit(NamedTuple):
    """The parts of a unit that its pages show."""

    redeemer: Redeemer
    journal: Journal
    bundles: BundleStore
    spool: Spool
    clerks: Clerks
    decoder: PictureDecoder
    lamps: Callable[[str], list[dict[str, str]]]
    """Returns the status strip in a language."""


def blueprint(unit: Unit, default_locale: str) -> Blueprint:  # noqa: C901, PLR0915 - routes
    """Return the pages of an enrolled unit."""
    pages = Blueprint("pages", __name__)

    def shown(recorded: Recorded | None = None, problem: EdgeError | None = None) -> str:
        locale = locale_of(default_locale)
        answer = None
        if recorded:
            answer = answer_of(recorded, unit.bundles, locale)
        elif problem:
            told = problem.problem()
            answer = Answer("bad", translate(locale, told.title), translate(locale, told.detail))
        page = "_fragment.html" if "X-Fragment" in request.headers else "clerk.html"
        word = unit.bundles.word
        return render_template(
            page,
            answer=answer,
            key=new_key(),
            basket=secrets.token_hex(8),
            currency=word.enrolment.currency if word else "",
            strip=unit.lamps(locale),
        )

    @pages.get("/")
    @allowed(For.CLERK)
    def clerk() -> str:
        return shown()

    @pages.post("/redeem")
    @allowed(For.CLERK)
    def redeem() -> str:
        return present(request.form.get("scan", ""))

    @pages.post("/picture")
    @allowed(For.CLERK)
    def picture() -> str:
        file = request.files.get("picture")
        data = file.read(PICTURE_BYTES_MAX + 1) if file else b""
        try:
            if not data or len(data) > PICTURE_BYTES_MAX:
                raise RequestInvalid("The picture is missing or too large.")
            reading = unit.decoder.read(data)
        except EdgeError as exc:
            return shown(problem=exc)
        # A picture without a code is a scan that is no voucher: it is refused and recorded too.
        return present(reading.text if reading else "")

    def present(text: str) -> str:
        form = request.form
        try:
            presented = Presented(
                text=text,
                key=form.get("key", "")[:200] or new_key(),
                wish=read_wish(form, unit.bundles),
                basket=form.get("basket", "")[:64] or None,
                clerk=session["clerk"],
            )
            recorded = unit.redeemer.redeem(presented)
        except EdgeError as exc:
            return shown(problem=exc)
        return shown(recorded)

    @pages.get("/strip")
    @allowed(For.CLERK)
    def strip() -> str:
        return render_template("_strip.html", strip=unit.lamps(locale_of(default_locale)))

    @pages.get("/recent")
    @allowed(For.CLERK)
    def history() -> str:
        locale = locale_of(default_locale)
        scans = [scan_row(r, unit, locale) for r in unit.journal.newest(RECENT)]
        note = translate(locale, N_("A copy will be printed.")) if "copy" in request.args else ""
        return render_template("history.html", scans=scans, note=note)

    @pages.post(f"/recent/<{NUMBER}:epoch>/<{NUMBER}:seq>/copy")
    @allowed(For.CLERK)
    def reprint(epoch: int, seq: int) -> BaseResponse:
        if not unit.spool.of(Epoch(epoch), Seq(seq)):
            raise NotFound("No receipt has this number.")
        unit.spool.add_copy(Epoch(epoch), Seq(seq))
        return redirect(url_for("pages.history", copy=1))

    @pages.route("/login", methods=["GET", "POST"])
    @allowed(For.ANYBODY)
    def login() -> str | tuple[str, int] | BaseResponse:
        name, error = request.form.get("name", ""), ""
        if request.method == "POST":
            locale = locale_of(default_locale)
            try:
                if unit.clerks.check(name, request.form.get("pin", "")):
                    session.clear()
                    session["clerk"] = name
                    session.permanent = True
                    return redirect(url_for("pages.clerk"))
                error = translate(locale, N_("The PIN is wrong."))
            except NotPermitted as exc:
                error = translate(locale, exc.detail)
        page = render_template("login.html", clerks=unit.clerks.names(), chosen=name, error=error)
        return (page, 401) if error else page

    @pages.post("/logout")
    @allowed(For.CLERK)
    def logout() -> BaseResponse:
        session.clear()
        return redirect(url_for("pages.login"))

    add_common(pages, default_locale)
    return pages


def add_common(pages: Blueprint, default_locale: str) -> None:
    """Add the pages that a unit has even before it is enrolled."""

    @pages.post("/language")
    @allowed(For.ANYBODY)
    def language() -> BaseResponse:
        if request.form.get("locale") in LOCALES:
            session["locale"] = request.form["locale"]
        back = request.form.get("back", "/")
        # Only our own paths: "//host" would lead to another one.
        return redirect(back if back.startswith("/") and not back.startswith("//") else "/")

    @pages.get("/problems/<slug>")
    @allowed(For.ANYBODY)
    def problem(slug: str) -> str:
        if slug not in all_slugs():
            raise NotFound("There is no such problem.")
        title = TITLES.get(slug) or next(
            kind.title for kind in _errors(EdgeError) if kind.slug == slug
        )
        return render_template(
            "problem.html", slug=slug, title=translate(locale_of(default_locale), title)
        )


def unenrolled_blueprint(default_locale: str, explain: Callable[[], EdgeError]) -> Blueprint:
    """Return the pages of a unit that cannot redeem at all; ``explain`` says why."""
    pages = Blueprint("pages", __name__)

    @pages.get("/")
    @allowed(For.ANYBODY)
    def clerk() -> tuple[str, int]:
        error, locale = explain(), locale_of(default_locale)
        told = error.problem()
        command = str(told.extra.get("command", ""))
        page = render_template(
            "not_enrolled.html",
            title=translate(locale, told.title),
            detail=translate(locale, told.detail),
            command=command,
        )
        return page, told.status

    add_common(pages, default_locale)
    return pages


def install_templates(app: Flask, default_locale: str, unit_name: str) -> None:
    """Give every template the language, and the name of this unit."""

    @app.context_processor
    def words() -> dict[str, Any]:
        locale = locale_of(default_locale)
        return {"_": lambda text: translate(locale, text), "locale": locale, "unit": unit_name}

    @app.after_request
    def harden(response: Response) -> Response:
        headers = response.headers
        headers.setdefault(
            "Content-Security-Policy",
            "default-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none';"
            " frame-ancestors 'none'",
        )
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        if request.endpoint != "static":
            headers.setdefault("Cache-Control", "no-store")
        return response


# --- in and out ----------------------------------------------------------------------------------


def locale_of(default: str) -> str:
    """Return the language of this request: chosen, asked for by the browser, or the unit's."""
    chosen = session.get("locale")
    return chosen or best_locale(request.headers.get("Accept-Language"), default)


def read_wish(form: Any, bundles: BundleStore) -> Wish:
    """Read amount and uses as a person types them.

    Raises:
        RequestInvalid: one of them is not a number.
    """
    amount, uses = form.get("amount", "").strip(), form.get("uses", "").strip()
    currency = bundles.word.enrolment.currency if bundles.word else "CNY"
    try:
        typed = parse_decimal(amount, currency) if amount else None
    except ValueError:
        raise RequestInvalid(N_("The amount is not a number.")) from None
    if uses and not (uses.isascii() and uses.isdecimal() and 1 <= int(uses[:9]) <= 99999):
        raise RequestInvalid(N_("The uses are not a number."))
    return Wish(typed, int(uses) if uses else None)


def answer_of(recorded: Recorded, bundles: BundleStore, locale: str) -> Answer:
    """Return the big answer to a scan."""
    entry, _, notes = recorded
    word = bundles.word
    products = word.catalogue.products if word else {}
    product = products.get(notes.product) if notes.product is not None else None
    currency = word.enrolment.currency if word else ""
    name = product.name(locale) if product else ""
    if entry.reason:
        way_out = WAY_OUT[entry.reason]
        asks = way_out in {WayOut.ENTER_AMOUNT, WayOut.SCAN_AGAIN, WayOut.FRESH_CODE}
        left = _left(product, notes.remaining, currency, locale)
        tells_left = entry.reason in {Refusal.AMOUNT_MISSING, Refusal.INSUFFICIENT_VALUE}
        return Answer(
            "ask" if asks else "bad",
            translate(locale, REFUSALS[entry.reason]),
            name,
            translate(locale, WAYS_OUT[way_out]),
            str(entry.reason),
            left if tells_left else (),
        )
    facts = []
    if notes.worth_minor:
        facts.append((translate(locale, N_("Amount")), money(notes.worth_minor, currency)))
    facts += _left(product, notes.remaining, currency, locale)
    facts.append((translate(locale, N_("Receipt")), f"{entry.receipt}"))
    if entry.mode not in EXACT:
        facts.append((translate(locale, N_("Checked")), translate(locale, CHECKED[False])))
    return Answer("good", translate(locale, N_("Accepted")), name, facts=tuple(facts))


def _left(
    product: Product | None, remaining: int | None, currency: str, locale: str
) -> tuple[tuple[str, str], ...]:
    if product is None or remaining is None:
        return ()
    if product.kind is VoucherKind.MULTI:
        return ((translate(locale, N_("Uses left")), str(remaining)),)
    if product.kind is VoucherKind.STORED_VALUE:
        return ((translate(locale, N_("Balance")), money(remaining, currency)),)
    return ()


def scan_row(recorded: Recorded, unit: Unit, locale: str) -> dict[str, Any]:
    """Return one row of the recent scans."""
    entry, _, notes = recorded
    answer = answer_of(recorded, unit.bundles, locale)
    word = unit.bundles.word
    who = word.enrolment if word else None
    jobs = unit.spool.of(entry.epoch, entry.seq)
    paper = translate(locale, JOB_STATES[jobs[-1].state]) if jobs else ""
    return {
        "time": local_time(entry.wall_s, who.timezone if who else "UTC"),
        "look": answer.look,
        "answer": answer.title,
        "product": answer.detail,
        "amount": money(notes.worth_minor, who.currency)
        if who and notes.worth_minor and entry.accepted
        else "",
        "checked": translate(locale, CHECKED[entry.mode in EXACT]) if entry.mode else "",
        "receipt": entry.receipt if jobs else None,
        "paper": paper,
        "epoch": entry.epoch,
        "seq": entry.seq,
    }


def _errors(kind: type[EdgeError]) -> list[type[EdgeError]]:
    return [kind, *(sub for direct in kind.__subclasses__() for sub in _errors(direct))]
