"""Coverage-guided fuzzing: Atheris keeps what reaches new lines of a parser, and alters that.

One process a parser, because libFuzzer ends the process that it runs in. Half of the alterations
are libFuzzer's own, the others those of ``mutate``, which get past the first check of a message.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.fuzz.mutate import LONGEST

INPUT_WAIT_S = 20
"""A parser that thinks longer about one input is a defect."""
_FIGURES = re.compile(r"#\d+\s+DONE\s+cov: (\d+) ft: (\d+) corp: (\d+)/")
_DONE = re.compile(r"Done (\d+) runs in (\d+) second")
_RUNS = re.compile(r"^#(\d+)", re.MULTILINE)


class Guided(NamedTuple):
    """What became of one parser.

    Args:
        covered: Edges of our own code that were reached; ``features`` counts how often, too.
        kept: Inputs that each reached something new.
        found: The file with the input that it fell over, or None.
    """

    name: str
    runs: int
    seconds: int
    covered: int
    features: int
    kept: int
    found: Path | None


class Plan(NamedTuple):
    """How long, and where things are kept.

    Args:
        runs: Executions of each parser.
        seconds: Most seconds for each; 0 for as long as it takes.
        corpus: Directory for what was worth keeping, a folder a parser; None to forget it.
        defects: Directory for inputs that a parser fell over.
        program: What fuzzes one parser.
    """

    runs: int
    seconds: int
    seed: int
    corpus: Path | None
    defects: Path
    program: Sequence[str] = (sys.executable, "-m", "tests.fuzz.one_parser")


def is_installed() -> bool:
    """Say whether this machine has Atheris."""
    try:
        import atheris  # noqa: F401, PLC0415
    except ImportError:
        return False
    return True


def guide(name: str, seeds: Sequence[bytes], plan: Plan) -> Guided:
    """Fuzz one parser in a process of its own and say what became of it."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
        first = Path(scratch) / "seeds"
        first.mkdir()
        for number, seed in enumerate(seeds):
            (first / str(number)).write_bytes(seed)
        kept = (plan.corpus / file_name(name)) if plan.corpus else Path(scratch) / "kept"
        kept.mkdir(parents=True, exist_ok=True)
        plan.defects.mkdir(parents=True, exist_ok=True)
        before = set(plan.defects.iterdir())
        options = [
            f"-runs={plan.runs}", f"-seed={plan.seed + 1}", f"-max_len={LONGEST}",
            f"-timeout={INPUT_WAIT_S}", f"-artifact_prefix={plan.defects}/{file_name(name)}-",
            *([f"-max_total_time={plan.seconds}"] if plan.seconds else []),
        ]  # fmt: skip
        done = subprocess.run(
            [*plan.program, name, *options, str(kept), str(first)],
            cwd=Path(__file__).parents[2], capture_output=True, text=True, errors="replace",
            check=False,
        )  # fmt: skip
        found = sorted(set(plan.defects.iterdir()) - before)
    return _read(name, done.stderr, done.returncode, found[0] if found else None)


def file_name(target: str) -> str:
    """Return a parser's name as one of a file."""
    return re.sub(r"[^a-z0-9]+", "-", target.lower()).strip("-")


def _read(name: str, said: str, code: int, found: Path | None) -> Guided:
    figures, done = _FIGURES.search(said), _DONE.search(said)
    runs = int(done[1]) if done else max(map(int, _RUNS.findall(said)), default=0)
    if code and found is None:
        raise RuntimeError(f"{name}: the fuzzer itself ended with {code}:\n{said[-2000:]}")
    covered, features, kept = map(int, figures.groups()) if figures else (0, 0, 0)
    return Guided(name, runs, int(done[2]) if done else 0, covered, features, kept, found)


def line(done: Guided) -> str:
    """Return what is said of a parser."""
    a_second = done.runs / max(done.seconds, 1)
    return (
        f"{done.name:22} {done.runs:9} runs {done.seconds:5} s {a_second:8,.0f} / s  "
        f"{done.covered:5} edges {done.features:6} features {done.kept:5} kept"
        + ("  DEFECT" if done.found else "")
    )
