"""Serves the simulator: a thread a request, and connections that can be broken on purpose.

The standard library's server, because no other one lets an application reset a connection; it
serves a demo and tests on this machine and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from collections.abc import Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from central.simulators.parts.misbehave import CUT

_CONNECTION = "tearoff.connection"


class SimulatorServer(ThreadingMixIn, WSGIServer):
    """Listens at ``address``; port 0 takes a free one."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, host: str, port: int, app: WSGIApplication) -> None:
        """Listen."""
        super().__init__((host, port), _Handler)
        self.set_app(_breakable(app))

    def server_bind(self) -> None:
        """Bind without asking the network for our name."""
        self.socket.bind(self.server_address)
        host, port = self.socket.getsockname()[:2]
        self.server_address = (host, port)
        self.server_name, self.server_port = host, port
        self.setup_environ()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.server_name}:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about clients that went away: half of them were sent away."""


class _Handler(WSGIRequestHandler):
    def get_environ(self) -> WSGIEnvironment:
        environ = super().get_environ()
        environ["RAW_TARGET"] = self.path  # what was signed: not decoded
        environ[_CONNECTION] = self.connection
        return environ

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the parent's name
        """Write no access log; the page shows the requests."""


def _breakable(app: WSGIApplication) -> WSGIApplication:
    def wsgi(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        chunks = app(environ, start_response)
        if environ.get(CUT):
            _reset(environ[_CONNECTION])
            raise ConnectionResetError("asked for by a fault")
        return chunks

    return wsgi


def _reset(connection: socket.socket) -> None:
    """Send RST: no linger, and the descriptor closed under whoever holds the socket."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(connection.detach())
