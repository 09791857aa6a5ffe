"""What the pages of settlement share."""

from __future__ import annotations

from flask_babel import get_locale

from central.money.settlement import words


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
