"""A real network that loses: in front of each till stands a proxy that drops datagrams."""

from __future__ import annotations

import random
import select
import socket
import threading
from typing import Any

Address = tuple[str, int]


class LossyProxy:
    """Passes datagrams to a till, and its answers back, as an address translator does.

    Args:
        to: Where the till listens.
        loss: The share of datagrams that is lost, in either direction. May be changed any time.
    """

    def __init__(self, to: Address, loss: float = 0.0, seed: int = 1) -> None:
        self.loss = loss
        self.is_cut = False
        self._to = to
        self._random = random.Random(seed)
        self._front = _a_socket()
        self._front.bind(("127.0.0.1", 0))
        self._backs: dict[Address, socket.socket] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Where the others believe the till to be."""
        return f"127.0.0.1:{self._front.getsockname()[1]}"

    def close(self) -> None:
        self._stopping.set()
        self._thread.join()
        for sock in (self._front, *self._backs.values()):
            sock.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            sources: dict[Any, Address] = {back: at for at, back in self._backs.items()}
            readable, _, _ = select.select([self._front, *sources], [], [], 0.05)
            for sock in readable:
                try:
                    datagram, source = sock.recvfrom(65536)
                except OSError:
                    continue
                if self.is_cut or self._random.random() < self.loss:
                    continue
                if sock is self._front:
                    self._send(self._back_of(source), datagram, self._to)
                else:
                    self._send(self._front, datagram, sources[sock])

    def _back_of(self, source: Address) -> socket.socket:
        if source not in self._backs:
            self._backs[source] = _a_socket()
            self._backs[source].bind(("127.0.0.1", 0))
        return self._backs[source]

    @staticmethod
    def _send(sock: socket.socket, datagram: bytes, to: Address) -> None:
        try:
            sock.sendto(datagram, to)
        except OSError:
            return  # nobody listens there at the moment


def _a_socket() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
