"""Which unit is asking: its HTTP Message Signature (RFC 9421), checked by a library of its own."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from flask import Request
from http_message_signatures import HTTPMessageVerifier, HTTPSignatureKeyResolver, algorithms
from http_message_signatures.exceptions import HTTPMessageSignaturesException

from central.errors import NotIdentified
from central.foundation.language.words import N_
from edge.contract.http_signature import COVERED

CLOCK_SKEW_S = 600
"""How far a unit's clock may be off in what it asks, where that matters at all."""


class _Verifier(HTTPMessageVerifier):
    """Leaves the age of a request to us: a unit whose clock is wrong must be able to pull."""

    max_clock_skew = dt.timedelta(days=36500)


class _Message(NamedTuple):
    method: str
    url: str
    headers: dict[str, str]


class _OneKey(HTTPSignatureKeyResolver):
    def __init__(self, key_id: str, public_key: bytes) -> None:
        self._key_id = key_id
        self._public_key = public_key

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey:
        if key_id != self._key_id:
            raise HTTPMessageSignaturesException("signed with another key")
        return Ed25519PublicKey.from_public_bytes(self._public_key)


def check_signature(
    request: Request, body: bytes, key_id: str, public_key: bytes, *, now_s: int | None
) -> int:
    """Return when the request was signed with this key, every covered part of it.

    Args:
        key_id: What the signature must name its key.
        now_s: The hub's time if the signature must be recent; None where a repetition does no
            harm, so that a unit whose clock is wrong can still learn the time.

    Raises:
        NotIdentified: it was not.
    """
    message = _Message(request.method, request.url, dict(request.headers))
    verifier = _Verifier(
        signature_algorithm=algorithms.ED25519, key_resolver=_OneKey(key_id, public_key)
    )
    try:
        [result] = verifier.verify(message, body=body, max_age=None, require_components=COVERED)
    except (HTTPMessageSignaturesException, ValueError, KeyError) as exc:
        raise NotIdentified(N_("The request is not signed by this unit.")) from exc
    created = result.parameters.get("created")
    if type(created) is not int:
        raise NotIdentified(N_("The signature does not say when it was made."))
    if now_s is not None and abs(now_s - created) > CLOCK_SKEW_S:
        raise NotIdentified(N_("The request is too old, or the unit's clock is wrong: pull first."))
    return created
