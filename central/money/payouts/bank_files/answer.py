"""What the bank says of a file: each payout that it names comes to the end that it tells.

An answer is checked against what was asked for as a whole before any of it counts; then each line
is a change of its own. The same answer again changes nothing, so that one that was interrupted is
simply taken again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from central.errors import ChannelUnknown, Conflict, PayoutRefused, RequestInvalid
from central.foundation.db.engine import money_transaction, reading
from central.foundation.jobs import alerts
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.money.channels.bank_file import read_results
from central.money.channels.model import PayoutState, Transfer
from central.money.payouts import store as payouts
from central.money.payouts.bank_files import store
from central.money.payouts.bank_files.store import Made
from central.money.payouts.end import By, given_back, paid
from central.money.payouts.model import DIFFERS, Event, State

ANSWER_BYTES_MAX = 4 << 20
WHY_CHARS = 200
_AT_ONCE = 100
"""Lines in one transaction: nobody else waits long for his turn to write."""
_ENDS = {State.PAID: PayoutState.PAID, State.FAILED: PayoutState.FAILED}


class Taken(NamedTuple):
    """What an answer came to.

    Args:
        known: Lines that say what was known before.
        open: Payouts of the file that have no end yet.
        differ: Payouts of which the bank now says something else than before.
    """

    paid: int = 0
    failed: int = 0
    known: int = 0
    open: int = 0
    differ: tuple[str, ...] = ()


def take_answer(no: str, raw: bytes, by: By) -> Taken:
    """Take the bank's answer to a file.

    Raises:
        NotFound: there is no such file.
        RequestInvalid: it cannot be read, is too large, or names an account, an amount or a
            payout that was not asked for. Nothing of it counts then.
    """
    if len(raw) > ANSWER_BYTES_MAX:
        raise RequestInvalid(Saying("bank-answer-large", mib=ANSWER_BYTES_MAX >> 20))
    made = reading(lambda: store.get(no))
    try:
        transfers = read_results(raw, reading(lambda: store.batch_of(made, store.lines_of(no))))
    except ChannelUnknown as exc:
        raise RequestInvalid(exc.detail) from None
    if not transfers:
        raise RequestInvalid(N_("The bank's file names no payout."))
    detail = hashlib.sha256(raw).hexdigest()
    money_transaction(lambda: store.tell(no, by.at_s, by.who, "answered", detail, raw))
    said: list[str] = []
    for some in _parts(transfers):
        said += money_transaction(lambda some=some: [_take(made, one, by) for one in some])  # type: ignore[misc]
    differ = [one for one, what in zip(transfers, said, strict=True) if what == "differs"]
    if differ:
        money_transaction(lambda: _tell(differ, by.at_s))
    counted = {what: said.count(what) for what in ("paid", "failed", "known")}
    lines = reading(lambda: store.lines_of(no))
    return Taken(
        **counted,
        open=sum(not line.payout.state.is_final for line in lines),
        differ=tuple(one.number for one in differ),
    )


def refuse(no: str, why: str, by: By) -> int:
    """Give all back: the bank has taken none of the file, two people say; return how many.

    Raises:
        NotFound: there is no such file. RequestInvalid: no reason.
        PayoutRefused: whoever made it says so alone.
        Conflict: the bank has answered, or all has its end.
    """
    told = why.strip()
    if not 1 <= len(told) <= WHY_CHARS:
        raise RequestInvalid(N_("Say why, in 1 to 200 characters."))

    def work() -> int:
        made = store.get(no)
        if made.made_by == by.who:
            raise PayoutRefused(N_("Somebody else than who made the file has to say so."))
        if any(one.event == "answered" for one in store.story(no)):
            raise Conflict(N_("The bank has answered this file: only its answers end it."))
        lines = store.lines_of(no)
        if all(line.payout.state.is_final for line in lines):
            raise Conflict(Saying("bank-file-ended", file=no))
        store.tell(no, by.at_s, by.who, "refused", told)
        for line in lines:
            given_back(line.payout, Event.FAILED, by, told)
        return len(lines)

    return money_transaction(work)


def _take(made: Made, transfer: Transfer, by: By) -> str:
    """Return what one line came to: paid, failed, known, differs, or open."""
    payout = payouts.get(transfer.number)
    if payout.state.is_final:
        is_same = transfer.state in {_ENDS.get(payout.state), PayoutState.PROCESSING}
        return "known" if is_same else "differs"
    if transfer.state is PayoutState.PAID:
        paid(payout, by, bank=made.bank)
        return "paid"
    if transfer.state is PayoutState.FAILED:
        code = transfer.fail_code or transfer.channel_state
        given_back(payout, Event.FAILED, by, code, last_code=code)
        return "failed"
    return "open"


def _tell(differ: Sequence[Transfer], at_s: int) -> None:
    """Raise an alert: money has gone that stands on an account again, or has come back to us."""
    for one in differ:
        state = str(payouts.get(one.number).state)
        said = Saying("bank-says-otherwise", bank=one.channel_state, state=state)
        alerts.tell(DIFFERS, one.number, said, at_s)


def _parts(transfers: Sequence[Transfer]) -> Iterator[Sequence[Transfer]]:
    for first in range(0, len(transfers), _AT_ONCE):
        yield transfers[first : first + _AT_ONCE]
