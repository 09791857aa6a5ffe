"""Feeds every parser of outside bytes with altered ones, and says how quickly.

    ./run fuzz                       a million executions
    ./run fuzz --executions 20000 "bundle file" token
    ./run fuzz --seed 1000000        others than the first million

Exit code 1 if a parser raised what it may not; the bytes are printed, and belong into a test.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.fuzz.feed import Defect, feed
from tests.fuzz.targets import TARGETS


def main() -> int:
    """Feed what was asked for."""
    parser = argparse.ArgumentParser(prog="./run fuzz", description=__doc__.splitlines()[0])
    names = ", ".join(TARGETS)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"any of {names}")
    parser.add_argument("--executions", type=int, default=1_000_000, help="all together")
    parser.add_argument("--seed", type=int, default=0, help="number of the first alteration")
    options = parser.parse_args()
    unknown = set(options.targets) - set(TARGETS)
    if unknown:
        parser.error(f"there is no target {', '.join(sorted(unknown))}")
    chosen = [TARGETS[name] for name in options.targets or TARGETS]
    each = -(-options.executions // len(chosen))
    began = time.monotonic()
    defects: list[Defect] = []
    for target in chosen:
        at = time.monotonic()
        fed = feed(target, options.seed, each)
        a_second = each / max(time.monotonic() - at, 1e-9)
        print(f"{target.name:22} {fed.taken:9} taken {fed.refused:9} refused {a_second:10,.0f} / s")
        sys.stdout.flush()
        defects += fed.defects
    done = each * len(chosen)
    print(
        f"{done} executions, {done / (time.monotonic() - began):,.0f} / s, {len(defects)} defects"
    )
    for defect in defects:
        print(f"{defect.target} #{defect.number}: {defect.error!r}\n  {defect.data.hex()}")
    return 1 if defects else 0


if __name__ == "__main__":
    sys.exit(main())
