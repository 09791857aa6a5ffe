"""The thread among the peers: nothing that happens there reaches a redemption."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.bundles.store import BundleStore
from edge.contract.ids import VoucherId
from edge.contract.peer_message import Entries
from edge.contract.sync_message import Ack
from edge.db import Store
from edge.errors import DiskFull
from edge.peers.claim import Standing
from edge.peers.contact import Me
from edge.peers.gossip import Batch
from edge.peers.neighbourhood import Neighbourhood
from edge.peers.node import PeerNode, Where, addresses_in, random_bytes
from tests import builders as b
from tests.edge.peers.store import a_list, a_policy, furnish, keys_of, until
from tests.edge.peers.test_discover import carries_multicast
from tests.edge.peers.world import STORE, MemoryJournal, MemoryShelf, unit_name


class FullDisk(MemoryShelf):
    """Takes nothing until there is room."""

    has_room = False

    def put(self, batch: Batch) -> None:
        if not self.has_room:
            raise DiskFull
        super().put(batch)


class Unreadable(MemoryJournal):
    """Can be written, and not read at the moment."""

    is_readable = False

    def after(self, held: Ack | None) -> Entries | None:
        if not self.is_readable:
            raise DiskFull
        return super().after(held)


class Party:
    """A node with a journal and a shelf in memory."""

    def __init__(self, directory: Path, number: int, static: str = "", **where: object) -> None:
        furnish(directory, number, a_list(2), a_policy())
        self.store = Store(directory / "unit.db")
        me = Me(b.ISSUER, STORE, unit_name(number), keys_of(number).sign)
        self.journal, self.shelf = Unreadable(me), FullDisk()
        self.journal.is_readable = self.shelf.has_room = True
        place = Where(**{"host": "127.0.0.1", "port": 0, "static": addresses_in(static), **where})  # type: ignore[arg-type]
        core = Neighbourhood(me, self.journal, self.shelf, random_bytes)
        bundles = BundleStore(self.store, keys_of(number))
        self.node = PeerNode(core, bundles, place, lambda: True, time.monotonic, lambda: 1)
        self.node.start()

    def close(self) -> None:
        self.node.stop()
        self.store.close()

    def sees(self, presence: str) -> bool:
        return presence in self.node.presences().values()


@pytest.fixture(name="pair")
def _pair(tmp_path: Path) -> Iterator[tuple[Party, Party]]:
    one = Party(tmp_path / "K1", 1)
    other = Party(tmp_path / "K2", 2, one.node.address)
    until("they find one another", lambda: one.sees("live") and other.sees("live"))
    yield one, other
    one.close()
    other.close()


def test_a_peer_whose_disk_is_full_gets_the_entries_once_there_is_room(
    pair: tuple[Party, Party],
) -> None:
    one, other = pair
    other.shelf.has_room = False
    one.journal.append(voucher_id=VoucherId(1))
    one.node.appended()
    attempt = one.node.hold(bytes(16), VoucherId(2), 1)
    assert attempt is not None
    assert one.node.ask(attempt) is Standing.ALL, "it answers all the same"
    one.node.end(attempt, nothing_taken=True)
    other.shelf.has_room = True
    until("they come", lambda: other.shelf.newest() != {})


def test_what_cannot_be_sent_now_is_no_error_of_what_is_recorded(
    pair: tuple[Party, Party],
) -> None:
    one, other = pair
    one.journal.is_readable = False
    attempt = one.node.hold(bytes(16), VoucherId(1), 1)
    assert attempt is not None
    one.journal.append(voucher_id=VoucherId(1))
    one.node.end(attempt, nothing_taken=False)
    one.node.appended()
    one.journal.is_readable = True
    until("it is sent later", lambda: other.shelf.newest() != {})


def test_garbage_from_the_network_ends_nothing(pair: tuple[Party, Party]) -> None:
    one, _ = pair
    host, port = one.node.address.split(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for octets in (b"", b"x" * 9000, b"VX1h" + bytes(80), b"VX1f" + bytes(80)):
            stranger.sendto(octets, (host, int(port)))

    def refused() -> int:
        counted: dict[str, int] = one.node.status()["refused_datagrams"]
        return sum(counted.values())

    until("all four are counted", lambda: refused() >= 4)
    attempt = one.node.hold(bytes(16), VoucherId(1), 1)
    assert attempt is not None
    assert one.node.ask(attempt) is Standing.ALL


def test_a_second_request_for_the_same_voucher_waits_for_the_first(
    pair: tuple[Party, Party],
) -> None:
    import threading  # noqa: PLC0415

    one, _ = pair
    first = one.node.hold(bytes(16), VoucherId(1), 1)
    assert first is not None
    found: list[object] = []
    second = threading.Thread(
        target=lambda: found.append(one.node.hold(b"\x01" * 16, VoucherId(1), 1))
    )
    second.start()
    assert one.node.hold(b"\x02" * 16, VoucherId(2), 1) is not None, "another one need not wait"
    assert found == []
    one.node.end(first, nothing_taken=True)
    second.join(10)
    assert found != []
    assert found != [None]


def test_a_port_that_is_taken_is_no_reason_to_have_no_peers(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        taken = other.getsockname()[1]
        party = Party(tmp_path / "K1", 1, port=taken)
        host, port = party.node.address.split(":")
        assert (host, party.node.error) == ("127.0.0.1", "")
        assert int(port) != taken
        party.close()


def test_an_address_that_is_none_of_ours_is_said(tmp_path: Path) -> None:
    party = Party(tmp_path / "K1", 1, host="203.0.113.1")
    assert "203.0.113.1" in party.node.error
    assert party.node.address == ""
    attempt = party.node.hold(bytes(16), VoucherId(1), 1)
    assert attempt is not None
    assert party.node.ask(attempt) is Standing.NONE
    party.close()


def test_what_is_announced_is_what_the_settings_say(tmp_path: Path) -> None:
    party = Party(tmp_path / "K1", 1, announced="192.168.1.21:8478")
    assert party.node.address == "192.168.1.21:8478"
    party.close()


@pytest.mark.parametrize("text", ["", "10.0.0.1:8478", "10.0.0.1:8478, 10.0.0.2:1  10.0.0.3:65535"])
def test_addresses_in_a_setting(text: str) -> None:
    assert ", ".join(f"{h}:{p}" for h, p in addresses_in(text)) == ", ".join(
        text.replace(",", " ").split()
    )


def test_two_who_know_no_address_of_one_another_meet_by_multicast(tmp_path: Path) -> None:
    if not carries_multicast():
        pytest.skip("loopback carries no multicast on this machine")
    one = Party(tmp_path / "K1", 1, discovers=True)
    other = Party(tmp_path / "K2", 2, discovers=True)
    try:
        until("they find one another", lambda: one.sees("live") and other.sees("live"))
        assert one.node.status()["not_discovered"] == ""
    finally:
        one.close()
        other.close()
