"""Trials of the claim in virtual time: one voucher at several tills at about the same moment.

    python -m tests.edge.peers.trials [--trials N] [--seed S]

prints the table of docs/explanation/offline-limits.md. Seeds are worlds; each is used for several
vouchers one after the other.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from edge.contract.ids import VoucherId
from edge.contract.policy import EXACT, Mode
from tests.edge.peers.world import Network, Till, World

PRESENTED_WITHIN_S = 0.3
VOUCHERS_PER_WORLD = 40


class Fault(NamedTuple):
    """What may go wrong while a voucher is presented.

    Args:
        kills: How likely a till is killed at some moment, and started again after a while.
        cuts: How likely a direction between two tills is cut for a while.
        online: How likely a till reaches the hub.
    """

    kills: float = 0.0
    cuts: float = 0.0
    online: float = 0.0


CALM = Fault()
STORMY = Fault(kills=0.1, cuts=0.1, online=0.3)


@dataclass
class Result:
    """What came of some trials.

    Args:
        double: Vouchers of which the exact modes took more than there was.
        at_risk: Vouchers of which all modes together did.
    """

    trials: int = 0
    double: int = 0
    at_risk: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    waits_s: list[float] = field(default_factory=list)
    double_seeds: list[int] = field(default_factory=list)

    def wait_ms(self, share: float) -> int:
        """Return what a customer waits for the other tills at most, in this share of cases."""
        waits = sorted(self.waits_s)
        return round(waits[min(len(waits) - 1, int(len(waits) * share))] * 1000) if waits else 0


def one_world(
    seed: int, tills: int, network: Network, fault: Fault, result: Result,
    vouchers: int = VOUCHERS_PER_WORLD, *, gullible: bool = False,
) -> None:  # fmt: skip
    """Present vouchers one after the other in a world of this seed."""
    world = World(seed, tills, network)
    world.gullible = gullible
    world.run(3.0)
    for number in range(vouchers):
        voucher_id = VoucherId(0x100000000000 + number)
        capacity = world.random.choice((1, 1, 10))
        for till in world.random.sample(world.tills, min(tills, world.random.choice((2, 2, 3)))):
            amount = world.random.randint(1, capacity)
            when_s = world.random.uniform(0, PRESENTED_WITHIN_S)
            world.later(when_s, partial(till.present, voucher_id, amount, capacity))
            again_s = world.random.uniform(0.4, 2.5)
            world.later(again_s, partial(till.present, voucher_id, amount, capacity))
        _trouble(world, fault)
        world.run(world.random.uniform(1.0, 4.0))
        result.trials += 1
        if world.taken(voucher_id, EXACT) > capacity:
            result.double += 1
            result.double_seeds.append(seed)
        result.at_risk += world.taken(voucher_id, frozenset(Mode)) > capacity
    result.outcomes.update(world.outcomes)
    result.waits_s += world.waits_s


def _trouble(world: World, fault: Fault) -> None:
    chance = world.random.random
    for till in world.tills:
        till.reaches_hub = chance() < fault.online
        moment_s, back_s = world.random.uniform(0, 0.6), world.random.uniform(0.7, 5.0)
        if till.core and chance() < fault.kills:
            world.later(moment_s, till.kill)
            world.later(back_s, partial(_start_again, till))
        if chance() < fault.cuts:
            other = world.random.choice(world.tills)
            cut = (till.unit, other.unit)
            world.later(moment_s, partial(world.cut.add, cut))
            world.later(back_s, partial(world.cut.discard, cut))


def _start_again(till: Till) -> None:
    if till.core is None:
        till.start()


def seeds(first: int) -> Iterator[int]:
    """Yield seeds without end."""
    while True:
        yield first
        first += 1


def table(trials: int, seed: int) -> list[tuple[str, int, Result]]:
    """Run this many trials for each row; the last row is the storm."""
    rows: list[tuple[str, int, Result]] = []
    kinds = [(f"loss {loss:.0%}", Network(loss, doubled=loss / 2), CALM) for loss in (0, 0.02, 0.2)]
    kinds.append(("storm, loss 10%", Network(0.1, (0.001, 0.05), 0.05), STORMY))
    for name, network, fault in kinds:
        for tills in (2, 3, 5, 8):
            result, numbers = Result(), seeds(seed)
            while result.trials < trials:
                one_world(next(numbers), tills, network, fault, result)
            rows.append((name, tills, result))
    return rows


def main() -> int:
    """Print the table; 1 if anything was accepted twice in the modes that promise otherwise."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=700, help="for each of 16 rows")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    began_s = time.monotonic()
    print("| network | tills | trials | double, modes 1–4 | double, at risk | LAN |"
          " degraded | wait p50 / p99 |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|")
    rows = table(args.trials, args.seed)
    for name, tills, r in rows:
        accepted = sum(r.outcomes[m.name] for m in Mode) or 1
        lan, degraded = r.outcomes["LAN"] / accepted, r.outcomes["DEGRADED"] / accepted
        print(f"| {name} | {tills} | {r.trials} | {r.double} | {r.at_risk} | {lan:.1%} |"
              f" {degraded:.1%} | {r.wait_ms(0.5)} / {r.wait_ms(0.99)} ms |")  # fmt: skip
    total, double = sum(r.trials for *_, r in rows), sum(r.double for *_, r in rows)
    print(f"\n{total} trials, {double} double acceptances in modes 1–4,"
          f" {time.monotonic() - began_s:.0f} s; seeds from {args.seed}")  # fmt: skip
    for name, tills, r in rows:
        if r.double_seeds:
            print(f"{name}, {tills} tills: seeds {r.double_seeds}")
    return 1 if double else 0


if __name__ == "__main__":
    sys.exit(main())
