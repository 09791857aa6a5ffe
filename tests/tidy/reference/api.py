"""docs/reference/api-unit.md and api-hub.md, from the two OpenAPI documents."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from flask_openapi3.openapi import OpenAPI

from edge.contract.refusal import Refusal, WayOut
from edge.redemption.api import OPENAPI
from tests.tidy.reference.markdown import code, table

Json = Mapping[str, Any]

_CLOSED = {
    frozenset(map(str, Refusal)): "[refusal](refusals.md)",
    frozenset(map(str, WayOut)): "[way out](refusals.md#ways-out)",
}
"""Lists with a page of their own."""


def unit_page() -> Iterator[str]:
    """Yield the page of the unit."""
    document = json.loads(OPENAPI.read_text("utf-8"))
    yield "# The unit's API\n"
    yield "What an existing POS calls, on the till itself: `http://127.0.0.1:8090` unless"
    yield "`api.host` and `api.port` say otherwise. The document behind this page is served at"
    yield "`GET /openapi.json` (OpenAPI 3.1). Each call shows the key that `tearoff-unit api-key`"
    yield "prints, as `Authorization: Bearer KEY`. JSON in, JSON out; errors are"
    yield "[problems](problems.md). [How to redeem from a POS](../how-to/redeem-from-a-pos.md) has"
    yield "calls to copy, with their answers.\n"
    yield from _body(document)


def hub_page(hub: OpenAPI) -> Iterator[str]:
    """Yield the page of the hub."""
    yield "# The hub's API\n"
    yield "What programs of headquarters may read. The document behind this page is served at"
    yield "`GET /openapi.json` (OpenAPI 3.1). Each call shows a key that `tearoff-hub api-key NAME`"
    yield "made, as `Authorization: Bearer KEY`; [addresses](routes.md) says which permission its"
    yield "role needs. JSON out; errors are [problems](problems.md). What units call, under"
    yield "`/edge/v1`, is CBOR and stands in [the contract](contract.md).\n"
    yield from _body(json.loads(json.dumps(hub.api_doc)))


def _body(document: Json) -> Iterator[str]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield f"## `{method.upper()} {path}`\n"
            yield from _operation(operation, document)
    schemas = document["components"]["schemas"]
    yield "## Bodies\n"
    for name in sorted(schemas):
        yield f"### {name}\n"
        yield from _schema(schemas[name], document)


def _operation(operation: Json, document: Json) -> Iterator[str]:
    yield f"{_sentence(operation['summary'])} {_sentence(operation.get('description', ''))}".strip()
    yield ""
    parameters = operation.get("parameters", [])
    if parameters:
        rows = (_parameter(parameter, document) for parameter in parameters)
        yield table(("parameter", "in", "what it says", ""), rows) + "\n"
    body = operation.get("requestBody")
    if body:
        yield f"Body: {_of_content(body['content'])}\n"
    rows = (
        (status, response.get("description", ""), _of_content(response.get("content", {})))
        for status, response in sorted(operation["responses"].items())
    )
    yield table(("status", "when", "body"), rows) + "\n"


def _parameter(parameter: Json, document: Json) -> tuple[str, ...]:
    schema = parameter["schema"]
    told = parameter.get("description") or schema.get("description", "")
    needed = "needed" if parameter.get("required") else ""
    what = f"{told} {_kind(schema, document)}".strip()
    return code(parameter["name"]), parameter["in"], what, needed


def _schema(schema: Json, document: Json) -> Iterator[str]:
    if "description" in schema:
        yield _sentence(schema["description"]) + "\n"
    parts = schema.get("allOf", [schema])
    for part in parts:
        if "$ref" in part:
            yield f"All of {_link(part['$ref'])}, and:\n"
    needed = [name for part in parts for name in part.get("required", [])]
    members = {k: v for part in parts for k, v in part.get("properties", {}).items()}
    if not members:
        yield _kind(schema, document) + "\n"
        return
    rows = (
        (
            code(name),
            _kind(member, document),
            member.get("description", ""),
            _presence(name, needed),
        )
        for name, member in members.items()
    )
    yield table(("member", "type", "what it says", ""), rows) + "\n"


def _presence(name: str, needed: list[str]) -> str:
    return "" if name in needed else "may be missing"


def _kind(schema: Json, document: Json) -> str:
    """Return of which type a value is, and its bounds."""
    if "$ref" in schema:
        return _link(schema["$ref"])
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return " or ".join(dict.fromkeys(_kind(one, document) for one in schema[word]))
    if "const" in schema:
        return code(schema["const"])
    if "enum" in schema:
        for closed, link in _CLOSED.items():
            if closed == set(schema["enum"]):
                return link
        return " · ".join("null" if v is None else code(v) for v in schema["enum"])
    kinds = schema.get("type", "anything")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    told = [_array(schema, document) if kind == "array" else kind for kind in kinds]
    return " or ".join(told) + _bounds(schema)


def _array(schema: Json, document: Json) -> str:
    return f"list of {_kind(schema.get('items', {}), document)}"


def _bounds(schema: Json) -> str:
    notes = []
    for least, most, of_what in (
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
    ):
        low, high = (None if n is None else int(n) for n in (schema.get(least), schema.get(most)))
        if low is not None and high is not None:
            notes.append(f"{low} to {high}{of_what}")
        elif low is not None:
            notes.append(f"from {low}{of_what}")
        elif high is not None:
            notes.append(f"up to {high}{of_what}")
    if "pattern" in schema:
        notes.append(f"`{schema['pattern']}`")
    return f" ({', '.join(notes)})" if notes else ""


def _of_content(content: Json) -> str:
    for media in content.values():
        schema = media.get("schema", {})
        if "$ref" in schema:
            return _link(schema["$ref"])
        members = ", ".join(code(name) for name in schema.get("properties", {}))
        return f"{{{members}}}" if members else "JSON"
    return ""


def _link(reference: str) -> str:
    name = reference.rpartition("/")[2]
    return f"[{name}](#{name.lower()})"


def _sentence(text: str) -> str:
    text = " ".join(text.replace("``", "`").split())
    return text if not text or text.endswith((".", "?", "!")) else text + "."
