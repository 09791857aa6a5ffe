"""Why a day may be closed although a channel's bills of it are not settled: said by a person."""

from __future__ import annotations

from typing import NamedTuple

from central.errors import Conflict, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.language.words import N_
from central.money.ledger.closes import closed_through
from central.money.ledger.days import is_day
from central.money.reconciliation.model import By
from central.money.reconciliation.settle import Standing, standing

REASON_CHARS = 500


class Waiver(NamedTuple):
    """A channel's day that nobody waits for any more. It stays, whatever comes later."""

    day: int
    channel: str
    reason: str
    waived_at_s: int
    waived_by: str


def waivers(since: int) -> dict[tuple[int, str], Waiver]:
    """Return the waivers of a day and of all after it, by day and channel."""
    found = rows(
        "SELECT day, channel, reason, waived_at_s, waived_by FROM closing_waiver WHERE day >= ?",
        (since,),
    )
    return {(row[0], row[1]): Waiver(*row) for row in found}


def waive(channel: str, day: int, reason: str, by: By) -> Waiver:
    """Let a day be closed without the settlement of a channel; what comes later is posted later.

    Raises:
        RequestInvalid: no reason, no such day, or it is not over. Conflict: the day is closed,
            the channel's is settled, or somebody has said so before.
    """
    said = reason.strip()
    if not said or len(said) > REASON_CHARS:
        raise RequestInvalid(N_("Say in a sentence why the day is closed without it."))
    if not is_day(day) or day >= by.day:
        raise RequestInvalid(N_("This is no day that is over."))

    def work() -> Waiver:
        if day <= closed_through():
            raise Conflict(N_("The day is closed already."))
        if standing(channel, day) is Standing.SETTLED:
            raise Conflict(N_("Its bills are settled: nothing is missing."))
        if (day, channel) in waivers(day):
            raise Conflict(N_("Somebody has said so before."))
        made = Waiver(day, channel, said, by.at_s, by.actor)
        change(
            "INSERT INTO closing_waiver (day, channel, reason, waived_at_s, waived_by)"
            " VALUES (?, ?, ?, ?, ?)",
            tuple(made),
        )
        return made

    return money_transaction(work)
