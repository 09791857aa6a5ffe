"""Passwords and API keys: made, kept as hashes, checked."""

from __future__ import annotations

import hashlib
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from central.errors import Conflict, NotFound, RequestInvalid
from central.foundation.db.engine import money_transaction, rows
from central.foundation.language.said import Saying
from central.foundation.language.words import N_
from central.foundation.people.roles import AGENT, ROLES
from central.foundation.people.tables import ApiKey, Person

KEY_PREFIX = "tk_"
_PASSWORD_BYTES = 12
PASSWORD_MIN, PASSWORD_MAX = 12, 128
"""Characters; no rule of what kinds, which only makes people write them down."""

_HASHER = PasswordHasher(time_cost=2, memory_cost=46 * 1024, parallelism=1)
"""argon2id; OWASP ASVS 5.0 appendix C approves m >= 46 MiB with t >= 1."""
_NOBODY = "$argon2id$v=19$m=47104,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + "A" * 43


def add_person(name: str, role: str, at_s: int) -> str:
    """Add somebody and return the password, which is shown once.

    Raises:
        RequestInvalid: no such role, or a name that cannot be shown.
        Conflict: there is somebody of that name.
    """
    _check(name, role)
    password = secrets.token_urlsafe(_PASSWORD_BYTES)
    hashed = _HASHER.hash(password)

    def write() -> None:
        if Person.get_or_none(Person.name == name) is not None:
            raise Conflict(f"There is somebody named {name} already.")
        Person.create(name=name, password_hash=hashed, role=role, active=True, created_at_s=at_s)

    money_transaction(write)
    return password


def person_with_password(name: str, password: str) -> Person | None:
    """Return the person whose name and password these are, None if nobody's.

    A name that nobody has costs as much time as one that somebody has.
    """
    person: Person | None = Person.get_or_none(Person.name == name, Person.active)
    try:
        _HASHER.verify(person.password_hash if person else _NOBODY, password)
    except (VerificationError, InvalidHashError):
        return None
    return person


def change_password(person: Person, password: str) -> None:
    """Give somebody the password that he has chosen.

    Raises:
        RequestInvalid: it is too short, too long, or his name (NIST SP 800-63B, section 5.1.1).
    """
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        raise RequestInvalid(Saying("password-length", least=PASSWORD_MIN, most=PASSWORD_MAX))
    if person.name.lower() in password.lower() or len(set(password)) < 5:
        raise RequestInvalid(
            N_("A password is not somebody's name, nor a few characters repeated.")
        )
    hashed = _HASHER.hash(password)
    money_transaction(
        lambda: Person.update(password_hash=hashed).where(Person.id == person.id).execute()
    )


def new_password(name: str) -> str:
    """Give somebody a new password, and return it; it is shown once. Whoever is logged in as him
    is not any more.

    Raises:
        NotFound: there is nobody of that name.
    """
    password = secrets.token_urlsafe(_PASSWORD_BYTES)
    hashed = _HASHER.hash(password)
    found = person_named(name)
    money_transaction(
        lambda: Person.update(password_hash=hashed).where(Person.id == found.id).execute()
    )
    return password


def let_work(name: str, *, active: bool) -> None:
    """Let somebody in again, or not any more.

    Raises:
        NotFound: there is nobody of that name.
    """
    found = person_named(name)
    money_transaction(lambda: Person.update(active=active).where(Person.id == found.id).execute())


def person_named(name: str) -> Person:
    """Return somebody by name.

    Raises:
        NotFound: there is nobody of that name.
    """
    found: Person | None = Person.get_or_none(Person.name == name)
    if found is None:
        raise NotFound(f"There is nobody named {name}.")
    return found


def add_api_key(name: str, role: str, at_s: int, agent: str | None = None) -> str:
    """Add an API key and return it; it is shown once and cannot be read again.

    Args:
        agent: Whose it is: it sees and orders for him alone. None: of a program of the house.

    Raises:
        RequestInvalid: no such role, a name that cannot be shown, or an agent's with another role.
        NotFound: there is no such agent.
        Conflict: there is a key of that name.
    """
    _check(name, role)
    if agent is not None and role != AGENT:
        raise RequestInvalid(Saying("agent-key-role", role=AGENT))
    key = KEY_PREFIX + secrets.token_urlsafe(32)

    def write() -> None:
        if ApiKey.get_or_none(ApiKey.name == name) is not None:
            raise Conflict(f"There is a key named {name} already.")
        if agent is not None and not rows("SELECT 1 FROM agent WHERE id = ?", (agent,)):
            raise NotFound(Saying("no-agent", agent=agent))
        ApiKey.create(name=name, key_hash=_key_hash(key), role=role, created_at_s=at_s, agent=agent)

    money_transaction(write)
    return key


def role_of_api_key(key: str) -> str | None:
    """Return the role of a key, None if there is no such key."""
    found: ApiKey | None = ApiKey.get_or_none(ApiKey.key_hash == _key_hash(key))
    return str(found.role) if found else None


def name_of_api_key(key: str) -> str | None:
    """Return the name of a key, None if there is no such key."""
    found: ApiKey | None = ApiKey.get_or_none(ApiKey.key_hash == _key_hash(key))
    return str(found.name) if found else None


def agent_of_api_key(key: str) -> str | None:
    """Return the agent whose key it is, None if it is of the house, or if there is no such key."""
    found: ApiKey | None = ApiKey.get_or_none(ApiKey.key_hash == _key_hash(key))
    return str(found.agent) if found and found.agent else None


def is_at_work(agent: str) -> bool:
    """Say whether an agent is neither suspended nor terminated."""
    return bool(rows("SELECT 1 FROM agent WHERE id = ? AND state = 'active'", (agent,)))


def _key_hash(key: str) -> bytes:
    # A key has 256 random bits: nothing is gained by a slow hash.
    return hashlib.sha256(key.encode()).digest()


def _check(name: str, role: str) -> None:
    if not 1 <= len(name) <= 64 or not name.isprintable():
        raise RequestInvalid(N_("A name has 1 to 64 printable characters."))
    if role not in ROLES:
        raise RequestInvalid(f"A role is one of {', '.join(sorted(ROLES))}.")
