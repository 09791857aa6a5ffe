"""What every export of a statement says, before it is a table, a sheet or a paper. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from central.foundation.language.words import N_, translate
from central.foundation.web.spreadsheet import guarded
from central.money.settlement.fees.charge import NO_FEE
from central.money.settlement.model import FeeModel, Line, Shop, Statement
from central.money.settlement.words import KINDS, STATES
from edge.contract.money import Money, decimal_text

Cell = str | int | Money


class Papers(NamedTuple):
    """A statement with everything that an export of it tells.

    Args:
        model: What the store pays on the statement's day.
        locale: ``zh-CN`` or ``en``.
    """

    statement: Statement
    lines: tuple[Line, ...]
    shop: Shop
    model: FeeModel
    locale: str


class Column(NamedTuple):
    """A column of the lines. ``chars`` is what its longest cell usually takes."""

    title: str
    chars: int


class Fact(NamedTuple):
    """One line above the table: what it is called, and what it is."""

    name: str
    label: str
    value: Cell


class Content(NamedTuple):
    """The export's texts in its language, and its amounts.

    Args:
        facts: In their order; ``opening``, ``closing``, ``due``, ``disputed`` and ``pays`` are
            amounts.
        totals: Of gross, fee, net and due.
    """

    title: str
    facts: tuple[Fact, ...]
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: str
    totals: tuple[Money, Money, Money, Money]
    note: str


LATE = N_("late")
GROSS, FEE, NET, DUE = range(6, 10)
"""Where the amounts stand in a row."""


def content_of(papers: Papers) -> Content:
    """Return what an export says."""
    one, locale = papers.statement, papers.locale

    def _(text: str) -> str:
        return translate(locale, text)

    def money(minor: int) -> Money:
        return Money(minor, one.currency)

    totals = one.totals
    facts = (
        Fact("no", _(N_("Statement")), one.no),
        Fact("store", _(N_("Store")), f"{papers.shop.id} {papers.shop.name}"),
        Fact("day", _(N_("Business day")), iso_day(one.day)),
        Fact("currency", _(N_("Currency")), one.currency),
        Fact("state", _(N_("State")), _(STATES[one.state])),
        Fact("issued", _(N_("Issued")), moment(one.issued_at_s, papers.shop.timezone)),
        Fact("answer", _(N_("Answer until")), moment(one.answer_until_s, papers.shop.timezone)),
        Fact("terms", _(N_("Fees")), terms_text(papers.model, one.currency, locale)),
        Fact("volume", _(N_("Redeemed in this month before")), money(totals.volume_before)),
        Fact("opening", _(N_("Opening balance")), money(totals.opening)),
        Fact("closing", _(N_("Closing balance")), money(totals.closing)),
        Fact("due", _(N_("Due by this statement")), money(totals.due)),
        Fact("disputed", _(N_("Of it disputed")), money(one.disputed)),
        Fact("pays", _(N_("To be paid for it")), money(one.pays)),
        Fact("prev", _(N_("SHA-256 of the statement before")), (one.prev_hash or b"").hex()),
        Fact("hash", _(N_("SHA-256")), (one.hash or b"").hex()),
    )
    return Content(
        title=_(N_("Statement of %(store)s of %(day)s"))
        % {"store": papers.shop.name, "day": iso_day(one.day)},
        facts=facts,
        columns=tuple(
            Column(_(title), chars)
            for title, chars in (
                (N_("No."), 5), (N_("Business day"), 10), (N_("At the till"), 19),
                (N_("What"), 24), (N_("Entry"), 16), (N_("Voucher"), 12), (N_("Gross"), 11),
                (N_("Fee"), 9), (N_("Net"), 11), (N_("Due"), 11), (N_("Journal"), 8),
            )
        ),
        rows=tuple(_row(line, papers) for line in papers.lines),
        total=_(N_("Total")),
        totals=(money(totals.gross), money(totals.fee), money(totals.net), money(totals.due)),
        note=_(N_("Late: that day had been gone through when this became known.")),
    )  # fmt: skip


def terms_text(model: FeeModel, currency: str, locale: str) -> str:
    """Return what a store pays, in a sentence."""
    if model == NO_FEE or not (model.tiers or model.fixed_minor):
        return translate(locale, N_("none"))
    parts = [
        translate(locale, N_("%(rate)s from %(volume)s of the month's volume"))
        % {"rate": rate_text(tier.ppm), "volume": decimal_text(tier.from_minor, currency)}
        for tier in model.tiers
    ]
    if len(model.tiers) == 1:
        parts = [rate_text(model.tiers[0].ppm)]
    if model.fixed_minor:
        amount = decimal_text(model.fixed_minor, currency)
        parts.append(translate(locale, N_("%(amount)s each")) % {"amount": amount})
    return " + ".join(parts) if len(model.tiers) <= 1 else "; ".join(parts)


def rate_text(ppm: int) -> str:
    """Return parts per million as a percentage: ``rate_text(6000) == "0.6 %"``."""
    whole, rest = divmod(ppm, 10_000)
    decimals = f"{rest:04d}".rstrip("0")
    return f"{whole}.{decimals} %" if decimals else f"{whole} %"


def iso_day(day: int) -> str:
    """Return a business day as 2026-04-11."""
    return f"{day // 10000:04d}-{day // 100 % 100:02d}-{day % 100:02d}"


def moment(at_s: int | None, timezone: str) -> str:
    """Return a moment where the store is; a dash for none, and for a clock that was far off."""
    if at_s is None or not 0 <= at_s < 2**35:
        return "–"
    return dt.datetime.fromtimestamp(at_s, ZoneInfo(timezone)).strftime("%Y-%m-%d %H:%M:%S")


def _row(line: Line, papers: Papers) -> tuple[Cell, ...]:
    currency = papers.statement.currency
    kind = translate(papers.locale, KINDS[line.kind])
    if line.is_late:
        kind = f"{kind} ({translate(papers.locale, LATE)})"
    if line.settles:
        kind = f"{kind} {line.settles}"
    return (
        line.n, iso_day(line.business_day), moment(line.at_s, papers.shop.timezone), kind,
        line.entry, line.voucher,
        *(Money(minor, currency) for minor in (line.gross, line.fee, line.net, line.due)),
        line.journal_id if line.journal_id is not None else "",
    )  # fmt: skip


def shown(cell: Cell) -> str:
    """Return a cell as text; an amount without its currency."""
    return decimal_text(cell.minor, cell.currency) if isinstance(cell, Money) else str(cell)


def safe(cells: Sequence[Cell]) -> list[str]:
    """Return cells as texts that no spreadsheet takes for a formula.

    What we count ourselves is left alone: a negative amount begins with a minus.
    """
    return [guarded(cell) if isinstance(cell, str) else shown(cell) for cell in cells]
