"""Releases commissions whose hold is over: pending becomes available, what is owed is met first."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import NamedTuple

import peewee

from central.errors import HubError
from central.foundation.db.engine import money_transaction, rows
from central.foundation.language.said import Saying, why
from central.money.ledger.balance import balance
from central.money.ledger.rules import business_day, commission_released
from central.money.ledger.store import post
from central.money.sharing.model import AgentId
from central.money.sharing.tables import CommissionRow, SharedSale
from edge.contract.money import Money

log = logging.getLogger(__name__)

BATCH = 500
ACTOR = "release"


class Released(NamedTuple):
    """What a run of the job has done.

    Args:
        commissions: How many were released by this run.
        minor: What they were together, by currency.
        held: Commissions that are due and wait, because their agent is suspended.
        faults: What could not be released, and why; it is tried again by the next run.
    """

    commissions: int
    minor: dict[str, int]
    held: int
    faults: list[str]


class _Due(NamedTuple):
    release_at_s: int
    sale: str
    agent: AgentId


def release_due(
    now_s: int, *, timezone: str, held: Collection[AgentId] = frozenset(), batch: int = BATCH
) -> Released:
    """Release every commission whose hold is over. A job: run it as often as you like.

    Each is a transaction of its own, so that one that cannot be released stops no other.

    Args:
        timezone: Where the business day is read.
        held: Agents whose commissions wait, however long they have been due.
        batch: How many are looked up at once.
    """
    done, waiting, minor, faults = 0, 0, dict[str, int](), list[str]()
    last = _Due(-1, "", AgentId(""))
    while found := _due(now_s, last, batch):
        for due in found:
            last = due
            if due.agent in held:
                waiting += 1
                continue
            try:
                amount = release(due.sale, due.agent, now_s, timezone=timezone)
            except (HubError, peewee.DatabaseError) as exc:
                log.exception("%s of %s is not released", due.agent, due.sale)
                what = why(exc) if isinstance(exc, HubError) else Saying("broke-off")
                faults.append(
                    Saying("commission-stuck", sale=due.sale, agent=str(due.agent), what=what)
                )
                continue
            if amount is not None:
                done += 1
                minor[amount.currency] = minor.get(amount.currency, 0) + amount.minor
    return Released(done, minor, waiting, faults)


def release(sale: str, agent: AgentId, now_s: int, *, timezone: str) -> Money | None:
    """Release one commission; None if it is not due, or was released or clawed back before.

    Raises:
        PostingRefused: the ledger's own rules refuse it.
    """

    def write() -> Money | None:
        row = CommissionRow.get_or_none(
            CommissionRow.sale == sale, CommissionRow.agent == agent,
            CommissionRow.state == "pending", CommissionRow.release_at_s <= now_s,
        )  # fmt: skip
        if row is None:
            return None
        changed = (
            CommissionRow.update(state="released", released_at_s=now_s)
            .where(
                CommissionRow.sale == sale, CommissionRow.agent == agent,
                CommissionRow.state == "pending", CommissionRow.kept_minor == row.kept_minor,
            )
            .execute()
        )  # fmt: skip
        assert changed == 1, "nobody else writes while this transaction does"
        currency = SharedSale.get(SharedSale.ref == sale).currency
        amount = Money(row.kept_minor, currency)
        owed = max(0, balance(f"1110.{agent}").posted)
        day = business_day(now_s, timezone)
        post(commission_released(sale, agent, amount, day, ACTOR, owed=owed), now_s)
        return amount

    return money_transaction(write)


def _due(now_s: int, last: _Due, batch: int) -> list[_Due]:
    """Return the next commissions that are due, behind the last one that was looked at."""
    found = rows(
        "SELECT release_at_s, sale, agent FROM commission"
        " WHERE state = 'pending' AND release_at_s <= ? AND (release_at_s > ?"
        " OR (release_at_s = ? AND (sale > ? OR (sale = ? AND agent > ?))))"
        " ORDER BY release_at_s, sale, agent LIMIT ?",
        (now_s, last.release_at_s, last.release_at_s, last.sale, last.sale, last.agent, batch),
    )
    return [_Due(at_s, sale, AgentId(agent)) for at_s, sale, agent in found]
