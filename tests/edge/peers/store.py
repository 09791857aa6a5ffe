"""A store of several tills on this machine: real databases, real sockets, no hub."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edge.app import private_directory
from edge.bundles.identity import UnitKeys
from edge.bundles.store import BundleStore
from edge.clock.trusted_time import TrustedClock
from edge.config import PeersSection
from edge.contract.bundle import Peer, PeerList
from edge.contract.ids import UnitId, VoucherId
from edge.contract.policy import Mode, Policy
from edge.contract.signed import Kind
from edge.contract.sync_message import UnitState
from edge.core import BUILT_AT_S, Core, Parts
from edge.db import Store
from edge.journal.store import Recorded
from edge.peers.membership import Presence
from edge.redemption.decide import Wish
from edge.redemption.redeem import Presented, new_key
from tests import builders as b
from tests.edge import builders as e
from tests.edge.peers.world import STORE, unit_name

GOOD_FOR_EVER: dict[str, Any] = {"not_before_day": 0, "expires_day": 0xFFFF}
FOUND_WITHIN_S = 30.0
LAN_MODES = frozenset({Mode.ONLINE, Mode.LAN, Mode.DEGRADED, Mode.SOLO})


def keys_of(number: int) -> UnitKeys:
    return UnitKeys(b.a_sign_key(f"till {number}"), b.a_seal_key(f"till {number}"))


def a_policy(**bent: Any) -> Policy:
    """With the peers allowed."""
    return b.a_policy(**{"modes": LAN_MODES, **bent})


def a_list(count: int, *, version: int = 1, group_stores: int = 1, **states: UnitState) -> PeerList:
    """The tills of the store; a state other than active by name, ``K2=UnitState.REVOKED``."""
    peers = tuple(
        Peer(unit_name(n), keys_of(n).sign_public, states.get(f"K{n}", UnitState.ACTIVE))
        for n in range(1, count + 1)
    )
    return PeerList(version, b.NOW_S, STORE, group_stores, 2, peers)


def word_for(unit: UnitId, number: int, peers: PeerList, policy: Policy) -> list[e.SignedMessage]:
    """Everything that a till of this store has been told."""
    return [
        e.a_trust_message(b.a_trust_list(expires_at_s=2**33)),
        e.an_epoch_keys_message(unit=unit, seal_key=f"till {number}"),
        e.a_policy_message(policy),
        e.a_catalogue_message(),
        e.a_template_message(),
        e.a_snapshot_message(),
        e.sealed(Kind.PEERS, peers.to_body()),
    ]


def furnish(
    directory: Path, number: int, peers: PeerList, policy: Policy, at_s: int = b.NOW_S
) -> None:
    """Make a directory that of a till which has been enrolled and has pulled once."""
    private_directory(directory)
    unit = unit_name(number)
    e.write_keys(directory / "unit.key", keys_of(number))
    store = Store(directory / "unit.db")
    try:
        bundles = BundleStore(store, keys_of(number))
        enrolment = b.an_enrolment(
            unit=unit, sign_key=keys_of(number).sign_public, store=STORE, issued_at_s=at_s
        )
        bundle_key = e.BUNDLE_KEY.public_key().public_bytes_raw()
        bundles.enrol(e.an_enrolment_message(enrolment), bundle_key)
        word = word_for(unit, number, peers, policy)
        bundles.take(e.an_answer(*word, unit=unit, hub_time_s=at_s))
    finally:
        store.close()


class Till:
    """The core of one till with its thread among the peers; everything else stands still."""

    def __init__(self, directory: Path, number: int, static: Callable[[], str]) -> None:
        self.directory = directory
        self.number = number
        self.unit = unit_name(number)
        self._static = static
        self.store: Store | None = None

    def start(self) -> None:
        peers = PeersSection("127.0.0.1", 0, "", self._static(), discover=False)
        config = e.a_config(self.directory, peers=peers)
        clock = e.Clock()
        parts = Parts(clock.wall_s, time.monotonic)
        self.store = Store(config.data("unit.db"))
        keys = keys_of(self.number)
        bundles = BundleStore(self.store, keys)
        trusted = TrustedClock(parts.wall_s, parts.steady_s, BUILT_AT_S)
        self.core = Core(config, parts, self.store, bundles, keys, trusted)
        assert self.core.health.peers is not None
        self.node = self.core.health.peers
        self.node.start()

    def stop(self) -> None:
        if self.store:
            self.node.stop()
            self.core.journal.close()
            self.store.close()
            self.store = None

    def present(self, text: str, wish: Wish = Wish(), **bent: Any) -> Recorded:  # noqa: B008
        return self.core.redeemer.redeem(Presented(text, new_key(), wish, **bent))

    def take(self, *messages: e.SignedMessage) -> None:
        """Pull these messages."""
        self.core.bundles.take(e.an_answer(*messages, unit=self.unit))

    def presence_of(self, other: Till) -> Presence:
        return self.node.presences()[other.unit]

    def has_entries_of(self, other: Till) -> bool:
        newest = self.core.shelf.newest().get(other.unit)
        return newest is not None and newest[:2] == other.core.journal.tail[:2]


def until(what: str, holds: Callable[[], bool], timeout_s: float = FOUND_WITHIN_S) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline_s, what
        time.sleep(0.01)


def all_live(tills: Sequence[Till]) -> bool:
    return all(
        one.presence_of(other) is Presence.LIVE
        for one in tills
        for other in tills
        if one is not other
    )


@contextmanager
def a_store(
    directory: Path, count: int = 2, *, peers: PeerList | None = None, policy: Policy | None = None
) -> Iterator[list[Till]]:
    """So many tills that have found one another."""
    tills: list[Till] = []

    def static() -> str:
        return " ".join(till.node.address for till in tills if till.store)

    try:
        for number in range(1, count + 1):
            till = Till(directory / f"K{number}", number, static)
            furnish(till.directory, number, peers or a_list(count), policy or a_policy())
            till.start()
            tills.append(till)
        until("the tills find one another", lambda: all_live(tills))
        yield tills
    finally:
        for till in tills:
            till.stop()


def a_text(number: int, **bent: Any) -> str:
    """The token of another voucher."""
    return b.a_token(voucher_id=VoucherId(0x200000000000 + number), **bent)
