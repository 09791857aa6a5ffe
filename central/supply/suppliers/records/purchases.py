"""The rows of purchases and attempts: every change is conditional and hits one row."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from central.errors import Conflict, NotFound
from central.foundation.db.engine import change, rows
from central.foundation.language.said import Saying
from central.foundation.story import GENESIS, broken, link
from central.supply.suppliers.model import Attempt, Kind, Purchase, client_ref
from central.supply.suppliers.route import Candidate, Decision

NEVER_S = 1 << 40
"""When something is due that is not to be asked for again by itself."""
_PURCHASE = (
    "unit, sku, kind, quantity, sell_net_e4, currency, inputs, state, asked_at_s, asked_by,"
    " next_at_s, done_at_s, round_from, round_at_s"
)
_ATTEMPT = (
    "id, unit, n, kind, offer, account, their_ref, client_ref, quantity, cost_e4, cap_e4,"
    " allow_loss, state, passed_over, upstream_no, charged_e4, late_to, code, asked, planned_at_s,"
    " sent_at_s, next_at_s, done_at_s"
)
_OPEN_ENDS = "('not_found', 'failed', 'rejected')"
"""Ended as not done; a callback may show that they were done after all."""


class PurchaseRow(NamedTuple):
    """What is bought for a unit, as its row stands; the inputs are sealed."""

    unit: str
    sku: str
    kind: Kind
    quantity: int
    sell_net_e4: int
    currency: str
    inputs: bytes
    state: Purchase
    asked_at_s: int
    asked_by: str
    next_at_s: int
    done_at_s: int | None
    round_from: int = 0
    """Attempts up to this number are of earlier rounds."""
    round_at_s: int = 0

    @property
    def place(self) -> str:
        """What its inputs are sealed for."""
        return f"purchase:{self.unit}"


class AttemptRow(NamedTuple):
    """One purchase at one supplier, as its row stands."""

    id: int
    unit: str
    n: int
    kind: Kind
    offer: int
    account: str
    their_ref: str
    client_ref: str
    quantity: int
    cost_e4: int
    cap_e4: int
    allow_loss: bool
    state: Attempt
    passed_over: bool
    upstream_no: str
    charged_e4: int | None
    late_to: str | None
    code: str
    asked: int
    planned_at_s: int
    sent_at_s: int | None
    next_at_s: int
    done_at_s: int | None


class EventRow(NamedTuple):
    """One line of an attempt's story."""

    at_s: int
    state: str
    code: str
    ms: int | None
    who: str


# --- reading -------------------------------------------------------------------------------------


def find(unit: str) -> PurchaseRow | None:
    """Return a unit's purchase; None if there is none."""
    found = _purchases("WHERE unit = ?", (unit,))
    return found[0] if found else None


def get(unit: str) -> PurchaseRow:
    """Return a unit's purchase.

    Raises:
        NotFound: there is none.
    """
    found = find(unit)
    if found is None:
        raise NotFound(Saying("no-purchase", unit=unit))
    return found


def newest(count: int, state: str = "") -> list[PurchaseRow]:
    """Return the newest purchases, all or those in a state."""
    where, values = ("WHERE state = ? ", (state,)) if state else ("", ())
    return _purchases(f"{where}ORDER BY asked_at_s DESC, unit LIMIT ?", (*values, count))


def counts() -> dict[Purchase, int]:
    """Return how many purchases are in each state."""
    found = rows("SELECT state, count(*) FROM supplier_purchase GROUP BY state")
    return {Purchase(state): int(number) for state, number in found}


def attempts(unit: str) -> list[AttemptRow]:
    """Return a unit's attempts, the first one first."""
    return _attempts("WHERE unit = ? ORDER BY n", (unit,))


def attempt(attempt_id: int) -> AttemptRow:
    """Return an attempt.

    Raises:
        NotFound: there is none of this id.
    """
    found = _attempts("WHERE id = ?", (attempt_id,))
    if not found:
        raise NotFound(Saying("no-attempt", number=attempt_id))
    return found[0]


def attempt_of(account: str, ref: str) -> AttemptRow | None:
    """Return the attempt that an account knows by our reference; None if it has none."""
    found = _attempts("WHERE account = ? AND client_ref = ?", (account, ref))
    return found[0] if found else None


def story(attempt_id: int) -> list[EventRow]:
    """Return what happened to an attempt, first things first."""
    found = rows(
        "SELECT at_s, state, code, ms, who FROM supplier_event WHERE attempt = ? ORDER BY id",
        (attempt_id,),
    )
    return [EventRow(*row) for row in found]


def broken_stories() -> list[str]:
    """Return units of whose purchases an attempt's story was altered."""
    altered = broken(
        rows(
            "SELECT attempt, n, at_s, state, code, ms, who, hash FROM supplier_event"
            " WHERE n IS NOT NULL ORDER BY attempt, n"
        )
    )
    return [attempt(int(one)).unit for one in altered]


def decisions(unit: str) -> list[tuple[int, dict[str, Any]]]:
    """Return every decision about a unit, with when it was made."""
    found = rows(
        "SELECT at_s, body FROM supplier_decision WHERE unit = ? ORDER BY id", (unit,)
    )  # fmt: skip
    return [(int(at_s), json.loads(body)) for at_s, body in found]


def body_of(decision: Decision, chosen: Candidate | None) -> dict[str, Any]:
    """Return a decision as plain data."""
    return {
        "policy": str(decision.policy),
        "cap_e4": decision.cap_e4,
        "chosen": chosen.offer.id if chosen else None,
        "candidates": [
            {
                "offer": c.offer.id, "account": c.offer.account, "cost_e4": c.offer.cost_e4,
                "rank": c.rank, "needs_quote": c.needs_quote, "is_loss": c.is_loss,
            }
            for c in decision.candidates
        ],
        "left_out": [
            {
                "offer": o.offer.id, "account": o.offer.account, "cost_e4": o.offer.cost_e4,
                "reason": str(o.reason), "has": o.has, "wanted": o.wanted,
            }
            for o in decision.left_out
        ],
    }  # fmt: skip


def due(at_s: int) -> str | None:
    """Return the unit that is to be worked on next: what is begun before what is new."""
    begun = rows(
        "SELECT a.unit FROM supplier_attempt a JOIN supplier_purchase p ON p.unit = a.unit"
        " WHERE a.next_at_s <= ? AND p.lease_until_s <= ? AND a.state IN ('planned', 'sending',"
        " 'accepted', 'unknown', 'not_found', 'failed', 'rejected')"
        " ORDER BY a.next_at_s, a.id LIMIT 1",
        (at_s, at_s),
    )
    if begun:
        return str(begun[0][0])
    new = rows(
        "SELECT unit FROM supplier_purchase WHERE state = 'open' AND next_at_s <= ?"
        " AND lease_until_s <= ? ORDER BY next_at_s, unit LIMIT 1",
        (at_s, at_s),
    )
    return str(new[0][0]) if new else None


# --- writing: call each in a transaction ---------------------------------------------------------


def insert(row: PurchaseRow) -> None:
    """Write down what is to be bought."""
    change(
        f"INSERT INTO supplier_purchase ({_PURCHASE})"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (row.unit, row.sku, str(row.kind), row.quantity, row.sell_net_e4, row.currency,
         row.inputs, str(row.state), *row[8:]),
    )  # fmt: skip


def take(unit: str, lease: str, at_s: int, until_s: int) -> bool:
    """Lease a unit to a worker, or renew his lease; False if another one has it."""
    taken = rows(
        "UPDATE supplier_purchase SET lease = ?, lease_until_s = ? WHERE unit = ?"
        " AND (lease_until_s <= ? OR lease = ?) RETURNING unit",
        (lease, until_s, unit, at_s, lease),
    )
    return bool(taken)


def give_back(unit: str, lease: str) -> None:
    """Give a lease back, if it is still ours."""
    change(
        "UPDATE supplier_purchase SET lease_until_s = 0 WHERE unit = ? AND lease = ?",
        (unit, lease),
    )


def log(unit: str, at_s: int, decision: Decision, chosen: Candidate | None) -> None:
    """Write down a decision, so that it can be told why B and not A."""
    change(
        "INSERT INTO supplier_decision (unit, at_s, body) VALUES (?, ?, ?)",
        (unit, at_s, json.dumps(body_of(decision, chosen))),
    )


def plan(purchase: PurchaseRow, candidate: Candidate, cap_e4: int, at_s: int) -> AttemptRow:
    """Write an attempt before anything is sent; its reference stays for ever."""
    [(n,)] = rows(
        "SELECT coalesce(max(n), 0) + 1 FROM supplier_attempt WHERE unit = ?", (purchase.unit,)
    )
    offer = candidate.offer
    [(attempt_id,)] = rows(
        "INSERT INTO supplier_attempt (unit, n, kind, offer, account, their_ref, client_ref,"
        " quantity, cost_e4, cap_e4, allow_loss, state, passed_over, planned_at_s, next_at_s)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'planned', ?, ?, ?) RETURNING id",
        (purchase.unit, n, str(purchase.kind), offer.id, offer.account, offer.their_ref,
         client_ref(purchase.unit, n), purchase.quantity, offer.cost_e4, cap_e4,
         candidate.is_loss, False, at_s, at_s),
    )  # fmt: skip
    tell(int(attempt_id), at_s, Attempt.PLANNED, "")
    return attempt(int(attempt_id))


def move(
    before: AttemptRow, after: Attempt, at_s: int, code: str, *, ms: int | None = None,
    who: str = "worker", **fields: Any,
) -> AttemptRow:  # fmt: skip
    """Move an attempt on, if it is still where it was; return it as it is then.

    Raises:
        Conflict: it has moved on.
    """
    fields = {"state": str(after), "code": code[:64], **fields}
    sets = ", ".join(f"{name} = ?" for name in fields)
    hit = rows(
        f"UPDATE supplier_attempt SET {sets} WHERE id = ? AND state = ? RETURNING id",
        (*fields.values(), before.id, str(before.state)),
    )
    if len(hit) != 1:
        raise Conflict(f"Attempt {before.client_ref} has moved on.")
    if after is not before.state or code != before.code:
        tell(before.id, at_s, after, code, ms, who)
    return attempt(before.id)


def pass_over(row: AttemptRow, at_s: int) -> None:
    """Let the next supplier be asked while nobody knows of this one; keys alone (I-7).

    Raises:
        Conflict: it has moved on.
    """
    hit = rows(
        "UPDATE supplier_attempt SET passed_over = ? WHERE id = ? AND state = 'unknown'"
        " AND passed_over = ? RETURNING id",
        (True, row.id, False),
    )
    if len(hit) != 1:
        raise Conflict(f"Attempt {row.client_ref} has moved on.")
    tell(row.id, at_s, row.state, "passed-over")


def settle(
    unit: str, state: Purchase, at_s: int, before: frozenset[Purchase], next_at_s: int = NEVER_S
) -> bool:
    """Put a purchase into a state, from those it may come from; False if it was elsewhere."""
    is_end = state in {Purchase.SOURCED, Purchase.EXHAUSTED, Purchase.CANCELLED}
    marks = ", ".join("?" for _ in before)
    hit = rows(
        "UPDATE supplier_purchase SET state = ?, next_at_s = ?, done_at_s = ?"
        f" WHERE unit = ? AND state IN ({marks}) RETURNING unit",
        (str(state), next_at_s, at_s if is_end else None, unit, *(str(b) for b in sorted(before))),
    )
    return len(hit) == 1


def begin_round(unit: str, at_s: int) -> None:
    """Count attempts anew: a person wants that those who have refused are asked again."""
    change(
        "UPDATE supplier_purchase SET round_at_s = ?, round_from = (SELECT coalesce(max(n), 0)"
        " FROM supplier_attempt a WHERE a.unit = supplier_purchase.unit) WHERE unit = ?",
        (at_s, unit),
    )


def wake(attempt_id: int, at_s: int) -> bool:
    """Let an attempt be asked for now; a callback does that. False if it has ended for good."""
    woken = rows(
        "UPDATE supplier_attempt SET next_at_s = ? WHERE id = ? AND (state IN ('sending',"
        f" 'accepted', 'unknown') OR state IN {_OPEN_ENDS}) RETURNING id",
        (at_s, attempt_id),
    )
    return bool(woken)


def tell(
    attempt_id: int, at_s: int, state: Attempt, code: str, ms: int | None = None,
    who: str = "worker",
) -> None:  # fmt: skip
    """Add a line to an attempt's story; it is chained to the one before."""
    found = rows(
        "SELECT n, hash FROM supplier_event WHERE attempt = ? AND n IS NOT NULL"
        " ORDER BY n DESC LIMIT 1",
        (attempt_id,),
    )
    n, before = (int(found[0][0]) + 1, bytes(found[0][1])) if found else (1, GENESIS)
    line = [attempt_id, n, at_s, str(state), code[:64], ms, who]
    change(
        "INSERT INTO supplier_event (attempt, n, at_s, state, code, ms, who, hash)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (*line, link(before, line)),
    )


def _purchases(where: str, values: tuple[Any, ...]) -> list[PurchaseRow]:
    found = rows(f"SELECT {_PURCHASE} FROM supplier_purchase {where}", values)
    return [
        PurchaseRow._make([*r[:2], Kind(r[2]), *r[3:6], bytes(r[6]), Purchase(r[7]), *r[8:]])
        for r in found
    ]


def _attempts(where: str, values: tuple[Any, ...]) -> list[AttemptRow]:
    found = rows(f"SELECT {_ATTEMPT} FROM supplier_attempt {where}", values)
    return [
        AttemptRow._make(
            [*r[:3], Kind(r[3]), *r[4:11], bool(r[11]), Attempt(r[12]), bool(r[13]), *r[14:]]
        )
        for r in found
    ]
