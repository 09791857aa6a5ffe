"""The reference is complete: whatever has a name that others rely on stands in it.

These look at the pages as they lie in docs/reference, not at what would be written there now.
"""

from __future__ import annotations

import dataclasses
import json

import click
import pytest

import central.cli
import central.config
import edge.cli
import edge.config
from central.foundation.people.roles import Permission
from central.foundation.web.advice import ADVICE as HUB_ADVICE
from central.foundation.web.problem import titles as hub_titles
from central.money.channels.settings import SECTIONS
from central.money.ledger.chart import CHART
from edge.contract.problem import Advice
from edge.contract.refusal import Refusal, WayOut
from edge.redemption.api import OPENAPI
from edge.web.advice import ADVICE as UNIT_ADVICE
from edge.web.problem import titles as unit_titles
from tests.central.money.ledger.walk import steps
from tests.tidy import reference
from tests.tidy.reference.commands import below
from tests.tidy.reference.routes import address_of, shown


def page(name: str) -> str:
    return (reference.FOLDER / name).read_text("utf-8")


def chapter(text: str, heading: str) -> str:
    """Return what stands below a heading, up to the next one of its level."""
    level = heading.partition(" ")[0]
    return text.partition(f"\n{heading}\n")[2].partition(f"\n{level} ")[0]


def test_the_pages_say_what_the_code_does() -> None:
    assert reference.stale() == [], "run ./run docs"


# --- settings and commands -----------------------------------------------------------------------


def test_every_setting_of_the_unit_is_explained() -> None:
    text = chapter(page("settings.md"), "## The unit")
    for section, kind in edge.config.SECTIONS.items():
        part = chapter(text, f"### `[{section}]`")
        for item in dataclasses.fields(kind):
            variable = f"EDGE_{section}__{item.name}".upper()
            [row] = [line for line in part.splitlines() if line.startswith(f"| `{item.name}` |")]
            assert f"| `{variable}` |" in row
            assert item.metadata["doc"] in row


def test_every_setting_of_the_hub_is_explained() -> None:
    text = chapter(page("settings.md"), "## The hub")
    for name, field in central.config.HubConfig.model_fields.items():
        [row] = [line for line in text.splitlines() if line.startswith(f"| `{name}` |")]
        assert f"| `HUB_{name.upper()}` |" in row
        assert field.description
        assert field.description in row


def test_every_setting_of_a_channel_is_explained() -> None:
    text = chapter(page("settings.md"), "## The payment channels")
    for section, kind in SECTIONS.items():
        part = chapter(text, f"### `[{section}]`")
        for name, field in kind.model_fields.items():
            [row] = [line for line in part.splitlines() if line.startswith(f"| `{name}` |")]
            assert field.description
            assert field.description in row


@pytest.mark.parametrize(
    ("name", "main"), [("tearoff-unit", edge.cli.main), ("tearoff-hub", central.cli.main)]
)
def test_every_command_and_option_is_explained(name: str, main: click.Command) -> None:
    text = chapter(page("commands.md"), f"## `{name}`")
    headings = [line for line in text.splitlines() if line.startswith("### ")]
    for words, command in below((name,), main):
        told = " ".join(words)
        [heading] = [h for h in headings if h == f"### `{told}`" or h.startswith(f"### `{told} ")]
        part = chapter(text, heading)
        assert command.help
        assert command.help.splitlines()[0] in part
        for option in command.params:
            if isinstance(option, click.Option):
                assert f"`{option.opts[0]}" in part, f"{told} {option.opts[0]}"


# --- refusals and problems -----------------------------------------------------------------------


def test_every_refusal_and_way_out_is_explained() -> None:
    text = page("refusals.md")
    for slug in (*Refusal, *WayOut):
        [row] = [line for line in text.splitlines() if line.startswith(f"| `{slug}` |")]
        assert all(cell.strip() for cell in row.strip("|").split("|"))


@pytest.mark.parametrize(
    ("titles", "advice"),
    [(unit_titles(), UNIT_ADVICE), (hub_titles(), HUB_ADVICE)],
    ids=["unit", "hub"],
)
def test_there_is_advice_on_every_problem_and_on_no_other(
    titles: dict[str, str], advice: dict[str, Advice]
) -> None:
    assert set(advice) == set(titles)
    for slug, said in advice.items():
        assert all((said.cause, said.person, said.program, said.again)), slug


@pytest.mark.parametrize(
    ("heads", "titles"),
    [
        (["## The unit"], unit_titles()),
        (["## The hub", "## Messages of the contract"], hub_titles()),
    ],
    ids=["unit", "hub"],
)
def test_every_problem_is_explained(heads: list[str], titles: dict[str, str]) -> None:
    text = "\n".join(chapter(page("problems.md"), head) for head in heads)
    for slug, title in titles.items():
        [row] = [line for line in text.splitlines() if line.startswith(f"| `{slug}`<br>")]
        assert title in row
        cells = row.strip("|").split("|")
        assert len(cells) == 5
        assert all(cell.strip() for cell in cells), slug


# --- money ----------------------------------------------------------------------------------------


def test_every_account_and_every_rule_is_explained() -> None:
    text = page("posting-rules.md")
    for account in CHART:
        assert f"| `{account}` |" in text
    for step in steps():
        heading = f"### Rule {step.rule}" if step.rule else "### Opening"
        assert f"| {step.posting.kind}" in chapter(text, heading)
    for number in range(1, 24):
        assert "* `" in chapter(text, f"### Rule {number}")


# --- addresses and bodies ------------------------------------------------------------------------


def test_every_address_is_told_and_for_whom() -> None:
    halves = reference.both_halves()
    for heading, app in (("## The unit", halves.unit), ("## The hub", halves.hub)):
        text = chapter(page("routes.md"), heading)
        for rule in shown(app):
            rows = [line for line in text.splitlines() if f"| `{address_of(rule)}` |" in line]
            assert rows, rule
            assert not any(row.endswith(("| nobody |", "|  |")) for row in rows), rule
    for permission in Permission:
        assert f"| `{permission}` |" in page("routes.md")


def test_every_call_of_the_unit_is_described_and_no_other() -> None:
    described = {
        (method.upper(), path)
        for path, operations in json.loads(OPENAPI.read_text("utf-8"))["paths"].items()
        for method in operations
    }
    answered = {
        (method, address_of(rule).replace("<", "{").replace(">", "}"))
        for rule in shown(reference.both_halves().unit)
        if rule.rule.startswith("/v1/") or rule.rule == "/openapi.json"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == answered
    for method, path in described:
        assert f"\n## `{method} {path}`\n" in page("api-unit.md")


def test_every_call_of_the_hub_is_described() -> None:
    hub = reference.both_halves().hub
    text = page("api-hub.md")
    for rule in shown(hub):
        if rule.rule.startswith("/v1/"):
            path = address_of(rule).replace("<", "{").replace(">", "}")
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                assert f"\n## `{method} {path}`\n" in text


@pytest.mark.parametrize("name", ["api-unit.md", "api-hub.md"])
def test_every_member_of_a_body_says_what_it_is(name: str) -> None:
    silent = [
        line
        for line in chapter(page(name), "## Bodies").splitlines()
        if line.startswith("| `") and "](#" not in line and not line.split(" | ")[2].strip()
    ]
    assert silent == []
