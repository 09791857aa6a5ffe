"""Act 6: a shop whose keys come from two suppliers, and a buyer who does not notice which."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from central import cli as hub_cli
from central.config import HubConfig
from central.foundation.clock import now_s
from central.foundation.db.engine import money_transaction
from central.foundation.seal import load as load_seal
from central.insight.proofs import prove_all
from central.money.ledger import rules
from central.money.ledger.store import post
from central.supply.cards.vault.keys import make_keys
from central.supply.catalogue import shelf
from central.supply.catalogue.model import Category, CategoryId, Item, ItemId, Sku, SkuId
from central.supply.prices import books
from central.supply.prices.model import Book, Mode, Tier
from central.supply.prices.wanted import Change, Wanted
from central.supply.product_types import store as product_types
from central.supply.suppliers.machine import shelf_of
from central.supply.suppliers.model import Terms
from central.supply.suppliers.records import accounts, offers
from central.supply.suppliers.sync_offers import sync_due
from edge.contract.money import Money
from tests.demo.buyer import Buyer, Placed, Shown
from tests.demo.processes import DidNotHappen, Http, Process, free_port, together

SKU = SkuId("GAME-50")
PRICE_MINOR = 990
PREPAID_MINOR = 10_000_00
"""What lies on each account at the supplier simulator."""
CHANNEL = "wechat-pay"
DEADLINE_MS = 3000
"""So long the hub waits for a supplier's answer; after that nobody knows, and it asks."""
READY = "The merchant's files"
ACTOR = "demo"


class Supplier(NamedTuple):
    """One of the two: our name for it, its shop in the simulator, what it calls GAME-50."""

    name: str
    shop: str
    their_ref: str
    cost_e4: int


ALPHA = Supplier("alpha", "kasushou", "31", 80_000)
BETA = Supplier("beta", "dujiao", "31:311", 82_000)
PLANTED = (
    ("no-stock", BETA, "alpha is sold out"),
    ("price-jump", BETA, "alpha asks for more than it is sold for"),
    ("hang", ALPHA, "alpha takes the order and says nothing"),
)
"""What goes wrong at alpha, and who must have delivered all the same."""


class Bought(NamedTuple):
    """One order of the act: what was planted, who had to deliver, what the buyer saw."""

    planted: str
    expected: str
    placed: Placed
    shown: Shown


class SuppliedShop:
    """The two simulators, and what was bought."""

    def __init__(
        self, directory: Path, hub: Process, config: HubConfig,
        make_process: Callable[[str, str, list[str]], Process],
    ) -> None:  # fmt: skip
        self._hub, self._config = hub, config
        self.channel_dir, self.suppliers_dir = directory / "channel", directory / "suppliers"
        self._channel = _simulator("channel", self.channel_dir, 8070, make_process, hub.url)
        self._suppliers = _simulator("supplier", self.suppliers_dir, 8071, make_process)
        self.bought: list[Bought] = []

    def start(self) -> None:
        """Start both, and leave the merchant's files where the hub reads them when it starts."""
        together(partial(self._channel.start, READY), partial(self._suppliers.start, READY))
        shutil.copytree(self.channel_dir / "merchant", self._config.data_dir, dirs_exist_ok=True)

    @property
    def channel(self) -> Http:
        """What steers the channel simulator and shows its books."""
        return _control(self._channel, self.channel_dir)

    @property
    def suppliers(self) -> Http:
        """What steers the supplier simulator and shows its books."""
        return _control(self._suppliers, self.suppliers_dir)

    def play(self, tell: Callable[[str], None]) -> None:
        """Let a buyer order three times while something goes wrong at the cheaper supplier."""
        tell("6  A shop with two suppliers: alpha is cheaper, and fails in three ways")
        with hub_cli.Hub(self._config):
            make_keys(self._config.data_dir / "keys")
            _put_on_sale()
            for supplier in (ALPHA, BETA):
                self._connect(supplier)
        tell(f"   shop           {self._hub.url}/shop   {SKU} for {PRICE_MINOR / 100:.2f}")
        tell(f"   pays at        {self._channel.url}")
        tell(f"   buys at        {self._suppliers.url}")
        for number, (kind, expected, what) in enumerate(PLANTED, start=1):
            self._let_go_wrong(kind)
            buyer = Buyer(self._hub.url, f"buyer{number}@example.com")
            placed = buyer.order(SKU, CHANNEL)
            _done(self.channel, "/control/buyer/pay", {"channel": "wechat", "code": placed.code})
            shown = buyer.wait_for(placed)
            self.bought.append(Bought(kind, expected.name, placed, shown))
            mark = "✓" if shown.state == "completed" and shown.text else "✗"
            tell(f"   {mark} {what}: {shown.state}, the key is shown after {shown.seconds:.1f} s")

    def prove(self) -> dict[str, Any]:
        """Hold the hub's books against its rooms."""
        with hub_cli.Hub(self._config) as hub:
            report = prove_all(now_s(), hub.config.currency)
        return {"is_good": report.is_good, "said": report.said}

    def _connect(self, supplier: Supplier) -> None:
        """Place money with a supplier, and take GAME-50 from it."""
        told = json.loads((self.suppliers_dir / f"merchant/{supplier.shop}.json").read_text())
        at_s = now_s()
        day = rules.business_day(at_s, self._config.timezone)
        prepaid = Money(PREPAID_MINOR, self._config.currency)
        accounts.add_supplier(supplier.name, supplier.name.title(), at_s, ACTOR)
        accounts.add_account(
            accounts.NewAccount(
                supplier.name, supplier.name, told["protocol"], told["base_url"],
                told["credentials"], self._config.currency, is_test=True, deadline_ms=DEADLINE_MS,
            ),
            load_seal(self._config.data_dir / "keys"), at_s, ACTOR,
        )  # fmt: skip
        placed = rules.supplier_prefunded(supplier.name, "1", "1030.bank", prepaid, day, ACTOR)
        money_transaction(lambda: post(placed, at_s))
        offers.put_offer(
            offers.NewOffer(SKU, supplier.name, supplier.their_ref, supplier.cost_e4), at_s
        )

    def _let_go_wrong(self, kind: str) -> None:
        """Alpha has everything at its old price, and the hub knows; then something goes wrong."""
        good = {"shop": ALPHA.shop, "product": "31", "price_e4": ALPHA.cost_e4, "stock": 200}
        _done(self.suppliers, "/control/stock", good)
        with hub_cli.Hub(self._config) as hub:
            seal = load_seal(hub.config.data_dir / "keys")
            sync_due(shelf_of(hub.config, seal, now_s), now_s, all_of_them=True)
        _done(self.suppliers, "/control/faults", {"kind": kind, "shop": ALPHA.shop})


def _put_on_sale() -> None:
    """Furnish the shop: a type, an item, a SKU, its price, how it is bought; money in the bank."""
    at_s = now_s()
    body = {"fields": [], "delivery": {"zh-CN": "{key}", "en": "{key}"}}
    names = {"zh-CN": "游戏卡密", "en": "Game key"}
    product_types.add("game", names, "supplier_key", body, by=ACTOR, at_s=at_s)
    shelf.add_category(Category(CategoryId("games"), {"zh-CN": "游戏", "en": "Games"}))
    shelf.put_item(Item(ItemId("game"), "game", names, CategoryId("games")))
    shelf.put_sku(Sku(SKU, ItemId("game"), {"zh-CN": "五十点", "en": "50 points"}), by=ACTOR,
                  at_s=at_s)  # fmt: skip
    shelf.offer(SKU, at_s)
    retail = Book("retail", {"zh-CN": "零售", "en": "Retail"}, "CNY")
    books.add_book(retail, by=ACTOR, at_s=at_s)
    wanted = Wanted(Mode.LADDER, (Tier(1, PRICE_MINOR),))
    books.set_price(Change("retail", SKU, wanted), by=ACTOR, now_s=at_s)
    offers.set_terms(SKU, Terms(), at_s, ACTOR)
    day = rules.business_day(at_s, "Asia/Shanghai")
    opening = rules.brought_in("1030.bank", Money(2 * PREPAID_MINOR, "CNY"), day, ACTOR)
    money_transaction(lambda: post(opening, at_s))


def _simulator(
    kind: str, data_dir: Path, port: int, make_process: Callable[[str, str, list[str]], Process],
    hub_url: str = "",
) -> Process:  # fmt: skip
    port = free_port(port)
    words = ["tearoff-hub", f"{kind}-simulator", "--data-dir", str(data_dir), "--port", str(port)]
    if hub_url:
        words += ["--hub-url", hub_url]
    return make_process(f"{kind}-simulator", f"http://127.0.0.1:{port}", words)


def _control(process: Process, data_dir: Path) -> Http:
    return Http(process.url, (data_dir / "control-token").read_text().strip())


def _done(at: Http, path: str, body: dict[str, Any]) -> None:
    status, said = at.ask("POST", path, body)
    if status != 200:
        raise DidNotHappen(f"{at.url}{path}: {status} {said}")
