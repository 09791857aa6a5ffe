"""A machine that no network reaches asks to become a unit: its request came as text."""

from __future__ import annotations

import hashlib
import secrets

from central.errors import NotFound, RequestInvalid
from central.foundation.db.engine import money_transaction
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.stores.units.tables import Enrolment, Store
from edge.contract import enrolment as wire
from edge.contract.bundle_file import FileInvalid, key_check, read_request_text
from edge.contract.ids import StoreId
from edge.contract.signed import MessageInvalid

WAITS_S = 30 * 86400
"""Whoever carries it may be on the road for a while."""


def take_request(text: str, store: StoreId, at_s: int) -> Enrolment:
    """Let a request wait for an operator to compare its check digits; return it.

    From here on it is confirmed or refused like one that came over the network. The same request
    twice is one.

    Raises:
        NotFound: there is no such store. RequestInvalid: the text is no request of a unit.
    """
    try:
        request = wire.EnrolRequest.open(read_request_text(text))
    except (FileInvalid, MessageInvalid) as exc:
        raise RequestInvalid(N_("This text is not the request of a unit; copy all of it.")) from exc

    def write() -> Enrolment:
        if Store.get_or_none(Store.id == store) is None:
            raise NotFound(Saying("no-store", store=store))
        known: Enrolment | None = Enrolment.get_or_none(
            Enrolment.sign_key == request.sign_key,
            Enrolment.seal_key == request.seal_key,
            Enrolment.store_id == store,
            Enrolment.state == "revealed",
        )
        if known is not None:
            return known
        hardware = f"{request.hardware} · tearoff {request.software}"
        row: Enrolment = Enrolment.create(
            id=secrets.token_hex(16),
            # No code was given out, so nobody can come with one.
            code_hash=hashlib.sha256(secrets.token_bytes(32)).digest(),
            store_id=store, state="revealed", invited_at_s=at_s, expires_at_s=at_s + WAITS_S,
            sign_key=request.sign_key, seal_key=request.seal_key, commitment=request.commitment,
            hub_nonce=secrets.token_bytes(wire.NONCE_BYTES),
            comparison_number=key_check(request.sign_key, request.seal_key),
            hardware="".join(character for character in hardware if character.isprintable()),
        )  # fmt: skip
        return row

    return money_transaction(write)
