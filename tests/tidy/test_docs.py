"""What the documents tell people to type exists: commands, options, settings."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import central.cli
import central.config
import central.money.channels.settings
import edge.cli
import edge.config
from central.foundation.notices import settings as mail
from central.foundation.notices import sms_settings
from central.money.channels.settings import ChannelSettings
from central.money.reconciliation.files import layouts
from edge.devices.profiles import ids
from tests.tidy.test_house import ROOT, tracked

PROGRAMS: dict[str, click.Command] = {
    "tearoff-unit": edge.cli.main,
    "tearoff-hub": central.cli.main,
}
VERBS_OF_RUN = {"bench", "demo", "docs", "fuzz", "hub", "lint", "setup", "simulate", "test", "unit"}
_CALL = re.compile(
    r"(?:^ *|`|\$\()((?:tearoff-(?:unit|hub)|\./run (?:unit|hub)) [^`\n)]*)", re.MULTILINE
)
_RUN = re.compile(r"\./run ([a-z]+)")
_TOML = re.compile(r"^ *```toml\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


def pages() -> list[Path]:
    """Every page that a person wrote."""
    return [p for p in tracked("*.md") if "Written by `./run docs`" not in p.read_text("utf-8")]


def calls() -> Iterator[tuple[str, str]]:
    """Every call of ours in a document, with the page that it stands on."""
    for page in pages():
        text = page.read_text("utf-8").replace("\\\n", " ")
        for call in _CALL.findall(text):
            installed = re.sub(r"^\./run (unit|hub)", r"tearoff-\1", call)
            yield str(page.relative_to(ROOT)), installed.rstrip(" .…")


@pytest.mark.parametrize(("page", "call"), sorted(set(calls())))
def test_every_call_in_a_document_is_one_that_there_is(page: str, call: str) -> None:
    program, *words = shlex.split(call, comments=True)
    # Help comes only after every word before it was understood.
    result = CliRunner().invoke(PROGRAMS[program], [*words, "--help"])
    assert result.exit_code == 0, f"{page}: {call}: {result.output}"


def test_every_verb_of_run_in_a_document_is_one_that_there_is() -> None:
    script = (ROOT / "run").read_text("utf-8")
    assert all(re.search(rf"^    {verb}\)$", script, re.MULTILINE) for verb in VERBS_OF_RUN)
    for page in pages():
        assert set(_RUN.findall(page.read_text("utf-8"))) <= VERBS_OF_RUN, page


def test_every_example_of_settings_is_taken(tmp_path: Path) -> None:
    found = 0
    for page in pages():
        for example in _TOML.findall(page.read_text("utf-8")):
            file = tmp_path / "example.toml"
            file.write_text(example)
            if "unit.toml" in example.splitlines()[0]:
                config, _ = edge.config.load(file, env={})
                assert config.printer.profile in ids("printer")
            elif "channels.toml" in example.splitlines()[0]:
                assert central.money.channels.settings.load(file) != ChannelSettings()
            elif "mail.toml" in example.splitlines()[0]:
                assert mail.load(file) is not None
            elif "sms.toml" in example.splitlines()[0]:
                assert sms_settings.load(file) is not None
            elif "statements.toml" in example.splitlines()[0]:
                assert layouts.load(file).sources
            else:
                assert "hub.toml" in example.splitlines()[0], f"{page}: which file is it?"
                central.config.load(file, env={})
            found += 1
    assert found >= 2


def test_every_key_of_a_profile_is_explained() -> None:
    folder = ROOT / "firmware_profiles"
    text = (folder / "README.md").read_text("utf-8")
    for file in folder.glob("*/*.toml"):
        for name, value in tomllib.loads(file.read_text("utf-8")).items():
            keys = [f"{name}.{key}" for key in value] if isinstance(value, dict) else [name]
            assert [k for k in keys if f"| `{k}` |" not in text] == [], file.name
