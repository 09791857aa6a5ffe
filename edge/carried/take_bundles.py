"""Takes a bundle file: all of it or nothing, the same as a pull would have brought."""

from __future__ import annotations

from typing import NamedTuple

from edge.bundles.store import BundleStore
from edge.carried.faults import refused
from edge.contract.bundle_file import BundleFile, FileFault, FileInvalid, peek_bundles
from edge.contract.ids import Epoch, Seq
from edge.contract.journal_entry import GENESIS
from edge.contract.signed import MessageInvalid
from edge.contract.sync_message import NONCE_BYTES, Ack, PullAnswer
from edge.errors import N_, NotEnrolled
from edge.journal.store import Journal
from edge.sync.pull import compare_ack


class Taken(NamedTuple):
    """What a file has brought.

    Args:
        made_at_s: When, by the hub's clock.
        kinds: What was new; empty if this unit knew it all.
        ack: How far the hub has the journal.
    """

    made_at_s: int
    kinds: tuple[str, ...]
    ack: Ack | None


def take_bundles(data: bytes, bundles: BundleStore, journal: Journal) -> Taken:
    """Take a file. Taking it twice changes nothing.

    Raises:
        FileRefused: it is cut off, altered, another unit's, another issuer's, or older than what
            this unit knows. Nothing was taken.
        StoreUnavailable: it cannot be stored.
    """
    word = bundles.word
    if word is None:
        raise NotEnrolled(N_("Enrol it with the code that headquarters gives you."))
    try:
        address = peek_bundles(data)
        if address.issuer != word.enrolment.issuer:
            raise refused(FileFault.OTHER_ISSUER)
        if address.unit != word.enrolment.unit:
            raise refused(FileFault.OTHER_UNIT)
        file = BundleFile.open(data, word.bundle_keys())
        if file.made_at_s < (word.pulled_at_s or 0):
            raise refused(FileFault.OLDER)
        kinds = bundles.take(_as_answer(file))
    except FileInvalid as exc:
        raise refused(exc.fault) from exc
    except MessageInvalid as exc:
        raise refused(FileFault.ALTERED) from exc
    journal.clock.raise_floor(file.made_at_s)
    _acknowledge(journal, file.ack)
    return Taken(file.made_at_s, tuple(dict.fromkeys(kinds)), file.ack)


def _as_answer(file: BundleFile) -> PullAnswer:
    return PullAnswer(
        file.unit, bytes(NONCE_BYTES), file.made_at_s, file.state, file.ack, file.bundles,
        file.cursor,
    )  # fmt: skip


def _acknowledge(journal: Journal, ack: Ack | None) -> None:
    """Note how far the hub has the journal, as a push receipt would have said it.

    A hub that has nothing of it was restored from a backup, or has got no file yet: then
    everything goes out once more.
    """
    if not journal.acknowledge(ack or Ack(Epoch(0), Seq(0), GENESIS)):
        compare_ack(journal, ack)
