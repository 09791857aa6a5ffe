"""Leases: units borrow, headquarters lends and recalls, customers pay with what was lent."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from edge.contract.lease import Lease, LeaseRequest
from edge.contract.money import Money
from edge.contract.voucher_token import VoucherKind
from edge.errors import HubUnreachable
from edge.redemption.decide import Wish
from edge.redemption.redeem import Presented
from edge.sync.borrow import borrow as ask_hub
from tests.simulation.customers import Asked, Voucher, show
from tests.simulation.hub.memory import HubSays
from tests.simulation.machine import Machine
from tests.simulation.steps import Step

if TYPE_CHECKING:
    from tests.simulation.world import World

LIVES_S = (60, 600, 3600, 86400)


def running(world: World) -> list[Machine]:
    """Return the machines that run."""
    return [m for m in world.machines if m.is_up]


def wish_for(voucher: Voucher, amount: int) -> Wish:
    """Return how a till is asked for an amount in the voucher's own measure."""
    if voucher.claims.kind is VoucherKind.STORED_VALUE:
        return Wish(Money(amount, "CNY"))
    return Wish() if voucher.claims.kind is VoucherKind.SINGLE else Wish(uses=amount)


def present(world: World, machine: Machine, voucher: Voucher, amount: int) -> None:
    """Let a customer pay so much with a voucher."""
    shown = show(world.further, voucher, world.now_s)
    key = f"k{len(world.asked)}"
    presented = Presented(shown.text, key, wish_for(voucher, amount), None, "li")
    asked = Asked(machine.name, voucher, shown, presented, world.now_s)
    world.asked.append(asked)
    world.redeem(asked)


def _wanted(world: World, machine: Machine) -> LeaseRequest | None:
    """Draw a lease that a unit might get."""
    luck = world.further
    cards = [v for v in world.vouchers if v.claims.kind is not VoucherKind.SINGLE]
    if not cards:
        return None
    card = luck.choice(cards)
    amount = max(1, card.capacity // luck.choice((1, 2, 4)))
    lease_id, life_s = luck.randbytes(16), luck.choice(LIVES_S)
    return LeaseRequest(machine.unit, lease_id, card.claims.voucher_id, amount, life_s)


def borrow(world: World) -> None:
    """A unit asks for a lease, or once more for one that it has asked for."""
    luck, up = world.further, running(world)
    machine = luck.choice(up) if up else None
    if machine is None:
        return
    mine = [wanted for wanted in world.wanted[-6:] if wanted.unit == machine.unit]
    wanted = luck.choice(mine) if mine and luck.random() < 0.3 else _wanted(world, machine)
    if wanted is None:
        return
    world.wanted.append(wanted)

    def ask() -> str:
        try:
            lease = ask_hub(wanted, machine.wire, machine.bundles, 10.0)
        except HubUnreachable as exc:
            return str(exc.extra.get("hub", exc.slug))
        return f"has {lease.amount} until {lease.expires_at_s}"

    told = world.act(machine, "borrow", ask)
    if told is not None:
        world.trace.note(
            world.now_s, f"{machine.name} borrows {wanted.lease_id[:3].hex()} of"
            f" v{wanted.voucher_id & 0xFFFF} {wanted.amount}: {told}"
        )  # fmt: skip


def lend(world: World) -> None:
    """Headquarters lends to a unit, which hears of it with its next pull."""
    wanted = _wanted(world, world.further.choice(world.machines))
    if wanted is not None and not world.hub_is_down:
        told = _at_hub(lambda: world.hub.lend(wanted, int(world.now_s)))
        world.trace.note(
            world.now_s, f"the hub lends {wanted.unit} {wanted.lease_id[:3].hex()} of"
            f" v{wanted.voucher_id & 0xFFFF} {wanted.amount}: {told}"
        )  # fmt: skip


def take_back(world: World) -> None:
    """Headquarters recalls a lease; seldom it gives one up."""
    leases = [i for i, lent in world.hub.books.leases.items() if lent.closed_n is None]
    if not leases or world.hub_is_down:
        return
    luck = world.further
    lease_id = luck.choice(leases)
    if luck.random() < 0.1:
        told = _at_hub(lambda: world.hub.write_off(lease_id, int(world.now_s)))
        world.judge.given_up.add(lease_id)
        world.trace.note(world.now_s, f"the hub gives {lease_id[:3].hex()} up: {told}")
        world.pass_s(1)  # what comes within the same second has come before it
    else:
        told = _at_hub(lambda: world.hub.recall(lease_id))
        world.trace.note(world.now_s, f"the hub recalls {lease_id[:3].hex()}: {told}")
        unit = world.hub.books.leases[lease_id].unit
        for machine in [m for m in running(world) if m.unit == unit and luck.random() < 0.5]:
            for _ in range(2):  # it hears of it, and says so
                if machine.is_up:
                    world.sync(machine)


def spend(world: World) -> None:
    """A customer pays with what this till has a lease of; often it reaches no hub."""
    found = [(m, lease) for m in running(world) for lease in _leases_of(m)]
    if not found:
        return
    luck = world.further
    machine, lease = luck.choice(found)
    voucher = next(v for v in world.vouchers if v.claims.voucher_id == lease.voucher_id)
    amount = luck.choice((lease.amount, -(-lease.amount // 2), max(1, lease.amount // 3)))
    is_cut = luck.random() < 0.7 and machine.name not in world.network.cut_up
    world.network.cut_up |= {machine.name} if is_cut else set()
    present(world, machine, voucher, amount)
    world.network.cut_up -= {machine.name} if is_cut else set()


def _leases_of(machine: Machine) -> tuple[Lease, ...]:
    word = machine.bundles.word
    return word.leases.leases if word and word.leases else ()


def _at_hub(do: Callable[[], None]) -> str:
    try:
        do()
    except HubSays as exc:
        return exc.slug
    return "ok"


LEASE_STEPS = (
    Step("borrow", lambda m: 20 * m.lease, borrow),
    Step("lend", lambda m: 8 * m.lease, lend),
    Step("take back", lambda m: 8 * m.lease, take_back),
    Step("spend", lambda m: 40 * m.lease, spend),
)
