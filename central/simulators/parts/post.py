"""Sends a callback."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import requests

TIMEOUT_S = 5

Post = Callable[[str, bytes, Mapping[str, str]], tuple[int, str]]
"""Sends a body to an address; returns status and text, raises OSError if nobody is there."""


def post(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
    """Send with requests."""
    try:
        answer = requests.post(
            url, data=body, headers=dict(headers), timeout=TIMEOUT_S, allow_redirects=False
        )
    except requests.RequestException as exc:
        raise OSError(type(exc).__name__) from exc
    return answer.status_code, answer.text
