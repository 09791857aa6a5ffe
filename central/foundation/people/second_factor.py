"""The second factor: a code that an app on somebody's phone shows now, or a recovery code.

RFC 6238 with what every such app understands: SHA-1, 6 digits, 30 seconds. A code is good for the
step before and after as well, and once. Five wrong ones in a row lock it for an hour: whoever has
the password and goes on guessing for a month gets in with a chance of one in a hundred.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b32encode
from typing import NamedTuple

import pyotp

from central.foundation.db.engine import change, money_transaction, rows
from central.foundation.people.login import person_with_password
from central.foundation.seal import Seal

STEP_S = 30
MISSES_MAX = 5
LOCKED_S = 3600
RECOVERY_CODES = 10
_RECOVERY_BYTES = 10
_ISSUER = "Tearoff"


class Begun(NamedTuple):
    """What an app is given.

    Args:
        secret: Base32, for somebody who types it.
        uri: ``otpauth://totp/…``, for a QR code.
    """

    secret: str
    uri: str

    def __repr__(self) -> str:
        """Show nothing of it."""
        return "Begun()"


def has(person: int) -> bool:
    """Say whether somebody logs in with a second factor."""
    return bool(
        rows(
            "SELECT 1 FROM second_factor WHERE person_id = ? AND confirmed_at_s IS NOT NULL",
            (person,),
        )
    )


def begin(person: int, name: str, seal: Seal) -> Begun:
    """Make a secret for somebody who has none confirmed; it counts once he has shown a code.

    What he has begun and not confirmed before is replaced.
    """
    secret = pyotp.random_base32()

    def write() -> None:
        change(
            "INSERT INTO second_factor (person_id, sealed) VALUES (?, ?)"
            " ON CONFLICT (person_id) DO UPDATE SET sealed = excluded.sealed, misses = 0"
            " WHERE second_factor.confirmed_at_s IS NULL",
            (person, seal.close({"secret": secret}, _place(person))),
        )

    money_transaction(write)
    return _begun(secret, name)


def begun(person: int, name: str, seal: Seal) -> Begun | None:
    """Return what somebody has begun and not confirmed yet."""
    found = rows(
        "SELECT sealed FROM second_factor WHERE person_id = ? AND confirmed_at_s IS NULL", (person,)
    )
    return _begun(seal.open(found[0][0], _place(person))["secret"], name) if found else None


def confirm(person: int, code: str, seal: Seal, at_s: int) -> list[str]:
    """Let it count from now on, if the code is right; return the recovery codes, else nothing.

    They are shown once; only their hashes are kept.
    """
    codes = [_recovery_code() for _ in range(RECOVERY_CODES)]

    def write() -> bool:
        found = rows(
            "SELECT sealed FROM second_factor WHERE person_id = ? AND confirmed_at_s IS NULL",
            (person,),
        )
        step = _step_of(found[0][0], person, code, seal, at_s) if found else None
        if step is None:
            return False
        change(
            "UPDATE second_factor SET confirmed_at_s = ?, last_step = ? WHERE person_id = ?",
            (at_s, step, person),
        )
        change("DELETE FROM recovery_code WHERE person_id = ?", (person,))
        for one in codes:
            change(
                "INSERT INTO recovery_code (hash, person_id) VALUES (?, ?)", (_hash(one), person)
            )
        return True

    return codes if money_transaction(write) else []


def check(person: int, code: str, seal: Seal, at_s: int) -> bool:
    """Say whether this is somebody's code now, or one of his recovery codes; each serves once.

    False too while too many wrong ones have locked it.
    """

    def write() -> bool:
        found = rows(
            "SELECT sealed FROM second_factor WHERE person_id = ?"
            " AND confirmed_at_s IS NOT NULL AND locked_until_s <= ?",
            (person, at_s),
        )
        if not found:
            return False
        step = _step_of(found[0][0], person, code, seal, at_s)
        if _use_step(person, step) or _use_recovery(person, code, at_s):
            change("UPDATE second_factor SET misses = 0 WHERE person_id = ?", (person,))
            return True
        change(
            "UPDATE second_factor SET"
            " locked_until_s = CASE WHEN misses + 1 >= ? THEN ? ELSE locked_until_s END,"
            " misses = CASE WHEN misses + 1 >= ? THEN 0 ELSE misses + 1 END WHERE person_id = ?",
            (MISSES_MAX, at_s + LOCKED_S, MISSES_MAX, person),
        )
        return False

    return money_transaction(write)


def proves(name: str, password: str, code: str, seal: Seal, at_s: int) -> bool:
    """Say whether these are somebody's password and, if he has a second factor, his code now."""
    person = person_with_password(name, password)
    if person is None:
        return False
    return not has(person.id) or check(person.id, code, seal, at_s)


def remove(person: int) -> bool:
    """Let somebody log in by his password alone again; False if he does already."""

    def write() -> bool:
        change("DELETE FROM recovery_code WHERE person_id = ?", (person,))
        gone = rows("DELETE FROM second_factor WHERE person_id = ? RETURNING 1", (person,))
        return bool(gone)

    return money_transaction(write)


def recovery_codes_left(person: int) -> int:
    """Return how many recovery codes somebody has not used."""
    [(count,)] = rows(
        "SELECT count(*) FROM recovery_code WHERE person_id = ? AND used_at_s IS NULL", (person,)
    )
    return int(count)


def _begun(secret: str, name: str) -> Begun:
    return Begun(secret, pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=_ISSUER))


def _step_of(sealed: bytes, person: int, code: str, seal: Seal, at_s: int) -> int | None:
    """Return the time step that a code belongs to, None if it is not one of now."""
    typed = "".join(code.split())
    totp = pyotp.TOTP(seal.open(sealed, _place(person))["secret"])
    near = at_s // STEP_S
    found = None
    for step in (near - 1, near, near + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), typed.encode()):
            found = step
    return found


def _use_step(person: int, step: int | None) -> bool:
    return step is not None and bool(
        rows(
            "UPDATE second_factor SET last_step = ? WHERE person_id = ? AND last_step < ?"
            " RETURNING 1",
            (step, person, step),
        )
    )


def _use_recovery(person: int, code: str, at_s: int) -> bool:
    return bool(
        rows(
            "UPDATE recovery_code SET used_at_s = ?"
            " WHERE hash = ? AND person_id = ? AND used_at_s IS NULL RETURNING 1",
            (at_s, _hash(code), person),
        )
    )


def _recovery_code() -> str:
    text = b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _hash(code: str) -> bytes:
    # 80 random bits: a slow hash would gain nothing.
    plain = "".join(c for c in code.lower() if c.isalnum())
    return hashlib.sha256(f"recovery:{plain}".encode()).digest()


def _place(person: int) -> str:
    return f"second factor:{person}"
