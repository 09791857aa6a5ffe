"""Becoming a unit where no network reaches: a request out as text, the enrolment in by file."""

from __future__ import annotations

import secrets
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge import __version__
from edge.bundles.identity import UnitKeys
from edge.bundles.store import read_enrolment
from edge.carried.faults import refused
from edge.contract import canonical, cose
from edge.contract.bundle_file import (
    BundleFile,
    FileFault,
    FileInvalid,
    key_check,
    peek_bundles,
    request_text,
)
from edge.contract.enrolment import NONCE_BYTES, Enrolment, EnrolRequest, commit
from edge.contract.signed import MessageInvalid
from edge.sync.enrol import hardware


class Asking(NamedTuple):
    """A request, and the digits that headquarters must see beside it."""

    text: str
    check: str


class First(NamedTuple):
    """A unit's first file, which nobody has compared yet.

    Args:
        check: Check digits of the key that it is signed with; headquarters shows the same.
    """

    message: bytes
    bundle_key: bytes
    enrolment: Enrolment
    check: str


def ask(keys: UnitKeys) -> Asking:
    """Return the request of this machine. It may be shown as often as somebody likes."""
    commitment = commit(secrets.token_bytes(NONCE_BYTES), keys.sign_public, keys.seal_public)
    request = EnrolRequest(
        "", keys.sign_public, keys.seal_public, commitment, hardware(), __version__
    )
    return Asking(
        request_text(request.sign(keys.sign)), key_check(keys.sign_public, keys.seal_public)
    )


def read_first(data: bytes, keys: UnitKeys) -> First:
    """Read the enrolment in a unit's first file; whether its key is the hub's, a person says.

    Raises:
        FileRefused: there is none in it, it is another machine's, or the file does not hold.
    """
    try:
        peek_bundles(data)
        message, bundle_key = _enrolment_in(data)
        BundleFile.open(data, [Ed25519PublicKey.from_public_bytes(bundle_key)])
    except FileInvalid as exc:
        raise refused(exc.fault) from exc
    try:
        enrolment = read_enrolment(message, bundle_key, keys)
    except MessageInvalid as exc:
        is_foreign = exc.slug == "foreign-message"
        raise refused(FileFault.OTHER_UNIT if is_foreign else FileFault.NOT_SIGNED) from exc
    return First(message, bundle_key, enrolment, key_check(bundle_key))


def _enrolment_in(data: bytes) -> tuple[bytes, bytes]:
    """Return the enrolment, which comes first, and the key in it; nothing is verified."""
    try:
        _, message, *_ = canonical.sequence(data)
        body = canonical.decode(cose.open_sign1(message).payload)
        return message, Enrolment.from_body(body).bundle_key
    except ValueError as exc:
        raise FileInvalid(FileFault.NOT_A_FILE) from exc
