"""The unit's wheel without the hub, in an environment of its own, somewhere else.

Only what the extra ``edge`` names is there, from the lock and with its hashes; ``central`` has
been deleted. What works here works on a till that has nothing but the unit.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from central.foundation.clock import now_s
from central.stores.units import enrol as hub_enrol
from edge import __version__
from edge.devices.simulated.printer import SimulatedPrinter
from tests import builders as b
from tests.central.builders import CURRENCY, KEYRING
from tests.demo.processes import Http, Process, free_port, wait_until
from tests.end_to_end.demo_run import ROOT
from tests.end_to_end.shop import GOOD_FOR_EVER, Shop, a_shop, sell_texts

pytestmark = pytest.mark.slow

LOCK = ROOT / ".ci" / "locks" / "unit.txt"
NOT_NEEDED = (
    "central", "cv2", "zxingcpp", "pyzbar", "numpy", "sqlalchemy", "psycopg", "pydantic",
    "flask_openapi3", "requests", "segno", "pytest",
)  # fmt: skip


class Place:
    """An environment with the unit alone, and a clean directory to stand in."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "somewhere"
        self.directory.mkdir()
        self._bin = directory / "environment" / "bin"
        _do(sys.executable, "-m", "venv", "--without-pip", str(self._bin.parent))
        python = str(self._bin / "python")
        _install_locked(python)
        [wheel] = _wheels(directory / "wheel")
        _do(*_PIP, python, *_INSTALL, "--no-index", "--no-deps", str(wheel))
        [packages] = self._bin.parent.glob("lib/python3.*/site-packages")
        shutil.rmtree(packages / "central")

    def command(self, program: str, *args: str) -> list[str]:
        """Return a command of this environment: nothing of ours reaches it by a side door."""
        clean = ["env", "-C", str(self.directory), "-u", "PYTHONPATH", "-u", "VIRTUAL_ENV"]
        return ["/usr/bin/env", *clean[1:], str(self._bin / program), *args]

    def run(self, program: str, *args: str) -> str:
        """Run a command to its end and return what it says."""
        return _do(*self.command(program, *args))


def _do(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr[-3000:]}"
    return done.stdout


_PIP = (sys.executable, "-m", "pip", "--python")
_INSTALL = ("install", "-q", "--disable-pip-version-check")


def _install_locked(python: str) -> None:
    """Install what the lock names: from uv's own store, or over the network by uv or by pip.

    As ``./run`` does it. If there is neither store nor network, the test is skipped.
    """
    uv = (sys.executable, "-m", "uv", "pip", "install", "-q", "--python", python)
    told = []
    for way in ((*uv, "--offline"), (*uv, "--system-certs"), (*_PIP, python, *_INSTALL)):
        command = [*way, "--require-hashes", "-r", str(LOCK)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
        told.append(done.stderr.strip()[-300:])
        wrong = re.search(r"hash mismatch|do not match the hashes", done.stderr, re.IGNORECASE)
        assert not wrong, done.stderr
    pytest.skip(f"the packages of {LOCK.name} cannot be had: {' | '.join(told)}")


def _wheels(directory: Path) -> list[Path]:
    _do(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(directory))
    return list(directory.glob("*.whl"))


@pytest.fixture(name="place", scope="module")
def _place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("alone"))


@pytest.fixture(name="shop")
def _shop(tmp_path: Path) -> Iterator[Shop]:
    with a_shop(tmp_path / "hub", now_s) as shop:
        yield shop


def test_what_a_unit_does_not_need_is_not_there(place: Place) -> None:
    look = (
        "import importlib.util, sys;"
        f" print([m for m in {NOT_NEEDED!r} if importlib.util.find_spec(m)])"
    )
    assert place.run("python", "-c", look).strip() == "[]"
    where = place.run("python", "-c", "import edge; print(edge.__file__)").strip()
    assert not where.startswith(str(ROOT))
    assert place.run("tearoff-unit", "--version").strip().endswith(__version__)


def test_it_enrols_redeems_refuses_and_prints_without_the_hub(
    place: Place, shop: Shop, tmp_path: Path
) -> None:
    port = free_port(8700)
    url = f"http://127.0.0.1:{port}"
    with SimulatedPrinter() as printer:
        settings = {
            "unit.data_dir": tmp_path / "till", "hub.url": shop.url, "api.port": port,
            "printer.to": printer.url, "printer.profile": "generic-80-gbk",
        }  # fmt: skip
        given = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
        enrol(place, shop, given, tmp_path)
        [text] = sell_texts(1, **GOOD_FOR_EVER)
        command = place.command("tearoff-unit", *given, "run")
        running = Process("till", url, tmp_path / "till.log", command)
        running.start("The unit listens")
        try:
            api = Http(url, place.run("tearoff-unit", *given, "api-key").strip())
            assert place.run("tearoff-unit", *given, "sync-now") == "pull: done\npush: done\n"
            shop.close()
            body = {"scan": text}
            status, told = api.ask("POST", "/v1/redemptions", body, key="first", timeout_s=60)
            assert (status, told["mode"]) == (201, "lan")
            status, refused = api.ask("POST", "/v1/redemptions", body, key="second", timeout_s=60)
            assert (status, refused["reason"]) == (409, "already-redeemed")
            assert "已" in refused["detail"], "the translations came with it"
            [paper] = printer.wait_for_papers(1, timeout_s=30)
            assert f"S0412-K1/1/2 {told['entry']['hash']}" in paper.text
            assert "午餐券" in paper.text
            assert paper.unknown_commands == ()
        finally:
            running.stop()


def enrol(place: Place, shop: Shop, given: list[str], directory: Path) -> None:
    """Let the unit ask, and the operator confirm."""
    code = hub_enrol.invite(b.STORE, now_s()).code
    command = place.command("tearoff-unit", *given, "enrol", "--hub", shop.url, "--code", code)
    enrolling = Process("enrol", "", directory / "enrol.log", command)
    enrolling.start("Compare this number")
    shown = enrolling.log.read_text().partition("hub:")[2].split("\n")[0].strip()
    [waiting] = hub_enrol.waiting()
    hub_enrol.confirm(waiting.id, shown, KEYRING, currency=CURRENCY, at_s=now_s())
    wait_until("it is enrolled", lambda: "This is unit S0412-K1" in enrolling.log.read_text())
    enrolling.stop()


@pytest.mark.parametrize(("profile", "columns"), [("generic-58-gbk", 32), ("generic-80-gbk", 48)])
def test_the_profiles_of_the_hardware_came_with_it(
    place: Place, profile: str, columns: int
) -> None:
    with SimulatedPrinter(width_dots=12 * columns) as printer:
        said = place.run("tearoff-unit", "print-test", "--to", printer.url, "--profile", profile)
        assert said.startswith(f"{printer.url} ({profile}): confirmed\n")
        # The small one has no cutter: what it printed still hangs there.
        [paper] = printer.papers() or [printer.open_paper()]
        assert "-" * columns in paper.text.splitlines()
