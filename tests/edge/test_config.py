"""Settings: file, then environment, then command line; strictly, and never a secret among them."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config import SECTIONS, EdgeConfig, load
from edge.errors import ConfigInvalid

NAMES = [f"{s}.{item.name}" for s, kind in SECTIONS.items() for item in dataclasses.fields(kind)]


def config_of(*overrides: str, **given: Any) -> EdgeConfig:
    return load(**{"env": {}, "overrides": overrides, **given})[0]


def refusal(*overrides: str, **given: Any) -> str:
    """The sentence by which these settings are refused."""
    with pytest.raises(ConfigInvalid) as caught:
        config_of(*overrides, **given)
    assert caught.value.slug == "config-invalid"
    return caught.value.detail


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    return tmp_path / "unit.toml"


# --- where a setting comes from ------------------------------------------------------------------


def test_without_anything_the_defaults_are_in_force() -> None:
    config, origins = load(env={})
    assert config == EdgeConfig()
    assert config.unit.data_dir == Path("/var/lib/tearoff-unit")
    assert config.anchor_path == Path("/var/lib/tearoff-unit/anchor")
    assert [row.name for row in origins] == NAMES
    assert {row.origin for row in origins} == {"default"}


def test_the_nearer_word_counts_and_its_origin_is_told(file: Path) -> None:
    file.write_text('[api]\nport = 1\nhost = "10.0.0.1"\nthreads = 2\n[unit]\nlocale = "en"\n')
    env = {"EDGE_API__PORT": "2", "EDGE_API__HOST": "10.0.0.2", "PORT": "9", "HUB__URL": "ignored"}
    config, origins = load(file, env, ["api.port=3"])
    assert (config.api.port, config.api.host, config.api.threads) == (3, "10.0.0.2", 2)
    told = {row.name: (row.value, row.origin) for row in origins}
    assert told["api.port"] == (3, "command line")
    assert told["api.host"] == ("10.0.0.2", "environment")
    assert told["api.threads"] == (2, str(file))
    assert told["unit.locale"] == ("en", str(file))
    assert told["hub.url"] == ("", "default")


def test_of_two_words_on_the_command_line_the_last_counts() -> None:
    assert config_of("api.port=1", "api.port=2").api.port == 2


def test_a_value_may_hold_an_equals_sign() -> None:
    assert config_of("hub.url=https://hub.example/?a=b").hub.url == "https://hub.example/?a=b"


def test_the_processs_own_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_API__THREADS", "7")
    assert load()[0].api.threads == 7


def test_the_anchor_lies_where_the_settings_say() -> None:
    assert config_of("store.anchor_file=/mnt/usb/anchor").anchor_path == Path("/mnt/usb/anchor")
    elsewhere = config_of("unit.data_dir=/data")
    assert (elsewhere.anchor_path, elsewhere.data("unit.db")) == (
        Path("/data/anchor"), Path("/data/unit.db"),
    )  # fmt: skip


# --- what is unknown -----------------------------------------------------------------------------

MISTYPED = [
    ("api.prot", "api.port"), ("port", "api.port"), ("hub.urls", "hub.url"),
    ("unit.datadir", "unit.data_dir"), ("printer.profil", "printer.profile"),
    ("anchor_file", "store.anchor_file"), ("API.PORT", "api.port"), ("api.thread", "api.threads"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "right"), MISTYPED)
def test_an_unknown_setting_is_told_the_nearest_one_wherever_it_stands(
    file: Path, wrong: str, right: str
) -> None:
    section, _, name = wrong.rpartition(".")
    file.write_text(f'[{section}]\n{name} = "x"' if section else f'{name} = "x"')
    hint = f"did you mean {right}?"
    told = refusal(file=file)
    assert hint in told
    assert str(file) in told
    assert hint in refusal(f"{wrong}=x")
    if wrong.islower():
        variable = "EDGE_" + wrong.upper().replace(".", "__")
        assert f"{variable} sets {wrong}" in refusal(env={variable: "x"})
        assert hint in refusal(env={variable: "x"})


@pytest.mark.parametrize("name", ["x", "quite.another", "hub", ""])
def test_a_setting_that_is_like_none_is_told_all_there_are(name: str) -> None:
    told = refusal(f"{name}=1")
    assert "which does not exist" in told
    assert "did you mean" in told or all(known in told for known in NAMES)


def test_a_section_in_a_section_is_no_setting(file: Path) -> None:
    file.write_text("[api.port]\nvalue = 1")
    assert "api.port is a whole number" in refusal(file=file)
    file.write_text("[[api]]\nport = 1")
    assert "which does not exist" in refusal(file=file)


# --- what cannot be ------------------------------------------------------------------------------

WRONG = [
    ("api.port=http", "api.port is a whole number"), ("api.port=", "api.port is a whole number"),
    ("api.port=8.5", "api.port is a whole number"), ("api.port=-1", "0 to 65535"),
    ("api.port=65536", "0 to 65535"), (f"api.port={'9' * 5000}", "api.port is a whole number"),
    ("api.threads=0", "1 to 64"), ("api.threads=65", "1 to 64"), ("api.host=", "api.host is empty"),
    ("unit.locale=fr", "unit.locale is one of"), ("unit.locale=", "unit.locale is one of"),
    ("unit.data_dir=", "unit.data_dir is empty"), ("unit.data_dir=/a\0b", "printable"),
    ("hub.url=hub.example", "https://"), ("hub.url=file:///etc/passwd", "https://"),
    ("hub.url=https://hub\n.example", "printable"), ("hub.timeout_s=0", "1 to 600"),
    ("hub.timeout_s=601", "1 to 600"), ("hub.sync_every_s=0", "1 to 86400"),
    ("hub.sync_every_s=100000000000000000000", "1 to 86400"),
    ("printer.to=usb", "tcp://HOST:PORT"), ("printer.to=usb:4b8:0202", "usb:VENDOR:PRODUCT"),
    ("printer.to=10.0.0.9:9100", "tcp://HOST:PORT"),
    ("printer.profile=\x1b[2J", "printable"), ("api.port", "section.name=value"),
    ("", "section.name=value"),
]  # fmt: skip


@pytest.mark.parametrize(("override", "told"), WRONG, ids=lambda text: repr(text)[:30])
def test_a_value_that_cannot_be_is_told_with_its_name(override: str, told: str) -> None:
    found = refusal(override)
    assert told in found
    assert len(found) < 300 or "9999" in override


@pytest.mark.parametrize(
    "toml", ['api.port = "http"', "api.port = [1]", "api.port = true", "api.port = 80.5",
             "hub.url = 5", "hub.ca_file = true", "unit.locale = 2026-01-01", "printer.to = {}",
             'unit.data_dir = ["/a"]', 'unit.data_dir = "a\\u0000b"'],
)  # fmt: skip
def test_a_wrong_type_is_told_with_its_name(file: Path, toml: str) -> None:
    file.write_text(toml)
    assert toml.split(" ", maxsplit=1)[0] in refusal(file=file)


def test_a_number_may_be_text_as_it_always_is_outside_of_a_file(file: Path) -> None:
    file.write_text('api.port = "8091"')
    assert config_of(file=file).api.port == 8091


# --- the file ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content", [b"[api", b"port = ", b"\xff\xfe\x00", b"[api]\nport = 1\nport = 2", b"\x00",
                b"api.port = 1\n[api]\nhost = 'x'"],
)  # fmt: skip
def test_a_file_that_is_not_toml_is_told(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert f"{file} is not TOML" in refusal(file=file)


def test_a_file_that_cannot_be_read_is_told(file: Path) -> None:
    assert f"{file} cannot be read: No such file" in refusal(file=file)
    assert f"{file.parent} cannot be read: Is a directory" in refusal(file=file.parent)


def test_an_empty_file_changes_nothing(file: Path) -> None:
    file.touch()
    assert config_of(file=file) == EdgeConfig()


@given(st.text(max_size=60))
def test_any_text_is_a_setting_or_an_error_in_words(text: str) -> None:
    for override in (text, f"hub.url={text}", f"api.port={text}", f"unit.data_dir={text}"):
        with contextlib.suppress(ConfigInvalid):
            config_of(override)


# --- secrets -------------------------------------------------------------------------------------


def test_no_setting_is_a_secret() -> None:
    """Keys and PINs are files and hashes; ``config show`` may be sent to support as it is."""
    words = {word for name in NAMES for word in name.split(".")[1].split("_")}
    assert not words & {"key", "secret", "password", "pin", "token"}


def test_an_address_with_a_password_is_refused_without_repeating_it() -> None:
    told = refusal("hub.url=https://li:hunter2@hub.example")
    assert "hub.url" in told
    assert "hunter2" not in told
