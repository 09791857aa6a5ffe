"""Receipts on a printer that misbehaves, by a unit that is killed at every step of printing.

``python -m tests.end_to_end.paper_chaos --receipts 1000 --seed 1`` plays the long one and says what
became of each paper. What must hold: no receipt is lost, none comes twice without a mark, and a
key paper that bears a key never comes twice by itself.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import re
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, NamedTuple

from edge.contract.ids import Epoch
from edge.contract.policy import SoloLimits
from edge.devices.paper import Row
from edge.devices.ports import Outcome, PrinterState
from edge.devices.printer_escpos import EscposPrinter
from edge.devices.simulated.printer import SimulatedPrinter
from edge.receipt.key_papers import KeyPaper
from edge.receipt.spool import Event, Job
from edge.redemption.print_receipts import ReceiptPrinter
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import Rig, a_policy_message, a_printer_profile, first_word

_FORKSERVER = multiprocessing.get_context("forkserver")
HEADER = "欢迎光临"
"""Stands once on every receipt, above everything that differs."""
KEY_HEAD = "Card key"

BAD_DAY: list[dict[str, Any]] = [
    {"paper_end": True}, {"cover_open": True}, {"error": True}, {"paper_low": True},
    {"wrong_ack": True}, {"drop_after": 5}, {"drop_after": 120}, {"drop_after": 333},
    {"stall_after": 60}, {"stall_after": 400}, {"mute": True}, {"garbage": True},
    {"slow_bytes_per_s": 20_000},
]  # fmt: skip
STEPS = ("asked", "taken", "on the wire", "written", "reported")
"""Where a unit is killed: before a paper is taken, once it is, between any two bytes that go to
the printer or come from it, before its end is noted, and after."""


class Kill(NamedTuple):
    """At which step to die, and at the how many-th time that it comes."""

    step: str = ""
    after: int = 0


# --- the unit, in a process of its own -----------------------------------------------------------


class Deathtrap:
    """Counts the steps, and kills its process at the one it is told."""

    def __init__(self) -> None:
        self.kill = Kill()

    def step(self, name: str) -> None:
        if name != self.kill.step:
            return
        if self.kill.after == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.kill = self.kill._replace(after=self.kill.after - 1)


class TrappedPrinter:
    """A real one at a wire whose clock is a trap. Implements ``devices.ports.Printer``."""

    columns = 48
    why = ""

    def __init__(self, url: str, trap: Deathtrap) -> None:
        self._url, self._trap = url, trap
        self.wait_ms = 20_000
        self._ticks = 0.0

    def state(self) -> PrinterState:
        state = self._printer().state()
        self._trap.step("asked")
        return state

    def print(self, rows: Sequence[Row]) -> Outcome:
        outcome = self._printer().print(rows)
        self._trap.step("written")
        return outcome

    def close(self) -> None:
        pass

    def _printer(self) -> EscposPrinter:
        profile = a_printer_profile(
            link={"io_ms": self.wait_ms}, status_query={"done_ms": self.wait_ms}
        )
        return EscposPrinter(self._url, profile, self._steady_s)

    def _steady_s(self) -> float:
        # It is read before each wait: for a connection, a write, an answer.
        self._trap.step("on the wire")
        return os.times().elapsed


class TrappedSpool:
    """The spool of a unit, with steps before and after what it notes."""

    def __init__(self, rig: Rig, trap: Deathtrap) -> None:
        self._spool, self._trap = rig.core.spool, trap

    def owed(self) -> int:
        return self._spool.owed()

    def take(self) -> Job | None:
        job = self._spool.take()
        self._trap.step("taken")
        return job

    def report(self, job: Job, event: Event, error: str = "") -> Job:
        done = self._spool.report(job, event, error)
        self._trap.step("reported")
        return done


def be_a_unit(directory: str, url: str, pipe: Connection) -> None:
    """Do what is asked at the pipe until it ends, or this process does."""
    trap = Deathtrap()
    printer = TrappedPrinter(url, trap)
    # Nothing is pushed on this day, and a unit may accept only so much alone.
    solo = SoloLimits(count=1_000_000, sum_minor=10**12, per_10_min=1_000_000, hours=72)
    word = [*first_word(), a_policy_message(b.a_policy(version=2, solo=solo))]
    rig = Rig(Path(directory), printer=printer, word=word)
    rig.core.spool.recover()
    spool: Any = TrappedSpool(rig, trap)
    receipts = ReceiptPrinter(spool, rig.core.papers, printer)
    pipe.send("up")
    with suppress(EOFError):
        while True:
            verb, *given = pipe.recv()
            if verb == "redeem":
                pipe.send(_redeem(rig, *given))
            elif verb == "print":
                printer.wait_ms, trap.kill = given
                receipts.print_next()
                trap.kill = Kill()
                pipe.send(rig.core.spool.owed())
            elif verb == "decide":
                pipe.send(_decide(rig))
    rig.close()


def _redeem(rig: Rig, number: int, with_key: bool) -> int:
    recorded = rig.present(b.a_token(voucher_id=e.voucher(number)), key=f"voucher {number}")
    assert recorded.entry.accepted
    if with_key:
        key_paper = KeyPaper(KEY_HEAD, (f"KEY-{number:05}-KEY",))
        assert rig.core.key_papers.add(Epoch(1), recorded.entry.seq, number.to_bytes(16), key_paper)
    return int(recorded.entry.seq)


def _decide(rig: Rig) -> list[int]:
    """A person looks at the printer: receipts once more, keys not; return those entries."""
    held = rig.core.spool.held()
    for job in held:
        rig.core.spool.decide(job.id, Event.ABANDONED if job.key_paper else Event.COPIED)
    return [int(job.seq) for job in held if job.key_paper]


class Unit:
    """That process, and the next one after it was killed."""

    def __init__(self, directory: Path, url: str) -> None:
        self._args = (str(directory), url)
        self._process: ForkServerProcess | None = None
        self._pipe: Connection | None = None

    def ask(self, *words: Any) -> Any:
        """Have it do something; None if it died of it."""
        if self._process is None:
            self._begin()
        assert self._pipe is not None
        try:
            self._pipe.send(words)
            return self._pipe.recv()
        except (EOFError, OSError):
            self.end()
            return None

    def end(self) -> None:
        """Forget the process, once it has ended."""
        if self._process is not None and self._pipe is not None:
            self._pipe.close()
            self._process.join(60)
            assert self._process.exitcode in {0, -signal.SIGKILL}, self._process.exitcode
            self._process = None

    def _begin(self) -> None:
        _FORKSERVER.set_forkserver_preload(["edge.cli", "tests.edge.builders", __name__])
        self._pipe, other = _FORKSERVER.Pipe()
        self._process = _FORKSERVER.Process(target=be_a_unit, args=(*self._args, other))
        self._process.start()
        other.close()
        assert self._pipe.recv() == "up"


# --- the day -------------------------------------------------------------------------------------


@dataclass
class Day:
    """What became of the papers of one day."""

    receipts: list[int] = field(default_factory=list)
    key_papers: dict[int, int] = field(default_factory=dict)
    """Voucher by entry."""
    keys_given_up: list[int] = field(default_factory=list)
    prints: Counter[tuple[int, int]] = field(default_factory=Counter)
    """How often an entry's receipt can be read, by copy; 0 is the original without a mark."""
    keys: Counter[int] = field(default_factory=Counter)
    """How often a key paper's key can be read, by voucher."""
    kills: Counter[str] = field(default_factory=Counter)

    def lost(self) -> list[int]:
        """Entries without any receipt, and key papers that nobody gave up and nobody has."""
        printed = {entry for entry, _ in self.prints}
        key_papers = {
            entry for entry, number in self.key_papers.items()
            if not self.keys[number] and entry not in self.keys_given_up
        }  # fmt: skip
        return sorted((set(self.receipts) - printed) | key_papers)

    def doubled(self) -> list[tuple[int, int]]:
        """Papers that look alike: the same entry and copy twice, or a key twice."""
        papers = [which for which, times in self.prints.items() if times > 1]
        return sorted(papers + [(-number, 0) for number, times in self.keys.items() if times > 1])


class Paper:
    """The roll: what came out of the printer, kept although the printer forgets old papers."""

    def __init__(self, printer: SimulatedPrinter) -> None:
        self._printer = printer
        self._texts: dict[int, str] = {}

    def look(self) -> None:
        self._texts |= {paper.number: paper.text for paper in self._printer.papers()}

    def read(self, day: Day) -> None:
        """Count what can be read on it."""
        self.look()
        roll = [text for _, text in sorted(self._texts.items())]
        whole = "\n".join([*roll, self._printer.open_paper().text])
        for receipt in whole.split(HEADER)[1:]:
            entry = re.search(r"S0412-K1/1/(\d+) [0-9a-f]{8}\b", receipt)
            # Before the entry: what follows may be the beginning of another paper.
            copy = re.search(r"COPY (\d+)", receipt[: entry.start()] if entry else "")
            if entry:
                day.prints[int(entry[1]), int(copy[1]) if copy else 0] += 1
        day.keys.update(int(number) for number in re.findall(r"KEY-(\d+)-KEY", whole))


def turn(printer: SimulatedPrinter, luck: random.Random) -> None:
    """Something happens to the printer, mostly nothing."""
    good = dict.fromkeys(("drop_after", "stall_after", "slow_bytes_per_s"))
    flags = ("paper_end", "cover_open", "error", "paper_low", "wrong_ack", "mute", "garbage")
    printer.faults.change(**good, **dict.fromkeys(flags, False))
    if luck.random() < 0.3:
        printer.faults.change(**luck.choice(BAD_DAY))
    elif luck.random() < 0.1:
        printer.power_cycle()


def wait_ms(printer: SimulatedPrinter) -> int:
    """Wait long for an answer that will come, briefly for one that will not."""
    faults = printer.faults.now()
    withholds = faults.mute or faults.garbage or faults.wrong_ack or faults.stall_after is not None
    return 100 if withholds else 20_000


def a_kill(luck: random.Random) -> Kill:
    """Where the unit dies with this paper; mostly it does not."""
    if luck.random() >= 0.2:
        return Kill()
    step = luck.choice(STEPS)
    return Kill(step, luck.randrange(20) if step == "on the wire" else 0)


def play(directory: Path, receipts: int, seed: int) -> Day:
    """Redeem and print so many vouchers on a bad day."""
    luck, day = random.Random(seed), Day()
    with SimulatedPrinter(buffered=True) as printer:
        unit, paper = Unit(directory / "unit", printer.url), Paper(printer)
        for number in range(receipts):
            with_key = number % 10 == 0
            seq = unit.ask("redeem", number, with_key)
            day.receipts.append(seq)
            if with_key:
                day.key_papers[seq] = number
            turn(printer, luck)
            kill = a_kill(luck)
            if unit.ask("print", wait_ms(printer), kill) is None:
                day.kills[kill.step] += 1
            if number % 50 == 49:
                paper.look()
        turn(printer, random.Random(0))
        printer.faults.change(**dict.fromkeys(("drop_after", "stall_after")))
        for _ in range(20 * receipts):
            owed = unit.ask("print", 20_000, Kill())
            paper.look()
            if owed == 0:
                held = unit.ask("decide")
                day.keys_given_up += held
                if unit.ask("print", 20_000, Kill()) == 0 and not held:
                    break
        unit.end()
        paper.read(day)
    return day


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--receipts", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        day = play(Path(directory), given.receipts, given.seed)
    copies = sum(times for (_, copy), times in day.prints.items() if copy)
    kills = sum(day.kills.values())
    print(f"{len(day.receipts)} receipts, {len(day.key_papers)} key papers, {kills} kills")
    for step in STEPS:
        print(f"  killed when {step}: {day.kills[step]}")
    print(f"lost: {len(day.lost())} {day.lost()[:5]}")
    print(f"twice without a mark: {len(day.doubled())} {day.doubled()[:5]}")
    print(f"marked copies: {copies}; key papers left to a person: {len(day.keys_given_up)}")
    sys.exit(1 if day.lost() or day.doubled() else 0)


if __name__ == "__main__":
    main()
