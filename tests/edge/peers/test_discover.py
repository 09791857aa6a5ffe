"""Units of one store find one another by multicast, and nobody else's."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from edge.contract.ids import StoreId
from edge.peers.contact import Address
from edge.peers.discover import FOUND_MAX, Discovery, store_tag

ISSUER, STORE = "hub.example", StoreId("S0412")
HERE = "127.0.0.1"


def carries_multicast() -> bool:
    """Say whether loopback carries multicast here; a container may not let it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there:
        there.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        there.bind(("", 0))
        there.settimeout(2)
        group = socket.inet_aton("224.0.0.251") + socket.inet_aton(HERE)
        try:
            there.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
            there.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(HERE))
            there.sendto(b"?", ("224.0.0.251", there.getsockname()[1]))
            return there.recv(1) == b"?"
        except OSError:
            return False


class Till:
    """Somebody who is announced, and whom he has found."""

    def __init__(self, tag: str, port: int) -> None:
        self.found: list[Address] = []
        self.changed = threading.Condition()
        self.discovery = Discovery(tag, HERE, port, self._note)

    def _note(self, place: Address) -> None:
        with self.changed:
            self.found.append(place)
            self.changed.notify_all()

    def has_found(self, *places: Address) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: set(places) <= set(self.found), 20)


@pytest.fixture
def tills() -> Iterator[list[Till]]:
    if not carries_multicast():
        pytest.skip("loopback carries no multicast on this machine")
    ours, others = store_tag(ISSUER, STORE), store_tag(ISSUER, StoreId("S0413"))
    made = [Till(ours, 40001), Till(ours, 40002), Till(others, 40003)]
    # In a thread of its own, as a unit does it: the library joins whatever event loop runs in its
    # caller's, and a browser's test may have left one there.
    with ThreadPoolExecutor(1) as thread:
        assert {thread.submit(till.discovery.start).result() for till in made} == {""}
    yield made
    for till in made:
        till.discovery.stop()


def test_the_tills_of_a_store_find_one_another_and_no_other_stores(tills: list[Till]) -> None:
    first, second, stranger = tills
    assert first.has_found((HERE, 40002))
    assert second.has_found((HERE, 40001))
    assert stranger.found == []
    assert (HERE, 40003) not in first.found + second.found


def test_what_is_announced_names_neither_store_nor_unit() -> None:
    tag = store_tag(ISSUER, STORE)
    assert len(tag) == 32
    assert "S0412" not in tag
    assert tag != store_tag("hub.other", STORE)


def test_a_stranger_who_announces_thousands_costs_a_bounded_number() -> None:
    till = Till("tag", 1)
    for port in range(1, 5000):
        till.discovery._note(("192.0.2.7", port))
    till.discovery._note(("fe80::1", 80))
    assert len(till.found) == FOUND_MAX


def test_where_nobody_can_listen_it_is_said_and_nothing_is_raised() -> None:
    discovery = Discovery("tag", "192.0.2.1", 1, lambda _place: None)
    assert discovery.start().startswith("multicast: ")
    discovery.stop()
