"""The doctor: what it says of each thing that can be wrong, and that it changes nothing."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

import apsw
import pytest

from edge.attached import reports
from edge.bundles.identity import UnitKeys
from edge.care import doctor
from edge.care.machine import Machine
from edge.config import HubSection, PrinterSection, StoreSection
from edge.contract.ids import Seq
from edge.devices.finding import Finding, Health, Said, in_language, worst
from edge.devices.ports import NoPrinter, Outcome, Printer, PrinterSeen, PrinterState
from edge.devices.profiles import load
from edge.journal.anchor import SLOT_BYTES, AnchorFile
from edge.journal.model import Mark
from edge.web.words import translate
from tests import builders as b
from tests.edge import builders as e
from tests.edge.builders import a_config, a_rig
from tests.edge.sync.small_hub import Reply, a_small_hub

GOOD, NONE, WARNING, BAD = Health


@pytest.fixture(name="enrolled", scope="module")
def _enrolled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a unit with five entries, to be copied."""
    directory = tmp_path_factory.mktemp("enrolled") / "unit"
    with a_rig(directory) as rig:
        rig.present("garbage")
        for number in range(3):
            rig.present(b.a_token(voucher_id=e.voucher(number)))
        rig.store.checkpoint()
    return directory


@pytest.fixture(name="directory")
def _directory(tmp_path: Path, enrolled: Path) -> Path:
    """A unit that does not run, last written to a minute ago."""
    shutil.copytree(enrolled, tmp_path / "unit")
    os.utime(tmp_path / "unit" / "unit.db", (b.NOW_S - 60, b.NOW_S - 60))
    return tmp_path / "unit"


def examined(
    directory: Path, device: Printer | None = None, now_s: float = b.NOW_S, **sections: Any
) -> dict[str, Finding]:
    config = a_config(directory, **sections)
    printer = device or NoPrinter()
    devices = reports(config, lambda: PrinterSeen(printer.state(), printer.why))
    checks = list(doctor.examine(config, devices, now_s))
    assert len({check.name for check in checks}) == len(checks)
    for check in checks:
        assert check.found
        assert bool(check.what_to_do) == (check.health is not GOOD), "a way out, if one is needed"
    return {check.name: check for check in checks}


def bad(checks: dict[str, Finding]) -> set[str]:
    return {name for name, check in checks.items() if check.health is BAD}


def test_of_a_unit_that_is_well_nothing_is_bad(directory: Path) -> None:
    checks = examined(directory)
    assert bad(checks) == set()
    assert checks["journal"].found == "5 entries, every one follows the one before"
    assert checks["anchor"].found.startswith("at 1/5, on the same disk")


def test_the_doctor_changes_nothing(directory: Path) -> None:
    def content() -> dict[str, bytes]:
        # What SQLite keeps beside an open database comes and goes with whoever reads it.
        return {
            f.name: f.read_bytes()
            for f in directory.rglob("*")
            if f.is_file() and "-" not in f.name
        }

    before = content()
    examined(directory)
    assert content() == before


def test_the_doctor_reads_beside_a_unit_that_writes(directory: Path) -> None:
    with a_rig(directory) as rig:
        rig.present(b.a_token(voucher_id=e.voucher(99)))
        assert examined(directory)["journal"].found.startswith("6 entries")
        assert rig.refusal(b.a_token(voucher_id=e.voucher(98))) == "accepted"


# --- directory, disk, keys -----------------------------------------------------------------------


def test_before_it_is_enrolled_a_machine_and_its_devices_are_looked_at_all_the_same(
    tmp_path: Path,
) -> None:
    """Whoever sets a till up tries the printer before anything else."""
    printer = PrinterSection("tcp://127.0.0.1:9")
    checks = examined(tmp_path / "missing", InState(PrinterState.PAPER_END), printer=printer)
    assert bad(checks) == {"data directory", "printer"}
    assert "enrol" in checks["data directory"].what_to_do
    assert {"clock", "network", "pictures", "service"} < set(checks)
    assert not {"disk", "keys", "database", "journal", "anchor"} & set(checks)
    assert not (tmp_path / "missing").exists()


def test_a_directory_that_is_open_to_others_is_bad(directory: Path) -> None:
    directory.chmod(0o755)
    assert examined(directory)["data directory"].what_to_do == f"run: chmod 700 {directory}"


@pytest.mark.parametrize(
    ("free", "health"), [(doctor.DISK_FREE_WANTED, GOOD), (doctor.DISK_FREE_WANTED - 1, WARNING),
                         (doctor.DISK_FREE_WANTED // 10 - 1, BAD), (0, BAD)],
)  # fmt: skip
def test_room_on_the_disk_is_told_before_it_is_used_up(free: int, health: Health) -> None:
    assert doctor.check_room(free).health is health
    assert doctor.check_room(free).found == f"{free >> 20} MB free"


def test_keys_that_are_lost_are_told_and_none_are_made(directory: Path) -> None:
    (directory / "unit.key").unlink()
    checks = examined(directory)
    assert bad(checks) == {"keys"}
    anchor = checks["anchor"]
    assert anchor[:4] == ("anchor", WARNING, "cannot be read without the keys", "see keys")
    assert not (directory / "unit.key").exists()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b'sign = "00"\nseal = "00"\n'])
def test_keys_that_are_damaged_are_told(directory: Path, content: bytes) -> None:
    (directory / "unit.key").write_bytes(content)
    assert bad(examined(directory)) == {"keys"}


@pytest.mark.parametrize("name", ["unit.key", "api.key"])
def test_a_key_that_others_may_read_is_bad(directory: Path, name: str) -> None:
    (directory / "api.key").write_text("k" * 43)
    (directory / "api.key").chmod(0o600)
    (directory / name).chmod(0o644)
    checks = examined(directory)
    assert bad(checks) == {{"unit.key": "keys", "api.key": "API key"}[name]}
    assert any("chmod 600" in check.found for check in checks.values())


# --- database, journal, anchor -------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"garbage" * 1000, b"SQLite format 3\0" + bytes(4000)])
def test_what_is_no_database_is_told_with_the_way_back(directory: Path, content: bytes) -> None:
    for name in ("unit.db", "unit.db-wal", "unit.db-shm"):
        (directory / name).unlink(missing_ok=True)
    (directory / "unit.db").write_bytes(content)
    os.utime(directory / "unit.db", (b.NOW_S, b.NOW_S))
    checks = examined(directory)
    assert bad(checks) == {"database"}
    assert "recover-a-unit" in checks["database"].what_to_do


def test_a_database_with_damaged_pages_is_told(directory: Path) -> None:
    path = directory / "unit.db"
    data = bytearray(path.read_bytes())
    for at in range(2048, len(data), 1024):
        data[at : at + 8] = b"\xff" * 8
    path.write_bytes(data)
    os.utime(path, (b.NOW_S, b.NOW_S))
    assert bad(examined(directory)) == {"database"}


def test_without_a_database_the_unit_is_not_enrolled(directory: Path) -> None:
    (directory / "unit.db").unlink()
    assert bad(examined(directory)) == {"enrolment"}


def test_a_database_without_an_enrolment_is_not_enrolled(directory: Path) -> None:
    with apsw.Connection(str(directory / "unit.db")) as connection:
        connection.execute("DELETE FROM bundle WHERE kind = 'enrolment'")
    connection.close()
    os.utime(directory / "unit.db", (b.NOW_S, b.NOW_S))
    checks = examined(directory)
    assert bad(checks) == {"enrolment"}
    assert "tearoff-unit enrol" in checks["enrolment"].what_to_do


def altered(directory: Path, statement: str) -> dict[str, Finding]:
    """What is found after somebody has changed the journal."""
    connection = apsw.Connection(str(directory / "unit.db"))
    connection.execute("DROP TRIGGER journal_is_never_changed; DROP TRIGGER journal_is_never_cut")
    connection.execute(statement)
    connection.close()
    os.utime(directory / "unit.db", (b.NOW_S, b.NOW_S))
    return examined(directory)


def test_an_entry_that_was_altered_is_named(directory: Path) -> None:
    checks = altered(directory, "UPDATE journal SET amount = 9 WHERE seq = 4")
    assert bad(checks) == {"journal"}
    assert checks["journal"].found == "1 faults, first at 1/4: the columns say something else"


def test_entries_cut_off_at_the_end_are_missed_by_the_anchor(directory: Path) -> None:
    """The chain that is left proves itself; only the anchor knows better."""
    checks = altered(directory, "DELETE FROM journal WHERE seq > 3")
    assert bad(checks) == {"anchor"}
    assert checks["journal"].health is GOOD
    assert checks["anchor"].found == "entry 1/5 is missing from the journal"


ANCHORS: list[tuple[str, bytes | None]] = [
    ("missing", None),
    ("unreadable", b""),
    ("unreadable", b"\xff" * 2 * SLOT_BYTES),
]


@pytest.mark.parametrize(("state", "content"), ANCHORS, ids=["missing", "empty", "altered"])
def test_an_anchor_that_says_nothing_is_a_note_for_the_unit_mends_it(
    directory: Path, state: str, content: bytes | None
) -> None:
    path = directory / "anchor"
    path.unlink() if content is None else path.write_bytes(content)
    check = examined(directory)["anchor"]
    assert (check.health, check.found) == (WARNING, f"{path} is {state}")
    assert "new epoch" in check.what_to_do
    with a_rig(directory):
        pass
    assert examined(directory)["anchor"].health is GOOD


def test_another_units_anchor_is_unreadable(directory: Path) -> None:
    another = UnitKeys(b.a_sign_key("another"), b.a_seal_key("another"))
    anchor = AnchorFile(directory / "anchor", another.anchor_key())
    for seq in (0, 1):
        anchor.write(Mark(seq=Seq(seq)))
    anchor.close()
    check = examined(directory)["anchor"]
    assert (check.health, check.found) == (WARNING, f"{anchor.path} is unreadable")


def test_an_anchor_on_another_medium_is_looked_for_there(directory: Path, tmp_path: Path) -> None:
    shutil.move(directory / "anchor", tmp_path / "elsewhere")
    assert examined(directory)["anchor"].health is WARNING
    moved = examined(directory, store=StoreSection(str(tmp_path / "elsewhere")))
    assert moved["anchor"].health is GOOD


# --- clock ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now_s", "health"),
    [(0, BAD), (1_000_000_000, BAD), (b.NOW_S - 3600, BAD), (b.NOW_S - 63, GOOD), (b.NOW_S, GOOD),
     (b.NOW_S + 10**9, GOOD)],
    ids=["1970", "2001", "an hour behind", "a little behind", "now", "later"],
)  # fmt: skip
def test_a_clock_in_the_past_is_bad(directory: Path, now_s: float, health: Health) -> None:
    check = examined(directory, now_s=now_s)["clock"]
    assert check.health is health
    assert health is GOOD or "timedatectl set-time" in check.what_to_do


# --- hub -----------------------------------------------------------------------------------------


def hub_check(directory: Path, url: str, **bent: Any) -> Finding:
    return doctor.check_hub(a_config(directory, hub=HubSection(url=url, **bent)))


def test_a_hub_that_answers_is_good(directory: Path) -> None:
    with a_small_hub(lambda _: Reply(b"{}")) as hub:
        check = hub_check(directory, hub.url + "/")
        assert (check.health, check.found) == (GOOD, f"{hub.url}/ answers 200")
        assert [asked.path for asked in hub.asked] == ["/health"]


def test_without_a_hub_it_is_noted(directory: Path) -> None:
    assert hub_check(directory, "").health is NONE


REPLIES = {
    "an error": Reply(status=503),
    "elsewhere": Reply(status=302, headers=(("Location", "/health"),)),
    "no HTTP": Reply(raw=b"\x00\xff" * 50),
    "nothing": Reply(raw=b""),
    "a reset": Reply(resets=True),
}


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_a_hub_that_does_not_answer_well_is_noted_and_stops_nothing(
    directory: Path, reply: Reply
) -> None:
    with a_small_hub(lambda _: reply) as hub:
        check = hub_check(directory, hub.url)
    assert check.health is WARNING
    assert check.what_to_do


def test_an_answer_that_never_ends_holds_the_doctor_up_for_nothing(directory: Path) -> None:
    with a_small_hub(lambda _: Reply(b"x" * 10**4, piece_wait_s=0.05)) as hub:
        assert hub_check(directory, hub.url).health is GOOD


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9", "http://a..b", "http://", "http://[::1", "http://h:99999",
            f"http://{'a' * 300}", "https://127.0.0.1:9"],
)  # fmt: skip
def test_an_address_where_nobody_is_is_noted(directory: Path, url: str) -> None:
    check = hub_check(directory, url)
    assert (check.health, check.what_to_do.split(";")[0]) == (WARNING, "check network and hub.url")


def test_authorities_that_are_not_there_are_noted(directory: Path) -> None:
    assert hub_check(directory, "https://127.0.0.1:9", ca_file="/no.pem").health is WARNING


# --- printer -------------------------------------------------------------------------------------


class InState:
    """A printer in a state. Implements ``devices.ports.Printer``."""

    columns = 48
    why = ""

    def __init__(self, state: PrinterState) -> None:
        self._state = state

    def state(self) -> PrinterState:
        return self._state

    def print(self, rows: object) -> Outcome:
        raise AssertionError("the doctor prints nothing")

    def close(self) -> None:
        pass


HEALTH = {
    PrinterState.READY: GOOD,
    PrinterState.PAPER_LOW: WARNING,
    PrinterState.ABSENT: NONE,
}


@pytest.mark.parametrize("state", list(PrinterState))
def test_every_state_of_a_printer_is_told_with_what_to_do(
    directory: Path, state: PrinterState
) -> None:
    at = PrinterSection("tcp://127.0.0.1:9")
    check = examined(directory, InState(state), printer=at)["printer"]
    assert check.health is HEALTH.get(state, BAD)
    assert check.profile == load("printer", "generic-80-gbk").label
    assert state is PrinterState.ABSENT or check.last_answer == state
    assert check.found.endswith(f": {state}" if check.last_answer else "none set")


@pytest.mark.parametrize(
    ("to", "english", "chinese"),
    [("tcp://127.0.0.1:9", "unreachable: nothing listens at that port", "该端口没有打印机"),
     ("usb:/dev/usb/lp99", "unreachable: there is no such device", "没有这个设备"),
     ("serial:/dev/null", "unreachable: that is no serial line", "这不是串口")],
)  # fmt: skip
def test_why_a_printer_is_unreachable_is_told_in_the_readers_language(
    directory: Path, to: str, english: str, chinese: str
) -> None:
    check = reports(a_config(directory, printer=PrinterSection(to)))[0]()
    assert english in check.found
    told = in_language("zh-CN", check.found, translate)
    assert told.startswith(f"{to} (")
    assert chinese in told


def test_a_printer_that_cannot_be_set_up_is_told_with_the_setting(directory: Path) -> None:
    config = a_config(directory, printer=PrinterSection("tcp://p:1", "generic-80-gbx"))
    [check] = [report() for report in reports(config)]
    assert check.health is BAD
    assert re.search("generic-80-gbx.*generic-80-gbk", check.found)


def test_pictures_can_be_read_here() -> None:
    assert doctor.check_camera()[:4] == ("pictures", GOOD, "OpenCV, zxing-cpp and zbar", "")


@pytest.mark.parametrize(
    ("has_battery", "is_board", "has_clock", "health"),
    [(True, True, False, "warning"), (True, True, True, "good"), (True, False, False, "good"),
     (False, True, False, "good")],
)  # fmt: skip
def test_a_board_without_a_battery_is_noticed(
    tmp_path: Path, *, has_battery: bool, is_board: bool, has_clock: bool, health: str
) -> None:
    board, clocks = tmp_path / "model", tmp_path / "rtc"
    if is_board:
        board.write_text("Raspberry Pi 4 Model B")
    if has_clock:
        (clocks / "rtc0").mkdir(parents=True)
    found = doctor.check_battery(has_battery=has_battery, board=board, clocks=clocks)
    assert (found.health, bool(found.what_to_do)) == (health, health != "good")


# --- network and service -------------------------------------------------------------------------

ROUTES = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
ETH0 = "eth0\t00000000\t0100A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
LAN = "eth0\t0000A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n"
DOWN = ETH0.replace("0003", "0002")
LO_6 = f"{'0' * 32} 00 {'0' * 32} 00 {'0' * 32} ffffffff 00000001 00000000 00200200 lo\n"
WIFI_6 = LO_6.replace(" lo", " wlan0")


@pytest.mark.parametrize(
    ("four", "six", "way"),
    [
        (ROUTES + LAN + ETH0, LO_6, "eth0"), (ROUTES + LAN, WIFI_6, "wlan0"),
        (ROUTES + LAN, LO_6, ""), (ROUTES + DOWN, "", ""), ("", "", ""), (None, None, ""),
    ],
    ids=["IPv4", "IPv6", "the LAN only", "down", "nothing", "no such files"],
)  # fmt: skip
def test_a_way_out_is_a_default_route(
    tmp_path: Path, four: str | None, six: str | None, way: str
) -> None:
    for name, text in (("route", four), ("ipv6_route", six)):
        if text is not None:
            (tmp_path / name).write_text(text)
    machine = Machine(routes=tmp_path / "route", routes_6=tmp_path / "ipv6_route")
    assert machine.way_out() == way
    assert doctor.check_network("", machine).health is (GOOD if way else NONE)
    assert doctor.check_network("https://h", machine).health is (GOOD if way else WARNING)


@pytest.mark.parametrize(
    ("state", "health"),
    [("active", GOOD), ("failed", BAD), ("inactive", WARNING), ("activating", WARNING)],
)
def test_the_service_is_as_systemd_says(tmp_path: Path, state: str, health: Health) -> None:
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(
        f'#!/bin/sh\n[ "$*" = "is-active tearoff-unit" ] && echo {state}\nexit 3\n'
    )
    systemctl.chmod(0o755)
    file = tmp_path / "tearoff-unit.service"
    file.touch()
    found = doctor.check_service(Machine(service_file=file, systemctl=str(systemctl)))
    assert (found.health, found.found) == (health, f"{file}: {state}")
    assert bool(found.what_to_do) == (health is not GOOD)


def test_a_machine_without_the_service_or_without_systemd_is_told(tmp_path: Path) -> None:
    machine = Machine(service_file=tmp_path / "none", systemctl=str(tmp_path / "none"))
    assert doctor.check_service(machine).health is NONE
    machine.service_file.touch()
    machine = Machine(service_file=tmp_path / "none", systemctl=str(tmp_path / "nowhere"))
    assert doctor.check_service(machine).found.endswith(": unknown")


# --- what is said --------------------------------------------------------------------------------


def test_the_worst_of_all_counts() -> None:
    def of(*healths: Health) -> Health:
        return worst([Finding("x", health, "x") for health in healths])

    assert of() is of(GOOD, NONE) is GOOD
    assert of(GOOD, WARNING, NONE) is WARNING
    assert of(WARNING, BAD, GOOD) is BAD


def test_everything_that_is_found_is_said_in_chinese_too(directory: Path) -> None:
    damaged = directory.parent / "damaged"
    shutil.copytree(directory, damaged)
    (damaged / "unit.key").unlink()
    every = [*examined(directory).values(), *examined(damaged).values(),
             *examined(directory.parent / "missing").values()]  # fmt: skip
    for finding in every:
        assert in_language("zh-CN", finding.name, translate) != finding.name or finding.name == "x"
        for said in (finding.found, finding.what_to_do):
            if said and isinstance(said, Said) and said.text != "{to} ({profile}): {state}":
                assert in_language("zh-CN", said, translate) != said
        assert in_language("en", finding.found, translate) == finding.found
