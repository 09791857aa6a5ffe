"""Finds the other units of a store in the local network by mDNS and DNS-SD (RFC 6762, RFC 6763).

What is found here is a hint where a unit may be, no more: who answers there has to prove with his
key that he is one. A network that carries no multicast finds nobody, and the hub's word or the
setting ``peers.static`` says where they are. What is announced names the store by a hash.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from edge.contract.ids import StoreId
from edge.peers.contact import Address

if TYPE_CHECKING:
    from zeroconf import ServiceBrowser, ServiceInfo, Zeroconf

log = logging.getLogger(__name__)

SERVICE = "_tearoff._udp.local."
ASK_MS = 3000
"""How long somebody who was announced is asked for his address."""
FOUND_MAX = 64
"""Addresses that are believed in: a store has fewer tills, and a stranger may announce many."""


def store_tag(issuer: str, store: StoreId) -> str:
    """Return what names a store to those who know it, and says nothing to anybody else."""
    return hashlib.sha256(f"VX1 store\x00{issuer}\x00{store}".encode()).hexdigest()[:32]


class Discovery:
    """Announces a unit and looks for those of the same store. Never raises into its caller.

    Args:
        tag: Names the store, ``store_tag``.
        host: Address that the unit listens at; ``0.0.0.0`` for all of this machine's.
        found: Called with an address where a unit of the store may be; from another thread.
    """

    def __init__(self, tag: str, host: str, port: int, found: Callable[[Address], None]) -> None:
        self._tag = tag
        self._host = host
        self._port = port
        self._found = found
        self._lock = threading.Lock()
        self._known: set[Address] = set()
        self._zeroconf: Zeroconf | None = None
        self._browser: ServiceBrowser | None = None
        self._name = f"{secrets.token_hex(8)}.{SERVICE}"
        """New at each start: it is no name of the unit."""

    def start(self) -> str:
        """Begin; return why nobody can be found this way, empty if somebody may."""
        try:
            import zeroconf  # noqa: PLC0415 - an extra, and only for a unit that has peers
        except ImportError:
            return "zeroconf is not installed: pip install 'tearoff[edge,lan]'"
        anywhere = self._host == "0.0.0.0"  # noqa: S104 - compared, not bound
        try:
            _check_is_here(self._host)  # the library leaves a socket open when it is not
            self._zeroconf = zeroconf.Zeroconf(
                interfaces=zeroconf.InterfaceChoice.All if anywhere else [self._host],
                ip_version=zeroconf.IPVersion.V4Only,
            )
            self._zeroconf.register_service(self._info(zeroconf, anywhere=anywhere))
            self._browser = zeroconf.ServiceBrowser(self._zeroconf, SERVICE, handlers=[self._heard])
        except Exception as exc:  # noqa: BLE001 - whatever a network does to a library
            log.warning("other units are not sought by multicast: %s", exc)
            self.stop()
            return f"multicast: {type(exc).__name__}"
        return ""

    def stop(self) -> None:
        """Say that this unit goes, and end."""
        if self._browser is not None:
            self._browser.cancel()  # a thread of its own, which outlives what it looks through
            self._browser = None
        if self._zeroconf is not None:
            self._zeroconf.close()
            self._zeroconf = None

    def _info(self, zeroconf: Any, *, anywhere: bool) -> ServiceInfo:
        addresses = zeroconf.get_all_addresses() if anywhere else [self._host]
        mine = [a for a in addresses if anywhere is False or not a.startswith("127.")]
        info: ServiceInfo = zeroconf.ServiceInfo(
            SERVICE, self._name, port=self._port, properties={"store": self._tag},
            parsed_addresses=mine, server=f"{secrets.token_hex(8)}.local.",
        )  # fmt: skip
        return info

    def _heard(self, zeroconf: Zeroconf, service_type: str, name: str, state_change: Any) -> None:
        """Somebody was announced, has changed or is gone: ask where he is."""
        if name == self._name or state_change.name == "Removed":
            return
        threading.Thread(
            target=self._ask, args=(zeroconf, service_type, name), name="discover", daemon=True
        ).start()

    def _ask(self, zeroconf: Zeroconf, service_type: str, name: str) -> None:
        try:
            info = zeroconf.get_service_info(service_type, name, timeout=ASK_MS)
            if info is None or info.properties.get(b"store") != self._tag.encode():
                return
            places = [(text, info.port or 0) for text in info.parsed_addresses()]
        except Exception:
            if self._zeroconf is not None:  # else this unit has gone meanwhile
                log.exception("an announcement in the local network was not understood")
            return
        for place in places:
            self._note(place)

    def _note(self, place: Address) -> None:
        host, port = place
        with self._lock:
            is_new = place not in self._known and len(self._known) < FOUND_MAX
            if not is_new or not 0 < port < 65536 or ":" in host:
                return
            self._known.add(place)
        self._found(place)


def _check_is_here(host: str) -> None:
    """Raise OSError if this machine does not have an address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
