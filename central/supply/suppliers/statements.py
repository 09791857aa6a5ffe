"""Fetches suppliers' statements, day by day, and has them held against our books.

A day of an account is taken once: it is a bill like one from a file, with its bytes as they came.
What did not come, or does not hold together, is a missing day with its reason, and is asked for
again by the next runs.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from typing import NamedTuple

from central.errors import HubError, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.language.said import Saying, kept, of_kept, why
from central.money.ledger.rules import business_day
from central.money.reconciliation.files.take import digest_of
from central.money.reconciliation.model import BillKind, By, Told, ToldLine
from central.money.reconciliation.take import Taken, keep_here
from central.supply.suppliers.buy import Adapters
from central.supply.suppliers.model import total
from central.supply.suppliers.ports import (
    GivesStatements,
    Statement,
    StatementBroken,
    SupplierSilent,
)
from central.supply.suppliers.records import accounts
from central.supply.suppliers.records.accounts import Account
from edge.contract.money import Money

log = logging.getLogger(__name__)

DAYS_BACK = 7
"""A day that is missing is asked for again on so many days."""
DAYS_SHOWN = 14


class Fetched(NamedTuple):
    """What a run has done.

    Args:
        taken: Days taken now.
        missing: Days of the last ``DAYS_BACK`` that are still missing.
        problems: Why, one a day.
    """

    taken: int
    missing: int
    problems: list[str]


class StatementDay(NamedTuple):
    """A day of an account.

    Args:
        bill: Its bill; None while the day is missing.
        sha256: Of the bytes that came last, hex; empty if none did.
        said: Why it is missing; empty if nobody has asked yet.
    """

    day: dt.date
    bill: int | None
    sha256: str
    said: str


def gives_statements(adapters: Adapters, account: Account) -> GivesStatements | None:
    """Return an account's adapter if its protocol tells what it has charged; None otherwise.

    Raises:
        ConfigInvalid: the account cannot be used at all.
    """
    adapter = adapters.adapter(account.id)
    return adapter if isinstance(adapter, GivesStatements) and adapter.caps.statements else None


def fetch_due(adapters: Adapters, by: By, timezone: str) -> Fetched:
    """Fetch every day that is missing of every account. Call it outside of a transaction.

    Args:
        timezone: Where the business day is read.
    """
    taken, missing, problems = 0, 0, list[str]()
    for account in accounts.accounts():
        if account.state != "active":
            continue
        try:
            if gives_statements(adapters, account) is None:
                continue
        except HubError as exc:
            problems.append(Saying("about", subject=account.id, what=why(exc)))
            continue
        for one in days_of(account.id, by, timezone, DAYS_BACK):
            if one.bill is not None:
                continue
            try:
                fetch(adapters, account.id, one.day, by)
                taken += 1
            except HubError as exc:
                missing += 1
                problems.append(
                    Saying("bill-of-day", source=account.id, day=one.day.isoformat(), what=why(exc))
                )
    return Fetched(taken, missing, problems)


def fetch(adapters: Adapters, account_id: str, day: dt.date, by: By) -> Taken:
    """Fetch a day's statement of an account, keep it as it came, and match it.

    The same statement again matches again. Call it outside of a transaction.

    Raises:
        NotFound: there is no such account.
        RequestInvalid: it gives no statements, the day is not over, or the statement is not there
            or does not hold together.
        Conflict: it is not what was told of this day before, or in another money.
    """
    account = accounts.account(account_id)
    adapter = gives_statements(adapters, account)
    if adapter is None:
        raise RequestInvalid(Saying("statement-none", account=account_id))
    if _number(day) >= by.day:
        raise RequestInvalid(Saying("statement-later", day=day.isoformat()))
    try:
        found = adapter.statement(day)
        told = _told(account, found, day)
    except SupplierSilent as exc:
        said = Saying("statement-silent", account=account_id, code=exc.code)
        _missing(account_id, day, said, b"", by)
        raise RequestInvalid(said) from exc
    except StatementBroken as exc:
        said = Saying("statement-broken", account=account_id, what=exc.said)
        _missing(account_id, day, said, exc.raw, by)
        raise RequestInvalid(said) from exc

    def work() -> Taken:
        taken = keep_here(told, by)
        [(file_id,)] = rows("SELECT file_id FROM bill WHERE id = ?", (taken.bill_id,))
        _note(account_id, day, "", by, (taken.bill_id, int(file_id)))
        return taken

    try:
        return money_transaction(work)
    except HubError as exc:
        _missing(account_id, day, why(exc), found.raw, by)
        raise


def days_of(account_id: str, by: By, timezone: str, count: int = DAYS_SHOWN) -> list[StatementDay]:
    """Return the last days of an account that are over, the oldest first; none before it was
    connected."""
    [(made_at_s,)] = rows("SELECT made_at_s FROM supplier_account WHERE id = ?", (account_id,))
    today = _date(by.day)
    age = (today - _date(business_day(int(made_at_s), timezone))).days
    known = {
        int(day): (bill, sha256, said)
        for day, bill, sha256, said in rows(
            "SELECT s.day, bill_id, f.sha256, said FROM supplier_statement s"
            " LEFT JOIN bill_file f ON f.id = file_id WHERE account = ? AND day >= ?",
            (account_id, _number(today - dt.timedelta(days=count))),
        )
    }
    found = []
    for back in range(min(count, max(age, 0)), 0, -1):
        day = today - dt.timedelta(days=back)
        bill, sha256, said = known.get(_number(day), (None, None, ""))
        digest = "" if sha256 is None else bytes(sha256).hex()
        found.append(StatementDay(day, bill, digest, of_kept(said)))
    return found


def _told(account: Account, found: Statement, day: dt.date) -> Told:
    """Return a statement as every bill is kept; one of several accounts is a part of a day."""
    lines = []
    for place, line in enumerate(found.lines, 1):
        if line.currency not in {"", account.currency}:
            what = Saying("row-currency", there=line.currency, wanted=account.currency)
            raise StatementBroken(Saying("line", line=place, what=what), found.raw)
        moved = total(abs(line.change_e4), account.currency).minor
        amount = Money(moved if line.change_e4 > 0 else -moved, account.currency)
        lines.append(ToldLine(line.our_number, line.their_number, amount))
    together = [a.id for a in accounts.accounts() if a.source == account.source]
    digest = digest_of(tuple(lines), None)
    part = account.id if len(together) > 1 else ""
    return Told(
        account.supplier, BillKind.SUPPLIER, account.source, _number(day), digest,
        hashlib.sha256(found.raw).digest(), found.raw, tuple(lines), part, len(together),
    )  # fmt: skip


def _missing(account_id: str, day: dt.date, said: str, raw: bytes, by: By) -> None:
    """Note that a day could not be taken, and keep what came of it; what was taken stays."""
    log.warning("statement of %s of %s: %s", account_id, day, said)

    def work() -> None:
        file_id = _file(raw, by) if raw else None
        _note(account_id, day, kept(said), by, (None, file_id))

    money_transaction(work)


def _note(
    account_id: str, day: dt.date, said: str, by: By, came: tuple[int | None, int | None]
) -> None:
    change(
        "INSERT INTO supplier_statement (account, day, bill_id, file_id, said, tries, asked_at_s,"
        " asked_by) VALUES (?, ?, ?, ?, ?, 1, ?, ?) ON CONFLICT (account, day) DO UPDATE SET"
        " bill_id = excluded.bill_id, file_id = coalesce(excluded.file_id,"
        " supplier_statement.file_id), said = excluded.said,"
        " tries = supplier_statement.tries + 1, asked_at_s = excluded.asked_at_s,"
        " asked_by = excluded.asked_by WHERE supplier_statement.bill_id IS NULL",
        (account_id, _number(day), *came, said, by.at_s, by.actor),
    )


def _file(raw: bytes, by: By) -> int:
    digest = hashlib.sha256(raw).digest()
    found = rows("SELECT id FROM bill_file WHERE sha256 = ?", (digest,)) or rows(
        "INSERT INTO bill_file (sha256, raw, taken_at_s, taken_by) VALUES (?, ?, ?, ?)"
        " RETURNING id",
        (digest, raw, by.at_s, by.actor),
    )
    return int(found[0][0])


def _date(day: int) -> dt.date:
    return dt.date(day // 10000, day // 100 % 100, day % 100)


def _number(day: dt.date) -> int:
    return int(day.strftime("%Y%m%d"))
