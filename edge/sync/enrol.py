"""Becoming a unit: a one-time code, a number compared on two screens, an enrolment signed."""

from __future__ import annotations

import platform
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from edge import __version__
from edge.bundles.identity import UnitKeys
from edge.contract import canonical
from edge.contract.enrolment import (
    NONCE_BYTES,
    EnrolOffer,
    EnrolRequest,
    commit,
    comparison_number,
    normalise_code,
)
from edge.contract.read import Fields
from edge.contract.signed import MessageInvalid
from edge.errors import HubUnreachable
from edge.sync.hub_client import HubClient

PATH = "/edge/v1/enrolments"
POLL_S = 1.0


class Attempt(NamedTuple):
    """An enrolment that waits for the operator."""

    offer: EnrolOffer
    comparison_number: str


def begin(client: HubClient, keys: UnitKeys, code: str) -> Attempt:
    """Show the code to the hub; return the number that both screens now show.

    Raises:
        HubUnreachable: no answer that can be believed; HubRefused with the hub's reason, such as
            a code that is wrong, used, or too old.
    """
    nonce = secrets.token_bytes(NONCE_BYTES)
    commitment = commit(nonce, keys.sign_public, keys.seal_public)
    request = EnrolRequest(
        normalise_code(code), keys.sign_public, keys.seal_public, commitment, hardware(),
        __version__,
    )  # fmt: skip
    try:
        offer = EnrolOffer.open(client.post(PATH, request.sign(keys.sign), timeout_s=10))
    except MessageInvalid as exc:
        raise HubUnreachable(f"The hub's offer cannot be believed: {exc}") from exc
    client.post(f"{PATH}/{offer.enrolment.hex()}/reveal", canonical.encode({1: nonce}), 10)
    number = comparison_number(
        keys.sign_public, keys.seal_public, nonce, offer.bundle_key, offer.hub_nonce
    )
    return Attempt(offer, number)


def wait_for_operator(
    client: HubClient,
    attempt: Attempt,
    timeout_s: float,
    pause: Callable[[float], None] = time.sleep,
) -> bytes | None:
    """Return the signed enrolment once the operator has confirmed; None if nobody did in time.

    Raises:
        HubRefused: the operator has said that the numbers differ.
    """
    path = f"{PATH}/{attempt.offer.enrolment.hex()}/state"
    for _ in range(max(1, int(timeout_s / POLL_S))):
        answer = client.post(path, canonical.encode({}), 10)
        try:
            fields = Fields(canonical.decode(answer), "enrolment state")
            if fields.has(2):
                return fields.octets(2)
        except ValueError as exc:
            raise HubUnreachable("The hub's answer cannot be read.") from exc
        pause(POLL_S)
    return None


def hardware() -> str:
    """Return what this unit runs on, as a person would name it."""
    model = Path("/proc/device-tree/model")
    try:
        return model.read_text("utf-8").strip("\0 \n")[:128]
    except OSError:
        return f"{platform.machine()} {platform.system()}"
