"""What documents say of the code is there: files, and in the walk of one scan, functions too."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.tidy.test_house import ROOT, tracked

WALK = ROOT / "docs/explanation/one-scan.md"
_ROW = re.compile(r"^\| `([\w./-]+\.py)` \| (.*?) \|", re.MULTILINE)
_OURS = re.compile(r"`((?:edge|central|tests|docs|firmware_profiles|\.ci)/[\w./*-]*)`")


def names_in(file: str) -> set[str]:
    """Every function, class and constant of a module; a method as ``Class.method``."""

    def below(node: ast.AST, prefix: str) -> Iterator[str]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                yield prefix + child.name
                inside = f"{child.name}." if isinstance(child, ast.ClassDef) else prefix
                yield from below(child, inside)
            elif isinstance(child, ast.Assign | ast.AnnAssign):
                targets = child.targets if isinstance(child, ast.Assign) else [child.target]
                yield from (prefix + t.id for t in targets if isinstance(t, ast.Name))

    return set(below(ast.parse((ROOT / file).read_text("utf-8")), ""))


STEPS = [
    (file, name)
    for file, cell in _ROW.findall(WALK.read_text("utf-8"))
    for name in re.findall(r"`([\w.]+)`", cell) or [""]
]


def test_the_walk_goes_through_both_halves() -> None:
    assert len(STEPS) > 50
    assert {file.partition("/")[0] for file, _ in STEPS} == {"edge", "central"}


@pytest.mark.parametrize(("file", "name"), STEPS, ids=[f"{f}:{n}" for f, n in STEPS])
def test_what_the_walk_names_is_there(file: str, name: str) -> None:
    assert (ROOT / file).is_file()
    assert not name or name in names_in(file)


def test_every_file_that_a_page_names_is_there() -> None:
    lost = [
        f"{page.relative_to(ROOT)}: {path}"
        for page in tracked("*.md")
        for path in _OURS.findall(page.read_text("utf-8"))
        if not list(ROOT.glob(path.rstrip("/")))
    ]
    assert lost == []
