"""The simulator as a process of its own, its page and its control."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import requests

from central.simulators.supplier import app as simulator
from central.simulators.supplier.faults import ALL, SWARM
from tests.builders import NOW_S
from tests.central.simulators.channel.test_process import refused, running


@pytest.fixture
def made(tmp_path: Path) -> simulator.Simulator:
    found = simulator.build(tmp_path / "shops", lambda: NOW_S)
    simulator.furnish(found)
    return found


@pytest.fixture
def steer(made: simulator.Simulator) -> Any:
    client = made.app.test_client()
    headers = {"Authorization": f"Bearer {made.token}"}
    return lambda method, path, **body: client.open(
        f"/control/{path}", method=method, headers=headers, json=body or None
    )


def test_it_runs_as_a_process_and_keeps_books_and_credentials(tmp_path: Path) -> None:
    seen = []
    for _ in range(2):
        words = ("supplier-simulator", "--data-dir", str(tmp_path / "shops"), "--port", "0")
        with running(*words, until="merchant's files") as (process, told):
            token = re.findall(r"token=(\S+)", told)[0]
            address = re.findall(r"http://\S+", told)[0]
            assert requests.get(address, timeout=30).status_code == 200
        assert process.returncode == 0
        shops = {f.stem: json.loads(f.read_text()) for f in (tmp_path / "shops/merchant").iterdir()}
        assert sorted(shops) == sorted(simulator.SHOPS)
        seen.append((token, shops["meihu"]["credentials"]))
    assert seen[0] == seen[1]
    for file in (tmp_path / "shops").rglob("*"):
        if not file.name.startswith("books.db"):
            assert file.stat().st_mode & 0o077 == 0, file


def test_it_listens_on_this_machine_only(tmp_path: Path) -> None:
    said = refused("supplier-simulator", "--data-dir", str(tmp_path / "s"), "--host", "0.0.0.0")
    assert "this machine only" in said


def test_the_page_shows_the_books_and_sets_faults_with_the_token(
    made: simulator.Simulator,
) -> None:
    client = made.app.test_client()
    page = client.get("/").text
    assert "10000.0000" in page
    assert "control-token" in page
    assert client.post("/fault", data={"kind": "no-stock"}).status_code == 403
    client.post("/fault", data={"kind": "no-stock", "shop": "mei", "token": made.token})
    shown = client.get(f"/?token={made.token}")
    assert "no-stock × 1" in shown.text
    assert "default-src 'none'" in shown.headers["Content-Security-Policy"]
    other = client.post(
        "/fault", data={"kind": "none", "token": made.token},
        headers={"Sec-Fetch-Site": "cross-site"},
    )  # fmt: skip
    assert other.status_code == 403


def test_it_answers_to_no_other_name(made: simulator.Simulator) -> None:
    assert made.app.test_client().get("/", headers={"Host": "shop.example"}).status_code == 421


def test_it_is_steered_with_its_token_alone(made: simulator.Simulator, steer: Any) -> None:
    assert made.app.test_client().get("/control/books").status_code == 401
    known = steer("GET", "faults").json["known"]
    assert set(known) == set(ALL) >= set(SWARM)
    assert steer("POST", "faults", kind="no-such").status_code == 400
    steer("POST", "faults", kind="late", shop="meihu", times=2)
    assert steer("GET", "faults").json["waiting"][0]["times"] == 2
    steer("DELETE", "faults")
    steer("POST", "swarm", seed=3, per_mille=10)
    assert steer("GET", "faults").json["swarm"] == {"seed": 3, "per_mille": 10}
    assert steer("POST", "clock", forward_s=60).json["now_s"] == NOW_S + 60
    steer("POST", "stock", shop="meihu", product="99", price_e4=5, stock=1)
    books = steer("GET", "books").json
    assert {p["ref"] for p in books["product"] if p["shop"] == "meihu"} == {"31", "32", "33", "99"}
    assert steer("POST", "stock", shop="none", product="1").status_code == 400
    assert steer("POST", "deliver").json == {"sent": 0}


def test_a_stranger_is_told_nothing_by_any_shop(made: simulator.Simulator) -> None:
    client = made.app.test_client()
    for path, refusal in (
        ("/kasushou/kasushou/api/v1/user/info", "签名错误"),
        ("/meihu/meihu/api/customer", "invalid_sign"),
        ("/dujiao_next/dujiao/api/v1/upstream/ping", "invalid_signature"),
        ("/acg_shared/acg/shared/authentication/connect", "签名错误"),
    ):
        said = client.post(path, json={}).text
        assert refusal in said
        assert "balance" not in said
    assert client.get("/reloadly/reloadly/accounts/balance").status_code == 401
