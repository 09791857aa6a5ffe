"""The shops: what they sell, what was bought of them, and what is left on our accounts."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from central.simulators.parts.books import Row
from central.simulators.supplier.books import Books
from central.simulators.supplier.faults import CALLBACK_FAULTS, Faults

E4 = 10_000
BEIJING = dt.timezone(dt.timedelta(hours=8))
APOLOGY = "很抱歉，有人在你付款之前抢走了商品"


class Refused(Exception):
    """An order is not taken; ``code`` is why, in our own words."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Wish(NamedTuple):
    """What a request asks for. ``safe_e4`` None: no cap was sent."""

    shop: str
    product: str
    quantity: int
    ref: str
    safe_e4: int | None = None
    callback_url: str = ""
    inputs: Mapping[str, str] = {}


@dataclass
class World:
    """One simulator."""

    books: Books
    clock: Callable[[], int]
    pause: Callable[[float], object]
    """What an answer that hangs waits with."""
    base_url: str = ""
    shift_s: int = 0
    faults: Faults = field(default_factory=Faults)
    slow_s: float = 30
    late_s: int = 40
    """How long nobody sees an order that came late."""
    slow_keys_s: int = 20

    def now_s(self) -> int:
        """Return the simulator's time."""
        return self.clock() + self.shift_s

    def shop(self, name: str) -> Row | None:
        """Return a shop; None if there is none."""
        return self.books.row("SELECT * FROM shop WHERE id = ?", name)

    def open_shop(self, name: str, protocol: str, balance_e4: int = 10_000 * E4) -> Row:
        """Open a shop, with an account of ours that has money on it."""
        digest = hashlib.sha256(f"{name}/{self.books.count('shop')}".encode()).hexdigest()
        with self.books.writing():
            self.books.run(
                "INSERT OR IGNORE INTO shop VALUES (?, ?, ?, ?, ?)",
                name, protocol, f"U{digest[:8]}", digest[8:40], balance_e4,
            )  # fmt: skip
        found = self.shop(name)
        assert found is not None
        return found

    def stock(
        self, shop: str, ref: str, price_e4: int, stock: int = 1000, kind: str = "key"
    ) -> None:
        """Put something on sale, or change its price and stock."""
        with self.books.writing():
            self.books.run(
                "INSERT OR REPLACE INTO product VALUES (?, ?, ?, ?, ?, ?)",
                shop, ref, f"商品 {ref}", kind, price_e4, stock,
            )  # fmt: skip
            self._changed(shop, ref)

    def _changed(self, shop: str, ref: str) -> None:
        self.books.run("INSERT OR REPLACE INTO changed VALUES (?, ?, ?)", shop, ref, self.now_s())

    def changed_since(self, shop: str, since_s: int) -> list[Row]:
        """Return what has changed its price or stock from a moment on."""
        return self.books.rows(
            "SELECT p.* FROM product p JOIN changed c ON c.shop = p.shop AND c.ref = p.ref"
            " WHERE p.shop = ? AND c.at_s >= ? ORDER BY p.ref",
            shop, since_s,
        )  # fmt: skip

    def product(self, shop: str, ref: str) -> Row | None:
        """Return something that is on sale; None if it is not."""
        return self.books.row("SELECT * FROM product WHERE shop = ? AND ref = ?", shop, ref)

    def find(self, shop: str, ref: str) -> Row | None:
        """Return an order by the buyer's reference; None if nobody can see one."""
        self.grow_up()
        return self.books.row(
            "SELECT * FROM purchase WHERE shop = ? AND ref = ? AND visible_at_s <= ?"
            " ORDER BY no LIMIT 1",
            shop, ref, self.now_s(),
        )  # fmt: skip

    def by_number(self, shop: str, no: str) -> Row | None:
        """Return an order by its own number."""
        self.grow_up()
        return self.books.row(
            "SELECT * FROM purchase WHERE shop = ? AND no = ? AND visible_at_s <= ?",
            shop, int(no) if no.isdecimal() else 0, self.now_s(),
        )  # fmt: skip

    def on_day(self, shop: str, day: str, fault: str) -> list[Row]:
        """Return the orders of a day of Beijing, as a statement lists them."""
        self.grow_up()
        found = [
            order
            for order in self.books.rows("SELECT * FROM purchase WHERE shop = ? ORDER BY no", shop)
            if moment(order["at_s"])[:10] == day
        ]
        if fault == "statement-extra":
            begin = dt.datetime.fromisoformat(f"{day}T12:00:00+08:00")
            strange = {
                "no": 999_999, "ref": "NOBODYS-ORDER", "total_e4": 70_000, "unit_e4": 70_000,
                "state": "done", "keys": "[]", "at_s": int(begin.timestamp()), "product": "31",
                "quantity": 1, "shop": shop,
            }  # fmt: skip
            found.append(strange)
        return found

    def exists(self, shop: str, ref: str) -> Row | None:
        """Return an order that is in the books, whether anybody can see it or not."""
        return self.books.row(
            "SELECT * FROM purchase WHERE shop = ? AND ref = ? ORDER BY no LIMIT 1", shop, ref
        )

    def buy(self, wish: Wish, fault: str) -> Row:
        """Take an order and the money for it.

        Raises:
            Refused: it is not taken, and nothing was.
        """
        if fault == "price-jump":
            with self.books.writing():
                self.books.run(
                    "UPDATE product SET price_e4 = price_e4 * 3 / 2 WHERE shop = ? AND ref = ?",
                    wish.shop, wish.product,
                )  # fmt: skip
                self._changed(wish.shop, wish.product)
        with self.books.writing():
            product = self.product(wish.shop, wish.product)
            if product is None or wish.quantity < 1:
                raise Refused("off-sale")
            price_e4 = int(product["price_e4"])
            if wish.safe_e4 is not None and price_e4 > wish.safe_e4:
                raise Refused("price")
            if fault == "no-stock" or product["stock"] < wish.quantity:
                raise Refused("no-stock")
            total_e4 = price_e4 * wish.quantity
            [shop] = self.books.rows("SELECT balance_e4 FROM shop WHERE id = ?", wish.shop)
            if shop["balance_e4"] < total_e4:
                raise Refused("balance")
            return self._take(wish, price_e4, total_e4, fault)

    def _take(self, wish: Wish, price_e4: int, total_e4: int, fault: str) -> Row:
        now_s = self.now_s()
        no = 100_000 + self.books.count("purchase")
        visible_at_s = now_s + (self.late_s if fault == "late" else 0)
        slow = fault in {"slow-keys", "fails"}
        ready_at_s = visible_at_s + (self.slow_keys_s if slow else 0)
        self.books.run(
            "UPDATE product SET stock = stock - ? WHERE shop = ? AND ref = ?",
            wish.quantity, wish.shop, wish.product,
        )  # fmt: skip
        self._changed(wish.shop, wish.product)
        self._move(wish.shop, -total_e4, "bought", no)
        self.books.run(
            "INSERT INTO purchase VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting', '[]', ?, ?, ?, ?, ?, ?)",
            no, wish.shop, wish.ref, wish.product, wish.quantity, price_e4, total_e4,
            json.dumps(dict(wish.inputs)), now_s, visible_at_s, ready_at_s, wish.callback_url,
            fault,
        )  # fmt: skip
        self.grow_up()
        found = self.books.row("SELECT * FROM purchase WHERE no = ?", no)
        assert found is not None
        return found

    def grow_up(self) -> None:
        """Do what time does: keys are ready, orders fail and are given back."""
        with self.books.writing():
            for order in self.books.rows(
                "SELECT * FROM purchase WHERE state = 'waiting' AND ready_at_s <= ?", self.now_s()
            ):
                if order["fault"] == "fails":
                    self.books.run("UPDATE purchase SET state = 'failed' WHERE no = ?", order["no"])
                    self._move(order["shop"], order["total_e4"], "given back", order["no"])
                else:
                    self.books.run(
                        "UPDATE purchase SET state = 'done', keys = ? WHERE no = ?",
                        json.dumps(self._keys(order), ensure_ascii=False), order["no"],
                    )  # fmt: skip
                self._call_back(order)

    def _keys(self, order: Row) -> list[list[str]]:
        product = self.product(order["shop"], order["product"])
        if product is not None and product["kind"] == "top-up":
            return []
        count, fault = int(order["quantity"]), order["fault"]
        if fault == "wrong-count":
            count += 1 if order["no"] % 2 else -1
        made = []
        for n in range(count):
            digest = hashlib.sha256(f"{order['shop']}/{order['no']}/{n}".encode()).hexdigest()
            made.append([f"NO{order['no']}{n:03d}", digest[:16].upper()])
        if fault == "error-text":
            made = [["", APOLOGY] for _ in made]
        if fault == "empty-key":
            made = [["", ""] for _ in made]
        if fault == "same-key":
            sold = self.books.row(
                "SELECT keys FROM purchase WHERE shop = ? AND state = 'done' AND keys <> '[]'"
                " AND no <> ? ORDER BY no LIMIT 1",
                order["shop"], order["no"],
            )  # fmt: skip
            made = json.loads(sold["keys"])[:count] if sold else made
        return made

    def _move(self, shop: str, change_e4: int, why: str, no: int) -> None:
        [row] = self.books.rows(
            "UPDATE shop SET balance_e4 = balance_e4 + ? WHERE id = ? RETURNING balance_e4",
            change_e4, shop,
        )  # fmt: skip
        self.books.run(
            "INSERT INTO flow (shop, at_s, change_e4, balance_e4, why, no)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            shop, self.now_s(), change_e4, row["balance_e4"], why, no,
        )  # fmt: skip

    def _call_back(self, order: Row) -> None:
        if not order["callback_url"]:
            return
        fault = self.faults.take(order["shop"], order["ref"], CALLBACK_FAULTS)
        state = "lost" if fault == "callback-lost" else "waiting"
        self.books.run(
            "INSERT INTO callback (no, shop, url, fault, state, tries, next_at_s, last)"
            " VALUES (?, ?, ?, ?, ?, 0, ?, '')",
            order["no"], order["shop"], order["callback_url"], fault, state, self.now_s(),
        )  # fmt: skip

    def note(self, shop: str, operation: str, ref: str, answer: str, fault: str) -> None:
        """Write down what was asked and answered."""
        with self.books.writing():
            self.books.run(
                "INSERT INTO request (at_s, shop, operation, ref, answer, fault)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                self.now_s(), shop, operation, ref[:64], answer[:60], fault,
            )  # fmt: skip


def keys_of(order: Row) -> list[list[str]]:
    """Return an order's keys: number and secret."""
    found: list[list[str]] = json.loads(order["keys"])
    return found


def moment(at_s: int) -> str:
    """Return a time as the shops write it, Beijing's."""
    return dt.datetime.fromtimestamp(at_s, BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def yuan(e4: int) -> str:
    """Return 30000 as ``3.0000``."""
    sign = "-" if e4 < 0 else ""
    return f"{sign}{abs(e4) // E4}.{abs(e4) % E4:04d}"


def e4_of(text: object) -> int | None:
    """Return ``"2.2"`` as 22000; None if it is no price."""
    whole, _, part = str(text).partition(".")
    if not whole.isdecimal() or (part and not part.isdecimal()) or len(part) > 4:
        return None
    return int(whole) * E4 + int((part or "0").ljust(4, "0"))
