"""The simulator as a process of its own, beside a hub that is one too: pay, call back, take in."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from central.cli import main
from central.foundation.db.engine import open_database, rows
from central.money.channels.gather import gather
from central.money.channels.ports import PaymentState
from central.money.channels.record import RecordedCalls, calls
from tests.central.builders import close_hub
from tests.central.channel import CHANNELS, Clock, a_payment

PROGRAM = [sys.executable, "-m", "central"]
_URL = re.compile(r"http://127\.0\.0\.1:\d+")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def running(*words: str, until: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a command until its output says ``until``; end it as a service is ended."""
    environ = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [*PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=environ,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        told = ""
        while until not in told:
            line = process.stdout.readline()
            assert line, f"it has ended: {told}"
            told += line
        yield process, told
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        finally:
            process.kill()
            process.stdout.close()
            process.wait()


def simulator(data_dir: Path, *more: str) -> list[str]:
    return ["channel-simulator", "--data-dir", str(data_dir), "--port", "0", *more]


def refused(*words: str) -> str:
    """Give a command that does not work; return the one sentence it says."""
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert len(result.stderr.strip().splitlines()) == 1
    return result.stderr


def test_it_keeps_keys_books_and_token_over_a_restart(tmp_path: Path) -> None:
    seen = []
    for _ in range(2):
        with running(*simulator(tmp_path / "channel"), until="merchant's files") as (process, told):
            address = re.search(r"http://\S+\?token=\S+", told)
            assert address is not None
            answer = requests.get(address[0], timeout=30)
            assert answer.status_code == 200
            base = _URL.findall(told)[0]
            token = address[0].rpartition("=")[2]
            headers = {"Authorization": f"Bearer {token}"}
            requests.post(f"{base}/control/recharge", headers=headers, timeout=30,
                          json={"account": "wechat/BASIC", "fen": 5})  # fmt: skip
            books = requests.get(f"{base}/control/books", headers=headers, timeout=30).json()
            balances = {row["name"]: row["balance"] for row in books["account"]}
            serial = re.search(r"<code>([0-9A-F]{40})</code>", answer.text)
            assert serial is not None
            seen.append((token, serial[1], balances["wechat/BASIC"]))
        assert process.returncode == 0
    assert seen[0][:2] == seen[1][:2]
    assert [balance for _, _, balance in seen] == [5, 10]
    for file in (tmp_path / "channel").rglob("*"):
        mode = file.stat().st_mode & 0o777
        if file.is_dir():
            assert mode == 0o700, file
        elif not file.name.startswith("books.db"):
            assert mode == 0o600, f"{file} is its owner's alone"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "hub.example"])
def test_it_listens_on_this_machine_only(tmp_path: Path, host: str) -> None:
    assert "this machine only" in refused(*simulator(tmp_path / "channel", "--host", host))


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        said = refused("channel-simulator", "--data-dir", str(tmp_path / "c"), "--port", port)
    assert port in said


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert str(tmp_path / "file") in refused(*simulator(tmp_path / "file" / "channel"))


def wait_for(address: str) -> None:
    """Ask until somebody answers."""
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=Retry(60, backoff_factor=0.05)))
        assert session.get(address, timeout=30).status_code == 200


def test_a_payment_goes_through_both_processes(tmp_path: Path) -> None:
    """Our adapters pay at the simulator, whose callback finds its way into the hub."""
    hub, port = tmp_path / "hub", free_port()
    at_hub = ("--set", f"data_dir={hub}", "--set", f"port={port}")
    subprocess.run([*PROGRAM, *at_hub, "init"], check=True, capture_output=True, timeout=60)
    words = simulator(tmp_path / "channel", "--hub-url", f"http://127.0.0.1:{port}")
    with running(*words, until="merchant's files") as (_, told):
        base, token = _URL.findall(told)[0], re.findall(r"token=(\S+)", told)[0]
        shutil.copytree(tmp_path / "channel" / "merchant", hub, dirs_exist_ok=True)
        listed = subprocess.run(
            [*PROGRAM, *at_hub, "channels", "list"], check=True, capture_output=True, text=True,
            timeout=60,
        )  # fmt: skip
        assert listed.stdout.count(base) == 2
        with running(*at_hub, "serve", until="listens at"):
            wait_for(f"http://127.0.0.1:{port}/health")
            told_of = paid_and_told_of(hub, base, {"Authorization": f"Bearer {token}"})
    assert told_of == [("alipay", "payment", 8800), ("wechat-pay", "payment", 8800)]


def paid_and_told_of(hub: Path, base: str, headers: dict[str, str]) -> list[tuple[str, str, int]]:
    """Pay at both channels, and return what the hub's inbox says."""
    now_s = requests.get(f"{base}/control/books", headers=headers, timeout=30).json()["now_s"]
    clock = Clock(now_s)
    open_database("", hub / "hub.db")
    try:
        channels = gather(hub / "channels.toml", RecordedCalls(clock), clock)
        for name in CHANNELS:
            order = a_payment(f"PAY{name[:2].upper()}00001", clock=now_s)
            invitation = channels.pay_in(name).create(order)
            body = {"channel": name.partition("-")[0], "code": invitation.qr_text}
            pay = f"{base}/control/buyer/pay"
            assert requests.post(pay, json=body, headers=headers, timeout=30).status_code == 200
            assert channels.pay_in(name).query(order.number).state is PaymentState.PAID
            assert [call.state for call in calls(order.number)] == ["answered"] * 2
        requests.post(f"{base}/control/deliver", headers=headers, timeout=60)
        found = rows("SELECT channel, kind, amount_minor FROM channel_inbox ORDER BY channel")
        return [(str(row[0]), str(row[1]), int(row[2])) for row in found]
    finally:
        close_hub()
