"""The service is put in place and taken away, in the root of another system."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.cli import main
from edge.service.unit_files import (
    GROUPS,
    KIOSK_PATH,
    SYSUSERS_PATH,
    UDEV_PATH,
    UNIT_PATH,
    UNIT_WANT,
    WATCHDOG_S,
    Setup,
    kiosk_file,
    unit_file,
)

URL = "http://127.0.0.1:8090/"
EXPOSURE_MAX = 25
"""Tenths: systemd-analyze security calls less than 2.5 OK."""


def do(root: Path, *args: str, fails: bool = False) -> str:
    result = CliRunner().invoke(main, [*args, "--root", str(root)])
    assert (result.exit_code != 0) == fails, result.output
    return result.output


def tree(root: Path) -> dict[str, str]:
    """Everything below a root: files by their text, links by where they lead."""
    return {
        str(path.relative_to(root)): str(path.readlink()) if path.is_symlink() else path.read_text()
        for path in sorted(root.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def test_install_puts_everything_in_place_and_remove_takes_it_away(tmp_path: Path) -> None:
    before = tree(tmp_path)
    do(tmp_path, "install-service", "--kiosk", URL)
    found = tree(tmp_path)
    assert set(found) == {
        "etc/systemd/system/tearoff-unit.service", "etc/systemd/system/tearoff-kiosk.service",
        "etc/systemd/system/multi-user.target.wants/tearoff-unit.service",
        "etc/systemd/system/graphical.target.wants/tearoff-kiosk.service",
        "etc/sysusers.d/tearoff-unit.conf", "etc/udev/rules.d/70-tearoff-unit.rules",
    }  # fmt: skip
    assert found[str(UNIT_WANT.relative_to("/"))] == str(UNIT_PATH)
    do(tmp_path, "remove-service")
    assert tree(tmp_path) == before


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    do(tmp_path, "install-service")
    before = tree(tmp_path)
    told = do(tmp_path, "install-service")
    assert {line.split()[0] for line in told.splitlines()} == {"unchanged"}
    assert tree(tmp_path) == before
    do(tmp_path, "remove-service")
    assert "There is no service to remove." in do(tmp_path, "remove-service")


def test_a_dry_run_says_the_same_and_does_nothing(tmp_path: Path) -> None:
    said = do(tmp_path, "install-service", "--dry-run")
    assert tree(tmp_path) == {}
    assert do(tmp_path, "install-service") == said
    before = tree(tmp_path)
    assert "remove" in do(tmp_path, "remove-service", "--dry-run")
    assert tree(tmp_path) == before


def test_what_changes_is_written_and_a_screen_that_is_not_wanted_goes(tmp_path: Path) -> None:
    do(tmp_path, "install-service", "--kiosk", URL)
    told = do(tmp_path, "install-service", "--user", "pi")
    assert f"write      {UNIT_PATH}" in told
    assert f"remove     {KIOSK_PATH}" in told
    assert "User=pi\n" in tree(tmp_path)[str(UNIT_PATH.relative_to("/"))]
    assert not any("kiosk" in name for name in tree(tmp_path))


@pytest.mark.parametrize("path", [UNIT_PATH, UDEV_PATH, SYSUSERS_PATH])
def test_a_file_of_somebody_else_is_left_alone(tmp_path: Path, path: Path) -> None:
    theirs = tmp_path / path.relative_to("/")
    theirs.parent.mkdir(parents=True)
    theirs.write_text("[Unit]\n")
    told = do(tmp_path, "install-service", fails=True)
    assert "is not of tearoff-unit" in told
    assert set(tree(tmp_path).values()) == {"[Unit]\n"}, "and nothing else was begun"
    do(tmp_path, "remove-service")
    assert theirs.read_text() == "[Unit]\n"


def test_data_is_never_removed(tmp_path: Path) -> None:
    data = tmp_path / "var/lib/tearoff-unit/unit.db"
    data.parent.mkdir(parents=True)
    data.write_text("money")
    do(tmp_path, "install-service")
    assert "what the unit knows is in there" in do(tmp_path, "remove-service")
    assert tree(tmp_path) == {"var/lib/tearoff-unit/unit.db": "money"}


@pytest.mark.parametrize(
    "args",
    [
        ("--user", "Root"), ("--user", "a b"), ("--user", "x" * 40), ("--user", ""),
        ("--kiosk", "ftp://x/"), ("--kiosk", "http://"), ("--kiosk", "http://x/ --no-sandbox"),
        ("--kiosk", 'http://x/"'), ("--kiosk", "http://x/\nExecStartPre=/bin/sh"),
        ("--kiosk", "http://[x"), ("--kiosk", "http://店/"),
    ],
    ids=str,
)  # fmt: skip
def test_what_would_break_a_unit_file_is_refused(tmp_path: Path, args: tuple[str, ...]) -> None:
    do(tmp_path, "install-service", *args, fails=True)
    assert tree(tmp_path) == {}


def test_settings_are_named_where_there_are_any(tmp_path: Path) -> None:
    do(tmp_path, "install-service")
    unit = tmp_path / UNIT_PATH.relative_to("/")
    assert re.search(r"^ExecStart=\S+/tearoff-unit run$", unit.read_text(), re.MULTILINE)
    (tmp_path / "etc/tearoff").mkdir()
    (tmp_path / "etc/tearoff/unit.toml").touch()
    do(tmp_path, "install-service")
    wanted = r"^ExecStart=\S+/tearoff-unit --config /etc/tearoff/unit.toml run$"
    assert re.search(wanted, unit.read_text(), re.MULTILINE)


def test_an_anchor_elsewhere_can_be_written(tmp_path: Path) -> None:
    anchor = "store.anchor_file=/media/stick 1/anchor"
    result = CliRunner().invoke(main, ["--set", anchor, "install-service", "--root", str(tmp_path)])
    assert result.exit_code == 0, result.output
    text = (tmp_path / UNIT_PATH.relative_to("/")).read_text()
    assert 'ReadWritePaths=-"/media/stick 1"' in text


def test_a_printer_without_the_kernels_driver_is_let_to_the_unit_and_no_other_device(
    tmp_path: Path,
) -> None:
    do(tmp_path, "install-service")
    rules = tmp_path / UDEV_PATH.relative_to("/")
    assert "idProduct" not in rules.read_text()
    for to in ("usb:04B8:0E15", "usb:04b8:0e15:J7"):
        chosen = ["--set", f"printer.to={to}", "install-service", "--root", str(tmp_path)]
        assert CliRunner().invoke(main, chosen).exit_code == 0
        assert (
            'SUBSYSTEM=="usb", ATTR{idVendor}=="04b8", ATTR{idProduct}=="0e15",'
            ' ENV{DEVTYPE}=="usb_device", GROUP="lp", MODE="0660"\n'
        ) in rules.read_text()
    do(tmp_path, "install-service")
    assert "idProduct" not in rules.read_text(), "it is not the unit's any more"


def test_the_unit_may_reach_every_kind_of_device_and_is_watched() -> None:
    text = unit_file(Setup("/opt/tearoff/bin/tearoff-unit", "/etc/tearoff/unit.toml"))
    assert f"SupplementaryGroups={' '.join(GROUPS)}" in text
    assert f"WatchdogSec={WATCHDOG_S}\n" in text
    assert "Type=notify\n" in text
    for device in ("ttyUSB", "ttyACM", "ttyAMA", "usb", "usb_device", "input", "video4linux"):
        assert f"DeviceAllow=char-{device} rw\n" in text


# --- what systemd itself says --------------------------------------------------------------------

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="no systemd-analyze (Debian: systemd)"
)


@pytest.fixture(name="unit")
def _unit(tmp_path: Path) -> Path:
    """The unit file, with a program that exists."""
    file = tmp_path / "tearoff-unit.service"
    file.write_text(unit_file(Setup("/bin/true", "/etc/hostname", anchor_dir="/media/a b%c$d")))
    return file


@needs_systemd
def test_systemd_reads_the_unit_without_a_complaint(unit: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(unit)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    complaints = [line for line in done.stderr.splitlines() if unit.name in line]
    assert (done.returncode, complaints) == (0, []), done.stderr


@needs_systemd
def test_systemd_reads_the_screens_unit_too(tmp_path: Path) -> None:
    file = tmp_path / "tearoff-kiosk.service"
    text = kiosk_file(Setup("/bin/true", "", kiosk=URL, browser="/bin/true"))
    file.write_text(text.replace("/usr/bin/cage", "/bin/true"))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(file)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert [line for line in done.stderr.splitlines() if file.name in line] == []


@needs_systemd
def test_systemd_finds_little_that_a_thief_could_use(unit: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", f"--threshold={EXPOSURE_MAX}",
         "--no-pager", str(unit)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-400:] + done.stderr


@pytest.mark.skipif(
    shutil.which("systemd-sysusers") is None, reason="no systemd-sysusers (Debian: systemd)"
)
def test_systemd_makes_the_user_and_its_groups(tmp_path: Path) -> None:
    do(tmp_path, "install-service")
    done = subprocess.run(
        ["systemd-sysusers", f"--root={tmp_path}", str(tmp_path / SYSUSERS_PATH.relative_to("/"))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "not permitted" in done.stderr or "denied" in done.stderr:
        pytest.skip(f"systemd-sysusers may not here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    assert "tearoff:" in (tmp_path / "etc/passwd").read_text()
    groups = (tmp_path / "etc/group").read_text()
    for group in GROUPS:
        assert re.search(rf"^{group}:.*tearoff$", groups, re.MULTILINE), group


def test_only_root_changes_the_services_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    for command in ("install-service", "remove-service"):
        result = CliRunner().invoke(main, [command])
        assert result.exit_code == 1
        assert "use sudo" in result.output
        assert CliRunner().invoke(main, [command, "--dry-run"]).exit_code == 0
