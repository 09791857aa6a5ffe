"""Commands as a page of the documentation shows them, to be given for real."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path


def commands(page: Path) -> list[list[str]]:
    """Return the words of every command in the indented blocks of a page, in their order."""
    text = page.read_text("utf-8")
    blocks = re.findall(r"(?:^    .*\n)+", text, re.MULTILINE)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True) for line in lines if line.strip()]


def labels(page: Path) -> set[str]:
    """Return what a page sets in italics: what one is to find on a screen."""
    prose = " ".join(page.read_text("utf-8").replace("**", "").split())
    return {found.rstrip(".,:") for found in re.findall(r"\*(\S[^*]*)\*", prose)}


def bent(words: list[str], replaced: Mapping[str, str]) -> list[str]:
    """Return a command with some of its text replaced: directories, ports, a code."""
    old = re.compile("|".join(map(re.escape, replaced)))
    return [old.sub(lambda found: replaced[found[0]], word) for word in words]
