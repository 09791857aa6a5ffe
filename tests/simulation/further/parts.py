"""Refunds of a part at the till, and what headquarters gives back long afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.journal.store import Recorded
from edge.redemption.void import Part
from tests.simulation.customers import Asked
from tests.simulation.further.leases import wish_for
from tests.simulation.hub.memory import HubSays
from tests.simulation.steps import Step

if TYPE_CHECKING:
    from tests.simulation.world import World


def _accepted(world: World, most: int) -> list[tuple[Asked, Recorded]]:
    """Return the newest acceptances of which there are parts."""
    told = [(a, a.told) for a in world.asked[-most:] if a.told is not None]
    return [(a, t) for a, t in told if t.entry.accepted and (t.entry.amount or 0) > 1]


def take_part_back(world: World) -> None:
    """A customer brings part of what he has paid for back; the POS may ask twice, or wrongly."""
    found, luck = _accepted(world, 25), world.further
    if not found:
        return
    asked, accepted = luck.choice(found)
    machine, entry = world.machine(asked.machine), accepted.entry
    if machine is None or not machine.is_up:
        return
    amount = entry.amount or 0
    wanted = luck.choice((1, -(-amount // 3), -(-amount // 2), amount, amount + 1))
    before = [p for p in world.parts if p[:2] == (machine.name, entry.ref)]
    key = f"r{len(world.parts)}"
    if before and luck.random() < 0.35:
        _, _, wanted, key = luck.choice(before)
    elif before and luck.random() < 0.1:
        key = luck.choice(before)[3]  # the key of another request: refused, or the same
    part = Part(wish_for(asked.voucher, wanted), key)
    recorded = world.act(
        machine, f"void {wanted} of {entry.epoch}/{entry.seq}",
        lambda: machine.voider.void(entry.epoch, entry.seq, "li", part),
    )  # fmt: skip
    world.parts.append((machine.name, entry.ref, wanted, key))
    if recorded is not None:
        made = recorded.entry
        world.trace.note(
            world.now_s, f"{machine.name} {made.epoch}/{made.seq} voids {made.amount} of"
            f" {entry.epoch}/{entry.seq} {recorded.hash[:4].hex()}"
        )  # fmt: skip
        world.judge.voided(machine, accepted, recorded, part, wanted)


def give_back(world: World) -> None:
    """Headquarters gives part or all of an acceptance back, or more than it may."""
    found, luck = _accepted(world, 60), world.further
    if not found or world.hub_is_down:
        return
    asked, accepted = luck.choice(found)
    entry, amount = accepted.entry, accepted.entry.amount or 0
    given = luck.choice((1, -(-amount // 2), amount, amount + 1))
    voucher_id = asked.voucher.claims.voucher_id
    try:
        world.hub.give_back(entry.ref, voucher_id, given, int(world.now_s))
    except HubSays as exc:
        told = exc.slug
    else:
        told = "ok"
        world.judge.note_promises()
    world.trace.note(
        world.now_s, f"the hub gives {given} of {entry.ref.unit} {entry.epoch}/{entry.seq} back:"
        f" {told}"
    )  # fmt: skip


PART_STEPS = (
    Step("take part back", lambda m: 30 * m.part, take_part_back),
    Step("give back", lambda m: 12 * m.part, give_back),
)
