"""Sends callbacks, repeats them by a ladder, and misbehaves with them on request."""

from __future__ import annotations

import logging

from central.simulators.parts.books import Row
from central.simulators.parts.post import Post, post
from central.simulators.supplier.protocols import dujiao_next, kasushou, meihu
from central.simulators.supplier.world import World

log = logging.getLogger(__name__)

LADDER_S = (15, 30, 180, 600, 1200, 1800, 3600, 10800, 21600)
"""The wholesale trade's own: 15 s, 30 s, 3 m, 10 m, 20 m, 30 m, 1 h, 3 h, 6 h."""

_MAKE = {
    "kasushou": kasushou.callback, "meihu": meihu.callback, "generic_json": meihu.callback,
    "dujiao_next": dujiao_next.callback,
}  # fmt: skip


def deliver_due(world: World, send: Post = post) -> int:
    """Send every callback whose time has come; return how many were sent."""
    world.grow_up()
    with world.books.writing():
        due = world.books.rows(
            "SELECT c.*, p.state AS order_state FROM callback c JOIN purchase p ON p.no = c.no"
            " WHERE c.state = 'waiting' AND c.next_at_s <= ? AND p.visible_at_s <= ?"
            " ORDER BY c.id LIMIT 50",
            world.now_s(), world.now_s(),
        )  # fmt: skip
    for found in due:
        _deliver(world, found, send)
    return len(due)


def _deliver(world: World, found: Row, send: Post) -> None:
    order = world.books.row("SELECT * FROM purchase WHERE no = ?", found["no"])
    shop = world.shop(found["shop"])
    assert order is not None
    assert shop is not None
    make, fault, url = _MAKE[shop["protocol"]], found["fault"], str(found["url"])
    number = "999999" if fault == "callback-wrong-binding" else ""
    body, headers, taken = make(
        shop, order, world.now_s(), forged=fault == "callback-forged", number=number
    )
    if fault == "callback-other-account":
        url = url.rpartition("/")[0] + "/somebody-else"
    outcome, is_taken = "", False
    for _ in range(2 if fault == "callback-duplicate" else 1):
        try:
            status, text = send(url, body, headers)
        except OSError as exc:
            outcome = f"no answer: {exc}"
            continue
        outcome, is_taken = f"{status} {text[:40]}", status == 200 and text.startswith(taken)
    tries = found["tries"] + 1
    state, next_at_s = "taken", found["next_at_s"]
    if not is_taken:
        state = "waiting" if tries <= len(LADDER_S) else "given-up"
        next_at_s = world.now_s() + LADDER_S[min(tries, len(LADDER_S)) - 1]
    with world.books.writing():
        # Only the first try goes wrong: the next one is as it should be.
        world.books.run(
            "UPDATE callback SET state = ?, tries = ?, next_at_s = ?, last = ?, fault = ''"
            " WHERE id = ?",
            state, tries, next_at_s, f"{outcome} {fault}".strip(), found["id"],
        )  # fmt: skip
    log.info("callback about %s: %s", order["ref"], outcome)
