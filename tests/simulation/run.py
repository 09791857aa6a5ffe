"""Runs many seeds: how fast, how many, what was found; and one of them in full."""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from edge.contract.policy import Policy
from tests.simulation import power
from tests.simulation.bugs import BUGS, CANARY, Bug, planted
from tests.simulation.hub.thin_hub import ThinHub
from tests.simulation.rules.judge import RULES
from tests.simulation.trace import Trace, Violation
from tests.simulation.world import World

MEMORY = Path("/dev/shm")


@contextmanager
def workshop() -> Iterator[Path]:
    """A directory on memory, if this machine has one, that is gone at the end.

    Meanwhile the units say nothing: a world of errors would fill every screen.
    """
    units = logging.getLogger("edge")
    level = units.level
    units.setLevel(logging.CRITICAL + 1)
    parent = MEMORY if MEMORY.is_dir() else None
    directory = Path(tempfile.mkdtemp(prefix="tearoff-simulation-", dir=parent))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        units.setLevel(level)


def run_seed(
    seed: int, directory: Path, *, keep: bool = False,
    make_hub: Callable[[Policy], ThinHub] = ThinHub,
) -> Trace:  # fmt: skip
    """Run one seed and return its trace."""
    place = directory / "world"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    world = World(seed, place, directory / "templates", keep=keep, make_hub=make_hub)
    try:
        return world.run()
    finally:
        world.close()


class Tally:
    """What a run over many seeds has seen so far."""

    def __init__(self) -> None:
        self.seeds = 0
        self.steps = 0
        self.failed: list[tuple[int, Violation]] = []

    def add(self, seed: int, trace: Trace) -> None:
        """Count a seed."""
        self.seeds += 1
        self.steps += trace.step
        self.failed += [(seed, violation) for violation in trace.violations]

    def line(self, seconds: float) -> str:
        """Say it in one line."""
        rate = self.seeds / max(seconds, 0.001)
        return (
            f"{self.seeds:,} seeds, {len(self.failed)} violations;"
            f" {self.steps:,} steps, {seconds:.0f} s, {rate:.1f} seeds/s"
        )


def run_seeds(
    seeds: Iterable[int], directory: Path, *, until_s: float = 10**9, say: bool = False
) -> Tally:
    """Run seeds until one violates something, they are all done, or the time is up."""
    tally, began = Tally(), time.monotonic()
    told_at_s = began
    for seed in seeds:
        tally.add(seed, run_seed(seed, directory))
        now = time.monotonic()
        if tally.failed or now - began > until_s:
            break
        if say and now - told_at_s > 30:
            told_at_s = now
            print(f"  seed {seed}: {tally.line(now - began)}", file=sys.stderr, flush=True)
    return tally


def find(bug: Bug, directory: Path, seeds: Iterable[int]) -> tuple[int, Violation] | None:
    """Return the first seed at which a planted bug shows, and what it shows by."""
    with planted(bug):
        for seed in seeds:
            trace = run_seed(seed, directory)
            if trace.violations:
                return seed, trace.violations[0]
    return None


def main(args: Sequence[str] | None = None) -> int:
    """Do what the command line says; 0: nothing was violated (with --canary: it was found)."""
    asked = _parser().parse_args(args)
    with workshop() as directory:
        if asked.trace is not None:
            return _show(asked.trace, directory)
        if asked.cuts or asked.damage:
            kind = "cuts" if asked.cuts else "damage"
            return _medium(kind, asked.start, asked.cuts or asked.damage, directory)
        if asked.kills:
            return _kills(asked.kills)
        if asked.bugs:
            return _table(asked.seeds, asked.start, directory)
        if asked.canary:
            print(f"planted: {CANARY.name}")
        seeds = range(asked.start, asked.start + asked.seeds)
        began = time.monotonic()
        with planted(CANARY if asked.canary else None):
            tally = run_seeds(
                seeds, directory, until_s=asked.minutes * 60 if asked.minutes else 10**9, say=True
            )
        print(tally.line(time.monotonic() - began))
        for seed, violation in tally.failed:
            print(f"seed {seed}, step {violation.step}: {violation.what}")
            print(f"    {RULES[violation.rule]}")
        if tally.failed and not asked.canary:
            print(f"see it all:  ./run simulate --trace {tally.failed[0][0]}")
        return 1 if tally.failed else 0


def _show(seed: int, directory: Path) -> int:
    trace = run_seed(seed, directory, keep=True)
    print("\n".join(trace.lines))
    print(f"seed {seed}: {len(trace.violations)} violations, trace {trace.digest()[:16]}")
    return 1 if trace.violations else 0


def _table(most: int, start: int, directory: Path) -> int:
    """Look for every bug; print a table; 1 if one was not found."""
    missed = 0
    print("| bug | found at seed | by |\n|---|---|---|")
    for bug in BUGS:
        found = find(bug, directory, range(start, start + most))
        missed += found is None
        seed, by = (found[0] - start + 1, found[1].rule) if found else (f"not in {most}", "")
        print(f"| {bug.name} | {seed} | {by} |", flush=True)
    print(f"\n{len(BUGS)} bugs, {missed} not found")
    return 1 if missed else 0


def _medium(kind: str, start: int, count: int, directory: Path) -> int:
    """Cut the power or spoil the medium so often; print how each trial ended."""
    began = time.monotonic()
    ends, silent = power.many(kind, range(start, start + count), directory)
    for end, times in ends.most_common():
        print(f"{times:8,} {end}")
    print(f"{count:,} {kind}, {len(silent)} broken promises; {time.monotonic() - began:.0f} s")
    print(*silent, sep="\n")
    return 1 if silent else 0


def _kills(count: int) -> int:
    """Kill real processes so often, a quarter each of four kinds; one of them beside a hub."""
    tests = Path(__file__).parents[1] / "end_to_end" / "test_kill.py"
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:randomly", str(tests)]
    return subprocess.run(
        command, env={**os.environ, "TEAROFF_KILLS": str(-(-count // 4))}, check=False
    ).returncode


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./run simulate",
        description="Runs hub, units and customers in one process and in virtual time, made of"
        " the real core, while everything goes wrong that can. The same seed and commit give the"
        " same run. Ends with 1 if a promise was broken.",
    )
    parser.add_argument(
        "--seeds", type=int, default=1000, metavar="N", help="how many (default: 1000)"
    )
    add = parser.add_argument
    add("--from", dest="start", type=int, default=0, metavar="S", help="the first (default: 0)")
    add("--minutes", type=float, default=0, metavar="M", help="stop after so many minutes")
    add("--trace", type=int, metavar="SEED", help="show one seed line by line")
    add(
        "--canary",
        action="store_true",
        help="plant a known bug: it must be found, so it ends with 1",
    )
    add(
        "--cuts",
        type=int,
        default=0,
        metavar="N",
        help="instead: N power cuts under the real SQL and the anchor",
    )
    add(
        "--damage",
        type=int,
        default=0,
        metavar="N",
        help="instead: N media that lie, rot, or are other ones",
    )
    add("--kills", type=int, default=0, metavar="N", help="instead: N SIGKILLs of real units")
    add(
        "--bugs",
        action="store_true",
        help="look for each planted bug in up to --seeds seeds; print a table",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
