"""A journal that came as a file: the same pushes as over the network, taken the same way."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from central.errors import NotFound
from central.foundation.db.engine import money_transaction
from central.foundation.language.said import Saying
from central.stores.carried.faults import refused
from central.stores.keys.keyring import Keyring
from central.stores.redemptions.acknowledge import ack_of
from central.stores.redemptions.lease import note_pull
from central.stores.redemptions.receive_push import receive_push
from central.stores.units.tables import Unit
from edge.contract.bundle_file import FileFault, FileInvalid, JournalFile, peek_journal
from edge.contract.ids import UnitId
from edge.contract.keys import hub_seal_key
from edge.contract.sync_message import Ack, Push


class Taken(NamedTuple):
    """What became of a file.

    Args:
        outcomes: How many entries were applied, recorded, overspent, quarantined.
        ack: How far the hub has the unit's newest epoch now; the next bundle file says so.
    """

    unit: UnitId
    made_at_s: int
    entries: int
    outcomes: Mapping[str, int]
    ack: Ack | None


def take_journal(data: bytes, keyring: Keyring, *, currency: str, at_s: int) -> Taken:
    """Take a unit's journal file. Taking it twice changes nothing.

    Raises:
        FileRefused: it is no such file, cut off, altered, for another hub or of no unit of ours.
        MessageRefused: a push in it does not hold together; what came before it is kept.
    """
    try:
        if peek_journal(data).issuer != keyring.issuer:
            raise refused(FileFault.OTHER_ISSUER)
        file = JournalFile.open(data, hub_seal_key(keyring.master), _sign_key_of)
    except FileInvalid as exc:
        raise refused(exc.fault) from exc
    outcomes: Counter[str] = Counter()
    for body in file.pushes:
        push = Push.decode(body)
        unit = Unit.get(Unit.id == file.unit)
        receipt = receive_push(push, unit, keyring, currency=currency, at_s=at_s)
        outcomes.update(str(result.outcome) for result in receipt.results)
    money_transaction(lambda: _note_health(file, at_s))
    return Taken(file.unit, file.made_at_s, sum(outcomes.values()), outcomes, ack_of(file.unit))


def _sign_key_of(unit_id: UnitId) -> Ed25519PublicKey:
    unit = Unit.get_or_none(Unit.id == unit_id)
    if unit is None:
        raise NotFound(Saying("no-till", unit=unit_id))
    return Ed25519PublicKey.from_public_bytes(bytes(unit.sign_key))


def _note_health(file: JournalFile, at_s: int) -> None:
    """Note what the unit says of itself, unless something newer is known already."""
    unit = Unit.get(Unit.id == file.unit)
    known: dict[str, Any] = json.loads(unit.health)
    if _how_far(file.health) < _how_far(known):
        return  # an old file, perhaps once more
    heard_at_s = max(unit.heard_at_s or 0, min(file.made_at_s, at_s))
    Unit.update(heard_at_s=heard_at_s, health=json.dumps(dict(file.health))).where(
        Unit.id == file.unit
    ).execute()
    # A file does not say what the unit has heard of, so none of it is given back before its end.
    note_pull(file.unit, 0, at_s)


def _how_far(health: Mapping[str, Any]) -> tuple[int, ...]:
    told = (health.get(f"journal_{name}") for name in ("epoch", "seq", "at_s"))
    return tuple(number if type(number) is int else 0 for number in told)
