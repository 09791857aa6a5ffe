"""The fields of a type as a JSON Schema (2020-12), for shops that draw the form. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from central.supply.product_types.model import Field, FieldKind
from central.supply.product_types.type_body import TEXT_MAX

_FORMATS = {FieldKind.EMAIL: "email", FieldKind.DATE: "date"}


def json_schema(fields: Sequence[Field]) -> dict[str, Any]:
    """Return the schema of what ``check_fields`` takes. What a person reads is in ``x-label`` and
    ``x-help``, by language; what says something of a person has ``x-pii``."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {field.id: _property(field) for field in fields},
        "required": [field.id for field in fields if field.is_required],
        "additionalProperties": False,
    }


def _property(field: Field) -> dict[str, Any]:
    found: dict[str, Any] = {
        "x-kind": str(field.kind), "x-label": dict(field.labels), "x-help": dict(field.helps),
        "x-pii": field.is_pii,
    }  # fmt: skip
    if field.kind is FieldKind.NUMBER:
        limits = {"minimum": field.least, "maximum": field.most}
        return found | {"type": "integer"} | {k: v for k, v in limits.items() if v is not None}
    found["type"] = "string"
    if field.kind in _FORMATS:
        found["format"] = _FORMATS[field.kind]
    if field.kind is FieldKind.CHOICE:
        found["oneOf"] = [{"const": one.value, "x-label": dict(one.names)} for one in field.choices]
    if field.kind is FieldKind.TEXT:
        found["maxLength"] = TEXT_MAX if field.most is None else field.most
        found["minLength"] = field.least or 0
        if field.pattern:
            found["pattern"] = f"^(?:{field.pattern.bare})$"
    if field.kind is FieldKind.PHONE:
        found["pattern"] = r"^\+?[0-9]{5,15}$"
    return found
