"""Shops of pretend goods on loopback, and a hub that buys from them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from central.foundation.db.engine import HUB, change, is_sqlite, money_transaction, rows
from central.foundation.seal import Seal
from central.money.ledger import rules
from central.money.ledger import store as ledger
from central.money.ledger.rules import business_day
from central.simulators.supplier import app as simulator
from central.simulators.supplier.books import Books
from central.simulators.supplier.deliver import deliver_due
from central.simulators.supplier.faults import Fault
from central.simulators.supplier.world import World
from central.supply.cards.access.unseal import unseal
from central.supply.cards.reserve import handed_over
from central.supply.cards.vault.keys import Vault, make_keys
from central.supply.suppliers.adapters.gather import CREDENTIALS
from central.supply.suppliers.adapters.shelf import Shelf
from central.supply.suppliers.ask_for import Wanted, ask_for
from central.supply.suppliers.buy import Buyer
from central.supply.suppliers.into_vault import VaultKeys
from central.supply.suppliers.model import Kind, Terms
from central.supply.suppliers.ports import Supplier
from central.supply.suppliers.record import Recorder
from central.supply.suppliers.records import accounts, offers, purchases
from central.supply.suppliers.records.purchases import AttemptRow, PurchaseRow
from edge.contract.money import Money
from tests.builders import NOW_S
from tests.central.builders import ZONE

SKU, TOP_UP = "GAME-50", "PHONE-100"
PROTOCOLS = ["kasushou", "meihu", "dujiao_next", "acg_shared", "reloadly"]
REFS = {"dujiao_next": "31:311", "reloadly": "31:25:US"}
"""How a protocol calls the product 31."""


@dataclass
class Clock:
    """Stands still until it is moved, unless it is let run."""

    at_s: int = NOW_S
    speed: float = 0
    began_s: float = 0

    def __call__(self) -> int:
        ran_s = time.monotonic() - self.began_s if self.speed else 0
        return self.at_s + int(ran_s * self.speed)

    def run(self, speed: float) -> None:
        """Let it run so many times as fast as others do."""
        self.speed, self.began_s = speed, time.monotonic()


@dataclass
class Market:
    """Shops, and the hub's machine, on one clock."""

    made: simulator.Simulator
    clock: Clock
    go_on: threading.Event
    vault: Vault
    seal: Seal = field(default_factory=lambda: Seal(b"k" * 32))
    callbacks: list[tuple[str, bytes, Mapping[str, str]]] = field(default_factory=list)

    @property
    def world(self) -> World:
        """The shops' books and faults."""
        return self.made.world

    @property
    def shelf(self) -> Shelf:
        """Our adapters."""
        return Shelf(self.seal, self.made.data_dir, self.clock)

    def keys_of(self, unit: str) -> list[str]:
        """The secrets that a unit has got from the vault."""
        has = handed_over(unit)
        return [card.secret for card in unseal([has.key], self.vault)] if has else []

    def buyer(self, crash: Callable[[str], None] = lambda _: None) -> Buyer:
        """The machine, as it stands after a restart."""
        recorder = Recorder(VaultKeys(self.vault, day_of), day_of)
        return Buyer(
            self.shelf, recorder, self.seal, self.clock,
            lambda account: f"http://127.0.0.1:1/hooks/supplier/{account}", crash,
        )  # fmt: skip

    def open(
        self, name: str, protocol: str = "kasushou", price_e4: int = 80_000, stock: int = 1000,
        **how: Any,
    ) -> int:  # fmt: skip
        """Open a shop, an account at it and an offer of SKU and of TOP_UP; return SKU's offer."""
        shop = self.world.open_shop(name, protocol, how.pop("balance_e4", 100_000_000))
        self.world.stock(name, "31", price_e4, stock)
        self.world.stock(name, "33", price_e4, stock, "top-up")
        accounts.add_supplier(name, name, self.clock(), "test")
        accounts.add_account(
            accounts.NewAccount(
                name, name, protocol, simulator.address(self.world, name, protocol),
                dict(zip(CREDENTIALS[protocol], (shop["user"], shop["key"]), strict=True)),
                "CNY", is_test=True, deadline_ms=how.pop("deadline_ms", 2000),
                is_prepaid=how.pop("is_prepaid", True), settings=how.pop("settings", {}),
            ),
            self.seal, self.clock(), "test",
        )  # fmt: skip
        prefund(name, 1_000_000_00)
        ref = REFS.get(protocol, "31")
        offers.put_offer(
            offers.NewOffer(TOP_UP, name, ref.replace("31", "33", 1).replace(":311", ":331"),
                            price_e4, stock, inputs={"phone": "recharge_account"}, **how),
            self.clock(),
        )  # fmt: skip
        new = offers.NewOffer(SKU, name, ref, price_e4, stock, **how)
        return offers.put_offer(new, self.clock())

    def adapter(self, name: str) -> Supplier:
        """Our adapter for a shop."""
        return self.shelf.adapter(name)

    def want(self, unit: str = "O-1/1", sku: str = SKU, quantity: int = 1, net: int = 1000) -> str:
        """Ask for a unit."""
        kind = Kind.TOP_UP if sku == TOP_UP else Kind.KEY
        inputs = {"phone": "13800138000"} if kind is Kind.TOP_UP else {}
        wanted = Wanted(unit, sku, kind, quantity, Money(net, "CNY"), inputs)
        money_transaction(lambda: ask_for(wanted, self.seal, self.clock(), "test"))
        return unit

    def work(self, seconds: int = 0) -> None:
        """Let time pass, and then do all that is due."""
        self.clock.at_s += seconds
        self.buyer().run_due()

    def wait_out(self, steps: int = 60, each_s: int = 15) -> None:
        """Let time pass in steps, doing what is due."""
        for _ in range(steps):
            self.work(each_s)

    def let(self, kind: str, shop: str = "", times: int = 1) -> None:
        """Let something go wrong."""
        self.world.faults.add(Fault(kind, shop, times=times))

    def terms(self, sku: str = SKU, **bent: Any) -> None:
        """Say how a SKU is bought."""
        offers.set_terms(sku, Terms(**bent), self.clock(), "test")

    def bought_at(self, shop: str = "") -> list[dict[str, Any]]:
        """What the shops' own books say was bought and not given back."""
        self.world.grow_up()
        where, values = ("WHERE state <> 'failed'", []) if not shop else (
            "WHERE state <> 'failed' AND shop = ?", [shop])  # fmt: skip
        return self.world.books.rows(f"SELECT * FROM purchase {where} ORDER BY no", *values)

    def deliver(self) -> list[tuple[str, bytes, Mapping[str, str]]]:
        """Send the callbacks that are due into a list, as the hub would get them."""
        sent: list[tuple[str, bytes, Mapping[str, str]]] = []

        def send(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
            sent.append((url, body, {n.lower(): v for n, v in headers.items()}))
            return 200, "ok"

        deliver_due(self.world, send)
        return sent


def state(unit: str = "O-1/1") -> str:
    """Where a unit's purchase is."""
    return str(purchases.get(unit).state)


def tries(unit: str = "O-1/1") -> list[tuple[str, str]]:
    """Account and state of each attempt for a unit."""
    return [(a.account, str(a.state)) for a in purchases.attempts(unit)]


def last(unit: str = "O-1/1") -> AttemptRow:
    """The newest attempt for a unit."""
    return purchases.attempts(unit)[-1]


def purchase(unit: str = "O-1/1") -> PurchaseRow:
    """A unit's purchase."""
    return purchases.get(unit)


def alerts() -> list[str]:
    """What a person has to hear of."""
    return sorted(a.kind for a in accounts.alerts())


def prefund(supplier: str, minor: int) -> None:
    """Place money with a supplier."""
    posting = rules.supplier_prefunded(
        supplier, "1", "1030.bank", Money(minor, "CNY"), business_day(NOW_S, ZONE), "test"
    )
    money_transaction(lambda: ledger.post(posting, NOW_S))


def prepaid(supplier: str) -> int:
    """What lies with a supplier by our books, in fen."""
    found = rows("SELECT d - c FROM account WHERE code = ?", (f"1040.{supplier}",))
    return int(found[0][0]) if found else 0


def stock_up_catalogue() -> None:
    """Give an empty hub two SKUs.

    Processes die in these tests, machines do not: what a flush protects from is not tried here.
    """
    if is_sqlite(HUB.obj):
        change("PRAGMA synchronous = off")

    def write() -> None:
        for sku, kind in ((SKU, "supplier_key"), (TOP_UP, "direct_topup")):
            change(
                "INSERT INTO product_type (id, name_zh, name_en, fulfilment, made_by, made_at_s)"
                " VALUES (?, ?, ?, ?, 'test', ?)",
                (f"T-{sku}", sku, sku, kind, NOW_S),
            )
            change(
                "INSERT INTO item (id, type, fulfilment, name_zh, name_en) VALUES (?, ?, ?, ?, ?)",
                (f"I-{sku}", f"T-{sku}", kind, sku, sku),
            )
            change(
                "INSERT INTO sku (id, item, fulfilment, name_zh, name_en, state, made_by,"
                " made_at_s, changed_at_s) VALUES (?, ?, ?, ?, ?, 'live', 'test', ?, ?)",
                (sku, f"I-{sku}", kind, sku, sku, NOW_S, NOW_S),
            )

    money_transaction(write)


@dataclass
class Street:
    """One server for the whole run; each test gives it new books."""

    made: simulator.Simulator
    clock: Clock
    vault: Vault
    go_on: threading.Event = field(default_factory=threading.Event)

    def pause(self, _seconds: float) -> None:
        """Hold an answer back until the test is over."""
        self.go_on.wait(20)


@contextmanager
def a_street(directory: Path) -> Iterator[Street]:
    """Serve shops on loopback."""
    clock = Clock()
    made = simulator.build(directory, clock)
    keys = directory / "vault"
    keys.mkdir(mode=0o700)
    make_keys(keys)
    httpd = simulator.listen(made, "127.0.0.1", 0)
    thread = threading.Thread(target=httpd.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield Street(made, clock, Vault(keys))
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()
        made.world.books.close()


@contextmanager
def a_market(street: Street) -> Iterator[Market]:
    """Give the shops empty books, no faults, and the clock's beginning."""
    street.clock.at_s, street.go_on = NOW_S, threading.Event()
    world = street.made.world
    before, url = world.books, world.base_url
    fresh = World(Books(":memory:"), street.clock, street.pause, url)
    vars(world).update(vars(fresh))
    before.close()
    try:
        yield Market(street.made, street.clock, street.go_on, street.vault)
    finally:
        street.go_on.set()


def day_of(at_s: int) -> int:
    """The business day of a moment."""
    return business_day(at_s, ZONE)


def stock_of(sku: str = SKU) -> int:
    """How many keys wait to be sold."""
    [(count,)] = rows("SELECT count(*) FROM card_key WHERE sku = ? AND state = 'available'", (sku,))
    return int(count)


def keys_sold(row: Mapping[str, Any]) -> list[str]:
    """The secrets of an order in a shop's books."""
    return [secret for _, secret in json.loads(row["keys"])]
