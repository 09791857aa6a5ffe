"""Where files are handed in and out, on a unit that is put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from edge.bundles.identity import UnitKeys
from edge.bundles.store import BundleStore
from edge.carried.give_journal import Given, give_journal
from edge.carried.take_bundles import take_bundles
from edge.contract.sync_message import Ack
from edge.journal.store import Journal
from edge.receipt.carried_note import Carried, slip
from edge.receipt.document import Document, Shop
from edge.web.words import translate


class Desk:
    """Takes bundle files and gives journal files, and owes a slip for each.

    Args:
        health: Returns the figures that go with a pull.
        owe: Takes a paper that is to be printed; losing one loses no money.
    """

    def __init__(
        self, journal: Journal, bundles: BundleStore, keys: UnitKeys,
        health: Callable[[], Mapping[str, str | int]], owe: Callable[[Document], None],
    ) -> None:  # fmt: skip
        self._journal = journal
        self._bundles = bundles
        self._keys = keys
        self._health = health
        self._owe = owe

    def take(self, data: bytes) -> dict[str, Any]:
        """Take a bundle file; return what ``POST /v1/bundle-files`` answers.

        Raises:
            FileRefused, StoreUnavailable: nothing was taken.
        """
        taken = take_bundles(data, self._bundles, self._journal)
        self._print(taken.made_at_s, None)
        return {
            "made_at_s": taken.made_at_s,
            "new": list(taken.kinds),
            "acked": _ack_json(self._journal.acked),
        }

    def give(self) -> Given:
        """Return the journal as a file.

        Raises:
            FileRefused: nobody could open it.
        """
        given = give_journal(self._journal, self._bundles, self._keys, self._health())
        self._print(given.made_at_s, given.entries)
        return given

    def facts(self) -> dict[str, Any]:
        """Return what the page says before anything is done."""
        word = self._bundles.word
        return {
            "pulled_at_s": word.pulled_at_s if word else None,
            "timezone": word.enrolment.timezone if word else "UTC",
            "unsent": self._journal.unpushed(),
            "acked": self._journal.acked,
        }

    def _print(self, made_at_s: int, entries: int | None) -> None:
        word = self._bundles.word
        assert word is not None, "an enrolled unit"
        who = word.enrolment
        carried = Carried(
            is_in=entries is None, unit=who.unit, made_at_s=made_at_s,
            at_s=self._journal.clock.now().at_s, entries=entries, ack=self._journal.acked,
        )  # fmt: skip
        shop = Shop(who.store_name, who.currency, who.timezone)
        self._owe(slip(carried, shop, word.template.locales, translate))


def _ack_json(ack: Ack) -> dict[str, Any]:
    return {"epoch": ack.epoch, "seq": ack.seq, "hash": ack.hash.hex()}
