"""A hub that nobody has asked for a while answers the next one: a night is ten hours long."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.demo.processes import Http, Process, free_port, run

IDLE_S = 32
"""Servers end their idle threads after half a minute; one of them took the hub along."""


@pytest.mark.slow
def test_a_hub_outlives_a_rush_and_the_silence_after_it(tmp_path: Path) -> None:
    port = free_port(8290)
    command = ["tearoff-hub", "--set", f"data_dir={tmp_path / 'data'}", "--set", f"port={port}",
               "--set", "issuer=idle.tearoff.example", "--set", "threads=8"]  # fmt: skip
    run([*command, "init"])
    hub = Process("hub", f"http://127.0.0.1:{port}", tmp_path / "log", [*command, "serve"])
    hub.start("The hub listens at")
    try:
        api = Http(hub.url, run([*command, "api-key", "test"]).strip())
        with ThreadPoolExecutor(16) as crowd:
            answers = list(crowd.map(lambda _: api.get("/v1/units"), range(200)))
        assert answers == [{"units": []}] * 200
        time.sleep(IDLE_S)
        assert api.get("/v1/units") == {"units": []}
        assert "rror" not in (tmp_path / "log").read_text()
    finally:
        hub.stop()
