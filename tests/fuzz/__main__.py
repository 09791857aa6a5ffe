"""Feeds every parser of outside bytes with altered ones, and says how quickly.

    ./run fuzz                       a million executions
    ./run fuzz --executions 20000 "bundle file" token
    ./run fuzz --seed 1000000        others than the first million
    ./run fuzz --guided              by coverage: what reaches new lines is altered further
    ./run fuzz --guided --target push --minutes 5 --corpus ~/corpus
    ./run fuzz --replay FILE --target push

Exit code 1 if a parser raised what it may not; the bytes are printed or kept, and belong into a
test.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from pathlib import Path

from tests.fuzz import guided
from tests.fuzz.feed import Defect, feed
from tests.fuzz.targets import TARGETS, Target

DEFECTS = Path(".fuzz")


def main() -> int:
    """Feed what was asked for."""
    parser = _parser()
    options = parser.parse_args()
    names = [*options.targets, *options.target]
    unknown = set(names) - set(TARGETS)
    if unknown:
        parser.error(f"there is no target {', '.join(sorted(unknown))}")
    chosen = [TARGETS[name] for name in names or TARGETS]
    if options.replay:
        if len(names) != 1:
            parser.error("--replay needs the one --target that the file is for")
        return replay(chosen[0], options.replay)
    each = -(-options.runs // len(chosen))
    if not options.guided:
        return blindly(chosen, each, options.seed)
    if not guided.is_installed():
        parser.error("Atheris is not here: ./run fuzz --guided installs it, on Linux and x86-64")
    seconds = int(options.minutes * 60 / len(chosen)) if options.minutes else 0
    plan = guided.Plan(each, seconds, options.seed, options.corpus, DEFECTS.absolute())
    return by_coverage(chosen, plan)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./run fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"any of {', '.join(TARGETS)}")
    parser.add_argument(
        "--target", action="append", default=[], metavar="TARGET", help="the same, by option"
    )
    parser.add_argument(
        "--executions", "--runs", dest="runs", type=int, default=1_000_000, metavar="N",
        help="all together (1,000,000)",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, help="number of the first alteration")
    parser.add_argument("--guided", action="store_true", help="by coverage, with Atheris")
    parser.add_argument(
        "--minutes", type=float, default=0, metavar="M", help="guided: end after so many at most"
    )
    parser.add_argument(
        "--corpus", type=Path, metavar="DIR", help="guided: begin with what is in it, and keep more"
    )
    parser.add_argument(
        "--replay", type=Path, metavar="FILE", help="feed this one input, without Atheris"
    )
    return parser


def blindly(chosen: list[Target], each: int, seed: int) -> int:
    """Feed alterations by number."""
    began = time.monotonic()
    defects: list[Defect] = []
    for target in chosen:
        at = time.monotonic()
        fed = feed(target, seed, each)
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


def by_coverage(chosen: list[Target], plan: guided.Plan) -> int:
    """Fuzz one parser after the other; keep the inputs that one fell over."""
    began = time.monotonic()
    done = []
    for target in chosen:
        one = guided.guide(target.name, target.seeds, plan)
        print(guided.line(one))
        sys.stdout.flush()
        done.append(one)
    found = {one.name: one.found for one in done if one.found}
    runs, edges = sum(one.runs for one in done), sum(one.covered for one in done)
    seconds = time.monotonic() - began
    print(f"{runs} executions in {seconds:,.0f} s, {edges} edges, {len(found)} defects")
    for name, file in found.items():
        if "-crash-" in file.name:
            replay(next(target for target in chosen if target.name == name), file)
        else:  # it would hang here, too
            print(f"{name} takes more than {guided.INPUT_WAIT_S} s, or more memory than there is")
        print(f"again: ./run fuzz --target '{name}' --replay {file}")
    return 1 if found else 0


def replay(target: Target, file: Path) -> int:
    """Feed one input and say what the parser makes of it."""
    data = file.read_bytes()
    try:
        target.parse(data)
    except target.refusals as exc:
        print(f"{target.name}: refused, {exc!r}")
    except Exception:  # noqa: BLE001 - that is what is looked for
        print(f"{target.name} falls over {len(data)} bytes:\n  {data.hex()}")
        traceback.print_exc()
        return 1
    else:
        print(f"{target.name}: taken")
    return 0


if __name__ == "__main__":
    sys.exit(main())
