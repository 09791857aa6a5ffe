"""What a store says to a statement: it agrees, it does not agree with some lines, or nothing."""

from __future__ import annotations

from collections.abc import Sequence

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import money_transaction
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.money.settlement import store as books
from central.money.settlement.model import State, Statement
from central.money.settlement.states import Event
from central.money.settlement.tables import DisputedLine, StatementRow

SILENCE = "silence"
"""Who has confirmed a statement that nobody has answered."""
REASON_CHARS = 500


def confirm(no: str, by: str, at_s: int) -> Statement:
    """Note that a store agrees with a statement.

    Raises:
        NotFound: there is none. Conflict: it is not waiting for an answer.
    """

    def work() -> Statement:
        if not books.move(no, Event.CONFIRM, answered_at_s=at_s, answered_by=by):
            raise books.cannot(no, "confirmed")
        return books.statement(no)

    return money_transaction(work)


def dispute(no: str, lines: Sequence[int], reason: str, by: str, at_s: int) -> Statement:
    """Note that a store does not agree with some lines. They wait; the rest goes on.

    Args:
        lines: Their numbers.

    Raises:
        NotFound: there is no such statement or line. RequestInvalid: no line, or no reason.
        Conflict: it is not waiting for an answer, or the days for one have passed.
    """
    told = _checked(reason)
    if not lines:
        raise RequestInvalid(N_("Say which lines are disputed."))

    def work() -> Statement:
        due = {n: books.line_of(no, n).due for n in sorted(set(lines))}
        in_time = StatementRow.answer_until_s >= at_s
        if not books.move(
            no, Event.DISPUTE, in_time, answered_at_s=at_s, answered_by=by, reason=told
        ):
            if books.statement(no).state is State.ISSUED:
                raise Conflict(Saying("dispute-too-late", number=no))
            raise books.cannot(no, "disputed")
        for n, minor in due.items():
            DisputedLine.create(
                statement_no=no, n=n, due=minor, reason=told, opened_at_s=at_s, opened_by=by
            )
        return books.statement(no)

    return money_transaction(work)


def settle_dispute(no: str, n: int, note: str, by: str, at_s: int) -> None:
    """End the dispute about a line: what was due for it stands on the store's next statement.

    If the line was wrong, the ledger is corrected besides, and the correction stands there too.

    Raises:
        NotFound: the line is not disputed. Conflict: that was settled before.
        RequestInvalid: there is no note that says how it was settled.
    """
    told = _checked(note)

    def work() -> None:
        changed = (
            DisputedLine.update(settled_at_s=at_s, settled_by=by, note=told)
            .where(
                DisputedLine.statement_no == no, DisputedLine.n == n,
                DisputedLine.settled_at_s.is_null(),
            )
            .execute()
        )  # fmt: skip
        if changed == 1:
            return
        if DisputedLine.get_or_none(DisputedLine.statement_no == no, DisputedLine.n == n):
            raise Conflict(Saying("dispute-settled", line=n, number=no))
        raise NotFound(Saying("line-not-disputed", line=n, number=no))

    money_transaction(work)


def confirm_by_silence(at_s: int) -> list[str]:
    """Confirm every statement that nobody has answered in its days; return their numbers."""

    def work() -> list[str]:
        late = StatementRow.select(StatementRow.no).where(
            StatementRow.state == str(State.ISSUED), StatementRow.answer_until_s < at_s
        )
        numbers = [str(row.no) for row in late.order_by(StatementRow.no)]
        for no in numbers:
            is_confirmed = books.move(no, Event.SILENCE, answered_at_s=at_s, answered_by=SILENCE)
            assert is_confirmed, "serializable: nobody else has answered meanwhile"
        return numbers

    return money_transaction(work)


def _checked(reason: str) -> str:
    told = reason.strip()
    if not 1 <= len(told) <= REASON_CHARS:
        raise RequestInvalid(N_("Say why, in at most 500 characters."))
    return told
