"""Sends one request to a supplier, and says whether a byte of it has left this machine.

That is why it connects by itself: a library that pools connections cannot tell "the connection was
refused" from "it broke while we sent", and of the two one may go to the next supplier and the other
must not. It follows no redirect, reads no more than it was told to, ends at its deadline whatever
the other side does, and reaches no address inside of the house: who may type in a supplier's
address must not be able to call our neighbours with it.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import certifi

from central.supply.suppliers.address import check_address

ANSWER_BYTES_MAX = 4 << 20
"""A list of a thousand offers is half of it."""
_CHUNK_BYTES = 64 << 10


class NotGone(Exception):
    """No byte of the request has left; ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NoAnswer(Exception):
    """The request is gone, or a part of it, and there is no answer that can be read."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; nothing of it has been verified yet. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Sender:
    """Sends to one supplier.

    Args:
        base_url: As ``check_address`` returns it.
        is_test: As there.
        connect_s: How long to wait for a connection.
        deadline_s: How long all of it may take from then on.
    """

    def __init__(
        self, base_url: str, *, is_test: bool, connect_s: float = 5, deadline_s: float = 20
    ) -> None:
        parts = urlsplit(check_address(base_url, is_test=is_test))
        assert parts.hostname is not None, "it was checked"
        self._host, self._port = parts.hostname, parts.port
        self._is_tls = parts.scheme == "https"
        self.path = parts.path
        self._is_test = is_test
        self._connect_s, self._deadline_s = connect_s, deadline_s

    def send(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes = b""
    ) -> Answer:
        """Send a request once. ``path`` begins behind the base address.

        Raises:
            NotGone: it was not sent.
            NoAnswer: it was, or may have been, and there is no whole answer.
        """
        connection = self._connect()
        # A server that sends one byte a second would never run into a socket's own time-out.
        watch = threading.Timer(self._deadline_s, _break, (connection,))
        watch.daemon = True
        began_s = time.monotonic()
        watch.start()
        try:
            connection.request(method, self.path + path, body or None, dict(headers))
            with connection.getresponse() as response:
                content = _read(response)
                named = {name.lower(): value for name, value in response.getheaders()}
                return Answer(response.status, named, content)
        except (OSError, http.client.HTTPException, ValueError) as exc:
            late = time.monotonic() - began_s >= self._deadline_s
            code = "timeout" if late or isinstance(exc, TimeoutError) else "no-answer"
            raise NoAnswer(code) from None
        finally:
            watch.cancel()
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        """Return a connection over which nothing has been said but TLS's own words."""
        connection: http.client.HTTPConnection
        if self._is_tls:
            context = ssl.create_default_context(cafile=certifi.where())
            connection = http.client.HTTPSConnection(
                self._host, self._port, timeout=self._connect_s, context=context
            )
        else:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=self._connect_s)
        try:
            if not self._is_test:
                self._refuse_neighbours()
            connection.connect()
            if not self._is_test:
                # Again, by the address that has answered: a name may say another one each time.
                _refuse_private(connection.sock.getpeername()[0])
            connection.sock.settimeout(self._deadline_s)
        except NotGone:
            connection.close()
            raise
        except ssl.SSLError:
            connection.close()
            raise NotGone("tls") from None
        except socket.gaierror:
            connection.close()
            raise NotGone("no-address") from None
        except OSError:
            connection.close()
            raise NotGone("connect") from None
        return connection

    def _refuse_neighbours(self) -> None:
        for found in socket.getaddrinfo(self._host, self._port or 443, type=socket.SOCK_STREAM):
            _refuse_private(str(found[4][0]))


def _break(connection: http.client.HTTPConnection) -> None:
    """End a connection under whoever reads from it."""
    if connection.sock is not None:
        with contextlib.suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)


def _read(response: http.client.HTTPResponse) -> bytes:
    chunks, size = [], 0
    while chunk := response.read(_CHUNK_BYTES):
        size += len(chunk)
        if size > ANSWER_BYTES_MAX:
            raise NoAnswer("too-large")
        chunks.append(chunk)
    return b"".join(chunks)


def _refuse_private(address: str) -> None:
    if not ipaddress.ip_address(address.partition("%")[0]).is_global:
        raise NotGone("private-address")
