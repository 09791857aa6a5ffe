"""Settings: read once, strictly, and never a secret among them."""

from __future__ import annotations

from pathlib import Path

import pytest

from central.config import HubConfig, load
from central.errors import ConfigInvalid


def refusal(**given: object) -> str:
    with pytest.raises(ConfigInvalid) as caught:
        load(**{"env": {}, **given})  # type: ignore[arg-type]
    return caught.value.detail


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "hub.toml"


def test_without_anything_the_defaults_are_in_force() -> None:
    config = load(env={})
    assert (config.host, config.port, config.currency) == ("127.0.0.1", 8080, "CNY")
    assert config.sqlite_file == Path("/var/lib/tearoff-hub/hub.db")


def test_the_nearer_word_counts(file: Path) -> None:
    file.write_text('port = 1\nhost = "file"\nissuer = "file"')
    env = {"HUB_PORT": "2", "HUB_HOST": "env", "OTHER": "ignored"}
    config = load(file, env, ["port=3"])
    assert (config.port, config.host, config.issuer) == (3, "env", "file")


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("prot", "port"), ("databse", "database"), ("time_zone", "timezone"), ("datadir", "data_dir"),
     ("Port", "port"), ("thread", "threads")],
)  # fmt: skip
def test_an_unknown_setting_is_told_the_nearest_one(file: Path, wrong: str, right: str) -> None:
    file.write_text(f'{wrong} = "x"')
    hint = f"did you mean {right}?"
    assert hint in refusal(file=file)
    assert str(file) in refusal(file=file)
    assert hint in refusal(overrides=[f"{wrong}=x"])
    if wrong.islower():
        assert hint in refusal(env={f"HUB_{wrong.upper()}": "x"})
        assert f"HUB_{wrong.upper()}" in refusal(env={f"HUB_{wrong.upper()}": "x"})


def test_a_setting_that_is_like_none_is_told_all(file: Path) -> None:
    file.write_text('[hub]\nurl = "x"')
    told = refusal(file=file)
    assert all(name in told for name in HubConfig.model_fields)


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("port=http", "port: "), ("port=-1", "port: "), ("port=65536", "port: "),
        ("port=80.5", "port: "), ("threads=0", "threads: "), ("threads=65", "threads: "),
        ("timezone=Asia/Shanghia", "there is no time zone 'Asia/Shanghia'"),
        ("timezone=", "timezone: "), ("timezone=../../etc/passwd", "timezone: "),
        ("currency=yuan", "currency: "), ("currency=cny", "currency: "),
        ("locale=fr", "locale: "), ("issuer=Hub.Example", "issuer: "), ("issuer=", "issuer: "),
        ("port", "--set wants name=value"), ("", "--set wants name=value"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_is_told_with_its_name(setting: str, told: str) -> None:
    assert told in refusal(overrides=[setting])


@pytest.mark.parametrize("toml", ['port = "http"', "port = [1]", "issuer = 5", "currency = true"])
def test_a_wrong_type_is_told_with_its_name(file: Path, toml: str) -> None:
    file.write_text(toml)
    assert toml.split(" ", maxsplit=1)[0] + ": " in refusal(file=file)


@pytest.mark.parametrize("content", [b"port = ", b"\xff\xfe", b"port = 1\nport = 2"])
def test_a_file_that_is_not_toml_is_told(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert "is not TOML" in refusal(file=file)


def test_a_file_that_cannot_be_read_is_told(file: Path) -> None:
    assert "cannot be read" in refusal(file=file)
    assert "cannot be read" in refusal(file=file.parent)


def test_a_value_is_not_repeated_where_it_could_be_a_secret(file: Path) -> None:
    file.write_text('database = ["postgresql://hub:hunter2secret@db/hub"]')
    assert "hunter2secret" not in refusal(file=file)


def test_the_password_in_an_address_does_not_show() -> None:
    config = load(env={}, overrides=["database=postgresql://hub:hunter2secret@db/hub"])
    assert "hunter2secret" not in repr(config) + str(config)
    assert "hunter2secret" in config.database
