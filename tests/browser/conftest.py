"""The demo's hub, tills and printers, still running, and a browser that visits them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.demo.scenario import Stage, play, to_stderr

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Everything that runs once the demo has been played."""
    played = play(tmp_path_factory.mktemp("stage"), to_stderr)
    yield played
    played.end()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        pytest.skip("no chromium: apt-get install chromium")
    # Chromium's own sandbox cannot be had by root, nor in most containers; the pages are ours.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def pictures() -> Path | None:
    """Where pages are to be kept as pictures: the variable TEAROFF_PICTURES; nowhere if not set."""
    folder = os.environ.get("TEAROFF_PICTURES")
    if folder is None:
        return None
    Path(folder).mkdir(parents=True, exist_ok=True)
    return Path(folder)
