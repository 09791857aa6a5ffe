"""Makes the link that brings a voucher to a phone, locks it to that phone, and unlocks it."""

from __future__ import annotations

import hashlib
import re
import secrets

from central.errors import Conflict, NotFound, OnAnotherPhone, RequestInvalid
from central.foundation.db.engine import money_transaction
from central.foundation.language.words import N_
from central.stores.holders.tables import HolderEvent, HolderLink
from central.stores.vouchers.tables import Voucher
from edge.contract.ids import VoucherId

TOKEN = re.compile(r"[A-Za-z0-9_-]{32}", re.ASCII)
_TOKEN_BYTES = 24
"""192 bits: nobody finds one by guessing."""
REASON_CHARS = 500
PAGE = "/h/"
"""Where the page lies; the secret stands behind the ``#``, which no browser sends to a server."""


def address_of(token: str, hub_url: str = "") -> str:
    """Return the link that a secret makes; without an address of the hub, the path alone."""
    return f"{hub_url.rstrip('/')}{PAGE}#{token}"


def make_link(voucher_id: VoucherId, by: str, at_s: int) -> str:
    """Make a link to a voucher's page; return its secret, which is kept nowhere.

    One that no phone has opened yet is replaced, for nobody knows its secret any more.

    Raises:
        NotFound: there is no such voucher. Conflict: it is on a phone; unlock it first.
    """
    token = secrets.token_urlsafe(_TOKEN_BYTES)

    def work() -> None:
        if Voucher.get_or_none(Voucher.id == voucher_id) is None:
            raise NotFound(N_("There is no such voucher."))
        before = live_link(voucher_id)
        if before is not None:
            if before.device_key is not None:
                raise Conflict(N_("This voucher is on a phone already; unlock it first."))
            _change(before, withdrawn_at_s=at_s)
            _note(voucher_id, "withdrawn", by, "", at_s)
        HolderLink.create(
            voucher_id=voucher_id, token_hash=_hash(token), made_at_s=at_s, made_by=by
        )
        _note(voucher_id, "made", by, "", at_s)

    money_transaction(work)
    return token


def open_link(token: str, device_key: bytes, at_s: int) -> VoucherId:
    """Return the voucher that a link leads to, for the phone that it belongs to.

    The first phone that opens it locks it to itself.

    Args:
        device_key: Public key of the phone, whose signature was checked.

    Raises:
        NotFound: there is no such link, or it was withdrawn.
        OnAnotherPhone: another phone has it.
    """
    digest = _hash(token)

    def work() -> tuple[int, bytes] | None:
        link = HolderLink.get_or_none(HolderLink.token_hash == digest)
        if link is None or link.withdrawn_at_s is not None:
            return None
        if link.device_key is None:
            _change(link, device_key=device_key, locked_at_s=at_s)
            _note(link.voucher_id, "locked", "phone", "", at_s)
            return link.voucher_id, device_key
        has_it = bytes(link.device_key)
        if has_it != device_key and not _was_refused_lately(link.voucher_id, at_s):
            _note(link.voucher_id, "refused", "phone", "", at_s)
        return link.voucher_id, has_it

    found = money_transaction(work)
    if found is None:
        raise NotFound(N_("This link leads nowhere: a newer one was made, or it is mistyped."))
    voucher_id, has_it = found
    if has_it != device_key:
        raise OnAnotherPhone(N_("This voucher is on another phone. Ask the shop to move it."))
    return VoucherId(voucher_id)


def unlock(voucher_id: VoucherId, by: str, reason: str, at_s: int) -> None:
    """Let another phone open a voucher's link; the next one that does has it.

    Raises:
        RequestInvalid: no reason. Conflict: it is on no phone.
    """
    told = reason.strip()
    if not 1 <= len(told) <= REASON_CHARS:
        raise RequestInvalid(N_("Say why, in at most 500 characters."))

    def work() -> None:
        link = live_link(voucher_id)
        if link is None or link.device_key is None:
            raise Conflict(N_("This voucher is on no phone."))
        _change(link, device_key=None, locked_at_s=None)
        _note(voucher_id, "unlocked", by, told, at_s)

    money_transaction(work)


def live_link(voucher_id: VoucherId) -> HolderLink | None:
    """Return the link of a voucher that was not withdrawn."""
    found: HolderLink | None = HolderLink.get_or_none(
        HolderLink.voucher_id == voucher_id, HolderLink.withdrawn_at_s.is_null()
    )
    return found


def events_of(voucher_id: VoucherId) -> list[HolderEvent]:
    """Return what happened to a voucher's links, the newest first."""
    return list(
        HolderEvent.select()
        .where(HolderEvent.voucher_id == voucher_id)
        .order_by(HolderEvent.id.desc())
        .limit(100)
    )


def _hash(token: str) -> bytes:
    return hashlib.sha256(b"VX1 holder link\x00" + token.encode()).digest()


def _change(link: HolderLink, **changes: object) -> None:
    HolderLink.update(**changes).where(HolderLink.id == link.id).execute()


def _note(voucher_id: int, event: str, who: str, said: str, at_s: int) -> None:
    HolderEvent.create(voucher_id=voucher_id, event=event, who=who, said=said, at_s=at_s)


def _was_refused_lately(voucher_id: int, at_s: int) -> bool:
    """Say whether a refusal was noted lately: a phone that tries on must not fill the log."""
    return bool(
        HolderEvent.select()
        .where(
            HolderEvent.voucher_id == voucher_id, HolderEvent.event == "refused",
            HolderEvent.at_s > at_s - 3600,
        )
        .exists()
    )  # fmt: skip
