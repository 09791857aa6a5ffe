"""How a unit is: figures for the API and the hub, lamps for the screen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from edge import __version__
from edge.bundles.store import BundleStore, HubWord
from edge.care.lamps import Lamp, Seen, lamps
from edge.contract.keys import KEY_EPOCH_S
from edge.contract.status import Staleness, staleness
from edge.devices.profiles import Profile
from edge.devices.scanners.gather import Scanners
from edge.journal.store import Journal
from edge.peers.membership import Presence
from edge.peers.node import PeerNode
from edge.receipt.spool import Spool
from edge.redemption.print_receipts import ReceiptPrinter
from edge.sync.plan import Breaker
from edge.sync.worker import SyncWorker


class Health:
    """Looks at the parts of an enrolled unit; changes nothing."""

    def __init__(
        self, journal: Journal, bundles: BundleStore, spool: Spool, receipts: ReceiptPrinter,
        breaker: Breaker, profiles: Iterable[Profile] = (),
    ) -> None:  # fmt: skip
        self.journal = journal
        self.bundles = bundles
        self.spool = spool
        self.receipts = receipts
        self.breaker = breaker
        self.profiles = {profile.kind: profile for profile in profiles}
        """Of the devices in use; the hub sees which unit drives what, and whether all alike."""
        self.scanners: Scanners | None = None
        self.sync: SyncWorker | None = None
        """None for a unit without a network."""
        self.peers: PeerNode | None = None
        """None for a unit that is told to have none."""

    def status(self) -> dict[str, Any]:
        """Return the part of ``GET /v1/status`` that only an enrolled unit has."""
        word = self.word
        journal = self.journal
        gap = journal.gap
        hub_age_s = self._hub_age_s()
        return {
            "unit": word.enrolment.unit,
            "store": word.enrolment.store,
            "state": str(word.state),
            "journal": {
                "epoch": journal.tail.epoch,
                "seq": journal.tail.seq,
                "hash": journal.tail.hash.hex(),
                "acked": {
                    "epoch": journal.acked.epoch,
                    "seq": journal.acked.seq,
                    "hash": journal.acked.hash.hex(),
                },
                "unsent": journal.unpushed(),
                "oldest_unsent_at_s": journal.oldest_unpushed_s(),
                "anchor_failed": journal.anchor_failed,
                "gap": None
                if gap is None
                else {
                    "cause": str(gap.cause),
                    "epoch": gap.epoch,
                    "have_seq": gap.have_seq,
                    "known_seq": gap.known_seq,
                },
            },
            "hub": {
                "configured": self.sync is not None,
                "online": self._is_online(),
                "last_heard_s_ago": hub_age_s,
                "error": self.sync.pulling.last_error if self.sync else "",
            },
            "bundles": {
                "trust_list": word.trust.version if word.trust else None,
                "policy": word.policy.version if word.policy else None,
                "catalogue": word.catalogue.version,
                "key_epochs": sorted(word.epoch_keys.epochs()) if word.epoch_keys else [],
                "status_staleness": str(
                    Staleness.EXPIRED if hub_age_s is None else staleness(hub_age_s)
                ),
            },
            "printer": {
                "state": str(self.receipts.state),
                "papers_owed": self.spool.owed(),
                "papers_held": len(self.spool.held()),
            },
            "scanners": self.scanners.status() if self.scanners else None,
            "peers": self.peers.status() if self.peers else None,
        }

    def figures(self) -> Mapping[str, str | int]:
        """Return the figures that go to the hub with each pull."""
        now = self.journal.clock.now()
        complete = self.journal.complete_through()
        # "At this moment this entry was the newest": a hub that has it then has everything before.
        told = {}
        if complete is not None:
            tail, at_s = complete
            told = {"journal_epoch": tail.epoch, "journal_seq": tail.seq, "journal_at_s": at_s}
        return {
            "software": __version__,
            "unsent": self.journal.unpushed(),
            "printer": str(self.receipts.state),
            "papers_owed": self.spool.owed(),
            "papers_held": len(self.spool.held()),
            "clock": str(now.source),
            "anchor": "failed" if self.journal.anchor_failed else "good",
            "policy": self.word.policy.version if self.word.policy else 0,
            **{
                f"{kind}_profile": f"{profile.id} {profile.sha256}"
                for kind, profile in self.profiles.items()
            },
            **(self.scanners.figures() if self.scanners else {}),
            **told,
            **self._peer_figures(),
        }

    def _peer_figures(self) -> Mapping[str, str | int]:
        """Return where the other units of the store find this one, and how many are there."""
        presences = self._presences()
        if self.peers is None or not presences:
            return {}
        live = sum(presence is Presence.LIVE for presence in presences)
        return {"peers": len(presences), "peers_live": live, "peers_at": self.peers.address}

    def _presences(self) -> list[Presence]:
        """Return what each other unit is that could accept a voucher."""
        known = self.peers.presences().values() if self.peers else ()
        return [presence for presence in known if presence is not Presence.REVOKED]

    def lamps(self, locale: str) -> list[Lamp]:
        """Return the status strip of the screen in a language."""
        now, journal = self.journal.clock.now(), self.journal
        oldest_s = journal.oldest_unpushed_s()
        keys = self.word.epoch_keys
        newest_epoch = max(keys.epochs(), default=None) if keys else None
        return lamps(
            Seen(
                online=self._is_online(),
                hub_age_s=self._hub_age_s(),
                unsent=journal.unpushed(),
                oldest_s=None if oldest_s is None else max(0, now.at_s - oldest_s),
                printer=self.receipts.state,
                papers_owed=self.spool.owed(),
                papers_held=len(self.spool.held()),
                time=now,
                keys_until_s=None if newest_epoch is None else (newest_epoch + 1) * KEY_EPOCH_S,
                journal_is_sound=not (journal.gap or journal.anchor_failed),
                scanners=self.scanners.seen() if self.scanners else (),
                peers=self._presences(),
            ),
            locale,
        )

    @property
    def word(self) -> HubWord:
        """The hub's word; an enrolled unit has one."""
        word = self.bundles.word
        assert word is not None, "enrolled"
        return word

    def _is_online(self) -> bool:
        return self.sync is not None and not self.breaker.is_open and not self.sync.pulling.failures

    def _hub_age_s(self) -> int | None:
        pulled_at_s = self.word.pulled_at_s
        return None if pulled_at_s is None else max(0, self.journal.clock.now().at_s - pulled_at_s)
