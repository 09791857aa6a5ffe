"""Has stores and their owners paid, each one figure by one payout; and learns how payouts ended."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from central.errors import Conflict, PostingRefused
from central.foundation.db.engine import money_transaction, rows
from central.money.payouts.request import Wanted, write_payout
from central.money.payouts.store import Payout
from central.money.settlement.model import Payable
from central.money.settlement.payable.net import net, owed
from central.money.settlement.payable.owners import account_of, owners
from central.money.settlement.payable.pay import figures, give_back, mark_paid, payables, take


class Asked(NamedTuple):
    """What was asked for, and for whom it could not be: store and reason."""

    payouts: list[Payout]
    left: list[tuple[str, str]]


def ask_for_all(remark: str, at_s: int, *, day: int, actor: str) -> Asked:
    """Ask for one payout for each owner, and each store without one, that is to be paid now.

    The payout and what it takes are written together. One who cannot be paid hinders no other.

    Args:
        remark: The payees read it.
    """
    asked = Asked([], [])
    owned = owners()
    for owner in sorted({*owned.values(), *owed()}):
        try:
            theirs = money_transaction(
                lambda owner=owner: _ask_for_owner(owner, remark, at_s, day, actor)  # type: ignore[misc]
            )
        except (Conflict, PostingRefused) as exc:
            asked.left.append((owner, exc.detail))
            continue
        asked.payouts.extend([theirs] if theirs else [])
    for one in payables(at_s):
        if one.party in owned:
            continue
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


def _ask_for_owner(owner: str, remark: str, at_s: int, day: int, actor: str) -> Payout | None:
    """Net what an owner's stores are owed, and ask for all that stands for him then."""
    theirs = [one for one in figures(at_s) if owners().get(one.store) == owner]
    net(owner, theirs, at_s, day=day, actor=actor)
    account = account_of(owner)
    amount = owed().get(owner)
    if amount is None:
        return None
    [(n,)] = rows("SELECT count(*) FROM payout WHERE account = ?", (account,))
    wanted = Wanted(account, f"owner:{n + 1}", amount, remark)
    return write_payout(wanted, at_s, day=day, actor=actor)


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
