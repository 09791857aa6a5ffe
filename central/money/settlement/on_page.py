"""What the pages of settlement share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import session
from flask_babel import get_locale, gettext

from central.errors import HubError
from central.money.settlement import words


@contextmanager
def told(done: str) -> Iterator[None]:
    """Note on the next page that it was done, or why it was not."""
    try:
        yield
    except HubError as exc:
        session["note"] = ["bad", gettext(exc.detail) if exc.detail else gettext(exc.title)]
    else:
        session["note"] = ["good", done]


def words_for_pages() -> dict[str, object]:
    """Return the words that templates look values up in."""
    return {
        "state_names": words.STATES,
        "state_looks": words.LOOKS,
        "line_kinds": words.KINDS,
        "why_names": words.WHYS,
        "why_looks": words.WHY_LOOKS,
    }


def locale() -> str:
    """Return the language of the page: ``zh-CN`` or ``en``."""
    return "zh-CN" if str(get_locale()).startswith("zh") else "en"
