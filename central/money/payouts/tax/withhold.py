"""Which schedule is in force for whom, what was withheld so far, and the list for the authority."""

from __future__ import annotations

import csv
import io
from typing import NamedTuple

from central.errors import RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.language.said import Saying, sentence_of
from central.money.ledger.days import is_day
from central.money.payouts.payees import PAID_FROM
from central.money.payouts.tax import schedule as tax
from central.money.payouts.tax.schedule import Schedule
from edge.contract.money import Money, decimal_text

FIRST_LINE = ("account", "name", "payouts", "gross", "tax", "net", "currency")


class TaxLine(NamedTuple):
    """What one person was paid in a month, minor units."""

    account: str
    name: str
    payouts: int
    gross: int
    tax: int
    currency: str


class Begun(NamedTuple):
    """A schedule that somebody has put in force.

    Args:
        first_day: Business day from which on it counts, yyyymmdd.
    """

    first_day: int
    schedule: Schedule
    by: str
    at_s: int


class Taxed(NamedTuple):
    """A party of which somebody has said whether it is a person."""

    account: str
    is_person: bool
    by: str
    at_s: int


class MonthOfTax(NamedTuple):
    """What was withheld in a month.

    Args:
        in_books: What the ledger says was withheld: credits of 2510 by payouts of the month.
    """

    month: int
    lines: list[TaxLine]
    in_books: int

    @property
    def total(self) -> int:
        """What the lines come to."""
        return sum(line.tax for line in self.lines)


def set_profile(account: str, *, is_person: bool, by: str, at_s: int) -> None:
    """Say whether a party is a person, from whose commissions tax is withheld.

    Raises:
        RequestInvalid: nobody is paid from such an account.
    """
    heading, _, owner = account.partition(".")
    if heading not in PAID_FROM or not owner:
        raise RequestInvalid(Saying("paid-from-only", headings=", ".join(PAID_FROM)))
    money_transaction(
        lambda: change(
            "INSERT INTO tax_profile (account, is_person, set_by, set_at_s) VALUES (?, ?, ?, ?)",
            (account, is_person, by, at_s),
        )
    )


def set_schedule(first_day: int, text: str, by: str, at_s: int) -> Schedule:
    """Put a schedule in force from a business day on; what was asked for before stays.

    Raises:
        RequestInvalid: it is not a schedule, or there is no such day.
    """
    if not is_day(first_day):
        raise RequestInvalid(Saying("no-day", day=first_day))
    schedule = schedule_in(text)
    money_transaction(
        lambda: change(
            "INSERT INTO tax_schedule (first_day, body, set_by, set_at_s) VALUES (?, ?, ?, ?)",
            (first_day, text, by, at_s),
        )
    )
    return schedule


def schedule_in(text: str) -> Schedule:
    """Return the schedule that a JSON text says.

    Raises:
        RequestInvalid: it says none; the sentence names why.
    """
    try:
        return tax.read(text)
    except ValueError as exc:
        raise RequestInvalid(Saying("no-tax-schedule", why=sentence_of(exc))) from exc


def schedules() -> list[Begun]:
    """Return every schedule that was ever put in force; of those for a day the newest one first."""
    found = rows(
        "SELECT first_day, body, set_by, set_at_s FROM tax_schedule ORDER BY first_day DESC,"
        " id DESC"
    )
    return [Begun(int(day), tax.read(body), by, int(at_s)) for day, body, by, at_s in found]


def profiles() -> list[Taxed]:
    """Return of whom it was said whether he is a person, as it stands now, by account."""
    found = rows(
        "SELECT account, is_person, set_by, set_at_s FROM tax_profile WHERE id IN"
        " (SELECT max(id) FROM tax_profile GROUP BY account) ORDER BY account"
    )
    return [Taxed(account, bool(person), by, int(at_s)) for account, person, by, at_s in found]


def months() -> list[tuple[int, int]]:
    """Return each month in which something was withheld, yyyymm, and how much; newest first."""
    found = rows(
        "SELECT day / 100, sum(tax) FROM payout WHERE state = 'paid' AND tax > 0"
        " GROUP BY day / 100 ORDER BY day / 100 DESC"
    )
    return [(int(month), int(withheld)) for month, withheld in found]


def schedule_on(day: int) -> Schedule | None:
    """Return the schedule of a business day; None if there is none."""
    found = rows(
        "SELECT body FROM tax_schedule WHERE first_day <= ? ORDER BY first_day DESC, id DESC"
        " LIMIT 1",
        (day,),
    )
    return tax.read(found[0][0]) if found else None


def is_person(account: str) -> bool:
    """Say whether tax is withheld from a party at all."""
    found = rows(
        "SELECT is_person FROM tax_profile WHERE account = ? ORDER BY id DESC LIMIT 1", (account,)
    )
    return bool(found and found[0][0])


def tax_now(account: str, amount: Money, day: int) -> int:
    """Return what is withheld from a payout of a business day, minor units.

    What failed gives back what was withheld of it. Call it in the transaction that writes the
    payout.
    """
    schedule = schedule_on(day) if is_person(account) else None
    if schedule is None:
        return 0
    first = day // 100 * 100 if schedule.period == "month" else day // 10_000 * 10_000
    last = first + (99 if schedule.period == "month" else 9_999)
    [(before, withheld)] = rows(
        "SELECT coalesce(sum(amount), 0), coalesce(sum(tax), 0) FROM payout"
        " WHERE account = ? AND currency = ? AND day BETWEEN ? AND ?"
        " AND state NOT IN ('failed', 'cancelled')",
        (account, amount.currency, first, last),
    )
    return tax.withheld_now(schedule, int(before), int(withheld), amount.minor)


def month_of_tax(month: int) -> MonthOfTax:
    """Return what was withheld by payouts that were asked for in a month, yyyymm, and paid.

    Raises:
        RequestInvalid: there is no such month.
    """
    if not is_day(month * 100 + 1):
        raise RequestInvalid(Saying("no-month", month=month))
    first, last = month * 100, month * 100 + 99
    lines = [
        TaxLine(account, name, int(n), int(gross), int(withheld), currency)
        for account, name, n, gross, withheld, currency in rows(
            "SELECT account, max(name), count(*), sum(amount), sum(tax), currency FROM payout"
            " WHERE day BETWEEN ? AND ? AND state = 'paid' GROUP BY account, currency"
            " HAVING sum(tax) > 0 ORDER BY account, currency",
            (first, last),
        )
    ]
    [(in_books,)] = rows(
        "SELECT coalesce(sum(e.amount), 0) FROM payout p"
        " JOIN entry e ON e.journal_id = p.journal_id JOIN account a ON a.id = e.account_id"
        " WHERE a.code = '2510' AND e.side = -1"
        " AND e.layer = 1 AND p.day BETWEEN ? AND ?",
        (first, last),
    )
    return MonthOfTax(month, lines, int(in_books))


def as_csv(found: MonthOfTax) -> bytes:
    """Return the list for the authority. UTF-8 with BOM, CRLF, and no cell is a formula."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(FIRST_LINE)
    for line in found.lines:
        amounts = (line.gross, line.tax, line.gross - line.tax)
        table.writerow(
            [line.account, _plain(line.name), line.payouts,
             *(decimal_text(minor, line.currency) for minor in amounts), line.currency]
        )  # fmt: skip
    return out.getvalue().encode("utf-8-sig")


def _plain(text: str) -> str:
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
