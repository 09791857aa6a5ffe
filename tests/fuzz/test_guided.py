"""The guided fuzzer's own part: what it starts, what it reads, and how a defect is seen again.

Atheris itself is not among the locked packages; its words are recorded here.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.fuzz.__main__ import by_coverage, main, replay
from tests.fuzz.guided import Plan, guide
from tests.fuzz.targets import Target

SAID = """INFO: Seed: 1
#2\tINITED cov: 28 ft: 29 corp: 2/36b exec/s: 0 rss: 91Mb
#16\tNEW    cov: 29 ft: 31 corp: 3/56b lim: 65536 exec/s: 0 rss: 91Mb L: 20/20 MS: 1 Custom-
"""
DONE = (
    SAID
    + """#3000\tDONE   cov: 30 ft: 33 corp: 7/56b lim: 65536 exec/s: 0 rss: 91Mb
Done 3000 runs in 4 second(s)
"""
)


def a_fuzzer(
    directory: Path, said: str, code: int = 0, falls_over: bytes | None = None
) -> list[str]:
    """A program that says what libFuzzer says, and notes what it was told."""
    script = directory / "fuzzer.py"
    script.write_text(
        "import pathlib, sys\n"
        "*options, kept, seeds = sys.argv[2:]\n"
        "told = dict(option.lstrip('-').split('=', 1) for option in options)\n"
        f"pathlib.Path({str(directory / 'told')!r}).write_text(repr((sys.argv[1], told, kept,"
        " sorted(p.read_bytes() for p in pathlib.Path(seeds).iterdir()))))\n"
        f"data = {falls_over!r}\n"
        "if data is not None:\n"
        "    pathlib.Path(told['artifact_prefix'] + 'crash-1').write_bytes(data)\n"
        f"sys.stderr.write({said!r})\n"
        f"sys.exit({code})\n"
    )
    return [sys.executable, str(script)]


def a_plan(
    directory: Path, fuzzer: list[str], corpus: Path | None = None, seconds: int = 0
) -> Plan:
    return Plan(3000, seconds, 7, corpus, directory / "defects", fuzzer)


def test_its_figures_are_read(tmp_path: Path) -> None:
    done = guide("push", (b"a", b"b"), a_plan(tmp_path, a_fuzzer(tmp_path, DONE)))
    assert (done.runs, done.seconds, done.found) == (3000, 4, None)
    assert (done.covered, done.features, done.kept) == (30, 33, 7)
    name, told, _, seeds = eval((tmp_path / "told").read_text())
    assert (name, seeds) == ("push", [b"a", b"b"])
    assert (told["runs"], told["seed"]) == ("3000", "8")
    assert "max_total_time" not in told


def test_a_corpus_is_kept_in_a_folder_of_its_parser_and_time_has_an_end(tmp_path: Path) -> None:
    plan = a_plan(tmp_path, a_fuzzer(tmp_path, DONE), tmp_path / "corpus", seconds=60)
    guide("status block, taken", (b"a",), plan)
    _, told, kept, _ = eval((tmp_path / "told").read_text())
    assert kept == str(tmp_path / "corpus/status-block-taken")
    assert Path(kept).is_dir()
    assert told["max_total_time"] == "60"


def test_what_it_falls_over_is_kept_and_its_runs_are_counted_all_the_same(tmp_path: Path) -> None:
    fuzzer = a_fuzzer(tmp_path, SAID + "ZeroDivisionError", code=77, falls_over=b"\x07")
    done = guide("push", (b"a",), a_plan(tmp_path, fuzzer))
    assert done.found == tmp_path / "defects/push-crash-1"
    assert done.found.read_bytes() == b"\x07"
    assert done.runs == 16


def test_a_fuzzer_that_ends_without_a_reason_is_no_good_run(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="push: the fuzzer itself ended with 1"):
        guide("push", (b"a",), a_plan(tmp_path, a_fuzzer(tmp_path, "no module", code=1)))


def test_a_defect_ends_with_1_and_the_command_that_shows_it_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def parse(data: bytes) -> int:
        return 1 // (data[0] - 7)

    target = Target("odd one", (b"a",), parse, ())
    fuzzer = a_fuzzer(tmp_path, SAID, code=77, falls_over=b"\x07")
    assert by_coverage([target], a_plan(tmp_path, fuzzer)) == 1
    told = capsys.readouterr()
    assert "DEFECT" in told.out
    assert "ZeroDivisionError" in told.err
    assert f"./run fuzz --target 'odd one' --replay {tmp_path}/defects/odd-one-crash-1" in told.out
    good = a_plan(tmp_path, a_fuzzer(tmp_path, DONE))
    assert by_coverage([target], good) == 0


def test_an_input_is_fed_again_and_falls_over_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def parse(data: bytes) -> int:
        return 1 // (data[0] - 7)

    (tmp_path / "defect").write_bytes(b"\x07\xff")
    target = Target("broken", (b"a",), parse, (IndexError,))
    assert replay(target, tmp_path / "defect") == 1
    shown = capsys.readouterr()
    assert "07ff" in shown.out
    assert "ZeroDivisionError" in shown.err
    (tmp_path / "defect").write_bytes(b"")
    assert replay(target, tmp_path / "defect") == 0
    assert "refused" in capsys.readouterr().out
    (tmp_path / "defect").write_bytes(b"\x08")
    assert replay(target, tmp_path / "defect") == 0
    assert "taken" in capsys.readouterr().out


WRONG = [
    (("--target", "pusch"), "there is no target pusch"), (("tokken",), "there is no target tokken"),
    (("--replay", "x"), "needs the one --target"), (("--guided",), "Atheris is not here"),
    (("--runs", "many"), "invalid int"),
]  # fmt: skip


@pytest.mark.parametrize(("args", "told"), WRONG, ids=str)
def test_what_cannot_be_done_is_told(
    args: tuple[str, ...], told: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setitem(sys.modules, "atheris", None)
    monkeypatch.setattr(sys, "argv", ["fuzz", *args])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert told in capsys.readouterr().err
