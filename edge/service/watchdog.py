"""Is the unit able to do its one thing? Only then is the service manager told so.

Printers, scanners and cameras have no say here: one that is dead must not restart the store's
till. A verifier that has gone wrong, or a database that does not answer, must.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.contract import voucher_token
from edge.contract.ids import KeyId, ProductId, StatusIndex, StoreGroup, VoucherId
from edge.contract.keys import IssuerKey, TrustList
from edge.contract.voucher_token import DAY_S, DAY_ZERO_S, TokenInvalid, VoucherClaims, VoucherKind
from edge.db import Store
from edge.service.notify import Notifier

log = logging.getLogger(__name__)

FEEDS_A_PERIOD = 3
"""One feed may be lost or late, and nothing is restarted."""
_ISSUER = "self-test"
_DAY = 100
_NOW_S = DAY_ZERO_S + _DAY * DAY_S


class Unwell(Exception):
    """The unit cannot do its one thing."""


class SelfTest:
    """Verifies a voucher made in memory for this, and asks the database.

    The key lives in this process alone and signs this one voucher: no till knows it.

    Args:
        store: None for a unit without a database that can be used; it shows what is wrong, and
            to start it again would not mend that.
    """

    def __init__(self, store: Store | None) -> None:
        self._store = store
        key = Ed25519PrivateKey.generate()
        public = key.public_key().public_bytes_raw()
        self._trust = TrustList(
            1, _ISSUER, _NOW_S - DAY_S, _NOW_S + DAY_S,
            (IssuerKey(_ISSUER, KeyId(1), public),), (public,),
        )  # fmt: skip
        self._claims = VoucherClaims(
            KeyId(1), VoucherId(1), ProductId(1), 1, StoreGroup(0), _DAY - 1, _DAY + 1,
            StatusIndex(0), VoucherKind.SINGLE, dynamic_required=False, online_only=False,
        )  # fmt: skip
        self._good = voucher_token.sign(self._claims, _ISSUER, key)
        last = self._good[-1]
        self._forged = self._good[:-1] + str((int(last) + 1) % 10)

    def __call__(self) -> None:
        """Return if all is well.

        Raises:
            Unwell: it is not. Whatever else is raised means the same.
        """
        if voucher_token.verify(self._good, self._trust, _NOW_S) != self._claims:
            raise Unwell("the verifier reads another voucher than was signed")
        try:
            voucher_token.verify(self._forged, self._trust, _NOW_S)
        except TokenInvalid:
            pass
        else:
            raise Unwell("the verifier takes a forged voucher")
        if self._store is not None:
            with self._store.reading():
                if self._store.rows("SELECT 1") != [(1,)]:
                    raise Unwell("the database answers nonsense")


class Watchdog:
    """The thread that tells the service manager that the unit is well, as long as it is.

    A check that hangs hangs this thread, and nothing is told any more: that is what it is for.

    Args:
        period_s: The service manager's patience; None if it does not watch.
    """

    def __init__(
        self, check: Callable[[], None], notifier: Notifier, period_s: float | None
    ) -> None:
        self._check = check
        self._notifier = notifier
        self._period_s = period_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin, if anybody watches."""
        if self._period_s:
            self._thread.start()

    def stop(self) -> None:
        """End; without a wait, for a check that hangs would make it one without end."""
        self._stopping.set()

    def feed(self) -> bool:
        """Check once; tell the service manager if all is well, and say whether it was."""
        try:
            self._check()
        except Exception:
            # Not feeding is the whole answer: the service manager starts the unit again.
            log.exception("the unit is not well, and the service manager is not told that it is")
            return False
        self._notifier.send("WATCHDOG=1")
        return True

    def _run(self) -> None:
        assert self._period_s is not None
        while not self._stopping.wait(self._period_s / FEEDS_A_PERIOD):
            self.feed()
