"""Locks every batch's data key anew with the newest lock, while the hub goes on working.

Only data keys are written: no card key is opened or touched. It may be interrupted anywhere; what
is left to do is whatever has an older lock.
"""

from __future__ import annotations

from collections.abc import Callable

from central.foundation.db.engine import posting_transaction, rows
from central.supply.cards.vault.keys import Locked, Vault

STEP = 100


def lock_all_anew(vault: Vault, progress: Callable[[int, int], None]) -> int:
    """Lock anew what an older lock still locks; return how many data keys that were.

    Args:
        progress: Told how many are done, of how many.

    Raises:
        VaultShut: an older lock is missing or another one; what was done until then stays.
    """
    newest = vault.newest_lock()
    done, left = 0, waiting(newest)
    while found := rows(
        "SELECT id, name, lock, data_key FROM card_batch WHERE lock <> ? ORDER BY id LIMIT ?",
        (newest, STEP),
    ):
        for batch, name, lock, content in found:
            before = Locked(lock, bytes(content))
            after = vault.lock_anew(before, name)
            done += posting_transaction(lambda b=batch, o=before, a=after: _put(b, o, a))  # type: ignore[misc]
            progress(done, left)
    return done


def waiting(newest: int) -> int:
    """Return how many data keys have an older lock than this."""
    [(count,)] = rows("SELECT count(*) FROM card_batch WHERE lock <> ?", (newest,))
    return int(count)


def _put(batch: int, before: Locked, after: Locked) -> int:
    """Write a data key unless another one who locks anew was quicker."""
    return len(
        rows(
            "UPDATE card_batch SET lock = ?, data_key = ? WHERE id = ? AND lock = ? RETURNING id",
            (after.lock, after.content, batch, before.lock),
        )
    )
