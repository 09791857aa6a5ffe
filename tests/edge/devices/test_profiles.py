"""Hardware as data: every profile that ships loads, and a wrong one is told by name."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from edge.devices.profiles import (
    KINDS,
    PrinterProfile,
    ScannerProfile,
    TerminalProfile,
    ids,
    load,
    places,
    read_file,
)
from edge.devices.profiles.load import SHIPPED as SHIPPED_PLACES
from edge.errors import ConfigInvalid
from tests import builders

SHIPPED = Path(builders.__file__).parent.parent / "firmware_profiles"
GOOD = (SHIPPED / "printers" / "generic-80-gbk.toml").read_text("utf-8")
ALL = [(kind, name) for kind in KINDS for name in ids(kind)]
SCHEMA = jsonschema_rs.validator_for(json.loads((SHIPPED / "schema.json").read_text("utf-8")))


# --- what ships ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_every_profile_that_ships_loads_and_is_honest(kind: str, name: str) -> None:
    profile = load(kind, name)
    assert (profile.kind, profile.id) == (kind, name)
    assert isinstance(profile, KINDS[kind])
    assert len(profile.evidence) > 40, "it says where its values come from"
    assert profile.status == "untested", "nobody here has had the device in his hands"


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_every_profile_that_ships_keeps_to_the_schema(kind: str, name: str) -> None:
    document = tomllib.loads((SHIPPED / f"{kind}s" / f"{name}.toml").read_text("utf-8"))
    assert [str(error) for error in SCHEMA.iter_errors(document)] == []


@pytest.mark.parametrize("name", ids("printer"))
def test_the_columns_of_a_printer_are_twelve_dots_wide(name: str) -> None:
    media = load("printer", name).media
    assert media.columns == media.width_dots // 12


@pytest.mark.parametrize("name", ids("terminal"))
def test_a_terminal_names_devices_that_there_are(name: str) -> None:
    devices = load("terminal", name).devices
    for kind in ("printer", "scanner", "camera", "display"):
        if named := getattr(devices, kind):
            assert load(kind, named).id == named


def test_every_file_is_found_by_its_id() -> None:
    found = {(path.parent.name, path.stem) for path in SHIPPED.glob("*/*.toml")}
    assert found == {(f"{kind}s", name) for kind, name in ALL}


def test_the_hex_of_a_command_becomes_bytes() -> None:
    scanner: ScannerProfile = load("scanner", "gm65-uart")
    assert scanner.commands.trigger_on.hex() == "7e000801000201abcd"
    assert scanner.frame.strip == (bytes.fromhex("02000001003331"),)
    terminal: TerminalProfile = load("terminal", "pi4-kiosk")
    assert terminal.board.rtc is False


# --- what is wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "hint"),
    [("generic-80", "did you mean generic-80-gbk"), ("generic-58gbk", "did you mean generic-58"),
     ("qqq", "there are .*generic-58-gbk, generic-80-gbk"), ("", "there are"),
     ("../printers/generic-80-gbk", "did you mean"), ("generic-80-gbk.toml", "did you mean"),
     ("/etc/passwd", "no printer profile"), ("a\x00b", "no printer profile")],
)  # fmt: skip
def test_an_unknown_profile_is_told_with_the_nearest_name(name: str, hint: str) -> None:
    with pytest.raises(ConfigInvalid, match=hint):
        load("printer", name)


def test_an_unknown_kind_is_told_with_those_there_are() -> None:
    with pytest.raises(ConfigInvalid, match="only printer, scanner"):
        load("plotter", "x")


def bent(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


WRONG: list[tuple[str, str, str]] = [
    ("unknown key", bent("columns = 48", "columns = 48\ncolums = 48"),
     "unknown key media.colums; did you mean media.columns"),
    ("right key in the wrong table", bent("columns = 48", "columns = 48\nbaud = 9600"),
     "unknown key media.baud; did you mean link.baud"),
    ("unknown table", GOOD + "\n[frames]\nterminator = 'cr'\n", "unknown key frames.terminator"),
    ("unknown key at the top", "colour = true\n" + GOOD, "unknown key colour"),
    ("a table that is none", "media = 5\n" + bent("[media]", "[medium]"), "unknown key media"),
    ("a table in a table", GOOD + "\n[media.more]\nx = 1\n", "unknown key media.more"),
    ("missing key", bent("columns = 48\n", ""), "media.columns is missing; it is a whole number"),
    ("missing table", bent("[cut]\nauto = true\n", ""), "cut.auto is missing; it is true or false"),
    ("text for a number", bent("columns = 48", 'columns = "48"'), "media.columns must be a whole"),
    ("bool for a number", bent("columns = 48", "columns = true"), "media.columns must be a whole"),
    ("number for a bool", bent("auto = true", "auto = 1"), "cut.auto must be true or false"),
    ("text for a list", bent('["tcp", "serial", "usb"]', '"tcp"'), "link.kinds is a list"),
    ("a wrong item", bent('"serial"', '"seriall"'), "link.kinds must be one of .*mean serial"),
    ("a table for a value", bent('id = "generic-80-gbk"', "id = {}"), "id is missing"),
    ("another id", bent('id = "generic-80-gbk"', 'id = "other"'), "do not suit"),
    ("an id like a path", bent('id = "generic-80-gbk"', 'id = "../x"'), "id must be a name"),
    ("another kind", bent('kind = "printer"', 'kind = "scanner"'), "do not suit"),
    ("a later schema", bent("schema = 1", "schema = 2"), "schema is 1 to 1"),
    ("an encoding that nobody has", bent('"gbk"', '"gbkk"'), "text.encoding .*did you mean gbk"),
    ("four bytes a character", bent('"gbk"', '"gb18030"'), "text.encoding must be one of"),
    ("no columns", bent("columns = 48", "columns = 8"), "media.columns is 16 to"),
    ("too many columns", bent("columns = 48", "columns = 96"), "media.columns must fit"),
    ("no time", GOOD.replace("[link]", "[link]\nio_ms = 0"), "link.io_ms is 1 to"),
    ("odd hex", bent("1b 70 00 32 32", "1b 7"), "drawer.pulse must be hex digits in pairs"),
    ("hex of capitals", bent("1b 70 00 32 32", "1B70"), "drawer.pulse must be hex"),
    ("no hex", bent("1b 70 00 32 32", "open!"), "drawer.pulse must be hex"),
    ("a raster code without pictures",
     bent('qr = "native"', 'qr = "raster"') + '\n[image]\ncommand = "none"\n', "image.command"),
    ("no evidence", GOOD.replace('evidence = "', 'evidence = " " #'), "evidence must not be"),
    ("a status that sounds better", bent('"untested"', '"works"'), "status must be one of"),
    ("a line end in a name", bent('name = "80', 'name = "\\n80'), "name must be printable"),
    ("not TOML", "]]", "is not TOML"),
    ("not UTF-8", "name = '\udcff'", "is not TOML"),
    ("far too long", GOOD + "#" * 70_000, "is longer than"),
]  # fmt: skip


def a_site(directory: Path, **files: str) -> tuple[Path, ...]:
    """The places of a site with these printers; ``_`` in a name stands for ``-``."""
    folder = directory / "printers"
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        file = folder / f"{name.replace('_', '-')}.toml"
        file.write_bytes(text.encode("utf-8", "surrogateescape"))
    return places(directory)


@pytest.mark.parametrize(("text", "told"), [pytest.param(*row[1:], id=row[0]) for row in WRONG])
def test_a_profile_that_is_wrong_is_told_by_file_and_key(
    tmp_path: Path, text: str, told: str
) -> None:
    where = a_site(tmp_path, generic_80_gbk=text)
    with pytest.raises(ConfigInvalid, match=told) as caught:
        load("printer", "generic-80-gbk", where)
    assert "generic-80-gbk" in str(caught.value)


KEYS_WRONG = [row[:2] for row in WRONG if row[0] in {
    "unknown key", "unknown table", "missing key", "missing table", "text for a number",
    "number for a bool", "a wrong item", "a later schema", "an encoding that nobody has",
    "no columns", "no time", "odd hex", "no hex", "a status that sounds better",
}]  # fmt: skip


@pytest.mark.parametrize("text", [row[1] for row in KEYS_WRONG], ids=[row[0] for row in KEYS_WRONG])
def test_the_schema_refuses_what_the_unit_refuses(text: str) -> None:
    assert not SCHEMA.is_valid(tomllib.loads(text))


# --- a site's own --------------------------------------------------------------------------------


HEAD = """\
schema = 1
id = "{id}"
kind = "printer"
name = "Ours"
status = "reported"
evidence = "The shop on the corner has one."
inherits = "{inherits}"
"""


def heir(name: str, inherits: str, more: str = "") -> str:
    return HEAD.format(id=name, inherits=inherits) + more


def test_a_profile_of_the_site_is_found_before_the_shipped_one(tmp_path: Path) -> None:
    where = a_site(tmp_path, generic_80_gbk=bent("columns = 48", "columns = 42"))
    assert load("printer", "generic-80-gbk", where).media.columns == 42
    assert load("printer", "generic-58-gbk", where).media.columns == 32
    assert load("printer", "generic-80-gbk").media.columns == 48


def test_a_site_alters_one_value_of_a_shipped_profile(tmp_path: Path) -> None:
    own = heir("generic-80-gbk", "generic-80-gbk", "[link]\nio_ms = 9000\n")
    profile = load("printer", "generic-80-gbk", a_site(tmp_path, generic_80_gbk=own))
    shipped = load("printer", "generic-80-gbk")
    assert (profile.link.io_ms, profile.link.kinds) == (9000, shipped.link.kinds)
    assert (profile.media, profile.name, profile.status) == (shipped.media, "Ours", "reported")
    assert profile.sha256 != shipped.sha256


def test_what_is_inherited_twice_is_taken_from_the_nearest(tmp_path: Path) -> None:
    where = a_site(
        tmp_path,
        father=heir("father", "generic-80-gbk", "[media]\ncolumns = 42\n[link]\nkinds = ['usb']\n"),
        child=heir("child", "father", "[media]\ncolumns = 40\n"),
    )
    profile = load("printer", "child", where)
    assert (profile.media.columns, profile.media.width_dots) == (40, 576)
    assert profile.link.kinds == ("usb",), "a list is replaced as a whole"


def test_inheritance_in_a_circle_is_told_with_the_circle(tmp_path: Path) -> None:
    where = a_site(tmp_path, a=heir("a", "b"), b=heir("b", "c"), c=heir("c", "a"))
    with pytest.raises(ConfigInvalid, match="in a circle: a -> b -> c -> a"):
        load("printer", "a", where)


def test_inheritance_without_end_is_told(tmp_path: Path) -> None:
    chain = {f"p{n}": heir(f"p{n}", f"p{n + 1}") for n in range(12)}
    with pytest.raises(ConfigInvalid, match="inherits leads too far: p0 -> p1"):
        load("printer", "p0", a_site(tmp_path, **chain))


@pytest.mark.parametrize(
    ("inherits", "told"),
    [("generic-81-gbk", "orphan.toml: inherits: no printer profile .*did you mean generic-80"),
     ("orphan", "orphan.toml: inherits: no printer profile")],
)  # fmt: skip
def test_an_heir_of_nobody_is_told(tmp_path: Path, inherits: str, told: str) -> None:
    with pytest.raises(ConfigInvalid, match=told):
        load("printer", "orphan", a_site(tmp_path, orphan=heir("orphan", inherits)))


def test_a_fault_is_told_with_the_file_that_it_stands_in(tmp_path: Path) -> None:
    where = a_site(tmp_path, father=bent("columns", "colums"), child=heir("child", "father"))
    with pytest.raises(ConfigInvalid, match=r"father\.toml: unknown key media.colums"):
        load("printer", "child", where)


def test_the_hash_is_of_what_drives_the_device_and_not_of_the_words(tmp_path: Path) -> None:
    reworded = bent('name = "80 mm', 'name = "Wide').replace("schema = 1", "# a note\nschema = 1")
    where = a_site(tmp_path, generic_80_gbk=reworded)
    shipped = load("printer", "generic-80-gbk").sha256
    assert load("printer", "generic-80-gbk", where).sha256 == shipped
    altered = a_site(tmp_path, generic_80_gbk=bent("auto = true", "auto = false"))
    assert load("printer", "generic-80-gbk", altered).sha256 != shipped


def test_a_file_is_read_wherever_it_lies(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(heir("mine", "generic-58-gbk"), "utf-8")
    profile = read_file(file)
    assert isinstance(profile, PrinterProfile)
    assert profile.media.columns == 32
    file.write_text("kind = 'plotter'", "utf-8")
    with pytest.raises(ConfigInvalid, match=r"mine\.toml: kind must be one of printer, scanner"):
        read_file(file)
    with pytest.raises(ConfigInvalid, match=r"missing\.toml cannot be read: No such file"):
        read_file(tmp_path / "missing.toml")


def test_a_directory_of_a_site_that_is_not_there_is_an_empty_one(tmp_path: Path) -> None:
    assert ids("printer", places(tmp_path / "missing")) == ids("printer", SHIPPED_PLACES)


COMMANDS: list[tuple[str, Any]] = [
    ("text:SCNTRG1;", b"SCNTRG1;"),
    ("text:~\\u00010000#SCNTRG1;\\u0003", b"~\x010000#SCNTRG1;\x03"),
    ("16 54 0d", b"\x16T\r"), ("16540d", b"\x16T\r"), ("text:é", None), ("text:", None),
    ("TEXT:x", None), ("1", None), ("16  54", None),
]  # fmt: skip


@pytest.mark.parametrize(("written", "meant"), COMMANDS)
def test_a_command_of_a_scanner_is_hex_or_ascii(
    tmp_path: Path, written: str, meant: bytes | None
) -> None:
    text = (SHIPPED / "scanners" / "hid-us.toml").read_text("utf-8")
    file = tmp_path / "hid-us.toml"
    file.write_text(f'{text}\n[commands]\ntrigger_on = "{written}"\n', "utf-8")
    if meant is None:
        with pytest.raises(
            ConfigInvalid, match=r"commands\.trigger_on must be hex digits in pairs"
        ):
            read_file(file)
    else:
        profile = read_file(file)
        assert isinstance(profile, ScannerProfile)
        assert profile.commands.trigger_on == meant
