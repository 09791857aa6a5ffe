"""Which addresses a supplier may have. Pure."""

from __future__ import annotations

import contextlib
import ipaddress
from urllib.parse import urlsplit


def check_address(url: str, *, is_test: bool) -> str:
    """Return a supplier's address without its last slash.

    Args:
        is_test: The account is one of a test: ``http`` on this machine is allowed, nothing else.

    Raises:
        ValueError: with a sentence that says what is wrong.
    """
    parts = urlsplit(url)
    if not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("an address is https:// with a host, without user, '?' or '#'")
    if is_test:
        if not _is_loopback(parts.hostname):
            raise ValueError("a test account is at a simulator on this machine")
        if parts.scheme not in {"http", "https"}:
            raise ValueError("an address begins with https://, or http:// at a simulator")
        return url.rstrip("/")
    if parts.scheme != "https":
        raise ValueError("an address begins with https://")
    if _is_private(parts.hostname):
        raise ValueError("an address is on the internet, not within the house")
    return url.rstrip("/")


def _is_private(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return not ipaddress.ip_address(host).is_global
    return "." not in host or host.endswith((".local", ".internal", ".localhost"))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
