"""A channel simulator that is served on loopback, and our adapters set up for it."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from central.money.channels.gather import Channels, gather
from central.money.channels.ports import (
    CallLog,
    Payee,
    PaymentOrder,
    PayoutOrder,
    PayWay,
    RefundOrder,
)
from central.simulators.channel import app as simulator
from central.simulators.channel import buyer, keys
from central.simulators.channel.books import Books
from central.simulators.channel.control import work_on
from central.simulators.channel.deliver import Message, deliver_due
from central.simulators.channel.faults import Fault
from central.simulators.channel.world import World
from central.simulators.parts.books import Row
from edge.contract.money import Money, parse_decimal
from tests import builders as b

HUB_URL = "http://127.0.0.1:1"
"""Nobody listens there: callbacks of these simulators are handed over by the test."""
WECHAT, ALIPAY = "wechat-pay", "alipay"
CHANNELS = [WECHAT, ALIPAY]
DAY_S = 86400
OTHER_OPENID = "oSomebodyElse0000000000001"


@dataclass
class Clock:
    """Stands still until it is moved."""

    at_s: int = b.NOW_S

    def __call__(self) -> int:
        return self.at_s


@dataclass
class Notes:
    """A record of calls in memory."""

    begun: list[tuple[str, str, str, bytes]] = field(default_factory=list)
    ended: list[tuple[str, str]] = field(default_factory=list)

    def begin(self, channel: str, kind: str, number: str, request_sha256: bytes) -> int:
        """Note that a call is about to be sent."""
        self.begun.append((channel, kind, number, request_sha256))
        return len(self.begun)

    def end(self, call_id: int, outcome: str, code: str) -> None:
        """Note what came of it."""
        assert 0 < call_id <= len(self.begun)
        self.ended.append((outcome, code))


@dataclass
class Server:
    """One simulator that is served for the whole run; each test gives it new books and keys."""

    made: simulator.Simulator
    template: Path
    url: str
    clock: Clock
    hangs: threading.Event = field(default_factory=threading.Event)
    """Set as soon as an answer is being held back."""
    go_on: threading.Event = field(default_factory=threading.Event)
    """Lets held-back answers go."""

    def hold_back(self, _seconds: float) -> None:
        """Wait until the test lets the answer go."""
        self.hangs.set()
        assert self.go_on.wait(30), "a test lets its answers go"


@dataclass
class Served:
    """A simulator of this test's own, and the merchant's directory that goes with it."""

    server: Server
    directory: Path

    @property
    def world(self) -> World:
        """Its books, keys and faults."""
        return self.server.made.world

    @property
    def clock(self) -> Clock:
        """Everybody's clock."""
        return self.server.clock

    @property
    def url(self) -> str:
        """Where it is served."""
        return self.server.url

    @property
    def token(self) -> str:
        """What lets a client steer it."""
        return self.server.made.token

    @property
    def settings_file(self) -> Path:
        """The hub's settings for it."""
        return self.directory / "merchant" / "channels.toml"

    def set(self, name: str, value: str) -> None:
        """Change a setting, in every section that has it; ``""`` takes it away."""
        text = self.settings_file.read_text()
        line = f"{name} = {value}\n" if value else ""
        changed, hits = re.subn(rf"^{name} = .*\n", line, text, flags=re.MULTILINE)
        assert hits, name
        self.settings_file.write_text(changed)

    def add(self, section: str, line: str) -> None:
        """Add a setting to a section."""
        text = self.settings_file.read_text()
        assert f"[{section}]\n" in text
        self.settings_file.write_text(text.replace(f"[{section}]\n", f"[{section}]\n{line}\n"))

    def channels(self, calls: CallLog | None = None) -> Channels:
        """Return our adapters for it, as the hub makes them."""
        return gather(self.settings_file, calls or Notes(), self.clock)

    def let(self, kind: str, operation: str = "", number: str = "", times: int = 1) -> None:
        """Let something go wrong."""
        self.world.faults.add(Fault(kind, operation, number, times))

    def forward(self, seconds: int) -> None:
        """Move everybody's clock."""
        self.clock.at_s += seconds
        work_on(self.world)

    def pay(self, channel: str, number: str) -> None:
        """Let the buyer pay."""
        buyer.pay(self.world, _short(channel), number)

    def row(self, table: str, number: str, name: str = "number") -> Row | None:
        """Return a row of the simulator's books."""
        return self.world.books.row(f"SELECT * FROM {table} WHERE {name} = ?", number)

    def balance(self, account: str) -> int:
        """Return what is in one of our accounts."""
        return self.world.books.balance(account)

    def callbacks(self) -> list[Message]:
        """Send the callbacks that are due into a list, and take them."""
        sent: list[Message] = []

        def send(_url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
            sent.append(Message(body, dict(headers)))
            return 200, "success"

        deliver_due(self.world, send)
        return sent


@contextmanager
def serving(directory: Path) -> Iterator[Server]:
    """Make keys, and serve a simulator on loopback."""
    clock = Clock()
    made = simulator.build(directory, clock)
    httpd = simulator.listen(made, "127.0.0.1", 0, HUB_URL)
    thread = threading.Thread(target=httpd.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield Server(made, directory, httpd.url, clock)
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()
        made.world.books.close()


@contextmanager
def served(server: Server, directory: Path) -> Iterator[Served]:
    """Give the simulator copied keys, empty books, no faults, and the clock's beginning."""
    shutil.copytree(server.template, directory, ignore=shutil.ignore_patterns("books.db*"))
    world = server.made.world
    server.clock.at_s = b.NOW_S
    server.hangs, server.go_on = threading.Event(), threading.Event()
    fresh = World(
        Books(directory / "books.db"), keys.SimulatorKeys(directory / "simulator"), server.clock,
        server.hold_back, server.url,
    )  # fmt: skip
    before = world.books
    vars(world).update(vars(fresh))
    before.close()
    yield Served(server, directory)
    server.go_on.set()


# --- orders --------------------------------------------------------------------------------------


def yuan(text: str) -> Money:
    """Return ``88.00`` yuan, or ``-8.00``."""
    amount = parse_decimal(text.lstrip("-"), "CNY")
    return Money(-amount.minor, "CNY") if text.startswith("-") else amount


def a_payment(
    number: str = "PAY0000001", amount: str = "88.00", clock: int = b.NOW_S, *,
    to_be_shared: bool = False,
) -> PaymentOrder:  # fmt: skip
    """A payment by QR code, good for half an hour."""
    return PaymentOrder(
        number, yuan(amount), "午餐券 Lunch", clock + 1800, to_be_shared=to_be_shared
    )


def an_in_app_payment(number: str = "PAY0000001", payer: str = keys.OPENID) -> PaymentOrder:
    """A payment within WeChat."""
    return PaymentOrder(number, yuan("88.00"), "午餐券", b.NOW_S + 1800, PayWay.IN_APP, payer)


def a_refund(
    number: str = "PAY0000001", refund: str = "BACK000001", amount: str = "8.00",
    total: str = "88.00",
) -> RefundOrder:  # fmt: skip
    """Part of a payment, back."""
    return RefundOrder(number, refund, yuan(amount), yuan(total), "不要了")


def a_payout(
    channel: str, number: str = "OUT0000001", amount: str = "120.00", name: str = "王小明",
    authorization_id: str = "",
) -> PayoutOrder:  # fmt: skip
    """A commission."""
    account = keys.OPENID if channel == WECHAT else "2088123456789012"
    return PayoutOrder(number, Payee(account, name), yuan(amount), "五月佣金", authorization_id)


def _short(channel: str) -> str:
    return "wechat" if channel == WECHAT else channel
