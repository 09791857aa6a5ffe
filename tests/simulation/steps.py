"""What can happen next, and how likely it is."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from edge.contract.ids import KeyId
from edge.contract.status import Status
from edge.contract.sync_message import UnitState
from edge.devices.ports import Printed
from edge.redemption.redeem import Presented
from tests.simulation.customers import Asked, show, wish
from tests.simulation.disk import FAULTS, copy_files
from tests.simulation.machine import Hardware, Machine

if TYPE_CHECKING:
    from tests.simulation.mix import Mix
    from tests.simulation.world import World


class Step(NamedTuple):
    """Something that can happen. ``weight`` is how often, against the others, in a mix."""

    name: str
    weight: Callable[[Mix], float]
    do: Callable[[World], None]


def one(world: World) -> None:
    """Let one thing happen."""
    [step] = world.luck.choices(STEPS, [step.weight(world.mix) for step in STEPS])
    step.do(world)


def small(world: World, waiting: Machine) -> None:
    """Let one thing happen that others do while a machine waits for the hub."""
    world.luck.choice((scan, scan, ask_again, second_scan, void, push, pull, kill, stray))(world)
    del waiting


def _running(world: World) -> list[Machine]:
    return [m for m in world.machines if m.is_up]


def _any(world: World) -> Machine | None:
    running = _running(world)
    return world.luck.choice(running) if running else None


# --- customers -----------------------------------------------------------------------------------


def scan(world: World) -> None:
    """A voucher is presented; often one that was just presented somewhere else."""
    machine = _any(world)
    if machine is None:
        return
    luck = world.luck
    recent = [a.voucher for a in world.asked[-4:]]
    voucher = luck.choice(recent if recent and luck.random() < 0.35 else world.vouchers)
    shown = show(luck, voucher, world.now_s)
    basket = f"b{luck.randrange(6)}" if luck.random() < 0.3 else None
    presented = Presented(
        shown.text, f"k{len(world.asked)}", wish(luck, voucher), basket, luck.choice((None, "li"))
    )
    asked = Asked(machine.name, voucher, shown, presented, world.now_s)
    world.asked.append(asked)
    world.redeem(asked)


def ask_again(world: World) -> None:
    """A POS that got no answer, or lost it, asks again with the same key."""
    if world.asked:
        unanswered = [a for a in world.asked if a.told is None]
        luck = world.luck
        some = unanswered if unanswered and luck.random() < 0.7 else world.asked
        world.redeem(luck.choice(some[-12:]))


def second_scan(world: World) -> None:
    """The same voucher again within the same sale, or its picture a moment later."""
    if world.asked:
        last = world.luck.choice(world.asked[-3:])
        presented = last.presented._replace(key=f"k{len(world.asked)}")
        again = Asked(
            last.machine, last.voucher, last.shown, presented, world.now_s, grant=last.grant
        )
        world.asked.append(again)
        world.redeem(again)


def void(world: World) -> None:
    """A clerk takes an acceptance back, perhaps twice."""
    told = [a for a in world.asked[-15:] if a.told is not None and a.told.entry.accepted]
    machine = told and world.machine((chosen := world.luck.choice(told)).machine)
    if not machine or not machine.is_up:
        return
    assert chosen.told is not None, "chosen among these"
    entry = chosen.told.entry
    recorded = world.act(machine, "void", lambda: machine.voider.void(entry.epoch, entry.seq, "li"))
    if recorded is not None:
        made = recorded.entry
        world.trace.note(
            world.now_s, f"{machine.name} {made.epoch}/{made.seq} voids {entry.epoch}/{entry.seq}"
        )
        world.judge.voided(machine, chosen.told, recorded)


def print_paper(world: World) -> None:
    """The next paper comes out, or not, or nobody knows."""
    machine = _any(world)
    if machine is None:
        return
    ends = (Printed.CONFIRMED, Printed.SENT, Printed.NOTHING_WRITTEN, Printed.UNCERTAIN, None)
    machine.printer.next = world.luck.choices(ends, (70, 6, 6, 12, 6))[0]
    world.act(machine, "print", machine.receipts.print_next)
    world.judge.printed(machine)


# --- units ---------------------------------------------------------------------------------------


def push(world: World) -> None:
    """A unit pushes what it has."""
    machine = _any(world)
    if machine:
        world.sync(machine, pull=False)


def pull(world: World) -> None:
    """A unit pulls what is new."""
    machine = _any(world)
    if machine:
        world.sync(machine, push=False)


def tidy(world: World) -> None:
    """A unit copies its WAL while nobody waits."""
    machine = _any(world)
    if machine:
        world.act(machine, "checkpoint", machine.tidy)


def start(world: World) -> None:
    """A unit that is down comes up."""
    down = [m for m in world.machines if not m.is_up and not m.broken]
    if down:
        world.start(world.luck.choice(down))


def kill(world: World) -> None:
    """A unit is killed or loses its power, and usually comes back at once."""
    machine = _any(world)
    if machine is None:
        return
    luck = world.luck
    if luck.random() < 0.3:
        machine.stop()
    else:
        machine.die()
    if luck.random() < 0.4:
        machine.hardware.cut_power(has_rtc=luck.random() >= world.mix.no_rtc)
    world.trace.note(world.now_s, f"{machine.name} is off")
    if luck.random() < 0.7:
        world.pass_s(luck.choice((1, 5, 40)))
        world.start(machine)


def fail_write(world: World) -> None:
    """One of the next writes of a unit fails, or is its last."""
    machine = _any(world)
    if machine:
        fault, after = world.luck.choice(FAULTS), world.luck.randrange(9)
        machine.disk.arm(after, fault)
        world.trace.note(world.now_s, f"{machine.name} write {after} {fault}")


def set_clock(world: World) -> None:
    """Somebody sets a wall clock."""
    machine = world.luck.choice(world.machines)
    machine.hardware.set_wall(world.luck.choice((-86400, -3600, -61, 0, 45, 3600, 86400)))


def save(world: World) -> None:
    """Somebody makes a picture of a unit's card."""
    machine = world.luck.choice(world.machines)
    if not machine.is_up:
        target = world.directory / f"saved-{machine.name}"
        copy_files(machine.directory, target)
        world.saved[machine.name] = target
        return
    machine.stop()
    target = world.directory / f"saved-{machine.name}"
    copy_files(machine.directory, target)
    world.saved[machine.name] = target
    world.start(machine)


def roll_back(world: World) -> None:
    """An older picture of a card is put back; its anchor may lie on another medium."""
    names = sorted(world.saved)
    if not names:
        save(world)
        return
    machine = world.machine(world.luck.choice(names))
    if machine is None:
        return
    machine.die()
    with_anchor = world.luck.random() < 0.3
    copy_files(world.saved[machine.name], machine.directory, anchor=with_anchor)
    world.trace.note(world.now_s, f"{machine.name} set back, anchor too: {with_anchor}")
    world.judge.rolled_back(machine, with_anchor=with_anchor)
    world.start(machine)


def clone(world: World) -> None:
    """A card is copied into a second till, which then claims to be the same unit."""
    originals = [m for m in world.machines if "'" not in m.name]
    machine = world.luck.choice(originals)
    if world.machine(machine.name + "'") or not machine.is_up:
        return
    machine.stop()
    boots = random.Random(world.luck.random())
    twin = Machine(
        machine.name + "'", (machine.unit, machine.keys), world.directory / f"{machine.name}-twin",
        Hardware(lambda: world.now_s, 0), network=world.network, boots=lambda: boots.randbytes(8),
        lane=world.lane,
    )  # fmt: skip
    copy_files(machine.directory, twin.directory)
    if world.luck.random() < 0.3:
        (twin.directory / "anchor").unlink(missing_ok=True)
    world.machines.append(twin)
    world.trace.note(world.now_s, f"{twin.name} is a copy of {machine.name}")
    world.judge.cloned(machine, twin)
    world.start(machine)
    world.start(twin)


def lose_anchor(world: World) -> None:
    """The medium of the anchor is lost or unreadable."""
    machine = world.luck.choice(world.machines)
    machine.die()
    anchor = machine.directory / "anchor"
    if anchor.exists() and world.luck.random() < 0.5:
        anchor.write_bytes(bytes(8192))
    else:
        anchor.unlink(missing_ok=True)
    world.trace.note(world.now_s, f"{machine.name} loses its anchor")
    world.judge.lost_anchor(machine)
    world.start(machine)


# --- the hub and the way there -------------------------------------------------------------------


def partition(world: World) -> None:
    """A direction breaks, or mends."""
    machine, luck = world.luck.choice(world.machines), world.luck
    cut = luck.choice((world.network.cut_up, world.network.cut_down))
    if machine.name in cut:
        cut.discard(machine.name)
    else:
        cut.add(machine.name)
    if luck.random() < 0.1:
        world.hub_is_down = not world.hub_is_down


def mend(world: World) -> None:
    """Everything between units and hub works again."""
    world.network.cut_up.clear()
    world.network.cut_down.clear()
    world.hub_is_down = False


def stray(world: World) -> None:
    """A message comes that nobody expects any more."""
    hub = None if world.hub_is_down else world.hub
    if hub:
        world.trace.note(world.now_s, world.network.deliver_stray(hub))


def steer(world: World) -> None:
    """Headquarters revokes, suspends, resumes, sells, or changes the policy."""
    luck, hub = world.luck, world.hub
    what = luck.randrange(6)
    voucher = luck.choice(world.vouchers)
    voucher_id = voucher.claims.voucher_id
    if what == 0:
        hub.change_status(voucher_id, Status.REVOKED, {Status.VALID, Status.SUSPENDED})
    elif what == 1:
        hub.change_status(voucher_id, Status.SUSPENDED, {Status.VALID})
    elif what == 2:
        hub.resume(voucher_id)
    elif what == 3:
        hub.set_policy(world.a_policy())
        world.note_policy()
    else:
        voucher = world.sell()
    world.trace.note(world.now_s, f"the hub steers {what} {voucher.name}")


def rotate(world: World) -> None:
    """New vouchers are signed with a new key."""
    world.kid = KeyId(world.kid + 1)
    world.hub.add_issuer_key(world.kid)
    world.sell()
    world.trace.note(world.now_s, f"key {world.kid}")


def revoke_unit(world: World) -> None:
    """A unit is stopped for good, or a quarantined one let go on."""
    machine = world.luck.choice(world.machines)
    state = world.hub.state_of(machine.unit)
    if state is UnitState.QUARANTINED:
        world.hub.set_state(machine.unit, UnitState.ACTIVE, int(world.now_s))
    elif world.luck.random() < 0.5:
        world.hub.set_state(machine.unit, UnitState.REVOKED, int(world.now_s))
        world.judge.unit_revoked()
    world.trace.note(
        world.now_s, f"{machine.unit} was {state}, is {world.hub.state_of(machine.unit)}"
    )


def restore_hub(world: World) -> None:
    """The hub is backed up, or set back to its backup."""
    if world.backup is None or world.luck.random() < 0.4:
        world.backup = world.hub.backup()
        return
    world.hub.restore(world.backup)
    world.pass_s(60)
    world.hub.begin_new_life(int(world.now_s))
    world.is_rewritten = True
    world.judge.hub_restored()
    world.note_policy()
    world.trace.note(world.now_s, "the hub is set back")


def second_hub(world: World) -> None:
    """A copy of the hub runs by mistake beside it, until somebody notices."""
    if world.second_hub is None:
        world.second_hub = copy.copy(world.hub)
        world.second_hub.restore(world.hub.backup())
        world.is_rewritten = True
        world.judge.hub_restored()
        world.trace.note(world.now_s, "there are two hubs")
    else:
        world.end_second_hub()
        world.trace.note(world.now_s, "there is one hub")


def pass_time(world: World) -> None:
    """Time passes."""
    luck = world.luck
    if luck.random() < world.mix.day:
        world.pass_s(luck.choice((3600, 7 * 3600, 86400, 4 * 86400)))
    else:
        world.pass_s(luck.choice((1, 3, 7, 20, 31, 65, 310, 700)))


STEPS = (
    Step("scan", lambda _: 30, scan),
    Step("ask again", lambda _: 6, ask_again),
    Step("second scan", lambda _: 4, second_scan),
    Step("void", lambda _: 4, void),
    Step("print", lambda _: 6, print_paper),
    Step("push", lambda _: 8, push),
    Step("pull", lambda _: 6, pull),
    Step("tidy", lambda _: 1, tidy),
    Step("start", lambda _: 5, start),
    Step("pass time", lambda _: 10, pass_time),
    Step("kill", lambda m: 60 * m.kill, kill),
    Step("fail write", lambda m: 80 * m.write_fault, fail_write),
    Step("set clock", lambda m: 50 * m.step_wall, set_clock),
    Step("partition", lambda m: 60 * m.partition, partition),
    Step("mend", lambda m: 40 * m.partition, mend),
    Step("stray", lambda m: 12 * m.replay + 20 * m.late, stray),
    Step("steer", lambda m: 50 * m.steer, steer),
    Step("rotate", lambda m: 60 * m.rotate, rotate),
    Step("revoke unit", lambda m: 60 * m.revoke_unit, revoke_unit),
    Step("restore hub", lambda m: 90 * m.restore_hub, restore_hub),
    Step("second hub", lambda m: 90 * m.second_hub, second_hub),
    Step("save", lambda m: 50 * m.roll_back, save),
    Step("roll back", lambda m: 60 * m.roll_back, roll_back),
    Step("clone", lambda m: 60 * m.clone, clone),
    Step("lose anchor", lambda m: 60 * m.lose_anchor, lose_anchor),
)
