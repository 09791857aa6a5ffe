"""What the code says to people, and what the translations make of it.

python -m tests.tidy.catalogues      compiles the .po files; prints what is not translated
"""

from __future__ import annotations

import datetime as dt
import io
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

import central.errors
import edge.errors

ROOT = Path(__file__).parent.parent.parent
HALVES = {
    "edge": (ROOT / "edge", ROOT / "edge/web/translations/zh_CN/LC_MESSAGES/edge.po"),
    "central": (
        ROOT / "central",
        ROOT / "central/foundation/language/translations/zh_Hans_CN/LC_MESSAGES/messages.po",
    ),
}
_METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
_ALWAYS = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_KEYWORDS = {"_": None, "N_": None, "gettext": None}


def said(half: str) -> set[str]:
    """Return every English sentence that a person may read and the code marks as such."""
    folder, _ = HALVES[half]
    found = extract_from_dir(str(folder), method_map=_METHODS, keywords=_KEYWORDS)
    texts = {message for _, _, message, _, _ in found if isinstance(message, str)}
    return texts | set(_titles(edge.errors.EdgeError if half == "edge" else _hub_errors()))


def _hub_errors() -> type[Exception]:
    return central.errors.HubError


def _titles(kind: type[Exception]) -> Iterator[str]:
    yield kind.title  # type: ignore[attr-defined]
    for sub in kind.__subclasses__():
        yield from _titles(sub)


def catalogue(half: str) -> Catalog:
    """Return the Chinese catalogue of a half."""
    with HALVES[half][1].open("rb") as file:
        found = read_po(file, locale="zh_CN")
    # Without a date in the source Babel writes that of now: a .mo that is another every minute.
    found.creation_date = _ALWAYS
    return found


def compiled(half: str) -> bytes:
    """Return what the .mo file must hold."""
    out = io.BytesIO()
    write_mo(out, catalogue(half))
    return out.getvalue()


def missing(half: str) -> list[str]:
    """Return what is said but not translated."""
    known = {m.id for m in catalogue(half) if m.id and m.string and not m.fuzzy}
    return sorted(said(half) - known)


def unused(half: str) -> list[str]:
    """Return what is translated but not said any more."""
    return sorted({str(m.id) for m in catalogue(half) if m.id} - said(half))


def main() -> None:
    """Compile, and say what is missing."""
    for half, (_, po) in HALVES.items():
        if not po.exists():
            po.parent.mkdir(parents=True, exist_ok=True)
            po.write_text('msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n')
        po.with_suffix(".mo").write_bytes(compiled(half))
        for text in missing(half):
            sys.stdout.write(f"{half}: not translated: {text!r}\n")
        for text in unused(half):
            sys.stdout.write(f"{half}: not said any more: {text!r}\n")


if __name__ == "__main__":
    main()
