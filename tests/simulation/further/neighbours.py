"""Several tills of a store at the same moment, cables that break, and nobody at headquarters."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from edge.contract.voucher_token import VoucherKind
from tests.simulation.customers import Voucher
from tests.simulation.further.leases import present, running
from tests.simulation.lan.tasks import Task
from tests.simulation.machine import Machine
from tests.simulation.steps import Step

if TYPE_CHECKING:
    from tests.simulation.world import World

WITHIN_S = 0.3
VOUCHERS_MAX = 40


def rush(world: World) -> None:
    """The same voucher at several tills within a moment; mostly none of them reaches the hub."""
    luck, up = world.further, running(world)
    if len(up) < 2:
        return
    machines = luck.sample(up, min(len(up), luck.choice((2, 2, 2, 3, 4))))
    is_fresh = luck.random() < 0.6 and len(world.vouchers) < VOUCHERS_MAX
    voucher = world.sell(luck) if is_fresh else luck.choice(world.vouchers)
    cut = {m.name for m in machines} - world.network.cut_up if luck.random() < 0.8 else set()
    world.network.cut_up |= cut
    world.trace.note(world.now_s, f"{voucher.name} at {', '.join(m.name for m in machines)}")
    tasks = [
        Task(world.now_s + luck.uniform(0, WITHIN_S), partial(_present, world, machine, voucher))
        for machine in machines
    ]
    if luck.random() < world.mix.kill * 2:
        victim = luck.choice(up)
        tasks.append(Task(world.now_s + luck.uniform(0, 0.6), partial(_kill, world, victim)))
    world.tasks.run(tasks)
    world.network.cut_up -= cut


def _present(world: World, machine: Machine, voucher: Voucher) -> None:
    amount = 1
    if voucher.claims.kind is not VoucherKind.SINGLE:
        whole = voucher.capacity
        amount = world.further.choice((whole, whole, -(-whole // 2), -(-whole // 3)))
    present(world, machine, voucher, amount)


def _kill(world: World, machine: Machine) -> None:
    if machine.is_up:
        machine.die()
        world.trace.note(world.now_s, f"{machine.name} is off in the middle of it")
        if world.further.random() < 0.7:
            world.pass_s(world.further.choice((0.05, 0.3, 2.0)))
            if not machine.is_up:
                world.start(machine)


def cut_cable(world: World) -> None:
    """A way from one till to another breaks, or mends."""
    luck = world.further
    one, other = luck.sample(world.machines, 2)
    way = (one.name, other.name)
    ways = {way} if luck.random() < 0.6 else {way, way[::-1]}
    world.wires.cut ^= ways
    world.trace.note(world.now_s, f"cut in the store: {sorted(world.wires.cut)}")
    world.pass_s(luck.choice((0.1, 1.0, 8.0)))


def mend_cables(world: World) -> None:
    """Everything within the store works again."""
    world.wires.cut.clear()
    world.pass_s(world.further.choice((0.1, 1.0, 8.0)))


NEIGHBOUR_STEPS = (
    Step("rush", lambda m: 40 * m.lan, rush),
    Step("cut cable", lambda m: 8 * m.lan, cut_cable),
    Step("mend cables", lambda m: 8 * m.lan, mend_cables),
)
