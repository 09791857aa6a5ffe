"""The ledger on a page: trial balance, and the statement of an account."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, render_template, request

from central.errors import NotFound, RequestInvalid
from central.foundation.people.roles import Permission
from central.foundation.web.permission import needs
from central.money.ledger.api import balance_by_currency
from central.money.ledger.audit import audit, size
from central.money.ledger.chart import heading_of
from central.money.ledger.rules import business_day
from central.money.ledger.statement import statement, trial_balance


def blueprint(timezone: str, now_s: Callable[[], int]) -> Blueprint:
    """Return the routes."""
    pages = Blueprint("ledger", __name__)

    @pages.get("/ledger")
    @needs(Permission.LEDGER_READ)
    def show() -> str:
        accounts = trial_balance()
        journals, entries = size()
        return render_template(
            "ledger/trial_balance.html",
            accounts=accounts,
            totals=balance_by_currency(accounts),
            findings=audit(),
            journals=journals,
            entries=entries,
        )

    @pages.get("/ledger/<code>")
    @needs(Permission.LEDGER_READ)
    def account(code: str) -> str:
        today = business_day(now_s(), timezone)
        first = _day(request.args.get("first"), today // 100 * 100 + 1)
        last = _day(request.args.get("last"), today)
        found = statement(code, first, last)
        if found is None:
            raise NotFound("This account has not been opened.")
        return render_template(
            "ledger/statement.html",
            statement=found,
            heading=heading_of(code),
            first=iso(first),
            last=iso(last),
        )

    return pages


def iso(day: int) -> str:
    """Return yyyymmdd as a date field wants it."""
    return f"{day // 10000:04d}-{day // 100 % 100:02d}-{day % 100:02d}"


def _day(text: str | None, default: int) -> int:
    if not text:
        return default
    digits = text.replace("-", "")
    if not (digits.isascii() and digits.isdecimal() and len(digits) == 8):
        raise RequestInvalid("A day is written 2026-04-11.")
    return int(digits)
