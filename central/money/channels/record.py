"""Writes down every outside call before it is sent, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from central.errors import KeyReused
from central.foundation.db.engine import HUB, money_transaction, rows

_OUTCOMES = frozenset({"answered", "refused", "unknown"})


class Call(NamedTuple):
    """One outside call, as it stands."""

    channel: str
    kind: str
    number: str
    state: str
    attempts: int
    last_code: str
    first_sent_at_s: int
    sent_at_s: int
    answered_at_s: int | None


class RecordedCalls:
    """The record, in the hub's database; each note is a transaction of its own."""

    def __init__(self, now_s: Callable[[], int]) -> None:
        self._now_s = now_s

    def begin(self, channel: str, kind: str, number: str, request_sha256: bytes) -> int:
        """Write that a call is about to be sent; return its id.

        Raises:
            KeyReused: this number went out with another request: it must not go out again.
        """
        _outside_of_transactions()
        now_s = self._now_s()

        def write() -> int:
            found = rows(
                "SELECT id, request_sha256 FROM channel_call"
                " WHERE channel = ? AND kind = ? AND number = ?",
                (channel, kind, number),
            )
            if not found:
                found = rows(
                    "INSERT INTO channel_call (channel, kind, number, request_sha256, state,"
                    " attempts, first_sent_at_s, sent_at_s) VALUES (?, ?, ?, ?, 'sent', 1, ?, ?)"
                    " RETURNING id, request_sha256",
                    (channel, kind, number, request_sha256, now_s, now_s),
                )
                return int(found[0][0])
            [(call_id, known)] = found
            if bytes(known) != request_sha256:
                raise KeyReused(f"{channel} was asked for something else as {kind} {number}.")
            hit = rows(
                "UPDATE channel_call SET state = 'sent', attempts = attempts + 1, sent_at_s = ?,"
                " answered_at_s = NULL WHERE id = ? RETURNING id",
                (now_s, call_id),
            )
            assert len(hit) == 1, "a row that was there a moment ago is there"
            return int(call_id)

        return money_transaction(write)

    def end(self, call_id: int, outcome: str, code: str) -> None:
        """Write what came of it. Of two calls at once, the last one's answer stands."""
        assert outcome in _OUTCOMES, outcome
        _outside_of_transactions()
        now_s = self._now_s()

        def write() -> None:
            hit = rows(
                "UPDATE channel_call SET state = ?, last_code = ?, answered_at_s = ?"
                " WHERE id = ? RETURNING id",
                (outcome, code[:64], now_s, call_id),
            )
            assert len(hit) == 1, "nothing deletes a call"

        money_transaction(write)


def calls(number: str) -> list[Call]:
    """Return all calls about a number, first sent first."""
    found = rows(
        "SELECT channel, kind, number, state, attempts, last_code, first_sent_at_s, sent_at_s,"
        " answered_at_s FROM channel_call WHERE number = ? ORDER BY id",
        (number,),
    )
    return [Call(*row) for row in found]


def _outside_of_transactions() -> None:
    database = HUB.obj
    assert database is not None, "open_database comes first"
    # Within one, the note would come and go with it, while the money has moved.
    assert not database.in_transaction(), "no channel is called inside of a transaction"
