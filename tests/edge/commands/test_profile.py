"""``tearoff-unit profile`` as somebody uses it who writes a profile for his own printer."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edge.cli import main
from edge.devices.profiles import KINDS, ids, load
from edge.devices.simulated.printer import SimulatedPrinter
from tests import builders

SHIPPED = Path(builders.__file__).parent.parent / "firmware_profiles"
MINE = """\
schema = 1
id = "mine"
kind = "printer"
name = "The one on the counter"
status = "reported"
evidence = "Its self-test page, and what came out."
inherits = "generic-58-gbk"

[media]
columns = 30
"""


@pytest.fixture(name="site")
def _site(tmp_path: Path) -> Path:
    (tmp_path / "printers").mkdir()
    (tmp_path / "printers" / "mine.toml").write_text(MINE, "utf-8")
    return tmp_path


def run(site: Path, *args: str) -> Result:
    setting = ("--set", f"devices.profiles_dir={site}")
    result = CliRunner().invoke(main, [*setting, "profile", *args])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_all_profiles_are_listed_with_their_status_and_the_sites_own(site: Path) -> None:
    lines = run(site, "list").output.splitlines()
    assert len(lines) == sum(len(ids(kind)) for kind in KINDS) + 1
    [mine] = [line for line in lines if " mine " in line]
    assert mine.split()[:3] == ["printer", "mine", "reported"]
    only = run(site, "list", "--kind", "camera").output.splitlines()
    assert [line.split()[1] for line in only] == ids("camera")


def test_a_profile_is_shown_as_it_is_in_force(site: Path) -> None:
    told = run(site, "show", "mine").output
    assert re.search(r"^media.columns +=.* 30$", told, re.MULTILINE)
    assert re.search(r"^media.width_dots +=.* 384$", told, re.MULTILINE), "inherited"
    assert re.search(r"^link.port +=.* 9100$", told, re.MULTILINE), "a default"
    assert re.search(r'^text.hanzi_on +=.* "1c 26"$', told, re.MULTILINE)
    assert re.search(r"^sha256 +=.* [0-9a-f]{64}$", told, re.MULTILINE)


@pytest.mark.parametrize("kind", KINDS)
def test_a_profile_of_any_kind_is_shown_to_a_script(site: Path, kind: str) -> None:
    for name in ids(kind):
        shown = json.loads(run(site, "show", name, "--json").output)
        assert (shown["kind"], shown["sha256"]) == (kind, load(kind, name).sha256)


def test_an_unknown_profile_is_told_with_the_nearest_name(site: Path) -> None:
    result = run(site, "show", "min")
    assert result.exit_code == 1
    assert "no profile 'min'; did you mean mine?" in result.output


def test_an_unknown_profile_may_have_been_one_of_any_kind(site: Path) -> None:
    assert "did you mean pi5-till? `tearoff-unit profile list`" in run(site, "show", "pi5").output
    told = run(site, "show", "../../etc/passwd").output
    assert "no profile '../../etc/passwd'; `tearoff-unit profile list` shows all" in told


def test_files_are_checked_and_each_fault_is_told(site: Path) -> None:
    good, wrong = site / "printers" / "mine.toml", site / "wrong.toml"
    wrong.write_text(MINE.replace("columns", "colums"), "utf-8")
    assert run(site, "check", str(good)).exit_code == 0
    result = run(site, "check", str(good), str(wrong), str(site / "missing.toml"))
    assert result.exit_code == 1
    first, second, third = result.output.splitlines()
    assert "good, a printer (mine " in first
    assert "unknown key media.colums; did you mean media.columns?" in second
    assert second.startswith(f"{wrong}: unknown key")
    assert third == f"{site / 'missing.toml'} cannot be read: No such file or directory"


def test_all_files_that_ship_are_good(site: Path) -> None:
    assert run(site, "check", *map(str, SHIPPED.glob("*/*.toml"))).exit_code == 0


@pytest.mark.parametrize("as_file", [False, True])
def test_a_profile_is_tried_on_a_printer_before_it_is_installed(site: Path, as_file: bool) -> None:
    name = str(site / "printers" / "mine.toml") if as_file else "mine"
    with SimulatedPrinter(width_dots=384) as printer:
        result = run(site, "try", name, "--to", printer.url)
        assert result.exit_code == 0, result.output
        assert "(mine): confirmed" in result.output
        assert "not cut" in result.output
        assert "打印机测试" in printer.open_paper().text


def test_what_is_no_printer_is_not_tried_by_printing(site: Path) -> None:
    result = run(site, "try", "hid-us", "--to", "tcp://127.0.0.1:9")
    assert result.exit_code == 1
    assert "hid-us is a scanner" in result.output


def test_a_printer_that_is_not_there_is_told(site: Path) -> None:
    result = run(site, "try", "mine", "--to", "serial:/dev/no-such-line")
    assert result.exit_code == 1
    assert "nothing-written unreachable: there is no such device" in result.output
    assert "-> check power, cable and printer.to" in result.output


def test_a_printer_that_prints_nothing_is_told_with_what_to_do(site: Path) -> None:
    with SimulatedPrinter() as printer:
        printer.faults.change(paper_end=True)
        result = run(site, "try", "mine", "--to", printer.url)
    assert result.exit_code == 1
    assert result.output.endswith("nothing-written paper-end\n  -> put a new roll in\n")
