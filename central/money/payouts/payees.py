"""Where the money of a party goes. A party is the account that it is owed from: ``2110.A7``."""

from __future__ import annotations

from typing import NamedTuple

from central.errors import Conflict, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.money.channels.model import Payee

PAID_FROM = ("2110", "2310")
"""Agents' wallets and what stores are owed; nothing else is paid out."""


class Known(NamedTuple):
    """A party that may be paid. Its address and name are not in ``repr``."""

    account: str
    channel: str
    payee: Payee
    authorization_id: str
    active: bool


def set_payee(
    account: str, channel: str, payee: Payee, at_s: int, *, authorization_id: str = ""
) -> None:
    """Say where a party's money goes. What was asked for before goes where it was to go.

    Raises:
        RequestInvalid: nobody is paid from such an account, or the address is empty.
    """
    _check(account, channel, payee)

    def work() -> None:
        change("DELETE FROM payee WHERE account = ?", (account,))
        change(
            "INSERT INTO payee (account, channel, address, name, kind, bank, authorization_id,"
            " active, changed_at_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (account, channel, payee.account, payee.name, payee.kind, payee.bank,
             authorization_id, True, at_s),
        )  # fmt: skip

    money_transaction(work)


def suspend(account: str, at_s: int) -> None:
    """Pay a party nothing more: its agent was terminated, or its address is in doubt."""
    money_transaction(
        lambda: change(
            "UPDATE payee SET active = ?, changed_at_s = ? WHERE account = ?",
            (False, at_s, account),
        )
    )


def payee_of(account: str) -> Known:
    """Return where a party's money goes.

    Raises:
        Conflict: nobody has said so, or it is to be paid nothing more.
    """
    found = [known for known in payees() if known.account == account]
    if not found:
        raise Conflict(f"Nobody has said where the money of {account} goes.")
    if not found[0].active:
        raise Conflict(f"{account} is suspended and is paid nothing.")
    return found[0]


def payees() -> list[Known]:
    """Return all parties that may be, or might have been, paid."""
    found = rows(
        "SELECT account, channel, address, name, kind, bank, authorization_id, active FROM payee"
        " ORDER BY account"
    )
    return [
        Known(account, channel, Payee(address, name, kind, bank), consent, bool(active))
        for account, channel, address, name, kind, bank, consent, active in found
    ]


def _check(account: str, channel: str, payee: Payee) -> None:
    heading, _, owner = account.partition(".")
    if heading not in PAID_FROM or not owner:
        raise RequestInvalid(f"Money goes out from {' and '.join(PAID_FROM)} accounts only.")
    if not channel or not 1 <= len(payee.account) <= 128 or not payee.account.isprintable():
        raise RequestInvalid("A payee has a channel and an address of 1 to 128 characters.")
    if len(payee.name) > 64 or not payee.name.isprintable():
        raise RequestInvalid("A payee's name has at most 64 characters.")
