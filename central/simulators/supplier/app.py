"""Puts the simulator together, and runs it as a process."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from central.simulators.parts.door import a_flask, listen_here, token_of, write_private
from central.simulators.parts.post import Post, post
from central.simulators.parts.server import SimulatorServer
from central.simulators.supplier import control, pages
from central.simulators.supplier.books import Books
from central.simulators.supplier.deliver import deliver_due
from central.simulators.supplier.protocols import (
    acg_shared,
    dujiao_next,
    kasushou,
    meihu,
    reloadly,
)
from central.simulators.supplier.world import World

log = logging.getLogger(__name__)

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
    token = token_of(data_dir)
    world = World(Books(data_dir / "books.db"), clock, pause)
    app = a_flask("central.simulators.supplier")
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
        write_private(directory / f"{shop['id']}.json", json.dumps(body, indent=2) + "\n")
    return directory


def address(world: World, shop: str, protocol: str) -> str:
    """Return where a shop is."""
    return f"{world.base_url}/{protocol}/{shop}"


def listen(simulator: Simulator, host: str, port: int) -> SimulatorServer:
    """Bind.

    Raises:
        ConfigInvalid: the address is taken, or not of this machine.
    """
    server = listen_here(simulator.app, host, port, "sells pretend goods")
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
