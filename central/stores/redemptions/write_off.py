"""A grant is written off: its till will never tell whether it was used; its value is free again.

Only once nothing that still counts can be on its way: the grant is over for a time that the
settings say, and its till was revoked, which is how one that is lost or wiped is declared so. If
its entry turns up all the same, it is kept as every fact is; whoever was given the value since
comes before it, and what lies beyond the voucher's value is a case.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.language.words import N_
from edge.contract.ids import UnitId, VoucherId
from edge.contract.sync_message import UnitState

REASON_CHARS = 500
REQUEST_BYTES = 16


class GrantState(StrEnum):
    """What became of the value that a grant holds."""

    HELD = "held"
    """Nobody knows yet whether it was used."""
    USED = "used"
    """Its entry is here."""
    WRITTEN_OFF = "written-off"
    FREE = "free"
    """Its till has told that it was not used."""


class GrantView(NamedTuple):
    """A grant of a voucher.

    Args:
        amount: In the voucher's own measure.
        free_from_s: From when it may be written off, as far as time goes.
        unit_is_gone: Its till was revoked.
        said: Who has written it off, and why; empty if nobody has.
    """

    unit: UnitId
    request: bytes
    amount: int
    given_at_s: int
    free_from_s: int
    unit_is_gone: bool
    state: GrantState
    said: str = ""

    def may_be_written_off(self, at_s: int) -> bool:
        """Say whether ``write_off`` would do it now."""
        return self.state is GrantState.HELD and self.unit_is_gone and at_s >= self.free_from_s


def grants_of(voucher_id: VoucherId, after_s: int) -> list[GrantView]:
    """Return the grants of a voucher, the newest first.

    Args:
        after_s: How long after its end a grant is held at least.
    """
    found = rows(
        "SELECT g.unit_id, g.request, g.amount, g.given_at_s, g.expires_at_s, unit.state,"
        " r.amount, w.written_off_by, w.reason, e.seq"
        " FROM grant_given g JOIN unit ON unit.id = g.unit_id"
        " LEFT JOIN reservation r ON r.unit_id = g.unit_id AND r.request = g.request"
        " LEFT JOIN grant_write_off w ON w.unit_id = g.unit_id AND w.request = g.request"
        " LEFT JOIN redemption_entry e ON e.unit_id = g.unit_id AND e.request = g.request"
        " AND e.kind = 1 WHERE g.voucher_id = ? ORDER BY g.given_at_s DESC, g.unit_id LIMIT 100",
        (voucher_id,),
    )
    return [
        GrantView(
            UnitId(unit), bytes(request), int(amount), int(given), int(ends) + after_s,
            state == UnitState.REVOKED, _state(held, by, seq), f"{by}: {why}" if by else "",
        )
        for unit, request, amount, given, ends, state, held, by, why, seq in found
    ]  # fmt: skip


def write_off(  # noqa: PLR0913 - which grant, and who has decided what
    unit_id: UnitId, request: bytes, *, by: str, reason: str, at_s: int, after_s: int,
    of: VoucherId | None = None,
) -> None:  # fmt: skip
    """Free what is held for a grant whose till will never tell.

    Args:
        of: The voucher that it has to be of, if anybody has said so.

    Raises:
        NotFound: there is no such grant. RequestInvalid: there is no reason.
        Conflict: nothing is held for it any more, it is too early, or its till may still tell.
    """
    told = reason.strip()
    if not 1 <= len(told) <= REASON_CHARS:
        raise RequestInvalid(N_("Say why, in at most 500 characters."))

    def work() -> None:
        found = rows(
            "SELECT g.voucher_id, g.amount, g.expires_at_s, unit.state FROM grant_given g"
            " JOIN unit ON unit.id = g.unit_id WHERE g.unit_id = ? AND g.request = ?",
            (unit_id, request),
        )
        if not found or of not in {None, found[0][0]}:
            raise NotFound(N_("There is no such grant."))
        [(voucher_id, amount, expires_at_s, state)] = found
        if at_s < int(expires_at_s) + after_s:
            raise Conflict(N_("It is too early: the till may still tell what became of it."))
        if state != UnitState.REVOKED:
            raise Conflict(N_("The till may still tell. Revoke it first, if it is lost."))
        freed = rows(
            "DELETE FROM reservation WHERE unit_id = ? AND request = ? RETURNING 1",
            (unit_id, request),
        )
        if len(freed) != 1:
            raise Conflict(N_("Nothing is held for this grant any more."))
        change(
            "INSERT INTO grant_write_off (unit_id, request, voucher_id, amount, reason,"
            " written_off_by, written_off_at_s) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (unit_id, request, voucher_id, amount, told, by, at_s),
        )

    money_transaction(work)


def request_in(text: str) -> bytes:
    """Read the 32 hex digits of a grant's request; NotFound if it has others."""
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != REQUEST_BYTES:
        raise NotFound(N_("There is no such grant."))
    return found


def written_off(voucher_id: VoucherId) -> frozenset[tuple[str, bytes]]:
    """Return unit and request of each grant of a voucher that was written off."""
    found = rows("SELECT unit_id, request FROM grant_write_off WHERE voucher_id = ?", (voucher_id,))
    return frozenset((str(unit), bytes(request)) for unit, request in found)


def _state(held: int | None, written_off_by: str | None, seq: int | None) -> GrantState:
    if written_off_by is not None:
        return GrantState.WRITTEN_OFF
    if seq is not None:
        return GrantState.USED
    return GrantState.FREE if held is None else GrantState.HELD
