"""The little Markdown that the pages are made of."""

from __future__ import annotations

import inspect
from collections.abc import Iterable


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table; the cells are Markdown already."""
    return "\n".join([row(heads), "|---" * len(heads) + "|", *(row(cells) for cells in rows)])


def row(cells: tuple[str, ...]) -> str:
    """Return one line of a table."""
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def code(text: object) -> str:
    """Return a text as code; nothing for an empty one."""
    return f"`{text}`" if str(text) else ""


def first_sentence(documented: type) -> str:
    """Return the first paragraph of a docstring, on one line and with Markdown's own code marks."""
    paragraph = inspect.cleandoc(documented.__doc__ or "").split("\n\n", maxsplit=1)[0]
    return " ".join(paragraph.replace("``", "`").split())
