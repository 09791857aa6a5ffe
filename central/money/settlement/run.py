"""The day's work of settlement, in its order. A timer calls it; calling it again does no harm."""

from __future__ import annotations

from typing import NamedTuple

from central.money.settlement.model import Statement
from central.money.settlement.payable.pay_out import follow_payouts
from central.money.settlement.payable.release import release
from central.money.settlement.ports import Stores
from central.money.settlement.statements.answer import confirm_by_silence
from central.money.settlement.statements.issue import issue_due


class Done(NamedTuple):
    """What a run has done.

    Args:
        paid: Numbers of the statements that a payout has paid since.
        confirmed: Numbers of the statements that silence has confirmed.
        released: Numbers of those that are payable since.
        problems: Stores whose statements cannot be issued, and why.
    """

    issued: tuple[Statement, ...]
    confirmed: tuple[str, ...]
    released: tuple[str, ...]
    problems: tuple[str, ...]
    paid: tuple[str, ...] = ()


def run(stores: Stores, at_s: int, actor: str) -> Done:
    """Issue what is due, confirm what nobody has answered, make payable what is final, and note
    what was paid.

    Cases that are missing are opened first. Call it outside of a transaction.
    """
    paid = follow_payouts(at_s)
    stores.open_cases(at_s)
    issued = issue_due(stores, at_s, actor)
    confirmed = confirm_by_silence(at_s)
    released = release(stores, at_s)
    return Done(issued.issued, tuple(confirmed), tuple(released), issued.problems, tuple(paid))
