"""A pretend channel in a file, shared by processes, that moves each number once and misbehaves.

It keeps what a real one keeps: an order is known by its number, the same order again is the same
transfer, another order under a known number is refused.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from central.errors import ChannelRefused, ChannelUnknown
from central.money.channels.model import PayoutOrder, PayoutState, Transfer
from central.money.channels.ports import Payout
from edge.contract.money import Money

_SCHEMA = """
CREATE TABLE IF NOT EXISTS transfer (
    no TEXT PRIMARY KEY, payee TEXT, amount INTEGER, currency TEXT, state TEXT, moves INTEGER)
"""


class PretendBank(Payout):
    """The channel.

    Args:
        faults: Returns what goes wrong at this call: ``before`` (an error, nothing done),
            ``after`` (an error, done), ``lost`` (no answer, done), ``refuse``; or nothing.
        state: What a new transfer becomes.
    """

    channel = "bank"
    can_cancel = True

    def __init__(
        self, file: Path, faults: Callable[[], str] = lambda: "",
        state: PayoutState = PayoutState.PAID,
    ) -> None:  # fmt: skip
        self._file = file
        self._faults = faults
        self.state = state
        self.asked: list[str] = []
        with self._open() as book:
            book.execute("PRAGMA journal_mode = wal")
            book.execute(_SCHEMA)

    def transfer(self, order: PayoutOrder) -> Transfer:
        self.asked.append("transfer")
        fault = self._faults()
        if fault == "before":
            raise ChannelUnknown("http-503")
        if fault == "refuse":
            raise ChannelRefused("NAME_MISMATCH")
        with self._open() as book:
            book.execute("BEGIN IMMEDIATE")
            known = book.execute(
                "SELECT payee, amount FROM transfer WHERE no = ?", (order.number,)
            ).fetchone()
            if known and known != (order.payee.account, order.amount.minor):
                raise ChannelRefused("ALREADY_EXISTS")
            if not known:
                book.execute(
                    "INSERT INTO transfer VALUES (?, ?, ?, ?, ?, 1)",
                    (order.number, order.payee.account, order.amount.minor,
                     order.amount.currency, str(self.state)),
                )  # fmt: skip
            book.execute("COMMIT")
        if fault in {"after", "lost"}:
            raise ChannelUnknown("http-500" if fault == "after" else "timeout")
        return self._read(order.number)

    def query(self, number: str) -> Transfer:
        self.asked.append("query")
        fault = self._faults()
        if fault == "refuse":
            raise ChannelRefused("NO_AUTH")
        if fault:
            raise ChannelUnknown("timeout")
        return self._read(number)

    def cancel(self, number: str) -> Transfer:
        self.asked.append("cancel")
        self.settle(number, PayoutState.CANCELLED)
        return self._read(number)

    def settle(self, number: str, state: PayoutState, **bent: object) -> None:
        """Let something become of a transfer, as the payee or the channel does."""
        sets = {"state": str(state), **bent}
        with self._open() as book:
            assignments = ", ".join(f"{name} = ?" for name in sets)
            book.execute(
                f"UPDATE transfer SET {assignments} WHERE no = ?", (*sets.values(), number)
            )

    def forget(self, number: str) -> None:
        """Know nothing of a transfer any more."""
        with self._open() as book:
            book.execute("DELETE FROM transfer WHERE no = ?", (number,))

    def book(self) -> dict[str, int]:
        """What was moved, by number."""
        with self._open() as book:
            return dict(book.execute("SELECT no, amount * moves FROM transfer"))

    def _read(self, number: str) -> Transfer:
        with self._open() as book:
            row = book.execute(
                "SELECT state, amount, currency, payee FROM transfer WHERE no = ?", (number,)
            ).fetchone()
        if row is None:
            return Transfer(number, PayoutState.NOT_FOUND)
        state, amount, currency, payee = row
        return Transfer(number, PayoutState(state), Money(amount, currency), payee, f"B{number}")

    def _open(self) -> closing[sqlite3.Connection]:
        return closing(sqlite3.connect(self._file, isolation_level=None, timeout=10))
