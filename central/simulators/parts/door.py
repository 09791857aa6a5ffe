"""Who gets in: this machine only, by its own name; and a token for whoever steers."""

from __future__ import annotations

import ipaddress
import os
import secrets
from pathlib import Path

from flask import Flask, Response, abort, request

from central.errors import ConfigInvalid
from central.simulators.parts.server import SimulatorServer

BODY_BYTES_MAX = 1 << 20
_STATIC = Path(__file__).parent / "static"


def a_flask(name: str) -> Flask:
    """Return an application that serves this machine only, with the pages' look.

    Args:
        name: Of the package whose templates it uses.
    """
    app = Flask(name, static_folder=str(_STATIC))
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES_MAX
    app.before_request(_refuse_other_names)
    return app


def only_from_here() -> None:
    """Refuse a form that a page of another site has sent: it must not spend pretend money."""
    if request.headers.get("Sec-Fetch-Site", "none") not in {"same-origin", "none"}:
        abort(403)


def listen_here(app: Flask, host: str, port: int, deals_in: str) -> SimulatorServer:
    """Bind.

    Args:
        deals_in: For the refusal: ``sells pretend goods``.

    Raises:
        ConfigInvalid: the address is taken, or not of this machine.
    """
    if not is_loopback(host):
        raise ConfigInvalid(f"{host}: the simulator {deals_in} on this machine only")
    try:
        return SimulatorServer(host, port, app)
    except OSError as exc:
        raise ConfigInvalid(f"{host}:{port} cannot be listened at: {exc.strerror}") from exc


def token_of(data_dir: Path) -> str:
    """Return the token for whoever steers; it is made at the first start."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = data_dir / "control-token"
    if not path.exists():
        write_private(path, secrets.token_urlsafe(24))
    return path.read_text()


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refuse_other_names() -> Response | None:
    """Serve nobody who calls this machine by a name of his own (DNS rebinding)."""
    host = request.host.rpartition(":")[0] or request.host
    return None if is_loopback(host) else Response("this is not its name", 421)
