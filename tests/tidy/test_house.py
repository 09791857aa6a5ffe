"""House rules that no linter knows."""

from __future__ import annotations

import ast
import hashlib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.tidy import catalogues

ROOT = Path(__file__).parent.parent.parent


def tracked(*patterns: str) -> list[Path]:
    """Files that are, or are about to be, in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).exists()]


# --- words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("half", ["edge", "central"])
def test_every_sentence_is_translated_and_none_is_left_over(half: str) -> None:
    assert catalogues.missing(half) == []
    assert catalogues.unused(half) == []


@pytest.mark.parametrize("half", ["edge", "central"])
def test_the_compiled_catalogue_is_that_of_the_source(half: str) -> None:
    source = catalogues.HALVES[half][1]
    assert source.with_suffix(".mo").read_bytes() == catalogues.compiled(half)


@pytest.mark.parametrize("half", ["edge", "central"])
def test_a_translation_keeps_the_placeholders(half: str) -> None:
    holes = re.compile(r"%\(\w+\)[sd]|\{\w*\}")
    for message in catalogues.catalogue(half):
        if isinstance(message.id, str) and message.id:
            found = str(message.string)
            assert sorted(holes.findall(message.id)) == sorted(holes.findall(found)), message.id


# --- documents -----------------------------------------------------------------------------------


_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+?)\s*#*$", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """What GitHub makes of the headings."""
    found = set()
    for heading in _HEADING.findall(page.read_text("utf-8")):
        words = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
        found.add(words.replace(" ", "-"))
    return found


def links() -> Iterator[tuple[Path, str]]:
    for page in tracked("*.md"):
        text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
        for target in _LINK.findall(text):
            if not re.match(r"[a-z]+:", target):
                yield page, unquote(target)


def test_every_link_leads_somewhere() -> None:
    dead = []
    for page, target in links():
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            dead.append(f"{page.relative_to(ROOT)} -> {target}")
    assert dead == []


def test_every_page_of_the_docs_can_be_reached_from_the_index() -> None:
    docs = ROOT / "docs"
    reached, todo = set(), [docs / "index.md"]
    while todo:
        page = todo.pop()
        if page in reached:
            continue
        reached.add(page)
        for target in _LINK.findall(page.read_text("utf-8")):
            file = (page.parent / target.partition("#")[0]).resolve()
            if file.suffix == ".md" and file.exists():
                todo.append(file)
            elif file.is_dir():
                todo += file.glob("*.md")
    assert sorted(str(p.relative_to(docs)) for p in set(docs.rglob("*.md")) - reached) == []


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = sorted(int(p.name[:4]) for p in (ROOT / "docs/decisions").glob("[0-9]*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_chinese_readme_has_the_same_parts() -> None:
    english = (ROOT / "README.md").read_text("utf-8")
    chinese = (ROOT / "docs/README.zh-CN.md").read_text("utf-8")

    def shape(text: str) -> list[str]:
        text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        return [line.split(" ")[0] for line in text.splitlines() if line.startswith("#")]

    assert shape(english) == shape(chinese)
    blocks = re.compile(r"```.*?```", re.DOTALL)
    assert len(blocks.findall(english)) == len(blocks.findall(chinese))


def test_the_readme_is_short_and_shows_the_tree() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert len(text.splitlines()) <= 150
    assert re.findall(r"^\./run .*$", text, re.MULTILINE) == ["./run demo", "./run test"]
    shown = re.findall(r"^(\w+)/? {2,}", text, re.MULTILINE)
    there = {p.relative_to(ROOT).parts[0] for p in tracked() if not p.name.startswith(".")}
    hidden = {"LICENSE", "README.md", "pyproject.toml"} | {p for p in there if p.startswith(".")}
    assert set(shown) == there - hidden


def test_the_changelog_names_the_version() -> None:
    from edge import __version__  # noqa: PLC0415

    text = (ROOT / "docs/CHANGELOG.md").read_text("utf-8")
    assert f"## [{__version__}]" in text or "## [Unreleased]" in text


# --- the tree ------------------------------------------------------------------------------------


def test_every_test_folder_mirrors_a_folder_of_the_source() -> None:
    strays = [
        str(folder.relative_to(ROOT / "tests"))
        for half in ("edge", "central")
        for folder in (ROOT / "tests" / half).rglob("*")
        if folder.is_dir()
        and any(folder.glob("*.py"))  # data lies where its test is
        and not (ROOT / folder.relative_to(ROOT / "tests")).is_dir()
    ]
    assert strays == []


def test_every_module_says_what_it_is() -> None:
    silent = [
        str(file.relative_to(ROOT))
        for file in tracked("*.py")
        if (text := file.read_text("utf-8")) and not ast.get_docstring(ast.parse(text))
    ]
    assert silent == []


def test_what_we_took_from_others_is_what_we_took() -> None:
    sums = tracked("*SHA256SUMS")
    assert sums
    for file in sums:
        for line in file.read_text("ascii").splitlines():
            digest, name = line.split()
            assert hashlib.sha256((file.parent / name).read_bytes()).hexdigest() == digest, name


def test_shell_scripts_are_posix() -> None:
    for script in (ROOT / "run", ROOT / ".ci/run", ROOT / ".ci/lock"):
        assert script.read_text("utf-8").startswith("#!/bin/sh\n")
        subprocess.run(["sh", "-n", script], check=True)


def test_no_setting_of_a_lock_is_unpinned() -> None:
    for lock in (ROOT / ".ci/locks").glob("*.txt"):
        names = [
            line for line in lock.read_text("ascii").splitlines()
            if line and not line.startswith((" ", "#", "--"))
        ]  # fmt: skip
        assert names
        assert [n for n in names if "==" not in n] == []
