"""Where the money of a party goes. A party is the account that it is owed from: ``2110.A7``."""

from __future__ import annotations

from typing import NamedTuple

from central.errors import Conflict, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.foundation.masked import masked
from central.money.channels import bank_file
from central.money.channels.model import Payee

PAID_FROM = ("2110", "2310", "2320")
"""Agents' wallets and what stores are owed; nothing else is paid out."""

BARRED = "EXISTS (SELECT 1 FROM agent WHERE '2110.' || agent.id = ? AND agent.state <> 'active')"
"""Whether an account is that of an agent who is suspended or terminated. The agents' own word is
read each time: a second note of it here could say something else."""


class Known(NamedTuple):
    """A party that may be paid. Its address and name are not in ``repr``."""

    account: str
    channel: str
    payee: Payee
    authorization_id: str
    active: bool


def set_payee(
    account: str, channel: str, payee: Payee, at_s: int, *, by: str, authorization_id: str = ""
) -> None:
    """Say where a party's money goes. What was asked for before goes where it was to go.

    Args:
        by: Who says so; it stays noted.

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
        change(
            "INSERT INTO payee_change (account, channel, address_end, at_s, who)"
            " VALUES (?, ?, ?, ?, ?)",
            (account, channel, masked(payee.account), at_s, by),
        )

    money_transaction(work)


def payee_of(account: str) -> Known:
    """Return where a party's money goes.

    Raises:
        Conflict: nobody has said so, or it is to be paid nothing more.
    """
    found = [known for known in payees() if known.account == account]
    if not found:
        raise Conflict(Saying("payee-unknown", account=account))
    if not found[0].active:
        raise Conflict(Saying("payee-not-paid", account=account))
    return found[0]


class Change(NamedTuple):
    """That somebody has said where a party's money goes; ``address`` is masked."""

    at_s: int
    who: str
    channel: str
    address: str


def changes_of(account: str) -> list[Change]:
    """Return who has said when where a party's money goes, the newest first."""
    found = rows(
        "SELECT at_s, who, channel, address_end FROM payee_change WHERE account = ?"
        " ORDER BY id DESC",
        (account,),
    )
    return [Change(*row) for row in found]


def changed_since(account: str, at_s: int) -> bool:
    """Say whether the money of a party has gone elsewhere before some moment. Its first address
    is no change."""
    found = changes_of(account)
    return len(found) > 1 and found[0].at_s > at_s


def is_barred(account: str) -> bool:
    """Say whether a party is an agent who does not work now: he keeps what he is owed."""
    return bool(rows(f"SELECT 1 WHERE {BARRED}", (account,)))


def payees() -> list[Known]:
    """Return all parties that may be, or might have been, paid."""
    found = rows(
        "SELECT account, channel, address, name, kind, bank, authorization_id, active,"  # noqa: S608
        f" {BARRED.replace('?', 'payee.account')} FROM payee"
        " ORDER BY account"
    )
    return [
        Known(
            account, channel, Payee(address, name, kind, bank), consent, bool(active and not barred)
        )
        for account, channel, address, name, kind, bank, consent, active, barred in found
    ]


def _check(account: str, channel: str, payee: Payee) -> None:
    heading, _, owner = account.partition(".")
    if heading not in PAID_FROM or not owner:
        raise RequestInvalid(Saying("paid-from-only", headings=", ".join(PAID_FROM)))
    if not channel or not 1 <= len(payee.account) <= 128 or not payee.account.isprintable():
        raise RequestInvalid(N_("A payee has a channel and an address of 1 to 128 characters."))
    if channel == bank_file.CHANNEL:
        bank_file.check_payee(payee)
    if len(payee.name) > 64 or not payee.name.isprintable():
        raise RequestInvalid(N_("A payee's name has at most 64 characters."))
