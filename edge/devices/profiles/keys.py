"""What a key of a profile may hold, and how a TOML value becomes one. Pure.

A table of a profile is a frozen dataclass; ``key`` declares each of its fields with a line of
documentation and its bounds. The same declarations give ``firmware_profiles/schema.json``.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import typing
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field
from typing import Any

from edge.errors import ConfigInvalid

HEX = r"^([0-9a-f]{2}( ?[0-9a-f]{2})*)?$"
COMMAND = r"^(text:[\x00-\x7f]+|([0-9a-f]{2}( ?[0-9a-f]{2})*)?)$"
"""Hex, or ASCII after ``text:``."""
USB_ID = r"^[0-9a-f]{4}:[0-9a-f]{4}$"
PROFILE_ID = r"^[a-z0-9]+(-[a-z0-9]+)*$"
REFERENCE = r"^([a-z0-9]+(-[a-z0-9]+)*)?$"
FOURCC = r"^[A-Z0-9]{4}$"

_NAMES = {str: "text", int: "a whole number", bool: "true or false", bytes: 'hex, as in "1d 56 00"'}


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a value has to keep to; of a list, each of its items."""

    doc: str
    choices: tuple[str, ...] = ()
    low: int = 0
    high: int = 1 << 20
    pattern: str = ""


def key(doc: str, default: Any = MISSING, **bounds: Any) -> Any:
    """Declare one key; without a default it has to be there.

    Args:
        bounds: See ``Bounds``.
    """
    return field(default=default, metadata={"bounds": Bounds(doc, **bounds)})


def table(kind: type) -> Any:
    """Declare a table; if all its keys have defaults it may be left out."""
    return field(default=MISSING, metadata={"table": kind})


class Declared(typing.NamedTuple):
    """One key as it is declared.

    Args:
        name: With its table: ``media.columns``.
        kind: bool, int, str, or bytes for hex.
        is_list: Whether it holds a list of these.
    """

    name: str
    kind: type
    is_list: bool
    default: Any
    bounds: Bounds


def declared(kind: type, prefix: str = "") -> tuple[Declared, ...]:
    """Return all keys of a dataclass and of its tables, in order."""
    return tuple(_declared(kind, prefix))


def _declared(kind: type, prefix: str) -> Iterator[Declared]:
    hints = typing.get_type_hints(kind)
    for item in dataclasses.fields(kind):
        if "table" in item.metadata:
            yield from declared(item.metadata["table"], f"{prefix}{item.name}.")
        elif "bounds" in item.metadata:
            hint = hints[item.name]
            is_list = typing.get_origin(hint) is tuple
            of = typing.get_args(hint)[0] if is_list else hint
            bounds = item.metadata["bounds"]
            yield Declared(f"{prefix}{item.name}", of, is_list, item.default, bounds)


def flat_values(kind: type, data: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the keys of one TOML document by dotted name, each checked by itself, as they are.

    Args:
        where: The file, for the messages.

    Raises:
        ConfigInvalid: names file and key, and for an unknown key the nearest there is.
    """
    known = {item.name: item for item in declared(kind)}
    flat = dict(_flat(data))
    for name, value in flat.items():
        if name not in known:
            raise ConfigInvalid(f"{where}: unknown key {name}{_nearest(name, known)}")
        _value(known[name], value, where)
    return flat


def fields_of(kind: type, flat: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the fields of a profile's dataclass, its tables as dataclasses.

    Raises:
        ConfigInvalid: a key is missing, or wrong.
    """
    read = {item.name: _value(item, flat.get(item.name, MISSING), where) for item in declared(kind)}
    return _nested(kind, read, "")


def _flat(data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in data.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{inner}", content) for inner, content in value.items())
        else:
            yield name, value


def _nested(kind: type, read: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for item in dataclasses.fields(kind):
        name = f"{prefix}{item.name}"
        if "table" in item.metadata:
            inner = item.metadata["table"]
            nested[item.name] = inner(**_nested(inner, read, f"{name}."))
        elif name in read:
            nested[item.name] = read[name]
    return nested


def _nearest(name: str, known: Mapping[str, Declared]) -> str:
    last = name.rpartition(".")[2]
    near = [other for other in known if other.rpartition(".")[2] == last]  # in the wrong table
    near = near or difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _value(item: Declared, value: Any, where: str) -> Any:
    if value is MISSING:
        if item.default is MISSING:
            raise ConfigInvalid(f"{where}: {item.name} is missing; it is {_NAMES[item.kind]}")
        return item.default
    if not item.is_list:
        return _one(item, value, where)
    if not isinstance(value, list):
        raise ConfigInvalid(f"{where}: {item.name} is a list, each item {_NAMES[item.kind]}")
    return tuple(_one(item, each, where) for each in value)


def _one(item: Declared, value: Any, where: str) -> Any:
    kind, bounds = item.kind, item.bounds
    if not _is_of(kind, value):
        raise ConfigInvalid(f"{where}: {item.name} must be {_NAMES[kind]}, not {value!r}")
    if kind is int and not bounds.low <= value <= bounds.high:
        raise ConfigInvalid(f"{where}: {item.name} is {bounds.low} to {bounds.high}, not {value}")
    if bounds.choices and value not in bounds.choices:
        near = difflib.get_close_matches(value, bounds.choices, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ConfigInvalid(
            f"{where}: {item.name} must be one of {', '.join(bounds.choices)}, not {value!r}{hint}"
        )
    pattern = bounds.pattern or (HEX if kind is bytes else "")
    if pattern and not re.fullmatch(pattern.strip("^$"), value):
        raise ConfigInvalid(f"{where}: {item.name} must be {_SHAPES[pattern]}, not {value!r}")
    if kind is str and not value.isprintable():
        raise ConfigInvalid(f"{where}: {item.name} must be printable text")
    return as_bytes(value) if kind is bytes else value


_SHAPES = {
    HEX: 'hex digits in pairs, lower case, as in "1d 56 00"',
    COMMAND: 'hex digits in pairs, lower case, or ASCII after "text:"',
    USB_ID: 'a USB id, vendor:product in lower case hex, as in "04b8:0e15"',
    PROFILE_ID: "a name in lower case letters, digits and single hyphens",
    REFERENCE: "the id of a profile, or empty",
    FOURCC: 'four capitals or digits, as in "MJPG"',
}


def _is_of(kind: type, value: object) -> bool:
    return type(value) is (str if kind is bytes else kind)  # True is an int to isinstance


def as_bytes(text: str) -> bytes:
    """Return the bytes that a profile writes as hex, or as ``text:…``."""
    if text.startswith("text:"):
        return text.removeprefix("text:").encode("ascii")
    return bytes.fromhex(text)
