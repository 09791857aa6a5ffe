"""Hardware as data: every profile that ships loads, and a wrong one is told by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.devices.profiles import printer_ids, printer_profile
from edge.errors import ConfigInvalid
from tests import builders

SHIPPED = Path(builders.__file__).parent.parent / "firmware_profiles" / "printers"
GOOD = (SHIPPED / "generic-80-gbk.toml").read_text("utf-8")


@pytest.mark.parametrize("name", printer_ids())
def test_every_profile_that_ships_loads_and_is_honest(name: str) -> None:
    profile = printer_profile(name)
    assert profile.id == name
    assert profile.columns * 12 == profile.width_dots, "font A is twelve dots wide"
    assert profile.status in {"verified", "reported", "untested"}
    assert "x".encode(profile.encoding)
    assert 0 < profile.connect_ms <= 10_000
    assert 0 < profile.io_ms <= 30_000


def test_every_file_is_found_by_its_id() -> None:
    assert {path.stem for path in SHIPPED.glob("*.toml")} == set(printer_ids())
    assert {"generic-58-gbk", "generic-80-gbk"} <= set(printer_ids())


@pytest.mark.parametrize(
    ("name", "hint"),
    [("generic-80", "did you mean generic-80-gbk"), ("generic-58gbk", "did you mean generic-58"),
     ("zzz", "there are generic-58-gbk, generic-80-gbk"), ("", "there are"),
     ("../printers/generic-80-gbk", "did you mean"), ("generic-80-gbk.toml", "did you mean"),
     ("/etc/passwd", "no printer profile"), ("a\x00b", "no printer profile")],
)  # fmt: skip
def test_an_unknown_profile_is_told_with_the_nearest_name(name: str, hint: str) -> None:
    with pytest.raises(ConfigInvalid, match=hint):
        printer_profile(name)


def bent(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


WRONG: list[tuple[str, str, str]] = [
    ("unknown key", bent("columns = 48", "columns = 48\ncolums = 48"),
     "unknown key media.colums; did you mean media.columns"),
    ("unknown table", GOOD + "\n[drawer]\npin = 2\n", "unknown key drawer.pin"),
    ("unknown key at the top", "colour = true\n" + GOOD, "unknown key colour"),
    ("missing key", bent("columns = 48\n", ""), "media.columns must be int"),
    ("missing table", bent("[cut]\nauto = true\n", ""), "cut.auto must be bool"),
    ("text for a number", bent("columns = 48", 'columns = "48"'), "media.columns must be int"),
    ("bool for a number", bent("columns = 48", "columns = true"), "media.columns must be int"),
    ("number for a bool", bent("auto = true", "auto = 1"), "cut.auto must be bool"),
    ("a table for a value", bent('id = "generic-80-gbk"', "id = {}"), "must be"),
    ("another id", bent('id = "generic-80-gbk"', 'id = "other"'), "do not suit"),
    ("another kind", bent('kind = "printer"', 'kind = "scanner"'), "do not suit"),
    ("a later schema", bent("schema = 1", "schema = 2"), "schema"),
    ("an encoding that nobody has", bent('"gbk"', '"gbkk"'), "text.encoding"),
    ("an encoding that is none of text", bent('"gbk"', '"base64"'), "text.encoding"),
    ("no columns", bent("columns = 48", "columns = 8"), "media.columns"),
    ("no time", bent("io_ms = 5000", "io_ms = 0"), "link.io_ms"),
    ("not TOML", "]]", "is not TOML"),
    ("not UTF-8", "name = '\udcff'", "is not TOML"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "told"), [pytest.param(*row[1:], id=row[0]) for row in WRONG])
def test_a_profile_that_is_wrong_is_told_by_file_and_key(
    tmp_path: Path, text: str, told: str
) -> None:
    directory = tmp_path / "printers"
    directory.mkdir()
    (directory / "generic-80-gbk.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigInvalid, match=told) as caught:
        printer_profile("generic-80-gbk", (tmp_path,))
    assert "generic-80-gbk" in str(caught.value)


def test_a_profile_of_the_site_is_found_before_the_shipped_one(tmp_path: Path) -> None:
    directory = tmp_path / "printers"
    directory.mkdir()
    (directory / "generic-80-gbk.toml").write_text(bent("columns = 48", "columns = 42"), "utf-8")
    places = (tmp_path, SHIPPED.parent)
    assert printer_profile("generic-80-gbk", places).columns == 42
    assert printer_profile("generic-58-gbk", places).columns == 32
