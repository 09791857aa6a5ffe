"""Suppliers, our accounts with them, how well they do, and what a person has to hear of them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import peewee

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.foundation.seal import Seal
from central.supply.suppliers.address import check_address
from central.supply.suppliers.health import PAUSE_S, Call, Health
from central.supply.suppliers.model import e4_text

SYNC_EVERY_S = (10, 86_400)
_ID = re.compile(r"[a-z][a-z0-9-]{1,29}", re.ASCII)
_COLUMNS = (
    "id, supplier, protocol, base_url, is_test, settings, credentials, currency, is_prepaid, state,"
    " deadline_ms, sync_every_s, synced_at_s, changes_at_s, balance_e4, balance_at_s,"
    " low_balance_e4"
)


class Account(NamedTuple):
    """An account as its row stands; the credentials are sealed."""

    id: str
    supplier: str
    protocol: str
    base_url: str
    is_test: bool
    settings: Mapping[str, str]
    credentials: bytes
    currency: str
    is_prepaid: bool
    state: str
    deadline_ms: int
    sync_every_s: int
    synced_at_s: int
    changes_at_s: int
    balance_e4: int | None
    balance_at_s: int | None
    low_balance_e4: int

    @property
    def place(self) -> str:
        """What its credentials are sealed for."""
        return f"account:{self.id}"

    @property
    def source(self) -> str:
        """The account of the ledger that its purchases are paid from."""
        return f"{'1040' if self.is_prepaid else '2210'}.{self.supplier}"


class NewAccount(NamedTuple):
    """An account to be added.

    Args:
        is_test: At a simulator on this machine.
        is_prepaid: Bought from money that lies there; otherwise on account.
    """

    id: str
    supplier: str
    protocol: str
    base_url: str
    credentials: Mapping[str, str]
    currency: str
    settings: Mapping[str, str] = {}
    is_test: bool = False
    is_prepaid: bool = True
    deadline_ms: int = 20_000
    sync_every_s: int = 300
    low_balance_e4: int = 0


def add_supplier(supplier: str, name: str, at_s: int, who: str) -> None:
    """Add a supplier; the same again is harmless.

    Raises:
        RequestInvalid: its id or name cannot be used.
    """
    _check_id(supplier)
    if not 1 <= len(name.strip()) <= 80:
        raise RequestInvalid(N_("A supplier has a name of 1 to 80 characters."))
    money_transaction(
        lambda: change(
            "INSERT INTO supplier (id, name, state, made_by, made_at_s)"
            " VALUES (?, ?, 'active', ?, ?) ON CONFLICT (id) DO NOTHING",
            (supplier, name.strip(), who, at_s),
        )
    )


def add_account(new: NewAccount, seal: Seal, at_s: int, who: str) -> None:
    """Add an account.

    Raises:
        RequestInvalid: its id, address or a figure cannot be used.
        Conflict: there is one of this id, or no such supplier.
    """
    _check_id(new.id)
    try:
        base_url = check_address(new.base_url, is_test=new.is_test)
    except ValueError as exc:
        raise RequestInvalid(f"{new.base_url}: {exc}.") from exc
    sealed = seal.close(dict(new.credentials), f"account:{new.id}")

    def write() -> None:
        change(
            "INSERT INTO supplier_account (id, supplier, protocol, base_url, is_test, settings,"
            " credentials, currency, is_prepaid, state, deadline_ms, sync_every_s, low_balance_e4,"
            " made_by, made_at_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'active', ?, ?, ?, ?, ?)",
            (new.id, new.supplier, new.protocol, base_url, new.is_test,
             json.dumps(dict(new.settings)), sealed, new.currency, new.is_prepaid,
             new.deadline_ms, new.sync_every_s, new.low_balance_e4, who, at_s),
        )  # fmt: skip

    try:
        money_transaction(write)
    except peewee.IntegrityError as exc:
        raise Conflict(
            f"There is an account {new.id} already, no supplier {new.supplier}, or a figure is"
            " out of range."
        ) from exc


def account(account_id: str) -> Account:
    """Return an account.

    Raises:
        NotFound: there is none of this id.
    """
    found = _accounts("WHERE id = ?", (account_id,))
    if not found:
        raise NotFound(Saying("no-supplier-account", account=account_id))
    return found[0]


def accounts() -> list[Account]:
    """Return all accounts."""
    return _accounts("ORDER BY supplier, id", ())


def names() -> dict[str, str]:
    """Return the names of the suppliers by their ids."""
    return dict(rows("SELECT id, name FROM supplier ORDER BY id"))


def set_rhythm(account_id: str, every_s: int) -> None:
    """Say how often all that an account sells is looked at.

    Raises:
        NotFound: there is none of this id.
        RequestInvalid: it is too often, or too rarely.
    """
    least, most = SYNC_EVERY_S
    if not least <= every_s <= most:
        raise RequestInvalid(Saying("sync-every", least=least, most=most))
    hit = money_transaction(
        lambda: rows(
            "UPDATE supplier_account SET sync_every_s = ? WHERE id = ? RETURNING id",
            (every_s, account_id),
        )
    )
    if not hit:
        raise NotFound(Saying("no-supplier-account", account=account_id))


def set_state(account_id: str, state: str) -> None:
    """Suspend an account, or let it go on.

    Raises:
        NotFound: there is none of this id.
        RequestInvalid: there is no such state.
    """
    if state not in {"active", "suspended"}:
        raise RequestInvalid(N_("An account is active or suspended."))
    hit = money_transaction(
        lambda: rows(
            "UPDATE supplier_account SET state = ? WHERE id = ? RETURNING id", (state, account_id)
        )
    )
    if not hit:
        raise NotFound(Saying("no-supplier-account", account=account_id))


# --- within a transaction ------------------------------------------------------------------------


def set_balance(account_: Account, balance_e4: int, at_s: int) -> None:
    """Write down what an account holds, and raise or clear the alert."""
    change(
        "UPDATE supplier_account SET balance_e4 = ?, balance_at_s = ? WHERE id = ?",
        (balance_e4, at_s, account_.id),
    )
    if balance_e4 < account_.low_balance_e4:
        alert("low-balance", account_.id, e4_text(balance_e4), at_s)
    else:
        clear("low-balance", account_.id, at_s, "worker")


def take_from_balance(account_id: str, charged_e4: int) -> None:
    """Take a purchase off what is known of a balance, until it is asked for again."""
    change(
        "UPDATE supplier_account SET balance_e4 = CASE WHEN balance_e4 > ? THEN balance_e4 - ?"
        " ELSE 0 END WHERE id = ? AND balance_e4 IS NOT NULL",
        (charged_e4, charged_e4, account_id),
    )


def health(account_id: str) -> Health:
    """Return how an account does."""
    found = rows(
        "SELECT opened_at_s, pause_s, probe_until_s, calls FROM supplier_health WHERE account = ?",
        (account_id,),
    )
    if not found:
        return Health(pause_s=PAUSE_S)
    opened_at_s, pause_s, probe_until_s, calls = found[0]
    return Health(opened_at_s, pause_s, probe_until_s, tuple(
        Call(at_s, bool(ok), ms) for at_s, ok, ms in json.loads(calls)))  # fmt: skip


def set_health(account_id: str, wanted: Health) -> None:
    """Write down how an account does."""
    calls = json.dumps([[c.at_s, int(c.ok), c.ms] for c in wanted.calls])
    change(
        "INSERT INTO supplier_health (account, opened_at_s, pause_s, probe_until_s, calls)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (account) DO UPDATE SET opened_at_s ="
        " excluded.opened_at_s, pause_s = excluded.pause_s, probe_until_s ="
        " excluded.probe_until_s, calls = excluded.calls",
        (account_id, wanted.opened_at_s, wanted.pause_s, wanted.probe_until_s, calls),
    )


BY_THEMSELVES = frozenset({"held", "low-balance", "breaker-open"})
"""Alerts that end when what they are about ends, and not because somebody has seen them."""


class Alert(NamedTuple):
    """Something that a person has to hear of."""

    id: int
    kind: str
    object: str
    detail: str
    opened_at_s: int

    @property
    def is_ended_by_hand(self) -> bool:
        """Whether it stays until somebody says that it has been dealt with."""
        return self.kind not in BY_THEMSELVES


def alert(kind: str, object_: str, detail: str, at_s: int) -> None:
    """Raise an alert; while it is open the same one is not raised again."""
    change(
        "INSERT INTO supplier_alert (kind, object, detail, opened_at_s) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (kind, object) WHERE cleared_at_s IS NULL DO NOTHING",
        (kind, object_, detail[:200], at_s),
    )


def clear(kind: str, object_: str, at_s: int, who: str) -> None:
    """Clear an alert; harmless if there is none."""
    change(
        "UPDATE supplier_alert SET cleared_at_s = ?, cleared_by = ?"
        " WHERE kind = ? AND object = ? AND cleared_at_s IS NULL",
        (at_s, who, kind, object_),
    )


def dealt_with(alert_id: int, at_s: int, who: str) -> None:
    """End an alert because somebody has dealt with what it is about.

    Raises:
        NotFound: it is not open.
        Conflict: it ends by itself, when what it is about ends.
    """

    def write() -> None:
        found = [a for a in alerts() if a.id == alert_id]
        if not found:
            raise NotFound(Saying("no-supplier-alert", alert=alert_id))
        if not found[0].is_ended_by_hand:
            raise Conflict(N_("This alert ends when what it is about ends."))
        clear(found[0].kind, found[0].object, at_s, who)

    money_transaction(write)


def alerts() -> list[Alert]:
    """Return the alerts that are open, newest first."""
    found = rows(
        "SELECT id, kind, object, detail, opened_at_s FROM supplier_alert"
        " WHERE cleared_at_s IS NULL ORDER BY id DESC"
    )
    return [Alert(*row) for row in found]


def _check_id(text: str) -> None:
    if not _ID.fullmatch(text):
        raise RequestInvalid(
            f"{text!r}: an id is 2 to 30 small letters, digits and hyphens, a letter first."
        )


def _accounts(where: str, values: tuple[Any, ...]) -> list[Account]:
    found = rows(f"SELECT {_COLUMNS} FROM supplier_account {where}", values)
    return [
        Account._make(
            [*row[:4], bool(row[4]), json.loads(row[5]), bytes(row[6]), row[7], bool(row[8]),
             *row[9:]]
        )
        for row in found
    ]  # fmt: skip
