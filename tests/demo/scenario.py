"""The acts of the main job. Nothing is asserted here: ``facts`` looks at what is left."""

from __future__ import annotations

import json
import secrets
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from central import cli as hub_cli
from central import config as settings
from central.config import HubConfig
from central.foundation.clock import now_s
from central.foundation.people import login
from central.money.ledger.rules import business_day
from central.stores.keys import keyring, trust
from central.stores.units import enrol, receipt_template, steer
from central.stores.vouchers.issue import Order, issue
from central.stores.vouchers.show import write_files
from central.stores.vouchers.status import revoke
from central.supply.catalogue import products
from edge.contract.bundle import Product
from edge.contract.ids import ProductId, StoreGroup, StoreId, parse_voucher_id
from edge.contract.receipt_template import ReceiptTemplate
from edge.contract.voucher_token import DAY_S, DAY_ZERO_S, VoucherKind
from tests.demo.holder import Phone
from tests.demo.processes import Aside, Http, Process, free_port, run, together, wait_until
from tests.demo.supplied_shop import SuppliedShop

STORE = StoreId("S0412")
STORE_NAME = "静安店"
GROUP = StoreGroup(1)
LUNCH, COFFEE, GIFT = ProductId(7), ProductId(8), ProductId(9)
KILLS = 5


class Scan(NamedTuple):
    """One scan of the scenario, and what must come of it.

    Args:
        expected: ``accepted``, or the slug of the refusal.
        entry: Name of the journal entry that the unit answered with.
    """

    unit: str
    text: str
    hub_up: bool
    expected: str
    entry: tuple[int, int]


class Till(NamedTuple):
    """A unit, its printer, and how to reach both."""

    name: str
    unit: Process
    api: Http
    printer: Process
    pin: str


class Stage:
    """Everything that runs, and everything that was done with it."""

    def __init__(self, directory: Path, tell: Callable[[str], None]) -> None:
        self.directory = directory
        self.tell = tell
        self.processes: list[Process] = []
        self.tills: dict[str, Till] = {}
        self.vouchers: list[dict[str, Any]] = []
        self.scans: list[Scan] = []
        self.hub_config = settings.load(
            env={},
            overrides=(
                f"data_dir={directory / 'hub'}",
                f"port={free_port(8080)}",
                "issuer=demo.tearoff.example",
            ),
        )
        self.hub = self._process(
            "hub",
            f"http://127.0.0.1:{self.hub_config.port}",
            ["tearoff-hub", *_hub_settings(self.hub_config), "serve"],
        )
        self.shop = SuppliedShop(directory, self.hub, self.hub_config, self._process)
        self.admin_password = ""
        self.hub_api = Http(self.hub.url, "")

    def end(self) -> None:
        """End every process."""
        for process in reversed(self.processes):
            process.stop()

    # --- act 1 -----------------------------------------------------------------------------------

    def open_shop(self) -> None:
        """Start hub, two units of one store, and printers; sell vouchers."""
        self.tell("1  A hub, two tills of one store, vouchers sold")
        config = self.hub_config
        config.data_dir.mkdir(mode=0o700, parents=True)
        keyring.make(config.data_dir / "keys")
        with hub_cli.Hub(config) as hub:
            trust.publish(hub.keyring, now_s())
            self.admin_password = login.add_person("admin", "admin", now_s())
            self.hub_api = Http(self.hub.url, login.add_api_key("demo", "viewer", now_s()))
            steer.add_store(STORE, STORE_NAME, GROUP, config.timezone, now_s())
            template = ReceiptTemplate(
                0,
                ("zh-CN", "en"),
                {"zh-CN": ("欢迎光临",), "en": ("Welcome",)},
                {"zh-CN": ("请保留此小票",), "en": ("Please keep this receipt",)},
            )
            receipt_template.set_template(GROUP, template, by="demo", at_s=now_s())
            # On a machine that is busy a till must not stop waiting for a hub that is there.
            steer.set_policy(GROUP, {"online_timeout_ms": 10_000})
            for product in _PRODUCTS:
                products.add(product)
        printers = [self._printer(number) for number in (1, 2)]
        together(
            partial(self.hub.start, "The hub listens at"),
            *(partial(printer.start, "The paper is at") for printer in printers),
            self._sell,
        )
        wait_until("the hub answers", self.hub_api.answers)
        self.tell(f"   hub            {self.hub.url}   admin / {self.admin_password}")
        kinds = ", ".join(f"{what} × {len(self._all(what))}" for what in _orders(0))
        self.tell(f"   sold: {kinds}; one of them revoked since")
        enrolled = self._enrol([self._settings(n, p) for n, p in enumerate(printers, start=1)])
        tills = together(
            *(
                partial(self._open_till, name, settings, printer)
                for (name, settings), printer in zip(enrolled, printers, strict=True)
            )
        )
        for till in tills:
            self.tills[till.name] = till
            self.tell(f"   {till.name}       {till.unit.url}   clerk demo, PIN {till.pin}")
            self.tell(f"     its printer  {till.printer.url}")
        # Both tills must have heard of everything before the wire is cut.
        revoked = {"scan": self._voucher("revoked")["text"]}
        for till in tills:
            wait_until(f"{till.name} has pulled", partial(_is_revoked, till.api, revoked))

    def _printer(self, number: int) -> Process:
        port, web_port = free_port(9100 + number - 1), free_port(9180 + number - 1)
        return self._process(
            f"printer-{number}",
            f"http://127.0.0.1:{web_port}",
            ["tearoff-unit", "printer-simulator", "--port", str(port), "--web", str(web_port)],
        )

    def _settings(self, number: int, printer: Process) -> list[str]:
        to = printer.log.read_text().partition("tcp://")[2].split()[0]
        return [
            "--set", f"unit.data_dir={self.directory / f'unit-{number}'}",
            "--set", f"hub.url={self.hub.url}",
            "--set", "hub.sync_every_s=2",
            # Nothing between the tills: what a double redemption leads to is the point.
            "--set", "peers.host=",
            "--set", f"api.port={free_port(8090 + number - 1)}",
            "--set", f"printer.to=tcp://{to}",
        ]  # fmt: skip

    def _enrol(self, units: list[list[str]]) -> list[tuple[str, list[str]]]:
        """Make units of the store; the operator compares the numbers and confirms them."""
        with hub_cli.Hub(self.hub_config):
            codes = [enrol.invite(STORE, now_s()).code for _ in units]
        enrolling = [
            self._process(
                f"enrol-{n}", "",
                ["tearoff-unit", *settings, "enrol", "--hub", self.hub.url, "--code", code],
            )
            for n, (settings, code) in enumerate(zip(units, codes, strict=True), start=1)
        ]  # fmt: skip
        together(*(partial(unit.start, "Compare this number") for unit in enrolling))
        shown = [u.log.read_text().partition("hub:")[2].split("\n")[0].strip() for u in enrolling]
        with hub_cli.Hub(self.hub_config) as hub:
            waiting = {str(w.comparison_number): w.id for w in enrol.waiting()}
            self.tell(f"   the units show {' and '.join(shown)}, the hub {' and '.join(waiting)}")
            # A number that the hub does not show is nobody's: the operator would stop here.
            names = [
                enrol.confirm(waiting[n], n, hub.keyring, currency="CNY", at_s=now_s())
                for n in shown
            ]
        for unit in enrolling:
            wait_until(f"{unit.name} is done", partial(_says, unit.log, "This is unit"))
            unit.stop()
        return list(zip(names, units, strict=True))

    def _open_till(self, name: str, settings: list[str], printer: Process) -> Till:
        added = run(["tearoff-unit", *settings, "clerk", "add", "demo", "--supervisor"])
        pin = added.partition(" is ")[2][:6]
        given = dict(setting.split("=", 1) for setting in settings if "=" in setting)
        url = f"http://127.0.0.1:{given['api.port']}"
        unit = self._process(name, url, ["tearoff-unit", *settings, "run"])
        unit.start("The unit listens")
        key = (Path(given["unit.data_dir"]) / "api.key").read_text().strip()
        return Till(name, unit, Http(url, key), printer, pin)

    def _sell(self) -> None:
        with hub_cli.Hub(self.hub_config) as hub:
            for what, order in _orders(now_s()).items():
                batch = issue(
                    order, hub.keyring, currency="CNY", at_s=now_s(),
                    day=business_day(now_s(), hub.config.timezone), actor="demo",
                )  # fmt: skip
                files = write_files(batch, hub.keyring, self.directory / "vouchers" / what, now_s())
                sold = json.loads((files / "vouchers.json").read_text())["vouchers"]
                for voucher in sold:
                    self.vouchers.append(voucher | {"what": what, "directory": str(files)})
            revoke(parse_voucher_id(self._voucher("revoked")["id_hex"]))

    # --- act 2 -----------------------------------------------------------------------------------

    def work_offline(self) -> None:
        """The hub is stopped; one till goes on alone."""
        self.tell("2  The hub is stopped. One till goes on alone")
        till = self._till(1)
        lunch = self._voucher("lunch")
        png = Path(lunch["directory"]) / lunch["png"]
        said, _ = together(
            partial(run, ["tearoff-unit", "scan-image", str(png), "--json"]), self.hub.stop
        )
        seen = json.loads(str(said))
        self.tell(f"   camera: {png.name} read in {seen['ms']:.0f} ms by {seen['stage']}")
        self.scan(till, seen["text"], "accepted", "a lunch voucher from its picture")
        self.scan(till, seen["text"], "already-redeemed", "the same again")
        self.scan(till, _altered(self._voucher("lunch", 1)["text"]), "bad-signature", "altered")
        self.scan(till, self._voucher("expired")["text"], "expired", "expired")
        self.scan(till, self._voucher("revoked")["text"], "revoked", "revoked")
        self.scan(till, "https://example.com/", "not-a-token", "somebody else's QR")
        phone = Phone(self._voucher("coffee"))
        qr = phone.qr()
        self.scan(till, qr, "accepted", "a coffee card with its rotating code")
        self.scan(till, qr, "code-replayed", "the same code again, from a screenshot")
        self.scan(till, self._voucher("coffee")["text"], "code-required", "without a code")
        typed = Phone(self._voucher("coffee", 1)).short_code()
        self.scan(till, typed, "accepted", "18 digits typed in")
        self.scan(till, typed[:5] + str((int(typed[5]) + 1) % 10) + typed[6:], "mistyped",
                  "one digit mistyped")  # fmt: skip
        gift = self._voucher("gift")["text"]
        self.scan(till, gift, "amount-missing", "a gift card, no amount")
        self.scan(till, gift, "accepted", "30.00 of a gift card", minor=3000)
        self.scan(till, gift, "insufficient-value", "171.00 of what is left", minor=17100)
        self.scan(till, self._voucher("loyalty")["text"], "accepted", "one of three uses")
        self.scan(till, self._voucher("big")["text"], "over-floor-limit",
                  "800.00 is too much alone", minor=80000)  # fmt: skip
        self._wait_for_paper(till)

    # --- act 3 -----------------------------------------------------------------------------------

    def pull_the_plug(self) -> None:
        """The till is killed in the middle of redemptions, and started again."""
        self.tell(f"3  The till is killed in the middle of {KILLS} redemptions")
        till = self._till(1)
        for number in range(KILLS):
            voucher = self._voucher("killed", number)
            key = secrets.token_hex(8)
            body = {"scan": voucher["text"]}
            asking = Aside(partial(till.api.ask, "POST", "/v1/redemptions", body, key=key))
            asking.start()
            # Somewhere between the request's arrival and its answer.
            time.sleep(0.004 * number)
            till.unit.kill()
            asking.join()
            till.unit.start("The unit listens")
            told = "no answer" if asking.error else f"answer {asking.result[0]}"
            self.scan(till, voucher["text"], "accepted", f"kill {number + 1}: {told}; asked again",
                      key=key)  # fmt: skip
        self._wait_for_paper(till)

    # --- act 4 -----------------------------------------------------------------------------------

    def redeem_twice(self) -> None:
        """The other till, cut off from the first one too, takes one of the same vouchers."""
        self.tell(
            "4  The other till, cut off from all others too, is shown one of the same vouchers"
        )
        till = self._till(2)
        self.scan(till, self._voucher("lunch")["text"], "accepted", "it cannot know better")
        self.scan(till, self._voucher("lunch", 2)["text"], "accepted", "one of its own")
        self.scan(till, self._voucher("gift")["text"], "accepted", "50.00 of the gift card",
                  minor=5000)  # fmt: skip
        self._wait_for_paper(till)

    # --- act 5 -----------------------------------------------------------------------------------

    def reunite(self) -> None:
        """The hub comes back; both tills sync."""
        self.tell("5  The hub comes back; both tills sync")
        self.hub.start("The hub listens at")
        wait_until("the hub answers", self.hub_api.answers)
        for till in self.tills.values():
            wait_until(f"{till.name} has sent everything", partial(_has_sent_all, till.api))
            self.tell(f"   {till.name} has sent everything")
        # With the hub there, a till asks it first: what is used up elsewhere is refused at once.
        till = self._till(2)
        wait_until("the till is online", lambda: till.api.get("/v1/status")["hub"]["online"])
        self.scan(till, self._voucher("loyalty")["text"], "accepted", "the second of three uses")
        self.scan(till, self._voucher("killed")["text"], "redeemed-elsewhere", "used at the other")
        wait_until("all is sent", partial(_has_sent_all, till.api))
        self._wait_for_paper(till)

    # --- parts -----------------------------------------------------------------------------------

    def scan(
        self, till: Till, text: str, expected: str, what: str, *, minor: int = 0, key: str = ""
    ) -> None:
        """Present a voucher at a till."""
        body: dict[str, Any] = {"scan": text, "clerk": "demo", "basket": secrets.token_hex(8)}
        if key:
            body = {"scan": text}
        if minor:
            body["amount"] = {"amount": minor, "currency": "CNY"}
        hub_up = self.hub_api.answers() if self.hub.pid else False
        _, answer = till.api.ask("POST", "/v1/redemptions", body, key=key or secrets.token_hex(8))
        said = answer.get("reason", "accepted" if answer.get("accepted") else "error")
        mark = "✓" if said == expected else "✗"
        mode = f", {answer['mode']}" if answer.get("mode") else ""
        self.tell(f"   {mark} {what}: {said}{mode}")
        name = answer.get("entry", {})
        entry = (name.get("epoch", 0), name.get("seq", 0))
        self.scans.append(Scan(till.name, text, hub_up, expected, entry))

    def _till(self, number: int) -> Till:
        return list(self.tills.values())[number - 1]

    def _all(self, what: str) -> list[dict[str, Any]]:
        return [voucher for voucher in self.vouchers if voucher["what"] == what]

    def _voucher(self, what: str, number: int = 0) -> dict[str, Any]:
        return self._all(what)[number]

    def _wait_for_paper(self, till: Till) -> None:
        wait_until(f"{till.name} has printed everything", partial(_owes_no_paper, till.api))

    def _process(self, name: str, url: str, command: list[str]) -> Process:
        log = self.directory / "logs" / f"{name}.log"
        log.parent.mkdir(exist_ok=True)
        process = Process(name, url, log, command)
        self.processes.append(process)
        return process


_PRODUCTS = (
    Product(LUNCH, {"zh-CN": "商务午餐券", "en": "Lunch voucher"}, VoucherKind.SINGLE, 8800),
    Product(COFFEE, {"zh-CN": "咖啡三次卡", "en": "Three coffees"}, VoucherKind.MULTI, 1500, 3),
    Product(GIFT, {"zh-CN": "礼品卡", "en": "Gift card"}, VoucherKind.STORED_VALUE, 1),
)


def _orders(at_s: int) -> dict[str, Order]:
    today = (at_s - DAY_ZERO_S) // DAY_S
    yesterday, year = today - 1, today + 365

    def order(product: ProductId, count: int, **more: Any) -> Order:
        return Order(product, count, GROUP, yesterday, more.pop("expires_day", year), **more)

    return {
        "lunch": order(LUNCH, 3),
        "killed": order(LUNCH, KILLS),
        "expired": order(LUNCH, 1, expires_day=today),
        "revoked": order(LUNCH, 1),
        "coffee": order(COFFEE, 2, dynamic_required=True),
        "loyalty": order(COFFEE, 1),
        "gift": order(GIFT, 1, value=20000),
        "big": order(GIFT, 1, value=100000),
    }


def _says(log: Path, words: str) -> bool:
    return words in log.read_text()


def _is_revoked(api: Http, body: dict[str, Any]) -> bool:
    return api.ask("POST", "/v1/verifications", body)[1].get("reason") == "revoked"


def _has_sent_all(api: Http) -> bool:
    return bool(api.get("/v1/status")["journal"]["unsent"] == 0)


def _owes_no_paper(api: Http) -> bool:
    return bool(api.get("/v1/status")["printer"]["papers_owed"] == 0)


def _altered(text: str) -> str:
    """Return a token with one digit changed, as somebody might who hopes that nobody checks."""
    return text[:150] + str((int(text[150]) + 1) % 10) + text[151:]


def _hub_settings(config: HubConfig) -> list[str]:
    return [
        "--set", f"data_dir={config.data_dir}", "--set", f"port={config.port}",
        "--set", f"issuer={config.issuer}",
    ]  # fmt: skip


def play(directory: Path, tell: Callable[[str], None]) -> Stage:
    """Play the six acts and return the stage, still running."""
    stage = Stage(directory, tell)
    try:
        stage.open_shop()
        stage.work_offline()
        # Simulators take a while to start, and the hub must find them when it comes back.
        with ThreadPoolExecutor(1) as beside:
            begun = beside.submit(stage.shop.start)
            stage.pull_the_plug()
            stage.redeem_twice()
            begun.result()
        stage.reunite()
        stage.shop.play(tell)
    except BaseException:
        stage.end()
        raise
    return stage


def to_stderr(line: str) -> None:
    """Tell the story where it does not get into the facts."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
