"""A hub that is killed while two tills push, on both engines.

What it has acknowledged is there, whatever was under way; what it has not is sent again; and
nothing of either is in the books twice.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
import urllib3

from central.foundation.clock import now_s
from central.foundation.db.engine import open_database, rows
from central.money.ledger.audit import audit
from central.stores.redemptions.overview import conflicts
from central.stores.units.overview import alarms
from edge.contract import signed
from edge.contract.http_signature import Request, sign_request
from edge.contract.signed import Kind
from edge.contract.sync_message import CONTENT_TYPE, PushReceipt
from tests import builders as b
from tests.central.books import assert_sound, balances
from tests.central.builders import (
    BUNDLE_KEYS,
    CURRENCY,
    Database,
    Till,
    an_order,
    close_hub,
    enrolled,
    furnish,
    sell,
    write_keys,
)
from tests.demo.processes import Http, Process, free_port, wait_until
from tests.end_to_end.shop import GOOD_FOR_EVER

pytestmark = pytest.mark.kill

KILLS = 8
OWN, SHARED = 18, 6
"""Lunches that a till redeems between two kills: some of them the other one redeems as well."""
LUNCH_MINOR = 8800
PUSH = "/edge/v1/push"


class Wire:
    """A till that pushes over HTTP, and how far it knows the hub to have its journal."""

    def __init__(self, till: Till, url: str) -> None:
        self.till = till
        self.acked = 0
        self._url = url
        self._http = urllib3.PoolManager(retries=False)

    def push(self) -> PushReceipt | None:
        """Push what is not acknowledged, the last entry if all is; None if nobody answered."""
        first = min(self.acked + 1, len(self.till.raws))
        body = self.till.push(first).encode()
        request = Request("POST", urlsplit(self._url).netloc, PUSH, body)
        headers = sign_request(
            request, self.till.key, self.till.unit, created_s=now_s(),
            nonce=secrets.token_bytes(16),
        )  # fmt: skip
        try:
            answer = self._http.request(
                "POST", self._url + PUSH, body=body, timeout=30,
                headers={**headers, "Content-Type": CONTENT_TYPE},
            )  # fmt: skip
        except urllib3.exceptions.HTTPError:
            return None
        assert answer.status == 200, answer.data
        said = signed.unseal(Kind.PUSH_RECEIPT, b.ISSUER, answer.data, BUNDLE_KEYS)
        receipt = PushReceipt.from_body(said)
        self.acked = receipt.ack.seq
        return receipt


class Hub:
    """``tearoff-hub serve`` as a process, with two tills that know it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        directory = database.sqlite_file.parent
        write_keys(directory / "keys")
        port = free_port(8400)
        settings = {
            "data_dir": directory, "database": database.dsn, "port": port, "issuer": b.ISSUER,
            "currency": CURRENCY,
        }  # fmt: skip
        args = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
        url = f"http://127.0.0.1:{port}"
        log = directory / "hub.log"
        self.process = Process("hub", url, log, ["tearoff-hub", *args, "serve"])
        with self.opened():
            furnish()
            order = an_order(vouchers=(KILLS + 1) * (2 * OWN + SHARED), **GOOD_FOR_EVER)
            self._vouchers = iter([voucher.claims for voucher in sell(order)])
            self.wires = [Wire(enrolled(name), url) for name in ("one", "two")]

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Look into its database while it does not run."""
        open_database(self._database.dsn, self._database.sqlite_file)
        try:
            yield
        finally:
            close_hub()

    def start(self) -> None:
        """Start it and wait until it answers: it says that it has started a little before."""
        self.process.start("The hub listens at")
        wait_until("the hub answers", Http(self.process.url, "").answers)

    def redeem(self) -> None:
        """Let both tills redeem, each alone: some of the vouchers are the same."""
        shared = [next(self._vouchers) for _ in range(SHARED)]
        for wire in self.wires:
            for voucher in [*(next(self._vouchers) for _ in range(OWN)), *shared]:
                wire.till.accept(voucher, at_s=now_s())

    def push_all(self, kill_after_s: float | None = None) -> list[PushReceipt | None]:
        """Both push at once; the hub is killed so much later, if at all."""
        with ThreadPoolExecutor(2) as pool:
            pushing = [pool.submit(wire.push) for wire in self.wires]
            if kill_after_s is not None:
                time.sleep(kill_after_s)  # the moment is what is tested
                self.process.kill()
            return [one.result() for one in pushing]


@pytest.fixture(name="hub")
def _hub(database: Database) -> Iterator[Hub]:
    hub = Hub(database)
    hub.start()
    yield hub
    hub.process.kill()


def kept(till: Till) -> list[bytes]:
    """What the hub has of a till's journal."""
    return [
        bytes(raw)
        for (raw,) in rows(
            "SELECT entry FROM redemption_entry WHERE unit_id = ? ORDER BY epoch, seq",
            (till.unit,),
        )
    ]


def test_of_a_hub_that_is_killed_nothing_is_lost_and_nothing_doubled(hub: Hub) -> None:
    hub.redeem()
    began = time.monotonic()
    assert None not in hub.push_all()
    push_s = time.monotonic() - began

    found: Counter[str] = Counter()
    for number in range(KILLS):
        hub.redeem()
        told = hub.push_all(kill_after_s=1.2 * push_s * number / KILLS)
        with hub.opened():
            for wire, receipt in zip(hub.wires, told, strict=True):
                there = kept(wire.till)
                assert there == wire.till.raws[: len(there)]
                assert len(there) >= wire.acked, "what was acknowledged is there"
                found["told" if receipt else "kept" if len(there) > wire.acked else "nothing"] += 1
            assert audit() == []
        hub.start()
        assert None not in hub.push_all()
    hub.process.kill()
    assert found["nothing"], found

    with hub.opened():
        for wire in hub.wires:
            assert kept(wire.till) == wire.till.raws
            assert wire.acked == len(wire.till.raws)
        lunches = (KILLS + 1) * (2 * OWN + SHARED)
        claimed = (KILLS + 1) * SHARED  # the second of each shared one, disputed until decided
        assert balances()["2310.S0412"] == -(lunches + claimed) * LUNCH_MINOR
        assert balances()["1150"] == claimed * LUNCH_MINOR
        assert len(conflicts()) == (KILLS + 1) * SHARED
        assert alarms() == []
        assert_sound()
