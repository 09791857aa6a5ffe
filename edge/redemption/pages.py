"""The clerk's pages: one question, one answer. Plain forms; clerk.js only makes them quicker."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.wrappers import Response as BaseResponse

from edge.bundles.store import BundleStore
from edge.contract.bundle import LOCALES
from edge.contract.ids import Epoch, Seq
from edge.contract.money import parse_decimal
from edge.contract.refusal import WAY_OUT, WayOut
from edge.devices.pictures.decoder import PictureDecoder
from edge.devices.scanners.inbox import Inbox
from edge.errors import EdgeError, NotFound, NotPermitted, RequestInvalid
from edge.journal.store import Journal, Recorded
from edge.receipt.spool import Event, Spool
from edge.redemption.answer import (
    Answer,
    Ask,
    Overrule,
    Row,
    answer_of,
    answer_to_problem,
    held_row,
    row_of,
)
from edge.redemption.api import NUMBER
from edge.redemption.decide import Wish
from edge.redemption.redeem import Presented, Redeemer, Supervisor, new_key
from edge.redemption.scans import taken
from edge.redemption.void import Part, Voider
from edge.web.advice import ADVICE, AGAIN
from edge.web.problem import titles
from edge.web.session import Clerks, For, allowed, is_at_the_unit
from edge.web.words import N_, best_locale, translate

log = logging.getLogger(__name__)

PICTURE_BYTES_MAX = 16 * 1024 * 1024
RECENT = 20
REASON_CHARS = 100
"""Of a supervisor's reason; it stands in the entry."""
DONE = {
    "copy": N_("A copy will be printed."),
    "void": N_("The redemption was taken back."),
    "given-up": N_("This paper will not be printed."),
    "decided": N_("Somebody has decided about this paper already."),
}
"""What was done last, said above the recent scans."""


class Unit(NamedTuple):
    """The parts of a unit that its pages show."""

    redeemer: Redeemer
    voider: Voider
    journal: Journal
    bundles: BundleStore
    spool: Spool
    clerks: Clerks
    decoder: PictureDecoder
    inbox: Inbox
    lamps: Callable[[str], Sequence[NamedTuple]]
    """Returns the status strip in a language."""


def blueprint(unit: Unit, default_locale: str) -> Blueprint:  # noqa: C901, PLR0915 - routes
    """Return the pages of an enrolled unit."""
    pages = Blueprint("pages", __name__)

    def shown(answer: Answer | None = None, source: str = "page") -> str:
        page = "_fragment.html" if "X-Fragment" in request.headers else "clerk.html"
        return render_template(
            page,
            answer=answer,
            source=source,
            key=new_key(),
            basket=secrets.token_hex(8),
            clerk=session["clerk"],
            strip=unit.lamps(locale_of(default_locale)),
        )

    @pages.get("/")
    @allowed(For.CLERK)
    def clerk() -> str:
        return shown()

    @pages.post("/redeem")
    @allowed(For.CLERK)
    def redeem() -> str:
        number = request.form.get("scanned", "")
        if not number.isdecimal():
            # Asked for an amount: the scan came from where it came from before.
            source = request.form.get("source", "")
            known = source == "picture" or source in unit.inbox.tallies
            return present(request.form.get("scan", ""), source if known else "page")
        scan = taken(unit.inbox, int(number[:18]), request.form.get("key")).scan
        return present(scan.text, scan.source)

    @pages.post("/picture")
    @allowed(For.CLERK)
    def picture() -> str:
        file = request.files.get("picture")
        data = file.read(PICTURE_BYTES_MAX + 1) if file else b""
        try:
            if not data or len(data) > PICTURE_BYTES_MAX:
                raise RequestInvalid(N_("The picture is missing or too large."))
            reading = unit.decoder.read(data)
        except EdgeError as exc:
            return shown(answer_to_problem(exc, locale_of(default_locale)))
        # A picture without a code is a scan that is no voucher: it is refused and recorded too.
        return present(reading.text if reading else "", "picture")

    def present(text: str, source: str) -> str:
        form, locale = request.form, locale_of(default_locale)
        currency = currency_of(unit.bundles)
        try:
            wish = read_wish(form, currency)
        except RequestInvalid as exc:
            again = Ask(text, currency) if form.get("amount") else None
            return shown(answer_to_problem(exc, locale, again), source)
        presented = Presented(
            text=text,
            key=form.get("key", "")[:200] or new_key(),
            wish=wish,
            basket=form.get("basket", "")[:64] or None,
            clerk=session["clerk"],
            source=source,
        )
        try:
            presented = presented._replace(supervisor=supervisor_of(form, unit.clerks))
            recorded = unit.redeemer.redeem(presented)
        except EdgeError as exc:
            return shown(answer_to_problem(exc, locale))
        answer = answer_of(recorded, unit.bundles.word, locale, text)
        undo = recorded.entry if unit.voider.may_void(recorded) else None
        more = answer._replace(
            undo=undo, phone=phone_link(recorded, presented),
            overrule=overrule(recorded, presented),
        )  # fmt: skip
        return shown(more, source)

    def overrule(recorded: Recorded, presented: Presented) -> Overrule | None:
        names = tuple(unit.clerks.supervisors())
        if not names or not unit.redeemer.may_be_overruled(presented, recorded):
            return None
        form = request.form
        amount = (form.get("all") or form.get("amount", "")).strip()
        return Overrule(presented.text, amount, form.get("uses", "").strip(), names)

    def phone_link(recorded: Recorded, presented: Presented) -> str:
        reason = recorded.entry.reason
        if reason is None or WAY_OUT[reason] is not WayOut.NETWORK:
            return ""
        return unit.redeemer.ask_phone(presented).link

    @pages.post(f"/void/<{NUMBER}:epoch>/<{NUMBER}:seq>")
    @allowed(For.CLERK)
    def void(epoch: int, seq: int) -> str | BaseResponse:
        locale = locale_of(default_locale)
        try:
            recorded = unit.voider.void(Epoch(epoch), Seq(seq), session["clerk"], part_wanted())
        except EdgeError as exc:
            return shown(answer_to_problem(exc, locale))
        if request.form.get("then") == "recent":
            return redirect(url_for("pages.history", done="void"))
        return shown(answer_of(recorded, unit.bundles.word, locale))

    def part_wanted() -> Part | None:
        """Return the part that is to be taken back, None for all that is left."""
        form = request.form
        if "part" not in form:
            return None
        return Part(read_wish(form, currency_of(unit.bundles)), form.get("key", "")[:200])

    @pages.get("/strip")
    @allowed(For.CLERK)
    def strip() -> str:
        return render_template("_strip.html", strip=unit.lamps(locale_of(default_locale)))

    @pages.get("/recent")
    @allowed(For.CLERK)
    def history() -> str:
        locale = locale_of(default_locale)
        return render_template(
            "history.html",
            held=[held_row(job, unit.journal, locale) for job in unit.spool.held()],
            scans=[row(recorded, locale) for recorded in unit.journal.newest(RECENT)],
            note=translate(locale, DONE.get(request.args.get("done", ""), "")),
            clerk=session["clerk"],
            strip=unit.lamps(locale),
        )

    def row(recorded: Recorded, locale: str) -> Row:
        entry = recorded.entry
        return row_of(
            recorded, unit.bundles.word, unit.spool.of(entry.epoch, entry.seq), locale,
            is_void=entry.accepted and not unit.journal.left_of(entry),
            left=unit.voider.left_to_void(recorded),
        )  # fmt: skip

    @pages.post(f"/recent/<{NUMBER}:epoch>/<{NUMBER}:seq>/copy")
    @allowed(For.CLERK)
    def reprint(epoch: int, seq: int) -> BaseResponse:
        if not unit.spool.of(Epoch(epoch), Seq(seq)):
            raise NotFound(N_("No receipt has this number."))
        unit.spool.add_copy(Epoch(epoch), Seq(seq))
        return redirect(url_for("pages.history", done="copy"))

    @pages.post(f"/papers/<{NUMBER}:job_id>")
    @allowed(For.CLERK)
    def decide_paper(job_id: int) -> BaseResponse:
        again = request.form.get("do") == "again"
        job = unit.spool.decide(job_id, Event.COPIED if again else Event.ABANDONED)
        if job:
            # A key paper may bear a key: who has had it printed twice has to be known.
            log.warning(
                "paper %d/%d/%d: %s by %s", job.epoch, job.seq, job.key_paper,
                "printed again" if again else "given up", session["clerk"],
            )  # fmt: skip
        done = "decided" if job is None else "copy" if again else "given-up"
        return redirect(url_for("pages.history", done=done))

    @pages.route("/login", methods=["GET", "POST"])
    @allowed(For.ANYBODY)
    def login() -> str | tuple[str, int] | BaseResponse:
        name, error = request.form.get("name", ""), ""
        if request.method == "POST":
            locale = locale_of(default_locale)
            try:
                if unit.clerks.check(name, request.form.get("pin", "")):
                    forget_all_but_the_language()
                    session["clerk"] = name
                    if request.args.get("kiosk"):
                        session["kiosk"] = True  # this screen is the kiosk's: it goes back there
                    session["is_supervisor"] = unit.clerks.is_supervisor(name)
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
        forget_all_but_the_language()
        back_to_kiosk = is_at_the_unit() and "kiosk" in current_app.blueprints
        return redirect(url_for("kiosk.show" if back_to_kiosk else "pages.login"))

    add_common(pages)
    return pages


def add_common(pages: Blueprint) -> None:
    """Add the pages that a unit has even before it is enrolled."""

    @pages.post("/language")
    @allowed(For.ANYBODY)
    def language() -> BaseResponse:
        if request.form.get("locale") in LOCALES:
            session["locale"] = request.form["locale"]
        return redirect(way_back(request.form.get("back", "/")))

    @pages.get("/problems/<slug>")
    @allowed(For.ANYBODY)
    def problem(slug: str) -> str:
        known = titles()
        if slug not in known:
            raise NotFound(N_("There is no such problem."))
        advice = ADVICE[slug]
        again = AGAIN[advice.again]
        return render_template(
            "problem.html", slug=slug, title=known[slug], advice=advice, again=again
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
            slug=told.slug,
        )
        return page, told.status

    add_common(pages)
    return pages


def install_templates(
    app: Flask, default_locale: str, unit_name: str, *, kiosk: bool = False
) -> None:
    """Give every template the language, the name of this unit, and whether it is a kiosk."""

    @app.context_processor
    def words() -> dict[str, Any]:
        locale = locale_of(default_locale)
        return {
            "_": lambda text: translate(locale, text), "locale": locale, "unit": unit_name,
            "kiosk": kiosk,
        }  # fmt: skip

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


def forget_all_but_the_language() -> None:
    """Begin a new session of whoever reads this screen."""
    locale = session.get("locale")
    session.clear()
    if locale:
        session["locale"] = locale


def way_back(path: str) -> str:
    """Return the path if it is one of ours: "//host" and what a browser takes for it is none."""
    leads_elsewhere = path.startswith(("//", "/\\"))
    is_ours = path.startswith("/") and path.isascii() and path.isprintable()
    return path if is_ours and not leads_elsewhere else "/"


def supervisor_of(form: Any, clerks: Clerks) -> Supervisor | None:
    """Return who overrules a refusal, None if nobody wants to.

    Raises:
        RequestInvalid: the PIN is wrong, or there is no reason.
        NotPermitted: too many wrong PINs; wait.
    """
    name = form.get("supervisor", "")
    if not name:
        return None
    why = form.get("why", "").strip()
    if not clerks.check(name, form.get("pin", "")) or not clerks.is_supervisor(name):
        raise RequestInvalid(N_("The PIN is wrong."))
    if not (1 <= len(why) <= REASON_CHARS and why.isprintable()):
        raise RequestInvalid(N_("Say why, in at most 100 characters."))
    return Supervisor(name, why)


def currency_of(bundles: BundleStore) -> str:
    """Return the currency of the store, which every amount that is typed is in."""
    return bundles.word.enrolment.currency if bundles.word else "CNY"


def read_wish(form: Any, currency: str) -> Wish:
    """Read amount and uses as a person types them; ``all`` is the button beside the amount.

    Raises:
        RequestInvalid: one of them is not a number.
    """
    amount = (form.get("all") or form.get("amount", "")).strip()
    uses = form.get("uses", "").strip()
    try:
        typed = parse_decimal(amount, currency) if amount else None
    except ValueError:
        raise RequestInvalid(N_("The amount is not a number.")) from None
    if uses and not (uses.isascii() and uses.isdecimal() and 1 <= int(uses[:9]) <= 99999):
        raise RequestInvalid(N_("The uses are not a number."))
    return Wish(typed, int(uses) if uses else None)
