"""Checks what was filled in: parties there are, days that are open, money that is there."""

from __future__ import annotations

import re
from collections.abc import Callable

from central.errors import NotFound, PostingRefused, RequestInvalid
from central.foundation.db.engine import rows
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.money.entries.kinds import KINDS, OPENINGS
from central.money.entries.model import (
    DOCUMENT_CHARS,
    NOTE_CHARS,
    Asked,
    By,
    Given,
    Kind,
    PreviewLeg,
    Takes,
)
from central.money.ledger import statement
from central.money.ledger.balance import balance
from central.money.ledger.chart import CHART, Heading, heading_of
from central.money.ledger.closes import closed_through
from central.money.ledger.days import day_after, is_day
from central.money.ledger.posting import Leg, Posting, mirrored
from edge.contract.money import MINOR_MAX, decimal_text

_NAME = re.compile(r"[A-Za-z0-9-]{1,40}", re.ASCII)
_PARTIES = {
    "agent": ("SELECT 1 FROM agent WHERE id = ?", N_("Name the agent."), "no-agent"),
    "supplier": ("SELECT 1 FROM supplier WHERE id = ?", N_("Name the supplier."), "no-supplier"),
}
_PLACES = {
    "bank": N_("Name the bank: letters, digits and hyphens."),
    "channel": N_("Name the channel: letters, digits and hyphens."),
}
_NOT_BEYOND_NOTHING = {"1110", "1130", "2210", "2510", "2710"}
"""They have no floor in the ledger, because they may be found to be less than nothing; but nobody
enters that more is paid than is owed."""


def kind_of(slug: str) -> Kind:
    """Return a kind of entry.

    Raises:
        NotFound: there is no such kind.
    """
    kind = KINDS.get(slug)
    if kind is None:
        raise NotFound(N_("There is no such kind of entry."))
    return kind


def checked(asked: Asked, by: By) -> Given:
    """Return what was filled in, or say what is wrong with it.

    Raises:
        NotFound: no such kind, agent or supplier. RequestInvalid: a field is missing, unknown, or
            cannot be. PostingRefused: the day is closed, or has not come.
    """
    kind = kind_of(asked.kind)
    names = [field.name for field in kind.fields]
    strange = sorted(set(asked.fields) - set(names))
    if strange:
        raise RequestInvalid(Saying("entry-not-asked", name=str(strange[0])))
    fields = {name: asked.fields.get(name, "").strip() for name in names}
    for field in kind.fields:
        _CHECKS[field.takes](fields[field.name], fields)
    if kind.slug == "transferred" and fields["from"] == fields["to"]:
        raise RequestInvalid(N_("The money has to change places."))
    document, note = asked.document.strip(), asked.note.strip()
    if kind.takes_back:
        document = fields["journal"]
    elif not 0 < asked.amount.minor <= MINOR_MAX:
        raise RequestInvalid(N_("An amount is more than nothing."))
    if not 1 <= len(document) <= DOCUMENT_CHARS or not document.isprintable() or ":" in document:
        raise RequestInvalid(N_("A document has a number of 1 to 64 characters without a colon."))
    if len(note) > NOTE_CHARS or not all(c.isprintable() or c in "\r\n" for c in note):
        raise RequestInvalid(N_("A note has at most 500 characters."))
    if kind.needs_two and not note:
        raise RequestInvalid(N_("Say why, in at most 500 characters."))
    day = by.today if asked.day is None else asked.day
    check_day(day, by.today)
    return Given(fields, document, asked.amount, day, note, by.who)


def check_day(day: int, today: int) -> None:
    """Refuse a day on which nothing can be entered.

    Raises:
        RequestInvalid: there is no such day, or it has not come. PostingRefused: it is closed.
    """
    if not is_day(day):
        raise RequestInvalid(N_("A day is written 2026-04-11."))
    if day > today:
        raise RequestInvalid(N_("This day has not come yet."))
    closed = closed_through()
    if day <= closed:
        raise PostingRefused(Saying("day-is-closed", day=_iso(day), open=_iso(day_after(closed))))


def taken_back(given: Given, posting: Posting) -> Posting:
    """Return a posting with the legs that take a journal back.

    Raises:
        NotFound: there is no such journal. PostingRefused: it was taken back, or cannot be.
    """
    found = statement.journal(int(given.fields["journal"]))
    if found is None:
        raise NotFound(N_("There is no journal of this number."))
    if found.reversed_by is not None:
        raise PostingRefused(Saying("journal-taken-back", journal=found.id, by=found.reversed_by))
    legs = tuple(
        Leg(leg.code, 1 if leg.debit else -1, leg.debit or leg.credit)
        for leg in found.legs
        if not leg.held
    )
    if not legs:
        raise PostingRefused(Saying("journal-moved-nothing", journal=found.id))
    return posting._replace(
        legs=mirrored(legs), currency=found.legs[0].currency, kind=f"{found.kind}-reversed",
        ref=found.ref,
    )  # fmt: skip


def legs_of(posting: Posting) -> tuple[PreviewLeg, ...]:
    """Return the sides of a posting with what the accounts hold before and after it.

    Raises:
        PostingRefused: an account is kept in another currency, does not hold as much, or cannot be.
    """
    return tuple(_leg(leg, posting.currency) for leg in posting.legs)


def _leg(leg: Leg, currency: str) -> PreviewLeg:
    try:
        heading = heading_of(leg.account)
    except ValueError as exc:
        raise PostingRefused(f"{exc}.") from exc
    known = rows("SELECT currency FROM account WHERE code = ?", (leg.account,))
    if known and known[0][0] != currency:
        raise PostingRefused(
            Saying(
                "account-in-other-money",
                account=leg.account,
                there=str(known[0][0]),
                wanted=currency,
            )
        )
    held = balance(leg.account)
    change = leg.side * leg.minor * heading.type.sign
    after = held.posted + change
    if change < 0:
        _check_floor(heading, leg.account, held.available, held.available + change, currency)
    return PreviewLeg(
        leg.account, heading.en, heading.zh, leg.minor if leg.side == 1 else 0,
        leg.minor if leg.side == -1 else 0, held.posted, after, is_new=not known,
    )  # fmt: skip


def _check_floor(heading: Heading, code: str, there: int, after: int, currency: str) -> None:
    floor = 0 if heading.code in _NOT_BEYOND_NOTHING else heading.floor
    if floor is not None and after < floor:
        left = decimal_text(max(0, there), currency)
        raise PostingRefused(Saying("account-no-more", account=code, left=left, currency=currency))


# --- fields --------------------------------------------------------------------------------------


def _party(kind: str) -> Callable[[str, dict[str, str]], None]:
    sql, missing, unknown = _PARTIES[kind]

    def check(value: str, _: dict[str, str]) -> None:
        if not value:
            raise RequestInvalid(missing)
        if not rows(sql, (value,)):
            raise NotFound(Saying(unknown, **{kind: value}))

    return check


def _channel(value: str, _: dict[str, str]) -> None:
    if not _NAME.fullmatch(value):
        raise RequestInvalid(N_("Name the channel."))


def _place(value: str, _: dict[str, str]) -> None:
    what, colon, name = value.partition(":")
    if what not in {"bank", "channel"} or not colon or not _NAME.fullmatch(name):
        raise RequestInvalid(N_("A place is written bank:main or channel:wechat-pay."))


def _opening(value: str, _: dict[str, str]) -> None:
    if value not in OPENINGS:
        raise RequestInvalid(Saying("opening-unknown", known=", ".join(OPENINGS)))


def _owner(value: str, fields: dict[str, str]) -> None:
    per = CHART[OPENINGS[fields["what"]].heading].per
    if not per and value:
        raise RequestInvalid(N_("This is nobody's: leave out whose it is."))
    if per in _PARTIES:
        _party(per)(value, fields)
    elif per and not _NAME.fullmatch(value):
        raise RequestInvalid(_PLACES[per])


def _journal(value: str, _: dict[str, str]) -> None:
    if not (value.isascii() and value.isdecimal() and len(value) < 19 and int(value)):
        raise RequestInvalid(N_("A journal has a number."))


_CHECKS: dict[Takes, Callable[[str, dict[str, str]], None]] = {
    Takes.AGENT: _party("agent"),
    Takes.SUPPLIER: _party("supplier"),
    Takes.CHANNEL: _channel,
    Takes.PLACE: _place,
    Takes.OPENING: _opening,
    Takes.OWNER: _owner,
    Takes.JOURNAL: _journal,
}


def _iso(day: int) -> str:
    return f"{day // 10000:04d}-{day // 100 % 100:02d}-{day % 100:02d}"
