"""How a text that says something of a person is shown to whoever may not read it."""

from __future__ import annotations

SHORT = 8
"""Of so few characters nothing is shown."""
NUMBER = 11
"""A mobile number, or longer: people tell them again by their last four digits."""


def masked(text: str) -> str:
    """Return a text of which only whoever knows it recognizes what is left."""
    name, at, host = text.partition("@")
    if at:
        return f"{name[:1]}***@{host}"
    if len(text) <= SHORT:
        return "***" if text else ""
    end = 4 if text.isdecimal() and len(text) >= NUMBER else 2
    return f"{text[:3]}****{text[-end:]}"
