"""Enters what happened: shown first, posted once, and by two people where one is not enough."""

from __future__ import annotations

import json

from central.errors import Conflict, KeyReused, NotPermitted, RequestInvalid
from central.foundation.db.engine import change, money_transaction, reading, rows
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.money.entries import check, store
from central.money.entries.kinds import TAKEN_BACK
from central.money.entries.model import Asked, By, Entry, EntryState, Given, Kind, Preview
from central.money.ledger.posting import Posting
from central.money.ledger.store import post, reverse
from edge.contract.money import Money

WHY_CHARS = 200
ALWAYS = N_("This always needs a second person.")
LARGE = N_("It is more than one person may enter alone.")
NEW_PLACE = N_("This bank or channel is new to the books.")


def preview(asked: Asked, by: By, above: int) -> Preview:
    """Return what an entry would post; nothing is written.

    Args:
        above: More minor units than this need a second person.

    Raises:
        NotFound, RequestInvalid, PostingRefused: it cannot be entered, and why.
    """
    return reading(lambda: _look(asked, by, above)[2])


def enter(asked: Asked, by: By, above: int) -> tuple[Entry, bool]:
    """Enter what happened; say whether this is the first time.

    The same kind under the same document number is entered once: again is the same entry. What
    needs a second person waits for him, and nothing is posted.

    Raises:
        NotFound, RequestInvalid, PostingRefused: as ``preview``.
        KeyReused: something else was entered under this number.
    """

    def work() -> tuple[Entry, bool]:
        given = check.checked(asked, by)
        kind = check.kind_of(asked.kind)
        key = kind.build(given).idem
        known = store.live(key)
        if known is not None:
            _check_same(known, asked, given, kind)
            return known, False
        _, _, shown = _look(asked, by, above)
        money = Money(shown.amount, shown.posting.currency)
        [(number,)] = rows(
            "INSERT INTO manual_entry (kind, key, document, day, amount, currency, given, note,"
            " state, asked_by, asked_at_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'waiting', ?, ?)"
            " RETURNING id",
            (kind.slug, key, given.document, given.day, money.minor, money.currency,
             json.dumps(given.fields, ensure_ascii=False), given.note, by.who, by.at_s),
        )  # fmt: skip
        if not shown.why_two:
            _post(store.get(number), None, by)
        return store.get(number), True

    return money_transaction(work)


def confirm(number: int, by: By) -> Entry:
    """Post what waits for a second person. Again, by whoever has confirmed it, changes nothing.

    Raises:
        NotFound: there is no such entry. NotPermitted: he has entered it himself, or is no person.
        Conflict: it does not wait any more. PostingRefused: it cannot be posted any more.
    """

    def work() -> Entry:
        entry = store.get(number)
        if not by.is_person:
            raise NotPermitted(N_("A program may enter something; only a person confirms it."))
        if entry.asked_by == by.who:
            raise NotPermitted(N_("Somebody else has to confirm what you have entered."))
        if entry.state is EntryState.POSTED and entry.decided_by == by.who:
            return entry
        if entry.state is not EntryState.WAITING:
            raise Conflict(N_("This entry does not wait any more."))
        _post(entry, by.who, by)
        return store.get(number)

    return money_transaction(work)


def refuse(number: int, why: str, by: By) -> Entry:
    """Let what waits for a second person not be posted; its number may be used again.

    Whoever has entered it may do so too.

    Raises:
        NotFound: there is no such entry. RequestInvalid: no reason. Conflict: it does not wait
            any more.
    """
    if not 1 <= len(why.strip()) <= WHY_CHARS:
        raise RequestInvalid(N_("Say why, in 1 to 200 characters."))

    def work() -> Entry:
        store.get(number)
        hit = rows(
            "UPDATE manual_entry SET state = 'refused', decided_by = ?, decided_at_s = ?, why = ?"
            " WHERE id = ? AND state = 'waiting' RETURNING id",
            (by.who, by.at_s, why.strip(), number),
        )
        if not hit:
            raise Conflict(N_("This entry does not wait any more."))
        return store.get(number)

    return money_transaction(work)


def _look(asked: Asked, by: By, above: int) -> tuple[Kind, Given, Preview]:
    given, kind = check.checked(asked, by), check.kind_of(asked.kind)
    posting = kind.build(given)
    if kind.takes_back:
        posting = check.taken_back(given, posting)
    legs = check.legs_of(posting)
    why = ""
    if kind.needs_two:
        why = ALWAYS
    elif sum(leg.debit for leg in legs) > above:
        why = LARGE
    elif any(leg.is_new and leg.code[:4] in {"1010", "1020", "1030"} for leg in legs):
        why = NEW_PLACE
    return kind, given, Preview(posting, legs, why)


def _check_same(known: Entry, asked: Asked, given: Given, kind: Kind) -> None:
    same = (known.kind, known.fields, known.document) == (kind.slug, given.fields, given.document)
    if not kind.takes_back:
        same = same and known.amount == given.amount
        same = same and (asked.day is None or known.day == given.day)
    if not same:
        raise KeyReused(Saying("document-used", document=known.document, entry=known.id))


def _post(entry: Entry, confirmed_by: str | None, by: By) -> None:
    """Post an entry that waits, and note by whom. In the caller's transaction."""
    asked = Asked(entry.kind, entry.fields, entry.document, entry.amount, entry.day, entry.note)
    asker = By(entry.asked_by, entry.asked_at_s, by.today, is_person=True)
    if entry.kind == TAKEN_BACK:
        asked = asked._replace(day=by.today)  # on the day on which it is posted
    kind, given, shown = _look(asked, asker, 0)
    memo = entry.note if kind.takes_back else entry.document
    if confirmed_by is not None:
        memo = f"{memo} ({confirmed_by})"  # the seal of the journal covers both people
    posting = shown.posting._replace(memo=memo)
    if kind.takes_back:
        journal = int(given.fields["journal"])
        posted = reverse(
            posting.idem, journal, by.at_s, day=given.day, actor=entry.asked_by, memo=memo
        )
        change(
            "UPDATE manual_entry SET state = 'taken-back' WHERE journal_id = ?"
            " AND state = 'posted'",
            (journal,),
        )
    else:
        posted = post(posting._replace(idem=_free(posting)), by.at_s)
    hit = rows(
        "UPDATE manual_entry SET state = 'posted', decided_by = ?, decided_at_s = ?,"
        " journal_id = ? WHERE id = ? AND state = 'waiting' RETURNING id",
        (confirmed_by, by.at_s, posted.id, entry.id),
    )
    if not hit or not posted.created:
        raise Conflict(N_("Somebody else has posted this meanwhile."))


def _free(posting: Posting) -> str:
    """Return the key of a journal; with a number if the one before it was taken back.

    Raises:
        KeyReused: it was posted, and not by an entry.
    """
    key, times = posting.idem, 0
    while True:
        found = rows(
            "SELECT j.id, r.id FROM journal j LEFT JOIN journal r ON r.reverses_id = j.id"
            " WHERE j.idem = ?",
            (key,),
        )
        if not found:
            return key
        if found[0][1] is None:
            raise KeyReused(Saying("posted-already", journal=int(found[0][0]), key=posting.idem))
        times += 1
        key = f"{posting.idem}:{times}"
