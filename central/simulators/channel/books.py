"""The books of pretend money."""

from __future__ import annotations

from pathlib import Path

from central.simulators.parts import books

SCHEMA = """
CREATE TABLE IF NOT EXISTS account (name TEXT PRIMARY KEY, balance INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS flow (
    id INTEGER PRIMARY KEY, account TEXT NOT NULL, at_s INTEGER NOT NULL, change INTEGER NOT NULL,
    balance INTEGER NOT NULL, business TEXT NOT NULL, kind TEXT NOT NULL,
    channel_no TEXT NOT NULL, our_no TEXT NOT NULL, memo TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS payment (
    channel TEXT NOT NULL, number TEXT NOT NULL, said TEXT NOT NULL, amount INTEGER NOT NULL,
    description TEXT NOT NULL, way TEXT NOT NULL, state TEXT NOT NULL, token TEXT NOT NULL,
    payer TEXT NOT NULL, channel_no TEXT NOT NULL, created_at_s INTEGER NOT NULL,
    expires_at_s INTEGER NOT NULL, paid_at_s INTEGER, notify_url TEXT NOT NULL,
    shared INTEGER NOT NULL, finished INTEGER NOT NULL DEFAULT 0,
    refunded INTEGER NOT NULL DEFAULT 0, fee INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (channel, number)) STRICT;
CREATE TABLE IF NOT EXISTS refund (
    channel TEXT NOT NULL, refund_number TEXT NOT NULL, number TEXT NOT NULL,
    amount INTEGER NOT NULL, state TEXT NOT NULL, channel_no TEXT NOT NULL,
    created_at_s INTEGER NOT NULL, done_at_s INTEGER, notify_url TEXT NOT NULL,
    fee INTEGER NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (channel, number, refund_number)) STRICT;
CREATE TABLE IF NOT EXISTS transfer (
    channel TEXT NOT NULL, number TEXT NOT NULL, said TEXT NOT NULL, amount INTEGER NOT NULL,
    payee TEXT NOT NULL, name TEXT NOT NULL, remark TEXT NOT NULL, state TEXT NOT NULL,
    fail TEXT NOT NULL DEFAULT '', channel_no TEXT NOT NULL, package TEXT NOT NULL,
    created_at_s INTEGER NOT NULL, updated_at_s INTEGER NOT NULL, notify_url TEXT NOT NULL,
    late INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (channel, number)) STRICT;
CREATE TABLE IF NOT EXISTS consent (
    number TEXT PRIMARY KEY, id TEXT NOT NULL, openid TEXT NOT NULL, shown_as TEXT NOT NULL,
    state TEXT NOT NULL, package TEXT NOT NULL, created_at_s INTEGER NOT NULL,
    granted_at_s INTEGER, notify_url TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS receiver (
    channel TEXT NOT NULL, account TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
    PRIMARY KEY (channel, account)) STRICT;
CREATE TABLE IF NOT EXISTS sharing (
    channel TEXT NOT NULL, number TEXT NOT NULL, payment_no TEXT NOT NULL, said TEXT NOT NULL,
    state TEXT NOT NULL, is_last INTEGER NOT NULL, channel_no TEXT NOT NULL,
    created_at_s INTEGER NOT NULL, PRIMARY KEY (channel, number)) STRICT;
CREATE TABLE IF NOT EXISTS share (
    id INTEGER PRIMARY KEY, channel TEXT NOT NULL, number TEXT NOT NULL, account TEXT NOT NULL,
    kind TEXT NOT NULL, amount INTEGER NOT NULL, description TEXT NOT NULL, state TEXT NOT NULL,
    returned INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE IF NOT EXISTS give_back (
    return_number TEXT PRIMARY KEY, number TEXT NOT NULL, mchid TEXT NOT NULL,
    amount INTEGER NOT NULL, channel_no TEXT NOT NULL, at_s INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS nonce (value TEXT PRIMARY KEY, at_s INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS bill (
    token TEXT PRIMARY KEY, content BLOB NOT NULL, until_s INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS bank_batch (
    number TEXT PRIMARY KEY, lines INTEGER NOT NULL, total INTEGER NOT NULL, sha256 TEXT NOT NULL,
    encoding TEXT NOT NULL, at_s INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS bank_line (
    batch TEXT NOT NULL, place INTEGER NOT NULL, number TEXT NOT NULL, account TEXT NOT NULL,
    name TEXT NOT NULL, bank TEXT NOT NULL, amount INTEGER NOT NULL, remark TEXT NOT NULL,
    state TEXT NOT NULL, fail TEXT NOT NULL, looked_at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (batch, place)) STRICT;
CREATE TABLE IF NOT EXISTS callback (
    id INTEGER PRIMARY KEY, channel TEXT NOT NULL, event_id TEXT NOT NULL, event_type TEXT NOT NULL,
    original_type TEXT NOT NULL, url TEXT NOT NULL, number TEXT NOT NULL, content TEXT NOT NULL,
    state TEXT NOT NULL, tries INTEGER NOT NULL, next_at_s INTEGER NOT NULL,
    last TEXT NOT NULL DEFAULT '', created_at_s INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS request (
    id INTEGER PRIMARY KEY, at_s INTEGER NOT NULL, operation TEXT NOT NULL, number TEXT NOT NULL,
    answer TEXT NOT NULL, fault TEXT NOT NULL) STRICT;
"""

OPENING = {
    "wechat/BASIC": 0, "wechat/OPERATION": 1_000_000_00, "wechat/FEES": 0,
    "alipay/BASIC": 1_000_000_00, "bank/MAIN": 1_000_000_00,
}  # fmt: skip
"""What is in the accounts when the simulator begins: a million to pay out of."""


class NotEnough(Exception):
    """An account has less than is to leave it."""


class Books(books.Books):
    """Accounts and all that moves between them."""

    def __init__(self, file: Path | str) -> None:
        super().__init__(file, SCHEMA)
        with self.writing():
            for name, balance in OPENING.items():
                self.run("INSERT OR IGNORE INTO account VALUES (?, ?)", name, balance)

    def balance(self, account: str) -> int:
        """Return what is in an account."""
        row = self.row("SELECT balance FROM account WHERE name = ?", account)
        return int(row["balance"]) if row else 0

    def move(  # noqa: PLR0913 - a movement says what it was for
        self, account: str, change: int, at_s: int, *, business: str, kind: str, channel_no: str,
        our_no: str, memo: str = "",
    ) -> None:  # fmt: skip
        """Move pretend money into an account or out of it.

        Raises:
            NotEnough: it would fall below nothing.
        """
        if not change:
            return
        balance = self.balance(account) + change
        if balance < 0:
            raise NotEnough(account)
        self.run("UPDATE account SET balance = ? WHERE name = ?", balance, account)
        self.run(
            "INSERT INTO flow (account, at_s, change, balance, business, kind, channel_no, our_no,"
            " memo) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            account, at_s, change, balance, business, kind, channel_no, our_no, memo,
        )  # fmt: skip
