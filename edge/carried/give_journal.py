"""Writes what the hub has not acknowledged into a file that the hub alone can open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from edge.bundles.identity import UnitKeys
from edge.bundles.store import BundleStore
from edge.contract.bundle_file import JOURNAL_SUFFIX, PUSHES_MAX, JournalFile
from edge.contract.ids import Seq
from edge.contract.journal_entry import Head, entry_hash
from edge.contract.sync_message import Push
from edge.errors import N_, FileRefused, NotEnrolled
from edge.journal.store import Journal


class Given(NamedTuple):
    """A journal as a file.

    Args:
        name: How the file is called: unit, and the newest entry in it.
        entries: How many there are in it.
    """

    name: str
    data: bytes
    entries: int
    made_at_s: int


def give_journal(
    journal: Journal, bundles: BundleStore, keys: UnitKeys, health: Mapping[str, str | int]
) -> Given:
    """Return the file. Nothing counts as sent until a bundle file acknowledges it.

    Raises:
        FileRefused: the hub has not told this unit yet which key to seal it to.
    """
    word = bundles.word
    if word is None:
        raise NotEnrolled(N_("Enrol it with the code that headquarters gives you."))
    if word.trust is None or not word.trust.hub_seal_key:
        raise FileRefused(
            N_("This unit does not know headquarters' key for journals; take a bundle file first."),
            fault="no-key",
        )
    unit, issuer = word.enrolment.unit, word.enrolment.issuer
    now_s = journal.clock.now().at_s
    pushes: list[bytes] = []
    entries, after = 0, (journal.acked.epoch, journal.acked.seq)
    while len(pushes) < PUSHES_MAX and (following := journal.next_to_push(after)):
        epoch, first, raws = following
        last = Seq(first + len(raws) - 1)
        head = Head(unit, epoch, last, entry_hash(raws[-1]), now_s).sign(issuer, keys.sign)
        pushes.append(Push(unit, epoch, first, tuple(raws), head).encode())
        entries, after = entries + len(raws), (epoch, last)
    file = JournalFile(issuer, unit, now_s, health, tuple(pushes))
    hub_key = X25519PublicKey.from_public_bytes(word.trust.hub_seal_key)
    name = f"{unit}-{after[0]}-{after[1]}{JOURNAL_SUFFIX}"
    return Given(name, file.seal(keys.sign, hub_key), entries, now_s)
