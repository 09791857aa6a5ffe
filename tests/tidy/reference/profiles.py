"""firmware_profiles/schema.json and the tables of its README, from the declared keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import MISSING
from pathlib import Path
from typing import Any

from edge.devices.profiles.keys import COMMAND, HEX, Declared, declared
from edge.devices.profiles.model import KINDS, Profile
from tests.tidy.reference.markdown import code, table

FOLDER = Path(__file__).parent.parent.parent.parent / "firmware_profiles"
_MARK = "<!-- Below this line written by `./run docs` from edge/devices/profiles/model.py. -->\n"
_COMMON = tuple(item.name for item in declared(Profile))


def files() -> dict[Path, str]:
    """Return what is generated in ``firmware_profiles``."""
    readme = FOLDER / "README.md"
    by_hand, mark, _ = readme.read_text("utf-8").partition(_MARK)
    assert mark, "the README says where the tables begin"
    return {
        FOLDER / "schema.json": json.dumps(schema(), indent=1, ensure_ascii=False) + "\n",
        readme: by_hand + mark + "\n" + "\n".join(_tables()) + "\n",
    }


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a profile that inherits nothing, or of one that does."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Hardware profile of a Tearoff unit",
        "type": "object",
        "required": ["schema", "id", "kind", "name", "status", "evidence"],
        "properties": {"kind": {"enum": list(KINDS)}},
        "allOf": [
            {"if": {"properties": {"kind": {"const": kind}}}, "then": _of_kind(kind)}
            for kind in KINDS
        ],
    }


def _of_kind(kind: str) -> dict[str, Any]:
    tables: dict[str, dict[str, Any]] = {}
    needed: dict[str, list[str]] = {}
    for item in declared(KINDS[kind]):
        where, _, name = item.name.rpartition(".")
        tables.setdefault(where, {})[name] = _value(item)
        if item.default is MISSING:
            needed.setdefault(where, []).append(name)
    top = tables.pop("")
    # What a profile does not say, the one that it inherits from says.
    alone = {
        "required": [*needed.get("", []), *(name for name in tables if name in needed)],
        "properties": {name: {"required": keys} for name, keys in needed.items() if name},
    }
    return {
        "properties": top
        | {
            name: {"type": "object", "properties": keys, "additionalProperties": False}
            for name, keys in tables.items()
        },
        "additionalProperties": False,
        "if": {"required": ["inherits"]},
        "else": alone,
    }


def _value(item: Declared) -> dict[str, Any]:
    one: dict[str, Any] = {"type": _TYPES[item.kind]}
    bounds = item.bounds
    if item.kind is int:
        one |= {"minimum": bounds.low, "maximum": bounds.high}
    if bounds.choices:
        one["enum"] = list(bounds.choices)
    pattern = bounds.pattern or (HEX if item.kind is bytes else "")
    if pattern:
        one["pattern"] = pattern
    return {"type": "array", "items": one, "description": bounds.doc} if item.is_list else (
        one | {"description": bounds.doc}
    )  # fmt: skip


_TYPES: dict[type, str] = {bool: "boolean", int: "integer", str: "string", bytes: "string"}


def _tables() -> Iterator[str]:
    yield "## Keys of every profile\n"
    yield table(_HEADS, (_row(item) for item in declared(Profile)))
    for kind, of in KINDS.items():
        yield f"\n## Keys of a {kind}\n"
        yield table(_HEADS, (_row(item) for item in declared(of) if item.name not in _COMMON))


_HEADS = ("key", "what it says", "values", "if it is not there")


def _row(item: Declared) -> tuple[str, ...]:
    return code(item.name), item.bounds.doc, _values(item), _default(item)


def _values(item: Declared) -> str:
    bounds = item.bounds
    if bounds.choices:
        one = ", ".join(map(code, bounds.choices))
    elif item.kind is int:
        one = f"{bounds.low} to {bounds.high}"
    elif item.kind is bool:
        one = "`true`, `false`"
    elif item.kind is bytes:
        one = "hex, or ASCII after `text:`" if bounds.pattern == COMMAND else "hex"
    else:
        one = "text"
    return f"list of: {one}" if item.is_list else one


def _default(item: Declared) -> str:
    if item.default is MISSING:
        return "needed"
    if isinstance(item.default, tuple):
        return ", ".join(map(code, item.default)) or "empty"
    if isinstance(item.default, bytes):
        return code(item.default.hex(" ")) if item.default else "empty"
    if isinstance(item.default, bool):
        return code(str(item.default).lower())
    return code(item.default) if item.default != "" else "empty"
