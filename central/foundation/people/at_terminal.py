"""Who types a command: a person with his password, a program with its key, or an account of the
machine where nobody has to say more."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

import click

from central.errors import NotIdentified, NotPermitted, RequestInvalid
from central.foundation.command import Command, OpenHub
from central.foundation.people import second_factor
from central.foundation.people.login import (
    name_of_api_key,
    person_with_password,
    role_of_api_key,
)
from central.foundation.people.roles import Permission, may
from central.foundation.seal import PEOPLE_KEY, load

C = TypeVar("C", bound=Callable[..., object])


class Who(NamedTuple):
    """Who types, as it stands in the books."""

    name: str
    role: str
    is_person: bool

    def check(self, permission: Permission) -> None:
        """Refuse what his role may not do.

        Raises:
            NotPermitted: it may not.
        """
        if not may(self.role, permission):
            raise NotPermitted("Your role does not have this permission.")


def identity_options(command: C) -> C:
    """Give a command the options ``--as`` and ``--key-file``, as ``as_`` and ``key_file``."""
    person = click.option(
        "--as", "as_", metavar="NAME", help="Who you are; your password is asked for."
    )
    program = click.option(
        "--key-file", type=click.Path(path_type=Path), help="File with a program's API key."
    )
    return person(program(command))


def who(command: Command, hub: OpenHub, name: str | None, key_file: Path | None) -> Who:
    """Return who types.

    Raises:
        NotIdentified: nobody has said so, or it is not true. RequestInvalid: no such file.
    """
    if key_file is not None:
        return _program(key_file)
    if not name:
        raise NotIdentified("Say who you are: --as NAME, or --key-file FILE.")
    password = click.prompt(f"Password of {name}", hide_input=True, err=True)
    person = person_with_password(name, password)
    if person is None:
        raise NotIdentified("Name or password is wrong.")
    if second_factor.has(person.id):
        code = click.prompt("Code of your authenticator app", hide_input=True, err=True)
        seal = load(hub.config.data_dir / "keys", PEOPLE_KEY)
        if not second_factor.check(person.id, code, seal, command.now_s()):
            raise NotIdentified("The code is wrong, used, or too old.")
    return Who(str(person.name), str(person.role), is_person=True)


def who_or_account(command: Command, hub: OpenHub, name: str | None, key_file: Path | None) -> str:
    """Return who types; the account of the machine if nobody has said more.

    Raises:
        NotIdentified, RequestInvalid: as ``who``.
    """
    if name or key_file is not None:
        return who(command, hub, name, key_file).name
    return f"os {pwd.getpwuid(os.getuid()).pw_name}"


def _program(key_file: Path) -> Who:
    try:
        key = key_file.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise RequestInvalid(f"{key_file} cannot be read.") from exc
    name, role = name_of_api_key(key), role_of_api_key(key)
    if name is None or role is None:
        raise NotIdentified("There is no such API key.")
    return Who(f"key {name}", role, is_person=False)
