"""``./run demo``: plays the main job, tells it, and says whether everything held."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import urllib3

from tests.demo.facts import Facts, gather, judge
from tests.demo.processes import DidNotHappen, be_patient
from tests.demo.scenario import Stage, play, to_stderr


def main() -> int:
    """Return 0 if everything held."""
    options = _options()
    be_patient(options.patience)
    if options.judge:
        facts = json.loads(Path(options.judge).read_text())
        return _verdict(facts, judge(facts), "as it is written down")
    keep = Path(options.keep).resolve() if options.keep else None
    directory = keep or Path(tempfile.mkdtemp(prefix="tearoff-demo-"))
    if keep and keep.exists() and any(keep.iterdir()):
        to_stderr(f"{keep} is not empty; name another directory")
        return 2
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    began = time.monotonic()
    stage: Stage | None = None
    try:
        stage = play(directory, to_stderr)
        facts = gather(stage)
        verdict = _verdict(facts, judge(facts), f"in {time.monotonic() - began:.1f} s")
        if keep:
            _keep(stage, facts, directory)
        if options.json:
            sys.stdout.write(json.dumps(facts, ensure_ascii=False) + "\n")
            sys.stdout.flush()
        if not options.once:
            _leave_running(stage)
    except DidNotHappen as exc:
        to_stderr(f"✗ {exc}")
        return 1
    except KeyboardInterrupt:
        return 1
    finally:
        if stage is not None:
            stage.end()
        if not keep:
            shutil.rmtree(directory, ignore_errors=True)
    return verdict


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./run demo",
        description="Hub, two tills, printers, a shop with two suppliers: the main job, for real.",
    )
    parser.add_argument("--once", action="store_true", help="end after the scenario")
    parser.add_argument("--json", action="store_true", help="print the facts of the run")
    parser.add_argument("--keep", metavar="DIR", help="leave databases, papers and facts in DIR")
    parser.add_argument("--judge", metavar="FILE", help="play nothing; judge facts kept earlier")
    parser.add_argument(
        "--patience", metavar="TIMES", type=float, default=1.0,
        help="wait so many times as long for everything, as on an emulated machine",
    )  # fmt: skip
    return parser.parse_args()


def _verdict(facts: Facts, faults: list[str], how: str) -> int:
    """Tell what was found; return the exit status."""
    for conflict in facts["conflicts"]:
        to_stderr(f"   double redemption of {conflict['voucher_id_hex']}:")
        for entry in conflict["entries"]:
            covered = f"{entry['covered_minor'] / 100:.2f} covered"
            to_stderr(f"     {entry['unit']}/{entry['epoch']}/{entry['seq']}  {covered}")
    to_stderr("   ledger:")
    for account in facts["ledger"]["accounts"]:
        amounts = f"{account['debit'] / 100:>10.2f} {account['credit'] / 100:>10.2f}"
        to_stderr(f"     {account['code']:14} {amounts}  {account['name']}")
    for statement in facts["statement"]:
        to_stderr(f"   statement of {statement['store']}: {statement['total'] / 100:.2f} owed")
    to_stderr("")
    for fault in faults:
        to_stderr(f"✗ {fault}")
    if not faults:
        to_stderr(
            f"✓ {len(facts['scans'])} scans, {len(facts['receipts'])} receipts,"
            f" {len(facts['conflicts'])} conflict, {len(facts['orders'])} orders:"
            f" everything held, {how}"
        )
    return 1 if faults else 0


def _keep(stage: Stage, facts: Facts, directory: Path) -> None:
    papers = directory / "receipts"
    papers.mkdir()
    for name, till in stage.tills.items():
        found = urllib3.request("GET", f"{till.printer.url}/papers.json").json()
        for number in sorted(paper["number"] for paper in found):
            png = urllib3.request("GET", f"{till.printer.url}/papers/{number}.png").data
            (papers / f"{name}-{number:02d}.png").write_bytes(png)
    (directory / "facts.json").write_text(json.dumps(facts, ensure_ascii=False, indent=1))
    to_stderr(f"   kept in {directory}")


def _leave_running(stage: Stage) -> None:
    to_stderr("")
    to_stderr("Everything is still running. Try it:")
    to_stderr(f"   headquarters   {stage.hub.url}   admin / {stage.admin_password}")
    to_stderr(f"   the shop       {stage.hub.url}/shop")
    for till in stage.tills.values():
        to_stderr(f"   till {till.name}  {till.unit.url}   clerk demo, PIN {till.pin}")
        to_stderr(f"     its paper    {till.printer.url}")
    to_stderr(f"   vouchers       {stage.directory / 'vouchers'} (pictures to scan)")
    to_stderr("Ctrl-C ends it.")
    try:
        signal.pause()
    except KeyboardInterrupt:
        to_stderr("")


if __name__ == "__main__":
    sys.exit(main())
