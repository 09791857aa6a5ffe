"""One whole scan by the commands alone, as an operator types them, on SQLite and on PostgreSQL.

It is the way of docs/tutorials/first-redemption.md: every program is a process of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.central.builders import Database
from tests.demo.processes import Http, Process, free_port, run, wait_until

pytestmark = pytest.mark.slow

Start = Callable[..., Process]


@pytest.fixture(name="start")
def _start(tmp_path: Path) -> Iterator[Start]:
    """Starts programs; ends them all at the end, the last one first."""
    started: list[Process] = []

    def start(name: str, url: str, ready: str, *command: str) -> Process:
        process = Process(name, url, tmp_path / f"{name}.log", list(command))
        started.append(process)
        process.start(ready)
        return process

    yield start
    for process in reversed(started):
        process.stop()


def options(**settings: object) -> list[str]:
    """``--set name=value`` for each; a section is set off by two underscores."""
    return [
        part
        for name, value in settings.items()
        for part in ("--set", f"{name.replace('__', '.')}={value}")
    ]


class Hub(NamedTuple):
    """A hub with a store and a product, served."""

    command: list[str]
    url: str
    api: Http
    serving: Process


class Till(NamedTuple):
    """A unit of that store, running, with a printer."""

    name: str
    command: list[str]
    api: Http
    papers: Http


def a_hub(database: Database, start: Start) -> Hub:
    """From nothing to a hub that answers."""
    port = free_port(8500)
    url = f"http://127.0.0.1:{port}"
    command = [
        "tearoff-hub",
        *options(data_dir=database.sqlite_file.parent, database=database.dsn, port=port),
    ]
    assert "Log in as admin with the password" in run([*command, "init"])
    run([*command, "stores", "add", "S0001", "My shop"])
    lunch = ["--zh", "午餐券", "--en", "Lunch voucher", "--worth", "88"]
    run([*command, "products", "add", "1", *lunch])
    api = Http(url, run([*command, "api-key", "test"]).strip())
    serving = start("hub", url, "The hub listens at", *command, "serve")
    wait_until("the hub answers", api.answers)
    return Hub(command, url, api, serving)


def a_till(hub: Hub, directory: Path, start: Start) -> Till:
    """From a code to a unit that works: two people have compared six digits."""
    papers = f"http://127.0.0.1:{free_port(9280)}"
    printer = free_port(9200)
    start(
        "printer", papers, "The paper is at", "tearoff-unit", "printer-simulator",
        "--port", str(printer), "--web", papers.rpartition(":")[2],
    )  # fmt: skip
    port = free_port(8600)
    command = [
        "tearoff-unit",
        *options(
            unit__data_dir=directory, hub__url=hub.url, hub__sync_every_s=1, api__port=port,
            printer__to=f"tcp://127.0.0.1:{printer}",
        ),
    ]  # fmt: skip
    name = enrol(hub, command, start)
    assert "The PIN of me is" in run([*command, "clerk", "add", "me"])
    url = f"http://127.0.0.1:{port}"
    start("till", url, "The unit listens", *command, "run")
    return Till(name, command, Http(url, run([*command, "api-key"]).strip()), Http(papers, ""))


def enrol(hub: Hub, unit: list[str], start: Start) -> str:
    """Make a unit of the store; return its name."""
    code = run([*hub.command, "units", "invite", "--store", "S0001"]).strip()
    command = [*unit, "enrol", "--hub", hub.url, "--code", code]
    enrolling = start("enrol", "", "Compare this number", *command)
    shown = enrolling.log.read_text().partition("hub:")[2].split("\n")[0].strip()
    waiting = json.loads(run([*hub.command, "units", "waiting", "--json"]))
    assert waiting["number"] == shown
    name = run([*hub.command, "units", "confirm", waiting["id"], "--number", shown]).strip()
    wait_until("it is enrolled", lambda: f"This is unit {name}" in enrolling.log.read_text())
    return name


def test_a_voucher_is_sold_redeemed_without_the_hub_and_settled_by_commands_alone(
    database: Database, tmp_path: Path, start: Start
) -> None:
    hub = a_hub(database, start)
    till = a_till(hub, tmp_path / "till", start)

    # Two lunches are sold, and the till hears of everything; then the hub is gone.
    vouchers = tmp_path / "vouchers"
    run([*hub.command, "issue", "--product", "1", "--count", "2", "--out", str(vouchers)])
    run([*till.command, "sync-now"])
    hub.serving.stop()

    # The camera reads the pictures; the till accepts one alone, and only once.
    pictures = [str(picture) for picture in sorted(vouchers.glob("*.png"))]
    seen = run(["tearoff-unit", "scan-image", *pictures, "--json"]).splitlines()
    first, other = (json.loads(line)["text"] for line in seen)
    redeem = partial(till.api.ask, "POST", "/v1/redemptions")
    status, told = redeem({"scan": first}, key="first")
    assert (status, told["mode"], told["worth_minor"]) == (201, "lan", 8800)
    status, refused = redeem({"scan": first}, key="second")
    assert (status, refused["reason"]) == (409, "already-redeemed")
    paper = wait_until("the paper is out", lambda: till.papers.ask("GET", "/papers.json")[1])
    assert f"{till.name}/1/2 {told['entry']['hash']}" in paper[0]["text"]

    # The hub is back: the entries go up by themselves, and the books say what the store is owed.
    hub.serving.start("The hub listens at")
    wait_until("all is sent", lambda: till.api.get("/v1/status")["journal"]["unsent"] == 0)
    [unit] = hub.api.get("/v1/units")["units"]
    assert unit["acked"] == {"epoch": 1, "seq": 3, "head_hex": refused["entry"]["hash"]}
    statement = json.loads(run([*hub.command, "statement", "S0001", "--json"]))
    lines = [(line["memo"], line["change"]) for line in statement["lines"]]
    assert lines == [(f"{till.name}/1/2", 8800)]
    assert json.loads(run([*hub.command, "audit", "--json"]))["findings"] == []

    # The other one is accepted too, and the unit finds nothing wrong with itself.
    status, told = redeem({"scan": other}, key="third")
    assert (status, told["accepted"]) == (201, True)
    assert "every one follows the one before" in run([*till.command, "doctor"])
