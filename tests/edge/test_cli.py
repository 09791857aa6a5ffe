"""``tearoff-unit`` as somebody types it: every command, and every way in which it fails."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np
import pytest
import urllib3
from click.testing import CliRunner, Result

from edge import __version__
from edge.cli import main
from edge.contract import canonical
from edge.db import Store
from edge.devices.simulated.printer import SimulatedPrinter
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import a_rig
from tests.edge.devices import pictures as p
from tests.edge.sync.desk import Desk
from tests.edge.sync.small_hub import Reply, SmallHub, a_small_hub

NOBODY = "http://127.0.0.1:9"
"""Nobody listens there."""
WAIT_S = 30


class Till:
    """A directory and the commands that work on it."""

    def __init__(self, directory: Path, *settings: str) -> None:
        self.directory = directory
        self.settings = (f"unit.data_dir={directory}", *settings)

    def typed(self, *args: str) -> list[str]:
        return [*(part for one in self.settings for part in ("--set", one)), *args]

    def invoke(self, *args: str) -> Result:
        return CliRunner().invoke(main, self.typed(*args))

    def do(self, *args: str) -> str:
        """Run a command that works; return what it says."""
        result = self.invoke(*args)
        assert result.exit_code == 0, result.output
        assert result.stderr == ""
        return result.stdout

    def fail(self, *args: str, code: int = 1) -> str:
        """Run a command that does not work; return what it says, which is no traceback."""
        result = self.invoke(*args)
        assert result.exit_code == code, result.output
        assert isinstance(result.exception, SystemExit), repr(result.exception)
        assert "Traceback" not in result.output
        return result.output

    @contextmanager
    def process(self, *args: str) -> Iterator[subprocess.Popen[str]]:
        """A command as a process of its own, for those that go on until they are ended."""
        process = subprocess.Popen(
            [sys.executable, "-m", "edge", *self.typed(*args)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            yield process
        finally:
            process.kill()
            process.communicate(timeout=WAIT_S)

    def fail_process(self, *args: str) -> str:
        """The same as ``fail``, as a process."""
        with self.process(*args) as process:
            out, err = process.communicate(timeout=WAIT_S)
            assert process.returncode == 1, out + err
            assert "Traceback" not in out + err
        return err


def line_of(process: subprocess.Popen[str], pattern: str) -> str:
    """Wait for a line of this form and return what stands in its brackets."""
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(pattern, line):
            return found[1]
    raise AssertionError(f"it ended without {pattern}: {process.communicate()}")


def end(process: subprocess.Popen[str]) -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(WAIT_S)


@pytest.fixture(name="enrolled", scope="module")
def _enrolled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of an enrolled unit, to be copied."""
    directory = tmp_path_factory.mktemp("enrolled") / "unit"
    with a_rig(directory):
        pass
    return directory


@pytest.fixture(name="till")
def _till(tmp_path: Path, enrolled: Path) -> Till:
    """An enrolled unit's directory; the unit does not run."""
    shutil.copytree(enrolled, tmp_path / "unit")
    return Till(tmp_path / "unit", "api.port=9")


@pytest.fixture(name="new")
def _new(tmp_path: Path) -> Till:
    """A machine that is no unit yet."""
    return Till(tmp_path / "new", "api.port=9")


# --- every command -------------------------------------------------------------------------------


def walk(group: click.Group, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from walk(command, *path, name)
        else:
            yield (*path, name), command


COMMANDS = dict(walk(main))
OF_MACHINE = {"install-service", "remove-service"}
"""Commands that change this machine, unless told another root; they have tests of their own."""
MINIMAL: dict[tuple[str, ...], tuple[str, ...]] = {
    ("enrol",): ("--hub", NOBODY, "--code", "K7QX-2MPA-9RTC"),
    ("scan-image",): ("/nowhere.png",),
    ("clerk", "add"): ("li",),
    ("scanner", "trigger"): ("counter",),
    ("scanner", "setup"): ("counter",),
    ("scanner", "listen"): ("counter",),
    ("bundle", "import"): ("/nowhere.vxb",),
    ("bundle", "export"): ("/nowhere",),
    ("profile", "show"): ("generic-80-gbk",),
    ("profile", "check"): ("mine.toml",),
    ("profile", "try"): ("generic-80-gbk", "--to", "tcp://127.0.0.1:9"),
}
"""Arguments that a command cannot do without."""


def test_these_are_all_commands_there_are() -> None:
    assert {" ".join(path) for path in COMMANDS} == {
        "run", "enrol", "doctor", "status", "scan-image", "print-test", "sync-now", "config show",
        "clerk add", "clerk list", "api-key", "printer-simulator",
        "bundle import", "bundle export", "bundle request",
        "profile list", "profile show", "profile check", "profile try",
        "install-service", "remove-service",
        "scanner list", "scanner trigger", "scanner setup", "scanner listen", "scanner simulate",
        "camera try",
    }  # fmt: skip


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(till: Till, path: tuple[str, ...]) -> None:
    told = till.do(*path, "--help")
    assert COMMANDS[path].help
    assert "Usage: " in told
    assert "-h, --help" in told


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_what_no_command_understands_is_usage_and_exit_code_2(
    till: Till, path: tuple[str, ...]
) -> None:
    assert "No such option" in till.fail(*path, "--nonsense", code=2)


@pytest.mark.parametrize(
    "path",
    [c for c in COMMANDS
     if c[0] not in {"scan-image", "printer-simulator"} | OF_MACHINE and c[-1] != "simulate"],
    ids=" ".join,
)  # fmt: skip
def test_a_setting_that_is_wrong_ends_every_command_with_a_sentence(
    till: Till, path: tuple[str, ...]
) -> None:
    broken = Till(till.directory, "api.prot=1")
    told = broken.fail(*path, *MINIMAL.get(path, ()))
    assert told.startswith("A setting is wrong: --set sets api.prot")
    assert "did you mean api.port?" in told


@pytest.mark.parametrize(
    "path",
    [c for c in COMMANDS
     if c[0] not in {"scan-image", "printer-simulator", "config", "profile", "scanner", "camera"}
     | OF_MACHINE],
    ids=" ".join,
)  # fmt: skip
def test_a_file_in_place_of_the_directory_ends_every_command_with_a_sentence(
    tmp_path: Path, path: tuple[str, ...]
) -> None:
    (tmp_path / "file").write_text("no directory")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        code = 2 if path == ("doctor",) else 1
        told = Till(place, "api.port=9").fail(*path, *MINIMAL.get(path, ()), code=code)
        assert str(place) in told or path in {("status",), ("print-test",)}


def test_the_version_is_the_packages() -> None:
    assert (
        CliRunner().invoke(main, ["--version"]).output == f"tearoff-unit, version {__version__}\n"
    )


def test_a_settings_file_that_is_not_there_is_told(till: Till) -> None:
    told = till.fail("--config", "/nowhere.toml", "config", "show")
    assert told == ("A setting is wrong: /nowhere.toml cannot be read: No such file or directory\n")


# --- config --------------------------------------------------------------------------------------


def test_the_settings_are_shown_with_their_origins(tmp_path: Path) -> None:
    file = tmp_path / "unit.toml"
    file.write_text('[api]\nport = 8091\n[hub]\nurl = "https://hub.example"\n')
    result = CliRunner().invoke(
        main, ["--config", str(file), "--set", "api.port=8092", "config", "show"],
        env={"EDGE_UNIT__LOCALE": "en"},
    )  # fmt: skip
    rows = {line.split(" = ")[0].strip(): line for line in result.stdout.splitlines()}
    assert rows["api.port"].endswith("# command line")
    assert '"8092"' in rows["api.port"]
    assert rows["hub.url"].endswith(f"# {file}")
    assert rows["unit.locale"].endswith("# environment")
    assert rows["printer.to"].endswith("# default")


def test_no_secret_is_shown_by_any_command_but_the_one_for_it(till: Till) -> None:
    key = till.do("api-key").strip()
    told = till.do("config", "show") + till.do("doctor") + till.do("doctor", "--json")
    secrets = re.findall(r'"([^"]+)"', (till.directory / "unit.key").read_text())
    assert len(secrets) == 2
    assert not [secret for secret in (key, *secrets) if secret in told]


# --- run -----------------------------------------------------------------------------------------


@pytest.fixture(name="running", scope="module")
def _running(tmp_path_factory: pytest.TempPathFactory, enrolled: Path) -> Iterator[Till]:
    """An enrolled unit that runs."""
    directory = tmp_path_factory.mktemp("running") / "unit"
    shutil.copytree(enrolled, directory)
    with Till(directory, "api.port=0").process("run") as process:
        port = line_of(process, r"The unit listens at http://127\.0\.0\.1:(\d+)")
        yield Till(directory, f"api.port={port}")
        assert end(process) == 0


def test_a_running_unit_tells_how_it_is(running: Till) -> None:
    told = running.do("status")
    assert re.search(r"^unit +S0412-K1$", told, re.MULTILINE)
    assert re.search(r"^journal\.unsent +1$", told, re.MULTILINE)
    assert json.loads(running.do("status", "--json"))["enrolled"] is True


def test_doctor_works_beside_a_running_unit(running: Till) -> None:
    assert "ok    journal" in running.do("doctor")


def test_a_command_that_writes_waits_until_the_unit_is_stopped(running: Till) -> None:
    for command in (("clerk", "add", "li"), ("clerk", "list")):
        assert running.fail(*command) == "This unit is already running: Stop the unit first.\n"
    second = Till(running.directory, "api.port=0")
    assert "already running" in second.fail_process("run")


def test_a_unit_without_a_hub_says_so_when_it_shall_sync(running: Till) -> None:
    assert "No hub is set: hub.url" in running.fail("sync-now")


def test_another_units_key_is_refused_with_a_sentence(running: Till, new: Till) -> None:
    new.directory.mkdir(mode=0o700)
    told = Till(new.directory, *running.settings[1:]).fail("status")
    assert told.startswith("Error: An API key or PIN is needed")


def test_a_port_that_is_taken_is_told(till: Till, running: Till) -> None:
    taken = running.settings[1]
    told = Till(till.directory, taken).fail_process("run")
    assert told.startswith("A setting is wrong: 127.0.0.1, port ")
    assert "Address already in use" in told
    with a_rig(till.directory):
        pass  # and it holds nothing any more


def test_a_unit_that_is_not_enrolled_runs_and_says_what_to_do(new: Till) -> None:
    with Till(new.directory, "api.port=0").process("run") as process:
        assert line_of(process, "(not enrolled yet: Enrol it)")
        url = line_of(process, r"The unit listens at (\S+)")
        page = urllib3.request("GET", url, headers={"Accept-Language": "en"})
        assert (page.status, b"tearoff-unit enrol" in page.data) == (503, True)
        assert end(process) == 0


def test_the_log_is_one_json_object_a_line(till: Till) -> None:
    (till.directory / "anchor").unlink()
    with Till(till.directory, "api.port=0", f"hub.url={NOBODY}").process("run") as process:
        line_of(process, r"(The unit listens)")
        end(process)
        assert process.stderr is not None
        rows = [json.loads(line) for line in process.stderr]
    assert any("anchor-missing" in row["says"] for row in rows)
    assert all({"at", "level", "from", "says"} <= set(row) for row in rows)


# --- status and sync-now without a unit ----------------------------------------------------------


def test_without_a_running_unit_status_says_how_to_start_one(till: Till, new: Till) -> None:
    for one in (till, new):
        assert one.fail("status") == (
            "Error: No unit answers at http://127.0.0.1:9/v1/status; start it: tearoff-unit run\n"
        )


STRANGERS: dict[str, Reply] = {
    "a page": Reply(b"<html>hello</html>", content_type="text/html"),
    "a list": Reply(b"[1, 2]", content_type="application/json"),
    "a number": Reply(b"7", 500, content_type="application/json"),
    "no HTTP": Reply(raw=b"\x00\xffSSH-2.0-nonsense\r\n"),
    "nothing": Reply(raw=b""),
    "bytes that are not UTF-8": Reply(b'{"a": "\xff"}', content_type="application/json"),
}


@pytest.mark.parametrize("reply", STRANGERS.values(), ids=STRANGERS)
def test_whatever_else_answers_at_the_port_is_no_unit(till: Till, reply: Reply) -> None:
    with a_small_hub(lambda _: reply) as stranger:
        port = stranger.url.rpartition(":")[2]
        assert "unit" in Till(till.directory, f"api.port={port}").fail("status")


def test_a_problem_of_the_unit_is_told_in_its_words(till: Till) -> None:
    body = b'{"title": "The unit cannot record anything right now", "status": 503}'
    with a_small_hub(lambda _: Reply(body, 503, "application/problem+json")) as stranger:
        port = stranger.url.rpartition(":")[2]
        told = Till(till.directory, f"api.port={port}").fail("status")
    assert told == "Error: The unit cannot record anything right now\n"


def test_syncing_works_without_a_running_unit_too(till: Till) -> None:
    with a_small_hub() as hub:
        synced = Till(till.directory, *till.settings[1:], f"hub.url={hub.url}")
        assert synced.do("sync-now") == "pull: done\npush: done\n"


NONSENSE: dict[str, Reply] = {
    "an error": Reply(status=500),
    "a page": Reply(b"<html>", content_type="text/html"),
    "garbage": Reply(b"\x00\xff" * 500),
    "another signature": Reply(e.an_enrolment_message()),
}


@pytest.mark.parametrize("reply", NONSENSE.values(), ids=NONSENSE)
def test_a_hub_that_answers_nonsense_is_a_sync_that_failed(till: Till, reply: Reply) -> None:
    with a_small_hub(lambda _: reply) as hub:
        synced = Till(till.directory, *till.settings[1:], f"hub.url={hub.url}")
        assert "pull: failed\npush: failed\n" in synced.fail("sync-now")


def test_what_is_not_enrolled_cannot_sync(new: Till) -> None:
    told = new.fail("sync-now")
    assert told.startswith("This unit is not enrolled yet: Enrol it")
    assert "tearoff-unit enrol --hub URL --code CODE" in told


# --- enrol ---------------------------------------------------------------------------------------


@pytest.fixture(name="desk")
def _desk() -> Desk:
    """Confirms at once."""
    return Desk(states=[canonical.encode({2: e.an_enrolment_message()})])


@pytest.fixture(name="hub")
def _hub(desk: Desk) -> Iterator[SmallHub]:
    with a_small_hub(desk) as hub:
        yield hub


def enrol(hub: SmallHub, *more: str) -> tuple[str, ...]:
    return ("enrol", "--hub", hub.url, "--code", "K7QX-2MPA-9RTC", *more)


def with_keys(till: Till) -> Till:
    till.directory.mkdir(mode=0o700)
    e.write_keys(till.directory / "unit.key")
    return till


def test_enrolling_shows_the_number_and_makes_a_unit(new: Till, hub: SmallHub, desk: Desk) -> None:
    told = with_keys(new).do(*enrol(hub))
    assert f"Compare this number with the one at the hub:  {desk.number()}" in told
    assert "This is unit S0412-K1 of 静安店 now." in told
    assert f'[hub] url = "{hub.url}"' in told
    assert "ok    enrolment" in new.fail("doctor"), "its anchor is missing until it first starts"


def test_a_hub_that_is_not_there_is_told(new: Till) -> None:
    told = new.fail("enrol", "--hub", NOBODY, "--code", "K7QX-2MPA-9RTC")
    assert told.startswith(f"The hub cannot be reached: No answer from {NOBODY}")


@pytest.mark.parametrize("url", ["hub.example", "", "ftp://hub", "http://", "http://[::1"])
def test_an_address_that_is_none_is_told(new: Till, url: str) -> None:
    told = new.fail("enrol", "--hub", url, "--code", "K7QX-2MPA-9RTC")
    assert told.startswith("A setting is wrong: a hub is at https://HOST")


@pytest.mark.parametrize("reply", NONSENSE.values(), ids=NONSENSE)
def test_a_hub_that_answers_nonsense_enrols_nobody(new: Till, reply: Reply) -> None:
    with a_small_hub(lambda _: reply) as hub:
        assert new.fail(*enrol(hub)).startswith("The hub cannot be reached: The ")
    assert "not enrolled" in new.fail("doctor", code=2)


def test_an_enrolment_signed_by_another_key_is_not_taken(
    new: Till, hub: SmallHub, desk: Desk
) -> None:
    desk.states = [canonical.encode({2: e.an_enrolment_message(key="thief")})]
    assert "cannot be believed" in with_keys(new).fail(*enrol(hub))
    assert "not enrolled" in new.fail("doctor", code=2)


def test_a_code_that_the_hub_refuses_is_told_with_its_words(new: Till, hub: SmallHub) -> None:
    body = b'{"type": "/problems/enrolment-refused", "detail": "The code was used."}'
    hub.answer = lambda _: Reply(body, 409, "application/problem+json")
    assert new.fail(*enrol(hub)) == "The hub refused: The code was used.\n"


def test_nobody_who_confirms_is_told(new: Till, hub: SmallHub, desk: Desk) -> None:
    desk.states = [canonical.encode({})]
    told = new.fail(*enrol(hub, "--wait", "1"))
    assert "Nobody confirmed in time. Ask for a new code and try again." in told


def test_a_damaged_database_is_set_aside_and_kept(till: Till, hub: SmallHub) -> None:
    database = till.directory / "unit.db"
    database.write_bytes(b"no database" * 1000)
    assert "The journal of this unit is damaged" in till.fail(*enrol(hub))
    told = till.do(*enrol(hub, "--replace-journal"))
    aside = Path(told.split("The old database is kept as ")[1].splitlines()[0])
    assert aside.read_bytes() == b"no database" * 1000
    report = till.fail("doctor", code=2)
    assert "ok    database" in report
    assert "BAD   anchor" in report, "which remembers what the new one has not"


def test_no_database_is_set_aside_before_the_new_enrolment_is_there(
    till: Till, hub: SmallHub
) -> None:
    hub.answer = lambda _: Reply(status=500)
    before = (till.directory / "unit.db").read_bytes()
    till.fail(*enrol(hub, "--replace-journal"))
    assert (till.directory / "unit.db").read_bytes() == before
    assert not list(till.directory.glob("unit.db.*"))


def test_the_database_of_a_running_unit_is_not_set_aside(till: Till, hub: SmallHub) -> None:
    store = Store(till.directory / "unit.db")
    told = till.fail(*enrol(hub, "--replace-journal"))
    store.close()
    assert told.startswith("This unit is already running")
    assert hub.asked == [], "and the code is as good as before"


def test_a_database_set_aside_in_the_same_second_replaces_none(till: Till, hub: SmallHub) -> None:
    for _ in range(2):
        till.do(*enrol(hub, "--replace-journal"))
    assert len([path for path in till.directory.glob("unit.db.*") if path.suffix[1:2] == "2"]) == 2


# --- doctor --------------------------------------------------------------------------------------


def test_doctor_looks_at_everything_and_finds_nothing(till: Till) -> None:
    told = till.do("doctor")
    assert "BAD" not in told
    assert {line[6:21].strip() for line in told.splitlines() if line[:4].strip()} == {
        "data directory", "disk", "keys", "API key", "database", "enrolment", "journal", "anchor",
        "clock", "battery", "network", "hub", "printer", "pictures", "service",
    }  # fmt: skip


def test_doctor_tells_scripts_that_something_needs_attention(till: Till) -> None:
    with SimulatedPrinter() as printer:
        printer.faults.change(paper_low=True)
        told = Till(till.directory, f"printer.to={printer.url}").fail("doctor", code=1)
    assert re.search(r"note +printer .*paper-low\n +-> have a new roll ready", told)


def test_doctor_speaks_to_scripts_too(till: Till, new: Till) -> None:
    body = json.loads(till.do("doctor", "--json"))
    assert body["well"] is True
    assert body["health"] == "good"
    row = {"name", "health", "found", "what_to_do", "profile", "last_answer"}
    assert all(set(found) == row for found in body["findings"])
    assert json.loads(new.fail("doctor", "--json", code=2))["well"] is False


def content_of(directory: Path) -> dict[str, bytes]:
    """Every file but what SQLite keeps beside an open database."""
    files = [f for f in directory.rglob("*") if f.is_file() and "-" not in f.name]
    return {str(f.relative_to(directory)): f.read_bytes() for f in files}


@pytest.mark.parametrize("name", ["unit.db", "unit.key", "anchor", "api.key"])
@pytest.mark.parametrize(
    "content", [b"", b"garbage" * 2000, None], ids=["empty", "garbage", "gone"]
)
def test_doctor_says_what_is_damaged_and_mends_nothing(
    till: Till, name: str, content: bytes | None
) -> None:
    till.do("api-key")
    path = till.directory / name
    path.unlink() if content is None else path.write_bytes(content)
    before = content_of(till.directory)
    result = till.invoke("doctor")
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    is_bad = name in {"unit.db", "unit.key"} or (name, content) == ("api.key", b"")
    is_odd = name == "anchor"
    assert result.exit_code == (2 if is_bad else 1 if is_odd else 0), result.output
    for line in result.stdout.splitlines():
        if line.startswith("BAD"):
            assert "->" in result.stdout.split(line)[1].splitlines()[1], "with a remedy"
    after = content_of(till.directory)
    assert after == before


# --- scan-image ----------------------------------------------------------------------------------


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    (tmp_path / "good.png").write_bytes(p.png(p.a_qr(b.a_token(), module_px=4)))
    (tmp_path / "bars.png").write_bytes(p.png(p.on_a_desk(p.a_code128("123456"))))
    (tmp_path / "white.png").write_bytes(p.png(np.full((200, 200), 255, np.uint8)))
    (tmp_path / "text.png").write_bytes(b"no picture")
    (tmp_path / "empty.png").touch()
    (tmp_path / "binary.png").write_bytes(p.png(p.a_qr(b"\xff\xfe\x1b[2J")))
    return tmp_path


def test_a_picture_is_read(till: Till, folder: Path) -> None:
    good = str(folder / "good.png")
    assert till.do("scan-image", good) == f"{good}: {b.a_token()}\n"
    row = json.loads(till.do("scan-image", "--json", good))
    assert (row["text"], row["format"], row["stage"]) == (b.a_token(), "qr", "raw")
    assert row["ms"] > 0


@pytest.mark.parametrize(
    ("name", "told"),
    [("white.png", "no code"), ("text.png", "the picture cannot be opened"),
     ("empty.png", "the file is empty"), ("missing.png", "No such file or directory"),
     ("", "Is a directory")],
)  # fmt: skip
def test_a_picture_that_cannot_be_read_is_told_and_holds_no_other_up(
    till: Till, folder: Path, name: str, told: str
) -> None:
    bad, good = str(folder / name), str(folder / "good.png")
    assert till.fail("scan-image", bad, good) == f"{bad}: {told}\n{good}: {b.a_token()}\n"
    rows = [json.loads(line) for line in till.fail("scan-image", "--json", bad).splitlines()]
    error = rows[0].get("error", {"says": "no code"})
    assert (rows[0]["text"], error["says"]) == (None, told)


def test_only_the_symbologies_that_were_asked_for_are_looked_for(till: Till, folder: Path) -> None:
    bars = str(folder / "bars.png")
    assert "123456" in till.do("scan-image", "--formats", "QR, code128", bars)
    assert "no code" in till.fail("scan-image", bars)
    for wrong in ("aztec", "", ",", "qr;code128"):
        assert "unknown format" in till.fail("scan-image", "--formats", wrong, bars)


def test_without_the_camera_extra_it_is_told_how_to_install_it(
    till: Till, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "cv2.py").write_text("raise ImportError('cv2')")
    monkeypatch.setenv("PYTHONPATH", str(folder))  # pictures are read in a child
    monkeypatch.setitem(sys.modules, "cv2", None)
    told = till.fail("scan-image", str(folder / "good.png"))
    assert told == (
        "Pictures cannot be read on this unit:"
        " Install the camera extra: pip install 'tearoff[camera]'.\n"
    )
    assert re.search(r"- +pictures +without cv2\n +-> pip install", till.do("doctor"))


def test_a_payload_never_reaches_the_terminal_as_it_is(till: Till, folder: Path) -> None:
    binary = str(folder / "binary.png")
    for told in (till.do("scan-image", binary), till.do("scan-image", "--json", binary)):
        assert re.search(r"\\(x1b|u001b)\[2J", told)
        assert "\x1b" not in told


# --- print-test ----------------------------------------------------------------------------------


def test_a_page_is_printed(till: Till) -> None:
    with SimulatedPrinter() as printer:
        for locale in ("zh-CN", "en"):
            told = till.do("print-test", "--to", printer.url, "--locale", locale)
            assert told.startswith(f"{printer.url} (generic-80-gbk): confirmed\n")
            assert "QR code by the printer" in told
            assert "the drawer has opened" in told
        first, second = printer.papers()
    assert "打印机测试" in first.text
    assert "Printer test" in second.text


def test_the_printer_of_the_settings_is_used(till: Till) -> None:
    with SimulatedPrinter() as printer:
        set_up = Till(till.directory, f"printer.to={printer.url}")
        assert "confirmed" in set_up.do("print-test")
        assert "ready" in set_up.do("doctor")


@pytest.mark.parametrize(
    ("fault", "told"),
    [("paper_end", "paper-end"), ("cover_open", "cover-open"), ("error", "error")],
)
def test_a_printer_that_is_not_well_prints_nothing_and_says_why(
    till: Till, fault: str, told: str
) -> None:
    with SimulatedPrinter() as printer:
        printer.faults.change(**{fault: True})
        assert f"nothing-written {told}" in till.fail("print-test", "--to", printer.url)
        with_printer = Till(till.directory, f"printer.to={printer.url}")
        report = with_printer.fail("doctor", code=2)
        assert re.search(rf"BAD +printer .*{told}\n +-> \w+", report)


WRONG_PRINTERS = [
    ((), "no printer is set"), (("--to", "usb"), "tcp://HOST:PORT"),
    (("--to", "tcp://h:0"), "tcp://HOST:PORT"),
    (("--to", "tcp://127.0.0.1:9"), "unreachable: nothing listens at that port"),
    (("--to", "serial:/dev/none"), "unreachable: there is no such device"),
    (("--to", "usb:/dev/usb/lp99"), "unreachable: there is no such device"),
    (("--to", "usb:/etc/hostname"), "unreachable: that is no device"),
    (("--to", "serial:/dev/null"), "unreachable: that is no serial line"),
    (("--to", "usb:ffff:fff0"), "nothing-written unreachable: "), (("--to", "usb:4b8:1"), "usb:VE"),
    (("--to", "tcp://127.0.0.1:9", "--profile", "generic-80-gbx"), "generic-80-gbk"),
    (("--to", "tcp://127.0.0.1:9", "--profile", "../../etc/passwd"), "no printer profile"),
]  # fmt: skip


@pytest.mark.parametrize(("args", "told"), WRONG_PRINTERS, ids=str)
def test_a_printer_that_is_none_is_told(till: Till, args: tuple[str, ...], told: str) -> None:
    assert told in till.fail("print-test", *args)


def test_doctor_says_what_is_wrong_with_the_printers_settings(till: Till) -> None:
    wrong = Till(till.directory, "printer.to=tcp://p:1", "printer.profile=nonesuch")
    report = wrong.fail("doctor", code=2)
    assert re.search(r"BAD +printer +no printer profile 'nonesuch'", report)
    assert "pictures" in report, "and looks at the rest"


# --- clerks and the key --------------------------------------------------------------------------


def test_a_clerk_gets_a_pin_once(till: Till) -> None:
    told = till.do("clerk", "add", "li")
    assert re.fullmatch(r"The PIN of li is \d{6}\. It is shown only now\.\n", told)
    till.do("clerk", "add", "王")
    assert till.do("clerk", "list") == "li\n王\n"


@pytest.mark.parametrize("name", ["", "x" * 65, "li\n", "\x1b[2J"])
def test_a_name_that_is_none_gets_no_pin(till: Till, name: str) -> None:
    assert "1 to 64 printable characters" in till.fail("clerk", "add", name)


def test_a_clerk_can_be_added_before_the_unit_is_enrolled(new: Till) -> None:
    assert "The PIN of li is" in new.do("clerk", "add", "li")
    assert new.directory.stat().st_mode & 0o777 == 0o700


def test_a_damaged_database_takes_no_clerk(till: Till) -> None:
    (till.directory / "unit.db").write_bytes(b"garbage" * 1000)
    told = till.fail("clerk", "add", "li")
    assert told == (
        "The journal of this unit is damaged: Run `tearoff-unit doctor`; it says what is damaged.\n"
    )


def test_the_api_key_is_shown_and_stays(till: Till) -> None:
    key = till.do("api-key")
    assert len(key.strip()) >= 43
    assert till.do("api-key") == key


def test_an_api_key_that_others_may_read_is_not_shown(till: Till) -> None:
    key = till.do("api-key").strip()
    (till.directory / "api.key").chmod(0o644)
    told = till.fail("api-key")
    assert "chmod 600" in told
    assert key not in told


# --- printer-simulator ---------------------------------------------------------------------------


def test_the_simulator_prints_and_shows_its_paper(till: Till) -> None:
    with till.process("printer-simulator", "--port", "0", "--web", "0") as process:
        printer = line_of(process, r"The printer listens at (tcp://127\.0\.0\.1:[1-9]\d+)")
        page = line_of(process, r"The paper is at (http://127\.0\.0\.1:[1-9]\d+)")
        assert "confirmed" in till.do("print-test", "--to", printer)
        shown = urllib3.request("GET", page)
        assert (shown.status, "打印机测试" in shown.data.decode()) == (200, True)
        assert end(process) == 0


def test_a_simulator_whose_port_is_taken_says_so(till: Till, running: Till) -> None:
    taken = running.settings[1].partition("=")[2]
    # The second as a process: waitress does not close a socket that it could not bind.
    for told in (
        till.fail("printer-simulator", "--port", taken, "--web", "0"),
        till.fail_process("printer-simulator", "--port", "0", "--web", taken),
    ):
        assert taken in told
        assert "Address already in use" in told


@pytest.mark.parametrize("args", [("--port", "-1"), ("--web", "65536"), ("--width", "wide"),
                                  ("--width", "0"), ("--port", "x")], ids=str)  # fmt: skip
def test_a_simulator_that_cannot_be_is_usage(till: Till, args: tuple[str, ...]) -> None:
    assert "Invalid value" in till.fail("printer-simulator", *args, code=2)


def test_whoever_reads_us_may_stop_reading(till: Till) -> None:
    """``tearoff-unit config show | head -1``."""
    reads, writes = os.pipe()
    os.close(reads)
    done = subprocess.run(
        [sys.executable, "-m", "edge", *till.typed("config", "show")], stdout=writes,
        stderr=subprocess.PIPE, text=True, timeout=WAIT_S, check=False,
    )  # fmt: skip
    os.close(writes)
    assert "Traceback" not in done.stderr
    assert done.returncode == 1
