"""Has stores paid what is payable, each one figure by one payout; and learns how payouts ended."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from central.errors import Conflict
from central.foundation.db.engine import money_transaction, rows
from central.money.payouts.request import Wanted, write_payout
from central.money.payouts.store import Payout
from central.money.settlement.model import Payable
from central.money.settlement.payable.pay import give_back, mark_paid, payables, take


class Asked(NamedTuple):
    """What was asked for, and for whom it could not be: store and reason."""

    payouts: list[Payout]
    left: list[tuple[str, str]]


def ask_for_all(remark: str, at_s: int, *, day: int, actor: str) -> Asked:
    """Ask for one payout for each store that is to be paid something now.

    The payout and what it takes are written together. One store that cannot be paid hinders no
    other.

    Args:
        remark: The stores read it.
    """
    asked = Asked([], [])
    for one in payables(at_s):
        try:
            payout = money_transaction(lambda one=one: _ask(one, remark, at_s, day, actor))  # type: ignore[misc]
        except Conflict as exc:
            asked.left.append((one.party, exc.detail))
            continue
        asked.payouts.append(payout)
    return asked


def follow_payouts(at_s: int) -> list[str]:
    """Note what payouts have come to: what they were for is paid, or payable again.

    Returns the numbers of the statements that are paid since.
    """
    ended = rows(
        "SELECT DISTINCT s.payout_no, p.state FROM statement s JOIN payout p ON p.no = s.payout_no"
        " WHERE s.state = 'payable' AND p.state IN ('paid', 'failed', 'cancelled')"
        " ORDER BY s.payout_no"
    )
    paid: list[str] = []
    for no, state in ended:
        if state == "paid":
            paid += money_transaction(lambda no=no: _paid(no, at_s))  # type: ignore[misc]
        else:
            money_transaction(lambda no=no: give_back(no))  # type: ignore[misc]
    return paid


def _ask(one: Payable, remark: str, at_s: int, day: int, actor: str) -> Payout:
    # A number is never used again: once a payout has definitely failed, the next is another one.
    [(failed,)] = rows(
        "SELECT count(*) FROM payout WHERE account = ? AND state IN ('failed', 'cancelled')",
        (one.account,),
    )
    what_for = hashlib.sha256(" ".join(one.statement_ids).encode()).hexdigest()[:32]
    wanted = Wanted(one.account, f"statements:{what_for}:{failed}", one.amount, remark)
    payout = write_payout(wanted, at_s, day=day, actor=actor)
    take(one.statement_ids, payout.no)
    return payout


def _paid(no: str, at_s: int) -> list[str]:
    found = rows(
        "SELECT no FROM statement WHERE payout_no = ? AND state = 'payable' ORDER BY no", (no,)
    )
    statements = [statement for (statement,) in found]
    mark_paid(statements, no, at_s)
    return statements
