"""The demo's hub, tills and printers, still running, and a browser that visits them.

The demo is played once a worker.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from central import cli as hub_cli
from central.foundation.clock import now_s
from central.money.ledger.rules import business_day
from central.stores.units.regions import set_region
from central.stores.vouchers.issue import Order, issue
from central.stores.vouchers.show import write_files
from edge.contract.voucher_token import DAY_S, DAY_ZERO_S
from tests.browser.stall import Stall, set_up
from tests.browser.visit import PATIENCE_MS, Pictures, Stock, Visits
from tests.demo.processes import Process, free_port, run
from tests.demo.scenario import COFFEE, GIFT, GROUP, LUNCH, STORE, Stage, Till, play, to_stderr

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
# Its own sandbox cannot be had by root, nor in most containers; the pages are ours. The others
# keep it from talking to anybody but us.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Everything that runs once the demo has been played."""
    played = play(tmp_path_factory.mktemp("stage"), to_stderr)
    yield played
    played.end()


@pytest.fixture
def till(stage: Stage) -> Till:
    """The till that most tests stand at."""
    return next(iter(stage.tills.values()))


@pytest.fixture
def other_till(stage: Stage) -> Till:
    """A till whose printer and network may be disturbed."""
    return list(stage.tills.values())[1]


@pytest.fixture(scope="session")
def stock(stage: Stage) -> Stock:
    """Vouchers that nobody has used yet."""
    today = (now_s() - DAY_ZERO_S) // DAY_S
    orders = {
        "lunch": Order(LUNCH, 50, GROUP, today - 1, today + 365),
        "coffee": Order(COFFEE, 4, GROUP, today - 1, today + 365),
        "code": Order(COFFEE, 30, GROUP, today - 1, today + 365, dynamic_required=True),
        "elsewhere": Order(LUNCH, 4, GROUP, today - 1, today + 365, region="44"),
        "gift": Order(GIFT, 16, GROUP, today - 1, today + 365, value=20000),
    }
    sold = {}
    with hub_cli.Hub(stage.hub_config) as hub:
        set_region(STORE, "31", by="test", at_s=now_s())
        day = business_day(now_s(), hub.config.timezone)
        for what, order in orders.items():
            batch = issue(order, hub.keyring, currency="CNY", at_s=now_s(), day=day, actor="test")
            files = write_files(batch, hub.keyring, stage.directory / "stock" / what, now_s())
            vouchers = json.loads((files / "vouchers.json").read_text())["vouchers"]
            sold[what] = [v | {"png": files / v["png"]} for v in vouchers]
    return Stock(sold)


@pytest.fixture(scope="session")
def bare_unit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a unit that is not enrolled."""
    directory = tmp_path_factory.mktemp("bare-unit")
    port = free_port(8190)
    unit = Process(
        "bare-unit", f"http://127.0.0.1:{port}", directory / "log",
        ["tearoff-unit", "--set", f"unit.data_dir={directory / 'data'}", "--set",
         f"api.port={port}", "run"],
    )  # fmt: skip
    unit.start("The unit listens")
    yield unit.url
    unit.stop()


@pytest.fixture(scope="session")
def bare_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a hub on its first day, and the password of its admin."""
    directory = tmp_path_factory.mktemp("bare-hub")
    port = free_port(8290)
    command = [
        "tearoff-hub", "--set", f"data_dir={directory / 'data'}", "--set", f"port={port}",
        "--set", "issuer=bare.tearoff.example",
    ]  # fmt: skip
    password = run([*command, "init"]).partition("the password ")[2].split(".")[0]
    hub = Process("bare-hub", f"http://127.0.0.1:{port}", directory / "log", [*command, "serve"])
    hub.start("The hub listens at")
    yield hub.url, password
    hub.stop()


@pytest.fixture(scope="session")
def stall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stall]:
    """A hub that sells card keys, and the channel simulator."""
    made, simulator = set_up(tmp_path_factory.mktemp("stall"))
    yield made
    made.end(simulator)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        pytest.skip("no chromium: apt-get install chromium")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def visits(browser: Browser, stage: Stage) -> Visits:
    """Opens pages; who has logged in once stays so."""
    return Visits(browser, stage)


@pytest.fixture(scope="session")
def pictures() -> Pictures:
    """Keeps pages as pictures in the folder TEAROFF_PICTURES; nowhere if that is not set."""
    folder = os.environ.get("TEAROFF_PICTURES")
    return Pictures(Path(folder) if folder else None)
