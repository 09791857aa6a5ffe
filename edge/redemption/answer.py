"""What the screen says of a scan: the big answer, and a row of the recent scans."""

from __future__ import annotations

import secrets
from typing import NamedTuple

from edge.bundles.store import HubWord
from edge.contract.bundle import Product
from edge.contract.ids import Epoch, Seq
from edge.contract.journal_entry import EntryKind, JournalEntry
from edge.contract.money import decimal_text
from edge.contract.policy import Mode
from edge.contract.refusal import WAY_OUT, Refusal, WayOut
from edge.contract.voucher_token import VoucherKind
from edge.errors import EdgeError
from edge.journal.store import Journal, Recorded
from edge.receipt.document import checked_how, local_time, money
from edge.receipt.spool import Job
from edge.web.words import N_, REFUSALS, WAYS_OUT, translate

GOOD, BAD, ASK, BACK = "good", "bad", "ask", "back"
"""Looks of an answer: colour, shape and sound at once. BACK is a voucher that was given back."""

JOB_STATES = {
    "queued": N_("waiting for the printer"),
    "sending": N_("printing"),
    "uncertain": N_("unclear, a copy follows"),
    "needs-operator": N_("unclear, look at the printer"),
    "printed": N_("printed"),
    "sent": N_("sent to the printer"),
    "superseded": N_("a copy follows"),
    "given-up": N_("given up"),
}

_ABOUT_THE_AMOUNT = {
    Refusal.AMOUNT_MISSING, Refusal.AMOUNT_MISMATCH, Refusal.INSUFFICIENT_VALUE,
}  # fmt: skip
_ANOTHER_TRY = {WayOut.ENTER_AMOUNT, WayOut.SCAN_AGAIN, WayOut.FRESH_CODE}


class Ask(NamedTuple):
    """The voucher stays on the screen, and the clerk is asked how much of it to take.

    Args:
        text: What was scanned; it is sent again together with the amount.
        everything: All that is left, as one would type it; empty if nobody knows.
    """

    text: str
    currency: str
    everything: str = ""


class Overrule(NamedTuple):
    """A refused scan that a supervisor may let be accepted, as it is sent again.

    Args:
        names: The supervisors of this unit.
    """

    text: str
    amount: str
    uses: str
    names: tuple[str, ...]


class Answer(NamedTuple):
    """What the big field shows.

    Args:
        facts: Labels and values.
        undo: The acceptance that may be taken back now.
        overrule: The scan that a supervisor may let be accepted.
        phone: The link by which the customer's phone can verify it.
    """

    look: str
    title: str
    detail: str = ""
    way_out: str = ""
    reason: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    ask: Ask | None = None
    undo: JournalEntry | None = None
    phone: str = ""
    overrule: Overrule | None = None


class Held(NamedTuple):
    """A paper that may have come out or not: a person has to look and decide."""

    job: int
    number: str
    kind: str
    bears_key: bool


class PartAsk(NamedTuple):
    """How a part of an acceptance is asked for.

    Args:
        name: ``amount`` or ``uses``.
        left: How much is left, as one would type it.
        unit: The currency, empty for uses.
        key: The same for each try of one request.
    """

    name: str
    left: str
    unit: str
    key: str


class Row(NamedTuple):
    """One of the recent scans."""

    epoch: Epoch
    seq: Seq
    time: str
    look: str
    answer: str
    product: str
    amount: str
    checked: str
    receipt: str
    paper: str
    may_void: bool
    is_void: bool
    """It was taken back since."""
    part: PartAsk | None = None
    """What a part of it is asked for with, if it has parts."""


def answer_of(recorded: Recorded, word: HubWord | None, locale: str, scan: str = "") -> Answer:
    """Return the big answer to a scan, or to a void.

    Args:
        scan: What was scanned, if the clerk may be asked for an amount.
    """
    entry, _, notes = recorded
    product = _product(recorded, word)
    currency = word.enrolment.currency if word else ""
    name = product.name(locale) if product else ""
    left = _left(product, notes.remaining, currency, locale)
    if entry.reason is None:
        facts = list(left)
        if notes.worth_minor:
            facts.insert(0, (translate(locale, N_("Amount")), money(notes.worth_minor, currency)))
        facts.append((translate(locale, N_("Receipt")), f"{entry.receipt}"))
        if entry.kind is EntryKind.VOID:
            return Answer(BACK, translate(locale, N_("Taken back")), name, facts=tuple(facts))
        if entry.mode is not Mode.ONLINE:
            how = translate(locale, checked_how(entry.mode))
            facts.append((translate(locale, N_("Checked")), how))
        return Answer(GOOD, translate(locale, N_("Accepted")), name, facts=tuple(facts))
    way_out = WAY_OUT[entry.reason]
    about_the_amount = entry.reason in _ABOUT_THE_AMOUNT and product is not None
    ask = None
    if scan and about_the_amount and product and product.kind is VoucherKind.STORED_VALUE:
        ask = Ask(
            scan, currency, decimal_text(notes.remaining, currency) if notes.remaining else ""
        )
    return Answer(
        ASK if way_out in _ANOTHER_TRY else BAD,
        translate(locale, REFUSALS[entry.reason]),
        name,
        translate(locale, WAYS_OUT[way_out]),
        str(entry.reason),
        left if about_the_amount else (),
        ask,
    )


def answer_to_problem(error: EdgeError, locale: str, ask: Ask | None = None) -> Answer:
    """Return the big answer when nothing was decided.

    Args:
        ask: The voucher that an amount was typed for, if it was the amount that was wrong.
    """
    told = error.problem()
    title, detail = translate(locale, told.title), translate(locale, told.detail)
    return Answer(ASK if ask else BAD, detail if ask else title, "" if ask else detail, ask=ask)


def row_of(
    recorded: Recorded, word: HubWord | None, jobs: list[Job], locale: str, *,
    left: int = 0, is_void: bool = False,
) -> Row:  # fmt: skip
    """Return a row of the recent scans.

    Args:
        left: How much of it may be taken back now, in the voucher's own measure.
    """
    entry, _, notes = recorded
    answer = answer_of(recorded, word, locale)
    who = word.enrolment if word else None
    amount = money(notes.worth_minor, who.currency) if who and notes.worth_minor else ""
    if entry.kind is EntryKind.VOID and amount:
        amount = f"−{amount}"
    return Row(
        entry.epoch,
        entry.seq,
        local_time(entry.wall_s, who.timezone if who else "UTC"),
        answer.look,
        answer.title,
        answer.detail,
        "" if entry.reason else amount,
        translate(locale, checked_how(entry.mode)) if entry.mode else "",
        f"{entry.receipt}" if jobs else "",
        translate(locale, JOB_STATES[jobs[-1].state]) if jobs else "",
        left > 0,
        is_void,
        _part_ask(_product(recorded, word), left, who.currency if who else ""),
    )


def _part_ask(product: Product | None, left: int, currency: str) -> PartAsk | None:
    """Return how a part is asked for; None if there is only the whole."""
    if product is None or left < 2:
        return None
    if product.kind is VoucherKind.STORED_VALUE:
        return PartAsk("amount", decimal_text(left, currency), currency, secrets.token_hex(16))
    if product.kind is VoucherKind.MULTI:
        return PartAsk("uses", str(left), "", secrets.token_hex(16))
    return None


def held_row(job: Job, journal: Journal, locale: str) -> Held:
    """Return a row of the papers that somebody has to decide about."""
    recorded = journal.get(job.epoch, job.seq)
    number = f"{recorded.entry.receipt}" if recorded and recorded.entry.receipt else ""
    kind = N_("Paper with a key") if job.key_paper else N_("The receipt")
    return Held(job.id, number, translate(locale, kind), bears_key=job.key_paper > 0)


def _product(recorded: Recorded, word: HubWord | None) -> Product | None:
    number = recorded.notes.product
    return word.catalogue.products.get(number) if word and number is not None else None


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
