"""Puts the simulator together, and runs it as a process."""

from __future__ import annotations

import ipaddress
import json
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, Response, request

from central.errors import ConfigInvalid
from central.simulators.channel.deliver import post
from central.simulators.channel.server import SimulatorServer
from central.simulators.supplier import control, pages
from central.simulators.supplier.books import Books
from central.simulators.supplier.deliver import Post, deliver_due
from central.simulators.supplier.protocols import (
    acg_shared,
    dujiao_next,
    kasushou,
    meihu,
    reloadly,
)
from central.simulators.supplier.world import World

log = logging.getLogger(__name__)

BODY_BYTES_MAX = 1 << 20
SHOPS = {
    "kasushou": "kasushou", "meihu": "meihu", "dujiao": "dujiao_next", "acg": "acg_shared",
    "reloadly": "reloadly",
}  # fmt: skip
"""The shops that are opened at the first start: name and protocol."""
CREDENTIALS = {
    "kasushou": ("user_id", "api_key"), "meihu": ("user", "key"),
    "dujiao_next": ("api_key", "api_secret"), "acg_shared": ("app_id", "app_key"),
    "reloadly": ("client_id", "client_secret"),
}  # fmt: skip


@dataclass(frozen=True)
class Simulator:
    """A simulator that can be served."""

    app: Flask
    world: World
    token: str
    data_dir: Path


def build(
    data_dir: Path,
    clock: Callable[[], int],
    *,
    pause: Callable[[float], object] = time.sleep,
    send: Post = post,
) -> Simulator:
    """Return a simulator whose books are in a directory.

    Args:
        clock: Unix seconds.
        pause: What an answer that hangs waits with.
        send: Sends a callback.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    token = _token(data_dir / "control-token")
    world = World(Books(data_dir / "books.db"), clock, pause)
    app = Flask("central.simulators.supplier")
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES_MAX
    app.before_request(_refuse_other_names)
    for protocol in (kasushou, meihu, dujiao_next, acg_shared, reloadly):
        app.register_blueprint(protocol.blueprint(world))
    app.register_blueprint(control.blueprint(world, token, lambda: deliver_due(world, send)))
    app.register_blueprint(pages.blueprint(world, token))
    return Simulator(app, world, token, data_dir)


def furnish(simulator: Simulator) -> None:
    """Open a shop of each protocol and put three things on sale, if there are none yet."""
    world = simulator.world
    for number, (name, protocol) in enumerate(SHOPS.items()):
        if world.shop(name) is not None:
            continue
        world.open_shop(name, protocol)
        for ref, price_e4, kind in (
            ("31", 80_000, "key"), ("32", 250_000, "key"), ("33", 95_000, "top-up")
        ):  # fmt: skip
            world.stock(name, ref, price_e4 + number * 1_000, 200, kind)


def write_merchant_files(simulator: Simulator) -> Path:
    """Write one file a shop: its address, protocol and our credentials."""
    directory = simulator.data_dir / "merchant"
    directory.mkdir(mode=0o700, exist_ok=True)
    for shop in simulator.world.books.rows("SELECT * FROM shop"):
        names = CREDENTIALS[shop["protocol"]]
        body = {
            "protocol": shop["protocol"],
            "base_url": address(simulator.world, shop["id"], shop["protocol"]),
            "credentials": dict(zip(names, (shop["user"], shop["key"]), strict=True)),
        }
        _write(directory / f"{shop['id']}.json", json.dumps(body, indent=2) + "\n")
    return directory


def address(world: World, shop: str, protocol: str) -> str:
    """Return where a shop is."""
    return f"{world.base_url}/{protocol}/{shop}"


def listen(simulator: Simulator, host: str, port: int) -> SimulatorServer:
    """Bind.

    Raises:
        ConfigInvalid: the address is taken, or not of this machine.
    """
    if not _is_loopback(host):
        raise ConfigInvalid(f"{host}: the simulator sells pretend goods on this machine only")
    try:
        server = SimulatorServer(host, port, simulator.app)
    except OSError as exc:
        raise ConfigInvalid(f"{host}:{port} cannot be listened at: {exc.strerror}") from exc
    simulator.world.base_url = server.url
    return server


def serve(simulator: Simulator, server: SimulatorServer) -> None:
    """Serve requests and send callbacks until the process is told to end."""
    ended = threading.Event()
    sender = threading.Thread(target=_deliver, args=(simulator.world, ended), daemon=True)
    sender.start()
    try:
        server.serve_forever()
    finally:
        ended.set()
        server.server_close()
        sender.join(timeout=5)
        simulator.world.books.close()


def _deliver(world: World, ended: threading.Event) -> None:
    while not ended.wait(0.5):
        try:
            deliver_due(world)
        except Exception:
            log.exception("callbacks could not be sent")


def _token(path: Path) -> str:
    if not path.exists():
        _write(path, secrets.token_urlsafe(24))
    return path.read_text()


def _write(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)


def _refuse_other_names() -> Response | None:
    """Serve nobody who calls this machine by a name of his own (DNS rebinding)."""
    host = request.host.rpartition(":")[0] or request.host
    return None if _is_loopback(host) else Response("this is not its name", 421)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
