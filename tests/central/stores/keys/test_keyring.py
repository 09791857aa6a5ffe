"""The hub's private keys, in files that only it can read."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from central.errors import ConfigInvalid
from central.stores.keys import keyring
from tests import builders as b
from tests.central.builders import KEYRING, write_keys

NAMES = ["bundle.key", "issuer-001.key", "master.key", "session.key"]


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    keyring.make(tmp_path / "keys")
    return tmp_path / "keys"


def test_keys_are_made_for_their_owner_only(keys: Path) -> None:
    assert sorted(path.name for path in keys.iterdir()) == NAMES
    assert keys.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in keys.iterdir()} == {0o600}
    assert len({path.read_text() for path in keys.iterdir()}) == 4


def test_making_keys_again_replaces_none(keys: Path) -> None:
    before = {path.name: path.read_text() for path in keys.iterdir()}
    (keys / "session.key").unlink()
    keyring.make(keys)
    after = {path.name: path.read_text() for path in keys.iterdir()}
    assert after.pop("session.key") != before.pop("session.key")
    assert after == before


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_keys(tmp_path)
    ring = keyring.load(tmp_path, b.ISSUER)
    assert (ring.issuer, ring.master, ring.session) == (b.ISSUER, KEYRING.master, KEYRING.session)
    assert ring.bundle_public == KEYRING.bundle_public
    kid, key = ring.newest
    assert (kid, key.private_bytes_raw()) == (1, KEYRING.issuers[kid].private_bytes_raw())


def test_the_newest_issuer_key_signs(keys: Path) -> None:
    for number in (2, 10):
        (keys / f"issuer-{number:03d}.key").write_text("11" * 32)
        (keys / f"issuer-{number:03d}.key").chmod(0o600)
    ring = keyring.load(keys, b.ISSUER)
    assert sorted(ring.issuers) == [1, 2, 10]
    assert ring.newest[0] == 10


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610])
@pytest.mark.parametrize("name", NAMES)
def test_a_key_that_others_can_touch_is_refused(keys: Path, name: str, mode: int) -> None:
    (keys / name).chmod(mode)
    with pytest.raises(ConfigInvalid, match="chmod 600"):
        keyring.load(keys, b.ISSUER)


@pytest.mark.parametrize("name", NAMES)
def test_a_key_that_is_missing_is_named(keys: Path, name: str) -> None:
    (keys / name).unlink()
    with pytest.raises(ConfigInvalid, match=r"tearoff-hub init|missing"):
        keyring.load(keys, b.ISSUER)


@pytest.mark.parametrize(
    "content", ["", "ab" * 31, "ab" * 33, "not hexadecimal", "ab" * 16 + "\n" + "zz" * 16, "ä" * 64]
)
@pytest.mark.parametrize("name", NAMES)
def test_a_key_that_is_none_is_refused_without_telling_it(
    keys: Path, name: str, content: str
) -> None:
    (keys / name).write_text(content)
    with pytest.raises(ConfigInvalid, match=name) as caught:
        keyring.load(keys, b.ISSUER)
    assert caught.value.__cause__ is None
    assert not content or content[:20] not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["issuer-old.key", "issuer-.key", "issuer-256.key", "issuer--1.key"]
)
def test_an_issuer_key_without_a_number_of_its_own_is_named(keys: Path, name: str) -> None:
    (keys / "issuer-001.key").rename(keys / name)
    with pytest.raises(ConfigInvalid, match=name):
        keyring.load(keys, b.ISSUER)


def test_two_files_are_not_the_same_issuer_key(keys: Path) -> None:
    (keys / "issuer-1.key").write_text("11" * 32)
    (keys / "issuer-1.key").chmod(0o600)
    with pytest.raises(ConfigInvalid, match="issuer-1"):
        keyring.load(keys, b.ISSUER)


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file")
    with pytest.raises(ConfigInvalid, match="cannot be written"):
        keyring.make(tmp_path / "keys")


def test_nothing_secret_shows(keys: Path) -> None:
    ring = keyring.load(keys, b.ISSUER)
    shown = repr(ring) + str(ring) + f"{ring}"
    for path in keys.iterdir():
        secret = path.read_text().strip()
        assert secret not in shown
        assert repr(bytes.fromhex(secret))[2:20] not in shown
    with pytest.raises(TypeError):
        pickle.dumps(ring)
