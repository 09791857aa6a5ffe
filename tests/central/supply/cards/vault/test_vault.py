"""What is sealed opens with its key at its place, and nowhere else."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.errors import CardUnreadable, VaultShut
from central.foundation.db.engine import change, posting_transaction, rows
from central.supply.cards.access.unseal import unseal
from central.supply.cards.card import Card
from central.supply.cards.store import keys
from central.supply.cards.vault.keys import Locked, Vault, locks, make_keys, make_next_lock
from central.supply.cards.vault.rotate import lock_all_anew, waiting
from central.supply.cards.vault.seal import BatchKey, Place
from tests.central.supply.cards.builders import a_vault, secret, stocked, without_rules

KEY = BatchKey(bytes(32))
PLACE = Place("GAME-100", 7, 7 << 24 | 1)


@given(st.text(min_size=1), st.text())
def test_what_was_sealed_opens(text: str, number: str) -> None:
    card = Card(text, number)
    sealed = KEY.seal(card, PLACE)
    assert KEY.unseal(sealed, PLACE) == card
    assert sealed != KEY.seal(card, PLACE), "every nonce is another one"


@given(st.integers(0, 10**6), st.integers(0, 7))
def test_a_flipped_bit_does_not_open_and_nothing_is_shown(at: int, bit: int) -> None:
    sealed = bytearray(KEY.seal(Card("SECRET-1"), PLACE))
    sealed[at % len(sealed)] ^= 1 << bit
    with pytest.raises(CardUnreadable) as told:
        KEY.unseal(bytes(sealed), PLACE)
    assert "SECRET" not in str(told.value)
    assert told.value.__cause__ is None


@pytest.mark.parametrize(
    "place",
    [PLACE._replace(sku="GAME-200"), PLACE._replace(batch=8), PLACE._replace(key=7 << 24 | 2)],
    ids=["another sku", "another batch", "another row"],
)
def test_a_row_that_was_moved_does_not_open(place: Place) -> None:
    with pytest.raises(CardUnreadable, match="altered or moved"):
        KEY.unseal(KEY.seal(Card("SECRET-1"), PLACE), place)


def test_a_row_swapped_in_the_database_does_not_open(vault: Vault) -> None:
    """Whoever can write the table can drop its rules first; the cipher is not his to drop."""
    stocked(vault, range(2))
    first, second = keys(2)
    assert unseal([first.id, second.id], vault) == [Card(secret(0)), Card(secret(1))]
    [(sealed,)] = rows("SELECT sealed FROM card_key WHERE id = ?", (first.id,))
    without_rules("card_key")
    posting_transaction(
        lambda: change("UPDATE card_key SET sealed = ? WHERE id = ?", (bytes(sealed), second.id))
    )
    with pytest.raises(CardUnreadable):
        unseal([second.id], vault)


def test_another_lock_opens_nothing(vault: Vault, tmp_path: Path) -> None:
    stocked(vault)
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(VaultShut, match="another key"):
        unseal([keys(1)[0].id], a_vault(other))
    (other / "keys" / "cards-lock-001.key").unlink()
    with pytest.raises(VaultShut, match="missing"):
        unseal([keys(1)[0].id], Vault(other / "keys"))
    with pytest.raises(VaultShut, match="make-keys"):
        Vault(other / "keys").new_batch_key("x")


def test_keys_are_made_once_and_for_the_hub_alone(tmp_path: Path) -> None:
    a_vault(tmp_path)
    directory = tmp_path / "keys"
    before = {p.name: p.read_bytes() for p in directory.iterdir()}
    assert all(stat.S_IMODE(p.stat().st_mode) == 0o600 for p in directory.iterdir())
    assert make_next_lock(directory) == 2
    make_keys(directory)
    assert locks(directory) == [1, 2]
    assert before.items() <= {p.name: p.read_bytes() for p in directory.iterdir()}.items()


def test_a_data_key_is_bound_to_its_batch_and_lock(tmp_path: Path) -> None:
    vault = a_vault(tmp_path)
    locked, key = vault.new_batch_key("a")
    make_next_lock(tmp_path / "keys")
    anew = vault.lock_anew(locked, "a")
    assert anew.lock == 2
    sealed = key.seal(Card("SECRET-1"), PLACE)
    assert vault.open_batch_key(anew, "a").unseal(sealed, PLACE) == Card("SECRET-1")
    with pytest.raises(VaultShut):
        vault.open_batch_key(anew, "b")
    with pytest.raises(VaultShut):
        vault.open_batch_key(Locked(1, anew.content), "a")


def test_locks_change_under_traffic_and_only_data_keys_are_written(
    vault: Vault, tmp_path: Path
) -> None:
    """It is interrupted after two batches, keys are sold from meanwhile, and it goes on."""
    for n in range(5):
        stocked(vault, range(10 * n, 10 * n + 2))
    before = rows("SELECT id, sealed, fp FROM card_key ORDER BY id")
    make_next_lock(tmp_path / "keys")
    told: list[tuple[int, int]] = []

    def interrupted(done: int, left: int) -> None:
        told.append((done, left))
        assert unseal([key.id for key in keys(20)], vault)[0] == Card(secret(0))
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lock_all_anew(vault, interrupted)
    assert told == [(1, 5), (2, 5)]
    stocked(vault, range(90, 91))
    assert waiting(2) == 3
    assert lock_all_anew(vault, lambda *_: None) == 3
    assert rows("SELECT DISTINCT lock FROM card_batch") == [(2,)]
    (tmp_path / "keys" / "cards-lock-001.key").unlink()
    assert [bytes(s) for _, s, _ in before] == [
        bytes(s) for (s,) in rows("SELECT sealed FROM card_key WHERE id <= ? ORDER BY id",
                                  (before[-1][0],))
    ]  # fmt: skip
    assert unseal([keys(1)[0].id], vault) == [Card(secret(0))]
