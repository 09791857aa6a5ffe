"""The ledger on pages: trial balance, statements, one journal, and the audit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from central.errors import NotFound, RequestInvalid
from central.foundation.db.engine import reading
from central.foundation.language.words import N_, POSTINGS
from central.foundation.people.roles import Permission
from central.foundation.web.permission import needs
from central.foundation.web.spreadsheet import (
    CONTENT_TYPES,
    Cell,
    csv_of_rows,
    xlsx_of_rows,
)
from central.money.ledger import behind
from central.money.ledger import statement as reader
from central.money.ledger.api import balance_by_currency
from central.money.ledger.audit_log import newest_or_now, prove_and_note
from central.money.ledger.balance import balance
from central.money.ledger.chart import heading_of, headings_per
from central.money.ledger.clearing import pending
from central.money.ledger.closes import closed_through, closes
from central.money.ledger.links import links_of
from central.money.ledger.rules import business_day, is_day
from central.money.ledger.statement import Line, Statement

LINES_PER_PAGE = 500
CLOSES_SHOWN = 40


class Window(NamedTuple):
    """Some lines of a statement, for one page.

    Args:
        carried: The balance before the first of them.
        page: Counted from 1.
    """

    statement: Statement
    lines: tuple[Line, ...]
    carried: int
    page: int
    pages: int


def blueprint(timezone: str, now_s: Callable[[], int]) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("ledger", __name__)
    pages.add_app_template_filter(kind_name, "kind")

    @pages.get("/ledger")
    @needs(Permission.LEDGER_READ)
    def show() -> str:
        day = _day(request.args.get("day"), None)
        accounts = reading(lambda: reader.trial_balance(day))
        return render_template(
            "ledger/trial_balance.html", accounts=accounts, day=iso(day) if day else "",
            totals=balance_by_currency(accounts), audit=newest_or_now(now_s()),
        )  # fmt: skip

    @pages.get("/ledger/<code>")
    @needs(Permission.LEDGER_READ)
    def account(code: str) -> str:
        asked = _Asked.read(timezone, now_s())
        found = reading(lambda: reader.statement(code, *asked.days, booked_in=asked.booked_in))
        if found is None:
            raise NotFound(N_("This account has not been opened."))
        window = _window(found, _page(request.args.get("page")))
        return render_template(
            "ledger/statement.html", windows=[window], name=code, asked=asked,
            heading_of=heading_of, party=party_of(code), balance=balance(code), of_party=None,
        )  # fmt: skip

    @pages.get("/ledger/parties/<kind>/<party>")
    @needs(Permission.LEDGER_READ)
    def of_party(kind: str, party: str) -> str:
        asked = _Asked.read(timezone, now_s())
        booked_in = asked.booked_in
        found = reading(
            lambda: reader.party_statement(kind, party, *asked.days, booked_in=booked_in)
        )
        if not found:
            raise NotFound(N_("Nobody of this name has an account."))
        windows = [_window(one, _page(request.args.get("page"))) for one in found]
        return render_template(
            "ledger/statement.html", windows=windows, name=party, asked=asked,
            heading_of=heading_of, party=None, balance=None, of_party=(kind, party),
        )  # fmt: skip

    _files(pages, timezone, now_s)

    @pages.get("/ledger/journals/<int:number>")
    @needs(Permission.LEDGER_READ)
    def journal(number: int) -> str:
        found = reader.journal(number) if number < 2**63 else None
        if found is None:
            raise NotFound(N_("There is no journal of this number."))
        return render_template("ledger/journal.html", journal=found, links=links_of(found))

    @pages.get("/ledger/audit")
    @needs(Permission.LEDGER_READ)
    def audit() -> str:
        return render_template(
            "ledger/audit.html", audit=newest_or_now(now_s()), pending=reading(pending),
            closed_through=closed_through(), closes=closes()[: -CLOSES_SHOWN - 1 : -1],
        )  # fmt: skip

    @pages.post("/ledger/audit")
    @needs(Permission.LEDGER_READ)
    def run_audit() -> Response:
        prove_and_note(now_s(), current_user.name)
        return redirect(url_for("ledger.audit"))

    return pages


def _files(pages: Blueprint, timezone: str, now_s: Callable[[], int]) -> None:
    """Add what is taken away: trial balance, statements, everything behind a figure."""

    @pages.get("/ledger/trial-balance.<ending>")
    @needs(Permission.LEDGER_READ)
    def trial_balance_file(ending: str) -> Response:
        day = _day(request.args.get("day"), None)
        accounts = reading(lambda: reader.trial_balance(day))
        name = f"trial-balance-{day or business_day(now_s(), timezone)}"
        return _file(name, ending, behind.trial_balance_rows(accounts))

    @pages.get("/ledger/<code>/export.<ending>")
    @needs(Permission.LEDGER_READ)
    def account_file(code: str, ending: str) -> Response:
        asked = _Asked.read(timezone, now_s())
        found = reading(lambda: reader.statement(code, *asked.days, booked_in=asked.booked_in))
        if found is None:
            raise NotFound(N_("This account has not been opened."))
        return _statement_file(f"{code}-{asked.first}-{asked.last}", ending, [found])

    @pages.get("/ledger/parties/<kind>/<party>/export.<ending>")
    @needs(Permission.LEDGER_READ)
    def party_file(kind: str, party: str, ending: str) -> Response:
        asked = _Asked.read(timezone, now_s())
        booked_in = asked.booked_in
        found = reading(
            lambda: reader.party_statement(kind, party, *asked.days, booked_in=booked_in)
        )
        if not found:
            raise NotFound(N_("Nobody of this name has an account."))
        return _statement_file(f"{party}-{asked.first}-{asked.last}", ending, found)


def _statement_file(name: str, ending: str, found: list[Statement]) -> Response:
    if ending != "zip":
        return _file(name, ending, behind.statement_rows(found))
    try:
        raw = reading(lambda: behind.everything_behind(found))
    except ValueError as exc:
        raise RequestInvalid(f"Choose fewer days: {exc}.") from exc
    return _download(f"{name}.zip", "application/zip", raw)


def _file(name: str, ending: str, table: Iterable[Sequence[Cell]]) -> Response:
    if ending not in CONTENT_TYPES:
        raise NotFound(N_("It is taken away as csv or xlsx."))
    raw = csv_of_rows(table) if ending == "csv" else xlsx_of_rows(table, name)
    return _download(f"{name}.{ending}", CONTENT_TYPES[ending], raw)


def _download(name: str, content_type: str, raw: bytes) -> Response:
    answer = Response(raw, content_type=content_type)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def iso(day: int) -> str:
    """Return yyyymmdd as a date field wants it."""
    return f"{day // 10000:04d}-{day // 100 % 100:02d}-{day % 100:02d}"


def kind_name(kind: str) -> str:
    """Return what a kind of journal is called in the reader's language."""
    if kind in POSTINGS:
        return str(gettext(POSTINGS[kind]))
    what, dash, how = kind.rpartition("-")
    if dash and how == "reversed":
        return str(gettext("%(what)s – taken back", what=kind_name(what)))
    if dash and how == "committed":
        return str(gettext("%(what)s – done", what=kind_name(what)))
    if dash and how == "voided":
        return str(gettext("%(what)s – given back", what=kind_name(what)))
    return kind


class _Asked(NamedTuple):
    """Which days of a statement somebody wants to see, and how they are counted."""

    first: int
    last: int
    booked_in: str | None

    @classmethod
    def read(cls, timezone: str, at_s: int) -> _Asked:
        today = business_day(at_s, timezone)
        first = _day(request.args.get("first"), today // 100 * 100 + 1)
        last = _day(request.args.get("last"), today)
        assert first is not None, "there is a default"
        assert last is not None, "there is a default"
        return cls(first, last, timezone if request.args.get("by") == "booked" else None)

    @property
    def days(self) -> tuple[int, int]:
        """Both, for a statement."""
        return self.first, self.last


def _window(found: Statement, page: int) -> Window:
    pages = max(1, -(-len(found.lines) // LINES_PER_PAGE))
    page = min(page, pages)
    begin = (page - 1) * LINES_PER_PAGE
    carried = found.opening + sum(line.change for line in found.lines[:begin])
    return Window(found, found.lines[begin : begin + LINES_PER_PAGE], carried, page, pages)


def _page(text: str | None) -> int:
    if text and text.isascii() and text.isdecimal() and len(text) < 9:
        return max(1, int(text))
    return 1


def _day(text: str | None, default: int | None) -> int | None:
    if not text:
        return default
    digits = text.replace("-", "")
    if not (digits.isascii() and digits.isdecimal() and len(digits) == 8 and is_day(int(digits))):
        raise RequestInvalid(N_("A day is written 2026-04-11."))
    return int(digits)


def party_of(code: str) -> tuple[str, str] | None:
    """Return whose an account is, if its owner has several: kind and name."""
    heading = heading_of(code)
    if not heading.per or len(headings_per(heading.per)) == 1:
        return None
    return heading.per, code.partition(".")[2]
