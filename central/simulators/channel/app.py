"""Puts the simulator together, and runs it as a process."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from central.simulators.channel import control, keys, pages
from central.simulators.channel.alipay import gateway
from central.simulators.channel.bank import pages as bank_pages
from central.simulators.channel.books import Books
from central.simulators.channel.deliver import deliver_due, next_due_s
from central.simulators.channel.wechat import routes
from central.simulators.channel.world import World
from central.simulators.parts.door import a_flask, listen_here
from central.simulators.parts.post import Post, post
from central.simulators.parts.server import SimulatorServer

log = logging.getLogger(__name__)

HUB_URL = "http://127.0.0.1:8080"
_DELIVER_S_MAX = 5.0


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
    """Return a simulator whose keys, books and merchant's files are in a directory.

    Args:
        clock: Unix seconds.
        pause: What a slow answer waits with.
        send: Sends a callback.
    """
    made = keys.make(data_dir, clock())
    token = (data_dir / "control-token").read_text()
    world = World(Books(data_dir / "books.db"), made, clock, pause)
    app = a_flask("central.simulators.channel")
    app.register_blueprint(routes.blueprint(world))
    app.register_blueprint(gateway.blueprint(world))
    app.register_blueprint(bank_pages.blueprint(world))
    app.register_blueprint(control.blueprint(world, token, lambda: deliver_due(world, send)))
    app.register_blueprint(pages.blueprint(world, token))
    return Simulator(app, world, token, data_dir)


def listen(simulator: Simulator, host: str, port: int, hub_url: str = HUB_URL) -> SimulatorServer:
    """Bind, and write the merchant's settings with the address that it has got.

    Raises:
        ConfigInvalid: the address is taken, or not of this machine.
    """
    server = listen_here(simulator.app, host, port, "moves pretend money")
    simulator.world.base_url = server.url
    keys.write_settings(simulator.data_dir, server.url, hub_url.rstrip("/"))
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
        sender.join(timeout=_DELIVER_S_MAX)
        simulator.world.books.close()


def _deliver(world: World, ended: threading.Event) -> None:
    wait_s = 0.0
    while not ended.wait(wait_s):
        try:
            control.work_on(world)
            sent = deliver_due(world)
        except Exception:
            log.exception("callbacks could not be sent")
            wait_s = _DELIVER_S_MAX
            continue
        due_s = next_due_s(world)
        # Somebody may queue one at any moment: look again after a second at the latest.
        wait_s = 0.2 if sent or due_s is None else min(1.0, max(0.2, due_s - world.now_s()))
