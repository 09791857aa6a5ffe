"""What a page says at its top about what was just done, or why it was not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import session
from flask_babel import gettext

from central.errors import HubError
from central.foundation.language.said import in_words


@contextmanager
def told(done: str) -> Iterator[None]:
    """Note for the next page that it was done, or why it was not."""
    try:
        yield
    except HubError as exc:
        session["note"] = ["bad", in_words(exc.detail or exc.title, gettext)]
    else:
        session["note"] = ["good", done]
