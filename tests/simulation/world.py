"""One world: a hub, its units, their customers, and everything that goes wrong, from one seed.

Time is a number, threads are calls, and every choice comes from one ``random.Random``. While a
unit waits for the hub, others act; so requests interleave as threads would let them.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from edge.bundles.identity import UnitKeys
from edge.contract.ids import EntryRef, KeyId, UnitId
from edge.contract.lease import LeaseRequest
from edge.contract.policy import Mode, Policy, SoloLimits
from edge.contract.sync_message import UnitState
from edge.errors import EdgeError, JournalBroken, StoreUnavailable
from edge.journal.store import Recorded
from tests import builders as b
from tests.simulation import further, steps
from tests.simulation.customers import Asked, Phone, Voucher, sell
from tests.simulation.disk import Crash
from tests.simulation.hub.thin_hub import ThinHub
from tests.simulation.lan.node import Lane, LanNode
from tests.simulation.lan.tasks import Tasks
from tests.simulation.lan.wires import Cable, Wires
from tests.simulation.machine import Hardware, Machine, new_files
from tests.simulation.mix import Mix, draw, further_of
from tests.simulation.network import SimulatedNetwork
from tests.simulation.rules.judge import Judge
from tests.simulation.trace import Trace

T = TypeVar("T")
DELAYS_S = ((0.0005, 0.003), (0.001, 0.008), (0.002, 0.06))
"""How long a datagram of the store takes, at least and at most."""

HEALING_ROUNDS = 12
"""Rounds of pull and push after which units and hub must be in step."""


class World:
    """Everything of one seed.

    Args:
        directory: On memory, empty: here the units' files lie.
        make_hub: Makes the hub; the thin one unless the real one is to be tried.

    Attributes:
        policies: Every policy that the hub has ever signed, by version.
        further: Draws what the first worlds did not have, so that those stay what they were.
        saved: Files of a machine at some earlier moment, by machine.
        wanted: Leases that units have asked for; ``phones`` sales that phones were to verify.
        parts: What was asked to be taken back of an acceptance: till, entry, amount, key.
        is_rewritten: The hub has forgotten something: what it promises exactly, it cannot keep.
    """

    def __init__(
        self, seed: int, directory: Path, templates: Path, *, keep: bool = False,
        make_hub: Callable[[Policy], ThinHub] = ThinHub,
    ) -> None:  # fmt: skip
        self.luck = random.Random(seed)
        self.further = further_of(seed)
        self.mix = draw(self.luck, self.further)
        self.trace = Trace(keep=keep)
        self.now_s = float(b.NOW_S)
        self.directory = directory
        self.templates = templates
        self.hub = make_hub(self.a_policy())
        self.second_hub: ThinHub | None = None
        self.backup: object = None
        self.is_rewritten = False
        self.hub_is_down = False
        self.policies: dict[int, Policy] = {}
        self.vouchers: list[Voucher] = []
        self.asked: list[Asked] = []
        self.wanted: list[LeaseRequest] = []
        self.phones: list[Phone] = []
        self.parts: list[tuple[str, EntryRef, int, str]] = []
        self.saved: dict[str, Path] = {}
        self.judge = Judge(self)
        self.network = SimulatedNetwork(
            self.mix, self.luck, self.hub_of, lambda: self.now_s, self.pass_s, self.meanwhile
        )
        luck = random.Random(f"lan {seed}")
        cable = Cable(self.mix.lan_loss, luck.choice(DELAYS_S), self.mix.lan_loss / 2)
        self.wires = Wires(
            cable, luck, lambda: self.now_s, self._set_time,
            self._let,
        )  # fmt: skip
        self.tasks = Tasks(self.wires)
        self.lane = Lane(
            self.wires.carry, self._wait, self.wires.join, self.wires.leave, luck.randbytes
        ) if self.mix.lan else None  # fmt: skip
        self.hub.has_lan = self.mix.lan > 0
        self.machines: list[Machine] = []
        self.depth = 0
        self.kid = KeyId(1)
        for number in range(1, self.mix.units + 1):
            self.add_machine(number)
        for _ in range(self.mix.vouchers):
            self.sell()
        self.note_policy()
        for _ in range(2 if self.mix.lease or self.mix.part else 0):
            self.sell(self.further, self.mix._replace(stored=1.0))

    # --- running ---------------------------------------------------------------------------------

    def run(self) -> Trace:
        """Let everything happen, let everything heal, and judge. Returns what was seen."""
        self.trace.note(self.now_s, f"{self.mix}")
        self.network.is_healed = True
        for machine in self.machines:
            self.start(machine)
            self.sync(machine)
        if self.mix.lan:
            self.pass_s(4)  # they find one another
        self.network.is_healed = False
        for number in range(1, self.mix.steps + 1):
            self.trace.step = number
            steps.one(self)
            further.one(self)
            self.judge.after_step()
            if self.trace.violations:
                break
        if not self.trace.violations:
            self.heal()
            self.judge.at_rest()
        for machine in self.machines:
            machine.die()
        return self.trace

    def heal(self) -> None:
        """Mend everything and let units and hub talk until nothing is left to say."""
        self.trace.step += 1
        self.network.heal()
        self.wires.heal()
        self.hub_is_down = False
        self.end_second_hub()
        for machine in self.machines:
            machine.disk.heal()
            machine.hardware.set_wall(0)
        self.pass_s(900)
        for number in range(HEALING_ROUNDS):
            for machine in self.machines:
                if not machine.is_up:
                    self.start(machine)
                if machine.is_up:
                    self.sync(machine)
            if number == 2:
                self._look_at_quarantined()
            self.pass_s(60)
            if number >= 4 and all(m.is_up and not m.journal.unpushed() for m in self.machines):
                break
        self.trace.note(self.now_s, "healed")

    def _look_at_quarantined(self) -> None:
        """Somebody takes the copied cards out, and lets the units go on."""
        for machine in [m for m in self.machines if "'" in m.name]:
            self.trace.note(self.now_s, f"{machine.name} is taken away")
            machine.stop()
            self.judge.withdraw(machine)
            self.machines.remove(machine)
        for unit in sorted({m.unit for m in self.machines}):
            if self.hub.state_of(unit) is UnitState.QUARANTINED:
                self.hub.set_state(unit, UnitState.ACTIVE, int(self.now_s))

    # --- the parts -------------------------------------------------------------------------------

    def add_machine(self, number: int) -> None:
        """Add a till of a unit of its own, enrolled."""
        unit = UnitId(f"S0412-K{number}")
        keys = UnitKeys(b.a_sign_key(unit), b.a_seal_key(unit))
        self.hub.add_unit(unit, keys)
        name = f"K{number}"
        drift = self.luck.choice((-1, 1)) * self.mix.drift_ppm
        hardware = Hardware(lambda: self.now_s, drift)
        directory = self.directory / name
        new_files(unit, keys, self.templates, directory)
        boots = random.Random(self.luck.random())
        self.machines.append(
            Machine(name, (unit, keys), directory, hardware, network=self.network,
                    boots=lambda: boots.randbytes(8), lane=self.lane)
        )  # fmt: skip

    def end_second_hub(self) -> None:
        """The copy of the hub is found and ended, and its operator says so to the other one."""
        if self.second_hub is not None:
            self.second_hub = None
            self.pass_s(60)
            self.hub.begin_new_life(int(self.now_s))
            self.note_policy()
            self.judge.hub_restored()

    def sell(self, luck: random.Random | None = None, mix: Mix | None = None) -> Voucher:
        """Sell one more voucher."""
        number = len(self.vouchers) + 1
        voucher = sell(luck or self.luck, mix or self.mix, number, self.now_s, self.kid)
        self.vouchers.append(voucher)
        self.hub.sell(voucher.claims, voucher.capacity)
        return voucher

    def a_policy(self) -> Policy:
        """Draw a policy; its limits are narrow, so that they are met."""
        luck = self.luck
        modes = {Mode.SOLO} if luck.random() < 0.9 else set()
        if luck.random() < self.mix.online or not modes:
            modes.add(Mode.ONLINE)
        modes |= {Mode.LEASE} if self.mix.lease else set()
        modes |= {Mode.GRANT} if self.mix.grant else set()
        modes |= {Mode.LAN, Mode.DEGRADED} if self.mix.lan else set()
        floor = luck.choice((3000, 9000, 25000))
        return Policy(
            version=1, currency="CNY", modes=frozenset(modes),
            floors={
                Mode.SOLO: (floor, floor // 2, floor // 4, 0),
                Mode.DEGRADED: (2 * floor, floor, floor // 2, floor // 4),
            },
            solo=SoloLimits(
                count=luck.choice((2, 5, 12, 40)), sum_minor=luck.choice((20_000, 90_000, 10**6)),
                per_10_min=luck.choice((2, 4, 10, 40)), hours=luck.choice((1, 24, 72)),
            ),
            void_s=luck.choice((60, 900)),
            online_permille=self.further.choice((0, 0, 300)) if self.mix.lan else 0,
        )  # fmt: skip

    def note_policy(self) -> None:
        """Remember what the hub has just signed, for the judge."""
        policy = self.hub.policy()
        self.policies[policy.version] = policy

    def hub_of(self, machine: Machine) -> ThinHub | None:
        """Return the hub that a machine reaches now."""
        if self.hub_is_down:
            return None
        if self.second_hub is not None and self.luck.random() < 0.5:
            return self.second_hub
        return self.hub

    # --- doing -----------------------------------------------------------------------------------

    def pass_s(self, seconds: float) -> None:
        """Let time pass; others of the store, and others at the tills, go on meanwhile."""
        if self.tasks.current is not None:
            self.tasks.sleep(seconds)
        elif self.mix.lan:
            self.wires.advance(seconds)
        else:
            self.now_s += seconds

    def _set_time(self, at_s: float) -> None:
        self.now_s = at_s

    def _let(self, node: LanNode, do: Callable[[], None]) -> None:
        self.act(node.machine, "hears", do)

    def _wait(self, node: LanNode, seconds: float) -> None:
        """Let a node wait for the others of the store."""
        if node.is_up and node.machine.store.is_held():
            self.network.held_lock.add(node.name)
        if self.tasks.current is not None:
            self.tasks.sleep(seconds, node)
        else:
            self.wires.advance(seconds, node)

    def act(self, machine: Machine, what: str, do: Callable[[], T]) -> T | None:
        """Let a machine do something; None if it could not, or died of it."""
        try:
            return do()
        except Crash:
            self.trace.note(self.now_s, f"{machine.name} dies: {what}")
            machine.die()
        except EdgeError as exc:
            self.trace.note(self.now_s, f"{machine.name} {what}: {exc.slug}")
            if isinstance(exc, JournalBroken):
                self.judge.broken(machine, str(exc))
            elif not isinstance(exc, StoreUnavailable):
                self.judge.error(machine, exc)
        except Exception as exc:
            self.trace.note(self.now_s, f"{machine.name} {what}: {type(exc).__name__}")
            self.trace.accuse("no-surprise", f"{machine.name} {what}: {type(exc).__name__}: {exc}")
            if self.trace.is_kept:
                raise
        return None

    def start(self, machine: Machine) -> None:
        """Start a machine that does not run."""
        self.act(machine, "start", machine.start)
        if machine.is_up:
            gap = machine.journal.gap
            told = "" if gap is None else f", reports {gap.cause} {gap.epoch}/{gap.known_seq}"
            tail = machine.journal.tail
            self.trace.note(self.now_s, f"{machine.name} starts at {tail.epoch}/{tail.seq}{told}")
            self.judge.started(machine)

    def sync(self, machine: Machine, *, pull: bool = True, push: bool = True) -> None:
        """Let a machine pull and push one round each."""

        def rounds() -> str:
            done = []
            for is_wanted, loop in ((pull, machine.sync.pulling), (push, machine.sync.pushing)):
                if is_wanted:
                    ok = loop.round()
                    done.append("ok" if ok else loop.last_error[:60])
                    if loop.last_error == "unexpected error":
                        self.trace.accuse("no-surprise", f"{machine.name} sync")
            return ", ".join(done)

        what = "+".join(w for w, on in (("pull", pull), ("push", push)) if on)
        told = self.act(machine, what, rounds)
        if told is not None:
            tail = machine.journal.acked
            at = f"{tail.epoch}/{tail.seq}"
            self.trace.note(self.now_s, f"{machine.name} {what}: {told}; acked {at}")
            self.judge.synced(machine)

    def redeem(self, asked: Asked) -> Recorded | None:
        """Let a POS ask its till; note what it is told."""
        machine = self.machine(asked.machine)
        if machine is None or not machine.is_up:
            return None
        before = self.judge.before(machine, asked)
        recorded = self.act(
            machine, f"scan {asked.voucher.name}",
            lambda: machine.redeemer.redeem(asked.presented),
        )  # fmt: skip
        if recorded is not None:
            entry = recorded.entry
            verdict = f"{entry.mode and entry.mode.name} {entry.amount} {entry.reason or ''}"
            self.trace.note(
                self.now_s,
                f"{machine.name} {entry.epoch}/{entry.seq} {asked.voucher.name} {verdict}"
                f" {recorded.hash[:4].hex()}",
            )
            self.judge.told(machine, asked, recorded, before)
        return recorded

    def meanwhile(self, waiting: Machine) -> None:
        """While one waits for the hub, others may act; the same till has other clerks."""
        if self.tasks.current is not None:
            return  # there are others already
        if self.depth < 2 and self.luck.random() < self.mix.meanwhile:
            self.depth += 1
            try:
                steps.small(self, waiting)
                further.one(self)
            finally:
                self.depth -= 1

    def machine(self, name: str) -> Machine | None:
        """Return a machine by its name."""
        return next((m for m in self.machines if m.name == name), None)

    def close(self) -> None:
        """Throw the files away."""
        shutil.rmtree(self.directory, ignore_errors=True)
