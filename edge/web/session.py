"""Who may do what: an API key for a POS, a PIN for a clerk, nothing for anybody else.

Every route says whom it is for; a route that says nothing answers nobody.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import threading
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import TypeVar

from flask import Flask, Response, redirect, request, session, url_for

from edge.db import Store
from edge.errors import N_, ConfigInvalid, NotPermitted, RequestInvalid

PIN_DIGITS = 6
SESSION_S = 12 * 3600
_FREE_TRIES = 5
_API_KEY_BYTES = 32

View = TypeVar("View", bound=Callable[..., object])


class For(Enum):
    """Whom a route is for."""

    ANYBODY = "anybody"
    API = "api"
    """A caller with the unit's API key, or a clerk who has logged in."""
    CLERK = "clerk"
    SUPERVISOR = "supervisor"
    """A clerk who may look behind the screen."""


def allowed(whom: For) -> Callable[[View], View]:
    """Say whom a view is for."""

    def mark(view: View) -> View:
        view.allowed_for = whom  # type: ignore[attr-defined]
        return view

    return mark


class Clerks:
    """The clerks of this unit and their PINs, which are kept as scrypt hashes only.

    Args:
        steady_s: Reads a steady counter of seconds.
    """

    def __init__(self, store: Store, steady_s: Callable[[], float]) -> None:
        self._store = store
        self._steady_s = steady_s
        self._misses: list[float] = []
        self._lock = threading.Lock()

    def add(self, name: str, *, is_supervisor: bool = False) -> str:
        """Give a clerk a new PIN and return it; it is shown once and cannot be read again."""
        if not 1 <= len(name) <= 64 or not name.isprintable():
            raise RequestInvalid("A clerk's name has 1 to 64 printable characters.")
        pin = "".join(secrets.choice("0123456789") for _ in range(PIN_DIGITS))
        salt = secrets.token_bytes(16)
        with self._store.transaction():
            self._store.execute(
                "INSERT OR REPLACE INTO clerk (name, pin_salt, pin_hash, is_supervisor)"
                " VALUES (?, ?, ?, ?)",
                (name, salt, _hash(pin, salt), is_supervisor),
            )
        return pin

    def names(self) -> list[str]:
        """Return who may log in."""
        with self._store.reading():
            return [name for (name,) in self._store.rows("SELECT name FROM clerk ORDER BY name")]

    def supervisors(self) -> list[str]:
        """Return who may overrule a refusal."""
        with self._store.reading():
            rows = self._store.rows("SELECT name FROM clerk WHERE is_supervisor ORDER BY name")
            return [name for (name,) in rows]

    def is_supervisor(self, name: str) -> bool:
        """Say whether a clerk may look behind the screen."""
        with self._store.reading():
            rows = self._store.rows("SELECT is_supervisor FROM clerk WHERE name = ?", (name,))
        return bool(rows and rows[0][0])

    def check(self, name: str, pin: str) -> bool:
        """Say whether this is the clerk's PIN.

        Raises:
            NotPermitted: too many wrong PINs; ``retry_after_s`` says how long to wait.
        """
        with self._lock:
            self._wait_out()
            with self._store.reading():
                rows = self._store.rows(
                    "SELECT pin_salt, pin_hash FROM clerk WHERE name = ?", (name,)
                )
            # A name nobody has costs as long as one that somebody has.
            salt, wanted = rows[0] if rows else (bytes(16), bytes(32))
            good = hmac.compare_digest(_hash(pin, salt), wanted)
            if good:
                self._misses.clear()
            else:
                self._misses.append(self._steady_s())
            return good

    def _wait_out(self) -> None:
        now = self._steady_s()
        self._misses = [t for t in self._misses if t > now - 3600]
        over = len(self._misses) - _FREE_TRIES
        if over >= 0:
            left = self._misses[-1] + min(30 << min(over, 7), 3600) - now
            if left > 0:
                raise NotPermitted(N_("Too many wrong PINs; wait."), retry_after_s=int(left) + 1)


def _hash(pin: str, salt: bytes) -> bytes:
    return hashlib.scrypt(pin.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32)


def load_or_make_api_key(path: Path) -> str:
    """Return the key that a POS shows; it is made on the first start and kept at mode 0600.

    Raises:
        ConfigInvalid: the file is readable by others, holds no key, or cannot be made.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return _load_api_key(path)
    except OSError as exc:
        raise ConfigInvalid(f"{path} cannot be made: {exc.strerror}") from exc
    with os.fdopen(handle, "w") as file:
        key = secrets.token_urlsafe(_API_KEY_BYTES)
        file.write(key + "\n")
        file.flush()
        os.fsync(file.fileno())
    return key


def _load_api_key(path: Path) -> str:
    if path.stat().st_mode & 0o077:
        raise ConfigInvalid(f"{path} can be read by others; run: chmod 600 {path}")
    try:
        key = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        key = ""
    # A file that a power cut has left empty must not be a key that everybody has.
    if len(key) < _API_KEY_BYTES:
        raise ConfigInvalid(f"{path} holds no API key; remove it, and a new one is made")
    return key


def is_at_the_unit() -> bool:
    """Say whether the page asked from is shown on this machine itself, and not through a proxy."""
    through = {"Forwarded", "X-Forwarded-For"} & set(request.headers.keys())
    here = request.remote_addr or ""
    return not through and (here.startswith("127.") or here in {"::1", "::ffff:127.0.0.1"})


def guard(app: Flask, api_key: str) -> None:
    """Let nobody through whom a route is not for."""
    key_hash = hashlib.sha256(api_key.encode()).digest()

    @app.before_request
    def check() -> Response | None:
        view = app.view_functions.get(request.endpoint or "")
        whom = getattr(view, "allowed_for", None)
        if view is None or whom is For.ANYBODY or request.endpoint == "static":
            return None
        if whom is For.API and _has_key(key_hash):
            return None
        if whom in {For.API, For.CLERK} and session.get("clerk"):
            refuse_other_sites()
            return None
        if whom is For.SUPERVISOR and session.get("clerk"):
            if session.get("is_supervisor"):
                refuse_other_sites()
                return None
            raise NotPermitted(
                N_("Only a supervisor's PIN opens this: tearoff-unit clerk add NAME --supervisor")
            )
        if whom in {For.CLERK, For.SUPERVISOR} and request.method == "GET":
            return redirect(url_for("pages.login"))  # type: ignore[return-value]
        raise NotPermitted(N_("Log in, or send the unit's API key: Authorization: Bearer …"))


def _has_key(key_hash: bytes) -> bool:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    shown = hashlib.sha256(key.strip().encode()).digest()
    return scheme.lower() == "bearer" and hmac.compare_digest(shown, key_hash)


def refuse_other_sites() -> None:
    """Let no page of another site act with the clerk's cookie, or at the kiosk.

    The cookie is SameSite=Strict already; this is for browsers that do not keep to it.
    """
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if request.method != "GET" and site not in {"same-origin", "none"}:
        raise NotPermitted(N_("This came from another site; open the page of this unit itself."))
