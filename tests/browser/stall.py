"""A hub that sells: one category, a card key in stock, and the channel simulator beside it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from central import cli as hub_cli
from central import config as settings
from central.foundation.clock import now_s
from central.foundation.db.engine import money_transaction, rows
from central.foundation.seal import load as load_seal
from central.money.ledger.rules import business_day
from central.sale.customers.codes import code_of
from central.supply.cards.access.log import Asker
from central.supply.cards.intake.read_file import Layout, from_bytes
from central.supply.cards.intake.take import stock, take_in
from central.supply.cards.model import Intake
from central.supply.cards.vault.keys import Vault
from central.supply.catalogue import pictures, shelf
from central.supply.catalogue.model import Category, CategoryId, Item, ItemId, Sku, SkuId
from central.supply.prices import books
from central.supply.prices.model import Book, Mode, Tier
from central.supply.prices.wanted import Change, Wanted
from central.supply.product_types import store as product_types
from edge.contract.money import Money
from tests.central.foundation.pictures import written
from tests.demo.processes import Http, Process, free_port, run

SKU = "STAR-50"
MINOR = 4_900
KEYS = [f"STAR-{n:04}-KEY-{n * 7919:05}" for n in range(1, 9)]
WHO = "test"
_MAIL = 'host = "localhost"\nport = 9\nsecurity = "none"\nfrom = "shop@example.com"\n'
"""So that customers can sign in; nothing listens there."""
_FIELD = {
    "id": "account", "kind": "text", "max": 20, "required": True,
    "label": {"zh-CN": "游戏账号", "en": "Game account"},
    "help": {"zh-CN": "登录游戏时使用的名字。", "en": "The name that you log in with."},
}  # fmt: skip
_BODY = {
    "fields": [_FIELD],
    "delivery": {
        "zh-CN": "卡密：{key}\n请在游戏内兑换。",
        "en": "Key: {key}\nRedeem it in the game.",
    },
}


class Stall(NamedTuple):
    """What runs."""

    hub: Process
    channel: Http
    password: str
    config: settings.HubConfig

    def pay(self, number: str) -> None:
        """Let the buyer pay with his phone."""
        status, told = self.channel.ask(
            "POST", "/control/buyer/pay", {"channel": "wechat", "code": number}
        )
        assert status == 200, told

    def code(self) -> str:
        """Return the code that was sent last; nobody takes the mail."""
        with hub_cli.Hub(self.config):
            [(number,)] = rows("SELECT id FROM address_code ORDER BY asked_at_s DESC, id LIMIT 1")
        return code_of(number, load_seal(self.config.data_dir / "keys"))

    def end(self, simulator: Process) -> None:
        """Stop both."""
        self.hub.stop()
        simulator.stop()


def set_up(directory: Path) -> tuple[Stall, Process]:
    """Start a hub that sells, and the channel simulator."""
    hub_port, port = free_port(8280), free_port(8380)
    hub_url, channel_url = f"http://127.0.0.1:{hub_port}", f"http://127.0.0.1:{port}"
    overrides = [
        f"data_dir={directory / 'data'}", f"port={hub_port}", "issuer=stall.tearoff.example",
        f"url={hub_url}",
    ]  # fmt: skip
    command = ["tearoff-hub", *(part for text in overrides for part in ("--set", text))]
    password = run([*command, "init"]).partition("the password ")[2].split(".")[0]
    simulator = Process(
        "channels", channel_url, directory / "channels.log",
        ["tearoff-hub", "channel-simulator", "--port", str(port), "--data-dir",
         str(directory / "channels"), "--hub-url", hub_url],
    )  # fmt: skip
    simulator.start("The merchant's files")
    shutil.copytree(directory / "channels" / "merchant", directory / "data", dirs_exist_ok=True)
    (directory / "data" / "mail.toml").write_text(_MAIL)
    config = settings.load(env={}, overrides=overrides)
    with hub_cli.Hub(config) as hub:
        money_transaction(_fill_shelf)
        _stock(Vault(config.data_dir / "keys"), business_day(now_s(), hub.config.timezone))
    served = Process("stall", hub_url, directory / "hub.log", [*command, "serve"])
    served.start("The hub listens at")
    token = (directory / "channels" / "control-token").read_text().strip()
    return Stall(served, Http(channel_url, token), password, config), simulator


def _fill_shelf() -> None:
    at_s = now_s()
    names = {"zh-CN": "游戏点卡", "en": "Game card"}
    product_types.add("game-card", names, "local_key", _BODY, by=WHO, at_s=at_s)
    games = CategoryId("games")
    shelf.add_category(Category(games, {"zh-CN": "游戏", "en": "Games"}, None))
    said = {"zh-CN": "付款后立即发放，全服通用。", "en": "Delivered at once; good on every server."}
    shelf.put_item(
        Item(ItemId("star"), "game-card", {"zh-CN": "星海点卡", "en": "Starsea card"}, games,
             descriptions=said)
    )  # fmt: skip
    for colour, alt in (("navy", {"zh-CN": "点卡正面", "en": "Front of the card"}), ("teal", {})):
        drawn = Image.new("RGB", (900, 600), "white")
        drawn.paste(colour, (120, 90, 780, 510))
        pictures.add("star", written(drawn, "PNG"), alt, by=WHO, at_s=at_s)
    fifty = {"zh-CN": "五十元", "en": "Fifty"}
    shelf.put_sku(
        Sku(SkuId(SKU), ItemId("star"), fifty, face=Money(5_000, "CNY")), by=WHO, at_s=at_s
    )
    shelf.offer(SkuId(SKU), at_s)
    books.add_book(Book("retail", {"zh-CN": "零售", "en": "Retail"}, "CNY"), by=WHO, at_s=at_s)
    wanted = Wanted(Mode.LADDER, (Tier(1, MINOR), Tier(10, 4_500)))
    books.set_price(Change("retail", SKU, wanted), by=WHO, now_s=at_s)


def _stock(vault: Vault, day: int) -> None:
    source = from_bytes("keys.txt", "\n".join(KEYS).encode(), Layout.SECRET)
    intake = Intake(SKU, "kasushou", "2210.kasushou", Money(4_300, "CNY"), None)
    batch = take_in(source, intake, vault, Asker(WHO, "127.0.0.1"), now_s())
    money_transaction(lambda: stock(batch.id, now_s(), day=day, actor=WHO))
