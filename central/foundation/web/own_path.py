"""Where somebody may be led after he was asked for something: within the hub alone."""

from __future__ import annotations


def own_path(path: str, otherwise: str = "/") -> str:
    """Return the path if it is ours; ``//host`` and ``https:`` would lead to somebody else.

    Browsers read a backslash as a slash, and pass over tabs and line ends.
    """
    is_ours = path.startswith("/") and not path.startswith("//")
    return path if is_ours and path.isprintable() and "\\" not in path else otherwise
