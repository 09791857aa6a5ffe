"""Reads files of settings and secrets; what is wrong with one is said without its value."""

from __future__ import annotations

import difflib
import ipaddress
import stat
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from central.errors import ConfigInvalid

S = TypeVar("S", bound=BaseModel)


def read_settings(file: Path, shape: type[S], paths: tuple[str, ...]) -> S | None:
    """Return the settings in a TOML file; None without the file.

    Args:
        paths: Settings that are files; they are looked for beside this one.

    Raises:
        ConfigInvalid: with a sentence that names the setting and never its value.
    """
    try:
        raw = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigInvalid(f"{file} cannot be read") from exc
    except tomllib.TOMLDecodeError as exc:
        raise ConfigInvalid(f"{file} is not TOML: {exc}") from None
    for name in paths:
        if isinstance(raw.get(name), str):
            raw[name] = file.parent / raw[name]
    try:
        return shape.model_validate(raw)
    except ValidationError as exc:
        raise ConfigInvalid(f"{file}: {_sentence(exc, shape)}") from None


def read_secret(file: Path) -> str:
    """Return what a file holds.

    Raises:
        ConfigInvalid: it cannot be read, or others on this machine can.
    """
    try:
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            raise ConfigInvalid(f"{file} can be read by others; chmod 600 it")
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise ConfigInvalid(f"{file} cannot be read") from None


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _sentence(exc: ValidationError, shape: type[BaseModel]) -> str:
    fault: Any = exc.errors(include_url=False, include_input=False)[0]
    name = ".".join(map(str, fault["loc"]))
    if fault["type"] == "extra_forbidden":
        known = [field.alias or key for key, field in shape.model_fields.items()]
        near = difflib.get_close_matches(name, known, 1)
        return f"there is no setting {name}" + (f"; {near[0]}?" if near else "")
    return f"{name}: {fault['msg']}"
