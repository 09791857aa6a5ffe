"""The part of docs/reference, and of firmware_profiles, that can be read off the code.

python -m tests.tidy.reference            writes the pages
python -m tests.tidy.reference --check    says which are stale, and ends with 1 if any is
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from tests.tidy.both_apps import hub_app, unit_app
from tests.tidy.reference import (
    api,
    commands,
    postings,
    problems,
    profiles,
    refusals,
    routes,
    settings,
)
from tests.tidy.reference.routes import Halves

FOLDER = Path(__file__).parent.parent.parent.parent / "docs" / "reference"
_NOTE = "<!-- Written by `./run docs` from the code; edit the code, not this page. -->\n"


@cache
def pages() -> dict[str, str]:
    """Return every generated page, by file name."""
    halves = both_halves()
    makers: dict[str, Callable[[], Iterator[str]]] = {
        "settings.md": settings.page,
        "commands.md": commands.page,
        "refusals.md": refusals.page,
        "problems.md": problems.page,
        "posting-rules.md": postings.page,
        "routes.md": lambda: routes.page(halves),
        "api-unit.md": api.unit_page,
        "api-hub.md": lambda: api.hub_page(halves.hub),
    }
    return {name: _NOTE + "\n".join(make()) + "\n" for name, make in makers.items()}


def files() -> dict[Path, str]:
    """Return everything that is generated, by its place."""
    return {FOLDER / name: text for name, text in pages().items()} | profiles.files()


def both_halves() -> Halves:
    """Return unit and hub, put together in a directory that goes away."""
    with tempfile.TemporaryDirectory() as folder:
        return Halves(unit_app(Path(folder)), hub_app(Path(folder)))


def stale() -> list[str]:
    """Return the files that say something else than the code."""
    root = FOLDER.parent.parent
    return [
        str(path.relative_to(root))
        for path, text in files().items()
        if not path.exists() or path.read_text("utf-8") != text
    ]


def write() -> None:
    """Write every page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in files().items():
        path.write_text(text, "utf-8")
