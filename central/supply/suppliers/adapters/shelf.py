"""The adapters of our accounts: made when first needed, and anew when an account changes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from central.foundation.seal import Seal
from central.supply.suppliers.adapters.access import Access
from central.supply.suppliers.adapters.gather import make
from central.supply.suppliers.ports import Supplier
from central.supply.suppliers.records.accounts import Account, account


class Shelf:
    """Finds an account's adapter.

    Args:
        profiles: Directory of the data files of ``generic_json``.
    """

    def __init__(self, seal: Seal, profiles: Path, now_s: Callable[[], int]) -> None:
        self.seal = seal
        self._profiles, self._now_s = profiles, now_s
        self._made: dict[str, tuple[tuple[object, ...], Supplier]] = {}
        self._lock = threading.Lock()

    def adapter(self, account_id: str) -> Supplier:
        """Return an account's adapter.

        Raises:
            NotFound: there is no such account.
            ConfigInvalid: a credential is missing, its data file is wrong, the seal is another.
        """
        row = account(account_id)
        same = (row.protocol, row.base_url, row.is_test, row.deadline_ms, row.credentials,
                tuple(sorted(row.settings.items())))  # fmt: skip
        with self._lock:
            made = self._made.get(account_id)
            if made is not None and made[0] == same:
                return made[1]
        adapter = self.open(row)
        with self._lock:
            self._made[account_id] = (same, adapter)
        return adapter

    def open(self, row: Account) -> Supplier:
        """Return an adapter of an account as its row stands."""
        access = Access(
            account=row.id, base_url=row.base_url,
            credentials=self.seal.open(row.credentials, row.place), settings=row.settings,
            is_test=row.is_test, deadline_s=row.deadline_ms / 1000, now_s=self._now_s,
        )  # fmt: skip
        return make(row.protocol, access, self._profiles)
