"""Draws up and issues the statements of every store, one a business day that has ended.

A day is issued at 10:30 of the next one, when bills and most late entries have come. Each
statement is held against the ledger before it is sealed: what it begins with, and everything that
stands on no statement yet, must be the balance of the store's account.
"""

from __future__ import annotations

import datetime as dt
import logging
from functools import partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

from central.errors import Conflict
from central.foundation.db.engine import money_transaction, rows
from central.foundation.language.said import Saying, why
from central.money.ledger import rules
from central.money.ledger.closes import open_day
from central.money.ledger.store import post
from central.money.settlement import store as books
from central.money.settlement.fees.charge import model_for
from central.money.settlement.model import (
    Line,
    Movement,
    SettledDispute,
    Shop,
    State,
    Statement,
    Totals,
)
from central.money.settlement.ports import Stores
from central.money.settlement.statements.draw_up import Terms, draw_up, entry_of
from central.money.settlement.statements.movements import Unsettled, fees_charged, unsettled
from central.money.settlement.statements.text import GENESIS, hash_of, text_of
from central.money.settlement.states import Event
from central.money.settlement.tables import LineRow, SettledThrough, StatementRow
from edge.contract.money import Money

log = logging.getLogger(__name__)

ISSUED_AT = dt.time(10, 30)
"""Of the next day, where the store is."""
ANSWER_S = 3 * 86400
"""How long a store may dispute a statement; silence confirms it."""
BEFORE_ALL_DAYS = 19991231
STATEMENTS_PER_RUN = 400
"""Of one store: a bound for the loop; who has more days behind him runs it again."""


LINES_PER_INSERT = 50


class _Ready(NamedTuple):
    """What may stand on the next statement of a store."""

    shop: Shop
    through: int
    opening: int
    movements: tuple[Movement, ...]
    disputes: tuple[SettledDispute, ...]
    unsettled: Unsettled


class _Drawn(NamedTuple):
    ready: _Ready
    day: int
    lines: tuple[Line, ...]
    totals: Totals
    fee_version: int


class Run(NamedTuple):
    """What a run has issued, and what of it could not be: one sentence a store.

    A store whose statements cannot be issued is left as it was, and holds no other one up.
    """

    issued: tuple[Statement, ...]
    problems: tuple[str, ...]


def issue_due(stores: Stores, at_s: int, actor: str) -> Run:
    """Issue every statement that is due, and draw up drafts of what comes next.

    Runs again without harm: what was issued is issued once. Call it outside of a transaction.
    """
    issued: list[Statement] = []
    problems: list[str] = []
    for shop in stores.shops():
        try:
            for _ in range(STATEMENTS_PER_RUN):
                one = money_transaction(partial(_next, stores, shop, at_s, actor))
                if one is None:
                    break
                issued.append(one)
        except Conflict as exc:
            log.error("no statement for %s: %s", shop.id, exc.detail)  # noqa: TRY400
            problems.append(Saying("about", subject=str(shop.id), what=why(exc)))
    return Run(tuple(issued), tuple(problems))


def last_day_due(at_s: int, timezone: str) -> int:
    """Return the newest business day whose statement is due at a moment."""
    now = dt.datetime.fromtimestamp(at_s, ZoneInfo(timezone))
    ago = 1 if now.time() >= ISSUED_AT else 2
    return int((now.date() - dt.timedelta(days=ago)).strftime("%Y%m%d"))


# --- one statement -------------------------------------------------------------------------------


def _next(stores: Stores, shop: Shop, at_s: int, actor: str) -> Statement | None:
    due = last_day_due(at_s, shop.timezone)
    _forget_draft(shop)
    ready = _ready(shop)
    if ready is None:
        _go_through(shop, due, None)
        return None
    day = _next_day(ready)
    if day is not None and day <= due:
        return _issue(_draw(stores, ready, day), at_s, actor)
    _go_through(shop, due, None)
    today = rules.business_day(at_s, shop.timezone)
    coming = _next_day(ready._replace(through=max(ready.through, due)))
    if coming is not None and coming <= today:
        _write(_draw(stores, ready, coming), at_s)
    return None


def _forget_draft(shop: Shop) -> None:
    drafts = StatementRow.select(StatementRow.no).where(
        StatementRow.store_id == shop.id, StatementRow.state == str(State.DRAFT)
    )
    numbers = [row.no for row in drafts]
    if numbers:
        LineRow.delete().where(LineRow.statement_no << numbers).execute()
        StatementRow.delete().where(StatementRow.no << numbers).execute()


def _ready(shop: Shop) -> _Ready | None:
    """Return what may stand on a statement; None if nothing was ever posted to this store."""
    row = SettledThrough.get_or_none(SettledThrough.store_id == shop.id)
    before = books.newest_issued(shop.id)
    opening = before.totals.closing if before else 0
    found = unsettled(shop.id, shop.account, 0 if row is None else int(row.entry_id))
    if found is not None and opening + found.change != found.balance:
        # An entry may have got its number before another one and have been committed after it.
        found = unsettled(shop.id, shop.account, 0)
    if found is None:
        return None
    difference = Money(found.balance - opening - found.change, found.currency)
    if difference.minor:
        raise Conflict(Saying("statements-differ", store=str(shop.id), amount=str(difference)))
    through = BEFORE_ALL_DAYS if row is None else int(row.day)
    return _Ready(shop, through, opening, _complete(shop, found), _settled_disputes(shop), found)


def _complete(shop: Shop, found: Unsettled) -> tuple[Movement, ...]:
    """Leave out what takes back a journal that is on no statement before and comes only later."""
    movements = [movement for movement, _ in found.movements]
    here = {movement.journal_id for movement in movements}
    backs = [m.root_id for m in movements if m.is_reversal and m.root_id not in here]
    before = fees_charged(shop.id, backs)
    return tuple(m for m in movements if m.root_id in here or m.root_id in before)


def _next_day(ready: _Ready) -> int | None:
    """Return the first day, of those not gone through, that has something to stand on it."""
    zone = ready.shop.timezone
    # What takes something back waits for the day of that.
    own = {m.journal_id: m.effective for m in ready.movements}
    days = [max(m.effective, own.get(m.root_id, 0)) for m in ready.movements]
    days += [rules.business_day(d.settled_at_s, zone) for d in ready.disputes]
    return max(min(days), rules.day_after(ready.through)) if days else None


def _draw(stores: Stores, ready: _Ready, day: int) -> _Drawn:
    shop = ready.shop
    own = {m.journal_id: m.effective for m in ready.movements}
    movements = [m for m in ready.movements if max(m.effective, own.get(m.root_id, 0)) <= day]
    disputes = [
        d for d in ready.disputes if rules.business_day(d.settled_at_s, shop.timezone) <= day
    ]
    models = books.fee_models(shop.id)
    wrong = {model.currency for model in models} - {ready.unsettled.currency}
    if wrong:
        raise Conflict(
            Saying(
                "fees-in-other-money",
                store=str(shop.id),
                currency=ready.unsettled.currency,
                others=", ".join(sorted(wrong)),
            )
        )
    entries = [entry for entry in map(entry_of, movements) if entry is not None]
    terms = Terms(
        day=day,
        timezone=shop.timezone,
        models=models,
        charged=fees_charged(shop.id, [m.root_id for m in movements if m.is_reversal]),
        opening=ready.opening,
        volume_before=books.redeemed_in_month(shop.id, day),
    )
    lines, totals = draw_up(movements, disputes, stores.tills(entries), terms)
    return _Drawn(ready, day, lines, totals, model_for(models, day).version)


def _write(drawn: _Drawn, at_s: int) -> str:
    """Write a draft; return its number."""
    shop, totals = drawn.ready.shop, drawn.totals
    no = f"{shop.id}-{drawn.day}"
    before = books.newest_issued(shop.id)
    StatementRow.create(
        no=no, store_id=shop.id, n=before.n + 1 if before else 1, day=drawn.day,
        currency=drawn.ready.unsettled.currency, state=str(State.DRAFT),
        fee_version=drawn.fee_version, drawn_up_at_s=at_s, **totals._asdict(),
    )  # fmt: skip
    for start in range(0, len(drawn.lines), LINES_PER_INSERT):
        few = drawn.lines[start : start + LINES_PER_INSERT]
        LineRow.insert_many(
            [{"statement_no": no, "store_id": shop.id, **line._asdict()} for line in few]
        ).execute()
    return no


def _issue(drawn: _Drawn, at_s: int, actor: str) -> Statement:
    shop, totals = drawn.ready.shop, drawn.totals
    currency = drawn.ready.unsettled.currency
    before = books.newest_issued(shop.id)
    prev = before.hash if before and before.hash else GENESIS
    no = _write(drawn, at_s)
    fee_journal_id = None
    if totals.fee:
        fee = Money(totals.fee, currency)
        day = open_day(drawn.day)
        fee_journal_id = post(rules.fees_charged(no, shop.id, fee, day, actor), at_s).id
    text = text_of(no, shop.id, currency, prev, totals, drawn.lines)
    is_issued = books.move(
        no, Event.ISSUE, fee_journal_id=fee_journal_id, prev_hash=prev, hash=hash_of(text),
        issued_at_s=at_s, answer_until_s=at_s + ANSWER_S,
    )  # fmt: skip
    assert is_issued, "it was drawn up in this transaction"
    _go_through(shop, drawn.day, drawn)
    return books.statement(no)


def _go_through(shop: Shop, day: int, drawn: _Drawn | None) -> None:
    """Note that a day was gone through, and which entries need not be looked at again."""
    row = SettledThrough.get_or_none(SettledThrough.store_id == shop.id)
    entry_id = 0 if row is None else int(row.entry_id)
    if drawn is not None:
        on_it = {line.journal_id for line in drawn.lines}
        numbers = {m.journal_id: number for m, number in drawn.ready.unsettled.movements}
        left = [number for journal, number in numbers.items() if journal not in on_it]
        entry_id = min(left) - 1 if left else max(numbers.values(), default=entry_id)
    if row is None:
        SettledThrough.create(store_id=shop.id, day=day, entry_id=entry_id)
    elif day > row.day:
        changed = (
            SettledThrough.update(day=day, entry_id=entry_id)
            .where(SettledThrough.store_id == shop.id, SettledThrough.day == row.day)
            .execute()
        )
        assert changed == 1, "serializable: nobody else goes through this store's days"


def _settled_disputes(shop: Shop) -> tuple[SettledDispute, ...]:
    """Return the disputed lines that were settled and stand on no statement since."""
    return tuple(
        SettledDispute(*row)
        for row in rows(
            "SELECT d.statement_no, d.n, d.due, d.settled_at_s, l.entry, l.voucher"
            " FROM disputed_line d"
            " JOIN statement_line l ON l.statement_no = d.statement_no AND l.n = d.n"
            " WHERE l.store_id = ? AND d.settled_at_s IS NOT NULL AND NOT EXISTS ("
            " SELECT 1 FROM statement_line told WHERE told.settles = d.statement_no || '/' || d.n)"
            " ORDER BY d.statement_no, d.n",
            (shop.id,),
        )
    )
