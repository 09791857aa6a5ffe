"""The rows of payouts: every change is conditional, hits one row and leaves an event behind."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any, NamedTuple

from central.errors import Conflict, NotFound
from central.foundation.db.engine import change, rows
from central.foundation.language.said import Saying
from central.money.channels.model import Payee, PayoutOrder
from central.money.payouts.model import TRANSITIONS, Event, Limits, State
from central.money.payouts.payees import BARRED
from edge.contract.money import Money

HOUR_S = 3600
_IN_A_FILE = "EXISTS (SELECT 1 FROM bank_file_line l WHERE l.payout_no = payout.no)"
"""No channel can be asked of it: the bank answers by a file."""
_COLUMNS = (
    "no, account, channel, address, name, kind, bank, authorization_id, amount, tax, currency,"
    " remark, day, hold_id, state, requested_at_s, requested_by, released_by, attempts,"
    " first_sent_at_s, next_at_s, lease_until_s, last_code, channel_number, package_info,"
    " confirm_until_s, done_at_s, journal_id"
)


class Payout(NamedTuple):
    """One payout, as its row stands. Who is paid is in ``order``, and not in ``repr``."""

    no: str
    account: str
    channel: str
    order: PayoutOrder
    tax: int
    day: int
    hold_id: int
    state: State
    requested_at_s: int
    requested_by: str
    released_by: str | None
    attempts: int
    first_sent_at_s: int | None
    next_at_s: int
    lease_until_s: int
    last_code: str
    channel_number: str
    package_info: str
    confirm_until_s: int | None
    done_at_s: int | None
    journal_id: int | None

    @property
    def amount(self) -> Money:
        """What the party's balance falls by."""
        return Money(self.order.amount.minor + self.tax, self.order.amount.currency)


class Happening(NamedTuple):
    """One line of a payout's story."""

    at_s: int
    event: str
    state: str
    who: str
    detail: str


# --- reading -------------------------------------------------------------------------------------


def get(no: str) -> Payout:
    """Return a payout.

    Raises:
        NotFound: there is none of this number.
    """
    found = _select("WHERE no = ?", (no,))
    if not found:
        raise NotFound(Saying("no-payout", payout=no))
    return found[0]


def find(no: str) -> Payout | None:
    """Return a payout, None if there is none of this number."""
    found = _select("WHERE no = ?", (no,))
    return found[0] if found else None


def newest(count: int, states: frozenset[State] = frozenset()) -> list[Payout]:
    """Return the newest payouts, all or those in some states, newest first."""
    marks = ", ".join("?" for _ in states)
    where = f"WHERE state IN ({marks}) " if states else ""
    values = tuple(str(state) for state in sorted(states))
    return _select(f"{where}ORDER BY requested_at_s DESC, no LIMIT ?", (*values, count))


def counts() -> dict[State, tuple[int, int]]:
    """Return how many payouts are in each state, and their amounts together."""
    found = rows("SELECT state, count(*), sum(amount) FROM payout GROUP BY state")
    return {State(state): (int(number), int(total)) for state, number, total in found}


def story(no: str) -> list[Happening]:
    """Return what happened to a payout, first things first."""
    found = rows(
        "SELECT at_s, event, state, who, detail FROM payout_event WHERE no = ? ORDER BY id", (no,)
    )
    return [Happening(*row) for row in found]


def ready_for(channel: str, most: int) -> list[Payout]:
    """Return the payouts through a channel that may be sent now, the oldest first; none of an
    agent who does not work now."""
    return _select(
        f"WHERE state = 'ready' AND channel = ? AND NOT {BARRED.replace('?', 'payout.account')}"
        " ORDER BY requested_at_s, no LIMIT ?",
        (channel, most),
    )


def in_bank_file(no: str) -> list[Payout]:
    """Return the payouts that stand in a file for the bank."""
    return _select("WHERE no IN (SELECT payout_no FROM bank_file_line WHERE file_no = ?)", (no,))


def bank_file_of(no: str) -> str:
    """Return the file for the bank in which a payout stands; empty if it stands in none."""
    found = rows("SELECT file_no FROM bank_file_line WHERE payout_no = ?", (no,))
    return str(found[0][0]) if found else ""


def unsent(account: str) -> list[Payout]:
    """Return the payouts of a party of which no channel has heard."""
    return _select("WHERE account = ? AND state IN ('waiting', 'ready') ORDER BY no", (account,))


def asked_for(account: str, day: int) -> int:
    """Return what one party was asked for on a day, without what failed."""
    [(total,)] = rows(
        "SELECT coalesce(sum(amount), 0) FROM payout WHERE account = ? AND day = ?"
        " AND state NOT IN ('failed', 'cancelled')",
        (account, day),
    )
    return int(total)


def sent_since(at_s: int) -> int:
    """Return what was sent for the first time since a moment."""
    [(total,)] = rows(
        "SELECT coalesce(sum(amount), 0) FROM payout WHERE first_sent_at_s > ?", (at_s,)
    )
    return int(total)


def limits() -> Limits:
    """Return the limits in force."""
    found = rows("SELECT body FROM payout_limits WHERE in_force ORDER BY id DESC LIMIT 1")
    return Limits(**json.loads(found[0][0])) if found else Limits()


class Proposal(NamedTuple):
    """Limits that let more out than those in force, and who wants them."""

    limits: Limits
    who: str


def proposed() -> Proposal | None:
    """Return what waits for a second person; None if nothing does."""
    found = rows("SELECT body, who, in_force FROM payout_limits ORDER BY id DESC LIMIT 1")
    if not found or found[0][2]:
        return None
    return Proposal(Limits(**json.loads(found[0][0])), str(found[0][1]))


class Stopped(NamedTuple):
    """Who has stopped all payouts, when and why."""

    at_s: int
    who: str
    why: str


def stopped() -> Stopped | None:
    """Return who has stopped all payouts; None while they go out."""
    if not limits().is_stopped:
        return None
    found = rows("SELECT at_s, who, why, body FROM payout_limits WHERE in_force ORDER BY id DESC")
    began = Stopped(0, "", "")
    for at_s, who, why, body in found:
        if not json.loads(body)["is_stopped"]:
            break
        began = Stopped(int(at_s), str(who), str(why))
    return began


# --- writing: call each in a transaction ---------------------------------------------------------


def insert(payout: Payout, detail: str) -> None:
    """Write a payout that was just held."""
    order, payee = payout.order, payout.order.payee
    values = (
        payout.no, payout.account, payout.channel, payee.account, payee.name, payee.kind,
        payee.bank, order.authorization_id, payout.amount.minor, payout.tax,
        payout.amount.currency, order.remark, payout.day, payout.hold_id, str(payout.state),
        *payout[8:],
    )  # fmt: skip
    marks = ", ".join("?" for _ in values)
    change(f"INSERT INTO payout ({_COLUMNS}) VALUES ({marks})", values)  # noqa: S608
    _tell(payout.no, payout.requested_at_s, "requested", payout.state, payout.requested_by, detail)


def happen(
    payout: Payout, event: Event, at_s: int, who: str, detail: str = "", *, lease: str = "",
    **fields: Any,
) -> Payout:  # fmt: skip
    """Let something happen to a payout, if it is still where it was; return it as it is then.

    Args:
        lease: The worker's own; without it nobody may be at work on the payout.
        fields: Further columns to set.

    Raises:
        Conflict: this cannot happen to it in this state, it has moved on, or a worker is at it.
    """
    after = TRANSITIONS.get((payout.state, event))
    if after is None:
        raise Conflict(
            Saying("payout-cannot", payout=payout.no, state=str(payout.state), event=str(event))
        )
    fields = {"state": str(after), **fields}
    sets = ", ".join(f"{name} = ?" for name in fields)
    mine, holder = ("lease = ?", lease) if lease else ("lease_until_s <= ?", at_s)
    moved = rows(
        f"UPDATE payout SET {sets} WHERE no = ? AND state = ? AND {mine} RETURNING no",  # noqa: S608
        (*fields.values(), payout.no, str(payout.state), holder),
    )
    if len(moved) != 1:
        raise Conflict(Saying("payout-moved", payout=payout.no))
    _tell(payout.no, at_s, str(event), after, who, detail)
    return get(payout.no)


def take(payout: Payout, lease: str, at_s: int, until_s: int) -> Payout:
    """Lease a payout to a worker; it counts as sent from now on, whatever becomes of the worker.

    Raises:
        Conflict: another worker was quicker.
    """
    after = TRANSITIONS[payout.state, Event.TAKEN]
    taken = rows(
        "UPDATE payout SET state = ?, lease = ?, lease_until_s = ?, attempts = attempts + 1,"
        " first_sent_at_s = coalesce(first_sent_at_s, ?)"
        " WHERE no = ? AND state = ? AND lease_until_s <= ? RETURNING no",
        (str(after), lease, until_s, at_s, payout.no, str(payout.state), at_s),
    )
    if len(taken) != 1:
        raise Conflict(Saying("payout-worked-on", payout=payout.no))
    if payout.state is State.READY:
        _tell(payout.no, at_s, "sending", after, "worker", "")
    return get(payout.no)


def put_back(payout: Payout, lease: str, next_at_s: int, code: str) -> None:
    """Give a lease back; the channel is asked again later.

    Raises:
        Conflict: the lease is not ours any more.
    """
    freed = rows(
        "UPDATE payout SET lease_until_s = 0, next_at_s = ?, last_code = ?"
        " WHERE no = ? AND lease = ? AND state = ? RETURNING no",
        (next_at_s, code, payout.no, lease, str(payout.state)),
    )
    if len(freed) != 1:
        raise Conflict(Saying("payout-worked-on", payout=payout.no))


def note(payout: Payout, at_s: int, who: str, event: str, detail: str) -> None:
    """Add a line to a payout's story; its state stays."""
    _tell(payout.no, at_s, event, payout.state, who, detail)


def due(at_s: int, room: int, channels: Collection[str]) -> Payout | None:
    """Return the payout to be worked on next: what was sent before what is still to be sent.

    Args:
        room: What may still be sent within this hour, minor units.
        channels: Which channels are connected; what is to go through another one waits,
            and so does what is for an agent who does not work now.
    """
    following = _select(
        "WHERE state IN ('sent', 'confirming', 'cancelling') AND next_at_s <= ?"
        f" AND lease_until_s <= ? AND NOT {_IN_A_FILE} ORDER BY next_at_s, no LIMIT 1",
        (at_s, at_s),
    )
    if following:
        return following[0]
    if not channels:
        return None
    marks = ", ".join("?" for _ in channels)
    sending = _select(
        "WHERE state = 'ready' AND next_at_s <= ? AND lease_until_s <= ? AND amount <= ?"
        f" AND channel IN ({marks}) AND NOT {BARRED.replace('?', 'payout.account')}"
        " ORDER BY requested_at_s, no LIMIT 1",
        (at_s, at_s, room, *sorted(channels)),
    )
    return sending[0] if sending else None


def wake(no: str, at_s: int) -> bool:
    """Let a payout be asked for now; a callback does that. False if there is none in flight."""
    woken = rows(
        "UPDATE payout SET next_at_s = ? WHERE no = ? AND next_at_s > ?"
        " AND state IN ('sent', 'confirming', 'cancelling') RETURNING no",
        (at_s, no, at_s),
    )
    return bool(woken)


def set_limits(
    wanted: Limits, at_s: int, who: str, *, in_force: bool = True, why: str = ""
) -> None:
    """Put other limits in force, or note that somebody wants them."""
    change(
        "INSERT INTO payout_limits (at_s, who, body, in_force, why) VALUES (?, ?, ?, ?, ?)",
        (at_s, who, json.dumps(wanted._asdict()), in_force, why),
    )


def _tell(no: str, at_s: int, event: str, state: State, who: str, detail: str) -> None:
    change(
        "INSERT INTO payout_event (no, at_s, event, state, who, detail) VALUES (?, ?, ?, ?, ?, ?)",
        (no, at_s, event, str(state), who, detail),
    )


def _select(rest: str, values: tuple[object, ...]) -> list[Payout]:
    found = rows(f"SELECT {_COLUMNS} FROM payout {rest}", values)  # noqa: S608 - our own words
    return [_payout(row) for row in found]


def _payout(row: tuple[Any, ...]) -> Payout:
    no, account, channel, address, name, kind, bank, consent, amount, tax, currency = row[:11]
    remark, day, hold_id, state = row[11:15]
    order = PayoutOrder(
        no, Payee(address, name, kind, bank), Money(amount - tax, currency), remark, consent
    )
    return Payout(no, account, channel, order, tax, day, hold_id, State(state), *row[15:])
