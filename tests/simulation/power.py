"""Power cuts and media that forget, under the real SQL and the real anchor of one unit.

R1: on an honest disk a power cut takes nothing that a customer was told. R2: on one that lies,
rots, or is another one, every entry that is gone is named when the unit starts, or the unit does
not start at all, or the hub stops it at the first contact. Nothing is lost in silence.
"""

from __future__ import annotations

import contextlib
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from edge.bundles.identity import UnitKeys
from edge.contract.ids import EntryRef, UnitId
from edge.contract.policy import SoloLimits
from edge.contract.sync_message import UnitState
from edge.errors import EdgeError, HubUnreachable, JournalBroken, StoreUnavailable
from edge.journal.anchor import SLOT_BYTES, AnchorFile
from edge.journal.model import Mark
from edge.journal.store import Recorded
from edge.redemption.redeem import Presented
from tests import builders as b
from tests.edge import builders as e
from tests.edge.faults import UnpoweredDisk, mounted
from tests.simulation.disk import FILES, Crash, FaultyStore, copy_files
from tests.simulation.hub.thin_hub import ThinHub
from tests.simulation.machine import Hardware, Machine, new_files
from tests.simulation.rules.at_rest import journal_of

UNIT = UnitId("S0412-K1")
KEYS = UnitKeys(b.a_sign_key(UNIT), b.a_seal_key(UNIT))
PAGE_BYTES = 1024
REDEMPTIONS = 9
DAMAGES = (
    "flushes that are pretended", "a bit in the database", "a bit in the WAL",
    "a page of zeroes", "the database cut short", "the WAL cut short", "the WAL deleted",
    "an older card, the anchor kept", "an older card, anchor and all", "a copied card",
)  # fmt: skip
UNKNOWABLE = "an older card, anchor and all"
NOBODY = "nobody can know: the whole card is an older one, and the hub had not heard yet"


class Trial(NamedTuple):
    """What came of one.

    Args:
        told: What customers were told before; ``lost`` what of it is not there any more.
        silent: What of that nobody was told of; empty, or the promise is broken.
        named: How it was named, if anything was lost.
    """

    told: int
    lost: int
    silent: list[str]
    named: str


class _Line:
    """A wire that leads to the hub, if there is one."""

    def __init__(self, hub: ThinHub) -> None:
        self.hub = hub
        self.is_up = False

    def ask(self, machine: Machine, path: str, body: bytes, timeout_s: float) -> bytes:
        if not self.is_up:
            raise HubUnreachable("no network")
        return self.hub.post(path, body, b.NOW_S, b.NOW_S)


class PoweredMachine(Machine):
    """A till on a medium that can lose its power."""

    medium: UnpoweredDisk | None = None

    def make_store(self) -> FaultyStore:
        """Open its database on that medium."""
        vfs = self.medium.name if self.medium else ""
        return FaultyStore(self.directory / "unit.db", self.disk, vfs=vfs)

    def make_anchor(self) -> AnchorFile:
        """The anchor lies on the same medium."""
        path, key = self.directory / "anchor", self.keys.anchor_key()
        return UnpoweredAnchor(path, key, self.medium) if self.medium else AnchorFile(path, key)


class UnpoweredAnchor(AnchorFile):
    """An anchor whose writes may be torn, and whose flushes may be pretended."""

    def __init__(self, path: Path, key: bytes, medium: UnpoweredDisk) -> None:
        super().__init__(path, key)
        self._medium = medium

    def write(self, mark: Mark) -> None:
        """Write the mark, as far as there is power."""
        file = self._medium.medium(self.path)
        self._power()
        slot = self.slot_for(mark) * SLOT_BYTES
        super().write(mark)
        content = self.path.read_bytes()
        if len(file.flushed) != len(content):  # its first write makes it and flushes that
            file.flushed[:] = bytes(len(content))
        file.pending.append((slot, content[slot : slot + SLOT_BYTES]))
        self._power()
        if self._medium.luck.random() >= self._medium.lies:
            file.flush()

    def _power(self) -> None:
        try:
            self._medium.before_operation()
        except Exception as exc:
            raise Crash from exc


def cut(seed: int, directory: Path, templates: Path) -> Trial:
    """R1: cut the power somewhere in a busy minute on an honest medium."""
    luck = random.Random(seed)
    bench = Bench(directory, templates)
    found = bench.run(luck, cut_at=luck.randrange(10, 420), lies=0.0)
    return bench.judge(found, "")


def damage(seed: int, directory: Path, templates: Path) -> Trial:
    """R2: something happens to the medium that it must not do; which follows from the seed."""
    luck = random.Random(seed)
    kind = DAMAGES[seed % len(DAMAGES)]
    bench = Bench(directory, templates)
    lies = 0.2 if kind == DAMAGES[0] else 0.0
    cut_at = luck.randrange(60, 420) if lies or luck.random() < 0.5 else None
    found = bench.run(luck, cut_at=cut_at, lies=lies)
    _spoil(kind, found, bench.older, luck)
    return bench.judge(found, kind)


class Bench:
    """One unit, its hub, and a medium."""

    def __init__(self, directory: Path, templates: Path) -> None:
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        self.directory = directory
        self.older = directory / "older"
        self.told: list[Recorded] = []
        self.unknowable = 0
        policy = b.a_policy(solo=SoloLimits(10**6, 10**12, 10**6, 72))
        self.hub = ThinHub(policy)
        self.hub.add_unit(UNIT, KEYS)
        for number in range(REDEMPTIONS):
            self.hub.sell(b.some_claims(voucher_id=e.voucher(number)), 1)
        self.line = _Line(self.hub)
        new_files(UNIT, KEYS, templates, directory / "used")

    def machine(self, name: str, medium: UnpoweredDisk | None = None) -> PoweredMachine:
        """A till with the files of this name."""
        hardware = Hardware(lambda: float(b.NOW_S), 0)
        machine = PoweredMachine(
            name, (UNIT, KEYS), self.directory / name, hardware, network=self.line,
            boots=lambda: b"bootboot",
        )  # fmt: skip
        machine.medium = medium
        return machine

    def run(self, luck: random.Random, *, cut_at: int | None, lies: float) -> Path:
        """Let a busy minute pass until the power fails; return the files as they are found."""
        first = self.machine("used")
        first.start()
        self.line.is_up = True
        first.sync.sync_now()
        self.line.is_up = luck.random() < 0.5
        self._busy(first, luck, range(2))
        first.die()
        copy_files(first.directory, self.older)
        found = self.directory / "found"
        found.mkdir()
        with mounted(UnpoweredDisk(cut_at, luck, lies)) as medium:
            machine = self.machine("used", medium)
            for name in FILES:
                medium.medium(machine.directory / name)
            with contextlib.suppress(Crash, EdgeError):
                machine.start()
                self._busy(machine, luck, range(2, REDEMPTIONS))
            machine.die()
            with contextlib.suppress(EdgeError):
                machine.store.die()
            medium.write_out(found)
        return found

    def _busy(self, machine: Machine, luck: random.Random, vouchers: range) -> None:
        for number in vouchers:
            text = b.a_token(voucher_id=e.voucher(number))
            self.told.append(machine.redeemer.redeem(Presented(text, f"key {number}")))
            if luck.random() < 0.4:
                machine.receipts.print_next()
            if luck.random() < 0.3:
                machine.tidy()
            if luck.random() < 0.4:
                machine.sync.sync_now()

    def judge(self, found: Path, kind: str) -> Trial:
        """Start on what was found, meet the hub, and say what was lost in silence."""
        machine = self.machine("found")
        try:
            machine.start()
        except (JournalBroken, StoreUnavailable, ValueError) as exc:
            return Trial(
                len(self.told), len(self.told), [], f"does not start: {type(exc).__name__}"
            )
        try:
            silent = list(self._silent(machine, kind))
            here, _ = journal_of(machine)
        except JournalBroken as exc:
            machine.die()
            return Trial(len(self.told), len(self.told), [], f"stops: {type(exc).__name__}")
        lost = sum(here.get(r.entry.ref[1:]) != r.hash for r in self.told)
        gap = machine.journal.gap
        machine.die()
        named = str(gap.cause) if gap else "by the hub"
        return Trial(len(self.told), lost, silent, NOBODY if self.unknowable else named)

    def _silent(self, machine: Machine, kind: str) -> Iterator[str]:
        here, names = journal_of(machine)
        missing = [r for r in self.told if here.get(r.entry.ref[1:]) != r.hash]
        unnamed = [r for r in missing if not names(r.entry.ref)]
        twice = [
            r.entry.ref for r in self.told if r not in missing
            and self._again(machine, r).entry.accepted
        ]  # fmt: skip
        yield from (f"{ref} is taken again" for ref in twice)
        self.line.is_up = True
        with contextlib.suppress(JournalBroken):
            machine.sync.sync_now()
            machine.sync.sync_now()
        here, names = journal_of(machine)
        kept = self.hub.books.entries
        for recorded in unnamed:
            ref = recorded.entry.ref
            has = kept.get(EntryRef(*ref))
            at_hub = has is not None and has.hash == recorded.hash
            stopped = self.hub.state_of(UNIT) is not UnitState.ACTIVE
            if at_hub or names(ref) or stopped:
                continue  # named at the first contact, or not lost at all
            if kind == UNKNOWABLE:
                self.unknowable += 1
                continue
            yield f"{ref} is gone"

    def _again(self, machine: Machine, recorded: Recorded) -> Recorded:
        number = (recorded.entry.voucher_id or 0) - e.voucher(0)
        text = b.a_token(voucher_id=e.voucher(number))
        return machine.redeemer.redeem(Presented(text, f"again {number}"))


def _spoil(kind: str, found: Path, older: Path, luck: random.Random) -> None:
    database, wal = found / "unit.db", found / "unit.db-wal"
    if kind.startswith("a bit in"):
        _flip(database if kind == "a bit in the database" else wal, luck)
    elif kind == "a page of zeroes":
        content = bytearray(database.read_bytes())
        at = luck.randrange(len(content) // PAGE_BYTES) * PAGE_BYTES
        content[at : at + PAGE_BYTES] = bytes(PAGE_BYTES)
        database.write_bytes(content)
    elif kind.endswith("cut short"):
        path = database if kind.startswith("the database") else wal
        path.write_bytes(path.read_bytes()[: luck.randrange(1, max(2, path.stat().st_size))])
    elif kind == "the WAL deleted":
        wal.unlink(missing_ok=True)
    elif kind.startswith("an older card"):
        copy_files(older, found, anchor=kind.endswith("all"))


def _flip(path: Path, luck: random.Random) -> None:
    content = bytearray(path.read_bytes()) if path.exists() else bytearray()
    if content:
        at = luck.randrange(len(content) * 8)
        content[at // 8] ^= 1 << at % 8
        path.write_bytes(content)


def many(kind: str, seeds: range, directory: Path) -> tuple[Counter[str], list[str]]:
    """Run trials; return how each ended, and every silent loss."""
    ends: Counter[str] = Counter()
    silent: list[str] = []
    for seed in seeds:
        trial = (cut if kind == "cuts" else damage)(seed, directory / "bench", directory / "cards")
        ends["nothing lost" if not trial.lost else f"lost, named: {trial.named}"] += 1
        silent += [f"{kind} {seed}: {what}" for what in trial.silent]
        if kind == "cuts" and trial.lost:
            silent.append(f"cuts {seed}: {trial.lost} lost on an honest disk ({trial.named})")
    return ends, silent
