"""The unit's own keys: made once, private, and never in any text."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.bundles.identity import UnitKeys, load_or_make
from edge.errors import ConfigInvalid
from tests.edge import builders as e

SECRETS = [e.KEYS.sign.private_bytes_raw().hex(), e.KEYS.seal.private_bytes_raw().hex()]


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    path = tmp_path / "unit.key"
    e.write_keys(path)
    return path


def same(left: UnitKeys, right: UnitKeys) -> bool:
    return (left.sign_public, left.seal_public) == (right.sign_public, right.seal_public)


def test_keys_are_made_on_the_first_start_and_stay(tmp_path: Path) -> None:
    made = load_or_make(tmp_path / "unit.key")
    assert same(load_or_make(tmp_path / "unit.key"), made)
    assert (tmp_path / "unit.key").stat().st_mode & 0o777 == 0o600
    assert not same(load_or_make(tmp_path / "other.key"), made)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
def test_keys_that_others_may_read_are_refused_with_the_remedy(path: Path, mode: int) -> None:
    path.chmod(mode)
    with pytest.raises(ConfigInvalid, match="chmod 600"):
        load_or_make(path)


SIGN, SEAL = SECRETS
DAMAGED = [
    b"",
    b"\x00" * 64,
    b"\xff\xfe",
    b"not toml at all",
    f'sign = "{SIGN}"\n'.encode(),
    f'sign = "{SIGN}"\nseal = "{SEAL[:-2]}"\n'.encode(),
    f'sign = "{SIGN}"\nseal = "{SEAL[:-1]}x"\n'.encode(),
    f'sign = "{SIGN}"\nseal = 7\n'.encode(),
    f'sign = "{SIGN}"\nseal = ["{SEAL}"]\n'.encode(),
    f'sign = "{SIGN}\nseal = "{SEAL}"\n'.encode(),
]


@pytest.mark.parametrize("content", DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_key_file_is_an_error_that_repeats_nothing_of_it(
    path: Path, content: bytes
) -> None:
    path.write_bytes(content)
    with pytest.raises(ConfigInvalid, match="is not a unit's key file") as caught:
        load_or_make(path)
    told = f"{caught.value} {caught.value.detail} {caught.value.__cause__!r}"
    assert not any(secret[:16] in told for secret in SECRETS)
    assert caught.value.__suppress_context__, "a log of the error must not show the file"


def test_a_directory_that_is_not_there_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="cannot be made"):
        load_or_make(tmp_path / "missing" / "unit.key")


def test_keys_are_in_no_text_of_theirs() -> None:
    told = repr(e.KEYS) + str(e.KEYS)
    assert not any(secret[:16] in told for secret in SECRETS)


def test_what_is_derived_from_the_keys_is_different_for_each_purpose() -> None:
    keys = e.KEYS
    derived = {keys.anchor_key(), keys.session_key(), keys.sign.private_bytes_raw()}
    assert len(derived) == 3
    assert {len(key) for key in derived} == {32}
