"""``tearoff-hub receipts``: out as JSON, in as JSON, and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from central.cli import main
from central.stores.units.receipt_template import body_of
from tests import builders as b
from tests.central.builders import Database, an_app, close_hub

GROUP = str(b.GROUP)


class Hub:
    """A hub as its commands see it."""

    def __init__(self, database: Database) -> None:
        an_app(database)
        close_hub()
        self.settings = ["--set", f"data_dir={database.sqlite_file.parent}"]

    def do(self, *args: str, code: int = 0, sent: str | None = None) -> str:
        result = CliRunner().invoke(main, [*self.settings, "receipts", *args], input=sent)
        close_hub()
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return result.output


@pytest.fixture(name="hub")
def _hub(sqlite_database: Database) -> Hub:
    return Hub(sqlite_database)


def bent(**changes: Any) -> str:
    return json.dumps(body_of(b.a_full_template()) | changes)


def test_what_is_shown_can_be_set_and_comes_back_the_same(hub: Hub, tmp_path: Path) -> None:
    first = hub.do("show", GROUP)
    file = tmp_path / "receipt.json"
    file.write_text(bent(), "utf-8")
    told = hub.do("set", GROUP, str(file))
    assert json.loads(hub.do("show", GROUP)) == json.loads(bent())
    assert json.loads(hub.do("show", GROUP, "--version", told.split()[-1])) == json.loads(bent())
    hub.do("set", GROUP, "-", sent=first)
    assert hub.do("show", GROUP) == first


def test_versions_are_listed_and_put_back(hub: Hub) -> None:
    before = hub.do("show", GROUP)
    [first] = hub.do("versions", GROUP).splitlines()
    hub.do("set", GROUP, "-", sent=bent())
    hub.do("back", GROUP, first.split()[0])
    assert hub.do("show", GROUP) == before
    newest, middle, oldest = hub.do("versions", GROUP).splitlines()
    assert f"version {first.split()[0]} again" in newest
    assert "cli" in middle
    assert oldest == first
    assert newest.split()[0] in hub.do("list")


REFUSED = [
    ("", "not JSON"), ("{", "not JSON"), ("[" * 100_000, "not JSON"), ("[]", "is an object"),
    (bent(colour="red"), "is an object"), ("{}", "No unit could read"),
    (bent(locales=["fr"]), "No unit could read"), (bent(lines="entry"), "No unit could read"),
    (bent(lines=["store"]), "No unit could read"), (bent(header=[]), "No unit could read"),
    (bent(logo={"width_dots": 8}), "No unit could read"),
    (bent(logo={"width_dots": 8, "height_dots": 1, "bits_base64": "?"}), "No unit could"),
    (bent(holder_link="{token}"), "No unit could read"),
    (bent(lines=["entry", "time", "time"]), "only once"),
    (bent(lines=["entry", "x"]), "No receipt has a line"),
    (bent(logo=None), "Choose a picture for the logo"),
    ('"' + "x" * 300_000 + '"', "too long"),
]  # fmt: skip


def test_what_is_no_receipt_is_refused_and_changes_nothing(hub: Hub) -> None:
    for sent, told in REFUSED:
        assert told in hub.do("set", GROUP, "-", sent=sent, code=1), sent[:40]
    assert len(hub.do("versions", GROUP).splitlines()) == 1


def test_a_group_that_is_not_there_is_told(hub: Hub) -> None:
    assert "no receipt template" in hub.do("show", "77", code=1)
    assert "no receipt template" in hub.do("set", "77", "-", sent=bent(), code=1)
    assert "no version" in hub.do("back", GROUP, "999999", code=1)
    hub.do("show", "0", code=2)
