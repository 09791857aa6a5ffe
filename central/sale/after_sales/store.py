"""The rows of cases: read, and moved by conditional updates that must hit one row."""

from __future__ import annotations

from typing import Any

from central.errors import Conflict, NotFound
from central.foundation.db.engine import rows
from central.foundation.language.said import Saying
from central.sale.after_sales.model import Case, CaseState, ClaimState, Evidence, Reason
from central.sale.orders.model import OrderId, UnitId

_CASE = (
    "SELECT id, order_id, unit, reason, opened_by, opened_at_s, answer_until_s, state, answer,"
    " closed_by, closed_at_s, refund, claim, claim_on, claim_minor, key_id FROM after_sale"
)


def get(case_id: int) -> Case:
    """Return a case; NotFound if there is none."""
    found = _cases("WHERE id = ?", (case_id,))
    if not found:
        raise NotFound(Saying("no-case", case=case_id))
    return found[0]


def of_order(order: str) -> list[Case]:
    """Return the cases of an order, the newest first."""
    return _cases("WHERE order_id = ? ORDER BY id DESC", (order,))


def page(count: int, state: CaseState | None, before: int | None) -> list[Case]:
    """Return cases, the newest first: all or those in a state, from one on or from the newest."""
    parts: list[str] = []
    values: list[Any] = []
    if state is not None:
        parts.append("state = ?")
        values.append(str(state))
    if before is not None:
        parts.append("id < ?")
        values.append(before)
    where = f"WHERE {' AND '.join(parts)} " if parts else ""
    return _cases(f"{where}ORDER BY id DESC LIMIT ?", (*values, count))


def newest(count: int, state: CaseState | None = None) -> list[Case]:
    """Return cases; the open ones by when they must be answered, the others the newest first."""
    if state is CaseState.OPEN:
        return _cases("WHERE state = 'open' ORDER BY answer_until_s, id LIMIT ?", (count,))
    if state is None:
        return _cases("ORDER BY id DESC LIMIT ?", (count,))
    return _cases("WHERE state = ? ORDER BY id DESC LIMIT ?", (str(state), count))


def counts() -> dict[CaseState, int]:
    """Return how many cases are in each state that has any."""
    found = rows("SELECT state, count(*) FROM after_sale GROUP BY state")
    return {CaseState(state): int(n) for state, n in found}


def late(at_s: int) -> list[Case]:
    """Return open cases that had to be answered by now."""
    return _cases("WHERE state = 'open' AND answer_until_s <= ? ORDER BY id", (at_s,))


def evidence(case_id: int) -> list[Evidence]:
    """Return what was said and shown, first things first; see ``ask.shown_to_all``."""
    found = rows(
        "SELECT id, at_s, who, said, picture_kind FROM after_sale_evidence WHERE case_id = ?"
        " ORDER BY id",
        (case_id,),
    )
    return [Evidence(*row) for row in found]


def close(case: Case, to: CaseState, answer: str, who: str, at_s: int, refund: str | None) -> Case:
    """End an open case, in the caller's transaction.

    Raises:
        Conflict: it is not open any more.
    """
    hit = rows(
        "UPDATE after_sale SET state = ?, answer = ?, closed_by = ?, closed_at_s = ?, refund = ?"
        " WHERE id = ? AND state = 'open' RETURNING id",
        (str(to), answer, who, at_s, refund, case.id),
    )
    if not hit:
        raise Conflict(Saying("case-not-open", case=case.id))
    return get(case.id)


def move_claim(case: Case, before: ClaimState, to: ClaimState, **changes: object) -> Case:
    """Move what is claimed from a supplier, in the caller's transaction; Conflict as ``close``."""
    sets = "".join(f", {name} = ?" for name in changes)
    hit = rows(
        f"UPDATE after_sale SET claim = ?{sets} WHERE id = ? AND claim = ? RETURNING id",
        (str(to), *changes.values(), case.id, str(before)),
    )
    if not hit:
        raise Conflict(Saying("claim-is", case=case.id, state=str(case.claim)))
    return get(case.id)


def is_claimed(case: Case) -> bool:
    """Say whether another case has claimed the same: of its unit, about the same key of ours."""
    found = rows(
        "SELECT key_id FROM after_sale WHERE unit = ? AND id <> ? AND claim IN ('sent',"
        " 'accepted')",
        (case.unit, case.id),
    )
    return any(None in (key, case.key) or key == case.key for (key,) in found)


def _cases(where: str, values: tuple[Any, ...]) -> list[Case]:
    return [
        Case._make(
            (row[0], OrderId(row[1]), UnitId(row[2]), Reason(row[3]), *row[4:7],
             CaseState(row[7]), *row[8:12], ClaimState(row[12]), *row[13:])
        )
        for row in rows(f"{_CASE} {where}", values)
    ]  # fmt: skip
