"""The first tutorial, done as it says: each command, and what one does on the pages in between."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.demo.processes import Process, free_port, run, wait_until
from tests.tidy.pages_shown import bent, commands, labels
from tests.tidy.test_house import ROOT

PAGE = ROOT / "docs/tutorials/first-redemption.md"
PROGRAMS = {"hub": "tearoff-hub", "unit": "tearoff-unit"}


class Reader:
    """Somebody who reads the page: four terminals, two browsers, and what was seen in them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.todo = iter(commands(PAGE))
        self.ports = {n: str(free_port(8400)) for n in ("8080", "8090", "9100", "9180")}
        self.replaced = {"/tmp/try": str(directory)} | {
            f":{o}": f":{n}" for o, n in self.ports.items()
        }
        self.started: list[Process] = []
        self.seen = ""
        self.hub, self.till = Browser(self, "8080"), Browser(self, "8090")

    def next(self, *expected: str) -> list[str]:
        """Return the next command of the page, of which these words are known."""
        entrance, verb, *words = bent(next(self.todo), self.replaced)
        assert entrance == "./run"
        assert set(expected) <= set(words), words
        return [PROGRAMS[verb], *words]

    def type(self, *expected: str) -> str:
        """Give the next command and return what it says."""
        said = run(self.next(*expected))
        self.seen += said
        return said

    def start(self, *expected: str, ready: str, **ports: str) -> Process:
        """Give the next command, which goes on for as long as it is not stopped."""
        command = self.next(*expected)
        for option, port in ports.items():
            name = option.replace("_", ".")
            by_set = ["--set", f"{name}={self.ports[port]}"]
            command = [command[0], *by_set, *command[1:]]
        return self.started_as(command, ready)

    def started_as(self, command: list[str], ready: str) -> Process:
        log = self.directory / f"terminal-{len(self.started)}.log"
        process = Process(command[-1], "", log, command)
        self.started.append(process)
        process.start(ready)
        return process

    def stop(self) -> None:
        for process in reversed(self.started):
            process.stop()


class Browser:
    """A browser at one of the halves."""

    def __init__(self, reader: Reader, port: str) -> None:
        self._reader = reader
        self._base = f"http://127.0.0.1:{reader.ports[port]}"
        self._session = requests.Session()
        self._session.headers["Accept-Language"] = "en"

    def open(self, path: str) -> str:
        return self._note(self._session.get(self._base + path, timeout=30))

    def send(self, path: str, form: str, **fields: str) -> str:
        """Fill in a form of the page ``form`` and send it."""
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.open(form))
        hidden = {"csrf_token": token[1]} if token else {}
        url = self._base + path
        return self._note(self._session.post(url, data=hidden | fields, timeout=30))

    def show(self, picture: Path) -> str:
        """Choose a picture on the clerk's page."""
        with picture.open("rb") as file:
            sent = {"picture": file}
            return self._note(self._session.post(self._base + "/picture", files=sent, timeout=30))

    def _note(self, answer: requests.Response) -> str:
        assert answer.ok, answer.text
        self._reader.seen += re.sub(r"<[^>]+>", " ", answer.text)
        return answer.text


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    reader = Reader(tmp_path)
    try:
        yield reader
    finally:
        reader.stop()


@pytest.mark.slow
def test_the_first_redemption(reader: Reader) -> None:
    hub, till = reader.hub, reader.till
    # 1. The hub
    password = reader.type("init").rpartition("password ")[2].partition(". ")[0]
    reader.type("stores")
    reader.type("products")
    serving = reader.start("serve", ready="The hub listens at", port="8080")
    hub.send("/login", "/login", name="admin", password=password)
    # 2. A printer
    printer = reader.next("printer-simulator")
    ports = ["--port", reader.ports["9100"], "--web", reader.ports["9180"]]
    reader.started_as([*printer, *ports], "The paper is at")
    # 3. The till
    invited = hub.send("/units/invite", "/units", store="S0001")
    [code] = set(re.findall(r"[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}", invited))
    reader.replaced["THE-CODE"] = code
    enrolling = reader.start("enrol", ready="Waiting for headquarters")
    shown = enrolling.log.read_text().partition("hub:")[2].split("\n")[0].strip()
    waiting = wait_until("the number is at the hub", lambda: number_at(hub, shown))
    hub.send(waiting, "/units", number=shown, answer="same")
    wait_until("it is a unit", lambda: "This is unit" in enrolling.log.read_text())
    reader.seen += enrolling.log.read_text()
    pin = reader.type("clerk", "add", "me").partition(" is ")[2][:6]
    reader.start("run", ready="The unit listens", api_port="8090")
    till.send("/login", "/login", name="me", pin=pin)
    wait_until("it has pulled", lambda: "online" in till.open("/strip"))
    # 4. Sell, cut, redeem
    reader.type("issue")
    [picture] = (reader.directory / "vouchers").glob("*.png")
    wait_until("it knows the voucher", lambda: "online" in till.open("/strip"))
    serving.stop()
    assert 'data-look="good"' in till.show(picture)
    assert "used here already" in till.show(picture)
    wait_until("it has noticed", lambda: "offline" in till.open("/strip"))
    papers = f"http://127.0.0.1:{reader.ports['9180']}/papers.json"
    [paper] = wait_until("the paper", lambda: requests.get(papers, timeout=10).json())
    assert "88.00" in paper["text"]
    # 5. Back on line
    reader.start("serve", ready="The hub listens at", port="8080")
    wait_until("all is sent", lambda: "refused" in hub.open("/redemptions"), timeout_s=60)
    assert "2310.S0001" in hub.open("/ledger")
    assert list(reader.todo) == [], "every command of the page was given"
    assert missing(reader.seen) == []


def number_at(hub: Browser, shown: str) -> str:
    """Return where the form of the waiting unit leads, once the number is on the page."""
    page = hub.open("/units")
    found = re.search(r'action="(/units/enrolments/[^"]+)"', page)
    return found[1] if found and shown in page else ""


def missing(seen: str) -> list[str]:
    """Return what the page says one sees, and nobody has seen; capitals and gaps do not count."""
    words = " ".join(seen.lower().split())
    return [label for label in sorted(labels(PAGE)) if label.lower() not in words]
